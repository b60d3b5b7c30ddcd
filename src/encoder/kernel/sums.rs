//! f32 products in registers: the part of the portable kernel that counts.
//!
//! Right factors are packed in panels of [`PANEL`] columns; left factors are read where they lie.
//! The sums of a few rows and (a part of) a panel stay in vector registers while the inner
//! dimension runs, a part of it at a time, so that this part of the panel stays in the nearest
//! cache while all rows pass by. Plain arrays; the compiler makes vectors of them, for several
//! kinds of CPU.

use std::array;

use multiversion::multiversion;
use multiversion::target::target_cfg_f;

/// Columns of a panel.
pub const PANEL: usize = 64;

/// Rows that are worked on at a time, whole tiles of any size below: little enough for their sums
/// to stay near.
const ROWS: usize = 96;

/// Inner values that are worked on at a time: their part of a panel takes 32 KiB.
const DEPTH: usize = 128;

/// Rows of a left factor, `stride` values apart.
#[derive(Clone, Copy)]
pub struct Left<'a> {
    pub values: &'a [f32],
    pub stride: usize,
    pub rows: usize,
}

/// A part of a right factor: some of its panels, some of its inner dimension.
#[derive(Clone, Copy)]
pub struct Right<'a> {
    pub values: &'a [f32],
    /// Values from panel to panel.
    pub panel: usize,
    /// Inner values that count, from the first of `values` on.
    pub inner: usize,
}

/// Gives the sums of `a · b` to `each`, [`ROWS`] rows of a panel at a time: the panel's index, the
/// first row, and rows of [`PANEL`] values.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
#[allow(clippy::ifs_same_cond, reason = "each target knows its own branch: the others are false")]
pub fn blocks(a: Left, b: Right, each: &mut dyn FnMut(usize, usize, &mut [f32])) {
    // As many sums as registers hold, beside a value of each row and one vector of the panel.
    if target_cfg_f!(target_feature = "avx512f") {
        run::<6, 64, true>(a, b, each);
    } else if target_cfg_f!(target_feature = "fma") {
        run::<3, 32, true>(a, b, each);
    } else if target_cfg_f!(target_arch = "aarch64") {
        run::<6, 16, true>(a, b, each);
    } else {
        run::<4, 8, false>(a, b, each);
    }
}

#[inline(always)]
fn run<const M: usize, const N: usize, const FUSED: bool>(
    a: Left,
    b: Right,
    each: &mut dyn FnMut(usize, usize, &mut [f32]),
) {
    let mut sums = [[0.0; PANEL]; ROWS];
    // Panel by panel: they come from farther away than the rows.
    for (index, panel) in b.values.chunks(b.panel).enumerate() {
        let panel = &panel.as_chunks::<PANEL>().0[..b.inner];
        for row in (0..a.rows).step_by(ROWS) {
            let rows = ROWS.min(a.rows - row);
            sums.fill([0.0; PANEL]);
            for (part, panel) in panel.chunks(DEPTH).enumerate() {
                let inner = part * DEPTH..part * DEPTH + panel.len();
                for (tile, sums) in sums.chunks_exact_mut(M).take(rows.div_ceil(M)).enumerate() {
                    // Beyond the last row it is read again; what comes of it is not.
                    let at = |r: usize| (row + tile * M + r).min(a.rows - 1) * a.stride;
                    let rows: [&[f32]; M] = array::from_fn(|r| &a.values[at(r)..][inner.clone()]);
                    for first in (0..PANEL).step_by(N) {
                        multiply::<M, N, FUSED>(rows, panel, first, sums);
                    }
                }
            }
            each(index, row, &mut sums.as_flattened_mut()[..rows * PANEL]);
        }
    }
}

/// Adds the products of rows and the columns of a panel from `first` on.
#[inline(always)]
fn multiply<const M: usize, const N: usize, const FUSED: bool>(
    rows: [&[f32]; M],
    panel: &[[f32; PANEL]],
    first: usize,
    out: &mut [[f32; PANEL]],
) {
    let mut sums = [[0f32; N]; M];
    for (sums, out) in sums.iter_mut().zip(&*out) {
        sums.copy_from_slice(&out[first..first + N]);
    }
    for (k, b) in panel.iter().enumerate() {
        let Some(b) = b[first..].first_chunk::<N>() else { break };
        // The columns outside become vectors; rows would not.
        for i in 0..N {
            for r in 0..M {
                let (sum, a) = (&mut sums[r][i], rows[r][k]);
                *sum = if FUSED { a.mul_add(b[i], *sum) } else { *sum + a * b[i] };
            }
        }
    }
    for (sums, out) in sums.iter().zip(out) {
        out[first..first + N].copy_from_slice(sums);
    }
}
