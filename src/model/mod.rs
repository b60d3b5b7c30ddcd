//! The model artifact: a Hugging Face folder with configuration, weights and tokenizer.

mod architecture;
mod average;
mod bert_form;
pub(crate) mod beside;
mod config;
#[cfg(feature = "embedded-model")]
mod embedded;
mod error;
pub mod hub;
mod layout;
mod plain_words;
mod tokens;
mod weights;

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use self::beside::beside;

pub use architecture::Architecture;
pub use average::average;
pub use config::{CertifiedScores, Config, Decision, PoolerActivation};
#[cfg(feature = "embedded-model")]
pub use embedded::{EMBEDDED_CARD, embedded};
pub use error::ModelError;
pub use tokens::{CONTEXT_SEPARATOR, Input, TokenEncoder, Tokens};
pub use weights::{Tensor, Weights, encoder_shapes};

/// Longest input in tokens when the model does not say.
pub const DEFAULT_MAX_TOKENS: usize = 256;
/// The same for other architectures than BERT, where the positions allow it.
const OTHERS_MAX_TOKENS: usize = 512;
/// Longest input in tokens whatever the model says: attention is quadratic in it.
const MOST_TOKENS: usize = 8192;

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

    /// The bytes of `config.json` with another decision, all else as it stands there.
    ///
    /// # Errors
    /// [`ModelError::Config`] when it is no JSON object.
    pub fn config_with(&self, decision: &Decision) -> Result<Vec<u8>, ModelError> {
        let failed = |error: serde_json::Error| ModelError::Config(error.to_string());
        let mut config: Map<String, Value> =
            serde_json::from_slice(&self.config).map_err(failed)?;
        let decision = serde_json::to_value(decision).map_err(failed)?;
        config.insert("fineprint".to_owned(), decision);
        serde_json::to_vec_pretty(&config).map_err(failed)
    }

    /// SHA-256 of the weights, in hexadecimal.
    pub fn checksum(&self) -> String {
        crate::checksum::sha256(&self.weights)
    }
}

/// A model that was read and checked: its parts fit each other.
#[derive(Debug, Clone)]
pub struct Model {
    pub architecture: Architecture,
    pub config: Config,
    /// By the names of BERT where the architecture is one in other words (DistilBERT, RoBERTa,
    /// XLM-R), else by their own.
    pub weights: Weights,
    pub tokens: TokenEncoder,
}

impl Model {
    /// Parses and checks the files of a model. BERT encoders without a classifier pass too.
    ///
    /// # Errors
    /// What is wrong with which part, as a [`ModelError`].
    pub fn parse(files: &Files) -> Result<Self, ModelError> {
        let architecture = Architecture::of(&files.config)?;
        let config = Config::parse(&files.config)?;
        let weights = Weights::parse(files.weights.clone())?;
        match architecture {
            Architecture::Bert => {
                let max_tokens = max_tokens(&config, DEFAULT_MAX_TOKENS);
                let (tokens, checked) = beside(
                    || TokenEncoder::parse(&files.tokenizer, config.vocab_size, max_tokens),
                    || weights.check(&config),
                );
                checked?;
                Ok(Self { architecture, config, weights, tokens: tokens? })
            }
            Architecture::DistilBert | Architecture::Roberta | Architecture::XlmRoberta => {
                let (config, weights) = bert_form::convert(architecture, config, &weights)?;
                Self::with_layout(architecture, config, weights, files)
            }
            Architecture::ModernBert | Architecture::DebertaV2 => {
                Self::with_layout(architecture, config, weights, files)
            }
        }
    }

    /// A model whose tokenizer says itself where special tokens stand.
    fn with_layout(
        architecture: Architecture,
        config: Config,
        weights: Weights,
        files: &Files,
    ) -> Result<Self, ModelError> {
        let max_tokens = max_tokens(&config, OTHERS_MAX_TOKENS).min(MOST_TOKENS);
        let size = config.vocab_size;
        let tokens = TokenEncoder::parse_with_layout(&files.tokenizer, size, max_tokens)?;
        Ok(Self { architecture, config, weights, tokens })
    }
}

/// Longest input in tokens: what the model says, within what its positions allow.
fn max_tokens(config: &Config, default: usize) -> usize {
    let stored = config.fineprint.as_ref().map_or(0, |decision| decision.max_tokens);
    let wanted = if stored == 0 { default } else { stored };
    wanted.min(config.max_position_embeddings)
}
