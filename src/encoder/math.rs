//! Elementwise pieces of the encoder on plain slices, forward and backward.
//!
//! Each function is compiled for several vector widths and the widest one the CPU has is
//! taken at run time. Sums run in sixteen lanes, so that their order is fixed.

use multiversion::multiversion;

const LANES: usize = 16;

/// Sum of `f` over the values in a fixed order: sixteen running sums, then those.
#[inline(always)]
fn sum(values: &[f32], f: impl Fn(usize, f32) -> f32) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0f32; LANES];
    for (i, chunk) in chunks.iter().enumerate() {
        for (j, lane) in lanes.iter_mut().enumerate() {
            *lane += f(i * LANES + j, chunk[j]);
        }
    }
    let first = values.len() - rest.len();
    let tail: f32 = rest.iter().enumerate().map(|(j, value)| f(first + j, *value)).sum();
    lanes.iter().sum::<f32>() + tail
}

/// e^x for x ≤ 0 or small, relative error below 2e-7: Cody-Waite reduction and the degree-5
/// polynomial of Cephes `expf`. Underflows to zero.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E + 12_582_912.0) - 12_582_912.0;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_2e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let y = p * r * r + r + 1.0;
    y * f32::from_bits(((n as i32 + 127) << 23) as u32)
}

/// Standard normal distribution function and density at x.
///
/// Abramowitz and Stegun 7.1.26; absolute error of the distribution below 2e-7.
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let mut p = 1.061_405_4;
    p = p * t - 1.453_152_1;
    p = p * t + 1.421_413_8;
    p = p * t - 0.284_496_72;
    p = p * t + 0.254_829_6;
    let e = exp(-z * z);
    let tail = 0.5 * p * t * e;
    let cdf = if x >= 0.0 { 1.0 - tail } else { tail };
    (cdf, e * 0.398_942_3)
}

/// `x · Φ(x)`, the GELU of BERT.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn gelu(x: &[f32], out: &mut [f32]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = x * normal(x).0;
    }
}

/// Gradient of [`gelu`]: `dx = dy · (Φ(x) + x φ(x))`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn gelu_backward(x: &[f32], dy: &[f32], dx: &mut [f32]) {
    for ((dx, &x), &dy) in dx.iter_mut().zip(x).zip(dy) {
        let (cdf, density) = normal(x);
        *dx = dy * (cdf + x * density);
    }
}

/// Adds `bias` to every row.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn add_bias(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        for (value, bias) in row.iter_mut().zip(bias) {
            *value += bias;
        }
    }
}

/// `a += b`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn add(a: &mut [f32], b: &[f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
}

/// Sum of the rows: the gradient of a bias.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn column_sums(rows: &[f32], sums: &mut [f32]) {
    sums.fill(0.0);
    for row in rows.chunks_exact(sums.len()) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
}

/// Sum of the squares.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn square_sum(values: &[f32]) -> f32 {
    sum(values, |_, v| v * v)
}

/// Normalises every row of `x` to mean 0 and variance 1, then scales and shifts it.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn layer_norm(x: &[f32], gamma: &[f32], beta: &[f32], eps: f32, out: &mut [f32]) {
    let width = gamma.len();
    for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        let (mean, scale) = moments(x, eps);
        for (((out, x), gamma), beta) in out.iter_mut().zip(x).zip(gamma).zip(beta) {
            *out = (x - mean) * scale * gamma + beta;
        }
    }
}

/// Mean of a row, and one over its standard deviation.
#[inline(always)]
fn moments(x: &[f32], eps: f32) -> (f32, f32) {
    let n = x.len() as f32;
    let mean = sum(x, |_, x| x) / n;
    let variance = sum(x, |_, x| (x - mean) * (x - mean)) / n;
    (mean, 1.0 / (variance + eps).sqrt())
}

/// Gradients of [`layer_norm`]. `dgamma` and `dbeta` are overwritten.
///
/// With x̂ the normalised row and g = dy · γ: dx = scale · (g − mean(g) − x̂ · mean(g · x̂)).
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn layer_norm_backward(
    x: &[f32],
    gamma: &[f32],
    eps: f32,
    dy: &[f32],
    dx: &mut [f32],
    (dgamma, dbeta): (&mut [f32], &mut [f32]),
) {
    let width = gamma.len();
    let n = width as f32;
    dgamma.fill(0.0);
    dbeta.fill(0.0);
    let mut normed = vec![0f32; width];
    let mut scaled = vec![0f32; width];
    for ((x, dy), dx) in
        x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(width))
    {
        let (mean, scale) = moments(x, eps);
        for (normed, x) in normed.iter_mut().zip(x) {
            *normed = (x - mean) * scale;
        }
        for ((scaled, dy), gamma) in scaled.iter_mut().zip(dy).zip(gamma) {
            *scaled = dy * gamma;
        }
        for ((dgamma, dy), normed) in dgamma.iter_mut().zip(dy).zip(&normed) {
            *dgamma += dy * normed;
        }
        for (dbeta, dy) in dbeta.iter_mut().zip(dy) {
            *dbeta += dy;
        }
        let mean_g = sum(&scaled, |_, g| g) / n;
        let mean_gx = sum(&scaled, |i, g| g * normed[i]) / n;
        for ((dx, g), x) in dx.iter_mut().zip(&scaled).zip(&normed) {
            *dx = scale * (g - mean_g - x * mean_gx);
        }
    }
}

/// Softmax of one row in place; its length is a multiple of 16, and −∞ gives (nearly) 0.
#[inline(always)]
pub(crate) fn softmax(row: &mut [f32]) {
    let (row, _) = row.as_chunks_mut::<LANES>();
    let mut maxima = [f32::NEG_INFINITY; LANES];
    for chunk in row.iter() {
        for (max, value) in maxima.iter_mut().zip(chunk) {
            *max = if *value > *max { *value } else { *max };
        }
    }
    let max = maxima.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0f32; LANES];
    for chunk in row.iter_mut() {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *value = exp(*value - max);
            *sum += *value;
        }
    }
    let scale = 1.0 / sums.iter().sum::<f32>();
    for value in row.as_flattened_mut() {
        *value *= scale;
    }
}

/// Logistic function.
pub fn sigmoid(x: f32) -> f32 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Φ(x) from the series erf(z) = 2/√π Σ (-1)^n z^(2n+1) / (n! (2n+1)), in f64.
    fn reference_cdf(x: f64) -> f64 {
        let z = x / std::f64::consts::SQRT_2;
        let (mut term, mut sum) = (z, z);
        for n in 1..200 {
            term *= -z * z / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        0.5 * (1.0 + sum * 2.0 / std::f64::consts::PI.sqrt())
    }

    #[test]
    fn exp_is_close() {
        for i in -8000..800 {
            let x = i as f32 / 100.0;
            let truth = f64::from(x).exp();
            assert!((f64::from(exp(x)) - truth).abs() <= 2e-7 * truth, "{x}");
        }
        assert!(exp(-1000.0) < 1e-37);
    }

    #[test]
    fn gelu_is_close() {
        let x: Vec<f32> = (-500..=500).map(|i| i as f32 / 100.0).collect();
        let mut y = vec![0.0; x.len()];
        gelu(&x, &mut y);
        for (x, y) in x.iter().zip(&y) {
            let truth = f64::from(*x) * reference_cdf(f64::from(*x));
            assert!((f64::from(*y) - truth).abs() < 1e-6, "{x}: {y} {truth}");
        }
    }

    #[test]
    fn softmax_sums_to_one() {
        let mut row: Vec<f32> = (0..48).map(|i| (i as f32 * 0.7).sin() * 20.0).collect();
        softmax(&mut row);
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(row.iter().all(|p| *p >= 0.0));
    }

    #[test]
    fn layer_norm_has_mean_beta_and_variance_gamma() {
        let x: Vec<f32> = (0..3 * 40).map(|i| ((i * 37 % 101) as f32) * 0.3 - 7.0).collect();
        let mut y = vec![0.0; x.len()];
        layer_norm(&x, &[2.0; 40], &[0.5; 40], 1e-12, &mut y);
        for row in y.chunks(40) {
            let mean = row.iter().sum::<f32>() / 40.0;
            let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 40.0;
            assert!((mean - 0.5).abs() < 1e-5 && (variance - 4.0).abs() < 1e-4);
        }
    }
}
