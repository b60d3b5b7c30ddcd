//! Self-attention over packed sequences: many clauses one after the other, no padding, each
//! attending to itself alone.

use multiversion::multiversion;
use multiversion::target::target_cfg_f;

use super::math::{copy_rows, softmax};

/// Heads of the attention. Queries, keys and values are packed side by side in rows of
/// `3 * hidden` values, `hidden = count * width`.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    /// Number of heads.
    pub count: usize,
    /// Values of one head.
    pub width: usize,
}

impl Heads {
    /// Values of one row of the result.
    pub fn hidden(self) -> usize {
        self.count * self.width
    }

    /// Factor on the scores.
    pub fn scale(self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }
}

/// `out = softmax(q kᵀ / √width) v` for every sequence and head.
///
/// `qkv` is `[tokens, 3 * hidden]`, `out` `[tokens, hidden]`; `lengths` are the token counts of
/// the sequences, in order, and sum to `tokens`.
///
/// # Panics
/// When the slices have other sizes.
pub fn attention(qkv: &[f32], lengths: &[usize], heads: Heads, out: &mut [f32]) {
    let hidden = heads.hidden();
    let tokens: usize = lengths.iter().sum();
    assert!(qkv.len() == tokens * 3 * hidden && out.len() == tokens * hidden);
    let mut work = Work::default();
    let mut first = 0;
    for &len in lengths {
        let rows = &qkv[first * 3 * hidden..(first + len) * 3 * hidden];
        let out = &mut out[first * hidden..(first + len) * hidden];
        for head in 0..heads.count {
            work.load(side_by_side(rows, heads, head), heads.width);
            work.attend(len, len, heads);
            product(&work.p, padded(len), &work.v, padded(heads.width), &mut work.o);
            store(&work.o, heads.width, out, hidden, head * heads.width);
        }
        first += len;
    }
}

/// The rows of [`attention`] that belong to the first token of each sequence.
///
/// `queries` of these tokens and `out` are `[sequences, hidden]`; `keys_values` of all tokens is
/// `[tokens, 2 * hidden]`.
///
/// # Panics
/// When the slices have other sizes, or a sequence has no token.
pub fn attention_of_first(
    queries: &[f32],
    keys_values: &[f32],
    lengths: &[usize],
    heads: Heads,
    out: &mut [f32],
) {
    let hidden = heads.hidden();
    let tokens: usize = lengths.iter().sum();
    assert!(queries.len() == lengths.len() * hidden && out.len() == queries.len());
    assert!(keys_values.len() == tokens * 2 * hidden && !lengths.contains(&0));
    let mut work = Work::default();
    let mut first = 0;
    let rows = queries.chunks_exact(hidden).zip(out.chunks_exact_mut(hidden));
    for (&len, (query, out)) in lengths.iter().zip(rows) {
        let rows = &keys_values[first * 2 * hidden..(first + len) * 2 * hidden];
        for head in 0..heads.count {
            let at = head * heads.width;
            let (keys, values) = ((rows, 2 * hidden, at), (rows, 2 * hidden, hidden + at));
            work.load([(query, hidden, at), keys, values], heads.width);
            work.attend(1, len, heads);
            product(&work.p, padded(len), &work.v, padded(heads.width), &mut work.o);
            store(&work.o, heads.width, out, hidden, at);
        }
        first += len;
    }
}

/// Gradient of [`attention`] with respect to `qkv`, given that of its result.
///
/// The probabilities are computed again rather than kept.
///
/// # Panics
/// As [`attention`].
pub fn attention_backward(
    qkv: &[f32],
    lengths: &[usize],
    heads: Heads,
    d_out: &[f32],
    d_qkv: &mut [f32],
) {
    let (hidden, width) = (heads.hidden(), heads.width);
    let tokens: usize = lengths.iter().sum();
    assert!(qkv.len() == tokens * 3 * hidden && d_out.len() == tokens * hidden);
    assert!(d_qkv.len() == qkv.len());
    let mut work = Work::default();
    let (mut d_o, mut vt, mut dp, mut turned) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut first = 0;
    for &len in lengths {
        let rows = &qkv[first * 3 * hidden..(first + len) * 3 * hidden];
        let d_rows = &mut d_qkv[first * 3 * hidden..(first + len) * 3 * hidden];
        let d_out = &d_out[first * hidden..(first + len) * hidden];
        let (long, wide) = (padded(len), padded(width));
        for head in 0..heads.count {
            let at = head * width;
            work.load(side_by_side(rows, heads, head), width);
            work.attend(len, len, heads);
            take((d_out, hidden, at), width, &mut d_o);
            // dv = pᵀ d_out
            turn(&work.p, long, &mut turned);
            product(&turned, long, &d_o, wide, &mut work.o);
            store(&work.o, width, d_rows, 3 * hidden, 2 * hidden + at);
            // dp = d_out vᵀ; ds = p (dp − Σ p dp) / √width
            turn(&work.v, wide, &mut vt);
            product(&d_o, wide, &vt, long, &mut dp);
            softmax_backward(&work.p, long, heads.scale(), &mut dp);
            // dq = ds k; dk = dsᵀ q
            product(&dp, long, &work.k, wide, &mut work.o);
            store(&work.o, width, d_rows, 3 * hidden, at);
            turn(&dp, long, &mut turned);
            product(&turned, long, &work.q, wide, &mut work.o);
            store(&work.o, width, d_rows, 3 * hidden, hidden + at);
        }
        first += len;
    }
}

/// Rows and columns of the matrices of one head are filled up with zeros to a multiple of this,
/// so that products have no odd ends.
const LANES: usize = 16;

/// Rows of a product that are summed in registers at a time.
const ROWS: usize = 4;

fn padded(len: usize) -> usize {
    len.next_multiple_of(LANES)
}

/// One head of one sequence, contiguous, filled up with zeros.
#[derive(Default)]
struct Work {
    q: Vec<f32>,
    k: Vec<f32>,
    kt: Vec<f32>,
    v: Vec<f32>,
    /// Probabilities, one row a query.
    p: Vec<f32>,
    o: Vec<f32>,
}

impl Work {
    /// Queries, keys and values.
    fn load(&mut self, [q, k, v]: [Part; 3], width: usize) {
        take(q, width, &mut self.q);
        take(k, width, &mut self.k);
        turn(&self.k, padded(width), &mut self.kt);
        take(v, width, &mut self.v);
    }

    /// `p = softmax(q kᵀ / √width)` of so many queries and keys.
    fn attend(&mut self, queries: usize, len: usize, heads: Heads) {
        product(&self.q, padded(heads.width), &self.kt, padded(len), &mut self.p);
        softmax_rows(&mut self.p, (queries, len), heads.scale());
    }
}

/// Columns of a matrix: its rows, values from row to row, and the first column.
type Part<'a> = (&'a [f32], usize, usize);

/// Queries, keys and values of a head that stand side by side.
fn side_by_side(qkv: &[f32], heads: Heads, head: usize) -> [Part<'_>; 3] {
    let hidden = heads.hidden();
    [0, 1, 2].map(|i| (qkv, 3 * hidden, i * hidden + head * heads.width))
}

/// Copies `width` columns.
fn take((rows, stride, at): Part, width: usize, out: &mut Vec<f32>) {
    let wide = padded(width);
    let count = rows.len() / stride;
    // What is copied over need not be zero before.
    out.resize(padded(count) * wide, 0.0);
    if width < wide {
        out.fill(0.0);
    }
    copy_rows(rows.get(at..).unwrap_or_default(), stride, out, wide, (count, width));
    out[count * wide..].fill(0.0);
}

/// Copies them back.
fn store(from: &[f32], width: usize, rows: &mut [f32], stride: usize, at: usize) {
    let count = rows.len() / stride;
    let rows = rows.get_mut(at..).unwrap_or_default();
    copy_rows(from, padded(width), rows, stride, (count, width));
}

/// `out[c][r] = a[r][c]` for rows of `cols` values.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn turn(a: &[f32], cols: usize, out: &mut Vec<f32>) {
    let rows = a.len() / cols;
    out.clear();
    out.resize(a.len(), 0.0);
    for (left, strip) in out.chunks_exact_mut(LANES * rows).enumerate() {
        for (r, row) in a.chunks_exact(cols).enumerate() {
            let Some(row) = row[left * LANES..].first_chunk::<LANES>() else { continue };
            for (c, value) in row.iter().enumerate() {
                strip[c * rows + r] = *value;
            }
        }
    }
}

/// `out = a · b`; `a` has rows of `inner` values, `b` and `out` of `cols`, all padded.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn product(a: &[f32], inner: usize, b: &[f32], cols: usize, out: &mut Vec<f32>) {
    out.clear();
    out.resize(a.len() / inner * cols, 0.0);
    // As many sums as registers hold, in whole vectors.
    let wide = target_cfg_f!(target_feature = "avx512f") && cols.is_multiple_of(2 * LANES);
    if wide {
        multiply::<{ 2 * LANES }, true>(a, inner, b, cols, out);
    } else if target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64")) {
        multiply::<LANES, true>(a, inner, b, cols, out);
    } else {
        multiply::<LANES, false>(a, inner, b, cols, out);
    }
}

/// As [`product`], `N` columns at a time; `FUSED` where the CPU multiplies and adds in one step.
#[inline(always)]
fn multiply<const N: usize, const FUSED: bool>(
    a: &[f32],
    inner: usize,
    b: &[f32],
    cols: usize,
    out: &mut [f32],
) {
    let add = |sum: &mut f32, a: f32, b: f32| {
        *sum = if FUSED { a.mul_add(b, *sum) } else { *sum + a * b };
    };
    for (a, out) in a.chunks_exact(ROWS * inner).zip(out.chunks_exact_mut(ROWS * cols)) {
        let (a01, a23) = a.split_at(2 * inner);
        let ((a0, a1), (a2, a3)) = (a01.split_at(inner), a23.split_at(inner));
        for left in (0..cols).step_by(N) {
            let mut sums = [[0f32; N]; ROWS];
            let factors = a0.iter().zip(a1).zip(a2).zip(a3);
            for ((((a0, a1), a2), a3), b) in factors.zip(b.chunks_exact(cols)) {
                let Some(b) = b[left..].first_chunk::<N>() else { continue };
                for i in 0..N {
                    add(&mut sums[0][i], *a0, b[i]);
                    add(&mut sums[1][i], *a1, b[i]);
                    add(&mut sums[2][i], *a2, b[i]);
                    add(&mut sums[3][i], *a3, b[i]);
                }
            }
            for (out, sums) in out.chunks_exact_mut(cols).zip(&sums) {
                out[left..left + N].copy_from_slice(sums);
            }
        }
    }
}

/// Softmax over the first `len` columns of the first `queries` rows of scores times `scale`; the
/// padding becomes zero.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn softmax_rows(p: &mut [f32], (queries, len): (usize, usize), scale: f32) {
    let long = padded(len);
    for row in p.chunks_exact_mut(long).take(queries) {
        softmax(row, len, scale);
    }
    p[queries * long..].fill(0.0);
}

/// `dp ← scale · p (dp − Σ p dp)`, row by row.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn softmax_backward(p: &[f32], long: usize, scale: f32, dp: &mut [f32]) {
    for (p, dp) in p.chunks_exact(long).zip(dp.chunks_exact_mut(long)) {
        let mut dots = [0f32; LANES];
        for (p, dp) in p.chunks_exact(LANES).zip(dp.chunks_exact(LANES)) {
            for i in 0..LANES {
                dots[i] += p[i] * dp[i];
            }
        }
        let dot: f32 = dots.iter().sum();
        for (p, dp) in p.iter().zip(dp.iter_mut()) {
            *dp = scale * p * (*dp - dot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0).collect()
    }

    /// Rows of queries, keys and values for 2 heads of width 4.
    fn packed(tokens: usize, seed: usize) -> Vec<f32> {
        values(tokens * 24, seed)
    }

    const HEADS: Heads = Heads { count: 2, width: 4 };

    #[test]
    fn equal_keys_average_the_values_of_their_own_sequence() {
        let mut qkv = packed(5, 1);
        for row in qkv.chunks_exact_mut(24) {
            row[8..16].fill(0.5);
        }
        let mut out = vec![0.0; 40];
        attention(&qkv, &[3, 2], HEADS, &mut out);
        for column in 0..8 {
            let mean = |rows: std::ops::Range<usize>| {
                let n = rows.len() as f32;
                rows.map(|row| qkv[row * 24 + 16 + column]).sum::<f32>() / n
            };
            assert!((out[column] - mean(0..3)).abs() < 1e-6);
            assert!((out[4 * 8 + column] - mean(3..5)).abs() < 1e-6);
        }
    }

    #[test]
    fn a_sequence_does_not_see_its_neighbours() {
        let qkv = packed(111, 1);
        let mut both = vec![0.0; 111 * 8];
        attention(&qkv, &[60, 51], HEADS, &mut both);
        let mut alone = vec![0.0; 51 * 8];
        attention(&qkv[60 * 24..], &[51], HEADS, &mut alone);
        assert_eq!(alone, both[60 * 8..]);
    }

    #[test]
    fn the_small_product_agrees_with_its_definition() {
        for (rows, inner, cols) in [(16, 16, 16), (32, 5, 48), (4, 33, 80)] {
            let (a, b) = (values(rows * inner, 1), values(inner * cols, 2));
            let mut out = Vec::new();
            product(&a, inner, &b, cols, &mut out);
            for r in 0..rows {
                for c in 0..cols {
                    let sum: f32 = (0..inner).map(|i| a[r * inner + i] * b[i * cols + c]).sum();
                    assert!((out[r * cols + c] - sum).abs() < 1e-5, "{rows}x{inner}x{cols}");
                }
            }
        }
    }

    #[test]
    fn gradients_match_finite_differences() {
        let (qkv, w) = (packed(5, 1), values(40, 4));
        // Loss Σ w · out, so that d_out = w.
        let loss = |qkv: &[f32]| -> f64 {
            let mut out = vec![0.0; 40];
            attention(qkv, &[3, 2], HEADS, &mut out);
            out.iter().zip(&w).map(|(o, w)| f64::from(*o) * f64::from(*w)).sum()
        };
        let mut gradient = vec![0.0; qkv.len()];
        attention_backward(&qkv, &[3, 2], HEADS, &w, &mut gradient);
        let step = 1e-2;
        for i in 0..qkv.len() {
            let at = |delta: f32| {
                let mut moved = qkv.clone();
                moved[i] += delta;
                loss(&moved)
            };
            let numeric = (at(step) - at(-step)) / f64::from(2.0 * step);
            let exact = f64::from(gradient[i]);
            assert!((numeric - exact).abs() < 2e-3, "{i}: {numeric} {exact}");
        }
    }
}
