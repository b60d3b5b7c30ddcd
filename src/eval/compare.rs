//! Two models on the same clauses: paired differences, with intervals and an exact test.

use serde::{Deserialize, Serialize};

use crate::taxonomy::Taxonomy;

use super::binomial;
use super::intervals::{Bootstrap, bounds, each_draw};
use super::metrics::{AVERAGES, Measures, Tally, tally_by_group};
use super::{EvalError, LabelMap, Scored, check_len};

/// Error that the tests of all categories together may have.
const ALPHA: f64 = 0.05;

/// How a model does beside another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Name of the other model, or of the file with its predictions.
    pub other: String,
    pub per_category: LabelMap<Paired>,
    #[serde(rename = "micro avg")]
    pub micro_avg: Paired,
    #[serde(rename = "macro avg")]
    pub macro_avg: Paired,
    /// Where this model is worse beyond chance: an average whose F1 interval lies below 0, or a
    /// category where that is so and McNemar's test, corrected for all categories (Holm 1979),
    /// finds a difference too. Without an interval, as on one policy, McNemar's test decides
    /// alone, for the micro average over the decisions on all categories.
    pub worse: Vec<String>,
}

/// The figures of both and their difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    pub precision: Difference,
    pub recall: Difference,
    pub f1: Difference,
    /// Of a category alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcnemar: Option<McNemar>,
}

/// One figure of this model, of the other, and this minus the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    pub this: Option<f64>,
    pub other: Option<f64>,
    pub difference: Option<f64>,
    /// 95 %, from policies drawn anew, the same for both models.
    pub ci: Option<[f64; 2]>,
}

/// Clauses where only one of two models is right, and how likely so uneven a split is by chance.
///
/// The test takes clauses as independent; the interval over policies does not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    pub only_this_right: u64,
    pub only_other_right: u64,
    /// Exact, two-sided.
    pub p: f64,
    /// Corrected for the number of categories.
    pub p_holm: f64,
}

impl Comparison {
    /// Compares decisions on the same clauses in the same order.
    ///
    /// # Errors
    /// [`EvalError`] when the clauses are not the same or do not fit the taxonomy.
    pub fn of(
        taxonomy: &Taxonomy,
        other_name: &str,
        this: &[Scored],
        other: &[Scored],
        options: &Bootstrap,
    ) -> Result<Self, EvalError> {
        check(taxonomy, this, other)?;
        let classes = taxonomy.len();
        let mut rows = differences(this, other, classes, options);
        for (row, test) in rows.iter_mut().zip(tests(this, other, classes)) {
            row.mcnemar = Some(test);
        }
        let macro_avg = rows.remove(classes + 1);
        let micro_avg = rows.remove(classes);
        rows.truncate(classes);
        let names = taxonomy.names().iter().map(String::as_str);
        let p_values = rows.iter().map(|row| row.mcnemar.map(|test| test.p_holm));
        let p_values = p_values.chain([Some(pooled(&rows)), None]);
        let averages = AVERAGES.iter().copied().zip([&micro_avg, &macro_avg]);
        let all = names.zip(&rows).chain(averages).zip(p_values);
        let worse = all
            .enumerate()
            .filter(|(i, ((_, paired), p))| is_worse(paired, *p, *i < classes))
            .map(|(_, ((name, _), _))| name.to_owned())
            .collect();
        Ok(Self {
            other: other_name.to_owned(),
            per_category: LabelMap::new(taxonomy, rows),
            micro_avg,
            macro_avg,
            worse,
        })
    }
}

/// Whether a difference is below 0 beyond chance, by its interval, and for a category by the test
/// as well; by the test alone where there is no interval.
fn is_worse(paired: &Paired, p: Option<f64>, category: bool) -> bool {
    let sure = p.is_some_and(|p| p < ALPHA);
    match paired.f1.ci {
        Some([_, high]) => high < 0.0 && (sure || !category),
        None => sure && paired.f1.difference.is_some_and(|difference| difference < 0.0),
    }
}

/// McNemar's test over the decisions on all categories.
fn pooled(rows: &[Paired]) -> f64 {
    let tests = rows.iter().filter_map(|row| row.mcnemar);
    let (this, other) = tests.fold((0, 0), |(this, other), test| {
        (this + test.only_this_right, other + test.only_other_right)
    });
    binomial::mcnemar(this, other)
}

fn check(taxonomy: &Taxonomy, this: &[Scored], other: &[Scored]) -> Result<(), EvalError> {
    if this.is_empty() {
        return Err(EvalError::Empty);
    }
    check_len(0, "comparison", "clauses of the other model", other.len(), this.len())?;
    for (i, (this, other)) in this.iter().zip(other).enumerate() {
        check_len(i, &this.group, "predicted labels", this.predicted.len(), taxonomy.len())?;
        check_len(i, &this.group, "gold labels", this.gold.len(), taxonomy.len())?;
        check_len(i, &other.group, "predicted labels", other.predicted.len(), taxonomy.len())?;
        if this.group != other.group || this.gold != other.gold {
            return Err(EvalError::Unlike { row: i, group: this.group.clone() });
        }
    }
    Ok(())
}

/// The differences of every category and average, in the order of [`Tally::measures`].
fn differences(
    this: &[Scored],
    other: &[Scored],
    classes: usize,
    options: &Bootstrap,
) -> Vec<Paired> {
    // Both list their policies by name, so one draw is the same policies for both.
    let groups = [tally_by_group(this, classes), tally_by_group(other, classes)];
    let whole = [Tally::of(this, classes).measures(), Tally::of(other, classes).measures()];
    let mut draws = vec![[const { Vec::new() }; 3]; whole[0].len()];
    let mut drawn = [Tally::new(classes), Tally::new(classes)];
    let options = if groups[0].len() < 2 { Bootstrap { draws: 0, ..*options } } else { *options };
    each_draw(groups[0].len(), &options, |picked| {
        for (drawn, groups) in drawn.iter_mut().zip(&groups) {
            drawn.clear();
            picked.iter().for_each(|&group| *drawn += &groups[group]);
        }
        let [this, other] = [drawn[0].measures(), drawn[1].measures()];
        for (draws, (this, other)) in draws.iter_mut().zip(this.iter().zip(&other)) {
            for (draws, (this, other)) in draws.iter_mut().zip(figures(this, other)) {
                draws.extend(minus(this, other));
            }
        }
    });
    let [this, other] = &whole;
    let rows = this.iter().zip(other).zip(draws);
    let groups = groups[0].len();
    rows.map(|((this, other), draws)| paired(figures(this, other), draws, groups)).collect()
}

fn figures(this: &Measures, other: &Measures) -> [(Option<f64>, Option<f64>); 3] {
    [(this.precision, other.precision), (this.recall, other.recall), (this.f1, other.f1)]
}

fn paired(figures: [(Option<f64>, Option<f64>); 3], draws: [Vec<f64>; 3], groups: usize) -> Paired {
    let mut figures = figures.into_iter().zip(draws).map(|((this, other), draws)| Difference {
        this,
        other,
        difference: minus(this, other),
        ci: bounds(draws, groups),
    });
    let mut next = || figures.next().unwrap_or_default();
    Paired { precision: next(), recall: next(), f1: next(), mcnemar: None }
}

/// What only one model leaves undefined counts as 0, as in averages.
fn minus(this: Option<f64>, other: Option<f64>) -> Option<f64> {
    (this.is_some() || other.is_some()).then(|| this.unwrap_or(0.0) - other.unwrap_or(0.0))
}

/// McNemar's test of each category.
fn tests(this: &[Scored], other: &[Scored], classes: usize) -> Vec<McNemar> {
    let mut found: Vec<McNemar> = (0..classes).map(|class| test(this, other, class)).collect();
    let mut order: Vec<usize> = (0..classes).collect();
    order.sort_by(|&a, &b| found[a].p.total_cmp(&found[b].p));
    let mut highest = 0.0_f64;
    for (rank, class) in order.into_iter().enumerate() {
        highest = highest.max(found[class].p * (classes - rank) as f64).min(1.0);
        found[class].p_holm = highest;
    }
    found
}

fn test(this: &[Scored], other: &[Scored], class: usize) -> McNemar {
    let (mut only_this_right, mut only_other_right) = (0, 0);
    for (this, other) in this.iter().zip(other) {
        let gold = this.gold[class];
        match (this.predicted[class] == gold, other.predicted[class] == gold) {
            (true, false) => only_this_right += 1,
            (false, true) => only_other_right += 1,
            _ => {}
        }
    }
    let p = binomial::mcnemar(only_this_right, only_other_right);
    McNemar { only_this_right, only_other_right, p, p_holm: p }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(right: impl Fn(usize) -> bool) -> Vec<Scored> {
        let row = |i: usize| Scored {
            group: format!("p{:02}", i / 10),
            gold: vec![true, i.is_multiple_of(3)],
            scores: vec![0.5; 2],
            predicted: vec![right(i), i.is_multiple_of(3)],
            votes: None,
        };
        (0..200).map(row).collect()
    }

    fn compare(this: &[Scored], other: &[Scored]) -> Comparison {
        let taxonomy = Taxonomy::new(vec!["A".into(), "B".into()]);
        Comparison::of(&taxonomy, "old", this, other, &Bootstrap::default()).unwrap()
    }

    #[test]
    fn the_worse_model_is_told() {
        let (this, other) = (rows(|i| i % 4 != 0), rows(|i| i % 20 != 1));
        let found = compare(&this, &other);
        assert_eq!(found.worse, ["A", "micro avg", "macro avg"]);
        let a = found.per_category.get("A").unwrap();
        let test = a.mcnemar.unwrap();
        assert_eq!((test.only_this_right, test.only_other_right), (10, 50));
        // scipy.stats.binomtest(10, 60).pvalue, then twice that for two categories.
        assert!((test.p - 1.616_381_456_615_717_5e-7).abs() < 1e-15, "{:e}", test.p);
        assert_eq!(test.p_holm, 2.0 * test.p);
        assert_eq!(a.recall.difference, Some(0.75 - 0.95));
        let [low, high] = a.recall.ci.unwrap();
        assert!(low < -0.2 && -0.2 < high && high < 0.0, "{low} {high}");
        assert!(compare(&other, &this).worse.is_empty(), "the better one is not worse");
    }

    #[test]
    fn the_same_model_is_no_worse() {
        let same = rows(|i| i % 5 != 0);
        let found = compare(&same, &same);
        assert!(found.worse.is_empty());
        assert_eq!(found.micro_avg.f1.ci, Some([0.0, 0.0]));
        assert_eq!(found.per_category.get("B").unwrap().mcnemar.unwrap().p_holm, 1.0);
    }

    #[test]
    fn without_an_interval_the_test_decides() {
        let one = |mut rows: Vec<Scored>| {
            rows.iter_mut().for_each(|row| row.group = "one".into());
            rows
        };
        let found = compare(&one(rows(|_| false)), &one(rows(|_| true)));
        assert_eq!(found.micro_avg.f1.ci, None);
        assert_eq!(found.worse, ["A", "micro avg"]);
        let found = compare(&one(rows(|_| true)), &one(rows(|_| false)));
        assert!(found.worse.is_empty(), "better");
        let found = compare(&one(rows(|i| i > 2)), &one(rows(|_| true)));
        assert!(found.worse.is_empty(), "three clauses may be chance");
    }

    #[test]
    fn the_clauses_must_be_the_same() {
        let taxonomy = Taxonomy::new(vec!["A".into(), "B".into()]);
        let (this, mut other) = (rows(|_| true), rows(|_| true));
        other[3].gold = vec![false, false];
        let wrong = |other: &[Scored]| {
            Comparison::of(&taxonomy, "old", &this, other, &Bootstrap::default()).unwrap_err()
        };
        assert!(wrong(&other).to_string().contains("clause 3 (of `p00`)"));
        assert!(matches!(wrong(&other[..9]), EvalError::Shape { found: 9, .. }));
    }
}
