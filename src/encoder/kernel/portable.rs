//! f32 products and attention on any CPU, in safe code.

use std::ops::Range;

use super::sums::{self, Left, PANEL, Right};
use super::{Block, Kernel, Packed, Rows, rows_of};
use crate::encoder::attention::{Heads, attention, attention_backward, attention_of_first};
use crate::encoder::math::{self, Between};

/// f32 products with the widest vectors the CPU has.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

impl Kernel for Portable {
    type Value = f32;

    fn name(self) -> &'static str {
        "portable"
    }

    fn pack_rows(self, b: &Rows<f32>, packed: &mut Packed<f32>) {
        packed.shape(b.rows(), b.cols());
        for (panel, left) in packed.panels().zip((0..b.cols()).step_by(PANEL)) {
            let width = PANEL.min(b.cols() - left);
            for (i, line) in panel.as_chunks_mut::<PANEL>().0.iter_mut().enumerate() {
                line[..width].copy_from_slice(&b.row(i)[left..left + width]);
            }
        }
    }

    fn pack_columns(self, b: &Rows<f32>, packed: &mut Packed<f32>) {
        packed.shape(b.cols(), b.rows());
        for (panel, left) in packed.panels().zip((0..b.rows()).step_by(PANEL)) {
            for column in 0..PANEL.min(b.rows() - left) {
                let values = b.row(left + column);
                for (line, value) in panel.as_chunks_mut::<PANEL>().0.iter_mut().zip(values) {
                    line[column] = *value;
                }
            }
        }
    }

    fn turn(self, a: &Rows<f32>, out: &mut Rows<f32>) {
        out.reset(a.cols(), a.rows());
        for i in 0..a.rows() {
            for (j, value) in a.row(i).iter().enumerate() {
                out.row_mut(j)[i] = *value;
            }
        }
    }

    fn product(self, a: &Rows<f32>, b: &Packed<f32>, each: &mut dyn FnMut(Block)) {
        assert_eq!(a.cols(), b.inner, "inner dimensions of a product");
        product(a, b.part(0..b.cols, 0..b.inner), b.cols, each);
    }

    fn feed_forward(
        self,
        a: &Rows<f32>,
        (up, bias): (&Packed<f32>, &[f32]),
        down: &Packed<f32>,
        wide: &mut Rows<f32>,
        sum: &mut [f32],
    ) {
        assert!(a.cols() == up.inner && up.cols == down.inner, "inner dimensions of a product");
        // A part of the wide rows at a time, which stays near.
        for first in (0..up.cols).step_by(WIDE) {
            let part = first..up.cols.min(first + WIDE);
            let bias = &bias[part.clone()];
            wide.reset(a.rows(), part.len());
            product(a, up.part(part.clone(), 0..up.inner), part.len(), &mut |mut block| {
                block.add_bias(bias);
                self.gelu(block.values);
                wide.put(&block);
            });
            product(wide, down.part(0..down.cols, part), down.cols, &mut |block| {
                block.add_to(sum, down.cols);
            });
        }
    }

    fn normalise(self, sums: &mut [f32], between: Between, out: &mut Rows<f32>) {
        out.reset(rows_of(sums, between), between.gamma.len());
        let size = sums.len();
        math::normalise(sums, between, &mut out.data_mut()[..size]);
    }

    fn attention(self, qkv: &Rows<f32>, lengths: &[usize], heads: Heads, out: &mut Rows<f32>) {
        out.reset(qkv.rows(), heads.hidden());
        let size = qkv.rows() * heads.hidden();
        attention(&qkv.data()[..3 * size], lengths, heads, &mut out.data_mut()[..size]);
    }

    fn attention_of_first(
        self,
        queries: &Rows<f32>,
        keys_values: &Rows<f32>,
        lengths: &[usize],
        heads: Heads,
        out: &mut Rows<f32>,
    ) {
        out.reset(queries.rows(), heads.hidden());
        let size = queries.rows() * heads.hidden();
        let keys_values = &keys_values.data()[..keys_values.rows() * keys_values.cols()];
        let (queries, out) = (&queries.data()[..size], &mut out.data_mut()[..size]);
        attention_of_first(queries, keys_values, lengths, heads, out);
    }

    fn attention_backward(
        self,
        qkv: &Rows<f32>,
        lengths: &[usize],
        heads: Heads,
        d_out: &Rows<f32>,
        d_qkv: &mut Rows<f32>,
    ) {
        d_qkv.reset(qkv.rows(), qkv.cols());
        let size = qkv.rows() * heads.hidden();
        let (values, d_out) = (&qkv.data()[..3 * size], &d_out.data()[..size]);
        attention_backward(values, lengths, heads, d_out, &mut d_qkv.data_mut()[..3 * size]);
    }
}

/// Columns of the feed-forward part's inside that are worked on at a time.
const WIDE: usize = 6 * PANEL;

/// Gives `a · b` block by block to `each`; `b` has `cols` columns.
fn product(a: &Rows<f32>, b: Right, cols: usize, each: &mut dyn FnMut(Block)) {
    if b.inner == 0 {
        return;
    }
    let left = Left { values: a.data(), stride: a.stride(), rows: a.rows() };
    sums::blocks(left, b, &mut |panel, row, values| {
        let (col, rows) = (panel * PANEL, values.len() / PANEL);
        each(Block { row, col, rows, cols: PANEL.min(cols - col), values, stride: PANEL });
    });
}

impl Packed<f32> {
    /// Some columns, from a multiple of [`PANEL`] on, and some of the inner dimension.
    fn part(&self, columns: Range<usize>, inner: Range<usize>) -> Right<'_> {
        let panel = self.inner * PANEL;
        let start = columns.start / PANEL * panel;
        let end = columns.end.div_ceil(PANEL) * panel;
        let values = &self.data.values()[start..end];
        Right { values: &values[inner.start * PANEL..], panel, inner: inner.len() }
    }

    /// Room for a factor of this shape, zero.
    fn shape(&mut self, inner: usize, cols: usize) {
        let size = inner * cols.next_multiple_of(PANEL);
        self.data.reserve(size);
        self.data.values_mut()[..size].fill(0.0);
        (self.inner, self.cols) = (inner, cols);
    }

    fn panels(&mut self) -> std::slice::ChunksExactMut<'_, f32> {
        // An empty factor has no panels, and no values to cut either.
        self.data.values_mut().chunks_exact_mut((self.inner * PANEL).max(1))
    }
}
