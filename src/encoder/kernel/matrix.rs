//! Matrices as kernels take and give them.

use super::Aligned;
use crate::encoder::math;

/// What the factors of a kernel are made of.
pub trait Value: Copy + Default + Send + Sync + 'static {
    /// Rows and columns of a matrix are filled up to a multiple of this in memory.
    const GRAIN: usize;
    /// Rounds to the nearest value.
    fn narrow(from: &[f32], to: &mut [Self]);
    /// The same for `rows` rows of `cols` values, which begin `stride` values apart in the source
    /// and `to_stride` in the target.
    fn narrow_rows(
        from: &[f32],
        stride: usize,
        to: &mut [Self],
        to_stride: usize,
        size: (usize, usize),
    );
    /// The same numbers as f32.
    fn widen(from: &[Self], to: &mut [f32]);
    /// Adds the numbers to others.
    fn add_to(from: &[Self], sums: &mut [f32]);
}

impl Value for f32 {
    const GRAIN: usize = 1;

    fn narrow(from: &[f32], to: &mut [Self]) {
        to.copy_from_slice(from);
    }

    fn narrow_rows(
        from: &[f32],
        stride: usize,
        to: &mut [Self],
        to_stride: usize,
        size: (usize, usize),
    ) {
        math::copy_rows(from, stride, to, to_stride, size);
    }

    fn widen(from: &[Self], to: &mut [f32]) {
        to.copy_from_slice(from);
    }

    fn add_to(from: &[Self], sums: &mut [f32]) {
        math::add(sums, from);
    }
}

impl Value for half::bf16 {
    const GRAIN: usize = 32;

    fn narrow(from: &[f32], to: &mut [Self]) {
        math::to_bf16(from, to);
    }

    fn narrow_rows(
        from: &[f32],
        stride: usize,
        to: &mut [Self],
        to_stride: usize,
        size: (usize, usize),
    ) {
        math::rows_to_bf16(from, stride, to, to_stride, size);
    }

    fn widen(from: &[Self], to: &mut [f32]) {
        math::from_bf16(from, to);
    }

    fn add_to(from: &[Self], sums: &mut [f32]) {
        math::add_bf16(sums, from);
    }
}

/// A row-major matrix with room behind its rows and columns, so that a kernel may read whole
/// tiles. What stands in the room does not matter to any result, as long as it is finite.
#[derive(Debug, Default)]
pub struct Rows<V> {
    data: Aligned<V>,
    rows: usize,
    cols: usize,
    stride: usize,
}

impl<V: Value> Rows<V> {
    /// An empty matrix, to be shaped by [`Rows::reset`].
    pub fn new() -> Self {
        Self { data: Aligned::default(), rows: 0, cols: 0, stride: 0 }
    }

    /// Rounds `values`, `rows` by `cols`.
    ///
    /// # Panics
    /// When `values` holds another number of values.
    pub fn from_f32(values: &[f32], rows: usize, cols: usize) -> Self {
        let mut matrix = Self::new();
        matrix.fill_from(values, rows, cols);
        matrix
    }

    /// As [`Rows::from_f32`], in the memory at hand.
    ///
    /// # Panics
    /// When `values` holds another number of values.
    pub fn fill_from(&mut self, values: &[f32], rows: usize, cols: usize) {
        assert_eq!(values.len(), rows * cols, "matrix of {rows} x {cols}");
        self.reset(rows, cols);
        if self.stride == cols {
            V::narrow(values, &mut self.data_mut()[..rows * cols]);
            return;
        }
        self.put_rows(0, values);
    }

    /// Takes another shape; the values are then whatever was there.
    pub fn reset(&mut self, rows: usize, cols: usize) {
        let stride = cols.next_multiple_of(V::GRAIN);
        // A tile may begin at the last row.
        let room = if V::GRAIN > 1 { rows.next_multiple_of(V::GRAIN) + V::GRAIN } else { rows };
        if stride != cols && (stride, cols) != (self.stride, self.cols) {
            self.data_mut().fill(V::default());
        }
        self.data.reserve(room * stride);
        (self.rows, self.cols, self.stride) = (rows, cols, stride);
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Values from one row to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// All values, the room included.
    pub fn data(&self) -> &[V] {
        self.data.values()
    }

    /// All values, the room included.
    pub fn data_mut(&mut self) -> &mut [V] {
        self.data.values_mut()
    }

    /// One row.
    pub fn row(&self, index: usize) -> &[V] {
        &self.data()[index * self.stride..][..self.cols]
    }

    /// One row.
    pub fn row_mut(&mut self, index: usize) -> &mut [V] {
        let (stride, cols) = (self.stride, self.cols);
        &mut self.data_mut()[index * stride..][..cols]
    }

    /// Rounds a block of f32 values to its place here.
    pub fn put(&mut self, block: &Block) {
        let (stride, at) = (self.stride, block.row * self.stride + block.col);
        let to = &mut self.data_mut()[at..];
        V::narrow_rows(block.values, block.stride, to, stride, (block.rows, block.cols));
    }

    /// Rounds rows of f32 values to the rows from `first` on.
    pub fn put_rows(&mut self, first: usize, values: &[f32]) {
        for (i, row) in values.chunks_exact(self.cols).enumerate() {
            V::narrow(row, self.row_mut(first + i));
        }
    }

    /// Copies a row to an earlier one.
    pub fn copy_row(&mut self, from: usize, to: usize) {
        let (stride, cols) = (self.stride, self.cols);
        self.data_mut().copy_within(from * stride..from * stride + cols, to * stride);
    }

    /// Forgets the rows from `rows` on.
    pub fn truncate(&mut self, rows: usize) {
        self.rows = self.rows.min(rows);
    }

    /// Sum of the rows: the gradient of a bias.
    pub fn column_sums(&self, sums: &mut [f32]) {
        sums.fill(0.0);
        for i in 0..self.rows {
            V::add_to(self.row(i), sums);
        }
    }

    /// The numbers as f32, row after row.
    pub fn to_f32(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.rows * self.cols];
        if self.cols > 0 {
            for (i, row) in values.chunks_exact_mut(self.cols).enumerate() {
                V::widen(self.row(i), row);
            }
        }
        values
    }
}

/// A right factor in the order in which its kernel reads it.
#[derive(Debug, Default)]
pub struct Packed<V> {
    pub(super) data: Aligned<V>,
    pub(super) inner: usize,
    pub(super) cols: usize,
}

impl<V: Value> Packed<V> {
    /// A factor to be filled by a kernel.
    pub fn new() -> Self {
        Self { data: Aligned::default(), inner: 0, cols: 0 }
    }

    /// Columns of the factor, and of its products.
    pub fn cols(&self) -> usize {
        self.cols
    }
}

/// A part of a product, to be changed and put where it belongs.
#[derive(Debug)]
pub struct Block<'a> {
    /// Place of the first value in the product.
    pub row: usize,
    pub col: usize,
    /// Size.
    pub rows: usize,
    pub cols: usize,
    /// The sums, `stride` values from row to row.
    pub values: &'a mut [f32],
    pub stride: usize,
}

impl Block<'_> {
    /// Adds a value per column: `bias` has one for every column of the product.
    pub fn add_bias(&mut self, bias: &[f32]) {
        let bias = &bias[self.col..self.col + self.cols];
        math::add_to_rows(self.values, self.stride, self.rows, bias);
    }

    /// Adds the values of a matrix of `cols` columns at the same place.
    pub fn add(&mut self, other: &[f32], cols: usize) {
        let other = &other[self.row * cols + self.col..];
        math::add_rows(self.values, self.stride, other, cols, (self.rows, self.cols));
    }

    /// Adds the sums to a matrix of `cols` columns at the same place.
    pub fn add_to(&self, out: &mut [f32], cols: usize) {
        let out = &mut out[self.row * cols + self.col..];
        math::add_rows(out, cols, self.values, self.stride, (self.rows, self.cols));
    }

    /// Copies the sums to their place in a matrix of `cols` columns.
    pub fn copy_to(&self, out: &mut [f32], cols: usize) {
        let out = &mut out[self.row * cols + self.col..];
        math::copy_rows(self.values, self.stride, out, cols, (self.rows, self.cols));
    }
}
