//! What is judged or compared with: a model, or predictions that were saved.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::super::exit::Failure;
use super::super::values::{Labelling, Unit};
use super::super::{saved, source};
use super::rows::{self, Judged};
use crate::dataset::Example;
use crate::eval::{Predictions, decide};
use crate::label::Classifier;
use crate::taxonomy::Taxonomy;

/// Gives labels and scores for gold clauses.
pub enum Subject {
    Model(Box<Classifier>),
    Saved(Box<Saved>),
}

/// Predictions of one or several runs.
pub struct Saved {
    name: String,
    predictions: Predictions,
    taxonomy: Taxonomy,
    /// Decides anew.
    threshold: Option<f32>,
}

/// How a subject is judged.
pub struct Judging<'a> {
    /// Folder of documents that are read, cut and labelled; without it, the gold's own texts.
    pub documents: Option<&'a Path>,
    pub unit: Option<Unit>,
    pub threads: usize,
    pub cross_fit: bool,
}

impl Subject {
    /// The model of the options.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be loaded.
    pub fn model(labelling: &Labelling) -> Result<Self, Failure> {
        Ok(Self::Model(Box::new(labelling.classifier()?)))
    }

    /// Predictions in files, in the categories of OPP-115 or of the model in the options.
    ///
    /// # Errors
    /// [`Failure::Input`] when a file cannot be used.
    pub fn saved(files: &[PathBuf], labelling: &Labelling) -> Result<Self, Failure> {
        let taxonomy = match &labelling.model {
            Some(name) => source::load(Some(name))?.config.taxonomy()?,
            None => Taxonomy::opp115(),
        };
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let predictions = saved::open(files, &taxonomy)?;
        let threshold = labelling.threshold;
        Ok(Self::Saved(Box::new(Saved {
            name: names.join(", "),
            predictions,
            taxonomy,
            threshold,
        })))
    }

    /// What this one is compared with: a file is taken as predictions, anything else as a model,
    /// which decides as the options say.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read or speaks of other labels.
    pub fn other(&self, name: &str, labelling: &Labelling) -> Result<Self, Failure> {
        if Path::new(name).is_file() || name.ends_with(".jsonl") {
            return Ok(Self::Saved(Box::new(Saved {
                name: name.to_owned(),
                predictions: saved::open(&[name], self.taxonomy())?,
                taxonomy: self.taxonomy().clone(),
                threshold: None,
            })));
        }
        let labelling = Labelling { model: Some(name.to_owned()), ..labelling.clone() };
        let other = Self::model(&labelling)?;
        if other.taxonomy().names() != self.taxonomy().names() {
            let message = format!(
                "{name} has other labels ({}) than what it is compared with ({})",
                other.taxonomy().names().join(", "),
                self.taxonomy().names().join(", ")
            );
            return Err(Failure::Model(anyhow!(message)));
        }
        Ok(other)
    }

    /// What reports call it.
    pub fn name(&self) -> &str {
        match self {
            Self::Model(classifier) => classifier.name(),
            Self::Saved(saved) => &saved.name,
        }
    }

    /// Whether it tells how sure it is of each label.
    pub fn is_scored(&self) -> bool {
        match self {
            Self::Model(_) => true,
            Self::Saved(saved) => saved.predictions.are_scored(),
        }
    }

    /// The labels it speaks of.
    pub fn taxonomy(&self) -> &Taxonomy {
        match self {
            Self::Model(classifier) => classifier.taxonomy(),
            Self::Saved(saved) => &saved.taxonomy,
        }
    }

    /// Its rows for these examples.
    ///
    /// # Errors
    /// [`Failure`] when a clause cannot be scored or has no prediction, or when labels are to be
    /// decided anew and there are no scores.
    pub fn judge(&self, examples: &[Example], how: &Judging) -> Result<Judged, Failure> {
        let mut judged = match self {
            Self::Model(classifier) => match how.documents {
                None => {
                    rows::of_texts(examples, classifier, how.unit.map(Into::into), how.threads)?
                }
                Some(folder) => rows::of_documents(examples, folder, classifier, how.threads)?,
            },
            Self::Saved(saved) => saved.judge(examples, how)?,
        };
        if how.cross_fit {
            rows::cross_fit(&mut judged.rows).map_err(|error| Failure::Input(error.into()))?;
        }
        Ok(judged)
    }
}

impl Saved {
    fn judge(&self, examples: &[Example], how: &Judging) -> Result<Judged, Failure> {
        let Self { name, predictions, taxonomy, threshold } = self;
        if (how.cross_fit || threshold.is_some()) && !predictions.are_scored() {
            let message = format!("{name} has predictions without scores to decide by");
            return Err(Failure::Input(anyhow!(message)));
        }
        let mut judged = match how.documents {
            None => rows::saved_texts(examples, taxonomy, predictions, name)?,
            Some(folder) => rows::saved_documents(examples, folder, taxonomy, predictions)?,
        };
        if let Some(threshold) = *threshold {
            let thresholds = vec![threshold; taxonomy.len()];
            for row in &mut judged.rows {
                row.predicted = decide(&row.scores, &thresholds);
            }
            judged.thresholds = Some(thresholds);
        }
        Ok(judged)
    }
}
