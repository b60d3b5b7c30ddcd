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
    #[error("{id} from the hub cannot be used: {message}")]
    Hub { id: String, message: String },
}
