//! What happens to sums once they are there, in vectors of sixteen: bias, GELU, softmax, bf16.

use std::arch::x86_64::{
    __m512, __m512bh, _mm512_add_ps, _mm512_cvtne2ps_pbh, _mm512_fmadd_ps, _mm512_fmsub_ps,
    _mm512_loadu_ps, _mm512_mask_blend_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps,
    _mm512_reduce_add_ps, _mm512_reduce_max_ps, _mm512_roundscale_ps, _mm512_scalef_ps,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_sub_ps,
};

use half::bf16;

use super::product::Sums;
use super::tiles::STEP;
use crate::encoder::math;

/// A row of 32 values.
type Row = [__m512; 2];

#[inline]
#[target_feature(enable = "avx512f")]
fn load(values: &[f32; STEP]) -> Row {
    // SAFETY: 32 values.
    unsafe { [_mm512_loadu_ps(values.as_ptr()), _mm512_loadu_ps(values.as_ptr().add(16))] }
}

/// Rounds to nearest even; subnormal numbers become zero.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn store(row: Row, out: &mut [bf16; STEP]) {
    // SAFETY: 32 values of 16 bits.
    unsafe {
        let rounded = _mm512_cvtne2ps_pbh(row[1], row[0]);
        out.as_mut_ptr().cast::<__m512bh>().write_unaligned(rounded);
    }
}

/// A block of sums plus bias, rounded to rows `stride` values apart, `finish`ed before.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn put(
    sums: &Sums,
    bias: &[f32; STEP],
    out: &mut [bf16],
    stride: usize,
    finish: impl Fn(__m512) -> __m512,
) {
    let bias = load(bias);
    for (row, out) in sums.0.as_chunks::<STEP>().0.iter().zip(out.chunks_mut(stride)) {
        let Some(out) = out.first_chunk_mut() else { return };
        let [a, b] = load(row);
        store([finish(_mm512_add_ps(a, bias[0])), finish(_mm512_add_ps(b, bias[1]))], out);
    }
}

/// A block of sums plus bias, rounded to rows `stride` values apart.
#[target_feature(enable = "avx512f,avx512bf16")]
pub fn biased(sums: &Sums, bias: &[f32; STEP], out: &mut [bf16], stride: usize) {
    put(sums, bias, out, stride, |x| x);
}

/// GELU of a block of sums plus bias, as [`math::fast_gelu`].
#[target_feature(enable = "avx512f,avx512bf16")]
pub fn biased_gelu(sums: &Sums, bias: &[f32; STEP], out: &mut [bf16], stride: usize) {
    put(sums, bias, out, stride, |x| gelu(x));
}

#[inline]
#[target_feature(enable = "avx512f")]
fn gelu(x: __m512) -> __m512 {
    let end = _mm512_set1_ps(math::GELU_END);
    let cut = _mm512_max_ps(_mm512_min_ps(x, end), _mm512_sub_ps(_mm512_setzero_ps(), end));
    let square = _mm512_mul_ps(cut, cut);
    let mut sum = _mm512_set1_ps(math::GELU_CDF[8]);
    for factor in math::GELU_CDF[..8].iter().rev() {
        sum = _mm512_fmadd_ps(sum, square, _mm512_set1_ps(*factor));
    }
    _mm512_mul_ps(x, _mm512_fmadd_ps(cut, sum, _mm512_set1_ps(0.5)))
}

/// 2^x to a relative error of 8e-5, for results that are rounded to bf16; x ≤ 0.
#[inline]
#[target_feature(enable = "avx512f")]
fn power(x: __m512) -> __m512 {
    // Below, results would be subnormal, which is slow.
    let x = _mm512_max_ps(x, _mm512_set1_ps(-120.0));
    let whole = _mm512_roundscale_ps::<0>(x);
    let rest = _mm512_sub_ps(x, whole);
    // Minimax fit on [-1/2, 1/2].
    let mut p = _mm512_set1_ps(0.055_171_654);
    for factor in [0.242_611_14, 0.693_260_97, 0.999_928_06] {
        p = _mm512_fmadd_ps(p, rest, _mm512_set1_ps(factor));
    }
    _mm512_scalef_ps(p, whole)
}

/// Rows of scores, `long` values each → e^(scale · (score − largest)) as bf16, and one over each
/// row's sum, for as many rows as `inverse` has values. The columns from `len` on become zero;
/// `len` lies in the last 32 of `long`.
#[target_feature(enable = "avx512f,avx512bf16")]
pub fn softmax(
    scores: &[f32],
    (long, len): (usize, usize),
    scale: f32,
    out: &mut [bf16],
    inverse: &mut [f32],
) {
    let scale = _mm512_set1_ps(scale * std::f32::consts::LOG2_E);
    let lowest = _mm512_set1_ps(f32::MIN);
    let bits = u32::MAX >> (long - len);
    let keep = |[a, b]: Row, or| {
        [_mm512_mask_blend_ps(bits as u16, or, a), _mm512_mask_blend_ps((bits >> 16) as u16, or, b)]
    };
    let rows = scores.chunks_exact(long).zip(out.chunks_exact_mut(long)).zip(inverse);
    for ((row, out), inverse) in rows {
        let (row, out) = (row.as_chunks::<STEP>().0, out.as_chunks_mut::<STEP>().0);
        let (Some((last, row)), Some((last_out, out))) = (row.split_last(), out.split_last_mut())
        else {
            return;
        };
        let last = keep(load(last), lowest);
        let mut max = _mm512_max_ps(last[0], last[1]);
        for values in row {
            let [a, b] = load(values);
            max = _mm512_max_ps(max, _mm512_max_ps(a, b));
        }
        let max = _mm512_mul_ps(_mm512_set1_ps(_mm512_reduce_max_ps(max)), scale);
        let powers = |row: Row| row.map(|x| power(_mm512_fmsub_ps(x, scale, max)));
        let last = keep(powers(last), _mm512_setzero_ps());
        store(last, last_out);
        let mut sum = _mm512_add_ps(last[0], last[1]);
        for (values, out) in row.iter().zip(out) {
            let [a, b] = powers(load(values));
            sum = _mm512_add_ps(sum, _mm512_add_ps(a, b));
            store([a, b], out);
        }
        *inverse = 1.0 / _mm512_reduce_add_ps(sum);
    }
}

/// Rows of `width` values times their factor, rounded to rows `stride` values apart.
#[target_feature(enable = "avx512f,avx512bf16")]
pub fn scaled(values: &[f32], width: usize, factors: &[f32], out: &mut [bf16], stride: usize) {
    let rows = values.chunks_exact(width).zip(out.chunks_mut(stride)).zip(factors);
    for ((row, out), factor) in rows {
        let factor = _mm512_set1_ps(*factor);
        let (row, out) = (row.as_chunks::<STEP>().0, out.as_chunks_mut::<STEP>().0);
        for (values, out) in row.iter().zip(out) {
            store(load(values).map(|x| _mm512_mul_ps(x, factor)), out);
        }
    }
}
