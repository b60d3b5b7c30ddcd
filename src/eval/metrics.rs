//! Precision, recall and F1, each category alone and averaged as scikit-learn averages them
//! (`precision_recall_fscore_support`, `zero_division=0`).

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::Scored;

/// The averages that follow the categories in [`Tally::measures`], by scikit-learn's names.
pub const AVERAGES: [&str; 4] = ["micro avg", "macro avg", "weighted avg", "samples avg"];

/// Outcomes of one category over some clauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Given and right.
    pub true_positives: u64,
    /// Given and wrong.
    pub false_positives: u64,
    /// Right and not given.
    pub false_negatives: u64,
}

impl Counts {
    /// Counts one clause.
    pub fn add(&mut self, gold: bool, predicted: bool) {
        self.true_positives += u64::from(gold && predicted);
        self.false_positives += u64::from(!gold && predicted);
        self.false_negatives += u64::from(gold && !predicted);
    }

    /// Clauses that carry the label in the gold.
    pub fn support(&self) -> u64 {
        self.true_positives + self.false_negatives
    }

    /// Clauses the model gave the label to.
    pub fn predicted(&self) -> u64 {
        self.true_positives + self.false_positives
    }

    /// The figures of these counts; undefined ones are `None`.
    pub fn measures(&self) -> Measures {
        let hits = self.true_positives;
        Measures {
            precision: ratio(hits, self.predicted()),
            recall: ratio(hits, self.support()),
            f1: ratio(2 * hits, self.predicted() + self.support()),
            support: self.support(),
            predicted: self.predicted(),
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
    }
}

/// The figures of a category or an average.
///
/// `None` is a division by zero: no prediction (precision), no gold label (recall), neither
/// (F1). Averages over categories or clauses count it as 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measures {
    pub precision: Option<f64>,
    pub recall: Option<f64>,
    pub f1: Option<f64>,
    /// Gold labels behind the figures.
    pub support: u64,
    /// Predicted labels behind the figures.
    pub predicted: u64,
}

/// Outcomes over some clauses, additive: the tally of two groups is the sum of theirs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tally {
    categories: Vec<Counts>,
    samples: Samples,
}

/// Sums of the figures of each clause, for the average over clauses.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Samples {
    clauses: u64,
    sums: [f64; 3],
}

impl Tally {
    /// Nothing counted yet, for so many labels.
    pub fn new(classes: usize) -> Self {
        Self { categories: vec![Counts::default(); classes], samples: Samples::default() }
    }

    /// The tally of these clauses.
    pub fn of(rows: &[Scored], classes: usize) -> Self {
        let mut tally = Self::new(classes);
        for row in rows {
            tally.add(&row.gold, &row.predicted);
        }
        tally
    }

    /// Counts one clause.
    pub fn add(&mut self, gold: &[bool], predicted: &[bool]) {
        let mut clause = Counts::default();
        for ((counts, &gold), &predicted) in self.categories.iter_mut().zip(gold).zip(predicted) {
            counts.add(gold, predicted);
            clause.add(gold, predicted);
        }
        let figures = values(&clause.measures());
        self.samples.clauses += 1;
        self.samples.sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
    }

    /// Counts by class index.
    pub fn categories(&self) -> &[Counts] {
        &self.categories
    }

    /// The figures of every category in class order, then the four [`AVERAGES`].
    pub fn measures(&self) -> Vec<Measures> {
        let mut all: Vec<_> = self.categories.iter().map(Counts::measures).collect();
        let micro = self.total().measures();
        let averages = [
            micro,
            mean(&all, &micro, |_| 1.0),
            mean(&all, &micro, |measures| measures.support as f64),
            self.samples.measures(&micro),
        ];
        all.extend(averages);
        all
    }

    /// All categories as one.
    fn total(&self) -> Counts {
        self.categories.iter().fold(Counts::default(), |mut total, &counts| {
            total += counts;
            total
        })
    }

    /// Back to nothing counted, keeping the memory.
    pub(super) fn clear(&mut self) {
        self.categories.fill(Counts::default());
        self.samples = Samples::default();
    }
}

impl AddAssign<&Tally> for Tally {
    fn add_assign(&mut self, other: &Tally) {
        for (counts, &more) in self.categories.iter_mut().zip(&other.categories) {
            *counts += more;
        }
        self.samples.clauses += other.samples.clauses;
        for (sum, more) in self.samples.sums.iter_mut().zip(other.samples.sums) {
            *sum += more;
        }
    }
}

impl Samples {
    fn measures(&self, totals: &Measures) -> Measures {
        let [precision, recall, f1] =
            self.sums.map(|sum| (self.clauses > 0).then(|| sum / self.clauses as f64));
        Measures { precision, recall, f1, ..*totals }
    }
}

/// One tally a group, in the order of the groups' names.
pub fn tally_by_group(rows: &[Scored], classes: usize) -> Vec<Tally> {
    let mut groups: BTreeMap<&str, Tally> = BTreeMap::new();
    for row in rows {
        let tally = groups.entry(&row.group).or_insert_with(|| Tally::new(classes));
        tally.add(&row.gold, &row.predicted);
    }
    groups.into_values().collect()
}

/// The weighted mean over categories; undefined figures count as 0. `None` without weight.
fn mean(all: &[Measures], totals: &Measures, weight: impl Fn(&Measures) -> f64) -> Measures {
    let mut sums = [0.0; 3];
    let mut weights = 0.0;
    for measures in all {
        let weight = weight(measures);
        weights += weight;
        sums.iter_mut().zip(values(measures)).for_each(|(sum, value)| *sum += weight * value);
    }
    let [precision, recall, f1] = sums.map(|sum| (weights > 0.0).then(|| sum / weights));
    Measures { precision, recall, f1, ..*totals }
}

/// Precision, recall and F1 with 0 for what is undefined.
fn values(measures: &Measures) -> [f64; 3] {
    [measures.precision, measures.recall, measures.f1].map(|value| value.unwrap_or(0.0))
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = [f64; 3];

    /// Class `i` is bit `i`.
    fn bits(mask: u8, classes: usize) -> Vec<bool> {
        (0..classes).map(|i| mask >> i & 1 == 1).collect()
    }

    fn tally(gold: &[u8], predicted: &[u8], classes: usize) -> Tally {
        let mut tally = Tally::new(classes);
        for (&gold, &predicted) in gold.iter().zip(predicted) {
            tally.add(&bits(gold, classes), &bits(predicted, classes));
        }
        tally
    }

    /// scikit-learn's figures: precision, recall, F1 of each category, then of each average.
    fn assert_figures(tally: &Tally, expected: &[Row]) {
        let found = tally.measures();
        assert_eq!(found.len(), expected.len());
        for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
            for (found, expected) in values(found).into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "row {i}: {found} is not {expected}");
            }
        }
    }

    #[test]
    fn random_labels_give_scikit_learns_figures() {
        let gold = [
            0, 2, 3, 0, 27, 0, 7, 5, 1, 2, 5, 1, 0, 5, 0, 0, 1, 0, 1, 10, 0, 1, 20, 4, 1, 3, 0, 1,
            0, 2,
        ];
        let predicted = [
            2, 2, 3, 0, 27, 0, 0, 5, 1, 10, 5, 9, 0, 7, 1, 0, 9, 0, 1, 2, 0, 1, 20, 20, 1, 3, 0,
            17, 0, 0,
        ];
        let tally = tally(&gold, &predicted, 5);
        assert_figures(
            &tally,
            &[
                [0.9285714285714286, 0.9285714285714286, 0.9285714285714286],
                [0.75, 0.75, 0.75],
                [1.0, 0.8333333333333334, 0.9090909090909091],
                [0.25, 0.5, 0.3333333333333333],
                [0.5, 1.0, 0.6666666666666666],
                [0.7714285714285715, 0.84375, 0.8059701492537313],
                [0.6857142857142857, 0.8023809523809524, 0.7175324675324675],
                [0.828125, 0.84375, 0.8267045454545454],
                [0.5055555555555555, 0.5833333333333334, 0.5266666666666666],
            ],
        );
        let support: Vec<_> = tally.measures().iter().map(|m| (m.support, m.predicted)).collect();
        assert_eq!(support[..5], [(14, 14), (8, 8), (6, 5), (2, 4), (2, 4)]);
        assert!(support[5..].iter().all(|&totals| totals == (32, 35)));
    }

    #[test]
    fn missing_categories_count_as_zero_like_scikit_learns() {
        let gold = [
            0, 0, 1, 0, 0, 0, 5, 5, 1, 0, 5, 1, 0, 5, 0, 0, 1, 0, 1, 0, 0, 1, 20, 4, 1, 1, 0, 1, 0,
            0,
        ];
        let predicted = [
            2, 2, 3, 0, 0, 0, 0, 1, 1, 2, 1, 1, 0, 3, 1, 0, 1, 0, 1, 2, 0, 1, 16, 16, 1, 3, 0, 17,
            0, 0,
        ];
        let tally = tally(&gold, &predicted, 5);
        assert_figures(
            &tally,
            &[
                [0.9230769230769231, 0.9230769230769231, 0.9230769230769231],
                [0.0; 3],
                [0.0; 3],
                [0.0; 3],
                [0.3333333333333333, 1.0, 0.5],
                [0.5652173913043478, 0.65, 0.6046511627906976],
                [0.2512820512820513, 0.38461538461538464, 0.2846153846153846],
                [0.6166666666666667, 0.65, 0.625],
                [0.36666666666666664, 0.36666666666666664, 0.3499999999999999],
            ],
        );
        let undefined = |i: usize| {
            let m: Measures = tally.measures()[i];
            [m.precision.is_none(), m.recall.is_none(), m.f1.is_none()]
        };
        assert_eq!(undefined(1), [false, true, false], "predicted, never gold");
        assert_eq!(undefined(2), [true, false, false], "gold, never predicted");
        assert_eq!(undefined(3), [true, true, true], "neither");
        assert_eq!(undefined(6), [false; 3], "the macro average is always there");
    }

    #[test]
    fn no_gold_label_at_all() {
        assert_figures(&tally(&[0, 0, 0], &[1, 0, 0], 2), &[[0.0; 3]; 6]);
    }

    #[test]
    fn the_tally_of_groups_is_the_sum_of_theirs() {
        let row = |group: &str, gold: u8, predicted: u8| Scored {
            group: group.into(),
            gold: bits(gold, 3),
            predicted: bits(predicted, 3),
            ..Scored::default()
        };
        let rows = [row("b", 1, 3), row("a", 2, 2), row("b", 4, 0), row("a", 7, 5)];
        let groups = tally_by_group(&rows, 3);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].categories()[1].true_positives, 1, "`a` comes first");
        let mut sum = Tally::new(3);
        groups.iter().for_each(|group| sum += group);
        assert_eq!(sum.categories(), Tally::of(&rows, 3).categories());
        assert_eq!(sum.samples.clauses, 4);
    }
}
