//! One encoder layer, forward and backward, over packed tokens.

use super::parameters::{Dense, Layer as Places};
use crate::encoder::attention::Heads;
use crate::encoder::kernel::{Block, Kernel, Packed, Rows, Value};
use crate::encoder::math::{self, Dropout};

/// A weight as right factor of the forward and of the backward product.
pub struct Factors<K: Kernel> {
    forward: Packed<K::Value>,
    backward: Packed<K::Value>,
}

impl<K: Kernel> Factors<K> {
    fn new() -> Self {
        Self { forward: Packed::new(), backward: Packed::new() }
    }

    fn refresh(&mut self, kernel: K, weight: &[f32], outer: usize, rows: &mut Rows<K::Value>) {
        rows.fill_from(weight, outer, weight.len() / outer);
        kernel.pack_columns(rows, &mut self.forward);
        kernel.pack_rows(rows, &mut self.backward);
    }
}

/// The weights of a layer, packed anew after each step of the optimiser.
pub struct Weights<K: Kernel> {
    projected: Factors<K>,
    attended: Factors<K>,
    widened: Factors<K>,
    narrowed: Factors<K>,
    rows: Rows<K::Value>,
}

impl<K: Kernel> Weights<K> {
    pub fn new() -> Self {
        Self {
            projected: Factors::new(),
            attended: Factors::new(),
            widened: Factors::new(),
            narrowed: Factors::new(),
            rows: Rows::new(),
        }
    }

    /// Packs the present values.
    pub fn refresh(&mut self, kernel: K, values: &[f32], places: &Places) {
        let parts = [
            (&mut self.projected, &places.projected),
            (&mut self.attended, &places.attended),
            (&mut self.widened, &places.widened),
            (&mut self.narrowed, &places.narrowed),
        ];
        for (factors, place) in parts {
            let weight = &values[place.weight.clone()];
            factors.refresh(kernel, weight, place.bias.len(), &mut self.rows);
        }
    }
}

/// What the backward pass needs of the forward pass of one layer.
pub struct Saved<K: Kernel> {
    x: Rows<K::Value>,
    qkv: Rows<K::Value>,
    attended: Rows<K::Value>,
    attended_sum: Vec<f32>,
    mid: Rows<K::Value>,
    wide: Rows<K::Value>,
    gelu: Rows<K::Value>,
    narrowed_sum: Vec<f32>,
}

impl<K: Kernel> Saved<K> {
    pub fn new() -> Self {
        Self {
            x: Rows::new(),
            qkv: Rows::new(),
            attended: Rows::new(),
            attended_sum: Vec::new(),
            mid: Rows::new(),
            wide: Rows::new(),
            gelu: Rows::new(),
            narrowed_sum: Vec::new(),
        }
    }
}

/// Buffers of the backward pass, one set for all layers.
pub struct Scratch<K: Kernel> {
    d: Rows<K::Value>,
    d_wide: Rows<K::Value>,
    d_qkv: Rows<K::Value>,
    turned: Rows<K::Value>,
    packed: Packed<K::Value>,
    sum: Vec<f32>,
    pre: Vec<f32>,
}

impl<K: Kernel> Scratch<K> {
    pub fn new() -> Self {
        Self {
            d: Rows::new(),
            d_wide: Rows::new(),
            d_qkv: Rows::new(),
            turned: Rows::new(),
            packed: Packed::new(),
            sum: Vec::new(),
            pre: Vec::new(),
        }
    }
}

/// A layer with its present values.
pub struct Layer<'a, K: Kernel> {
    pub kernel: K,
    pub values: &'a [f32],
    pub places: &'a Places,
    pub weights: &'a Weights<K>,
    pub heads: Heads,
    pub eps: f32,
    /// Token counts of the sequences.
    pub lengths: &'a [usize],
    /// Masks of the two branches.
    pub dropout: [Dropout; 2],
    /// Only the first token of each sequence is wanted.
    pub first_only: bool,
}

impl<K: Kernel> Layer<'_, K> {
    fn value(&self, range: &std::ops::Range<usize>) -> &[f32] {
        &self.values[range.clone()]
    }

    /// Replaces `x` `[tokens, hidden]` by the layer's result.
    pub fn forward(&self, x: &mut Vec<f32>, saved: &mut Saved<K>) {
        let hidden = self.heads.hidden();
        let tokens = x.len() / hidden;
        saved.x.fill_from(x, tokens, hidden);
        saved.qkv.reset(tokens, 3 * hidden);
        let bias = self.value(&self.places.projected.bias);
        self.kernel.product(&saved.x, &self.weights.projected.forward, &mut |mut block| {
            block.add_bias(bias);
            saved.qkv.put(&block);
        });
        self.kernel.attention(&saved.qkv, self.lengths, self.heads, &mut saved.attended);
        if self.first_only {
            for (i, at) in starts(self.lengths).enumerate() {
                x.copy_within(at * hidden..(at + 1) * hidden, i * hidden);
                saved.attended.copy_row(at, i);
            }
            x.truncate(self.lengths.len() * hidden);
            saved.attended.truncate(self.lengths.len());
        }
        let factor = &self.weights.attended.forward;
        self.branch(factor, &self.places.attended, &saved.attended, 0, x, &mut saved.attended_sum);
        self.norm(&self.places.attended_norm, &saved.attended_sum, x);
        saved.mid.fill_from(x, x.len() / hidden, hidden);
        let bias = self.value(&self.places.widened.bias);
        saved.wide.reset(saved.mid.rows(), bias.len());
        saved.gelu.reset(saved.mid.rows(), bias.len());
        self.kernel.product(&saved.mid, &self.weights.widened.forward, &mut |mut block| {
            block.add_bias(bias);
            saved.wide.put(&block);
            self.kernel.gelu(block.values);
            saved.gelu.put(&block);
        });
        let factor = &self.weights.narrowed.forward;
        self.branch(factor, &self.places.narrowed, &saved.gelu, 1, x, &mut saved.narrowed_sum);
        self.norm(&self.places.narrowed_norm, &saved.narrowed_sum, x);
    }

    /// `sum = dropout(input wᵀ + b) + x`.
    fn branch(
        &self,
        factor: &Packed<K::Value>,
        place: &Dense,
        input: &Rows<K::Value>,
        which: usize,
        x: &[f32],
        sum: &mut Vec<f32>,
    ) {
        let bias = self.value(&place.bias);
        sum.resize(x.len(), 0.0);
        self.kernel.product(input, factor, &mut |mut block| {
            block.add_bias(bias);
            block.copy_to(sum, bias.len());
        });
        self.dropout[which].apply(sum);
        math::add(sum, x);
    }

    fn norm(&self, place: &Dense, sum: &[f32], out: &mut [f32]) {
        let (gamma, beta) = (self.value(&place.weight), self.value(&place.bias));
        math::layer_norm(sum, gamma, beta, self.eps, out);
    }

    /// Replaces `d`, the gradient of the layer's result, by that of its input, and writes the
    /// gradients of the layer's parameters to their places in `gradients`.
    pub fn backward(
        &self,
        d: &mut Vec<f32>,
        saved: &Saved<K>,
        scratch: &mut Scratch<K>,
        gradients: &mut [f32],
    ) {
        let hidden = self.heads.hidden();
        self.norm_backward(&self.places.narrowed_norm, &saved.narrowed_sum, d, scratch, gradients);
        self.leave_branch(1, d, scratch, &self.places.narrowed, gradients);
        self.weight_gradient(&saved.gelu, scratch, &self.places.narrowed, gradients);
        self.wide_backward(saved, scratch, gradients);
        std::mem::swap(&mut scratch.d, &mut scratch.d_wide);
        self.weight_gradient(&saved.mid, scratch, &self.places.widened, gradients);
        self.kernel.product(&scratch.d, &self.weights.widened.backward, &mut |mut block| {
            block.add(d, hidden);
            block.copy_to(d, hidden);
        });
        self.norm_backward(&self.places.attended_norm, &saved.attended_sum, d, scratch, gradients);
        self.leave_branch(0, d, scratch, &self.places.attended, gradients);
        self.weight_gradient(&saved.attended, scratch, &self.places.attended, gradients);
        self.attention_backward(d, saved, scratch);
        std::mem::swap(&mut scratch.d, &mut scratch.d_qkv);
        let bias = &mut gradients[self.places.projected.bias.clone()];
        scratch.d.column_sums(bias);
        self.weight_gradient(&saved.x, scratch, &self.places.projected, gradients);
        self.kernel.product(&scratch.d, &self.weights.projected.backward, &mut |mut block| {
            block.add(d, hidden);
            block.copy_to(d, hidden);
        });
    }

    fn norm_backward(
        &self,
        place: &Dense,
        sum: &[f32],
        d: &mut Vec<f32>,
        scratch: &mut Scratch<K>,
        gradients: &mut [f32],
    ) {
        scratch.sum.resize(d.len(), 0.0);
        // Weight and bias of a norm lie one after the other.
        let both = &mut gradients[place.weight.start..place.bias.end];
        let sums = both.split_at_mut(place.weight.len());
        let gamma = self.value(&place.weight);
        math::layer_norm_backward(sum, gamma, self.eps, d, &mut scratch.sum, sums);
        std::mem::swap(d, &mut scratch.sum);
    }

    /// `scratch.d` becomes the gradient of a branch before its dropout; gradient of its bias.
    fn leave_branch(
        &self,
        which: usize,
        d: &[f32],
        scratch: &mut Scratch<K>,
        place: &Dense,
        gradients: &mut [f32],
    ) {
        let hidden = self.heads.hidden();
        scratch.sum.clear();
        scratch.sum.extend_from_slice(d);
        self.dropout[which].apply(&mut scratch.sum);
        math::column_sums(&scratch.sum, &mut gradients[place.bias.clone()]);
        scratch.d.fill_from(&scratch.sum, d.len() / hidden, hidden);
    }

    /// Gradient of a weight: `scratch.dᵀ · input`.
    fn weight_gradient(
        &self,
        input: &Rows<K::Value>,
        scratch: &mut Scratch<K>,
        place: &Dense,
        gradients: &mut [f32],
    ) {
        let out = &mut gradients[place.weight.clone()];
        self.kernel.turn(&scratch.d, &mut scratch.turned);
        self.kernel.pack_rows(input, &mut scratch.packed);
        let cols = input.cols();
        self.kernel.product(&scratch.turned, &scratch.packed, &mut |block| {
            block.copy_to(out, cols);
        });
    }

    /// `scratch.d_wide` becomes the gradient before GELU; gradient of the bias there.
    fn wide_backward(&self, saved: &Saved<K>, scratch: &mut Scratch<K>, gradients: &mut [f32]) {
        let bias = &mut gradients[self.places.widened.bias.clone()];
        bias.fill(0.0);
        let Scratch { d, d_wide, pre, .. } = scratch;
        d_wide.reset(d.rows(), bias.len());
        self.kernel.product(d, &self.weights.narrowed.backward, &mut |block: Block| {
            pre.resize(block.values.len(), 0.0);
            for i in 0..block.rows {
                let from = &saved.wide.row(block.row + i)[block.col..block.col + block.cols];
                K::Value::widen(from, &mut pre[i * block.stride..][..block.cols]);
            }
            self.kernel.gelu_backward(pre, block.values);
            for row in block.values.chunks(block.stride).take(block.rows) {
                math::add(&mut bias[block.col..block.col + block.cols], &row[..block.cols]);
            }
            d_wide.put(&block);
        });
    }

    /// `scratch.d_qkv` from `scratch.d`, the gradient of the branch; `d` becomes that of all
    /// tokens again.
    fn attention_backward(&self, d: &mut Vec<f32>, saved: &Saved<K>, scratch: &mut Scratch<K>) {
        let hidden = self.heads.hidden();
        let Scratch { d: branch, d_wide: attended, d_qkv, sum, .. } = scratch;
        let tokens = saved.x.rows();
        sum.clear();
        sum.resize(branch.rows() * hidden, 0.0);
        self.kernel.product(branch, &self.weights.attended.backward, &mut |block| {
            block.copy_to(sum, hidden);
        });
        if self.first_only {
            scatter(sum, self.lengths, tokens, hidden);
            scatter(d, self.lengths, tokens, hidden);
        }
        attended.fill_from(sum, tokens, hidden);
        self.kernel.attention_backward(&saved.qkv, self.lengths, self.heads, attended, d_qkv);
    }
}

/// Index of the first token of every sequence.
pub fn starts(lengths: &[usize]) -> impl Iterator<Item = usize> {
    lengths.iter().scan(0, |at, len| {
        let start = *at;
        *at += len;
        Some(start)
    })
}

/// Rows of first tokens → rows of all tokens, zero elsewhere.
fn scatter(rows: &mut Vec<f32>, lengths: &[usize], tokens: usize, hidden: usize) {
    let mut all = vec![0.0; tokens * hidden];
    for (row, at) in rows.chunks_exact(hidden).zip(starts(lengths)) {
        all[at * hidden..(at + 1) * hidden].copy_from_slice(row);
    }
    *rows = all;
}
