//! DeBERTa-v2, and version 3 with it: attention to contents and to relative positions apart.

use candle_core::{Device, Tensor};
use candle_transformers::models::debertav2::{
    self, DebertaV2SeqClassificationModel, HiddenAct, Id2Label,
};
use serde::Deserialize;

use super::Forward;
use super::tensors::{Shapes, ids, refused, settings};
use crate::model::{Config, ModelError, Tokens, Weights};

/// Relative positions beyond which no model goes.
const MAX_RELATIVE: i64 = 1 << 16;

/// Fields of `config.json`, with the values that hold where they are missing.
#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    relative_attention: bool,
    #[serde(default = "unset")]
    max_relative_positions: i64,
    #[serde(default = "yes")]
    position_biased_input: bool,
    #[serde(default)]
    pos_att_type: Option<Parts>,
    #[serde(default = "unset")]
    position_buckets: i64,
    #[serde(default)]
    share_att_key: bool,
    norm_rel_ebd: Option<String>,
    conv_kernel_size: Option<usize>,
    attention_head_size: Option<usize>,
    embedding_size: Option<usize>,
    pooler_hidden_size: Option<usize>,
    pooler_hidden_act: Option<String>,
}

/// `c2p` and `p2c`, as a list or with `|` between them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Parts {
    Joined(String),
    List(Vec<String>),
}

fn unset() -> i64 {
    -1
}

fn yes() -> bool {
    true
}

impl Settings {
    /// What cannot be run.
    fn problem(&self, config: &Config) -> Option<String> {
        if self.conv_kernel_size.is_some_and(|size| size > 0) {
            return Some("conv_kernel_size is set; layers of convolution cannot be run".to_owned());
        }
        let head = config.hidden_size / config.num_attention_heads;
        for (name, value, needed) in [
            ("attention_head_size", self.attention_head_size, head),
            ("embedding_size", self.embedding_size, config.hidden_size),
            ("pooler_hidden_size", self.pooler_hidden_size, config.hidden_size),
        ] {
            if let Some(value) = value.filter(|value| *value != needed) {
                return Some(format!("{name} is {value}; only {needed} can be used here"));
            }
        }
        if let Some(activation) = self.pooler_hidden_act.as_ref().filter(|act| *act != "gelu") {
            return Some(format!("pooler_hidden_act is {activation:?}; only \"gelu\" can be used"));
        }
        if config.type_vocab_size == 1 {
            return Some("type_vocab_size is 1; 0 or at least 2 are needed".to_owned());
        }
        if (1..4).contains(&self.position_buckets)
            || self.position_buckets > MAX_RELATIVE
            || self.span(config) > MAX_RELATIVE
        {
            return Some("position_buckets or max_relative_positions is out of range".to_owned());
        }
        None
    }

    /// Relative positions in each direction that have an embedding.
    fn span(&self, config: &Config) -> i64 {
        if self.position_buckets > 0 { self.position_buckets } else { self.reach(config) }
    }

    /// The largest relative position that is told from farther ones.
    fn reach(&self, config: &Config) -> i64 {
        if self.max_relative_positions > 0 {
            return self.max_relative_positions;
        }
        i64::try_from(config.max_position_embeddings).unwrap_or(i64::MAX)
    }

    fn parts(&self) -> Vec<String> {
        match &self.pos_att_type {
            Some(Parts::Joined(text)) => text.split('|').map(|p| p.trim().to_owned()).collect(),
            Some(Parts::List(list)) => list.clone(),
            None => Vec::new(),
        }
    }

    fn has_normalised_positions(&self) -> bool {
        let kinds = self.norm_rel_ebd.as_deref().unwrap_or_default().split('|');
        self.relative_attention
            && kinds.map(str::trim).any(|kind| kind.eq_ignore_ascii_case("layer_norm"))
    }

    /// The same in candle's words.
    fn candle(&self, config: &Config) -> debertav2::Config {
        let width = |size: i64| isize::try_from(size).unwrap_or(isize::MAX);
        debertav2::Config {
            vocab_size: config.vocab_size,
            hidden_size: config.hidden_size,
            num_hidden_layers: config.num_hidden_layers,
            num_attention_heads: config.num_attention_heads,
            intermediate_size: config.intermediate_size,
            hidden_act: HiddenAct::Gelu,
            hidden_dropout_prob: 0.0,
            attention_probs_dropout_prob: 0.0,
            max_position_embeddings: config.max_position_embeddings,
            type_vocab_size: config.type_vocab_size,
            initializer_range: 0.0,
            layer_norm_eps: config.layer_norm_eps,
            relative_attention: self.relative_attention,
            max_relative_positions: width(self.reach(config)),
            pad_token_id: None,
            position_biased_input: self.position_biased_input,
            pos_att_type: self.parts(),
            position_buckets: Some(width(self.position_buckets)),
            share_att_key: Some(self.share_att_key),
            attention_head_size: None,
            embedding_size: None,
            norm_rel_ebd: self.has_normalised_positions().then(|| "layer_norm".to_owned()),
            conv_kernel_size: None,
            conv_groups: None,
            conv_act: None,
            id2label: None,
            label2id: None,
            pooler_dropout: Some(0.0),
            pooler_hidden_act: Some(HiddenAct::Gelu),
            pooler_hidden_size: Some(config.hidden_size),
            cls_dropout: None,
        }
    }
}

/// A DeBERTa with its head.
pub struct Classifier {
    model: DebertaV2SeqClassificationModel,
}

/// Makes a classifier of `labels`.
///
/// # Errors
/// As [`super::Network::load`].
pub fn load(config: &Config, weights: &Weights, labels: usize) -> Result<Classifier, ModelError> {
    let settings: Settings = settings(config)?;
    if let Some(problem) = settings.problem(config) {
        return Err(ModelError::Config(problem));
    }
    let tensors = shapes(config, &settings, labels).take(weights)?;
    // Only their number counts here.
    let names: Id2Label = (0..).take(labels).map(|id| (id, String::new())).collect();
    let candle = settings.candle(config);
    let model = DebertaV2SeqClassificationModel::load(tensors.pp("deberta"), &candle, Some(names));
    Ok(Classifier { model: model.map_err(refused)? })
}

fn shapes(config: &Config, settings: &Settings, labels: usize) -> Shapes {
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    let square = [hidden, hidden];
    let mut shapes = Shapes::default();
    let embeddings = |name: &str| format!("deberta.embeddings.{name}");
    shapes.weight(&embeddings("word_embeddings"), &[config.vocab_size, hidden]);
    if settings.position_biased_input {
        let positions = config.max_position_embeddings;
        shapes.weight(&embeddings("position_embeddings"), &[positions, hidden]);
    }
    if config.type_vocab_size > 0 {
        shapes.weight(&embeddings("token_type_embeddings"), &[config.type_vocab_size, hidden]);
    }
    shapes.biased(&embeddings("LayerNorm"), &[hidden]);
    let parts = settings.parts();
    let projects = |part: &str| {
        settings.relative_attention && !settings.share_att_key && parts.iter().any(|p| p == part)
    };
    for layer in 0..config.num_hidden_layers {
        let at = |part: &str| format!("deberta.encoder.layer.{layer}.{part}");
        for part in ["query_proj", "key_proj", "value_proj"] {
            shapes.biased(&at(&format!("attention.self.{part}")), &square);
        }
        for (part, name) in [("c2p", "pos_key_proj"), ("p2c", "pos_query_proj")] {
            if projects(part) {
                shapes.biased(&at(&format!("attention.self.{name}")), &square);
            }
        }
        shapes.biased(&at("attention.output.dense"), &square);
        shapes.biased(&at("attention.output.LayerNorm"), &[hidden]);
        shapes.biased(&at("intermediate.dense"), &[inner, hidden]);
        shapes.biased(&at("output.dense"), &[hidden, inner]);
        shapes.biased(&at("output.LayerNorm"), &[hidden]);
    }
    if settings.relative_attention {
        let span = usize::try_from(settings.span(config)).unwrap_or(0);
        shapes.weight("deberta.encoder.rel_embeddings", &[2 * span, hidden]);
    }
    if settings.has_normalised_positions() {
        shapes.biased("deberta.encoder.LayerNorm", &[hidden]);
    }
    shapes.biased("pooler.dense", &square);
    shapes.biased("classifier", &[labels, hidden]);
    shapes
}

impl Forward for Classifier {
    fn logits(&self, tokens: &Tokens) -> candle_core::Result<Tensor> {
        let len = tokens.ids.len();
        let types: Vec<u32> = (0..len).map(|at| u32::from(at >= tokens.first)).collect();
        let types = Tensor::from_vec(types, (1, len), &Device::Cpu)?;
        self.model.forward(&ids(tokens)?, Some(types), None)
    }
}
