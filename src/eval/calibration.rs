//! Whether scores rank clauses rightly and mean what they say.

use serde::{Deserialize, Serialize};

use crate::taxonomy::Taxonomy;

use super::{LabelMap, Scored, mean};

/// Bins of equal width that scores are sorted into.
const BINS: usize = 10;

/// How good the scores are, whatever the thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    pub per_category: LabelMap<Calibrated>,
    /// The scores of all categories as one.
    #[serde(rename = "micro avg")]
    pub micro_avg: Calibrated,
    /// Mean over the categories for which the figure is defined.
    #[serde(rename = "macro avg")]
    pub macro_avg: Ranking,
}

/// How good the scores of one category are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    /// Area under the precision-recall curve in steps (scikit-learn's
    /// `average_precision_score`); `None` without a gold clause.
    pub average_precision: Option<f64>,
    /// Expected calibration error: how far the share of gold clauses lies from the mean score,
    /// averaged over the bins by their clauses; `None` without clauses.
    pub calibration_error: Option<f64>,
    /// The bins that hold a clause, lowest scores first.
    pub bins: Vec<Bin>,
}

/// Averages of the two figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    pub average_precision: Option<f64>,
    pub calibration_error: Option<f64>,
}

/// Clauses of similar score: one point of a reliability curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Mean score.
    pub score: f64,
    /// Share of them that carry the label in the gold.
    pub share: f64,
    pub clauses: u64,
}

impl Calibration {
    /// The figures of these clauses, which must fit the taxonomy.
    pub fn of(taxonomy: &Taxonomy, rows: &[Scored]) -> Self {
        let pairs = |class: usize| rows.iter().map(move |row| (row.scores[class], row.gold[class]));
        let categories: Vec<_> =
            (0..taxonomy.len()).map(|class| Calibrated::of(pairs(class))).collect();
        let macro_avg = Ranking {
            average_precision: mean(categories.iter().filter_map(|c| c.average_precision)),
            calibration_error: mean(categories.iter().filter_map(|c| c.calibration_error)),
        };
        Self {
            micro_avg: Calibrated::of((0..taxonomy.len()).flat_map(pairs)),
            macro_avg,
            per_category: LabelMap::new(taxonomy, categories),
        }
    }
}

impl Calibrated {
    /// The figures of one category from scores and gold.
    pub fn of(pairs: impl IntoIterator<Item = (f32, bool)>) -> Self {
        let pairs: Vec<(f32, bool)> = pairs.into_iter().collect();
        let bins = bins(&pairs);
        let error = |bin: &Bin| bin.clauses as f64 * (bin.score - bin.share).abs();
        Self {
            average_precision: average_precision(&pairs),
            calibration_error: (!pairs.is_empty())
                .then(|| bins.iter().map(error).sum::<f64>() / pairs.len() as f64),
            bins,
        }
    }
}

/// Precision after each distinct score, from the highest down, weighted by what it adds to recall.
fn average_precision(pairs: &[(f32, bool)]) -> Option<f64> {
    let curve = points(pairs.to_vec());
    let mut recall = 0.0;
    let mut area = 0.0;
    for point in &curve {
        area += (point.recall - recall) * point.precision;
        recall = point.recall;
    }
    (!curve.is_empty()).then_some(area)
}

/// One point of a precision-recall curve: what a threshold at this score gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub threshold: f32,
    pub precision: f64,
    pub recall: f64,
}

/// The precision-recall curve of a category, from the highest score down, one point a distinct
/// score; empty when no clause carries the label.
pub fn curve(rows: &[Scored], class: usize) -> Vec<Point> {
    let of = |row: &Scored| Some((*row.scores.get(class)?, *row.gold.get(class)?));
    points(rows.iter().filter_map(of).collect())
}

fn points(mut pairs: Vec<(f32, bool)>) -> Vec<Point> {
    let positives = pairs.iter().filter(|(_, gold)| *gold).count();
    if positives == 0 {
        return Vec::new();
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut given, mut hits) = (0, 0);
    let point = |group: &[(f32, bool)]| {
        given += group.len();
        hits += group.iter().filter(|(_, gold)| *gold).count();
        Point {
            threshold: group[0].0,
            precision: hits as f64 / given as f64,
            recall: hits as f64 / positives as f64,
        }
    };
    pairs.chunk_by(|a, b| a.0 == b.0).map(point).collect()
}

/// Bins as scikit-learn's `calibration_curve` has them: a score on an edge lies below it.
fn bins(pairs: &[(f32, bool)]) -> Vec<Bin> {
    let mut sums = [(0.0, 0_u64, 0_u64); BINS];
    for &(score, gold) in pairs {
        let score = f64::from(score);
        let bin = (1..BINS).take_while(|&edge| edge as f64 * (1.0 / BINS as f64) < score).count();
        sums[bin].0 += score;
        sums[bin].1 += u64::from(gold);
        sums[bin].2 += 1;
    }
    let used = sums.into_iter().filter(|(_, _, clauses)| *clauses > 0);
    let bin = |(scores, gold, clauses): (f64, u64, u64)| Bin {
        score: scores / clauses as f64,
        share: gold as f64 / clauses as f64,
        clauses,
    };
    used.map(bin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_scores_have_no_error() {
        let found = Calibrated::of([(1.0, true), (0.0, false), (1.0, true)]);
        assert_eq!((found.average_precision, found.calibration_error), (Some(1.0), Some(0.0)));
        assert_eq!(found.bins.iter().map(|bin| bin.clauses).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn equal_scores_are_one_step() {
        let found = Calibrated::of([(0.5, true), (0.5, false), (0.5, true), (0.25, false)]);
        assert_eq!(found.average_precision, Some(2.0 / 3.0));
    }

    #[test]
    fn nothing_gold_nothing_ranked() {
        let found = Calibrated::of([(0.75, false)]);
        assert_eq!((found.average_precision, found.calibration_error), (None, Some(0.75)));
        assert_eq!(Calibrated::of([]), Calibrated::default());
    }

    #[test]
    fn averages_leave_out_what_is_undefined() {
        let taxonomy = Taxonomy::new(vec!["A".into(), "B".into()]);
        let row = |gold: bool, score: f32| Scored {
            gold: vec![gold, false],
            scores: vec![score, 0.0],
            ..Scored::default()
        };
        let found = Calibration::of(&taxonomy, &[row(true, 0.9), row(false, 0.1)]);
        assert_eq!(found.macro_avg.average_precision, Some(1.0));
        assert!((found.macro_avg.calibration_error.unwrap() - 0.05).abs() < 1e-7);
        assert_eq!(found.micro_avg.bins.len(), 3);
    }

    #[test]
    fn a_curve_ends_with_every_gold_clause_found() {
        let row = |gold: bool, score: f32| Scored {
            gold: vec![gold],
            scores: vec![score],
            ..Scored::default()
        };
        let points = curve(&[row(true, 0.2), row(false, 0.5), row(true, 0.9)], 0);
        let recalls: Vec<f64> = points.iter().map(|p| p.recall).collect();
        assert_eq!(recalls, [0.5, 0.5, 1.0]);
        assert_eq!(points[1].precision, 0.5);
        assert!(curve(&[row(false, 0.5)], 0).is_empty() && curve(&[], 3).is_empty());
    }
}
