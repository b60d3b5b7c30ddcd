//! The default model, compiled into the binary.

use std::borrow::Cow;

use super::Files;

/// The card of the default model, in Markdown: data, licence, figures.
pub const EMBEDDED_CARD: &str = include_str!("../../models/default/README.md");

/// The files of `models/default`.
pub fn embedded() -> Files {
    Files {
        config: Cow::Borrowed(include_bytes!("../../models/default/config.json")),
        weights: Cow::Borrowed(include_bytes!("../../models/default/model.safetensors")),
        tokenizer: Cow::Borrowed(include_bytes!("../../models/default/tokenizer.json")),
    }
}
