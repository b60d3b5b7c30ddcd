//! The state of a run on disk, so that a run that was stopped goes on where it was.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::optimizer::AdamW;
use super::parameters::Parameters;
use super::{Recipe, TrainError};
use crate::whole_file;

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

/// Writes the parameters, the moments and the state, whole or not at all.
///
/// # Errors
/// [`TrainError::Output`] when the file cannot be written.
pub fn save(
    path: &Path,
    parameters: &Parameters,
    optimizer: &AdamW,
    state: &State,
) -> Result<(), TrainError> {
    let parts = [
        ("values", &parameters.values),
        ("average", &parameters.average),
        ("first", &optimizer.first),
        ("second", &optimizer.second),
    ]
    .map(|(name, values)| {
        (name, values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
    });
    let views = parts
        .iter()
        .map(|(name, bytes)| {
            TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes).map(|view| (*name, view))
        })
        .collect::<Result<Vec<_>, _>>();
    let json = serde_json::to_string(state).map_err(|e| TrainError::Data(e.to_string()))?;
    let metadata = HashMap::from([(STATE.to_owned(), json)]);
    let bytes = views
        .and_then(|views| safetensors::serialize(views, Some(metadata)))
        .map_err(|e| TrainError::Data(e.to_string()))?;
    write_whole(path, &bytes)
}

/// Writes a file so that a crash leaves the old one.
///
/// # Errors
/// [`TrainError::Output`] when the file cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    whole_file::write(path, bytes)
        .map_err(|source| TrainError::Output { path: path.to_owned(), source })
}

/// Reads a checkpoint of the same recipe and data into the parameters and the optimiser. None when
/// there is no file.
///
/// # Errors
/// [`TrainError::Checkpoint`] when it is damaged or belongs to another run.
pub fn load(
    path: &Path,
    parameters: &mut Parameters,
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
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| bad(e.to_string()))?;
    let json = header.metadata().as_ref().and_then(|m| m.get(STATE));
    let json = json.ok_or_else(|| bad("it is no checkpoint".to_owned()))?;
    let state: State = serde_json::from_str(json).map_err(|e| bad(e.to_string()))?;
    if state.recipe != *recipe || state.samples != samples {
        return Err(bad("it belongs to another recipe or other data".to_owned()));
    }
    let file = SafeTensors::deserialize(&bytes).map_err(|e| bad(e.to_string()))?;
    if recipe.averaging > 0.0 && state.step > 0 {
        parameters.average.resize(parameters.values.len(), 0.0);
    }
    let parts = [
        ("values", &mut parameters.values),
        ("average", &mut parameters.average),
        ("first", &mut optimizer.first),
        ("second", &mut optimizer.second),
    ];
    for (name, values) in parts {
        let view = file.tensor(name).map_err(|e| bad(e.to_string()))?;
        let numbers = view.data().as_chunks::<4>().0;
        if view.dtype() != Dtype::F32 || numbers.len() != values.len() {
            return Err(bad(format!("{name} has another size")));
        }
        for (value, bytes) in values.iter_mut().zip(numbers) {
            *value = f32::from_le_bytes(*bytes);
        }
    }
    optimizer.step = state.step;
    Ok(Some(state))
}
