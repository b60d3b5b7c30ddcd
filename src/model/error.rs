//! What can be wrong with a model.

use std::io;
use std::path::PathBuf;

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    #[error("cannot read {path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("config.json cannot be used: {0}")]
    Config(String),
    #[error("model.safetensors cannot be used: {0}")]
    Weights(String),
    #[error("tokenizer.json cannot be used: {0}")]
    Tokenizer(String),
    #[error(
        "the model has no scores certified for a precision of {wanted} on {unit}; it has {stored}. \
         `fineprint tune --min-precision {wanted}` finds and stores them"
    )]
    Uncertified { wanted: f64, unit: &'static str, stored: String },
    #[error("the models cannot be averaged: {0}")]
    Average(String),
    #[error("the model cannot be run: {0}")]
    Engine(String),
    #[error("this CPU has no {0} units; `--kernel auto` takes what it has")]
    Kernel(&'static str),
    #[error("{id} from the hub cannot be used: {message}")]
    Hub { id: String, message: String },
}
