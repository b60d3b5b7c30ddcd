//! f32 products in registers: the part of the portable kernel that counts.
//!
//! Left factors are packed in tiles of a few rows, right factors in panels of [`PANEL`] columns.
//! The sums of a tile and (a part of) a panel stay in vector registers while the inner dimension
//! runs. Plain arrays; the compiler makes vectors of them, for several kinds of CPU.

use multiversion::multiversion;
use multiversion::target::target_cfg_f;

/// Columns of a panel.
pub const PANEL: usize = 32;

/// Rows that are packed and worked on at a time: whole tiles of any size below.
pub const ROWS: usize = 96;

/// Rows of a left factor, `stride` values apart.
#[derive(Clone, Copy)]
pub struct Left<'a> {
    pub values: &'a [f32],
    pub stride: usize,
    /// At most [`ROWS`].
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

/// Gives the sums of `a` and every panel of `b` to `each`: the panel's index and rows of
/// [`PANEL`] values. `packed` is memory to work in.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
#[allow(clippy::ifs_same_cond, reason = "each target knows its own branch: the others are false")]
pub fn strip(a: Left, b: Right, packed: &mut Vec<f32>, each: &mut dyn FnMut(usize, &mut [f32])) {
    // As many sums as registers hold.
    if target_cfg_f!(target_feature = "avx512f") {
        run::<12, 32, true>(a, b, packed, each);
    } else if target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64")) {
        run::<6, 16, true>(a, b, packed, each);
    } else {
        run::<6, 8, false>(a, b, packed, each);
    }
}

#[inline(always)]
fn run<const M: usize, const N: usize, const FUSED: bool>(
    a: Left,
    b: Right,
    packed: &mut Vec<f32>,
    each: &mut dyn FnMut(usize, &mut [f32]),
) {
    let inner = b.inner;
    pack::<M>(a, inner, packed);
    let mut sums = [0.0; ROWS * PANEL];
    for (index, panel) in b.values.chunks(b.panel).enumerate() {
        let panel = &panel.as_chunks::<PANEL>().0[..inner];
        let tiles = packed.chunks_exact(inner * M).take(a.rows.div_ceil(M));
        for (tile, sums) in tiles.zip(sums.chunks_exact_mut(M * PANEL)) {
            let tile = tile.as_chunks::<M>().0;
            for first in (0..PANEL).step_by(N) {
                let found = multiply::<M, N, FUSED>(tile, panel, first);
                for (row, found) in sums.as_chunks_mut::<PANEL>().0.iter_mut().zip(found) {
                    row[first..first + N].copy_from_slice(&found);
                }
            }
        }
        each(index, &mut sums[..a.rows * PANEL]);
    }
}

/// Sums of a tile and the columns of a panel from `first` on.
#[inline(always)]
fn multiply<const M: usize, const N: usize, const FUSED: bool>(
    tile: &[[f32; M]],
    panel: &[[f32; PANEL]],
    first: usize,
) -> [[f32; N]; M] {
    let mut sums = [[0f32; N]; M];
    for (a, b) in tile.iter().zip(panel) {
        let Some(b) = b[first..].first_chunk::<N>() else { break };
        // The columns outside become vectors; rows would not.
        for i in 0..N {
            for r in 0..M {
                let sum = &mut sums[r][i];
                *sum = if FUSED { a[r].mul_add(b[i], *sum) } else { *sum + a[r] * b[i] };
            }
        }
    }
    sums
}

/// Tiles of `M` rows: M values of the first column, of the second, and so on.
#[inline(always)]
fn pack<const M: usize>(a: Left, inner: usize, packed: &mut Vec<f32>) {
    let size = a.rows.next_multiple_of(M) * inner;
    if packed.len() < size {
        packed.resize(size, 0.0);
    }
    // Rows beyond the last become zero.
    packed[a.rows / M * M * inner..size].fill(0.0);
    for (row, values) in a.values.chunks(a.stride).take(a.rows).enumerate() {
        let tile = &mut packed[row / M * M * inner..][..M * inner];
        for (tile, value) in tile.as_chunks_mut::<M>().0.iter_mut().zip(&values[..inner]) {
            tile[row % M] = *value;
        }
    }
}
