//! The mean of several models.

use std::borrow::Cow;

use super::{Architecture, Config, Decision, Files, Model, ModelError, Tensor, Weights};

/// The mean of the weights of models that were trained on from the same one: often as good as the
/// best of them or better, and as fast as one (Wortsman et al. 2022, "Model soups"). `models` are
/// what they are called in errors, and their files.
///
/// All else is that of the first model, but its thresholds and certified scores, which were made
/// for other scores. `name` is how records show the mean.
///
/// # Errors
/// [`ModelError::Average`] that says which model cannot be used, or differs from the first in what.
pub fn average(models: &[(String, Files)], name: &str) -> Result<Files, ModelError> {
    let Some(((_, first), others)) = models.split_first() else {
        return Err(ModelError::Average("there is none".to_owned()));
    };
    let (config, mut sum) = parts(&models[0])?;
    for other in others {
        let wrong = |problem: String| ModelError::Average(format!("{}: {problem}", other.0));
        let (own, weights) = parts(other)?;
        if let Some(field) = difference(&config, &own) {
            return Err(wrong(format!("{field} in config.json is not as the first one's")));
        }
        if other.1.tokenizer != first.tokenizer {
            return Err(wrong("tokenizer.json is not the first one's".to_owned()));
        }
        add(&mut sum, &weights).map_err(wrong)?;
    }
    let share = 1.0 / models.len() as f32;
    for tensor in sum.0.values_mut() {
        let values = tensor.values().iter().map(|value| value * share).collect();
        *tensor = Tensor::new(tensor.shape().to_vec(), values);
    }
    let kept = config.fineprint.unwrap_or_default();
    let decision = Decision {
        name: name.to_owned(),
        max_tokens: kept.max_tokens,
        previous: kept.previous,
        ..Decision::default()
    };
    let mean = Files {
        config: Cow::Owned(first.config_with(&decision)?),
        weights: Cow::Owned(sum.to_half()?),
        tokenizer: first.tokenizer.clone(),
    };
    Model::parse(&mean)?;
    Ok(mean)
}

fn parts((name, files): &(String, Files)) -> Result<(Config, Weights), ModelError> {
    let wrong = |problem: String| ModelError::Average(format!("{name}: {problem}"));
    let model = Model::parse(files).map_err(|error| wrong(error.to_string()))?;
    if model.architecture != Architecture::Bert {
        return Err(wrong(format!("a {} model; only BERT can be", model.architecture.name())));
    }
    Ok((model.config, model.weights))
}

/// The first field that must be the same and is not; sizes show in the tensors.
fn difference(a: &Config, b: &Config) -> Option<&'static str> {
    let decision = |config: &Config| config.fineprint.clone().unwrap_or_default();
    let (of_a, of_b) = (decision(a), decision(b));
    [
        ("id2label", a.id2label == b.id2label),
        ("num_attention_heads", a.num_attention_heads == b.num_attention_heads),
        ("layer_norm_eps", a.layer_norm_eps == b.layer_norm_eps),
        ("max_tokens", of_a.max_tokens == of_b.max_tokens),
        ("previous", of_a.previous == of_b.previous),
    ]
    .into_iter()
    .find_map(|(field, same)| (!same).then_some(field))
}

/// Adds the tensors of another model.
fn add(sum: &mut Weights, other: &Weights) -> Result<(), String> {
    if let Some(name) = other.0.keys().find(|name| !sum.0.contains_key(*name)) {
        return Err(format!("the first one has no tensor {name:?}"));
    }
    for (name, tensor) in &mut sum.0 {
        let added = other.0.get(name).filter(|added| added.shape() == tensor.shape());
        let added = added.ok_or_else(|| format!("no tensor {name:?} of the first one's shape"))?;
        let mut values = tensor.values().into_owned();
        for (value, added) in values.iter_mut().zip(added.values().iter()) {
            *value += added;
        }
        *tensor = Tensor::new(added.shape().to_vec(), values);
    }
    Ok(())
}
