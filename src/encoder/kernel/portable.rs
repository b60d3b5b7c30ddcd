//! f32 products on any CPU, through the `gemm` crate.

use super::{Kernel, Matrix, check_shapes};

/// Rows handed to `gemm` at a time. A fixed number, so that its choice of blocking, and with it
/// the order of additions in a row, does not depend on how many rows there are.
const ROWS: usize = 96;

/// f32 products through the `gemm` crate, with the widest vectors the CPU has.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

impl Kernel for Portable {
    fn name(&self) -> &'static str {
        "portable"
    }

    fn product(&self, a: Matrix, b: Matrix, c: &mut [f32]) {
        check_shapes(&a, &b, c);
        if c.is_empty() {
            return;
        }
        let (full, cols, inner) = (a.rows / ROWS * ROWS, b.cols, a.cols);
        for first in (0..full).step_by(ROWS) {
            block(&a, first, &b, &mut c[first * cols..(first + ROWS) * cols]);
        }
        let rest = a.rows - full;
        if rest == 0 {
            return;
        }
        // The last block is filled up with zero rows: see ROWS.
        let (row, col) = a.strides();
        let mut padded = vec![0.0; ROWS * inner];
        for i in 0..rest {
            for (k, value) in padded[i * inner..(i + 1) * inner].iter_mut().enumerate() {
                *value = a.data[(full + i) * row + k * col];
            }
        }
        let mut out = vec![0.0; ROWS * cols];
        block(&Matrix::new(&padded, ROWS, inner), 0, &b, &mut out);
        c[full * cols..].copy_from_slice(&out[..rest * cols]);
    }
}

/// `c` = `ROWS` rows of `a` from `first` on, times `b`.
fn block(a: &Matrix, first: usize, b: &Matrix, c: &mut [f32]) {
    assert!(first + ROWS <= a.rows && a.cols == b.rows && c.len() == ROWS * b.cols);
    if a.cols == 0 {
        c.fill(0.0);
        return;
    }
    let ((a_row, a_col), (b_row, b_col)) = (a.strides(), b.strides());
    // SAFETY: `Matrix::new` ties the strides to the length of its slice, so `ROWS` rows from
    // `first` on lie in `a.data`; `c` holds `ROWS * b.cols` values (asserted) and is row-major.
    unsafe {
        gemm::gemm(
            ROWS,
            b.cols,
            a.cols,
            c.as_mut_ptr(),
            1,
            b.cols as isize,
            false,
            a.data.as_ptr().add(first * a_row),
            a_col as isize,
            a_row as isize,
            b.data.as_ptr(),
            b_col as isize,
            b_row as isize,
            0.0f32,
            1.0f32,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Values in [-1, 1) that look random, the same each time.
    pub fn values(n: usize, seed: u64) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        (0..n).map(|_| next()).collect()
    }

    /// The definition of a product, in f64.
    pub fn reference(a: &Matrix, b: &Matrix) -> Vec<f32> {
        let ((ar, ac), (br, bc)) = (a.strides(), b.strides());
        let mut c = Vec::new();
        for i in 0..a.rows {
            for j in 0..b.cols {
                let sum: f64 = (0..a.cols)
                    .map(|k| {
                        f64::from(a.data[i * ar + k * ac]) * f64::from(b.data[k * br + j * bc])
                    })
                    .sum();
                c.push(sum as f32);
            }
        }
        c
    }

    /// Compares a kernel with the definition over shapes that are no multiple of any tile.
    pub fn agrees(kernel: &dyn Kernel, tolerance: f32) {
        let shapes =
            [(1, 1, 1), (1, 384, 12), (7, 33, 5), (31, 64, 32), (97, 40, 17), (200, 96, 48)];
        for (m, k, n) in shapes {
            let (a, b) = (values(m * k, 1), values(k * n, 2));
            for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
                let left = if ta { Matrix::new(&a, k, m).t() } else { Matrix::new(&a, m, k) };
                let right = if tb { Matrix::new(&b, n, k).t() } else { Matrix::new(&b, k, n) };
                let mut c = vec![f32::NAN; m * n];
                kernel.product(left, right, &mut c);
                let scale = (k as f32).sqrt();
                for (x, y) in c.iter().zip(reference(&left, &right)) {
                    assert!((x - y).abs() <= tolerance * scale, "{m}x{k}x{n} {ta} {tb}: {x} {y}");
                }
            }
        }
    }

    /// The first rows of a product must not depend on how many rows follow.
    pub fn rows_are_independent(kernel: &dyn Kernel) {
        let (k, n) = (384, 40);
        let (a, b) = (values(300 * k, 3), values(n * k, 4));
        let right = Matrix::new(&b, n, k).t();
        let mut all = vec![0.0; 300 * n];
        kernel.product(Matrix::new(&a, 300, k), right, &mut all);
        for (first, rows) in [(0, 1), (5, 3), (90, 100), (299, 1), (17, 96)] {
            let mut some = vec![0.0; rows * n];
            kernel.product(
                Matrix::new(&a[first * k..(first + rows) * k], rows, k),
                right,
                &mut some,
            );
            assert_eq!(some, all[first * n..(first + rows) * n], "rows {first}+{rows}");
        }
    }

    #[test]
    fn portable_agrees_with_the_definition() {
        agrees(&Portable, 1e-6);
    }

    #[test]
    fn portable_rows_are_independent() {
        rows_are_independent(&Portable);
    }
}
