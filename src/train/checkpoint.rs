//! The state of a run on disk, so that a run that was stopped goes on where it was.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::module::Network;
use super::optimizer::{AdamW, Moments};
use super::{Recipe, TrainError};

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The recipe it follows: another one cannot take the checkpoint over.
    pub recipe: Recipe,
    /// Samples it trains on.
    pub samples: usize,
    /// Epoch to go on with, from 0.
    pub epoch: u32,
    /// Batches of that epoch that are done.
    pub batch: usize,
    /// Best validation figure so far, and its epoch.
    pub best: Option<(f32, u32)>,
    /// Seconds spent so far.
    pub seconds: f64,
    /// Optimiser steps taken.
    pub step: u64,
}

const STATE: &str = "fineprint";

/// Writes the variables, the moments and the state, whole or not at all.
///
/// # Errors
/// [`TrainError::Output`] when the file cannot be written.
pub fn save(
    path: &Path,
    network: &Network,
    optimizer: &AdamW,
    state: &State,
) -> Result<(), TrainError> {
    let mut tensors = Vec::new();
    for (name, var) in network.variables() {
        tensors.push((format!("value.{name}"), var.as_tensor().clone()));
        if let Some(moments) = optimizer.moments.get(name) {
            for (part, data) in [("first", &moments.first), ("second", &moments.second)] {
                let tensor = Tensor::from_slice(data, data.len(), &Device::Cpu)?;
                tensors.push((format!("{part}.{name}"), tensor));
            }
        }
    }
    let json = serde_json::to_string(state).map_err(|e| TrainError::Data(e.to_string()))?;
    let metadata = HashMap::from([(STATE.to_owned(), json)]);
    let views = tensors.iter().map(|(name, tensor)| (name, tensor));
    let bytes = safetensors::serialize(views, Some(metadata))
        .map_err(|e| TrainError::Data(e.to_string()))?;
    write_whole(path, &bytes)
}

/// Writes a file under another name first, so that a crash leaves the old one.
///
/// # Errors
/// [`TrainError::Output`] when the file cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes)
        .and_then(|()| fs::rename(&partial, path))
        .map_err(|source| TrainError::Output { path: path.to_owned(), source })
}

/// Reads a checkpoint of the same recipe and data into the network and the optimiser. None when
/// there is no file.
///
/// # Errors
/// [`TrainError::Checkpoint`] when it is damaged or belongs to another run.
pub fn load(
    path: &Path,
    network: &Network,
    optimizer: &mut AdamW,
    recipe: &Recipe,
    samples: usize,
) -> Result<Option<State>, TrainError> {
    let bad = |message: String| TrainError::Checkpoint { path: path.to_owned(), message };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(bad(error.to_string())),
    };
    let (_, header) =
        safetensors::SafeTensors::read_metadata(&bytes).map_err(|e| bad(e.to_string()))?;
    let json = header.metadata().as_ref().and_then(|m| m.get(STATE));
    let json = json.ok_or_else(|| bad("it is no checkpoint".to_owned()))?;
    let state: State = serde_json::from_str(json).map_err(|e| bad(e.to_string()))?;
    if state.recipe != *recipe || state.samples != samples {
        return Err(bad("it belongs to another recipe or other data".to_owned()));
    }
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
    let get = |key: String| tensors.get(&key).ok_or_else(|| bad(format!("{key} is missing")));
    for (name, var) in network.variables() {
        var.set(get(format!("value.{name}"))?)?;
        if state.step > 0 {
            let first = get(format!("first.{name}"))?.to_vec1()?;
            let second = get(format!("second.{name}"))?.to_vec1()?;
            optimizer.moments.insert(name.clone(), Moments { first, second });
        }
    }
    optimizer.step = state.step;
    Ok(Some(state))
}
