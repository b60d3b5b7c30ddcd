//! f32 products on any CPU, through the `gemm` crate.

use super::{Block, Kernel, Packed, Rows};
use crate::encoder::attention::{Heads, attention, attention_backward};

/// Rows handed to `gemm` at a time. A fixed number, so that its choice of blocking, and with it
/// the order of additions in a row, does not depend on how many rows there are.
const ROWS: usize = 96;

/// f32 products through the `gemm` crate, with the widest vectors the CPU has.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

impl Kernel for Portable {
    type Value = f32;

    fn name(self) -> &'static str {
        "portable"
    }

    fn pack_rows(self, b: &Rows<f32>, packed: &mut Packed<f32>) {
        keep(b, packed);
        (packed.inner, packed.cols, packed.by_column) = (b.rows(), b.cols(), false);
    }

    fn pack_columns(self, b: &Rows<f32>, packed: &mut Packed<f32>) {
        keep(b, packed);
        (packed.inner, packed.cols, packed.by_column) = (b.cols(), b.rows(), true);
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
        let mut sums = vec![0.0; ROWS * b.cols];
        let mut padded = Vec::new();
        for first in (0..a.rows()).step_by(ROWS) {
            let rows = ROWS.min(a.rows() - first);
            let left = &a.data()[first * a.stride()..(first + rows) * a.stride()];
            if rows == ROWS {
                multiply(left, b, &mut sums);
            } else {
                // The last block is filled up with zero rows: see ROWS.
                padded.resize(ROWS * a.stride(), 0.0);
                padded[..left.len()].copy_from_slice(left);
                multiply(&padded, b, &mut sums);
            }
            let (cols, values) = (b.cols, &mut sums[..rows * b.cols]);
            each(Block { row: first, col: 0, rows, cols, values, stride: b.cols });
        }
    }

    fn attention(self, qkv: &Rows<f32>, lengths: &[usize], heads: Heads, out: &mut Rows<f32>) {
        out.reset(qkv.rows(), heads.hidden());
        let size = qkv.rows() * heads.hidden();
        attention(&qkv.data()[..3 * size], lengths, heads, &mut out.data_mut()[..size]);
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

fn keep(b: &Rows<f32>, packed: &mut Packed<f32>) {
    let size = b.rows() * b.cols();
    packed.data.reserve(size);
    packed.data.values_mut()[..size].copy_from_slice(&b.data()[..size]);
}

/// `c` = `ROWS` rows of `a`, times `b`.
fn multiply(a: &[f32], b: &Packed<f32>, c: &mut [f32]) {
    let right = &b.data.values()[..b.inner * b.cols];
    assert_eq!(a.len(), ROWS * b.inner);
    assert_eq!(c.len(), ROWS * b.cols);
    if c.is_empty() || b.inner == 0 {
        c.fill(0.0);
        return;
    }
    let (down, across) = if b.by_column { (1, b.inner) } else { (b.cols, 1) };
    // SAFETY: the asserts above tie the shapes and strides to the lengths of the slices.
    unsafe {
        gemm::gemm(
            ROWS,
            b.cols,
            b.inner,
            c.as_mut_ptr(),
            1,
            b.cols as isize,
            false,
            a.as_ptr(),
            1,
            b.inner as isize,
            right.as_ptr(),
            across as isize,
            down as isize,
            0.0f32,
            1.0f32,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
