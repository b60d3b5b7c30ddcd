//! bf16 products with f32 sums on the AMX units of x86-64 (Intel, Sapphire Rapids and later).

mod attention;
mod pack;
mod tiles;

use std::sync::OnceLock;

use half::bf16;

use self::pack::View;
use self::tiles::{Configured, DEPTH, STEP, TILE_VALUES};
use super::{Aligned, Block, Kernel, Packed, Rows};
use crate::encoder::attention::Heads;
use crate::encoder::math;

/// Products on AMX. A value of this type proves that the CPU and the kernel allow it.
#[derive(Debug, Clone, Copy)]
pub struct Amx(());

impl Amx {
    /// The kernel, when the CPU has AMX-BF16 and the operating system grants its tiles.
    pub fn detect() -> Option<Self> {
        static GRANTED: OnceLock<bool> = OnceLock::new();
        let granted = || tiles::cpu_has_amx() && tiles::request_tiles();
        GRANTED.get_or_init(granted).then_some(Self(()))
    }

    /// Sets the tiles of this thread up for as long as the result lives.
    fn tiles(self) -> Configured {
        // SAFETY: an `Amx` exists only where CPU and operating system allow it.
        unsafe { Configured::new() }
    }
}

impl Rows<bf16> {
    fn view(&self) -> View<'_> {
        View { data: self.data(), stride: self.stride(), rows: self.rows(), cols: self.cols() }
    }
}

impl Kernel for Amx {
    type Value = bf16;

    fn name(self) -> &'static str {
        "amx"
    }

    fn pack_rows(self, b: &Rows<bf16>, packed: &mut Packed<bf16>) {
        packed.data.reserve(pack::packed_len(b.rows(), b.cols()));
        (packed.inner, packed.cols) = (b.rows(), b.cols());
        // SAFETY: an `Amx` exists only where the CPU has these vectors.
        unsafe { pack::rows(b.view(), packed.data.values_mut()) };
    }

    fn pack_columns(self, b: &Rows<bf16>, packed: &mut Packed<bf16>) {
        packed.data.reserve(pack::packed_len(b.cols(), b.rows()));
        (packed.inner, packed.cols) = (b.cols(), b.rows());
        // SAFETY: an `Amx` exists only where the CPU has these vectors.
        unsafe { pack::columns(b.view(), packed.data.values_mut()) };
    }

    fn turn(self, a: &Rows<bf16>, out: &mut Rows<bf16>) {
        out.reset(a.cols(), a.rows());
        let stride = out.stride();
        // SAFETY: an `Amx` exists only where the CPU has these vectors.
        unsafe { pack::turn(a.view(), out.data_mut(), stride) };
    }

    fn product(self, a: &Rows<bf16>, b: &Packed<bf16>, each: &mut dyn FnMut(Block)) {
        assert_eq!(a.cols(), b.inner, "inner dimensions of a product");
        if a.rows() == 0 || b.cols == 0 || b.inner == 0 {
            return;
        }
        let steps = a.cols().div_ceil(DEPTH);
        let panel = steps * 2 * TILE_VALUES;
        let (left, right) = (a.data(), b.data.values());
        assert!(left.len() >= a.rows().next_multiple_of(STEP) * a.stride());
        assert!(right.len() >= b.cols.div_ceil(STEP) * panel);
        let mut sums = Aligned::<f32>::new(STEP * STEP);
        let sums = sums.values_mut();
        let _tiles = self.tiles();
        for (col, right) in (0..b.cols).step_by(STEP).zip(right.chunks_exact(panel)) {
            for row in (0..a.rows()).step_by(STEP) {
                let left = left[row * a.stride()..].as_ptr();
                // SAFETY: tiles are configured; the asserts hold 32 rows of `left` and a whole
                // panel of `right`; `sums` has 32 x 32 values.
                unsafe { tiles::step(left, a.stride(), right.as_ptr(), steps, sums.as_mut_ptr()) };
                let (rows, cols) = (STEP.min(a.rows() - row), STEP.min(b.cols - col));
                each(Block { row, col, rows, cols, values: sums, stride: STEP });
            }
        }
    }

    fn gelu(self, x: &mut [f32]) {
        math::fast_gelu(x);
    }

    fn gelu_backward(self, x: &[f32], dy: &mut [f32]) {
        math::fast_gelu_backward(x, dy);
    }

    fn attention(self, qkv: &Rows<bf16>, lengths: &[usize], heads: Heads, out: &mut Rows<bf16>) {
        attention::check(qkv, lengths, heads);
        out.reset(qkv.rows(), heads.hidden());
        let tiles = self.tiles();
        attention::forward(&tiles, qkv, lengths, heads, out);
    }

    fn attention_backward(
        self,
        qkv: &Rows<bf16>,
        lengths: &[usize],
        heads: Heads,
        d_out: &Rows<bf16>,
        d_qkv: &mut Rows<bf16>,
    ) {
        attention::check(qkv, lengths, heads);
        assert!(d_out.rows() == qkv.rows() && d_out.cols() == heads.hidden());
        d_qkv.reset(qkv.rows(), qkv.cols());
        let tiles = self.tiles();
        attention::backward(&tiles, qkv, lengths, heads, d_out, d_qkv);
    }
}
