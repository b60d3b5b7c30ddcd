//! Softmax of attention scores, and its gradient.

use half::bf16;
use multiversion::multiversion;

use super::rounding::bf16_bits;
use super::{LANES, exp, join};

/// Rows of attention scores and the gradients of their probabilities → the probabilities and the
/// gradients of the scores, as bf16: `ds = scale · p (dp − Σ p dp)`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn softmax_gradient_to_bf16(
    (scores, dp): (&mut [f32], &[f32]),
    long: usize,
    len: usize,
    scale: f32,
    (p, ds): (&mut [bf16], &mut [bf16]),
) {
    let rows = scores.chunks_exact_mut(long).zip(dp.chunks_exact(long));
    let outs = p.chunks_exact_mut(long).zip(ds.chunks_exact_mut(long));
    for ((row, dp), (p, ds)) in rows.zip(outs) {
        let inverse = 1.0 / exponentials(row, len, scale);
        let mut dots = [0f32; LANES];
        for (row, dp) in row.as_chunks_mut::<LANES>().0.iter_mut().zip(dp.as_chunks::<LANES>().0) {
            for i in 0..LANES {
                row[i] *= inverse;
                dots[i] += row[i] * dp[i];
            }
        }
        let dot = join(dots, |a, b| a + b);
        for (((p, ds), row), dp) in p.iter_mut().zip(ds).zip(row).zip(dp) {
            *p = bf16::from_bits(bf16_bits(*row));
            *ds = bf16::from_bits(bf16_bits(scale * *row * (dp - dot)));
        }
    }
}

/// The row becomes e^(scale · (value − largest)), its values from `len` on zero; returns the sum.
/// Its length is a multiple of 16.
#[inline(always)]
fn exponentials(row: &mut [f32], len: usize, scale: f32) -> f32 {
    let (row, _) = row.as_chunks_mut::<LANES>();
    let mut maxima = [f32::NEG_INFINITY; LANES];
    for (i, chunk) in row.iter_mut().enumerate() {
        // Whole vectors: memory that was written in parts is slow to read at once.
        let left = len.saturating_sub(i * LANES);
        for (j, (max, value)) in maxima.iter_mut().zip(chunk).enumerate() {
            *value = if j < left { *value } else { -1e30 };
            *max = if *value > *max { *value } else { *max };
        }
    }
    let max = join(maxima, |a, b| if a > b { a } else { b });
    let mut sums = [0f32; LANES];
    for chunk in row.iter_mut() {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *value = exp(scale * (*value - max));
            *sum += *value;
        }
    }
    join(sums, |a, b| a + b)
}

/// Softmax of the first `len` values of a row times `scale`, in place; the rest becomes zero. Its
/// length is a multiple of 16.
#[inline(always)]
pub(crate) fn softmax(row: &mut [f32], len: usize, scale: f32) {
    let inverse = 1.0 / exponentials(row, len, scale);
    for value in row {
        *value *= inverse;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_sums_to_one() {
        let mut row: Vec<f32> = (0..48).map(|i| (i as f32 * 0.7).sin() * 20.0).collect();
        softmax(&mut row, 35, 0.5);
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(row[..35].iter().all(|p| *p > 0.0) && row[35..].iter().all(|p| *p == 0.0));
        let ratio = f64::from(row[4] / row[3]);
        let truth = (10.0 * ((2.8f64).sin() - (2.1f64).sin())).exp();
        assert!((ratio / truth - 1.0).abs() < 1e-4, "{ratio} {truth}");
    }
}
