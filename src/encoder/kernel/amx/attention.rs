//! Self-attention on tiles: scores, probabilities and their gradients of one head at a time.

use half::bf16;

use super::finish;
use super::pack::{self, View, packed_len};
use super::tiles::{self, Configured, STEP, Step, TILE, TILE_VALUES};
use crate::encoder::attention::{Heads, attention, attention_backward, attention_of_first};
use crate::encoder::kernel::{Aligned, Rows, Value};
use crate::encoder::math;

/// Panics when the shapes do not fit each other.
pub fn check(qkv: &Rows<bf16>, lengths: &[usize], heads: Heads) {
    let fits = lengths.iter().sum::<usize>() == qkv.rows() && qkv.cols() == 3 * heads.hidden();
    assert!(fits, "queries, keys and values do not fit the sequences");
}

/// The attention of all sequences and heads.
pub fn forward(
    tiles: &Configured,
    qkv: &Rows<bf16>,
    lengths: &[usize],
    heads: Heads,
    out: &mut Rows<bf16>,
) {
    if !heads.width.is_multiple_of(STEP) {
        let mut values = vec![0.0; qkv.rows() * heads.hidden()];
        attention(&qkv.to_f32(), lengths, heads, &mut values);
        out.fill_from(&values, qkv.rows(), heads.hidden());
        return;
    }
    let mut work = Work::new(lengths, heads);
    let mut first = 0;
    for &len in lengths {
        for head in 0..heads.count {
            let parts = parts(qkv, first, len, heads, head);
            work.attend(tiles, parts, heads, out, (first, head * heads.width));
        }
        first += len;
    }
}

/// The attention of the first token of every sequence.
pub fn forward_of_first(
    tiles: &Configured,
    queries: &Rows<bf16>,
    keys_values: &Rows<bf16>,
    lengths: &[usize],
    heads: Heads,
    out: &mut Rows<bf16>,
) {
    let hidden = heads.hidden();
    let tokens = lengths.iter().sum::<usize>();
    assert!(queries.rows() == lengths.len() && queries.cols() == hidden);
    assert!(keys_values.rows() == tokens && keys_values.cols() == 2 * hidden);
    assert!(!lengths.contains(&0), "a sequence without a token");
    if !heads.width.is_multiple_of(STEP) {
        let mut values = vec![0.0; queries.rows() * hidden];
        let (queries, keys_values) = (queries.to_f32(), keys_values.to_f32());
        attention_of_first(&queries, &keys_values, lengths, heads, &mut values);
        out.fill_from(&values, lengths.len(), hidden);
        return;
    }
    let mut work = Work::new(lengths, heads);
    let mut first = 0;
    for (sequence, &len) in lengths.iter().enumerate() {
        for head in 0..heads.count {
            let at = head * heads.width;
            let parts = [
                part(queries, sequence, 1, at, heads.width),
                part(keys_values, first, len, at, heads.width),
                part(keys_values, first, len, hidden + at, heads.width),
            ];
            work.attend(tiles, parts, heads, out, (sequence, at));
        }
        first += len;
    }
}

/// The gradient of [`forward`].
pub fn backward(
    tiles: &Configured,
    qkv: &Rows<bf16>,
    lengths: &[usize],
    heads: Heads,
    d_out: &Rows<bf16>,
    d_qkv: &mut Rows<bf16>,
) {
    if !heads.width.is_multiple_of(STEP) {
        let mut values = vec![0.0; qkv.rows() * qkv.cols()];
        attention_backward(&qkv.to_f32(), lengths, heads, &d_out.to_f32(), &mut values);
        d_qkv.fill_from(&values, qkv.rows(), qkv.cols());
        return;
    }
    let (hidden, width) = (heads.hidden(), heads.width);
    let mut work = Work::new(lengths, heads);
    let mut first = 0;
    for &len in lengths {
        for head in 0..heads.count {
            let qkv = parts(qkv, first, len, heads, head);
            let d_out = part(d_out, first, len, head * width, width);
            work.differentiate(tiles, qkv, d_out, heads, |which, row, values| {
                let at = which * hidden + head * width;
                bf16::narrow(values, &mut d_qkv.row_mut(first + row)[at..at + width]);
            });
        }
        first += len;
    }
}

fn part(matrix: &Rows<bf16>, first: usize, len: usize, col: usize, width: usize) -> View<'_> {
    let stride = matrix.stride();
    View { data: &matrix.data()[first * stride + col..], stride, rows: len, cols: width }
}

/// Queries, keys and values of one head of one sequence.
fn parts(qkv: &Rows<bf16>, first: usize, len: usize, heads: Heads, head: usize) -> [View<'_>; 3] {
    [0, 1, 2].map(|i| part(qkv, first, len, i * heads.hidden() + head * heads.width, heads.width))
}

/// Buffers for one head of the longest sequence.
struct Work {
    keys: Aligned<bf16>,
    values: Aligned<bf16>,
    other: Aligned<bf16>,
    scores: Aligned<f32>,
    d_scores: Aligned<f32>,
    p: Aligned<bf16>,
    ds: Aligned<bf16>,
    turned: Aligned<bf16>,
    out: Aligned<f32>,
}

impl Work {
    fn new(lengths: &[usize], heads: Heads) -> Self {
        let longest = lengths.iter().max().map_or(0, |len| len.next_multiple_of(STEP));
        let (flat, square) = (longest * heads.width, longest * longest);
        Self {
            keys: Aligned::new(flat),
            values: Aligned::new(flat),
            other: Aligned::new(flat),
            scores: Aligned::new(square),
            d_scores: Aligned::new(square),
            p: Aligned::new(square),
            ds: Aligned::new(square),
            turned: Aligned::new(square),
            out: Aligned::new(STEP * heads.width),
        }
    }

    /// `out = softmax(q kᵀ / √width) v`, in rows and columns from those of `at` on.
    fn attend(
        &mut self,
        tiles: &Configured,
        [q, k, v]: [View; 3],
        heads: Heads,
        out: &mut Rows<bf16>,
        at: (usize, usize),
    ) {
        let (len, width) = (k.rows, heads.width);
        let stride = out.stride();
        let long = len.next_multiple_of(STEP);
        pack_columns(k, &mut self.keys);
        pack_rows(v, &mut self.values);
        for row in (0..q.rows).step_by(STEP) {
            let rows = STEP.min(q.rows - row);
            let tall = rows.next_multiple_of(TILE);
            let scores = &mut self.scores.values_mut()[..tall * long];
            let p = &mut self.p.values_mut()[..tall * long];
            let sums = &mut self.out.values_mut()[..tall * width];
            let mut inverse = [0.0; STEP];
            let inverse = &mut inverse[..rows];
            strip(tiles, (&q.data[row * q.stride..], q.stride), &self.keys, (width, long), scores);
            // SAFETY: tiles are configured, so the CPU has these vectors.
            unsafe { finish::softmax(scores, (long, len), heads.scale(), p, inverse) };
            strip(tiles, (&*p, long), &self.values, (long, width), sums);
            let first = (at.0 + row) * stride + at.1;
            let out = &mut out.data_mut()[first..first + (rows - 1) * stride + width];
            // SAFETY: as above.
            unsafe { finish::scaled(sums, width, inverse, out, stride) };
        }
    }

    /// Gives the rows of the gradients of queries (0), keys (1) and values (2) to `each`.
    fn differentiate(
        &mut self,
        tiles: &Configured,
        [q, k, v]: [View; 3],
        d_out: View,
        heads: Heads,
        mut each: impl FnMut(usize, usize, &[f32]),
    ) {
        let (len, width) = (q.rows, heads.width);
        let long = len.next_multiple_of(STEP);
        pack_columns(k, &mut self.keys);
        pack_columns(v, &mut self.values);
        for row in (0..len).step_by(TILE) {
            let block = row * long..(row + TILE) * long;
            let scores = &mut self.scores.values_mut()[block.clone()];
            let d_scores = &mut self.d_scores.values_mut()[block.clone()];
            strip(tiles, (&q.data[row * q.stride..], q.stride), &self.keys, (width, long), scores);
            let d = (&d_out.data[row * d_out.stride..], d_out.stride);
            strip(tiles, d, &self.values, (width, long), d_scores);
            let p = &mut self.p.values_mut()[block.clone()];
            let ds = &mut self.ds.values_mut()[block];
            math::softmax_gradient_to_bf16((scores, d_scores), long, len, heads.scale(), (p, ds));
        }
        let square = |data| View { data, stride: long, rows: len, cols: len };
        // dq = ds k
        pack_rows(k, &mut self.other);
        let left = (self.ds.values(), long);
        self.out.rows_of(tiles, left, &self.other, len, width, |row, values| each(0, row, values));
        // dk = dsᵀ q
        pack_rows(q, &mut self.other);
        turn(square(self.ds.values()), &mut self.turned, long);
        let left = (self.turned.values(), long);
        self.out.rows_of(tiles, left, &self.other, len, width, |row, values| each(1, row, values));
        // dv = pᵀ d_out
        pack_rows(d_out, &mut self.other);
        turn(square(self.p.values()), &mut self.turned, long);
        let left = (self.turned.values(), long);
        self.out.rows_of(tiles, left, &self.other, len, width, |row, values| each(2, row, values));
    }
}

impl Aligned<f32> {
    /// Gives the `len` rows of a product over `len` inner values to `each`.
    fn rows_of(
        &mut self,
        tiles: &Configured,
        (a, stride): (&[bf16], usize),
        b: &Aligned<bf16>,
        len: usize,
        width: usize,
        mut each: impl FnMut(usize, &[f32]),
    ) {
        let out = &mut self.values_mut()[..TILE * width];
        for row in (0..len).step_by(TILE) {
            let inner = len.next_multiple_of(STEP);
            strip(tiles, (&a[row * stride..], stride), b, (inner, width), out);
            for (i, values) in out.chunks_exact(width).take(len - row).enumerate() {
                each(row + i, values);
            }
        }
    }
}

/// `out` = 16 or 32 rows of a product, of `cols` columns each; `inner` and `cols` are multiples
/// of 32.
fn strip(
    _: &Configured,
    (a, a_stride): (&[bf16], usize),
    b: &Aligned<bf16>,
    (inner, cols): (usize, usize),
    out: &mut [f32],
) {
    let (steps, panels) = (inner / STEP, cols / STEP);
    let panel = steps * 2 * TILE_VALUES;
    let rows = out.len() / cols;
    assert!(steps > 0 && (rows == TILE || rows == STEP));
    assert!((rows - 1) * a_stride + inner <= a.len() && panels * panel <= b.values().len());
    for i in 0..panels {
        let b = b.values()[i * panel..].as_ptr();
        let c = out[i * STEP..].as_mut_ptr();
        let step =
            Step { a: a.as_ptr(), a_stride, b, steps, c, c_stride: cols, add: false, ahead: b };
        // SAFETY: tiles are configured; the asserts hold the rows of `a`, the panel of `b`, and
        // rows of `cols` sums.
        unsafe { if rows == STEP { tiles::step(step) } else { tiles::half_step(step) } };
    }
}

fn pack_rows(b: View, out: &mut Aligned<bf16>) {
    out.reserve(packed_len(b.rows, b.cols));
    // SAFETY: called with configured tiles only, so on a CPU that has these vectors.
    unsafe { pack::rows(b, out.values_mut()) };
}

fn pack_columns(b: View, out: &mut Aligned<bf16>) {
    out.reserve(packed_len(b.cols, b.rows));
    // SAFETY: called with configured tiles only, so on a CPU that has these vectors.
    unsafe { pack::columns(b, out.values_mut()) };
}

fn turn(a: View, out: &mut Aligned<bf16>, stride: usize) {
    // SAFETY: called with configured tiles only, so on a CPU that has these vectors.
    unsafe { pack::turn(a, out.values_mut(), stride) };
}
