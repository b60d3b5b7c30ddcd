//! Tensors of a model: read from and written to safetensors.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::{Config, ModelError};

/// One tensor, row-major. Read from a file it stays there until its values are asked for.
#[derive(Debug, Clone)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Data,
}

#[derive(Debug, Clone)]
enum Data {
    Floats(Vec<f32>),
    Stored { file: Arc<Cow<'static, [u8]>>, range: Range<usize>, dtype: Dtype },
}

impl Tensor {
    /// A tensor with these values.
    ///
    /// # Panics
    /// When there are more or fewer values than the shape says.
    pub fn new(shape: Vec<usize>, values: Vec<f32>) -> Self {
        assert_eq!(values.len(), shape.iter().product::<usize>(), "values of shape {shape:?}");
        Self { shape, data: Data::Floats(values) }
    }

    /// Size of each dimension.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All values as f32.
    pub fn values(&self) -> Cow<'_, [f32]> {
        match &self.data {
            Data::Floats(values) => Cow::Borrowed(values),
            Data::Stored { file, range, dtype } => {
                let mut values = vec![0.0; self.shape.iter().product()];
                widen(&file[range.clone()], *dtype, &mut values);
                Cow::Owned(values)
            }
        }
    }

    /// The values of one row of a matrix, as f32 in `out`.
    ///
    /// # Panics
    /// When there is no such row, or `out` has another size.
    pub fn read_row(&self, row: usize, out: &mut [f32]) {
        let at = row * out.len()..(row + 1) * out.len();
        match &self.data {
            Data::Floats(values) => out.copy_from_slice(&values[at]),
            Data::Stored { file, range, dtype } => {
                let size = dtype.bitsize() / 8;
                let bytes = &file[range.clone()][at.start * size..at.end * size];
                widen(bytes, *dtype, out);
            }
        }
    }

    fn is_finite(&self) -> bool {
        match &self.data {
            Data::Stored { file, range, dtype: Dtype::F16 } => {
                let halves = file[range.clone()].as_chunks::<2>().0;
                let special = |bytes: &[u8; 2]| u16::from_le_bytes(*bytes) & 0x7C00 == 0x7C00;
                // Whole batches, so that many are looked at side by side.
                halves.chunks(1024).all(|batch| !batch.iter().fold(false, |a, b| a | special(b)))
            }
            _ => self.values().iter().all(|value| value.is_finite()),
        }
    }
}

impl PartialEq for Tensor {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.values() == other.values()
    }
}

/// The tensors of a model by name; those of a BERT without the prefix `bert.`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights(pub BTreeMap<String, Tensor>);

impl Weights {
    /// Takes a safetensors file; tensors of integers are left out.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when the file is truncated, malformed or of another type.
    pub fn parse(file: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let file = Arc::new(file);
        let views = SafeTensors::deserialize(&file)
            .map_err(|e| ModelError::Weights(format!("not a whole safetensors file: {e}")))?;
        let start = file.as_ptr().addr();
        let mut weights = BTreeMap::new();
        for (name, view) in views.tensors() {
            if !matches!(view.dtype(), Dtype::F32 | Dtype::F16 | Dtype::BF16) {
                continue;
            }
            let name = name.strip_prefix("bert.").unwrap_or(&name).to_owned();
            let at = view.data().as_ptr().addr() - start;
            let range = at..at + view.data().len();
            let data = Data::Stored { file: Arc::clone(&file), range, dtype: view.dtype() };
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
                let values = tensor.values();
                let bytes = values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect();
                (full_name(name), tensor, bytes)
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

    /// The values of the tensor of this name, which must have this shape.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when it is missing or has another shape.
    pub fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        Ok(self.get(name, shape)?.values().into_owned())
    }

    /// Checks that every tensor of the encoder is there in its shape, that there are no further
    /// layers, and that the classifier, if there is one, holds numbers only.
    ///
    /// # Errors
    /// [`ModelError::Weights`] that names the first tensor that is not so.
    pub fn check(&self, config: &Config) -> Result<(), ModelError> {
        for (name, shape) in encoder_shapes(config) {
            self.get_finite(&name, &shape)?;
        }
        for name in ["classifier.weight", "classifier.bias"] {
            if let Some(tensor) = self.0.get(name) {
                self.get_finite(name, &tensor.shape)?;
            }
        }
        self.check_layers(config.num_hidden_layers)
    }

    /// Checks that no layer is left unread: the scores would be those of another model.
    ///
    /// # Errors
    /// [`ModelError::Weights`] that names the first tensor of a layer beyond `layers`.
    pub fn check_layers(&self, layers: usize) -> Result<(), ModelError> {
        let beyond = |name: &&String| layer_of(name).is_some_and(|layer| layer >= layers);
        match self.0.keys().find(beyond) {
            Some(name) => Err(ModelError::Weights(format!(
                "there is a tensor {name:?}, but config.json says that there are {layers} layers"
            ))),
            None => Ok(()),
        }
    }

    /// The tensor of this name, which must have this shape and hold numbers only.
    ///
    /// # Errors
    /// As [`Weights::get`], and when a value is not finite.
    pub fn get_finite(&self, name: &str, shape: &[usize]) -> Result<&Tensor, ModelError> {
        let tensor = self.get(name, shape)?;
        if tensor.is_finite() {
            return Ok(tensor);
        }
        Err(ModelError::Weights(format!("tensor {name:?} holds no finite numbers")))
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

/// The layer of an encoder that a tensor belongs to, whatever the architecture calls it.
fn layer_of(name: &str) -> Option<usize> {
    let (_, rest) = name.split_once("layer.").or_else(|| name.split_once("layers."))?;
    rest.split('.').next()?.parse().ok()
}

fn full_name(name: &str) -> String {
    if name.starts_with("classifier.") { name.to_owned() } else { format!("bert.{name}") }
}

/// Little-endian numbers as f32.
fn widen(bytes: &[u8], dtype: Dtype, out: &mut [f32]) {
    /// Numbers of one batch.
    const BATCH: usize = 256;
    match dtype {
        Dtype::F16 => {
            let mut halves = [f16::ZERO; BATCH];
            for (bytes, out) in bytes.chunks(2 * BATCH).zip(out.chunks_mut(BATCH)) {
                for (half, bytes) in halves.iter_mut().zip(bytes.as_chunks::<2>().0) {
                    *half = f16::from_le_bytes(*bytes);
                }
                // By the CPU's own instruction where it has one.
                halves[..out.len()].convert_to_f32_slice(out);
            }
        }
        Dtype::BF16 => {
            for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *out = bf16::from_le_bytes(*bytes).to_f32();
            }
        }
        _ => {
            for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *out = f32::from_le_bytes(*bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_survives_the_round_trip() {
        let tensor = Tensor::new(vec![2, 2], vec![0.5, -1.25, 3.0, 0.0]);
        let mut weights = Weights::default();
        weights.0.insert("pooler.dense.weight".into(), tensor.clone());
        weights.0.insert("classifier.weight".into(), tensor);
        let bytes = weights.to_half().unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("\"bert.pooler.dense.weight\"") && text.contains("\"classifier.w"));
        let again = Weights::parse(bytes.into()).unwrap();
        assert_eq!(again, weights);
        let mut row = [0.0; 2];
        again.0["pooler.dense.weight"].read_row(1, &mut row);
        assert_eq!(row, [3.0, 0.0]);
    }

    #[test]
    fn truncation_and_wrong_shapes_are_named() {
        let mut weights = Weights::default();
        weights.0.insert("x".into(), Tensor::new(vec![3], vec![1.0; 3]));
        let bytes = weights.to_half().unwrap();
        let error =
            Weights::parse(bytes[..bytes.len() - 1].to_vec().into()).unwrap_err().to_string();
        assert!(error.contains("safetensors"), "{error}");
        let error = weights.get("x", &[4]).unwrap_err().to_string();
        assert!(error.contains("[3]") && error.contains("[4]"), "{error}");
        assert!(weights.get("y", &[4]).unwrap_err().to_string().contains("\"y\" is missing"));
    }

    #[test]
    fn a_layer_that_is_not_read_is_named() {
        for name in [
            "encoder.layer.6.output.dense.bias",
            "distilbert.transformer.layer.6.ffn.lin1.weight",
            "model.layers.6.mlp.Wi.weight",
        ] {
            let mut weights = Weights::default();
            weights.0.insert(name.into(), Tensor::new(vec![1], vec![0.5]));
            weights.0.insert("encoder.LayerNorm.weight".into(), Tensor::new(vec![1], vec![0.5]));
            assert!(weights.check_layers(7).is_ok());
            for layers in [6, 0] {
                let error = weights.check_layers(layers).unwrap_err().to_string();
                assert!(error.contains(name), "{error}");
            }
        }
    }
}
