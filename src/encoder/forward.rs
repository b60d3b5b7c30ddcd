//! The forward pass of a BERT classifier over packed tokens.

use std::sync::Mutex;

use super::attention::Heads;
use super::kernel::{Block, Kernel, Packed, Rows};
use super::math;
use crate::model::{Config, ModelError, PoolerActivation, Tensor, Tokens, Weights};

/// A model ready to run on one kernel.
pub trait Engine: Send + Sync {
    /// Logits `[inputs, labels]` of a batch, on the calling thread.
    fn logits(&self, batch: &[&Tokens]) -> Vec<f32>;

    /// Name of the kernel.
    fn kernel(&self) -> &'static str;
}

/// A dense layer: packed weight `[out, in]` and bias `[out]`.
struct Dense<K: Kernel> {
    weight: Packed<K::Value>,
    bias: Vec<f32>,
}

impl<K: Kernel> Dense<K> {
    /// Layers over the same input, side by side.
    fn load(
        kernel: K,
        weights: &mut Weights,
        names: &[String],
        (outer, inner): (usize, usize),
    ) -> Result<Self, ModelError> {
        let (mut all, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            all.extend(weights.take(&format!("{name}.weight"), &[outer, inner])?);
            bias.extend(weights.take(&format!("{name}.bias"), &[outer])?);
        }
        let mut weight = Packed::new();
        kernel.pack_columns(&Rows::from_f32(&all, bias.len(), inner), &mut weight);
        Ok(Self { weight, bias })
    }

    /// Gives `x wᵀ + b` block by block to `each`.
    fn apply(&self, kernel: K, x: &Rows<K::Value>, mut each: impl FnMut(Block)) {
        kernel.product(x, &self.weight, &mut |mut block| {
            block.add_bias(&self.bias);
            each(block);
        });
    }
}

struct Norm {
    gamma: Vec<f32>,
    beta: Vec<f32>,
    eps: f32,
}

impl Norm {
    fn load(weights: &mut Weights, name: &str, config: &Config) -> Result<Self, ModelError> {
        let mut take = |part| weights.take(&format!("{name}.{part}"), &[config.hidden_size]);
        Ok(Self { gamma: take("weight")?, beta: take("bias")?, eps: config.layer_norm_eps as f32 })
    }

    fn apply(&self, x: &[f32], out: &mut [f32]) {
        math::layer_norm(x, &self.gamma, &self.beta, self.eps, out);
    }
}

struct Layer<K: Kernel> {
    /// Queries, keys and values side by side.
    projected: Dense<K>,
    attended: Dense<K>,
    attended_norm: Norm,
    widened: Dense<K>,
    narrowed: Dense<K>,
    narrowed_norm: Norm,
}

impl<K: Kernel> Layer<K> {
    fn load(
        kernel: K,
        weights: &mut Weights,
        config: &Config,
        index: usize,
    ) -> Result<Self, ModelError> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let at = |part: &str| format!("encoder.layer.{index}.{part}");
        let qkv = ["query", "key", "value"].map(|part| at(&format!("attention.self.{part}")));
        let mut dense = |names: &[String], shape| Dense::load(kernel, weights, names, shape);
        let projected = dense(&qkv, (hidden, hidden))?;
        let attended = dense(&[at("attention.output.dense")], (hidden, hidden))?;
        let widened = dense(&[at("intermediate.dense")], (inner, hidden))?;
        let narrowed = dense(&[at("output.dense")], (hidden, inner))?;
        Ok(Self {
            projected,
            attended,
            attended_norm: Norm::load(weights, &at("attention.output.LayerNorm"), config)?,
            widened,
            narrowed,
            narrowed_norm: Norm::load(weights, &at("output.LayerNorm"), config)?,
        })
    }
}

/// Buffers of one forward pass, kept from batch to batch.
struct Buffers<K: Kernel> {
    /// The tokens' states, exact and as left factor.
    x: Vec<f32>,
    factor: Rows<K::Value>,
    sum: Vec<f32>,
    qkv: Rows<K::Value>,
    attended: Rows<K::Value>,
    wide: Rows<K::Value>,
}

impl<K: Kernel> Default for Buffers<K> {
    fn default() -> Self {
        Self {
            x: Vec::new(),
            factor: Rows::new(),
            sum: Vec::new(),
            qkv: Rows::new(),
            attended: Rows::new(),
            wide: Rows::new(),
        }
    }
}

/// A BERT sequence classifier, ready to run.
pub struct Network<K: Kernel> {
    kernel: K,
    /// Read row by row as it stands in the file: most of its rows are never asked for.
    word: Tensor,
    position: Vec<f32>,
    token_type: Vec<f32>,
    embedded_norm: Norm,
    layers: Vec<Layer<K>>,
    pooler: (Vec<f32>, Vec<f32>),
    pooler_activation: PoolerActivation,
    classifier: (Vec<f32>, Vec<f32>),
    heads: Heads,
    hidden: usize,
    /// Buffers that no thread uses now.
    buffers: Mutex<Vec<Buffers<K>>>,
}

impl<K: Kernel> Network<K> {
    /// Takes the tensors of a classifier out of `weights`.
    ///
    /// # Errors
    /// [`ModelError::Weights`] for a tensor that is missing or has another shape.
    pub fn load(kernel: K, config: &Config, mut weights: Weights) -> Result<Self, ModelError> {
        let weights = &mut weights;
        let hidden = config.hidden_size;
        let table = |weights: &mut Weights, name: &str, rows| {
            weights.take(&format!("embeddings.{name}_embeddings.weight"), &[rows, hidden])
        };
        let small = |weights: &mut Weights, name: &str, outer: usize| {
            let weight = weights.take(&format!("{name}.weight"), &[outer, hidden])?;
            Ok::<_, ModelError>((weight, weights.take(&format!("{name}.bias"), &[outer])?))
        };
        Ok(Self {
            kernel,
            word: {
                let shape = [config.vocab_size, hidden];
                weights.get("embeddings.word_embeddings.weight", &shape)?.clone()
            },
            position: table(weights, "position", config.max_position_embeddings)?,
            token_type: table(weights, "token_type", config.type_vocab_size)?,
            embedded_norm: Norm::load(weights, "embeddings.LayerNorm", config)?,
            layers: (0..config.num_hidden_layers)
                .map(|index| Layer::load(kernel, weights, config, index))
                .collect::<Result<_, _>>()?,
            pooler: small(weights, "pooler.dense", hidden)?,
            pooler_activation: config.pooler_activation,
            classifier: small(weights, "classifier", config.taxonomy()?.len())?,
            heads: Heads {
                count: config.num_attention_heads,
                width: hidden / config.num_attention_heads,
            },
            hidden,
            buffers: Mutex::default(),
        })
    }

    fn embed(&self, batch: &[&Tokens], b: &mut Buffers<K>) {
        let hidden = self.hidden;
        b.sum.clear();
        for tokens in batch {
            for (position, id) in tokens.ids.iter().enumerate() {
                let first = b.sum.len();
                let row = |index: usize| index * hidden..(index + 1) * hidden;
                b.sum.resize(first + hidden, 0.0);
                let token = &mut b.sum[first..];
                self.word.read_row(*id as usize, token);
                math::add(token, &self.position[row(position)]);
                math::add(token, &self.token_type[row(usize::from(position >= tokens.first))]);
            }
        }
        self.normalise(&self.embedded_norm, b);
    }

    /// The sums, normalised, become the states.
    fn normalise(&self, norm: &Norm, b: &mut Buffers<K>) {
        b.x.resize(b.sum.len(), 0.0);
        norm.apply(&b.sum, &mut b.x);
        b.factor.fill_from(&b.x, b.x.len() / self.hidden, self.hidden);
    }

    fn attend(&self, layer: &Layer<K>, lengths: &[usize], b: &mut Buffers<K>) {
        b.qkv.reset(b.factor.rows(), 3 * self.hidden);
        layer.projected.apply(self.kernel, &b.factor, |block| b.qkv.put(&block));
        self.kernel.attention(&b.qkv, lengths, self.heads, &mut b.attended);
    }

    /// Keeps only the first token of every sequence: nothing else of the last layer is read.
    fn keep_first(&self, lengths: &[usize], b: &mut Buffers<K>) {
        let hidden = self.hidden;
        let mut at = 0;
        for (i, len) in lengths.iter().enumerate() {
            b.x.copy_within(at * hidden..(at + 1) * hidden, i * hidden);
            b.attended.copy_row(at, i);
            at += len;
        }
        b.x.truncate(lengths.len() * hidden);
        b.attended.truncate(lengths.len());
    }

    fn feed(&self, layer: &Layer<K>, b: &mut Buffers<K>) {
        let hidden = self.hidden;
        b.sum.resize(b.x.len(), 0.0);
        layer.attended.apply(self.kernel, &b.attended, |mut block| {
            block.add(&b.x, hidden);
            block.copy_to(&mut b.sum, hidden);
        });
        self.normalise(&layer.attended_norm, b);
        b.wide.reset(b.factor.rows(), layer.widened.bias.len());
        layer.widened.apply(self.kernel, &b.factor, |block| {
            self.kernel.gelu(block.values);
            b.wide.put(&block);
        });
        layer.narrowed.apply(self.kernel, &b.wide, |mut block| {
            block.add(&b.x, hidden);
            block.copy_to(&mut b.sum, hidden);
        });
        self.normalise(&layer.narrowed_norm, b);
    }

    /// Pooler and classifier over the first tokens.
    fn classify(&self, x: &[f32]) -> Vec<f32> {
        let (weight, bias) = &self.pooler;
        let mut pooled = vec![0.0; x.len()];
        math::dense(x, weight, bias, &mut pooled);
        for value in &mut pooled {
            *value = match self.pooler_activation {
                PoolerActivation::Tanh => value.tanh(),
                PoolerActivation::Relu => value.max(0.0),
            };
        }
        let (weight, bias) = &self.classifier;
        let mut logits = vec![0.0; x.len() / self.hidden * bias.len()];
        math::dense(&pooled, weight, bias, &mut logits);
        logits
    }
}

impl<K: Kernel> Engine for Network<K> {
    fn logits(&self, batch: &[&Tokens]) -> Vec<f32> {
        let pool = || self.buffers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut b = pool().pop().unwrap_or_default();
        let lengths: Vec<usize> = batch.iter().map(|tokens| tokens.ids.len()).collect();
        self.embed(batch, &mut b);
        for (index, layer) in self.layers.iter().enumerate() {
            self.attend(layer, &lengths, &mut b);
            if index + 1 == self.layers.len() {
                self.keep_first(&lengths, &mut b);
            }
            self.feed(layer, &mut b);
        }
        let logits = self.classify(&b.x);
        pool().push(b);
        logits
    }

    fn kernel(&self) -> &'static str {
        self.kernel.name()
    }
}
