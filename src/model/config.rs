//! `config.json` of a Hugging Face classifier, with fineprint's part under `"fineprint"`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Architecture, ModelError};
use crate::taxonomy::Taxonomy;

/// Layers beyond which no model goes, and the same for tokens, widths and the like: bounds on what
/// a file can make the program allocate.
const MAX_LAYERS: usize = 1 << 10;
const MAX_SIZE: usize = 1 << 24;

/// What follows the dense layer of the pooler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PoolerActivation {
    #[default]
    Tanh,
    Relu,
}

/// The fields of `config.json` that the encoder needs, by the names that they have for BERT; all
/// others are kept as they are.
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
    /// Follows from the architecture.
    #[serde(skip)]
    pub pooler_activation: PoolerActivation,
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
    /// The model was trained with the clause before beside short ones.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub previous: bool,
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
    /// Parses `config.json` and checks that this is a known architecture whose shapes make sense.
    ///
    /// # Errors
    /// [`ModelError::Config`] when it is not JSON, a field is missing, or the shapes are
    /// impossible.
    pub fn parse(json: &[u8]) -> Result<Self, ModelError> {
        let failed = |error: serde_json::Error| ModelError::Config(error.to_string());
        let architecture = Architecture::of(json)?;
        let mut fields: Map<String, Value> = serde_json::from_slice(json).map_err(failed)?;
        architecture.rename(&mut fields);
        let mut config: Self = serde_json::from_value(fields.into()).map_err(failed)?;
        if architecture == Architecture::DistilBert {
            config.pooler_activation = PoolerActivation::Relu;
        }
        match config.problem(architecture) {
            Some(problem) => Err(ModelError::Config(problem)),
            None => Ok(config),
        }
    }

    /// What is impossible, or cannot be run.
    fn problem(&self, architecture: Architecture) -> Option<String> {
        let sizes = [
            self.hidden_size,
            self.vocab_size,
            self.intermediate_size,
            self.max_position_embeddings,
        ];
        let positions = self.rest.get("position_embedding_type").and_then(Value::as_str);
        if self.hidden_act != "gelu" {
            return Some(format!("hidden_act is {:?}; only \"gelu\" can be used", self.hidden_act));
        }
        if let Some(kind) = positions.filter(|kind| *kind != "absolute") {
            return Some(format!(
                "position_embedding_type is {kind:?}; only \"absolute\" can be used"
            ));
        }
        if self.num_attention_heads == 0
            || !self.hidden_size.is_multiple_of(self.num_attention_heads)
        {
            return Some(format!(
                "hidden_size {} is no multiple of num_attention_heads {}",
                self.hidden_size, self.num_attention_heads
            ));
        }
        if sizes.contains(&0)
            || self.num_hidden_layers == 0
            || self.max_position_embeddings < 8
            || architecture == Architecture::Bert && self.type_vocab_size < 2
        {
            return Some("a size is zero or too small".to_owned());
        }
        if sizes.iter().any(|size| *size > MAX_SIZE)
            || self.num_hidden_layers > MAX_LAYERS
            || self.type_vocab_size > MAX_SIZE
        {
            return Some("a size is too large".to_owned());
        }
        self.fineprint.as_ref().and_then(|decision| self.problem_of(decision))
    }

    /// The first threshold that can be none, or is of a label that the model does not have.
    fn problem_of(&self, decision: &Decision) -> Option<String> {
        let (clauses, segments) = (&decision.thresholds, &decision.segment_thresholds);
        let certified = decision.certified.iter();
        let certified = certified.flat_map(|e| [&e.thresholds, &e.segment_thresholds]).flatten();
        let known: BTreeSet<&String> = self.id2label.values().collect();
        [clauses, segments].into_iter().chain(certified).flatten().find_map(|(label, threshold)| {
            if !(0.0..=1.0).contains(threshold) {
                Some(format!("the threshold of {label:?} is {threshold}; it must be 0 to 1"))
            } else if !known.contains(label) {
                Some(format!("there is a threshold of {label:?}, which id2label does not have"))
            } else {
                None
            }
        })
    }

    /// Checks that each label has a score of its own.
    ///
    /// # Errors
    /// [`ModelError::Config`] when `problem_type` says otherwise.
    pub fn require_multi_label(&self) -> Result<(), ModelError> {
        match self.rest.get("problem_type").and_then(Value::as_str) {
            None | Some("multi_label_classification") => Ok(()),
            Some(other) => Err(ModelError::Config(format!(
                "problem_type is {other:?}: its scores do not say of each label alone whether it \
                 holds; a model trained with \"multi_label_classification\" is needed"
            ))),
        }
    }

    /// The labels in class order.
    ///
    /// # Errors
    /// [`ModelError::Config`] when `id2label` is missing, has gaps, names a label twice or not at
    /// all.
    pub fn taxonomy(&self) -> Result<Taxonomy, ModelError> {
        let mut names = Vec::with_capacity(self.id2label.len());
        for id in 0..self.id2label.len() {
            match self.id2label.get(&id.to_string()) {
                Some(name) if name.trim().is_empty() => {
                    return Err(ModelError::Config(format!("the label {id} has no name")));
                }
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

    #[test]
    fn thresholds_are_of_known_labels_and_from_0_to_1() {
        let refused = |edit: fn(&mut Decision)| {
            let mut decision = Decision {
                thresholds: BTreeMap::from([("Data Security".to_owned(), 1.0)]),
                ..Decision::default()
            };
            edit(&mut decision);
            let config = Config::parse(BASE.as_bytes()).unwrap();
            let config = config.with_classifier(&Taxonomy::opp115(), decision);
            let again = Config::parse(&serde_json::to_vec(&config).unwrap());
            again.err().map(|error| error.to_string())
        };
        assert_eq!(refused(|_| {}), None);
        let high = refused(|d| *d.thresholds.values_mut().next().unwrap() = 7.0).unwrap();
        assert!(high.contains("\"Data Security\" is 7"), "{high}");
        let low = refused(|d| _ = d.segment_thresholds.insert("Data Security".into(), -0.1));
        assert!(low.unwrap().contains("-0.1"));
        let unknown = refused(|d| _ = d.segment_thresholds.insert("Fees".into(), 0.5)).unwrap();
        assert!(unknown.contains("\"Fees\", which id2label"), "{unknown}");
        let certified = refused(|d| {
            let thresholds = Some(BTreeMap::from([("Fees".to_owned(), 0.5)]));
            d.certified.push(CertifiedScores { thresholds, ..CertifiedScores::default() });
        });
        assert!(certified.unwrap().contains("\"Fees\""));
    }

    #[test]
    fn a_label_has_a_name() {
        let mut config = Config::parse(BASE.as_bytes()).unwrap();
        config.id2label = BTreeMap::from([("0".to_owned(), " ".to_owned())]);
        assert!(config.taxonomy().unwrap_err().to_string().contains("the label 0 has no name"));
    }
}
