//! Dropout whose mask comes from a seed, so that it can be drawn again.

use multiversion::multiversion;

/// Zeroes values at random and scales the others up; the same seed gives the same mask.
#[derive(Debug, Clone, Copy)]
pub struct Dropout {
    /// Share of the values that are zeroed; 0 leaves all as they are.
    pub rate: f32,
    /// Another seed gives another mask.
    pub seed: u32,
}

impl Dropout {
    /// No dropout.
    pub const NONE: Self = Self { rate: 0.0, seed: 0 };

    /// Masks the values.
    pub fn apply(self, values: &mut [f32]) {
        if self.rate > 0.0 {
            let keep = ((1.0 - f64::from(self.rate)) * f64::from(u32::MAX)) as u32;
            mask(values, self.seed, keep, 1.0 / (1.0 - self.rate));
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn mask(values: &mut [f32], seed: u32, keep: u32, scale: f32) {
    for (i, value) in values.iter_mut().enumerate() {
        *value *= if hash((i as u32) ^ seed) <= keep { scale } else { 0.0 };
    }
}

/// 32 well-mixed bits ("lowbias32" of Chris Wellons' hash prospector).
#[inline(always)]
fn hash(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_keeps_its_share_and_the_sum() {
        let dropout = Dropout { rate: 0.1, seed: 7 };
        let mut values = vec![1.0; 100_000];
        dropout.apply(&mut values);
        let kept = values.iter().filter(|value| **value > 0.0).count();
        assert!((89_000..91_000).contains(&kept), "{kept}");
        assert!((values.iter().sum::<f32>() - 1e5).abs() < 1e3);
        let mut again = vec![1.0; 100_000];
        dropout.apply(&mut again);
        assert_eq!(values, again);
        let mut other = vec![1.0; 100_000];
        Dropout { seed: 8, ..dropout }.apply(&mut other);
        assert_ne!(values, other);
    }
}
