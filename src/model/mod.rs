//! The model artifact: a Hugging Face folder with configuration, weights and tokenizer.

mod config;
#[cfg(feature = "embedded-model")]
mod embedded;
mod error;
pub mod hub;
mod tokens;
mod weights;

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

pub use config::{CertifiedScores, Config, Decision};
#[cfg(feature = "embedded-model")]
pub use embedded::{EMBEDDED_CARD, embedded};
pub use error::ModelError;
pub use tokens::{CONTEXT_SEPARATOR, TokenEncoder, Tokens};
pub use weights::{Tensor, Weights, encoder_shapes};

/// Longest input in tokens when the model does not say.
pub const DEFAULT_MAX_TOKENS: usize = 256;

/// Names of the files that make a model.
pub const CONFIG_FILE: &str = "config.json";
pub const WEIGHTS_FILE: &str = "model.safetensors";
pub const TOKENIZER_FILE: &str = "tokenizer.json";

/// The files of a model, as bytes.
#[derive(Debug, Clone)]
pub struct Files {
    pub config: Cow<'static, [u8]>,
    pub weights: Cow<'static, [u8]>,
    pub tokenizer: Cow<'static, [u8]>,
}

impl Files {
    /// Reads `config.json`, `model.safetensors` and `tokenizer.json` of a folder.
    ///
    /// # Errors
    /// [`ModelError::File`] that names the file that is missing or cannot be read.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map(Cow::Owned).map_err(|source| ModelError::File { path, source })
        };
        Ok(Self {
            config: read(CONFIG_FILE)?,
            weights: read(WEIGHTS_FILE)?,
            tokenizer: read(TOKENIZER_FILE)?,
        })
    }

    /// SHA-256 of the weights, in hexadecimal.
    pub fn checksum(&self) -> String {
        Sha256::digest(&self.weights).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A model that was read and checked: its parts fit each other.
#[derive(Debug, Clone)]
pub struct Model {
    pub config: Config,
    pub weights: Weights,
    pub tokens: TokenEncoder,
}

impl Model {
    /// Parses and checks the files of a model. Base encoders without a classifier pass too.
    ///
    /// # Errors
    /// What is wrong with which part, as a [`ModelError`].
    pub fn parse(files: &Files) -> Result<Self, ModelError> {
        let config = Config::parse(&files.config)?;
        let weights = Weights::parse(files.weights.clone())?;
        weights.check(&config)?;
        let wanted = config.fineprint.as_ref().map_or(0, |decision| decision.max_tokens);
        let max_tokens = if wanted == 0 { DEFAULT_MAX_TOKENS } else { wanted }
            .min(config.max_position_embeddings);
        let tokens = TokenEncoder::parse(&files.tokenizer, config.vocab_size, max_tokens)?;
        Ok(Self { config, weights, tokens })
    }
}
