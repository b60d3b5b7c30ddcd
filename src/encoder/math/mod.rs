//! Elementwise pieces of the encoder on plain slices, forward and backward.
//!
//! Each function is compiled for several vector widths and the widest one the CPU has is
//! taken at run time. Sums run in sixteen lanes, so that their order is fixed.

mod dropout;
mod gelu;
mod rounding;
mod softmax;

use multiversion::multiversion;

pub use dropout::Dropout;
pub use gelu::{fast_gelu, fast_gelu_backward, gelu, gelu_backward};
pub use rounding::{from_bf16, rows_to_bf16, to_bf16};
pub(super) use softmax::softmax;
pub use softmax::{softmax_gradient_to_bf16, softmax_to_bf16};

/// Sums run in so many lanes.
const LANES: usize = 16;

/// Joins sixteen values to one, halves first: a fixed order with short waits.
#[inline(always)]
fn join(mut lanes: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = f(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

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
    join(lanes, |a, b| a + b) + tail
}

/// e^x for x ≤ 0 or small, relative error below 2e-7: Cody-Waite reduction and the degree-5
/// polynomial of Cephes `expf`. Below e^-80 it is zero: subnormal numbers would be slow.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let floor = if x < -80.0 { 0.0 } else { 1.0 };
    let x = x.clamp(-80.0, 88.0);
    // Adding 1.5 · 2²³ rounds to a whole number, which then stands in the lowest bits.
    let shifted = x * std::f32::consts::LOG2_E + 12_582_912.0;
    let n = shifted - 12_582_912.0;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_2e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let y = p * r * r + r + 1.0;
    floor * y * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

/// Adds `bias` to the first `rows` rows, which begin `stride` values apart.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn add_to_rows(values: &mut [f32], stride: usize, rows: usize, bias: &[f32]) {
    for row in values.chunks_mut(stride).take(rows) {
        for (value, bias) in row.iter_mut().zip(bias) {
            *value += bias;
        }
    }
}

/// `out = x wᵀ + b`, x `[rows, inner]`, w `[bias.len(), inner]`: for layers too small for a
/// kernel.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn dense(x: &[f32], weight: &[f32], bias: &[f32], out: &mut [f32]) {
    let inner = weight.len() / bias.len();
    for (x, out) in x.chunks_exact(inner).zip(out.chunks_exact_mut(bias.len())) {
        for ((out, weight), bias) in out.iter_mut().zip(weight.chunks_exact(inner)).zip(bias) {
            *out = sum(x, |i, x| x * weight[i]) + bias;
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

/// `a += share (b − a)`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn move_towards(a: &mut [f32], b: &[f32], share: f32) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += share * (b - *a);
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

    #[test]
    fn exp_is_close() {
        for i in -8000..800 {
            let x = i as f32 / 100.0;
            let truth = f64::from(x).exp();
            assert!((f64::from(exp(x)) - truth).abs() <= 2e-7 * truth, "{x}");
        }
        assert!(exp(-1000.0) == 0.0);
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
