//! The score above which a label is given.

use super::{EvalError, check_len};

/// How far [`tune`] trusts the clauses it is given.
///
/// On a handful of positives the best threshold is an accident of those few clauses. So a
/// category with fewer than `min_positives` of them is not tuned and gets `fallback`. On more of
/// them it still fits these policies better than others: it is drawn towards `fallback` by
/// `drawn`, 0 to 1. Out of fold a half is better than none (`eval/experiments.md`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    pub min_positives: usize,
    pub fallback: f32,
    pub drawn: f32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { min_positives: 25, fallback: 0.5, drawn: 0.5 }
    }
}

/// The decision: a label is given when its score reaches its threshold.
pub fn decide(scores: &[f32], thresholds: &[f32]) -> Vec<bool> {
    scores.iter().zip(thresholds).map(|(score, threshold)| score >= threshold).collect()
}

/// The threshold of each category that maximises its F1 on these clauses, drawn towards the
/// fallback, by class index.
///
/// Candidates lie midway between neighbouring distinct scores (and below the lowest one,
/// midway to 0). Among equally good ones the nearest to 0.5 wins. Scores that are not finite
/// never give a label.
pub fn tune(
    scores: &[Vec<f32>],
    gold: &[Vec<bool>],
    tuning: &Tuning,
) -> Result<Vec<f32>, EvalError> {
    let classes = gold.first().ok_or(EvalError::Empty)?.len();
    check_len(0, "tuning", "rows of scores", scores.len(), gold.len())?;
    for (row, (scores, gold)) in scores.iter().zip(gold).enumerate() {
        check_len(row, "tuning", "scores", scores.len(), classes)?;
        check_len(row, "tuning", "gold labels", gold.len(), classes)?;
    }
    let category = |class: usize| {
        let pairs = scores.iter().zip(gold).map(|(scores, gold)| (scores[class], gold[class]));
        let best = tune_category(pairs.collect(), tuning);
        best + (tuning.fallback - best) * tuning.drawn
    };
    Ok((0..classes).map(category).collect())
}

/// Walks the scores from the highest down; each step takes in all clauses of one score.
fn tune_category(mut pairs: Vec<(f32, bool)>, tuning: &Tuning) -> f32 {
    let positives = pairs.iter().filter(|(_, gold)| *gold).count();
    if positives == 0 || positives < tuning.min_positives {
        return tuning.fallback;
    }
    pairs.retain(|(score, _)| score.is_finite());
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut best, mut best_f1) = (tuning.fallback, 0.0);
    let (mut predicted, mut hits) = (0, 0);
    for group in pairs.chunk_by(|a, b| a.0 == b.0) {
        predicted += group.len();
        hits += group.iter().filter(|(_, gold)| *gold).count();
        // Equal fractions divide to equal floats, so ties are exact.
        let f1 = 2.0 * hits as f64 / (predicted + positives) as f64;
        let below = pairs.get(predicted).map_or(0.0, |pair| pair.0);
        let threshold = between(below, group[0].0);
        let tie = f1 > 0.0 && f1 == best_f1;
        if f1 > best_f1 || (tie && nearer_to_half(threshold, best)) {
            (best, best_f1) = (threshold, f1);
        }
    }
    best
}

/// Midway between two scores; the upper one when rounding leaves nothing between them.
fn between(below: f32, above: f32) -> f32 {
    let middle = below + (above - below) / 2.0;
    if middle > below { middle } else { above }
}

fn nearer_to_half(a: f32, b: f32) -> bool {
    (a - 0.5).abs() < (b - 0.5).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tune_one(pairs: &[(f32, bool)], min_positives: usize) -> f32 {
        let scores: Vec<_> = pairs.iter().map(|p| vec![p.0]).collect();
        let gold: Vec<_> = pairs.iter().map(|p| vec![p.1]).collect();
        tune(&scores, &gold, &Tuning { min_positives, fallback: 0.5, drawn: 0.0 }).unwrap()[0]
    }

    fn f1(pairs: &[(f32, bool)], threshold: f32) -> f64 {
        let given = |p: &&(f32, bool)| p.0 >= threshold;
        let hits = pairs.iter().filter(given).filter(|p| p.1).count();
        let all = pairs.iter().filter(given).count() + pairs.iter().filter(|p| p.1).count();
        2.0 * hits as f64 / all as f64
    }

    #[test]
    fn lies_midway_between_right_and_wrong() {
        let pairs = [(0.9, true), (0.75, true), (0.25, false), (0.125, false)];
        assert_eq!(tune_one(&pairs, 1), 0.5);
        let low = [(0.375, true), (0.25, true), (0.125, false)];
        assert_eq!(tune_one(&low, 1), 0.1875);
    }

    #[test]
    fn ties_go_to_the_nearest_to_half() {
        // Taking in the best one or the best four: precision and recall change places.
        let low = [(1.0, true), (0.875, false), (0.875, false), (0.5, true), (0.375, false)];
        assert_eq!(f1(&low, 0.9375), f1(&low, 0.4375));
        assert_eq!(tune_one(&low, 1), 0.4375);
        let high = [(0.5, true), (0.375, false), (0.375, false), (0.25, true), (0.0, false)];
        assert_eq!(tune_one(&high, 1), 0.4375);
    }

    #[test]
    fn no_other_threshold_is_better() {
        let mut state = 9_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % 100
        };
        for _ in 0..200 {
            let pairs: Vec<_> = (0..40)
                .map(|_| (next() as f32 / 100.0, next() < 35))
                .chain([(0.6, true)])
                .collect();
            let found = f1(&pairs, tune_one(&pairs, 1));
            let best = (0..=1000).map(|t| f1(&pairs, t as f32 / 1000.0 + 1e-4)).fold(0.0, f64::max);
            assert!(found >= best, "{found} is worse than {best}: {pairs:?}");
        }
    }

    #[test]
    fn rare_categories_keep_the_fallback() {
        let pairs: Vec<_> = (0..9).map(|_| (0.1, true)).chain([(0.05, false)]).collect();
        assert_eq!(tune_one(&pairs, 10), 0.5);
        assert!(tune_one(&pairs, 9) < 0.1);
        assert_eq!(tune_one(&[(0.9, false)], 0), 0.5, "no positive at all");
    }

    #[test]
    fn thresholds_are_drawn_towards_the_fallback() {
        let scores: Vec<_> = (0..60).map(|i| vec![if i < 30 { 0.25 } else { 0.125 }]).collect();
        let gold: Vec<_> = (0..60).map(|i| vec![i < 30]).collect();
        let tuned = |drawn| tune(&scores, &gold, &Tuning { drawn, ..Tuning::default() }).unwrap();
        assert_eq!([tuned(0.0)[0], tuned(0.5)[0], tuned(1.0)[0]], [0.1875, 0.34375, 0.5]);
    }

    #[test]
    fn odd_scores_do_no_harm() {
        let next = f32::from_bits(0.5_f32.to_bits() + 1);
        assert_eq!(tune_one(&[(next, true), (0.5, false)], 1), next);
        assert_eq!(tune_one(&[(f32::NAN, true), (f32::INFINITY, false)], 1), 0.5);
        assert_eq!(tune_one(&[(0.4, true), (0.4, true)], 1), 0.2);
        assert!(matches!(
            tune(&[vec![0.1]], &[vec![true, false]], &Tuning::default()),
            Err(EvalError::Shape { what: "scores", expected: 2, found: 1, .. })
        ));
        assert_eq!(tune(&[], &[], &Tuning::default()), Err(EvalError::Empty));
    }

    #[test]
    fn a_score_at_the_threshold_gives_the_label() {
        assert_eq!(decide(&[0.5, 0.49, f32::NAN], &[0.5; 3]), [true, false, false]);
    }
}
