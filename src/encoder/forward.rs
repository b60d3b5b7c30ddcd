//! The forward pass of a BERT classifier over packed tokens.

use super::attention::{Heads, attention};
use super::kernel::{Kernel, Matrix};
use super::math;
use crate::model::{Config, ModelError, Tokens, Weights};

/// A dense layer: weight `[out, in]` and bias `[out]`.
struct Dense {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Dense {
    fn load(weights: &Weights, name: &str, outer: usize, inner: usize) -> Result<Self, ModelError> {
        let weight = weights.get(&format!("{name}.weight"), &[outer, inner])?.data.clone();
        let bias = weights.get(&format!("{name}.bias"), &[outer])?.data.clone();
        Ok(Self { weight, bias })
    }

    /// Three layers over the same input as one.
    fn stack(parts: [Result<Self, ModelError>; 3]) -> Result<Self, ModelError> {
        let mut all = Self { weight: Vec::new(), bias: Vec::new() };
        for part in parts {
            let part = part?;
            all.weight.extend(part.weight);
            all.bias.extend(part.bias);
        }
        Ok(all)
    }

    /// `out = x wᵀ + b`.
    fn apply(&self, kernel: &dyn Kernel, x: &[f32], out: &mut Vec<f32>) {
        let outer = self.bias.len();
        let inner = self.weight.len() / outer;
        let rows = x.len() / inner;
        out.clear();
        out.resize(rows * outer, 0.0);
        let weight = Matrix::new(&self.weight, outer, inner);
        kernel.product(Matrix::new(x, rows, inner), weight.t(), out);
        math::add_bias(out, &self.bias);
    }
}

struct Norm {
    gamma: Vec<f32>,
    beta: Vec<f32>,
    eps: f32,
}

impl Norm {
    fn load(weights: &Weights, name: &str, config: &Config) -> Result<Self, ModelError> {
        let get = |part| weights.get(&format!("{name}.{part}"), &[config.hidden_size]);
        Ok(Self {
            gamma: get("weight")?.data.clone(),
            beta: get("bias")?.data.clone(),
            eps: config.layer_norm_eps as f32,
        })
    }

    /// `x ← norm(x + residual)`.
    fn apply(&self, x: &mut [f32], residual: &[f32], out: &mut Vec<f32>) {
        math::add(x, residual);
        out.clear();
        out.resize(x.len(), 0.0);
        math::layer_norm(x, &self.gamma, &self.beta, self.eps, out);
    }
}

struct Layer {
    /// Queries, keys and values side by side.
    projected: Dense,
    attended: Dense,
    attended_norm: Norm,
    widened: Dense,
    narrowed: Dense,
    narrowed_norm: Norm,
}

impl Layer {
    fn load(weights: &Weights, config: &Config, index: usize) -> Result<Self, ModelError> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let at = |part: &str| format!("encoder.layer.{index}.{part}");
        let square = |part: &str| Dense::load(weights, &at(part), hidden, hidden);
        Ok(Self {
            projected: Dense::stack(
                ["query", "key", "value"].map(|part| square(&format!("attention.self.{part}"))),
            )?,
            attended: square("attention.output.dense")?,
            attended_norm: Norm::load(weights, &at("attention.output.LayerNorm"), config)?,
            widened: Dense::load(weights, &at("intermediate.dense"), inner, hidden)?,
            narrowed: Dense::load(weights, &at("output.dense"), hidden, inner)?,
            narrowed_norm: Norm::load(weights, &at("output.LayerNorm"), config)?,
        })
    }
}

/// Buffers of one forward pass, kept from batch to batch.
#[derive(Default)]
struct Buffers {
    x: Vec<f32>,
    qkv: Vec<f32>,
    attended: Vec<f32>,
    wide: Vec<f32>,
    gelu: Vec<f32>,
    out: Vec<f32>,
}

/// A BERT sequence classifier, ready to run.
pub struct Network {
    word: Vec<f32>,
    position: Vec<f32>,
    token_type: Vec<f32>,
    embedded_norm: Norm,
    layers: Vec<Layer>,
    pooler: Dense,
    classifier: Dense,
    heads: Heads,
    hidden: usize,
}

impl Network {
    /// Takes the tensors of a classifier.
    ///
    /// # Errors
    /// [`ModelError::Weights`] for a tensor that is missing or has another shape.
    pub fn load(config: &Config, weights: &Weights) -> Result<Self, ModelError> {
        let hidden = config.hidden_size;
        let table = |name: &str, rows| {
            let name = format!("embeddings.{name}_embeddings.weight");
            weights.get(&name, &[rows, hidden]).map(|tensor| tensor.data.clone())
        };
        let labels = config.taxonomy()?.len();
        Ok(Self {
            word: table("word", config.vocab_size)?,
            position: table("position", config.max_position_embeddings)?,
            token_type: table("token_type", config.type_vocab_size)?,
            embedded_norm: Norm::load(weights, "embeddings.LayerNorm", config)?,
            layers: (0..config.num_hidden_layers)
                .map(|index| Layer::load(weights, config, index))
                .collect::<Result<_, _>>()?,
            pooler: Dense::load(weights, "pooler.dense", hidden, hidden)?,
            classifier: Dense::load(weights, "classifier", labels, hidden)?,
            heads: Heads {
                count: config.num_attention_heads,
                width: hidden / config.num_attention_heads,
            },
            hidden,
        })
    }

    /// Logits `[inputs, labels]` of a batch, on this thread.
    pub fn logits(&self, batch: &[&Tokens], kernel: &dyn Kernel) -> Vec<f32> {
        let lengths: Vec<usize> = batch.iter().map(|tokens| tokens.ids.len()).collect();
        let mut buffers = Buffers::default();
        self.embed(batch, &mut buffers);
        for layer in &self.layers {
            self.run_layer(layer, &lengths, kernel, &mut buffers);
        }
        self.classify(&buffers.x, &lengths, kernel)
    }

    fn embed(&self, batch: &[&Tokens], buffers: &mut Buffers) {
        let row = |table: &[f32], index: usize| {
            let start = index * self.hidden;
            table[start..start + self.hidden].to_vec()
        };
        let mut sum = Vec::new();
        for tokens in batch {
            for (position, id) in tokens.ids.iter().enumerate() {
                let mut token = row(&self.word, *id as usize);
                math::add(&mut token, &row(&self.position, position));
                math::add(
                    &mut token,
                    &row(&self.token_type, usize::from(position >= tokens.first)),
                );
                sum.extend_from_slice(&token);
            }
        }
        let nothing = vec![0.0; sum.len()];
        self.embedded_norm.apply(&mut sum, &nothing, &mut buffers.x);
    }

    fn run_layer(&self, layer: &Layer, lengths: &[usize], kernel: &dyn Kernel, b: &mut Buffers) {
        layer.projected.apply(kernel, &b.x, &mut b.qkv);
        b.attended.clear();
        b.attended.resize(b.x.len(), 0.0);
        attention(&b.qkv, lengths, self.heads, &mut b.attended);
        layer.attended.apply(kernel, &b.attended, &mut b.out);
        layer.attended_norm.apply(&mut b.out, &b.x, &mut b.attended);
        layer.widened.apply(kernel, &b.attended, &mut b.wide);
        b.gelu.clear();
        b.gelu.resize(b.wide.len(), 0.0);
        math::gelu(&b.wide, &mut b.gelu);
        layer.narrowed.apply(kernel, &b.gelu, &mut b.out);
        layer.narrowed_norm.apply(&mut b.out, &b.attended, &mut b.x);
    }

    fn classify(&self, x: &[f32], lengths: &[usize], kernel: &dyn Kernel) -> Vec<f32> {
        let mut first = Vec::with_capacity(lengths.len() * self.hidden);
        let mut at = 0;
        for len in lengths {
            first.extend_from_slice(&x[at * self.hidden..(at + 1) * self.hidden]);
            at += len;
        }
        let (mut pooled, mut logits) = (Vec::new(), Vec::new());
        self.pooler.apply(kernel, &first, &mut pooled);
        for value in &mut pooled {
            *value = value.tanh();
        }
        self.classifier.apply(kernel, &pooled, &mut logits);
        logits
    }
}
