//! The only place that knows which CPU it runs on: matrix products, attention and norms.
//!
//! A [`Kernel`] works on factors made of its own [`Value`]s (f32, or bf16 where the CPU has units
//! for it) and sums in f32. Everything above is written once, for any kernel.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
mod matrix;
mod memory;
mod portable;
mod sums;
#[cfg(test)]
mod tests;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub use amx::Amx;
pub use matrix::{Block, Packed, Rows, Value};
pub use memory::Aligned;
pub use portable::Portable;

use super::attention::Heads;
use super::math::{self, Between};

/// Sums that a kernel adds to have room for rows up to a multiple of this.
pub const STRIP: usize = 32;

/// Rows of `sums` that are to be normalised.
///
/// # Panics
/// When they are not whole.
fn rows_of(sums: &[f32], between: Between) -> usize {
    let width = between.gamma.len();
    assert!(sums.len().is_multiple_of(width), "rows of {width}");
    sums.len() / width
}

/// Matrix products, attention and norms of one kind of CPU, on the calling thread.
///
/// A row of a product depends on the same row of the left factor and on the right factor alone,
/// bit for bit, whatever the other rows hold and however many there are.
pub trait Kernel: Copy + Send + Sync + 'static {
    /// What factors are made of.
    type Value: Value;

    /// Name as the command line knows it.
    fn name(self) -> &'static str;

    /// Packs `b` `[inner, cols]` as right factor.
    fn pack_rows(self, b: &Rows<Self::Value>, packed: &mut Packed<Self::Value>);

    /// Packs the transposed `b` `[cols, inner]` as right factor: the weight of a dense layer.
    fn pack_columns(self, b: &Rows<Self::Value>, packed: &mut Packed<Self::Value>);

    /// `out` = the transposed `a`: a left factor for products over the tokens.
    fn turn(self, a: &Rows<Self::Value>, out: &mut Rows<Self::Value>);

    /// Gives `a · b` block by block to `each`, which sees every value once.
    ///
    /// # Panics
    /// When the shapes do not fit each other.
    fn product(self, a: &Rows<Self::Value>, b: &Packed<Self::Value>, each: &mut dyn FnMut(Block));

    /// `out = a · b + bias`.
    ///
    /// # Panics
    /// When the shapes do not fit each other.
    fn project(
        self,
        a: &Rows<Self::Value>,
        (b, bias): (&Packed<Self::Value>, &[f32]),
        out: &mut Rows<Self::Value>,
    ) {
        out.reset(a.rows(), b.cols());
        self.product(a, b, &mut |mut block| {
            block.add_bias(bias);
            out.put(&block);
        });
    }

    /// `sum += a · b`. `sum` has room for rows up to a multiple of [`STRIP`]; what becomes of the
    /// room does not matter.
    ///
    /// # Panics
    /// When the shapes do not fit each other.
    fn add_product(self, a: &Rows<Self::Value>, b: &Packed<Self::Value>, sum: &mut [f32]) {
        self.product(a, b, &mut |block| block.add_to(sum, b.cols()));
    }

    /// `sum += gelu(a · up + bias) · down`, `up` with its bias, otherwise as [`Kernel::add_product`]. `wide` is memory
    /// to work in.
    ///
    /// # Panics
    /// When the shapes do not fit each other.
    fn feed_forward(
        self,
        a: &Rows<Self::Value>,
        up: (&Packed<Self::Value>, &[f32]),
        down: &Packed<Self::Value>,
        wide: &mut Rows<Self::Value>,
        sum: &mut [f32],
    );

    /// `out = softmax(q kᵀ / √width) v` for every sequence and head; `qkv` is
    /// `[tokens, 3 * hidden]`, `out` becomes `[tokens, hidden]`. `lengths` are the token counts of
    /// the sequences, in order.
    ///
    /// # Panics
    /// When the shapes do not fit each other.
    fn attention(
        self,
        qkv: &Rows<Self::Value>,
        lengths: &[usize],
        heads: Heads,
        out: &mut Rows<Self::Value>,
    );

    /// The rows of [`Kernel::attention`] that belong to the first token of each sequence, bit for
    /// bit. `queries` of these tokens is `[sequences, hidden]`, which `out` becomes; `keys_values`
    /// of all tokens is `[tokens, 2 * hidden]`.
    ///
    /// # Panics
    /// When the shapes do not fit each other, or a sequence has no token.
    fn attention_of_first(
        self,
        queries: &Rows<Self::Value>,
        keys_values: &Rows<Self::Value>,
        lengths: &[usize],
        heads: Heads,
        out: &mut Rows<Self::Value>,
    );

    /// `out` = the normalised rows of `sums`, which are left normalised with the bias of `between`
    /// added.
    ///
    /// # Panics
    /// When `sums` does not hold whole rows.
    fn normalise(self, sums: &mut [f32], between: Between, out: &mut Rows<Self::Value>);

    /// `x · Φ(x)` in place, the GELU of BERT.
    fn gelu(self, x: &mut [f32]) {
        math::gelu(x);
    }

    /// Multiplies `dy` by the derivative of GELU at `x`.
    fn gelu_backward(self, x: &[f32], dy: &mut [f32]) {
        math::gelu_backward(x, dy);
    }

    /// Gradient of [`Kernel::attention`] with respect to `qkv`, given that of its result.
    ///
    /// # Panics
    /// When the shapes do not fit each other.
    fn attention_backward(
        self,
        qkv: &Rows<Self::Value>,
        lengths: &[usize],
        heads: Heads,
        d_out: &Rows<Self::Value>,
        d_qkv: &mut Rows<Self::Value>,
    );
}
