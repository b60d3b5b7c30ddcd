//! What can go wrong in a training run.

use std::io;
use std::path::PathBuf;

use crate::model::ModelError;

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    #[error("the recipe cannot be followed: {0}")]
    Recipe(String),
    #[error("the data cannot be used: {0}")]
    Data(String),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("cannot write {path}: {source}", path = path.display())]
    Output { path: PathBuf, source: io::Error },
    #[error("cannot go on from {path}: {message}; remove it to start anew", path = path.display())]
    Checkpoint { path: PathBuf, message: String },
    #[error("training failed: {0}")]
    Tensor(#[from] candle_core::Error),
    #[error("stopped after step {step}; the same command goes on from there")]
    Interrupted { step: u64 },
}
