//! Tensors of a model, checked and handed to candle.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use serde::de::DeserializeOwned;

use crate::model::{Config, ModelError, Tokens, Weights};

/// Names and shapes of the tensors that a model must have.
#[derive(Default)]
pub struct Shapes(Vec<(String, Vec<usize>)>);

impl Shapes {
    pub fn weight(&mut self, name: &str, shape: &[usize]) {
        self.0.push((format!("{name}.weight"), shape.to_vec()));
    }

    /// A weight `[out, in]` or `[out]`, and a bias `[out]`.
    pub fn biased(&mut self, name: &str, shape: &[usize]) {
        self.weight(name, shape);
        self.0.push((format!("{name}.bias"), shape[..1].to_vec()));
    }

    /// Takes these tensors, and none else, for candle.
    ///
    /// # Errors
    /// [`ModelError::Weights`] that names the first tensor that is missing, has another shape or
    /// holds no finite numbers.
    pub fn take(self, weights: &Weights) -> Result<VarBuilder<'static>, ModelError> {
        let mut tensors = HashMap::new();
        for (name, shape) in self.0 {
            let values = weights.get_finite(&name, &shape)?.values().into_owned();
            let tensor = Tensor::from_vec(values, shape, &Device::Cpu).map_err(refused)?;
            tensors.insert(name, tensor);
        }
        Ok(VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu))
    }
}

/// What candle says of weights that it does not take.
pub fn refused(error: candle_core::Error) -> ModelError {
    ModelError::Weights(error.to_string())
}

/// The settings of an architecture.
pub fn settings<T: DeserializeOwned>(config: &Config) -> Result<T, ModelError> {
    serde_json::to_value(config)
        .and_then(serde_json::from_value)
        .map_err(|error| ModelError::Config(error.to_string()))
}

/// Ids of one input `[1, tokens]`.
pub fn ids(tokens: &Tokens) -> candle_core::Result<Tensor> {
    Tensor::from_slice(&tokens.ids, (1, tokens.ids.len()), &Device::Cpu)
}
