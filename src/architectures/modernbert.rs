//! ModernBERT: rotary positions, attention near by in most layers, gated units.

use candle_core::{D, DType, Device, IndexOp, Tensor};
use candle_nn::{LayerNorm, Linear, Module, layer_norm_no_bias, linear, linear_no_bias};
use candle_transformers::models::modernbert::{self, ModernBert};
use serde::Deserialize;

use super::Forward;
use super::tensors::{Shapes, ids, refused, settings};
use crate::model::{Config, ModelError, Tokens, Weights};

/// Fields of `config.json`, with the values that hold where they are missing.
#[derive(Deserialize)]
struct Settings {
    #[serde(default = "default_window")]
    local_attention: usize,
    #[serde(default)]
    classifier_pooling: Pooling,
    /// Of each layer; older files state a period instead.
    layer_types: Option<Vec<LayerType>>,
    global_attn_every_n_layers: Option<usize>,
    /// Of both kinds of layers; older files state them one by one.
    rope_parameters: Option<Rotations>,
    global_rope_theta: Option<f64>,
    local_rope_theta: Option<f64>,
    #[serde(default)]
    norm_bias: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    #[serde(default)]
    classifier_bias: bool,
    #[serde(default = "default_activation")]
    classifier_activation: String,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Pooling {
    #[default]
    Cls,
    Mean,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LayerType {
    FullAttention,
    SlidingAttention,
}

#[derive(Deserialize)]
struct Rotations {
    full_attention: Rotation,
    sliding_attention: Rotation,
}

#[derive(Deserialize)]
struct Rotation {
    rope_type: Option<String>,
    rope_theta: Option<f64>,
}

const GLOBAL_THETA: f64 = 160_000.0;
const LOCAL_THETA: f64 = 10_000.0;

fn default_window() -> usize {
    128
}

fn default_activation() -> String {
    "gelu".to_owned()
}

impl Settings {
    /// What cannot be run.
    fn problem(&self, config: &Config) -> Option<String> {
        let biases = [
            ("norm_bias", self.norm_bias),
            ("attention_bias", self.attention_bias),
            ("mlp_bias", self.mlp_bias),
            ("classifier_bias", self.classifier_bias),
        ];
        if let Some((name, _)) = biases.iter().find(|(_, is_set)| *is_set) {
            return Some(format!("{name} is true; only models without these biases can be used"));
        }
        if self.classifier_activation != "gelu" {
            let activation = &self.classifier_activation;
            return Some(format!(
                "classifier_activation is {activation:?}; only \"gelu\" can be used"
            ));
        }
        let head = config.hidden_size / config.num_attention_heads;
        if !head.is_multiple_of(2) {
            return Some(format!("heads are {head} wide; rotary positions need an even number"));
        }
        let kinds = self.rope_parameters.iter();
        let kinds = kinds.flat_map(|both| [&both.full_attention, &both.sliding_attention]);
        let mut kinds = kinds.filter_map(|rotation| rotation.rope_type.as_deref());
        if let Some(kind) = kinds.find(|kind| *kind != "default") {
            return Some(format!("rope_type is {kind:?}; only \"default\" can be used"));
        }
        None
    }

    /// Every which layer attends to the whole input, beginning with the first.
    fn period(&self, layers: usize) -> Result<usize, ModelError> {
        let Some(types) = &self.layer_types else {
            return match self.global_attn_every_n_layers.unwrap_or(3) {
                0 => Err(ModelError::Config("global_attn_every_n_layers is 0".to_owned())),
                period => Ok(period),
            };
        };
        let second = types.iter().skip(1).position(|kind| *kind == LayerType::FullAttention);
        let period = second.map_or(types.len().max(1), |at| at + 1);
        let is_full = |layer: usize| layer.is_multiple_of(period);
        let fits = |(layer, kind): (usize, &LayerType)| {
            (*kind == LayerType::FullAttention) == is_full(layer)
        };
        if types.len() != layers || !types.iter().enumerate().all(fits) {
            let message = "layer_types must name every layer, full attention at regular distances";
            return Err(ModelError::Config(message.to_owned()));
        }
        Ok(period)
    }

    /// Bases of the rotations: of layers that attend to everything, and of the others.
    fn thetas(&self) -> (f64, f64) {
        let (global, local) = match &self.rope_parameters {
            Some(both) => (both.full_attention.rope_theta, both.sliding_attention.rope_theta),
            None => (self.global_rope_theta, self.local_rope_theta),
        };
        (global.unwrap_or(GLOBAL_THETA), local.unwrap_or(LOCAL_THETA))
    }
}

/// A ModernBERT with its head.
pub struct Classifier {
    model: ModernBert,
    dense: Linear,
    norm: LayerNorm,
    classifier: Linear,
    pooling: Pooling,
}

/// Makes a classifier of `labels` for inputs of at most `longest` tokens.
///
/// # Errors
/// As [`super::Network::load`].
pub fn load(
    config: &Config,
    weights: &Weights,
    labels: usize,
    longest: usize,
) -> Result<Classifier, ModelError> {
    let settings: Settings = settings(config)?;
    if let Some(problem) = settings.problem(config) {
        return Err(ModelError::Config(problem));
    }
    let (hidden, eps) = (config.hidden_size, config.layer_norm_eps);
    let (global_rope_theta, local_rope_theta) = settings.thetas();
    let candle = modernbert::Config {
        vocab_size: config.vocab_size,
        hidden_size: hidden,
        num_hidden_layers: config.num_hidden_layers,
        num_attention_heads: config.num_attention_heads,
        intermediate_size: config.intermediate_size,
        max_position_embeddings: longest,
        layer_norm_eps: eps,
        pad_token_id: 0,
        global_attn_every_n_layers: settings.period(config.num_hidden_layers)?,
        global_rope_theta,
        local_attention: settings.local_attention,
        local_rope_theta,
        classifier_config: None,
    };
    let tensors = shapes(config, labels).take(weights)?;
    let head = tensors.pp("head");
    Ok(Classifier {
        model: ModernBert::load(tensors.clone(), &candle).map_err(refused)?,
        dense: linear_no_bias(hidden, hidden, head.pp("dense")).map_err(refused)?,
        norm: layer_norm_no_bias(hidden, eps, head.pp("norm")).map_err(refused)?,
        classifier: linear(hidden, labels, tensors.pp("classifier")).map_err(refused)?,
        pooling: settings.classifier_pooling,
    })
}

fn shapes(config: &Config, labels: usize) -> Shapes {
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    let mut shapes = Shapes::default();
    shapes.weight("model.embeddings.tok_embeddings", &[config.vocab_size, hidden]);
    shapes.weight("model.embeddings.norm", &[hidden]);
    for layer in 0..config.num_hidden_layers {
        let at = |part: &str| format!("model.layers.{layer}.{part}");
        // The embeddings are normalised before the first layer.
        if layer > 0 {
            shapes.weight(&at("attn_norm"), &[hidden]);
        }
        shapes.weight(&at("attn.Wqkv"), &[3 * hidden, hidden]);
        shapes.weight(&at("attn.Wo"), &[hidden, hidden]);
        shapes.weight(&at("mlp_norm"), &[hidden]);
        shapes.weight(&at("mlp.Wi"), &[2 * inner, hidden]);
        shapes.weight(&at("mlp.Wo"), &[hidden, inner]);
    }
    shapes.weight("model.final_norm", &[hidden]);
    shapes.weight("head.dense", &[hidden, hidden]);
    shapes.weight("head.norm", &[hidden]);
    shapes.biased("classifier", &[labels, hidden]);
    shapes
}

impl Forward for Classifier {
    fn logits(&self, tokens: &Tokens) -> candle_core::Result<Tensor> {
        let mask = Tensor::ones((1, tokens.ids.len()), DType::U32, &Device::Cpu)?;
        let states = self.model.forward(&ids(tokens)?, &mask)?;
        let pooled = match self.pooling {
            Pooling::Cls => states.i((.., 0, ..))?.contiguous()?,
            Pooling::Mean => states.mean(D::Minus2)?,
        };
        let head = self.norm.forward(&self.dense.forward(&pooled)?.gelu_erf()?)?;
        self.classifier.forward(&head)
    }
}
