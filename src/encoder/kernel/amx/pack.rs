//! bf16 matrices in the order that the tiles want.
//!
//! A right factor is a run of panels of 32 columns; a panel is a run of pairs of tiles down the
//! inner dimension; row r of a tile holds the values 2r and 2r+1 of 16 columns side by side
//! (Intel Architecture Instruction Set Extensions, chapter AMX, `TDPBF16PS`).

use std::arch::x86_64::{
    __m512i, _mm512_loadu_si512, _mm512_permutex2var_epi64, _mm512_setr_epi64,
    _mm512_setzero_si512, _mm512_shuffle_i32x4, _mm512_storeu_si512, _mm512_unpackhi_epi16,
    _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi16, _mm512_unpacklo_epi32,
    _mm512_unpacklo_epi64,
};

use half::bf16;

use super::tiles::{DEPTH, STEP, TILE, TILE_VALUES};

/// Rows of bf16 values in memory.
///
/// The memory holds `rows` (filled up to a multiple of 16, for [`columns`]) rows of `cols` (filled
/// up to a multiple of 32) values.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub data: &'a [bf16],
    pub stride: usize,
    pub rows: usize,
    pub cols: usize,
}

impl View<'_> {
    /// Panics when row `last` does not lie in memory up to column `cols`.
    fn check(&self, last: usize, cols: usize) {
        assert!(last * self.stride + cols <= self.data.len(), "matrix outside of its memory");
    }
}

/// Values that a packed factor takes.
pub fn packed_len(inner: usize, cols: usize) -> usize {
    inner.next_multiple_of(DEPTH) * cols.next_multiple_of(STEP)
}

/// Packs `b` `[inner, cols]`; missing rows count as zero.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub fn rows(b: View, out: &mut [bf16]) {
    let (steps, panels) = (b.rows.div_ceil(DEPTH), b.cols.div_ceil(STEP));
    assert!(out.len() >= steps * panels * 2 * TILE_VALUES);
    if b.rows == 0 || b.cols == 0 {
        return;
    }
    b.check(b.rows - 1, panels * STEP);
    for panel in 0..panels {
        for step in 0..steps {
            let tile = &mut out[(panel * steps + step) * 2 * TILE_VALUES..][..2 * TILE_VALUES];
            for pair in 0..TILE {
                let row = step * DEPTH + 2 * pair;
                // SAFETY: `check` holds 32 columns from here on in every row that is read; the
                // tile has 16 rows of 32 values twice.
                unsafe {
                    let (left, right) = pairs(b, row, panel * STEP);
                    let at = tile.as_mut_ptr().add(pair * DEPTH);
                    _mm512_storeu_si512(at.cast(), left);
                    _mm512_storeu_si512(at.add(TILE_VALUES).cast(), right);
                }
            }
        }
    }
}

/// Rows `row` and `row + 1` side by side: 16 pairs from column `col` on, and the next 16.
///
/// # Safety
/// 32 columns from `col` on lie in memory for every row that exists.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn pairs(b: View, row: usize, col: usize) -> (__m512i, __m512i) {
    let load = |row: usize| {
        if row < b.rows {
            // SAFETY: the caller's promise.
            unsafe { _mm512_loadu_si512(b.data.as_ptr().add(row * b.stride + col).cast()) }
        } else {
            _mm512_setzero_si512()
        }
    };
    let (first, second) = (load(row), load(row + 1));
    // Pairs of columns 0 to 3 of every 8, and 4 to 7; then their lanes in order.
    let low = _mm512_unpacklo_epi16(first, second);
    let high = _mm512_unpackhi_epi16(first, second);
    let left = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    let right = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    (_mm512_permutex2var_epi64(low, left, high), _mm512_permutex2var_epi64(low, right, high))
}

/// Packs the transposed `b` `[cols, inner]`; missing rows count as zero.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub fn columns(b: View, out: &mut [bf16]) {
    let (steps, panels) = (b.cols.div_ceil(DEPTH), b.rows.div_ceil(STEP));
    assert!(out.len() >= steps * panels * 2 * TILE_VALUES);
    if b.rows == 0 || b.cols == 0 {
        return;
    }
    b.check(b.rows - 1, steps * DEPTH);
    for panel in 0..panels {
        for half in 0..2 {
            let first = panel * STEP + half * TILE;
            for step in 0..steps {
                let at = ((panel * steps + step) * 2 + half) * TILE_VALUES;
                let tile = &mut out[at..][..TILE_VALUES];
                // SAFETY: `check` holds 32 values from column `step * DEPTH` on in every row that
                // is read; the tile has 16 rows of 32 values.
                unsafe {
                    let mut block = load_block(b, first, step * DEPTH);
                    transpose(&mut block);
                    store_block(&block, tile.as_mut_ptr(), DEPTH);
                }
            }
        }
    }
}

/// `out` = the transposed `a`; rows of `a` beyond its last count as zero.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub fn turn(a: View, out: &mut [bf16], out_stride: usize) {
    if a.rows == 0 || a.cols == 0 {
        return;
    }
    let (across, down) = (a.cols.next_multiple_of(DEPTH), a.rows.next_multiple_of(DEPTH));
    a.check(a.rows - 1, across);
    assert!((across - 1) * out_stride + down <= out.len(), "no room for the turned matrix");
    for col in (0..a.cols).step_by(DEPTH) {
        for row in (0..a.rows).step_by(DEPTH) {
            // SAFETY: asserted above: 32 rows of `out` from `col` on hold 32 values from `row` on.
            unsafe {
                let mut left = [_mm512_setzero_si512(); TILE];
                let mut right = left;
                for pair in 0..TILE {
                    (left[pair], right[pair]) = pairs(a, row + 2 * pair, col);
                }
                transpose(&mut left);
                transpose(&mut right);
                let target = out.as_mut_ptr().add(col * out_stride + row);
                store_block(&left, target, out_stride);
                store_block(&right, target.add(TILE * out_stride), out_stride);
            }
        }
    }
}

/// 16 rows of 16 pairs, from row `first` and column `col` on; rows beyond the last are zero.
///
/// # Safety
/// 32 columns from `col` on lie in memory for every row that exists.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn load_block(b: View, first: usize, col: usize) -> [__m512i; TILE] {
    let mut block = [_mm512_setzero_si512(); TILE];
    for (i, row) in block.iter_mut().enumerate() {
        if first + i < b.rows {
            // SAFETY: the caller's promise.
            *row = unsafe {
                _mm512_loadu_si512(b.data.as_ptr().add((first + i) * b.stride + col).cast())
            };
        }
    }
    block
}

/// # Safety
/// `out` has 16 rows of 32 values, `stride` apart.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn store_block(block: &[__m512i; TILE], out: *mut bf16, stride: usize) {
    for (i, row) in block.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe { _mm512_storeu_si512(out.add(i * stride).cast(), *row) };
    }
}

/// Transposes 16 x 16 values of 32 bits: within pairs and quads of rows, then whole lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(r: &mut [__m512i; TILE]) {
    let mut t = *r;
    for i in 0..8 {
        t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
    }
    for i in 0..4 {
        let at = 4 * i;
        r[at] = _mm512_unpacklo_epi64(t[at], t[at + 2]);
        r[at + 1] = _mm512_unpackhi_epi64(t[at], t[at + 2]);
        r[at + 2] = _mm512_unpacklo_epi64(t[at + 1], t[at + 3]);
        r[at + 3] = _mm512_unpackhi_epi64(t[at + 1], t[at + 3]);
    }
    for j in 0..4 {
        t[j] = _mm512_shuffle_i32x4::<0x88>(r[j], r[4 + j]);
        t[4 + j] = _mm512_shuffle_i32x4::<0xdd>(r[j], r[4 + j]);
        t[8 + j] = _mm512_shuffle_i32x4::<0x88>(r[8 + j], r[12 + j]);
        t[12 + j] = _mm512_shuffle_i32x4::<0xdd>(r[8 + j], r[12 + j]);
    }
    for j in 0..4 {
        r[j] = _mm512_shuffle_i32x4::<0x88>(t[j], t[8 + j]);
        r[8 + j] = _mm512_shuffle_i32x4::<0xdd>(t[j], t[8 + j]);
        r[4 + j] = _mm512_shuffle_i32x4::<0x88>(t[4 + j], t[12 + j]);
        r[12 + j] = _mm512_shuffle_i32x4::<0xdd>(t[4 + j], t[12 + j]);
    }
}
