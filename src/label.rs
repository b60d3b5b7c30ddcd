//! Texts → scores and labels: a model with its thresholds, as a library.
//!
//! ```no_run
//! use fineprint::label::{Classifier, Input, Unit};
//! use fineprint::model::{Files, Model};
//!
//! let files = Files::read("my-model".as_ref())?;
//! let classifier = Classifier::new(Model::parse(&files)?)?;
//! let input = Input { text: "We encrypt your messages.", context: &[] };
//! for found in classifier.classify(&[input], Unit::Clause, 1)? {
//!     println!("{:?}", classifier.names(&found.labels));
//! }
//! # Ok::<(), fineprint::model::ModelError>(())
//! ```

use std::collections::BTreeMap;

use crate::encoder::kernel::{Kernel, Precision, select};
use crate::encoder::{self, Network};
use crate::model::{Model, ModelError, TokenEncoder, Tokens};
use crate::taxonomy::Taxonomy;

/// Score from which a label is given when the model does not say.
pub const DEFAULT_THRESHOLD: f32 = 0.5;

/// What a text is; it decides which thresholds hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// A sentence, list item, heading or cell.
    #[default]
    Clause,
    /// A paragraph.
    Segment,
}

/// A text to classify.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    pub text: &'a str,
    /// Heading path and list introduction, outermost first; may be empty.
    pub context: &'a [String],
}

/// What the model says of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Classified {
    /// Score of every label, 0 to 1, in class order.
    pub scores: Vec<f32>,
    /// Class indices of the labels whose score reaches the threshold, in class order.
    pub labels: Vec<usize>,
    /// The text was too long for the model: the scores speak of its beginning only.
    pub truncated: bool,
}

/// An inference engine.
pub trait Encoder: Send + Sync {
    /// Scores by input and label. Those of an input depend on this input alone, bit for bit,
    /// whatever its neighbours and however many threads.
    fn scores(&self, inputs: &[Tokens], threads: usize) -> Vec<Vec<f32>>;
}

/// The project's own engine: packed tokens, f32.
struct Packed {
    network: Network,
    kernel: Box<dyn Kernel>,
}

impl Encoder for Packed {
    fn scores(&self, inputs: &[Tokens], threads: usize) -> Vec<Vec<f32>> {
        let inputs: Vec<&Tokens> = inputs.iter().collect();
        encoder::scores(&self.network, &inputs, &*self.kernel, threads)
    }
}

/// A model ready to label texts.
pub struct Classifier {
    encoder: Box<dyn Encoder>,
    tokens: TokenEncoder,
    taxonomy: Taxonomy,
    name: String,
    /// By class index.
    clause_thresholds: Vec<f32>,
    segment_thresholds: Vec<f32>,
}

impl Classifier {
    /// Makes a model ready, on the project's own engine.
    ///
    /// # Errors
    /// [`ModelError`] when the model is an encoder without a classifier, or a tensor is missing.
    pub fn new(model: Model) -> Result<Self, ModelError> {
        let network = Network::load(&model.config, &model.weights)?;
        let kernel = select(Precision::Full);
        Self::with_encoder(model, Box::new(Packed { network, kernel }))
    }

    /// Puts another engine in the place of the project's own; it must score with the same model.
    ///
    /// # Errors
    /// [`ModelError::Config`] when the model names no labels.
    pub fn with_encoder(model: Model, encoder: Box<dyn Encoder>) -> Result<Self, ModelError> {
        let taxonomy = model.config.taxonomy()?;
        let decision = model.config.fineprint.unwrap_or_default();
        let name = if decision.name.is_empty() { "unnamed".to_owned() } else { decision.name };
        Ok(Self {
            encoder,
            tokens: model.tokens,
            clause_thresholds: in_class_order(&decision.thresholds, &taxonomy),
            segment_thresholds: in_class_order(&decision.segment_thresholds, &taxonomy),
            taxonomy,
            name,
        })
    }

    /// Takes one threshold for all labels instead of the model's own.
    pub fn set_threshold(&mut self, threshold: f32) {
        self.clause_thresholds.fill(threshold);
        self.segment_thresholds.fill(threshold);
    }

    /// The labels, in class order.
    pub fn taxonomy(&self) -> &Taxonomy {
        &self.taxonomy
    }

    /// Name of the model.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The thresholds that hold for a unit, by class index.
    pub fn thresholds(&self, unit: Unit) -> &[f32] {
        match unit {
            Unit::Clause => &self.clause_thresholds,
            Unit::Segment => &self.segment_thresholds,
        }
    }

    /// Names of class indices.
    pub fn names(&self, labels: &[usize]) -> Vec<String> {
        labels.iter().map(|&index| self.taxonomy.names()[index].clone()).collect()
    }

    /// Classifies texts on `threads` threads; answers come in the order of the inputs.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`] when the tokenizer fails on a text.
    pub fn classify(
        &self,
        inputs: &[Input],
        unit: Unit,
        threads: usize,
    ) -> Result<Vec<Classified>, ModelError> {
        let tokens = inputs
            .iter()
            .map(|input| self.tokens.encode(input.text, input.context))
            .collect::<Result<Vec<_>, _>>()?;
        let scores = self.encoder.scores(&tokens, threads);
        let thresholds = self.thresholds(unit);
        let classified = scores.into_iter().zip(&tokens).map(|(scores, tokens)| Classified {
            labels: reached(&scores, thresholds),
            scores,
            truncated: tokens.truncated,
        });
        Ok(classified.collect())
    }
}

/// Class indices whose score reaches the threshold.
fn reached(scores: &[f32], thresholds: &[f32]) -> Vec<usize> {
    let pairs = scores.iter().zip(thresholds).enumerate();
    pairs.filter(|(_, (score, threshold))| score >= threshold).map(|(index, _)| index).collect()
}

fn in_class_order(thresholds: &BTreeMap<String, f32>, taxonomy: &Taxonomy) -> Vec<f32> {
    let of = |name: &String| thresholds.get(name).copied().unwrap_or(DEFAULT_THRESHOLD);
    taxonomy.names().iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_at_the_threshold_reaches_it() {
        assert_eq!(reached(&[0.5, 0.49, 0.9], &[0.5, 0.5, 0.95]), [0]);
    }

    #[test]
    fn labels_without_threshold_get_the_default() {
        let taxonomy = Taxonomy::new(vec!["B".into(), "A".into()]);
        let thresholds = BTreeMap::from([("A".to_owned(), 0.3)]);
        assert_eq!(in_class_order(&thresholds, &taxonomy), [DEFAULT_THRESHOLD, 0.3]);
    }
}
