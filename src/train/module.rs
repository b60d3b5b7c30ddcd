//! The trainable BERT: every operation on the way from embeddings to logits has a gradient.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{Device, Result, Tensor, Var};

use super::ops::{self, Dropout};
use crate::encoder::attention::Heads;
use crate::encoder::kernel::Kernel;
use crate::model::{self, Config, ModelError, Tokens, Weights, encoder_shapes};

/// Standard deviation of a fresh classifier, as in BERT.
const INIT_STD: f32 = 0.02;

const WORDS: &str = "embeddings.word_embeddings.weight";

/// Packed inputs of one forward pass.
pub struct Packed {
    ids: Vec<u32>,
    positions: Vec<u32>,
    types: Vec<u32>,
    starts: Vec<u32>,
    lengths: Arc<[usize]>,
}

impl Packed {
    /// Packs inputs one after the other.
    pub fn new(inputs: &[&Tokens]) -> Self {
        let lengths: Arc<[usize]> = inputs.iter().map(|tokens| tokens.ids.len()).collect();
        let total = lengths.iter().sum();
        let mut packed = Self {
            ids: Vec::with_capacity(total),
            positions: Vec::with_capacity(total),
            types: Vec::with_capacity(total),
            starts: Vec::with_capacity(inputs.len()),
            lengths,
        };
        for tokens in inputs {
            packed.starts.push(packed.ids.len() as u32);
            packed.ids.extend(&tokens.ids);
            packed.positions.extend(0..tokens.ids.len() as u32);
            packed.types.extend((0..tokens.ids.len()).map(|i| u32::from(i >= tokens.first)));
        }
        packed
    }
}

/// The variables of a BERT sequence classifier, by name without the prefix `bert.`.
///
/// The word embeddings stay frozen: their gradient is a dense vocabulary-sized matrix.
pub struct Network {
    variables: BTreeMap<String, Var>,
    words: Vec<f32>,
    config: Config,
    heads: Heads,
}

impl Network {
    /// Takes the weights of a base encoder or classifier. A classifier that is missing, or is one
    /// over other labels, is drawn at random from `seed`.
    ///
    /// # Errors
    /// [`ModelError`] for tensors that are missing or have other shapes.
    pub fn new(
        config: &Config,
        weights: &Weights,
        seed: u64,
    ) -> std::result::Result<Self, ModelError> {
        let hidden = config.hidden_size;
        let labels = config.taxonomy()?.len();
        let mut tensors = BTreeMap::new();
        for (name, shape) in encoder_shapes(config) {
            tensors.insert(name.clone(), weights.get(&name, &shape)?.clone());
        }
        let words = tensors.remove(WORDS).map(|tensor| tensor.data).unwrap_or_default();
        for (name, shape) in
            [("classifier.weight", vec![labels, hidden]), ("classifier.bias", vec![labels])]
        {
            let tensor = match weights.get(name, &shape) {
                Ok(tensor) => tensor.clone(),
                Err(_) => fresh(&shape, seed),
            };
            tensors.insert(name.to_owned(), tensor);
        }
        let variables = tensors
            .into_iter()
            .map(|(name, tensor)| {
                let tensor = Tensor::from_vec(tensor.data, tensor.shape, &Device::Cpu)?;
                Ok((name, Var::from_tensor(&tensor)?))
            })
            .collect::<Result<_>>()
            .map_err(|e| ModelError::Weights(e.to_string()))?;
        let heads =
            Heads { count: config.num_attention_heads, width: hidden / config.num_attention_heads };
        Ok(Self { variables, words, config: config.clone(), heads })
    }

    /// The trainable variables by name.
    pub fn variables(&self) -> &BTreeMap<String, Var> {
        &self.variables
    }

    /// The present values of all tensors, word embeddings included.
    ///
    /// # Errors
    /// When a variable cannot be read.
    pub fn weights(&self) -> Result<Weights> {
        let mut weights = Weights::default();
        for (name, var) in &self.variables {
            let data = var.flatten_all()?.to_vec1()?;
            weights.0.insert(name.clone(), model::Tensor { shape: var.dims().to_vec(), data });
        }
        let shape = vec![self.config.vocab_size, self.config.hidden_size];
        weights.0.insert(WORDS.to_owned(), model::Tensor { shape, data: self.words.clone() });
        Ok(weights)
    }

    /// Logits `[inputs, labels]`.
    ///
    /// # Errors
    /// Those of candle.
    pub fn forward(
        &self,
        packed: &Packed,
        dropout: Dropout,
        kernel: &Arc<dyn Kernel>,
    ) -> Result<Tensor> {
        let mut pass = Pass { network: self, packed, dropout, kernel, masks: 0 };
        let mut x = pass.embed()?;
        for layer in 0..self.config.num_hidden_layers {
            x = pass.layer(&x, layer)?;
        }
        let starts = Tensor::new(packed.starts.as_slice(), &Device::Cpu)?;
        let pooled = pass.linear(&x.index_select(&starts, 0)?, "pooler.dense")?.tanh()?;
        let pooled = pass.drop(&pooled)?;
        pass.linear(&pooled, "classifier")
    }

    fn var(&self, name: &str) -> Result<&Tensor> {
        match self.variables.get(name) {
            Some(var) => Ok(var.as_tensor()),
            None => candle_core::bail!("no variable {name}"),
        }
    }
}

/// One forward pass.
struct Pass<'a> {
    network: &'a Network,
    packed: &'a Packed,
    dropout: Dropout,
    kernel: &'a Arc<dyn Kernel>,
    /// Masks drawn so far: each gets its own seed.
    masks: u64,
}

impl Pass<'_> {
    fn embed(&mut self) -> Result<Tensor> {
        let hidden = self.network.config.hidden_size;
        let mut words = Vec::with_capacity(self.packed.ids.len() * hidden);
        for id in &self.packed.ids {
            let start = *id as usize * hidden;
            words.extend_from_slice(&self.network.words[start..start + hidden]);
        }
        let words = Tensor::from_vec(words, (self.packed.ids.len(), hidden), &Device::Cpu)?;
        let rows = |table: &str, index: &[u32]| {
            let index = Tensor::new(index, &Device::Cpu)?;
            let name = format!("embeddings.{table}_embeddings.weight");
            self.network.var(&name)?.index_select(&index, 0)
        };
        let positions = rows("position", &self.packed.positions)?;
        let types = rows("token_type", &self.packed.types)?;
        let sum = ops::add_residual(&positions, &words, Dropout::NONE)?;
        let sum = ops::add_residual(&types, &sum, Dropout::NONE)?;
        let x = self.norm(&sum, "embeddings.LayerNorm")?;
        self.drop(&x)
    }

    fn layer(&mut self, x: &Tensor, index: usize) -> Result<Tensor> {
        let at = |part: &str| format!("encoder.layer.{index}.{part}");
        let stacked = |part: &str| {
            let parts = ["query", "key", "value"]
                .map(|name| self.network.var(&at(&format!("attention.self.{name}.{part}"))));
            let [query, key, value] = parts;
            Tensor::cat(&[query?, key?, value?], 0)
        };
        let qkv = ops::linear(x, &stacked("weight")?, &stacked("bias")?, self.kernel)?;
        let attended = ops::self_attention(&qkv, &self.packed.lengths, self.network.heads)?;
        let attended = self.linear(&attended, &at("attention.output.dense"))?;
        let sum = ops::add_residual(&attended, x, self.next_mask())?;
        let x = self.norm(&sum, &at("attention.output.LayerNorm"))?;
        let wide = ops::gelu(&self.linear(&x, &at("intermediate.dense"))?)?;
        let narrow = self.linear(&wide, &at("output.dense"))?;
        let sum = ops::add_residual(&narrow, &x, self.next_mask())?;
        self.norm(&sum, &at("output.LayerNorm"))
    }

    fn linear(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        let weight = self.network.var(&format!("{name}.weight"))?;
        let bias = self.network.var(&format!("{name}.bias"))?;
        ops::linear(x, weight, bias, self.kernel)
    }

    fn norm(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        let gamma = self.network.var(&format!("{name}.weight"))?;
        let beta = self.network.var(&format!("{name}.bias"))?;
        ops::layer_norm(x, gamma, beta, self.network.config.layer_norm_eps as f32)
    }

    fn drop(&mut self, x: &Tensor) -> Result<Tensor> {
        ops::dropout(x, self.next_mask())
    }

    fn next_mask(&mut self) -> Dropout {
        self.masks += 1;
        let Dropout { rate, seed } = self.dropout;
        Dropout { rate, seed: seed.wrapping_add(self.masks.wrapping_mul(0xA076_1D64_78BD_642F)) }
    }
}

/// Weights from a normal distribution, biases zero.
fn fresh(shape: &[usize], seed: u64) -> model::Tensor {
    let n = shape.iter().product();
    let mut random = super::Random::new(seed);
    let data = if shape.len() == 1 {
        vec![0.0; n]
    } else {
        (0..n).map(|_| random.normal() * INIT_STD).collect()
    };
    model::Tensor { shape: shape.to_vec(), data }
}
