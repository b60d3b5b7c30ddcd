//! `config.json` of a Hugging Face BERT classifier, with fineprint's part under `"fineprint"`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ModelError;
use crate::taxonomy::Taxonomy;

/// The fields of `config.json` that the encoder needs; all others are kept as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub intermediate_size: usize,
    pub max_position_embeddings: usize,
    pub type_vocab_size: usize,
    #[serde(default = "default_eps")]
    pub layer_norm_eps: f64,
    #[serde(default = "default_activation")]
    pub hidden_act: String,
    #[serde(default = "default_dropout")]
    pub hidden_dropout_prob: f32,
    /// Label names by class index, as strings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub id2label: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub label2id: BTreeMap<String, usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fineprint: Option<Decision>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// How scores become labels, stored with the model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Decision {
    /// Name under which records show the model.
    pub name: String,
    /// Score from which a clause gets a label, by label.
    pub thresholds: BTreeMap<String, f32>,
    /// The same for whole segments (paragraphs).
    pub segment_thresholds: BTreeMap<String, f32>,
    /// Longest input in tokens, special tokens included.
    pub max_tokens: usize,
    /// Scores from which the precision is certain enough, one entry a precision.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certified: Vec<CertifiedScores>,
}

/// Scores from which labels have a precision of at least so much, with 95 % confidence each. A
/// label without score had not enough evidence.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CertifiedScores {
    pub min_precision: f64,
    /// For clauses, by label; `None` when none was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<BTreeMap<String, f32>>,
    /// The same for whole segments (paragraphs).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment_thresholds: Option<BTreeMap<String, f32>>,
}

fn default_eps() -> f64 {
    1e-12
}

fn default_activation() -> String {
    "gelu".to_owned()
}

fn default_dropout() -> f32 {
    0.1
}

impl Config {
    /// Parses `config.json` and checks that this is a BERT whose shapes make sense.
    ///
    /// # Errors
    /// [`ModelError::Config`] when it is not JSON, a field is missing, or the shapes are
    /// impossible.
    pub fn parse(json: &[u8]) -> Result<Self, ModelError> {
        let config: Self =
            serde_json::from_slice(json).map_err(|e| ModelError::Config(e.to_string()))?;
        let kind = config.rest.get("model_type").and_then(Value::as_str).unwrap_or("bert");
        let problem = if kind != "bert" {
            Some(format!("model_type is {kind:?}; only \"bert\" encoders can be used"))
        } else if config.hidden_act != "gelu" {
            Some(format!("hidden_act is {:?}; only \"gelu\" can be used", config.hidden_act))
        } else if config.num_attention_heads == 0
            || !config.hidden_size.is_multiple_of(config.num_attention_heads)
        {
            Some(format!(
                "hidden_size {} is no multiple of num_attention_heads {}",
                config.hidden_size, config.num_attention_heads
            ))
        } else if [config.hidden_size, config.vocab_size, config.intermediate_size].contains(&0)
            || config.max_position_embeddings < 8
            || config.type_vocab_size < 2
        {
            Some("a size is zero or too small".to_owned())
        } else {
            None
        };
        problem.map_or(Ok(config), |problem| Err(ModelError::Config(problem)))
    }

    /// The labels in class order.
    ///
    /// # Errors
    /// [`ModelError::Config`] when `id2label` is missing, has gaps or names a label twice.
    pub fn taxonomy(&self) -> Result<Taxonomy, ModelError> {
        let mut names = Vec::with_capacity(self.id2label.len());
        for id in 0..self.id2label.len() {
            match self.id2label.get(&id.to_string()) {
                Some(name) if !names.contains(name) => names.push(name.clone()),
                Some(name) => return Err(ModelError::Config(format!("{name:?} has two ids"))),
                None => return Err(ModelError::Config(format!("id2label has no entry {id}"))),
            }
        }
        if names.is_empty() {
            let message = "no id2label: this is an encoder without a classifier";
            return Err(ModelError::Config(message.to_owned()));
        }
        Ok(Taxonomy::new(names))
    }

    /// The configuration of a classifier over `taxonomy` made from this encoder.
    pub fn with_classifier(mut self, taxonomy: &Taxonomy, decision: Decision) -> Self {
        let names = taxonomy.names();
        self.id2label = names.iter().enumerate().map(|(i, n)| (i.to_string(), n.clone())).collect();
        self.label2id = names.iter().enumerate().map(|(i, n)| (n.clone(), i)).collect();
        self.fineprint = Some(decision);
        let mut set = |key: &str, value: Value| self.rest.insert(key.to_owned(), value);
        set("architectures", Value::from(vec!["BertForSequenceClassification"]));
        set("problem_type", Value::from("multi_label_classification"));
        set("model_type", Value::from("bert"));
        self.rest.remove("_name_or_path");
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = r#"{"model_type":"bert","vocab_size":30,"hidden_size":8,
        "num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":16,
        "max_position_embeddings":32,"type_vocab_size":2,"pad_token_id":0}"#;

    #[test]
    fn a_classifier_survives_the_round_trip() {
        let taxonomy = Taxonomy::opp115();
        let decision = Decision { name: "test".into(), max_tokens: 32, ..Decision::default() };
        let config = Config::parse(BASE.as_bytes()).unwrap();
        assert!(config.taxonomy().is_err());
        let config = config.with_classifier(&taxonomy, decision);
        let again = Config::parse(&serde_json::to_vec(&config).unwrap()).unwrap();
        assert_eq!(again.taxonomy().unwrap(), taxonomy);
        assert_eq!(again, config);
        assert_eq!(again.rest["pad_token_id"], 0);
    }

    #[test]
    fn impossible_shapes_are_refused() {
        for (from, to) in [
            ("\"num_attention_heads\":2", "\"num_attention_heads\":3"),
            ("\"model_type\":\"bert\"", "\"model_type\":\"t5\""),
            ("\"hidden_size\":8,", ""),
        ] {
            let json = BASE.replace(from, to);
            assert!(matches!(Config::parse(json.as_bytes()), Err(ModelError::Config(_))), "{to}");
        }
    }
}
