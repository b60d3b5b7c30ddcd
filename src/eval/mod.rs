//! Scores and gold labels → figures: precision, recall, F1, their intervals, agreement.
//!
//! Everything here is a pure function over labelled clauses; no model, no files. Labels,
//! scores and decisions are slices by class index of one [`Taxonomy`](crate::taxonomy::Taxonomy).
//!
//! The way through: rows of [`Scored`] clauses (from a data set, or from [`align()`] for a whole
//! document) → [`Evaluation::report`] → a [`Report`], shown by [`table()`] or [`json()`].

mod agreement;
mod align;
mod human;
mod intervals;
mod json;
mod label_map;
mod merged;
mod metrics;
mod report;
mod starts;
mod table;
mod thresholds;

pub use agreement::{cohen_kappa, cohen_kappa_by_category, fleiss_kappa, pairwise_f1};
pub use align::{Alignment, GoldClause, LabelledClause, Segmentation, align};
pub use human::{Human, HumanFigures};
pub use intervals::{Bootstrap, Interval, bootstrap};
pub use json::json;
pub use label_map::LabelMap;
pub use merged::merge_other;
pub use metrics::{AVERAGES, Counts, Measures, Tally, tally_by_group};
pub use report::{Evaluation, Figures, Report, TenCategories};
pub use starts::same_starts;
pub use table::table;
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
        "{found} thresholds for {expected} labels; give one for each label of the taxonomy, in \
         its order"
    )]
    Thresholds { expected: usize, found: usize },
    #[error(
        "clause {row} (of `{group}`) has {found} {what}, but the taxonomy has {expected} labels; \
         evaluate it with the taxonomy it was labelled with"
    )]
    Shape { row: usize, group: String, what: &'static str, expected: usize, found: usize },
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
