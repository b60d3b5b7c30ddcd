//! What a model is compared with: another model, or predictions that were saved.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, anyhow};

use super::super::exit::Failure;
use super::super::source;
use super::super::values::Labelling;
use crate::eval::Predictions;
use crate::label::Classifier;

/// The other side of a comparison.
pub enum Other {
    Model(Box<Classifier>),
    Saved { name: String, predictions: Predictions },
}

impl Other {
    /// A file is taken as predictions, anything else as a model; both must have the labels of
    /// `classifier`.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read or speaks of other labels.
    pub fn open(
        name: &str,
        classifier: &Classifier,
        labelling: &Labelling,
    ) -> Result<Self, Failure> {
        if !Path::new(name).is_file() {
            return Self::model(name, classifier, labelling);
        }
        let file = File::open(name)
            .with_context(|| format!("cannot read {name}"))
            .map_err(Failure::Input)?;
        let predictions = Predictions::read(BufReader::new(file), name, classifier.taxonomy())
            .map_err(|error| Failure::Input(error.into()))?;
        Ok(Self::Saved { name: name.to_owned(), predictions })
    }

    fn model(name: &str, classifier: &Classifier, labelling: &Labelling) -> Result<Self, Failure> {
        let mut other = Classifier::new(source::load(Some(name))?)?;
        if let Some(threshold) = labelling.threshold {
            other.set_threshold(threshold);
        }
        if other.taxonomy().names() != classifier.taxonomy().names() {
            let message = format!(
                "{name} has other labels ({}) than the model it is compared with ({})",
                other.taxonomy().names().join(", "),
                classifier.taxonomy().names().join(", ")
            );
            return Err(Failure::Model(anyhow!(message)));
        }
        Ok(Self::Model(Box::new(other)))
    }

    /// What reports call it.
    pub fn name(&self) -> &str {
        match self {
            Self::Model(classifier) => classifier.name(),
            Self::Saved { name, .. } => name,
        }
    }
}
