//! Encoders that are a BERT in other words: DistilBERT, RoBERTa and XLM-R, given its form, so that
//! the project's own engine runs them.
//!
//! DistilBERT has no types of tokens, and its pooler ends in a ReLU. RoBERTa counts positions from
//! the id of the padding token plus one, knows one type only, and its head is a BERT's pooler and
//! classifier.

use std::borrow::Cow;

use serde_json::Value;

use super::{Architecture, Config, ModelError, Tensor, Weights, encoder_shapes};

const POSITIONS: &str = "embeddings.position_embeddings.weight";
const TYPES: &str = "embeddings.token_type_embeddings.weight";

/// The types of tokens that a BERT knows.
const BERT_TYPES: usize = 2;

/// Where the tensors of BERT's layers stand in DistilBERT's.
const DISTILBERT_PARTS: [(&str, &str); 8] = [
    ("attention.self.query", "attention.q_lin"),
    ("attention.self.key", "attention.k_lin"),
    ("attention.self.value", "attention.v_lin"),
    ("attention.output.dense", "attention.out_lin"),
    ("attention.output.LayerNorm", "sa_layer_norm"),
    ("intermediate.dense", "ffn.lin1"),
    ("output.dense", "ffn.lin2"),
    ("output.LayerNorm", "output_layer_norm"),
];

/// The configuration and tensors of the BERT that gives the same scores.
///
/// # Errors
/// [`ModelError::Config`] when there are no labels, [`ModelError::Weights`] that names the first
/// tensor that is missing or has another shape.
pub fn convert(
    architecture: Architecture,
    mut config: Config,
    weights: &Weights,
) -> Result<(Config, Weights), ModelError> {
    let (hidden, labels) = (config.hidden_size, config.taxonomy()?.len());
    weights.check_layers(config.num_hidden_layers)?;
    let mut shapes = encoder_shapes(&config);
    shapes.retain(|(name, _)| architecture != Architecture::DistilBert || name != TYPES);
    shapes.push(("classifier.weight".to_owned(), vec![labels, hidden]));
    shapes.push(("classifier.bias".to_owned(), vec![labels]));
    let mut converted = Weights::default();
    for (name, shape) in shapes {
        let tensor = weights.get_finite(&own_name(architecture, &name), &shape)?;
        converted.0.insert(name, tensor.clone());
    }

    let types = converted.0.get(TYPES).map(Tensor::values).unwrap_or_default();
    // A model of one type gets it twice, one of none gets zeros; of more only the first is used.
    let mut row = types.into_owned();
    row.resize(hidden, 0.0);
    converted.0.insert(TYPES.to_owned(), Tensor::new(vec![BERT_TYPES, hidden], row.repeat(2)));
    config.type_vocab_size = BERT_TYPES;

    let skipped = skipped_positions(architecture, &config)?;
    if let Some(table) = converted.0.get_mut(POSITIONS).filter(|_| skipped > 0) {
        config.max_position_embeddings -= skipped;
        let values = Cow::into_owned(table.values()).split_off(skipped * hidden);
        *table = Tensor::new(vec![config.max_position_embeddings, hidden], values);
    }
    Ok((config, converted))
}

/// Positions before the one of the first token.
fn skipped_positions(architecture: Architecture, config: &Config) -> Result<usize, ModelError> {
    if architecture == Architecture::DistilBert {
        return Ok(0);
    }
    let padding = config.rest.get("pad_token_id").and_then(Value::as_u64).unwrap_or(1);
    let skipped = usize::try_from(padding).unwrap_or(usize::MAX).saturating_add(1);
    // As many as any input needs must be left.
    if skipped > config.max_position_embeddings.saturating_sub(8) {
        return Err(ModelError::Config(format!(
            "positions begin after pad_token_id {padding}, and there are only {}",
            config.max_position_embeddings
        )));
    }
    Ok(skipped)
}

/// The name in the file of what BERT has under `name`.
fn own_name(architecture: Architecture, name: &str) -> String {
    let (prefix, pooler, classifier) = match architecture {
        Architecture::DistilBert => ("distilbert", "pre_classifier", "classifier"),
        _ => ("roberta", "classifier.dense", "classifier.out_proj"),
    };
    if let Some(part) = name.strip_prefix("pooler.dense") {
        return format!("{pooler}{part}");
    }
    if let Some(part) = name.strip_prefix("classifier") {
        return format!("{classifier}{part}");
    }
    if architecture != Architecture::DistilBert {
        return format!("{prefix}.{name}");
    }
    let name = name.replace("encoder.layer", "transformer.layer");
    // The longer names stand first where one ends like another.
    let part = DISTILBERT_PARTS.iter().find(|(part, _)| name.contains(part));
    let name = part.map_or(name.clone(), |(part, own)| name.replace(part, own));
    format!("{prefix}.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_file() {
        let distilbert = |name| own_name(Architecture::DistilBert, name);
        let layer = "distilbert.transformer.layer.1";
        for (name, own) in [
            ("embeddings.LayerNorm.bias", "distilbert.embeddings.LayerNorm.bias".to_owned()),
            ("encoder.layer.1.attention.self.key.bias", format!("{layer}.attention.k_lin.bias")),
            (
                "encoder.layer.1.attention.output.dense.bias",
                format!("{layer}.attention.out_lin.bias"),
            ),
            (
                "encoder.layer.1.attention.output.LayerNorm.bias",
                format!("{layer}.sa_layer_norm.bias"),
            ),
            ("encoder.layer.1.intermediate.dense.weight", format!("{layer}.ffn.lin1.weight")),
            ("encoder.layer.1.output.dense.weight", format!("{layer}.ffn.lin2.weight")),
            ("encoder.layer.1.output.LayerNorm.bias", format!("{layer}.output_layer_norm.bias")),
            ("pooler.dense.bias", "pre_classifier.bias".to_owned()),
            ("classifier.bias", "classifier.bias".to_owned()),
        ] {
            assert_eq!(distilbert(name), own);
        }
        let roberta = |name| own_name(Architecture::Roberta, name);
        assert_eq!(roberta("pooler.dense.bias"), "classifier.dense.bias");
        assert_eq!(roberta("classifier.weight"), "classifier.out_proj.weight");
        assert_eq!(
            roberta("encoder.layer.0.output.dense.bias"),
            "roberta.encoder.layer.0.output.dense.bias"
        );
    }
}
