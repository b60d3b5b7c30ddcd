//! Differentiable operations over packed tokens, as candle custom operations.
//!
//! candle's own layer norm and fused softmax have no gradient, and its bias and gamma gradients
//! are slow; each operation here brings its own backward pass over plain slices.

use std::sync::Arc;

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape, Storage, Tensor, bail,
};

use crate::encoder::attention::{Heads, attention, attention_backward};
use crate::encoder::kernel::{Kernel, Matrix};
use crate::encoder::math;

/// The contiguous f32 values of a storage.
fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let all = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&all[start..end]),
        None => bail!("the operation needs contiguous tensors"),
    }
}

/// Calls `f` with the f32 values of some tensors.
fn with_values<const N: usize, T>(
    tensors: [&Tensor; N],
    f: impl FnOnce([&[f32]; N]) -> Result<T>,
) -> Result<T> {
    let tensors = tensors.map(Tensor::contiguous);
    let mut guards = Vec::with_capacity(N);
    for tensor in &tensors {
        match tensor {
            Ok(tensor) => guards.push(tensor.storage_and_layout()),
            Err(error) => bail!("{error}"),
        }
    }
    let mut slices = [&[][..]; N];
    for (slice, (storage, layout)) in slices.iter_mut().zip(&guards) {
        match &**storage {
            Storage::Cpu(cpu) => *slice = values(cpu, layout)?,
            _ => bail!("training runs on the CPU"),
        }
    }
    f(slices)
}

fn tensor(data: Vec<f32>, like: &Tensor) -> Result<Tensor> {
    Tensor::from_vec(data, like.shape(), like.device())
}

/// `y = x wᵀ + b` for x `[tokens, in]`, w `[out, in]`, b `[out]`.
struct Linear {
    kernel: Arc<dyn Kernel>,
}

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        w: &CpuStorage,
        w_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let ((rows, inner), (outer, _)) = (x_layout.shape().dims2()?, w_layout.shape().dims2()?);
        let x = Matrix::new(values(x, x_layout)?, rows, inner);
        let w = Matrix::new(values(w, w_layout)?, outer, inner);
        let mut y = vec![0.0; rows * outer];
        self.kernel.product(x, w.t(), &mut y);
        math::add_bias(&mut y, values(b, b_layout)?);
        Ok((CpuStorage::F32(y), Shape::from((rows, outer))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        b: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let ((rows, inner), (outer, _)) = (x.dims2()?, w.dims2()?);
        let (mut dx, mut dw, mut db) =
            (vec![0.0; rows * inner], vec![0.0; outer * inner], vec![0.0; outer]);
        with_values([x, w, dy], |[x_values, w_values, dy_values]| {
            let dy = Matrix::new(dy_values, rows, outer);
            self.kernel.product(dy, Matrix::new(w_values, outer, inner), &mut dx);
            self.kernel.product(dy.t(), Matrix::new(x_values, rows, inner), &mut dw);
            math::column_sums(dy_values, &mut db);
            Ok(())
        })?;
        Ok((Some(tensor(dx, x)?), Some(tensor(dw, w)?), Some(tensor(db, b)?)))
    }
}

/// `y = x wᵀ + b` for x `[tokens, in]`, w `[out, in]`, b `[out]`.
pub fn linear(x: &Tensor, w: &Tensor, b: &Tensor, kernel: &Arc<dyn Kernel>) -> Result<Tensor> {
    x.apply_op3(w, b, Linear { kernel: Arc::clone(kernel) })
}

struct LayerNorm {
    eps: f32,
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gamma: &CpuStorage,
        gamma_layout: &Layout,
        beta: &CpuStorage,
        beta_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = values(x, x_layout)?;
        let mut y = vec![0.0; x.len()];
        let (gamma, beta) = (values(gamma, gamma_layout)?, values(beta, beta_layout)?);
        math::layer_norm(x, gamma, beta, self.eps, &mut y);
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gamma: &Tensor,
        beta: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let mut dx = vec![0.0; x.elem_count()];
        let (mut dgamma, mut dbeta) = (vec![0.0; gamma.elem_count()], vec![0.0; beta.elem_count()]);
        with_values([x, gamma, dy], |[x, gamma, dy]| {
            let sums = (&mut dgamma[..], &mut dbeta[..]);
            math::layer_norm_backward(x, gamma, self.eps, dy, &mut dx, sums);
            Ok(())
        })?;
        Ok((Some(tensor(dx, x)?), Some(tensor(dgamma, gamma)?), Some(tensor(dbeta, beta)?)))
    }
}

/// Layer normalisation over the last dimension of x `[tokens, hidden]`.
pub fn layer_norm(x: &Tensor, gamma: &Tensor, beta: &Tensor, eps: f32) -> Result<Tensor> {
    x.apply_op3(gamma, beta, LayerNorm { eps })
}

struct Attention {
    lengths: Arc<[usize]>,
    heads: Heads,
}

impl CustomOp1 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, qkv: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (tokens, hidden) = (layout.shape().dims2()?.0, self.heads.hidden());
        let mut out = vec![0.0; tokens * hidden];
        attention(values(qkv, layout)?, &self.lengths, self.heads, &mut out);
        Ok((CpuStorage::F32(out), Shape::from((tokens, hidden))))
    }

    fn bwd(&self, qkv: &Tensor, _: &Tensor, d_out: &Tensor) -> Result<Option<Tensor>> {
        let mut d_qkv = vec![0.0; qkv.elem_count()];
        with_values([qkv, d_out], |[values, d_out]| {
            attention_backward(values, &self.lengths, self.heads, d_out, &mut d_qkv);
            Ok(())
        })?;
        Ok(Some(tensor(d_qkv, qkv)?))
    }
}

/// Self-attention of packed sequences; `qkv` is `[tokens, 3 * hidden]`.
pub fn self_attention(qkv: &Tensor, lengths: &Arc<[usize]>, heads: Heads) -> Result<Tensor> {
    qkv.apply_op1(Attention { lengths: Arc::clone(lengths), heads })
}

struct Gelu;

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(x, layout)?;
        let mut y = vec![0.0; x.len()];
        math::gelu(x, &mut y);
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let mut dx = vec![0.0; x.elem_count()];
        with_values([x, dy], |[x, dy]| {
            math::gelu_backward(x, dy, &mut dx);
            Ok(())
        })?;
        Ok(Some(tensor(dx, x)?))
    }
}

/// GELU by the error function.
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    x.apply_op1(Gelu)
}

/// Zeroes values at random and scales the others up; the same seed gives the same mask.
#[derive(Debug, Clone, Copy)]
pub struct Dropout {
    /// Share of the values that are zeroed; 0 leaves all as they are.
    pub rate: f32,
    /// Another seed gives another mask.
    pub seed: u64,
}

impl Dropout {
    /// No dropout.
    pub const NONE: Self = Self { rate: 0.0, seed: 0 };

    fn apply(&self, x: &[f32]) -> Vec<f32> {
        let mut y = x.to_vec();
        if self.rate > 0.0 {
            self.mask(&mut y);
        }
        y
    }

    fn mask(&self, values: &mut [f32]) {
        let keep = ((1.0 - f64::from(self.rate)) * f64::from(u32::MAX)) as u32;
        let scale = 1.0 / (1.0 - self.rate);
        for (i, value) in values.iter_mut().enumerate() {
            *value *= if hash(self.seed, i as u64) <= keep { scale } else { 0.0 };
        }
    }
}

/// 32 well-mixed bits of a seed and a counter (the finaliser of SplitMix64).
fn hash(seed: u64, counter: u64) -> u32 {
    let mut z = seed ^ counter.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z >> 32) as u32
}

impl CustomOp1 for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(self.apply(values(x, layout)?)), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dx = with_values([dy], |[dy]| Ok(self.apply(dy)))?;
        Ok(Some(tensor(dx, x)?))
    }
}

/// `dropout(x)`.
pub fn dropout(x: &Tensor, dropout: Dropout) -> Result<Tensor> {
    x.apply_op1(dropout)
}

/// `dropout(x) + residual`, on the calling thread alone (candle's own addition takes turns in a
/// pool of threads, which makes shards wait for each other).
struct AddResidual(Dropout);

impl CustomOp2 for AddResidual {
    fn name(&self) -> &'static str {
        "add-residual"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        residual: &CpuStorage,
        residual_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let mut y = self.0.apply(values(x, x_layout)?);
        math::add(&mut y, values(residual, residual_layout)?);
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        _: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let dx = with_values([dy], |[dy]| Ok(self.0.apply(dy)))?;
        Ok((Some(tensor(dx, x)?), Some(dy.clone())))
    }
}

/// `dropout(x) + residual` for tensors of one shape.
pub fn add_residual(x: &Tensor, residual: &Tensor, dropout: Dropout) -> Result<Tensor> {
    x.apply_op2(residual, AddResidual(dropout))
}

/// Weighted binary cross-entropy on logits, summed.
struct BinaryCrossEntropy {
    targets: Vec<f32>,
    weights: Vec<f32>,
}

impl CustomOp1 for BinaryCrossEntropy {
    fn name(&self) -> &'static str {
        "binary-cross-entropy"
    }

    fn cpu_fwd(&self, logits: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let logits = values(logits, layout)?;
        if logits.len() != self.targets.len() || logits.len() != self.weights.len() {
            bail!("{} logits for {} targets", logits.len(), self.targets.len());
        }
        let loss: f32 = logits
            .iter()
            .zip(&self.targets)
            .zip(&self.weights)
            .map(|((z, y), w)| w * (z.max(0.0) - z * y + (-z.abs()).exp().ln_1p()))
            .sum();
        Ok((CpuStorage::F32(vec![loss]), Shape::from(())))
    }

    fn bwd(&self, logits: &Tensor, _: &Tensor, d_loss: &Tensor) -> Result<Option<Tensor>> {
        let scale = d_loss.to_scalar::<f32>()?;
        let dz = with_values([logits], |[logits]| {
            let pairs = logits.iter().zip(&self.targets).zip(&self.weights);
            Ok(pairs.map(|((z, y), w)| scale * w * (math::sigmoid(*z) - y)).collect())
        })?;
        Ok(Some(tensor(dz, logits)?))
    }
}

/// `Σ w · BCE(σ(logit), target)` over all values; `targets` and `weights` as many as logits.
///
/// Targets may lie between 0 and 1.
pub fn binary_cross_entropy(
    logits: &Tensor,
    targets: Vec<f32>,
    weights: Vec<f32>,
) -> Result<Tensor> {
    logits.apply_op1(BinaryCrossEntropy { targets, weights })
}
