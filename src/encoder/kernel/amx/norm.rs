//! Layer normalisation to bf16, in vectors of sixteen.

use std::arch::x86_64::{
    __m256i, __m512, __mmask16, _mm256_mask_storeu_epi16, _mm512_add_ps, _mm512_cvtneps_pbh,
    _mm512_fmadd_ps, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_maskz_sub_ps,
    _mm512_mul_ps, _mm512_reduce_add_ps, _mm512_set1_ps, _mm512_setzero_ps,
};

use half::bf16;

use super::tiles::TILE;
use crate::encoder::math::Between;

/// Running sums side by side: one alone would wait for itself.
const CHAINS: usize = 4;

/// Normalises every row: rounded to rows of `out`, `stride` values apart, and in place, there with
/// the bias of `between` added.
///
/// # Panics
/// When `out` has no room, or the vectors of `between` differ in length.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
pub fn normalise(rows: &mut [f32], between: Between, out: &mut [bf16], stride: usize) {
    let width = between.gamma.len();
    assert!(between.beta.len() == width && between.bias.len() == width && width <= stride);
    assert!(rows.len() / width * stride <= out.len(), "no room for the rows");
    for (row, out) in rows.chunks_exact_mut(width).zip(out.chunks_exact_mut(stride)) {
        put(row, between, &mut out[..width]);
    }
}

/// The lanes that hold values when so many are left.
fn lanes(left: usize) -> __mmask16 {
    u16::MAX >> (TILE - TILE.min(left))
}

/// Sixteen values from `at` on; beyond the end, zeros.
#[inline]
#[target_feature(enable = "avx512f")]
fn load(values: &[f32], at: usize) -> __m512 {
    let rest = &values[at..];
    // SAFETY: only values of the slice are read.
    unsafe { _mm512_maskz_loadu_ps(lanes(rest.len()), rest.as_ptr()) }
}

/// Sums up the row in a fixed order: `add` adds to running sums what it makes of sixteen values.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
fn sum(row: &[f32], add: impl Fn(__m512, __m512, __mmask16) -> __m512) -> f32 {
    let mut sums = [_mm512_setzero_ps(); CHAINS];
    for first in (0..row.len()).step_by(CHAINS * TILE) {
        for (chain, sum) in sums.iter_mut().enumerate() {
            let at = first + chain * TILE;
            if at < row.len() {
                *sum = add(*sum, load(row, at), lanes(row.len() - at));
            }
        }
    }
    let [a, b, c, d] = sums;
    _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
fn put(row: &mut [f32], between: Between, out: &mut [bf16]) {
    let n = row.len() as f32;
    let mean = sum(row, |sum, x, _| _mm512_add_ps(sum, x)) / n;
    let means = _mm512_set1_ps(mean);
    let squares = sum(row, |sum, x, lanes| {
        let off = _mm512_maskz_sub_ps(lanes, x, means);
        _mm512_fmadd_ps(off, off, sum)
    });
    let scale = 1.0 / (squares / n + between.eps).sqrt();
    let scales = _mm512_set1_ps(scale);
    for at in (0..row.len()).step_by(TILE) {
        let lanes = lanes(row.len() - at);
        let off = _mm512_mul_ps(_mm512_maskz_sub_ps(lanes, load(row, at), means), scales);
        let value = _mm512_fmadd_ps(off, load(between.gamma, at), load(between.beta, at));
        let next = _mm512_add_ps(value, load(between.bias, at));
        // SAFETY: `row` and `out` have as many values as there are lanes from here on.
        unsafe {
            _mm512_mask_storeu_ps(row.as_mut_ptr().add(at), lanes, next);
            let rounded: __m256i = std::mem::transmute(_mm512_cvtneps_pbh(value));
            _mm256_mask_storeu_epi16(out.as_mut_ptr().add(at).cast(), lanes, rounded);
        }
    }
}
