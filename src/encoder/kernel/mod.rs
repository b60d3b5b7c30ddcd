//! Matrix products behind one small trait: the only place that knows which CPU it runs on.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
mod portable;

pub use portable::Portable;

/// A row-major matrix in a slice, read as it stands or transposed.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    data: &'a [f32],
    /// Rows and columns as the product sees them, after a transposition.
    rows: usize,
    cols: usize,
    transposed: bool,
}

impl<'a> Matrix<'a> {
    /// `rows` by `cols`, as it stands in `data`.
    ///
    /// # Panics
    /// When `data` does not hold exactly `rows * cols` values.
    pub fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "matrix of {rows} x {cols}");
        Self { data, rows, cols, transposed: false }
    }

    /// The same values read as the transposed matrix.
    pub fn t(self) -> Self {
        Self { rows: self.cols, cols: self.rows, transposed: !self.transposed, ..self }
    }

    /// (row stride, column stride) of the logical matrix, in values.
    fn strides(&self) -> (usize, usize) {
        if self.transposed { (1, self.rows) } else { (self.cols, 1) }
    }
}

/// Computes matrix products on one thread.
pub trait Kernel: Send + Sync {
    /// Name as the command line knows it.
    fn name(&self) -> &'static str;

    /// `c = a · b`, `c` row-major. A row of `c` depends on the same row of `a` and on `b` alone,
    /// bit for bit, whatever the other rows hold and however many there are.
    ///
    /// # Panics
    /// When the shapes do not fit each other.
    fn product(&self, a: Matrix, b: Matrix, c: &mut [f32]);
}

/// Which kernel to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// f32 throughout: answers that other runtimes reproduce.
    #[default]
    Full,
    /// bf16 factors with f32 sums where the CPU has units for it (AMX), else f32.
    Mixed,
}

/// The fastest kernel of this CPU at the wanted precision.
pub fn select(precision: Precision) -> Box<dyn Kernel> {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if precision == Precision::Mixed
        && let Some(kernel) = amx::Amx::detect()
    {
        return Box::new(kernel);
    }
    let _ = precision;
    Box::new(Portable)
}

fn check_shapes(a: &Matrix, b: &Matrix, c: &[f32]) {
    assert_eq!(a.cols, b.rows, "inner dimensions of a product");
    assert_eq!(c.len(), a.rows * b.cols, "size of a product");
}
