//! Confidence intervals: a bootstrap that resamples whole policies.
//!
//! Clauses of one policy resemble each other, so resampling clauses would promise too much.
//! Tallies are additive, so a draw is a sum of them and costs no pass over the clauses.
//!
//! A figure is a share, and shares near 0 or 1 are skewed. So its draws are taken as log odds, with
//! half a clause more on each side (Haldane and Anscombe), where they are nearly normal. F1 is no
//! share of anything; that of a category stands for the share J of right ones among all clauses that
//! have or are given the label: F1 = 2 J / (1 + J).
//!
//! The error of so few policies is itself uncertain, hence Student's t with one degree of freedom
//! less than there are policies with the category. Part of the error is known, though: that of
//! clauses which do not depend on each other. The degrees of freedom are divided by the share of the
//! rest, a rule that was found by simulation (the last test here). No interval of a category, or of
//! all clauses, is narrower than Wilson's for so many clauses.

use super::metrics::{Measures, Tally};
use super::student::{expanded_tail, quantile};
use crate::random::Random;

/// Share of the draws inside an interval.
const LEVEL: f64 = 0.95;
/// Fewer policies than this do not tell how much policies differ.
const FEW: usize = 7;
/// Degrees of freedom from which on Student's distribution is as good as normal.
const MOST_FREEDOM: f64 = 1e5;

/// How intervals are computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// How often the policies are drawn anew.
    pub draws: usize,
    /// Same seed, same intervals.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { draws: 1000, seed: 20160807 }
    }
}

/// Lower and upper bound (95 %) of each figure; `None` where no draw defines it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Interval {
    pub precision: Option<[f64; 2]>,
    pub recall: Option<[f64; 2]>,
    pub f1: Option<[f64; 2]>,
}

/// Intervals of all figures in the order of [`Tally::measures`]. `None` with fewer than two
/// groups: there is nothing to resample.
///
/// A draw that leaves a figure undefined (no prediction, no gold label) says nothing about it
/// and is left out of its interval.
pub fn bootstrap(groups: &[Tally], options: &Bootstrap) -> Option<Vec<Interval>> {
    let first = groups.first()?;
    if groups.len() < 2 || options.draws == 0 {
        return None;
    }
    let mut whole = Tally::new(first.categories().len());
    groups.iter().for_each(|group| whole += group);
    let found = whole.measures();
    let mut drawn = Tally::new(first.categories().len());
    let mut draws: Vec<[Spread; 3]> = vec![Default::default(); found.len()];
    // Categories and their micro average are shares of clauses; the other averages are not.
    let counted = first.categories().len() + 1;
    each_draw(groups.len(), options, |picked| {
        drawn.clear();
        picked.iter().for_each(|&group| drawn += &groups[group]);
        for (row, (spreads, measures)) in draws.iter_mut().zip(drawn.measures()).enumerate() {
            for (spread, share) in spreads.iter_mut().zip(shares(&measures, row < counted)) {
                spread.add(share);
            }
        }
    });
    let carriers = carriers(groups, counted);
    let rows = found.iter().zip(draws).enumerate().map(|(row, (measures, spreads))| {
        let shares = shares(measures, row < counted);
        let interval =
            |figure: usize| spreads[figure].interval(shares[figure]?, carriers[row][figure]);
        Interval { precision: interval(0), recall: interval(1), f1: interval(2) }
    });
    Some(rows.collect())
}

/// How many groups define each figure of each row: only they tell how much it differs.
fn carriers(groups: &[Tally], counted: usize) -> Vec<[usize; 3]> {
    let mut carriers = Vec::new();
    for group in groups {
        let measures = group.measures();
        carriers.resize(measures.len(), [0; 3]);
        for (row, (carriers, measures)) in carriers.iter_mut().zip(&measures).enumerate() {
            for (carriers, share) in carriers.iter_mut().zip(shares(measures, row < counted)) {
                *carriers += usize::from(share.is_some());
            }
        }
    }
    carriers
}

/// Draws groups with replacement, as many as there are, and shows each draw.
pub(super) fn each_draw(groups: usize, options: &Bootstrap, mut show: impl FnMut(&[usize])) {
    let mut random = Random::new(options.seed);
    let mut picked = vec![0; groups];
    for _ in 0..options.draws {
        picked.iter_mut().for_each(|group| *group = random.below(groups));
        show(&picked);
    }
}

/// A figure as a share of so many clauses.
#[derive(Clone, Copy)]
struct Share {
    value: f64,
    of: f64,
    scale: Scale,
}

/// What a share stands for.
#[derive(Clone, Copy, PartialEq)]
enum Scale {
    /// Precision or recall of clauses.
    Clauses,
    /// F1 of clauses, of which the share is J.
    F1,
    /// A mean of several shares: nothing is known of its error.
    Mean,
}

/// Precision, recall and F1 of a row, where they are defined; `counted` when it counts clauses.
fn shares(measures: &Measures, counted: bool) -> [Option<Share>; 3] {
    let (predicted, support) = (measures.predicted as f64, measures.support as f64);
    let scale = if counted { Scale::Clauses } else { Scale::Mean };
    let share = |value: Option<f64>, of: f64| {
        value.filter(|_| of > 0.0).map(|value| Share { value, of, scale })
    };
    let f1 = share(measures.f1, (predicted + support) / 2.0);
    [
        share(measures.precision, predicted),
        share(measures.recall, support),
        if counted { f1.map(Share::of_f1) } else { f1 },
    ]
}

impl Share {
    /// F1, as a share of the mean of predicted and gold labels, as the share J.
    fn of_f1(self) -> Self {
        let value = self.value / (2.0 - self.value);
        Self { value, of: self.of * (2.0 - self.value), scale: Scale::F1 }
    }

    /// Right and wrong ones, with half a clause more of each.
    fn counts(self) -> [f64; 2] {
        [self.value * self.of + 0.5, (1.0 - self.value) * self.of + 0.5]
    }

    fn log_odds(self) -> f64 {
        let [right, wrong] = self.counts();
        (right / wrong).ln()
    }

    /// Variance of the log odds of clauses that do not depend on each other.
    fn variance(self) -> f64 {
        let [right, wrong] = self.counts();
        if self.scale == Scale::Mean { 0.0 } else { 1.0 / right + 1.0 / wrong }
    }

    /// Wilson's interval, as if each clause were a policy of its own.
    fn wilson(self) -> [f64; 2] {
        const Z: f64 = 1.959_963_984_540_054;
        let (p, n) = (self.value, self.of.max(1.0));
        let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let reach = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        [middle - reach, middle + reach]
    }

    /// The figure that such a share stands for.
    fn figure(self, share: f64) -> f64 {
        if self.scale == Scale::F1 { 2.0 * share / (1.0 + share) } else { share }
    }
}

/// Log odds of one figure over the draws (Welford's running mean and squares).
#[derive(Clone, Copy, Default)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn add(&mut self, share: Option<Share>) {
        let Some(share) = share else { return };
        let value = share.log_odds();
        self.count += 1.0;
        let off = value - self.mean;
        self.mean += off / self.count;
        self.squares += off * (value - self.mean);
    }

    /// The interval around what all policies together gave, of which so many define the figure.
    fn interval(self, found: Share, groups: usize) -> Option<[f64; 2]> {
        // A mean has no floor of its own.
        if self.count == 0.0 || found.scale == Scale::Mean && groups < 2 {
            return None;
        }
        let n = groups as f64;
        // Draws from n policies spread too little by √((n-1)/n).
        let drawn = self.squares / self.count * n / (n - 1.0);
        let estimated = if groups < FEW { 1.0 } else { (1.0 - found.variance() / drawn).max(0.0) };
        let freedom = ((n - 1.0) / estimated).min(MOST_FREEDOM);
        let reach =
            if groups < 2 { 0.0 } else { quantile((1.0 - LEVEL) / 2.0, freedom) * drawn.sqrt() };
        let bound = |log_odds: f64| 1.0 / (1.0 + (-log_odds).exp());
        let [low, high] = [bound(found.log_odds() - reach), bound(found.log_odds() + reach)];
        let [least, most] = if found.scale == Scale::Mean { [low, high] } else { found.wilson() };
        // Rounding must not leave out the figure itself.
        Some([
            found.figure(low.min(least).min(found.value).max(0.0)),
            found.figure(high.max(most).max(found.value).min(1.0)),
        ])
    }
}

/// The 95 % interval from what draws of so many groups came to.
pub(super) fn bounds(values: Vec<f64>, groups: usize) -> Option<[f64; 2]> {
    between(values, expanded_tail((1.0 - LEVEL) / 2.0, groups))
}

/// What leaves out this share of the values at each side.
fn between(mut values: Vec<f64>, tail: f64) -> Option<[f64; 2]> {
    values.sort_by(f64::total_cmp);
    Some([percentile(&values, tail)?, percentile(&values, 1.0 - tail)?])
}

/// A percentile of sorted values, interpolated linearly (NumPy's default).
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let low = sorted[place.floor() as usize];
    let high = sorted[place.ceil() as usize];
    Some(low + (high - low) * place.fract())
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    /// A group of one category with this many clauses right, wrong and missed.
    fn group(right: usize, wrong: usize, missed: usize) -> Tally {
        let mut tally = Tally::new(1);
        (0..right).for_each(|_| tally.add(&[true], &[true]));
        (0..wrong).for_each(|_| tally.add(&[false], &[true]));
        (0..missed).for_each(|_| tally.add(&[true], &[false]));
        tally
    }

    #[test]
    fn percentiles_are_numpys() {
        let mut values = vec![0.3, 0.9, 0.1, 0.4, 0.75, 0.2, 0.6];
        let [low, high] = between(values.clone(), 0.025).unwrap();
        assert!((low - 0.115).abs() < 1e-12 && (high - 0.8775).abs() < 1e-12, "{low} {high}");
        values.truncate(1);
        assert_eq!(between(values, 0.025), Some([0.3, 0.3]));
        assert_eq!(between(vec![], 0.025), None);
    }

    #[test]
    fn holds_the_binomial_interval() {
        // 200 groups of one prediction, 140 of them right: 0.7 ± 1.96 · √(0.7 · 0.3 / 200).
        let groups: Vec<Tally> =
            (0..200).map(|i| if i < 140 { group(1, 0, 0) } else { group(0, 1, 0) }).collect();
        let options = Bootstrap { draws: 10_000, ..Bootstrap::default() };
        let [low, high] = bootstrap(&groups, &options).unwrap()[0].precision.unwrap();
        assert!((low - 0.6365).abs() < 0.01, "{low}");
        assert!((high - 0.7635).abs() < 0.01, "{high}");
    }

    #[test]
    fn resamples_groups_not_clauses() {
        // Two policies, one all right and one all wrong: any share of either is possible.
        let groups = [group(500, 0, 0), group(0, 500, 0)];
        let [low, high] = bootstrap(&groups, &Bootstrap::default()).unwrap()[0].precision.unwrap();
        assert!(low < 1e-6 && high > 1.0 - 1e-6, "{low} {high}");
    }

    #[test]
    fn same_seed_same_intervals() {
        let groups: Vec<Tally> = (0..9).map(|i| group(i, 9 - i, i % 3)).collect();
        let options = Bootstrap::default();
        let found = bootstrap(&groups, &options);
        assert_eq!(found, bootstrap(&groups, &options));
        assert_ne!(found, bootstrap(&groups, &Bootstrap { seed: 2, ..options }));
    }

    #[test]
    fn nothing_to_resample() {
        assert_eq!(bootstrap(&[], &Bootstrap::default()), None);
        assert_eq!(bootstrap(&[group(3, 1, 1)], &Bootstrap::default()), None);
        let unseen = [group(0, 0, 2), group(0, 0, 1)];
        let found = bootstrap(&unseen, &Bootstrap::default()).unwrap();
        assert_eq!(found[0].precision, None, "never predicted");
        // None of three found: two policies cannot tell more than three clauses.
        let [low, high] = found[0].recall.unwrap();
        assert!(low == 0.0 && (0.5615..1.0).contains(&high), "{low} {high}");
    }

    /// A policy of a world in which policies differ in what they say and how well it is read:
    /// two categories, the second one rare.
    fn policy(random: &mut Random, clauses: Range<usize>) -> Tally {
        let mut uniform = || (random.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        let mut tally = Tally::new(2);
        let clauses = clauses.start + (uniform() * clauses.len() as f64) as usize;
        let shift = uniform() * 0.2 - 0.1;
        for _ in 0..clauses {
            let gold = [uniform() < 0.35 + shift, uniform() < 0.06 + shift / 4.0];
            let given =
                gold.map(|gold| uniform() < if gold { 0.85 + shift } else { 0.06 - shift / 4.0 });
            tally.add(&gold, &given);
        }
        tally
    }

    /// Share of data sets of so many policies whose interval holds the truth; each figure of each
    /// row of [`Tally::measures`].
    fn coverage(policies: usize, clauses: Range<usize>, sets: usize) -> Vec<[f64; 3]> {
        let mut random = Random::new(policies as u64);
        let mut world = Tally::new(2);
        (0..100_000).for_each(|_| world += &policy(&mut random, clauses.clone()));
        let truth = world.measures();
        let mut held = vec![[0.0; 3]; truth.len()];
        for seed in 0..sets {
            let groups: Vec<Tally> =
                (0..policies).map(|_| policy(&mut random, clauses.clone())).collect();
            let found = bootstrap(&groups, &Bootstrap { draws: 1000, seed: seed as u64 }).unwrap();
            for ((held, found), truth) in held.iter_mut().zip(found).zip(&truth) {
                let figures = [
                    (found.precision, truth.precision),
                    (found.recall, truth.recall),
                    (found.f1, truth.f1),
                ];
                for (held, (interval, truth)) in held.iter_mut().zip(figures) {
                    let inside = interval
                        .zip(truth)
                        .is_some_and(|([low, high], truth)| (low..=high).contains(&truth));
                    *held += f64::from(u8::from(inside)) / sets as f64;
                }
            }
        }
        held
    }

    #[test]
    #[ignore = "three minutes: 4,000 data sets of each size"]
    fn intervals_hold_the_truth_in_95_of_100_data_sets() {
        for clauses in [10..50, 100..200] {
            for policies in [100, 30, 10, 6] {
                // Few policies have wide intervals.
                let most = if policies < FEW { 1.0 } else { 0.977 };
                let found = coverage(policies, clauses.clone(), 4_000);
                eprintln!("{policies} policies of {clauses:?}: {found:.3?}");
                for row in found {
                    assert!(row.iter().all(|share| (0.923..=most).contains(share)), "{row:?}");
                }
            }
        }
    }
}
