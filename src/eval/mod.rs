//! Scores and gold labels → figures: precision, recall, F1, their intervals, agreement.
//!
//! Everything here is a pure function over labelled clauses; no model, no files. Labels,
//! scores and decisions are slices by class index of one [`Taxonomy`](crate::taxonomy::Taxonomy).
//!
//! The way through: rows of [`Scored`] clauses (from a data set, or from [`align()`] for a whole
//! document) → [`Evaluation::report`] → a [`Report`], shown by [`table()`] or [`json()`].

mod agreement;
mod align;
mod binomial;
mod calibration;
mod certify;
mod compare;
mod errors;
mod gate;
mod html;
mod human;
mod intervals;
mod json;
mod label_map;
mod lint;
mod markdown;
mod merged;
mod metrics;
mod pointing;
mod predictions;
pub mod reading;
mod report;
mod sections;
mod splitter;
mod starts;
mod student;
mod table;
mod thresholds;

pub use agreement::{cohen_kappa, cohen_kappa_by_category, fleiss_kappa, pairwise_f1};
pub use align::{Alignment, GoldClause, LabelledClause, Segmentation, align};
pub use calibration::{Bin, Calibrated, Calibration, Point, Ranking, curve};
pub use certify::{Certificate, Certified, CertifiedPoint, Evidence};
pub use compare::{Comparison, Difference, McNemar, Paired};
pub use errors::{Confusion, Decided, Errors, Place, Suspect, WrongClause};
pub use gate::{Gate, GateError, Miss};
pub use html::{Sheet, html};
pub use human::{Human, HumanFigures};
pub use intervals::{Bootstrap, Interval, bootstrap};
pub use json::json;
pub use label_map::LabelMap;
pub use lint::{Finding, Linted, Open, Problem, Source, lint};
pub use markdown::markdown;
pub use merged::merge_other;
pub use metrics::{AVERAGES, Counts, Measures, Tally, tally_by_group};
pub use pointing::{Pointed, PointingFigures, PointingReport, point, pointing_table};
pub use predictions::{
    OtherText, Prediction, PredictionError, Predictions, Wanted, write_prediction,
};
pub use reading::{
    Overlap, ReaderRow, ReadingFigures, gold_name, gold_text, mean_reading, overlap, reader_table,
};
pub use report::{Evaluation, Figures, Report, TenCategories};
pub use splitter::{SplitterFigures, SplitterRow, predicted_starts, splitter_table};
pub use starts::{same_starts, spans_from};
pub use table::{table, tables};
pub use thresholds::{Tuning, decide, tune};

/// One clause with what people and the model say of it, all by class index.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scored {
    /// The policy it comes from: intervals resample groups, never single clauses.
    pub group: String,
    /// Which labels are right.
    pub gold: Vec<bool>,
    /// How sure the model is, 0 to 1.
    pub scores: Vec<f32>,
    /// Which labels the model gives.
    pub predicted: Vec<bool>,
    /// Who of the annotators gave which label, where the data set tells.
    pub votes: Option<Votes>,
}

/// How many annotators read a clause, and how many of them gave each label.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Votes {
    /// Votes by class index, each at most `annotators`.
    pub counts: Vec<u32>,
    pub annotators: u32,
}

/// Why there are no figures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    #[error("no clauses to evaluate: the data set is empty")]
    Empty,
    #[error(
        "all clauses are of one policy; thresholds tuned on some policies are judged on others, \
         so at least two are needed"
    )]
    OnePolicy,
    #[error(
        "{found} thresholds for {expected} labels; give one for each label of the taxonomy, in \
         its order"
    )]
    Thresholds { expected: usize, found: usize },
    #[error(
        "clause {row} (of `{group}`) has {found} {what}, but the taxonomy has {expected} labels; \
         evaluate it with the taxonomy it was labelled with"
    )]
    Shape { row: usize, group: String, what: &'static str, expected: usize, found: usize },
    #[error(
        "clause {row} (of `{group}`) has the score {score} for `{label}`; scores are numbers from \
         0 to 1"
    )]
    Score { row: usize, group: String, label: String, score: String },
    #[error(
        "clause {row} (of `{group}`) is not the same for both models: compare them on the same \
         clauses, in the same order"
    )]
    Unlike { row: usize, group: String },
    #[error("a precision to certify lies between 0 and 1, both excluded")]
    MinPrecision,
}

/// A number with the word for what it counts.
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The mean of figures, if there are any.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Checks one list of a clause against the number of labels.
fn check_len(
    row: usize,
    group: &str,
    what: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), EvalError> {
    if found == expected {
        return Ok(());
    }
    Err(EvalError::Shape { row, group: group.to_owned(), what, expected, found })
}
