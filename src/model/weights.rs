//! Tensors of a model: read from and written to safetensors.

use std::collections::BTreeMap;

use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::{Config, ModelError};

/// One tensor as f32 values, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

/// The tensors of a BERT by name, without the prefix `bert.`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights(pub BTreeMap<String, Tensor>);

impl Weights {
    /// Reads a safetensors file; f32, f16 and bf16 become f32, integer tensors are left out.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when the file is truncated, malformed or of another type.
    pub fn parse(bytes: &[u8]) -> Result<Self, ModelError> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| ModelError::Weights(format!("not a whole safetensors file: {e}")))?;
        let mut weights = BTreeMap::new();
        for (name, view) in file.tensors() {
            let Some(data) = floats(&view) else { continue };
            let name = name.strip_prefix("bert.").unwrap_or(&name).to_owned();
            weights.insert(name, Tensor { shape: view.shape().to_vec(), data });
        }
        Ok(Self(weights))
    }

    /// Writes the tensors as half precision safetensors, under the names that
    /// `BertForSequenceClassification` has.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when a tensor cannot be laid out.
    pub fn to_half(&self) -> Result<Vec<u8>, ModelError> {
        let halves: Vec<(String, &Tensor, Vec<u8>)> = self
            .0
            .iter()
            .map(|(name, tensor)| {
                let bytes = tensor.data.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes());
                (full_name(name), tensor, bytes.collect())
            })
            .collect();
        let views = halves
            .iter()
            .map(|(name, tensor, bytes)| {
                TensorView::new(Dtype::F16, tensor.shape.clone(), bytes).map(|view| (name, view))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| ModelError::Weights(e.to_string()))?;
        let format = [("format".to_owned(), "pt".to_owned())].into_iter().collect();
        safetensors::serialize(views, Some(format)).map_err(|e| ModelError::Weights(e.to_string()))
    }

    /// The tensor of this name, which must have this shape.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when it is missing or has another shape.
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<&Tensor, ModelError> {
        let tensor = self
            .0
            .get(name)
            .ok_or_else(|| ModelError::Weights(format!("tensor {name:?} is missing")))?;
        if tensor.shape != shape {
            return Err(ModelError::Weights(format!(
                "tensor {name:?} has shape {:?}, config.json asks for {shape:?}",
                tensor.shape
            )));
        }
        Ok(tensor)
    }

    /// Checks that every tensor of the encoder is there in its shape.
    ///
    /// # Errors
    /// [`ModelError::Weights`] that names the first tensor that is not.
    pub fn check(&self, config: &Config) -> Result<(), ModelError> {
        for (name, shape) in encoder_shapes(config) {
            let tensor = self.get(&name, &shape)?;
            if tensor.data.iter().any(|v| !v.is_finite()) {
                return Err(ModelError::Weights(format!(
                    "tensor {name:?} holds no finite numbers"
                )));
            }
        }
        Ok(())
    }
}

/// Names and shapes of the encoder's tensors, the classifier left out.
pub fn encoder_shapes(config: &Config) -> Vec<(String, Vec<usize>)> {
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    let mut shapes = vec![
        ("embeddings.word_embeddings.weight".to_owned(), vec![config.vocab_size, hidden]),
        (
            "embeddings.position_embeddings.weight".to_owned(),
            vec![config.max_position_embeddings, hidden],
        ),
        (
            "embeddings.token_type_embeddings.weight".to_owned(),
            vec![config.type_vocab_size, hidden],
        ),
    ];
    let mut linear = |name: &str, outer: usize, inner: usize| {
        shapes.push((format!("{name}.weight"), vec![outer, inner]));
        shapes.push((format!("{name}.bias"), vec![outer]));
    };
    for layer in 0..config.num_hidden_layers {
        let at = |part: &str| format!("encoder.layer.{layer}.{part}");
        for part in ["query", "key", "value"] {
            linear(&at(&format!("attention.self.{part}")), hidden, hidden);
        }
        linear(&at("attention.output.dense"), hidden, hidden);
        linear(&at("intermediate.dense"), inner, hidden);
        linear(&at("output.dense"), hidden, inner);
    }
    linear("pooler.dense", hidden, hidden);
    let mut norm = |name: &str| {
        shapes.push((format!("{name}.weight"), vec![hidden]));
        shapes.push((format!("{name}.bias"), vec![hidden]));
    };
    norm("embeddings.LayerNorm");
    for layer in 0..config.num_hidden_layers {
        norm(&format!("encoder.layer.{layer}.attention.output.LayerNorm"));
        norm(&format!("encoder.layer.{layer}.output.LayerNorm"));
    }
    shapes
}

fn full_name(name: &str) -> String {
    if name.starts_with("classifier.") { name.to_owned() } else { format!("bert.{name}") }
}

/// The values of a tensor as f32; none for integers.
fn floats(view: &TensorView) -> Option<Vec<f32>> {
    let data = view.data();
    match view.dtype() {
        Dtype::F32 => {
            Some(data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
        }
        Dtype::F16 => {
            let halves = data.as_chunks::<2>().0.iter();
            Some(halves.map(|b| f16::from_le_bytes(*b).to_f32()).collect())
        }
        Dtype::BF16 => {
            let halves = data.as_chunks::<2>().0.iter();
            Some(halves.map(|b| bf16::from_le_bytes(*b).to_f32()).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_survives_the_round_trip() {
        let tensor = Tensor { shape: vec![2, 2], data: vec![0.5, -1.25, 3.0, 0.0] };
        let mut weights = Weights::default();
        weights.0.insert("pooler.dense.weight".into(), tensor.clone());
        weights.0.insert("classifier.weight".into(), tensor);
        let bytes = weights.to_half().unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("\"bert.pooler.dense.weight\"") && text.contains("\"classifier.w"));
        assert_eq!(Weights::parse(&bytes).unwrap(), weights);
    }

    #[test]
    fn truncation_and_wrong_shapes_are_named() {
        let mut weights = Weights::default();
        weights.0.insert("x".into(), Tensor { shape: vec![3], data: vec![1.0; 3] });
        let bytes = weights.to_half().unwrap();
        let error = Weights::parse(&bytes[..bytes.len() - 1]).unwrap_err().to_string();
        assert!(error.contains("safetensors"), "{error}");
        let error = weights.get("x", &[4]).unwrap_err().to_string();
        assert!(error.contains("[3]") && error.contains("[4]"), "{error}");
        assert!(weights.get("y", &[4]).unwrap_err().to_string().contains("\"y\" is missing"));
    }
}
