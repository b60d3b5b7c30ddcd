//! Which kind of encoder a model is, and where its `config.json` says what a BERT's says.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::ModelError;

/// A kind of sequence classifier, by the `model_type` of `config.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    Bert,
    DistilBert,
    Roberta,
    XlmRoberta,
    ModernBert,
    DebertaV2,
}

/// Those that are known, with their `model_type`.
const KNOWN: [(Architecture, &str); 6] = [
    (Architecture::Bert, "bert"),
    (Architecture::DistilBert, "distilbert"),
    (Architecture::Roberta, "roberta"),
    (Architecture::XlmRoberta, "xlm-roberta"),
    (Architecture::ModernBert, "modernbert"),
    (Architecture::DebertaV2, "deberta-v2"),
];

/// What the classes of sequence classifiers end with in `architectures`.
const CLASSIFIER: &str = "ForSequenceClassification";

#[derive(Deserialize)]
struct Kind {
    model_type: Option<String>,
    architectures: Option<Vec<String>>,
}

impl Architecture {
    /// What the bytes of a `config.json` say; BERT when they do not.
    ///
    /// # Errors
    /// [`ModelError::Config`] when it is not JSON, the architecture is unknown, or another than
    /// BERT is there without a classifier.
    pub fn of(config: &[u8]) -> Result<Self, ModelError> {
        let kind: Kind =
            serde_json::from_slice(config).map_err(|e| ModelError::Config(e.to_string()))?;
        let name = kind.model_type.as_deref().unwrap_or("bert");
        let Some((architecture, _)) = KNOWN.iter().find(|(_, known)| *known == name) else {
            let known = KNOWN.map(|(_, known)| known).join(", ");
            return Err(ModelError::Config(format!("model_type is {name:?}; known are {known}")));
        };
        let classes = kind.architectures.unwrap_or_default();
        let is_classifier =
            classes.is_empty() || classes.iter().any(|class| class.ends_with(CLASSIFIER));
        // A BERT without classifier is what training begins with.
        if *architecture != Self::Bert && !is_classifier {
            return Err(ModelError::Config(format!(
                "architectures is {}: no sequence classifier",
                classes.join(", ")
            )));
        }
        Ok(*architecture)
    }

    /// Its `model_type`.
    pub fn name(self) -> &'static str {
        KNOWN.iter().find(|(known, _)| *known == self).map_or("", |(_, name)| name)
    }

    /// Gives fields of `config.json` the names that they have for BERT, beside their own, and adds
    /// those that are missing.
    pub(super) fn rename(self, config: &mut Map<String, Value>) {
        let names: &[(&str, &str)] = match self {
            Self::Bert | Self::Roberta | Self::XlmRoberta | Self::DebertaV2 => &[],
            Self::DistilBert => &[
                ("dim", "hidden_size"),
                ("n_layers", "num_hidden_layers"),
                ("n_heads", "num_attention_heads"),
                ("hidden_dim", "intermediate_size"),
                ("activation", "hidden_act"),
            ],
            Self::ModernBert => {
                &[("norm_eps", "layer_norm_eps"), ("hidden_activation", "hidden_act")]
            }
        };
        for (own, name) in names {
            if let Some(value) = config.get(*own).cloned() {
                config.insert((*name).to_owned(), value);
            }
        }
        // What holds where the file does not say it, as its library has it.
        let defaults: &[(&str, Value)] = match self {
            Self::Bert => &[],
            Self::DistilBert => &[("type_vocab_size", 0.into())],
            Self::Roberta | Self::XlmRoberta => &[("type_vocab_size", 2.into())],
            Self::ModernBert => &[("type_vocab_size", 0.into()), ("layer_norm_eps", 1e-5.into())],
            Self::DebertaV2 => &[("type_vocab_size", 0.into()), ("layer_norm_eps", 1e-7.into())],
        };
        for (name, value) in defaults {
            config.entry(*name).or_insert(value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_type_decides() {
        assert_eq!(Architecture::of(b"{}").unwrap(), Architecture::Bert);
        for (architecture, name) in KNOWN {
            let json = format!(r#"{{"model_type":"{name}"}}"#);
            assert_eq!(Architecture::of(json.as_bytes()).unwrap(), architecture);
            assert_eq!(architecture.name(), name);
        }
        let error = Architecture::of(br#"{"model_type":"t5"}"#).unwrap_err().to_string();
        assert!(error.contains("t5") && error.contains("deberta-v2"), "{error}");
    }

    #[test]
    fn other_heads_are_refused() {
        let json = br#"{"model_type":"modernbert","architectures":["ModernBertForMaskedLM"]}"#;
        let error = Architecture::of(json).unwrap_err().to_string();
        assert!(error.contains("ModernBertForMaskedLM"), "{error}");
        let base = br#"{"model_type":"bert","architectures":["BertForMaskedLM"]}"#;
        assert_eq!(Architecture::of(base).unwrap(), Architecture::Bert);
    }
}
