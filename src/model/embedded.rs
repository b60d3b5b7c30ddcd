//! The default model, compiled into the binary.

use std::borrow::Cow;

use super::Files;

/// The files of `models/default`.
pub fn embedded() -> Files {
    Files {
        config: Cow::Borrowed(include_bytes!("../../models/default/config.json")),
        weights: Cow::Borrowed(include_bytes!("../../models/default/model.safetensors")),
        tokenizer: Cow::Borrowed(include_bytes!("../../models/default/tokenizer.json")),
    }
}
