//! bf16 products with f32 sums on the AMX units of x86-64 (Intel, Sapphire Rapids and later).

mod attention;
mod finish;
mod norm;
mod pack;
mod product;
mod tiles;

use std::sync::OnceLock;

use half::bf16;

use self::pack::View;
use self::product::{Right, Sums};
use self::tiles::{Configured, STEP};
use super::{Block, Kernel, Packed, Rows, rows_of};
use crate::encoder::attention::Heads;
use crate::encoder::math::{self, Between};

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

/// Panels of the feed-forward part's inside that are worked on at a time.
const WIDE: usize = 12;

/// Panics when factor and bias of a dense layer do not fit `inner` values or each other.
fn check_dense(inner: usize, b: &Packed<bf16>, bias: &[f32]) {
    assert_eq!(inner, b.inner, "inner dimensions of a product");
    assert_eq!(bias.len(), b.cols, "one bias a column");
}

/// `out = finish(a · b + bias)`.
fn project(
    tiles: &Configured,
    a: &Rows<bf16>,
    (b, bias): (Right, &[f32]),
    out: &mut Rows<bf16>,
    finish: unsafe fn(&Sums, &[f32; STEP], &mut [bf16], usize),
) {
    let stride = out.stride();
    product::blocks(tiles, a, b, |row, col, sums| {
        let rows = STEP.min(a.rows() - row);
        let out = &mut out.data_mut()[row * stride + col..][..(rows - 1) * stride + STEP];
        let mut padded = [0.0; STEP];
        let bias = &bias[col..];
        let bias = bias.first_chunk().unwrap_or_else(|| {
            padded[..bias.len()].copy_from_slice(bias);
            &padded
        });
        // SAFETY: tiles are configured, so the CPU has these vectors.
        unsafe { finish(sums, bias, out, stride) };
    });
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
        product::blocks(&self.tiles(), a, Right::whole(b), |row, col, sums| {
            let (rows, cols) = (STEP.min(a.rows() - row), STEP.min(b.cols - col));
            each(Block { row, col, rows, cols, values: &mut sums.0, stride: STEP });
        });
    }

    fn project(self, a: &Rows<bf16>, (b, bias): (&Packed<bf16>, &[f32]), out: &mut Rows<bf16>) {
        check_dense(a.cols(), b, bias);
        out.reset(a.rows(), b.cols);
        project(&self.tiles(), a, (Right::whole(b), bias), out, finish::biased);
    }

    fn add_product(self, a: &Rows<bf16>, b: &Packed<bf16>, sum: &mut [f32]) {
        assert_eq!(a.cols(), b.inner, "inner dimensions of a product");
        assert!(a.rows() * b.cols <= sum.len(), "no room for the sums");
        let tiles = self.tiles();
        if b.cols.is_multiple_of(STEP) {
            product::add(&tiles, a, Right::whole(b), sum);
        } else {
            self.product(a, b, &mut |block| block.add_to(sum, b.cols));
        }
    }

    fn feed_forward(
        self,
        a: &Rows<bf16>,
        (up, bias): (&Packed<bf16>, &[f32]),
        down: &Packed<bf16>,
        wide: &mut Rows<bf16>,
        sum: &mut [f32],
    ) {
        check_dense(a.cols(), up, bias);
        assert_eq!(up.cols, down.inner, "inner dimensions of a product");
        if !down.cols.is_multiple_of(STEP) {
            wide.reset(a.rows(), up.cols);
            project(&self.tiles(), a, (Right::whole(up), bias), wide, finish::biased_gelu);
            return self.add_product(wide, down, sum);
        }
        let tiles = self.tiles();
        let (up, down) = (Right::whole(up), Right::whole(down));
        // A part of the wide rows at a time, which stays near.
        for first in (0..up.panels()).step_by(WIDE) {
            let part = up.columns(first, WIDE);
            wide.reset(a.rows(), part.panels() * STEP);
            let bias = &bias[first * STEP..];
            project(&tiles, a, (part, bias), wide, finish::biased_gelu);
            product::add(&tiles, wide, down.inner(first, part.panels()), sum);
        }
    }

    fn normalise(self, sums: &mut [f32], between: Between, out: &mut Rows<bf16>) {
        out.reset(rows_of(sums, between), between.gamma.len());
        let stride = out.stride();
        // SAFETY: an `Amx` exists only where the CPU has these vectors.
        unsafe { norm::normalise(sums, between, out.data_mut(), stride) };
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

    fn attention_of_first(
        self,
        queries: &Rows<bf16>,
        keys_values: &Rows<bf16>,
        lengths: &[usize],
        heads: Heads,
        out: &mut Rows<bf16>,
    ) {
        out.reset(queries.rows(), heads.hidden());
        let tiles = self.tiles();
        attention::forward_of_first(&tiles, queries, keys_values, lengths, heads, out);
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
