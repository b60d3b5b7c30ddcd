//! Products of whole matrices, a block of 32 x 32 sums at a time.
//!
//! A few panels of the right factor at a time take turns over all rows of the left one, so that
//! they are read from far away once; meanwhile the next ones are fetched. 32 rows of the left
//! factor stay in the nearest cache while those panels pass by.

use half::bf16;

use super::tiles::{self, Configured, DEPTH, STEP, Step, TILE, TILE_VALUES};
use crate::encoder::kernel::{Packed, Rows};

/// Values of a right factor that a step fetches ahead for each pair of tiles it reads.
const AHEAD: usize = 128;

/// Values of the panels that take turns: a small part of the second cache.
const GROUP: usize = 48 * 1024;

/// Values of a pair of tiles.
const PAIR: usize = 2 * TILE_VALUES;

/// A block of sums in memory that tiles like.
#[repr(align(64))]
pub struct Sums(pub [f32; STEP * STEP]);

/// A part of a right factor: some of its panels, some of its inner dimension.
#[derive(Clone, Copy)]
pub struct Right<'a> {
    data: &'a [bf16],
    /// Values from panel to panel.
    panel: usize,
    /// Pairs of tiles of a panel that count, from the first of `data` on.
    steps: usize,
    panels: usize,
}

impl<'a> Right<'a> {
    /// All of a factor.
    pub fn whole(b: &'a Packed<bf16>) -> Self {
        let steps = b.inner.div_ceil(DEPTH);
        let panels = b.cols.div_ceil(STEP);
        Self { data: b.data.values(), panel: steps * PAIR, steps, panels }
    }

    /// The panels from `first` on, `count` at most.
    pub fn columns(self, first: usize, count: usize) -> Self {
        let panels = count.min(self.panels - first);
        Self { data: &self.data[first * self.panel..], panels, ..self }
    }

    /// The same of the inner dimension, in steps of 32.
    pub fn inner(self, first: usize, count: usize) -> Self {
        let steps = count.min(self.steps - first);
        Self { data: &self.data[first * PAIR..], steps, ..self }
    }

    /// Number of panels, 32 columns each.
    pub fn panels(self) -> usize {
        self.panels
    }
}

/// Calls `each` with row and column of every block, the step that computes it, which lacks its sums,
/// and whether half of it will do.
fn walk(a: &Rows<bf16>, b: Right, mut each: impl FnMut(usize, usize, Step, bool)) {
    if a.rows() == 0 || b.panels == 0 || b.steps == 0 {
        return;
    }
    assert!(b.steps <= a.stride() / DEPTH, "inner dimensions of a product");
    assert!(a.data().len() >= a.rows().next_multiple_of(STEP) * a.stride());
    assert!(b.data.len() >= (b.panels - 1) * b.panel + b.steps * PAIR);
    let group = (GROUP / (b.steps * PAIR)).clamp(1, b.panels);
    for first in (0..b.panels).step_by(group) {
        for row in (0..a.rows()).step_by(STEP) {
            for panel in first..b.panels.min(first + group) {
                let right = b.data[panel * b.panel..].as_ptr();
                let step = Step {
                    a: a.data()[row * a.stride()..].as_ptr(),
                    a_stride: a.stride(),
                    b: right,
                    steps: b.steps,
                    c: std::ptr::null_mut(),
                    c_stride: 0,
                    add: false,
                    ahead: right.wrapping_add(group * b.panel + row / STEP * b.steps * AHEAD),
                };
                each(row, panel * STEP, step, row + TILE >= a.rows());
            }
        }
    }
}

/// # Safety
/// As [`tiles::step`].
#[inline(always)]
unsafe fn run(step: Step, half: bool) {
    // SAFETY: the caller's promise.
    unsafe { if half { tiles::half_step(step) } else { tiles::step(step) } }
}

/// Gives the sums of every block of `a · b` to `each`, with its row and column.
pub fn blocks(
    _: &Configured,
    a: &Rows<bf16>,
    b: Right,
    mut each: impl FnMut(usize, usize, &mut Sums),
) {
    let mut sums = Sums([0.0; STEP * STEP]);
    walk(a, b, |row, col, at, half| {
        let at = Step { c: sums.0.as_mut_ptr(), c_stride: STEP, ..at };
        // SAFETY: tiles are configured; `walk` has seen to 32 rows of `a` and the steps of `b`;
        // `sums` has 32 x 32 values.
        unsafe { run(at, half) };
        each(row, col, &mut sums);
    });
}

/// `sum += a · b`; `sum` has a column for each of `b`, and rows filled up to a multiple of 32.
pub fn add(_: &Configured, a: &Rows<bf16>, b: Right, sum: &mut [f32]) {
    let cols = b.panels * STEP;
    assert!(sum.len() >= a.rows().next_multiple_of(STEP) * cols, "no room for the sums");
    walk(a, b, |row, col, at, half| {
        let c = sum[row * cols + col..].as_mut_ptr();
        // SAFETY: as above; the assert holds 32 rows of 32 sums from here on.
        unsafe { run(Step { c, c_stride: cols, add: true, ..at }, half) };
    });
}
