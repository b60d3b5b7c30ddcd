//! Texts → scores and labels: a model with its thresholds, as a library.
//!
//! ```no_run
//! use fineprint::label::{Classifier, Input, Unit};
//! use fineprint::model::{Files, Model};
//!
//! let files = Files::read("my-model".as_ref())?;
//! let classifier = Classifier::new(Model::parse(&files)?)?;
//! let input = Input { text: "We encrypt your messages.", ..Input::default() };
//! for found in classifier.classify(&[input], Unit::Clause, 1)? {
//!     println!("{:?}", classifier.names(&found.labels));
//! }
//! # Ok::<(), fineprint::model::ModelError>(())
//! ```

use std::collections::BTreeMap;

use crate::clause::Clause;
use crate::dataset::Example;
use crate::encoder::{self, Cache, Choice, Engine};
pub use crate::model::Input;
use crate::model::{
    Architecture, CertifiedScores, Model, ModelError, TokenEncoder, Tokens, Weights,
};
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

impl<'a> From<&'a Clause> for Input<'a> {
    fn from(clause: &'a Clause) -> Self {
        let previous = clause.previous.as_deref();
        Self { text: &clause.text, context: &clause.context, previous }
    }
}

impl<'a> From<&'a Example> for Input<'a> {
    fn from(example: &'a Example) -> Self {
        let previous = example.previous.as_deref();
        Self { text: &example.text, context: &example.context, previous }
    }
}

/// What the model says of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Classified {
    /// Score of every label, 0 to 1, in class order.
    pub scores: Vec<f32>,
    /// Class indices of the labels whose score reaches the threshold, in class order.
    pub labels: Vec<usize>,
    /// Labels that the usual thresholds would give, but whose precision is not certain enough
    /// there; empty unless [`Classifier::require_precision`] asked for one.
    pub withheld: Vec<usize>,
    /// The text was too long for the model: the scores speak of its beginning only.
    pub truncated: bool,
}

/// An inference engine.
pub trait Encoder: Send + Sync {
    /// Scores by input and label. Those of an input depend on this input alone, bit for bit,
    /// whatever its neighbours and however many threads.
    ///
    /// # Errors
    /// [`ModelError::Engine`] when the model fails on an input.
    fn scores(&self, inputs: &[Tokens], threads: usize) -> Result<Vec<Vec<f32>>, ModelError>;
}

/// How a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineOptions {
    /// What computes the products of the project's own engine.
    pub kernel: Choice,
    /// Inputs whose scores are remembered, so that a clause that comes again is not run again;
    /// 0 for none. The memory holds up to twice as many, some 300 bytes each.
    pub remembered: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { kernel: Choice::Auto, remembered: 16_384 }
    }
}

/// The project's own engine, over packed tokens.
struct Packed {
    engine: Box<dyn Engine>,
    cache: Cache,
}

impl Encoder for Packed {
    fn scores(&self, inputs: &[Tokens], threads: usize) -> Result<Vec<Vec<f32>>, ModelError> {
        let inputs: Vec<&Tokens> = inputs.iter().collect();
        Ok(encoder::scores(&*self.engine, &inputs, threads, Some(&self.cache)))
    }
}

#[cfg(feature = "architectures")]
impl Encoder for crate::architectures::Network {
    fn scores(&self, inputs: &[Tokens], threads: usize) -> Result<Vec<Vec<f32>>, ModelError> {
        self.scores(inputs, threads)
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
    /// What the model stores of certain precisions.
    certified: Vec<CertifiedScores>,
    /// Scores from which labels are given whatever the thresholds; infinite for those without
    /// enough evidence. `None` when no precision is required.
    required: Option<Vec<f32>>,
}

impl Classifier {
    /// Makes a model ready, with the fastest kernel of this CPU.
    ///
    /// # Errors
    /// [`ModelError`] when the model is an encoder without a classifier, or a tensor is missing.
    pub fn new(model: Model) -> Result<Self, ModelError> {
        Self::with_options(model, EngineOptions::default())
    }

    /// Makes a model ready: BERT, DistilBERT, RoBERTa and XLM-R on the project's own engine, the
    /// others on candle.
    ///
    /// # Errors
    /// [`ModelError`] as for [`Classifier::new`], or when this CPU cannot run the kernel.
    pub fn with_options(mut model: Model, options: EngineOptions) -> Result<Self, ModelError> {
        model.config.require_multi_label()?;
        let weights = std::mem::take(&mut model.weights);
        let encoder: Box<dyn Encoder> = match model.architecture {
            Architecture::ModernBert | Architecture::DebertaV2 => other(&model, weights, options)?,
            _ => {
                let engine = encoder::load(&model.config, weights, options.kernel)?;
                Box::new(Packed { engine, cache: Cache::new(options.remembered) })
            }
        };
        Self::with_encoder(model, encoder)
    }

    /// Puts another engine in the place of the project's own; it must score with the same model.
    ///
    /// # Errors
    /// [`ModelError::Config`] when the model names no labels.
    pub fn with_encoder(model: Model, encoder: Box<dyn Encoder>) -> Result<Self, ModelError> {
        let taxonomy = model.config.taxonomy()?;
        let decision = model.config.fineprint.unwrap_or_default();
        let mut tokens = model.tokens;
        tokens.show_previous(decision.previous);
        let name = if decision.name.is_empty() { "unnamed".to_owned() } else { decision.name };
        Ok(Self {
            encoder,
            tokens,
            clause_thresholds: in_class_order(&decision.thresholds, &taxonomy),
            segment_thresholds: in_class_order(&decision.segment_thresholds, &taxonomy),
            certified: decision.certified,
            required: None,
            taxonomy,
            name,
        })
    }

    /// Gives a label only where the model's stored evidence certifies a precision of at least
    /// `min_precision`; what the usual thresholds would give beyond that is withheld. Evidence
    /// for a higher precision holds for a lower one too; the result says of which it is.
    ///
    /// # Errors
    /// [`ModelError::Uncertified`] when the model stores none as high for this unit.
    pub fn require_precision(&mut self, min_precision: f64, unit: Unit) -> Result<f64, ModelError> {
        let of = |entry: &CertifiedScores| match unit {
            Unit::Clause => entry.thresholds.clone(),
            Unit::Segment => entry.segment_thresholds.clone(),
        };
        let entries = self.certified.iter().filter_map(|e| Some((e.min_precision, of(e)?)));
        let mut entries: Vec<(f64, BTreeMap<String, f32>)> = entries.collect();
        entries.sort_by(|a, b| a.0.total_cmp(&b.0));
        let Some((taken, scores)) =
            entries.iter().find(|(precision, _)| *precision >= min_precision)
        else {
            let stored: Vec<String> = entries.iter().map(|(p, _)| p.to_string()).collect();
            return Err(ModelError::Uncertified {
                wanted: min_precision,
                unit: match unit {
                    Unit::Clause => "clauses",
                    Unit::Segment => "segments",
                },
                stored: if stored.is_empty() { "none".to_owned() } else { stored.join(", ") },
            });
        };
        let score = |name: &String| scores.get(name).copied().unwrap_or(f32::INFINITY);
        self.required = Some(self.taxonomy.names().iter().map(score).collect());
        Ok(*taken)
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

    /// Whether a text is too long for the model, so that it reads the beginning only.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`] when the tokenizer fails on the text.
    pub fn truncates(&self, input: &Input) -> Result<bool, ModelError> {
        Ok(self.tokens.encode(input)?.truncated)
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
        let tokens = self.tokens.encode_all(inputs, threads)?;
        let scores = self.encoder.scores(&tokens, threads)?;
        let thresholds = self.thresholds(unit);
        let classified = scores.into_iter().zip(&tokens).map(|(scores, tokens)| {
            let (labels, withheld) = decide(&scores, thresholds, self.required.as_deref());
            Classified { labels, withheld, scores, truncated: tokens.truncated }
        });
        Ok(classified.collect())
    }
}

/// A model that candle runs.
#[cfg(feature = "architectures")]
fn other(
    model: &Model,
    weights: Weights,
    options: EngineOptions,
) -> Result<Box<dyn Encoder>, ModelError> {
    let cache = Cache::new(options.remembered);
    let network = crate::architectures::Network::load(model, &weights, cache)?;
    Ok(Box::new(network))
}

#[cfg(not(feature = "architectures"))]
fn other(model: &Model, _: Weights, _: EngineOptions) -> Result<Box<dyn Encoder>, ModelError> {
    Err(ModelError::Config(format!(
        "model_type is {:?}, and this program was built without the feature \"architectures\"",
        model.architecture.name()
    )))
}

/// The labels to give, and those that only the usual thresholds would give.
fn decide(
    scores: &[f32],
    thresholds: &[f32],
    required: Option<&[f32]>,
) -> (Vec<usize>, Vec<usize>) {
    let usual = reached(scores, thresholds);
    let Some(required) = required else { return (usual, Vec::new()) };
    let labels = reached(scores, required);
    let withheld = usual.into_iter().filter(|class| !labels.contains(class)).collect();
    (labels, withheld)
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
    fn what_is_not_certain_enough_is_withheld() {
        let (scores, usual) = ([0.9, 0.6, 0.4, 0.99], [0.5; 4]);
        assert_eq!(decide(&scores, &usual, None), (vec![0, 1, 3], vec![]));
        // The third label is certain enough below its usual threshold, the last one never.
        let required = [0.8, 0.8, 0.3, f32::INFINITY];
        assert_eq!(decide(&scores, &usual, Some(&required)), (vec![0, 2], vec![1, 3]));
    }

    #[test]
    fn labels_without_threshold_get_the_default() {
        let taxonomy = Taxonomy::new(vec!["B".into(), "A".into()]);
        let thresholds = BTreeMap::from([("A".to_owned(), 0.3)]);
        assert_eq!(in_class_order(&thresholds, &taxonomy), [DEFAULT_THRESHOLD, 0.3]);
    }
}
