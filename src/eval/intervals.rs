//! Confidence intervals: a percentile bootstrap that resamples whole policies.
//!
//! Clauses of one policy resemble each other, so resampling clauses would promise too much.
//! Tallies are additive, so a draw is a sum of them and costs no pass over the clauses.

use super::metrics::{Measures, Tally};

/// Share of the draws inside an interval.
const LEVEL: f64 = 0.95;

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
    let mut random = SplitMix(options.seed);
    let mut drawn = Tally::new(first.categories().len());
    let mut draws: Vec<Draws> = vec![Draws::default(); drawn.measures().len()];
    for _ in 0..options.draws {
        drawn.clear();
        for _ in 0..groups.len() {
            drawn += &groups[random.below(groups.len())];
        }
        for (draws, measures) in draws.iter_mut().zip(drawn.measures()) {
            draws.push(&measures);
        }
    }
    Some(draws.into_iter().map(|draws| draws.interval()).collect())
}

/// What one row of the report came to in each draw.
#[derive(Clone, Default)]
struct Draws {
    precision: Vec<f64>,
    recall: Vec<f64>,
    f1: Vec<f64>,
}

impl Draws {
    fn push(&mut self, measures: &Measures) {
        self.precision.extend(measures.precision);
        self.recall.extend(measures.recall);
        self.f1.extend(measures.f1);
    }

    fn interval(self) -> Interval {
        Interval {
            precision: bounds(self.precision),
            recall: bounds(self.recall),
            f1: bounds(self.f1),
        }
    }
}

fn bounds(mut values: Vec<f64>) -> Option<[f64; 2]> {
    values.sort_by(f64::total_cmp);
    let tail = (1.0 - LEVEL) / 2.0;
    Some([percentile(&values, tail)?, percentile(&values, 1.0 - tail)?])
}

/// A percentile of sorted values, interpolated linearly (NumPy's default).
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let low = sorted[place.floor() as usize];
    let high = sorted[place.ceil() as usize];
    Some(low + (high - low) * place.fract())
}

/// SplitMix64 (Steele, Lea and Flood 2014): small, and the same on every machine.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound` (its bias, `bound` / 2^64, is far below the draws' noise).
    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
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
    fn the_generator_gives_its_published_numbers() {
        let mut random = SplitMix(1234567);
        let found: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(found, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    }

    #[test]
    fn percentiles_are_numpys() {
        let mut values = vec![0.3, 0.9, 0.1, 0.4, 0.75, 0.2, 0.6];
        let [low, high] = bounds(values.clone()).unwrap();
        assert!((low - 0.115).abs() < 1e-12 && (high - 0.8775).abs() < 1e-12, "{low} {high}");
        values.truncate(1);
        assert_eq!(bounds(values), Some([0.3, 0.3]));
        assert_eq!(bounds(vec![]), None);
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
        let found = bootstrap(&groups, &Bootstrap::default()).unwrap();
        assert_eq!(found[0].precision, Some([0.0, 1.0]));
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
        assert_eq!(found[0].recall, Some([0.0, 0.0]));
    }
}
