//! Pooler, classifier and loss, differentiated by candle.

use candle_core::{Device, Result, Tensor, Var};

use super::parameters::{Dense, Parameters};
use crate::encoder::math::Dropout;

/// What the samples of a batch should yield: `[samples, labels]`, row after row.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// Between 0 and 1.
    pub targets: Vec<f32>,
    /// Weights of the terms of the loss.
    pub weights: Vec<f32>,
}

/// A loss and its gradients.
pub struct Judged {
    /// `Σ w · BCE(σ(logit), target)`.
    pub loss: f32,
    /// Gradient of the first tokens' states `[samples, hidden]`.
    pub d_first: Vec<f32>,
}

/// Judges the first tokens' states and writes the gradients of pooler and classifier to their
/// places in `gradients`.
///
/// # Errors
/// Those of candle; when the targets do not fit the samples.
pub fn judge(
    parameters: &Parameters,
    first: &[f32],
    targets: &Targets,
    dropout: Dropout,
    gradients: &mut [f32],
) -> Result<Judged> {
    let layout = &parameters.layout;
    let hidden = layout.pooler.bias.len();
    let samples = first.len() / hidden;
    let x = Var::from_slice(first, (samples, hidden), &Device::Cpu)?;
    let pooler = Linear::new(parameters, &layout.pooler)?;
    let classifier = Linear::new(parameters, &layout.classifier)?;
    let mut mask = vec![1.0; first.len()];
    dropout.apply(&mut mask);
    let mask = Tensor::from_vec(mask, (samples, hidden), &Device::Cpu)?;
    let pooled = pooler.forward(&x)?.tanh()?.mul(&mask)?;
    let logits = classifier.forward(&pooled)?;
    let loss = binary_cross_entropy(&logits, targets)?;
    let store = loss.backward()?;
    let gradient = |var: &Var| match store.get(var.as_tensor()) {
        Some(gradient) => gradient.flatten_all()?.to_vec1::<f32>(),
        None => candle_core::bail!("a parameter of the classifier has no gradient"),
    };
    for (linear, place) in [(&pooler, &layout.pooler), (&classifier, &layout.classifier)] {
        gradients[place.weight.clone()].copy_from_slice(&gradient(&linear.weight)?);
        gradients[place.bias.clone()].copy_from_slice(&gradient(&linear.bias)?);
    }
    Ok(Judged { loss: loss.to_scalar()?, d_first: gradient(&x)? })
}

struct Linear {
    weight: Var,
    bias: Var,
}

impl Linear {
    fn new(parameters: &Parameters, place: &Dense) -> Result<Self> {
        let (outer, size) = (place.bias.len(), place.weight.len());
        let values = |range: &std::ops::Range<usize>| &parameters.values[range.clone()];
        Ok(Self {
            weight: Var::from_slice(values(&place.weight), (outer, size / outer), &Device::Cpu)?,
            bias: Var::from_slice(values(&place.bias), outer, &Device::Cpu)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)
    }
}

/// `Σ w · (max(z, 0) − z y + ln(1 + e^−|z|))` over all logits z.
fn binary_cross_entropy(logits: &Tensor, targets: &Targets) -> Result<Tensor> {
    let shape = logits.shape();
    let y = Tensor::from_slice(&targets.targets, shape, &Device::Cpu)?;
    let w = Tensor::from_slice(&targets.weights, shape, &Device::Cpu)?;
    let soft = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    let terms = ((logits.relu()? - (logits * y)?)? + soft)?;
    (terms * w)?.sum_all()
}
