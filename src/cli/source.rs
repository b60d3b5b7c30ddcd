//! Where a model comes from: the binary itself, a folder or a hub.

use std::path::Path;

use super::exit::Failure;
use crate::model::hub::{self, HubId};
use crate::model::{Files, Model, ModelError};

/// The model that `--model` names.
///
/// # Errors
/// [`Failure::Model`] when there is none or it cannot be used.
pub fn load(model: Option<&str>) -> Result<Model, Failure> {
    Ok(Model::parse(&files(model)?)?)
}

/// Its files.
///
/// # Errors
/// As [`load`].
pub fn files(model: Option<&str>) -> Result<Files, Failure> {
    match model {
        Some(name) => Ok(named(name)?),
        None => embedded(),
    }
}

#[cfg(feature = "embedded-model")]
fn embedded() -> Result<Files, Failure> {
    Ok(crate::model::embedded())
}

#[cfg(not(feature = "embedded-model"))]
fn embedded() -> Result<Files, Failure> {
    Err(Failure::Model(anyhow::anyhow!("this program has no model inside: name one with --model")))
}

/// The files of a folder, or else of the hub when the name is an id there.
fn named(name: &str) -> Result<Files, ModelError> {
    let folder = Path::new(name);
    match name.parse::<HubId>() {
        Ok(id) if !folder.exists() => hub::fetch(&id),
        _ => Files::read(folder),
    }
}
