//! Labelled clauses as JSON Lines: what `import` writes and `eval` and `train` read.

mod annotated;
mod error;
mod folds;
mod gold;
mod opp115;
mod places;
mod polisis;
mod pseudo;
mod reading;
mod writing;

#[cfg(test)]
mod corpus_tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clause::ClauseKind;

pub use annotated::{import_doccano, import_label_studio};
pub use error::{DatasetError, LineProblem};
pub use folds::split_by_fold;
pub use gold::{Converted, document_path, import_clauses, import_spans};
pub use opp115::{
    AnnotatorCount, ClauseCounts, ContextScope, ImportReport, Imported, LabelCount, SpanCounts,
    import_opp115, import_opp115_with,
};
pub use places::{Place, Places, read_places};
pub use polisis::{PartCount, Polisis, PolisisReport, add_single_votes, import_polisis, leaked};
pub use pseudo::{Selection, TextPool, thin_common, vote_by_scores};
pub use reading::{ExampleReader, read_examples, read_examples_from};
pub use writing::write_examples;

/// What becomes one example.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A clause as [`crate::clause::split`] cuts it, with its kind and context.
    #[default]
    Clause,
    /// One clause or several in a row, about a paragraph, without kind and context.
    Segment,
}

/// One labelled text of a data set; one JSON line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Unique within the data set.
    pub id: String,
    /// The policy it comes from: splits and intervals never cut through a group.
    pub group: String,
    /// The file it stands in, relative to the data set's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Offsets into `document`; unit as the data set says (bytes, unless it says otherwise).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ClauseKind>,
    /// Heading path and list introduction, outermost first.
    #[serde(default)]
    pub context: Vec<String>,
    /// The beginning of the clause before, beside a short one ([`crate::clause::Clause`]). Where a
    /// data set does not say it, reading finds it in the line before, if that is of the same
    /// document; an empty one says that there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    pub text: String,
    /// Gold labels (majority of the annotators), canonical names.
    pub labels: Vec<String>,
    /// How many annotators gave each label.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub votes: BTreeMap<String, u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotators: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<u32>,
    /// Who gave which labels, by the name of the annotator, where that is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, Vec<String>>,
    /// Where in `text` annotators saw each label: half-open ranges in bytes, in order, apart.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub highlights: BTreeMap<String, Vec<(usize, usize)>>,
}

impl Example {
    /// Gold labels by class index; names that `taxonomy` does not know are left out.
    pub fn gold(&self, taxonomy: &crate::taxonomy::Taxonomy) -> Vec<bool> {
        let mut gold = vec![false; taxonomy.len()];
        for index in self.labels.iter().filter_map(|label| taxonomy.resolve(label)) {
            gold[index] = true;
        }
        gold
    }
}
