//! The forward pass of a BERT classifier over packed tokens.

use std::ops::Range;
use std::sync::Mutex;

use super::attention::Heads;
use super::kernel::{Aligned, Kernel, Packed, Portable, Rows, STRIP};
use super::math::{self, Between};
use crate::model::beside::beside;
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
    /// Layers over the same input, side by side. `rows` is memory to work in.
    fn load(
        kernel: K,
        weights: &Weights,
        names: &[String],
        (outer, inner): (usize, usize),
        rows: &mut Rows<K::Value>,
    ) -> Result<Self, ModelError> {
        let (mut bias, mut row) = (Vec::new(), vec![0.0; inner]);
        rows.reset(names.len() * outer, inner);
        for (index, name) in names.iter().enumerate() {
            let tensor = weights.get(&format!("{name}.weight"), &[outer, inner])?;
            for i in 0..outer {
                tensor.read_row(i, &mut row);
                rows.put_rows(index * outer + i, &row);
            }
            bias.extend_from_slice(&weights.values(&format!("{name}.bias"), &[outer])?);
        }
        let mut weight = Packed::new();
        kernel.pack_columns(rows, &mut weight);
        Ok(Self { weight, bias })
    }

    /// Weight and bias.
    fn both(&self) -> (&Packed<K::Value>, &[f32]) {
        (&self.weight, &self.bias)
    }
}

struct Norm {
    gamma: Vec<f32>,
    beta: Vec<f32>,
    eps: f32,
}

impl Norm {
    fn load(weights: &Weights, name: &str, config: &Config) -> Result<Self, ModelError> {
        let part = |part| weights.values(&format!("{name}.{part}"), &[config.hidden_size]);
        Ok(Self { gamma: part("weight")?, beta: part("bias")?, eps: config.layer_norm_eps as f32 })
    }

    /// With the bias of the product whose sums will be added next.
    fn before<'a>(&'a self, bias: &'a [f32]) -> Between<'a> {
        Between { gamma: &self.gamma, beta: &self.beta, eps: self.eps, bias }
    }
}

struct Layer<K: Kernel> {
    /// Queries, keys and values side by side; of the last layer keys and values.
    projected: Dense<K>,
    /// Queries of the last layer, which only first tokens ask.
    queries: Option<Dense<K>>,
    attended: Dense<K>,
    attended_norm: Norm,
    widened: Dense<K>,
    narrowed: Dense<K>,
    narrowed_norm: Norm,
}

impl<K: Kernel> Layer<K> {
    fn load(
        kernel: K,
        weights: &Weights,
        config: &Config,
        index: usize,
        rows: &mut Rows<K::Value>,
    ) -> Result<Self, ModelError> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let at = |part: &str| format!("encoder.layer.{index}.{part}");
        let qkv = ["query", "key", "value"].map(|part| at(&format!("attention.self.{part}")));
        let mut dense = |names: &[String], shape| Dense::load(kernel, weights, names, shape, rows);
        let last = index + 1 == config.num_hidden_layers;
        let (queries, others) = qkv.split_at(usize::from(last));
        let queries = match queries {
            [] => None,
            queries => Some(dense(queries, (hidden, hidden))?),
        };
        let projected = dense(others, (hidden, hidden))?;
        let attended = dense(&[at("attention.output.dense")], (hidden, hidden))?;
        let widened = dense(&[at("intermediate.dense")], (inner, hidden))?;
        let narrowed = dense(&[at("output.dense")], (hidden, inner))?;
        Ok(Self {
            projected,
            queries,
            attended,
            attended_norm: Norm::load(weights, &at("attention.output.LayerNorm"), config)?,
            widened,
            narrowed,
            narrowed_norm: Norm::load(weights, &at("output.LayerNorm"), config)?,
        })
    }

    /// All layers, the halves of them side by side.
    fn load_all(kernel: K, weights: &Weights, config: &Config) -> Result<Vec<Self>, ModelError> {
        let load = |range: Range<usize>| {
            let mut rows = Rows::new();
            let layers = range.map(|index| Self::load(kernel, weights, config, index, &mut rows));
            layers.collect::<Result<Vec<_>, _>>()
        };
        let (half, all) = (config.num_hidden_layers / 2, config.num_hidden_layers);
        let (first, second) = beside(|| load(0..half), || load(half..all));
        let mut layers = first?;
        layers.extend(second?);
        Ok(layers)
    }
}

/// Buffers of one forward pass, kept from batch to batch.
struct Buffers<K: Kernel> {
    /// What the next norm is taken of: the tokens' states, and sums that are added to them.
    sums: Aligned<f32>,
    /// Values of `sums` that count.
    size: usize,
    /// The tokens' states as left factor.
    factor: Rows<K::Value>,
    qkv: Rows<K::Value>,
    attended: Rows<K::Value>,
    wide: Rows<K::Value>,
}

impl<K: Kernel> Default for Buffers<K> {
    fn default() -> Self {
        Self {
            sums: Aligned::default(),
            size: 0,
            factor: Rows::new(),
            qkv: Rows::new(),
            attended: Rows::new(),
            wide: Rows::new(),
        }
    }
}

impl<K: Kernel> Buffers<K> {
    /// The sums are normalised: the states of the tokens.
    fn normalise(&mut self, kernel: K, between: Between) {
        kernel.normalise(&mut self.sums.values_mut()[..self.size], between, &mut self.factor);
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
    /// Exact on any kernel: there is little to do.
    pooler: Dense<Portable>,
    pooler_activation: PoolerActivation,
    classifier: Dense<Portable>,
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
    pub fn load(kernel: K, config: &Config, weights: Weights) -> Result<Self, ModelError> {
        let hidden = config.hidden_size;
        let table = |name: &str, rows| {
            weights.values(&format!("embeddings.{name}_embeddings.weight"), &[rows, hidden])
        };
        let exact = |name: &str, outer| {
            let shape = (outer, hidden);
            Dense::load(Portable, &weights, &[name.to_owned()], shape, &mut Rows::new())
        };
        Ok(Self {
            kernel,
            word: {
                let shape = [config.vocab_size, hidden];
                weights.get("embeddings.word_embeddings.weight", &shape)?.clone()
            },
            position: table("position", config.max_position_embeddings)?,
            token_type: table("token_type", config.type_vocab_size)?,
            embedded_norm: Norm::load(&weights, "embeddings.LayerNorm", config)?,
            layers: Layer::load_all(kernel, &weights, config)?,
            pooler: exact("pooler.dense", hidden)?,
            pooler_activation: config.pooler_activation,
            classifier: exact("classifier", config.taxonomy()?.len())?,
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
        let tokens: usize = batch.iter().map(|tokens| tokens.ids.len()).sum();
        b.size = tokens * hidden;
        b.sums.reserve(tokens.next_multiple_of(STRIP) * hidden);
        let mut rows = b.sums.values_mut().chunks_exact_mut(hidden);
        let row = |index: usize| index * hidden..(index + 1) * hidden;
        for tokens in batch {
            for ((position, id), token) in tokens.ids.iter().enumerate().zip(&mut rows) {
                self.word.read_row(*id as usize, token);
                math::add(token, &self.position[row(position)]);
                math::add(token, &self.token_type[row(usize::from(position >= tokens.first))]);
            }
        }
    }

    /// Keeps only the first token of every sequence: nothing else of the last layer is read.
    fn keep_first(&self, lengths: &[usize], b: &mut Buffers<K>) {
        let hidden = self.hidden;
        let mut at = 0;
        for (i, len) in lengths.iter().enumerate() {
            b.sums.values_mut().copy_within(at * hidden..(at + 1) * hidden, i * hidden);
            b.factor.copy_row(at, i);
            at += len;
        }
        b.size = lengths.len() * hidden;
        b.factor.truncate(lengths.len());
    }

    /// From the normalised states to the sums before the last norm of the layer.
    fn run(&self, layer: &Layer<K>, lengths: &[usize], b: &mut Buffers<K>) {
        let (kernel, heads) = (self.kernel, self.heads);
        kernel.project(&b.factor, layer.projected.both(), &mut b.qkv);
        if let Some(queries) = &layer.queries {
            self.keep_first(lengths, b);
            kernel.project(&b.factor, queries.both(), &mut b.wide);
            kernel.attention_of_first(&b.wide, &b.qkv, lengths, heads, &mut b.attended);
        } else {
            kernel.attention(&b.qkv, lengths, heads, &mut b.attended);
        }
        kernel.add_product(&b.attended, &layer.attended.weight, b.sums.values_mut());
        b.normalise(kernel, layer.attended_norm.before(&layer.narrowed.bias));
        let (up, down) = (layer.widened.both(), &layer.narrowed.weight);
        kernel.feed_forward(&b.factor, up, down, &mut b.wide, b.sums.values_mut());
    }

    /// States of the first tokens of all sequences.
    fn first_states<'b>(&self, batch: &[&Tokens], b: &'b mut Buffers<K>) -> &'b [f32] {
        let lengths: Vec<usize> = batch.iter().map(|tokens| tokens.ids.len()).collect();
        let nothing = vec![0.0; self.hidden];
        self.embed(batch, b);
        let mut norm = &self.embedded_norm;
        for layer in &self.layers {
            b.normalise(self.kernel, norm.before(&layer.attended.bias));
            self.run(layer, &lengths, b);
            norm = &layer.narrowed_norm;
        }
        b.normalise(self.kernel, norm.before(&nothing));
        &b.sums.values()[..b.size]
    }

    /// Pooler and classifier over the first tokens.
    fn classify(&self, x: &[f32]) -> Vec<f32> {
        let x = Rows::from_f32(x, x.len() / self.hidden, self.hidden);
        let (mut pooled, mut logits) = (Rows::new(), Rows::new());
        Portable.project(&x, self.pooler.both(), &mut pooled);
        match self.pooler_activation {
            PoolerActivation::Tanh => math::tanh(pooled.data_mut()),
            PoolerActivation::Relu => pooled.data_mut().iter_mut().for_each(|x| *x = x.max(0.0)),
        }
        Portable.project(&pooled, self.classifier.both(), &mut logits);
        logits.to_f32()
    }
}

impl<K: Kernel> Engine for Network<K> {
    fn logits(&self, batch: &[&Tokens]) -> Vec<f32> {
        let pool = || self.buffers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut b = pool().pop().unwrap_or_default();
        let logits = self.classify(self.first_states(batch, &mut b));
        pool().push(b);
        logits
    }

    fn kernel(&self) -> &'static str {
        self.kernel.name()
    }
}
