//! The trainable numbers of a BERT classifier, one after the other in one slice.

use std::ops::Range;

use crate::encoder::math;
use crate::model::{self, Config, ModelError, Weights};

/// Standard deviation of a fresh classifier, as in BERT.
const INIT_STD: f32 = 0.02;

const WORDS: &str = "embeddings.word_embeddings.weight";

/// One tensor among the parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Name without the prefix `bert.`.
    pub name: String,
    pub shape: Vec<usize>,
    /// Where its values lie.
    pub range: Range<usize>,
}

/// Places of a dense layer's weight and bias.
#[derive(Debug, Clone)]
pub struct Dense {
    pub weight: Range<usize>,
    pub bias: Range<usize>,
}

/// Places of an encoder layer's parts. Queries, keys and values lie side by side.
#[derive(Debug, Clone)]
pub struct Layer {
    pub projected: Dense,
    pub attended: Dense,
    pub attended_norm: Dense,
    pub widened: Dense,
    pub narrowed: Dense,
    pub narrowed_norm: Dense,
}

/// Where everything lies.
#[derive(Debug, Clone)]
pub struct Layout {
    pub entries: Vec<Entry>,
    pub positions: Range<usize>,
    pub types: Range<usize>,
    pub embedded_norm: Dense,
    pub layers: Vec<Layer>,
    pub pooler: Dense,
    pub classifier: Dense,
}

impl Layout {
    fn new(config: &Config, labels: usize) -> Self {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let mut entries = Vec::new();
        let mut at = 0;
        let mut place = |name: String, shape: &[usize]| {
            let range = at..at + shape.iter().product::<usize>();
            at = range.end;
            entries.push(Entry { name, shape: shape.to_vec(), range: range.clone() });
            range
        };
        let table = |name: &str| format!("embeddings.{name}_embeddings.weight");
        let positions = place(table("position"), &[config.max_position_embeddings, hidden]);
        let types = place(table("token_type"), &[config.type_vocab_size, hidden]);
        let norm = |place: &mut dyn FnMut(String, &[usize]) -> Range<usize>, name: &str| Dense {
            weight: place(format!("{name}.weight"), &[hidden]),
            bias: place(format!("{name}.bias"), &[hidden]),
        };
        let embedded_norm = norm(&mut place, "embeddings.LayerNorm");
        // Several layers over one input: all weights, then all biases.
        let dense = |place: &mut dyn FnMut(String, &[usize]) -> Range<usize>,
                     names: &[String],
                     outer: usize,
                     inner: usize| {
            let mut all = |part: &str, shape: &[usize]| {
                let ranges: Vec<_> =
                    names.iter().map(|name| place(format!("{name}.{part}"), shape)).collect();
                ranges[0].start..ranges[ranges.len() - 1].end
            };
            Dense { weight: all("weight", &[outer, inner]), bias: all("bias", &[outer]) }
        };
        let mut layers = Vec::new();
        for layer in 0..config.num_hidden_layers {
            let at = |part: &str| format!("encoder.layer.{layer}.{part}");
            let qkv = ["query", "key", "value"].map(|part| at(&format!("attention.self.{part}")));
            layers.push(Layer {
                projected: dense(&mut place, &qkv, hidden, hidden),
                attended: dense(&mut place, &[at("attention.output.dense")], hidden, hidden),
                attended_norm: norm(&mut place, &at("attention.output.LayerNorm")),
                widened: dense(&mut place, &[at("intermediate.dense")], inner, hidden),
                narrowed: dense(&mut place, &[at("output.dense")], hidden, inner),
                narrowed_norm: norm(&mut place, &at("output.LayerNorm")),
            });
        }
        let pooler = dense(&mut place, &["pooler.dense".to_owned()], hidden, hidden);
        let classifier = dense(&mut place, &["classifier".to_owned()], labels, hidden);
        Self { entries, positions, types, embedded_norm, layers, pooler, classifier }
    }
}

/// The values. The word embeddings stay frozen: their gradient is a dense vocabulary-sized matrix.
#[derive(Debug, Clone)]
pub struct Parameters {
    pub values: Vec<f32>,
    /// Running mean of the values over the steps; empty when none is wanted.
    pub average: Vec<f32>,
    pub layout: Layout,
    pub words: Vec<f32>,
    words_shape: Vec<usize>,
}

impl Parameters {
    /// Takes the weights of a base encoder or classifier. A classifier that is missing, or is one
    /// over other labels, is drawn at random from `seed`.
    ///
    /// # Errors
    /// [`ModelError`] for tensors that are missing or have other shapes.
    pub fn new(config: &Config, weights: &Weights, seed: u64) -> Result<Self, ModelError> {
        let layout = Layout::new(config, config.taxonomy()?.len());
        let mut values = Vec::new();
        for entry in &layout.entries {
            match weights.get(&entry.name, &entry.shape) {
                Ok(tensor) => values.extend_from_slice(&tensor.values()),
                Err(_) if entry.name.starts_with("classifier.") => {
                    values.extend(fresh(&entry.shape, seed));
                }
                Err(error) => return Err(error),
            }
        }
        let words_shape = vec![config.vocab_size, config.hidden_size];
        let words = weights.get(WORDS, &words_shape)?.values().into_owned();
        Ok(Self { values, average: Vec::new(), layout, words, words_shape })
    }

    /// Takes the values after step `step` (from 1) into their running mean. It forgets by
    /// `decay` at most, faster in the first steps.
    pub fn take_average(&mut self, decay: f32, step: u64) {
        let step = step as f32;
        let share = 1.0 - decay.min(step / (step + 10.0));
        self.average.resize(self.values.len(), 0.0);
        math::move_towards(&mut self.average, &self.values, share);
    }

    /// The values as tensors, word embeddings included: their running mean where there is one.
    pub fn weights(&self) -> Weights {
        let values = if self.average.is_empty() { &self.values } else { &self.average };
        let mut weights = Weights::default();
        let mut add = |name: &str, shape: &[usize], data: &[f32]| {
            let tensor = model::Tensor::new(shape.to_vec(), data.to_vec());
            weights.0.insert(name.to_owned(), tensor);
        };
        for entry in &self.layout.entries {
            add(&entry.name, &entry.shape, &values[entry.range.clone()]);
        }
        add(WORDS, &self.words_shape, &self.words);
        weights
    }
}

/// Weights from a normal distribution, biases zero.
fn fresh(shape: &[usize], seed: u64) -> Vec<f32> {
    let n = shape.iter().product();
    let mut random = crate::random::Random::new(seed);
    if shape.len() == 1 {
        vec![0.0; n]
    } else {
        (0..n).map(|_| random.normal() * INIT_STD).collect()
    }
}
