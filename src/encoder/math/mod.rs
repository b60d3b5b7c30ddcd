//! Elementwise pieces of the encoder on plain slices, forward and backward.
//!
//! Each function is compiled for several vector widths and the widest one the CPU has is
//! taken at run time. Sums run in lanes, so that their order is fixed.

mod dropout;
mod gelu;
mod norm;
mod rounding;
mod softmax;

use multiversion::multiversion;

pub use dropout::Dropout;
pub use gelu::{GELU_CDF, GELU_END, fast_gelu, fast_gelu_backward, gelu, gelu_backward};
pub use norm::{Between, layer_norm, layer_norm_backward, normalise};
pub use rounding::{add_bf16, from_bf16, rows_to_bf16, to_bf16};
pub(super) use softmax::softmax;
pub use softmax::softmax_gradient_to_bf16;

/// Columns of most blocks of a product, and of most heads: rows of known size need no loop.
const BLOCK: usize = 64;
const HEAD: usize = 32;

/// Sums run in so many lanes.
const LANES: usize = 16;

/// Joins values, a power of two of them, to one, halves first: a fixed order with short waits.
#[inline(always)]
fn join<const N: usize>(mut lanes: [f32; N], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut width = N / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = f(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// Sum of `f` over the values in a fixed order: running sums side by side, then those.
#[inline(always)]
fn sum(values: &[f32], f: impl Fn(usize, f32) -> f32) -> f32 {
    /// Two vectors' worth: one would wait for itself.
    const WIDE: usize = 2 * LANES;
    let (chunks, rest) = values.as_chunks::<WIDE>();
    let mut lanes = [0f32; WIDE];
    for (i, chunk) in chunks.iter().enumerate() {
        for (j, lane) in lanes.iter_mut().enumerate() {
            *lane += f(i * WIDE + j, chunk[j]);
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

/// The hyperbolic tangent in place, to an error below 2e-7: (1 − e) / (1 + e) with e = e^(−2 |x|).
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn tanh(values: &mut [f32]) {
    for x in values {
        let e = exp(-2.0 * x.abs());
        *x = ((1.0 - e) / (1.0 + e)).copysign(*x);
    }
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

/// `a += b`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn add(a: &mut [f32], b: &[f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
}

/// Adds `rows` rows of `cols` values to others; they begin `stride` and `b_stride` values apart.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn add_rows(a: &mut [f32], stride: usize, b: &[f32], b_stride: usize, size: (usize, usize)) {
    let (rows, cols) = size;
    for (a, b) in a.chunks_mut(stride).zip(b.chunks(b_stride)).take(rows) {
        match (cols, a.first_chunk_mut::<BLOCK>(), b.first_chunk::<BLOCK>()) {
            (BLOCK, Some(a), Some(b)) => a.iter_mut().zip(b).for_each(|(a, b)| *a += b),
            _ => a[..cols].iter_mut().zip(&b[..cols]).for_each(|(a, b)| *a += b),
        }
    }
}

/// Copies `rows` rows of `cols` values; they begin `stride` and `to_stride` values apart.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn copy_rows(
    from: &[f32],
    stride: usize,
    to: &mut [f32],
    to_stride: usize,
    size: (usize, usize),
) {
    let (rows, cols) = size;
    for (from, to) in from.chunks(stride).zip(to.chunks_mut(to_stride)).take(rows) {
        match cols {
            BLOCK => to[..BLOCK].copy_from_slice(&from[..BLOCK]),
            HEAD => to[..HEAD].copy_from_slice(&from[..HEAD]),
            _ => to[..cols].copy_from_slice(&from[..cols]),
        }
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
    fn tanh_is_close() {
        let mut values: Vec<f32> = (-20_000..=20_000).map(|i| i as f32 / 1000.0).collect();
        values.extend([1e4, -1e4, f32::MIN_POSITIVE, -1e-20]);
        let exact: Vec<f64> = values.iter().map(|x| f64::from(*x).tanh()).collect();
        tanh(&mut values);
        for (found, exact) in values.iter().zip(exact) {
            assert!((f64::from(*found) - exact).abs() < 2e-7, "{found} {exact}");
        }
    }

    #[test]
    fn exp_is_close() {
        for i in -8000..800 {
            let x = i as f32 / 100.0;
            let truth = f64::from(x).exp();
            assert!((f64::from(exp(x)) - truth).abs() <= 2e-7 * truth, "{x}");
        }
        assert!(exp(-1000.0) == 0.0);
    }
}
