//! What an import met: counts to check against what is known of the corpus.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::annotations::Practice;
use super::spans::SpanCounts;
use super::votes::Votes;
use super::{Example, Unit};
use crate::taxonomy::Taxonomy;

/// Counts of an import of OPP-115.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    pub policies: usize,
    pub segments: usize,
    /// Rows of the annotation files.
    pub practices: usize,
    /// Rows with `Other` that is no kind of it: no label comes of them.
    pub practices_dropped: usize,
    /// How many policies have how many annotators.
    pub annotators: Vec<AnnotatorCount>,
    /// Segments a majority gave each label, in class order.
    pub segment_labels: Vec<LabelCount>,
    /// Segments without any of the twelve labels: their `labels` are empty.
    pub segments_without_label: usize,
    /// Of these, segments whose majority is `Other`, but of no one kind.
    pub segments_other_undecided: usize,
    /// Segments on which no majority agrees even with all kinds of `Other` as one.
    pub segments_without_majority: usize,
    /// Segments that hold no text: no example comes of them.
    pub without_text: usize,
    /// Policies that `folds.tsv` does not name.
    pub policies_without_fold: usize,
    pub spans: SpanCounts,
    /// Only with clauses as the unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clauses: Option<ClauseCounts>,
    #[serde(skip)]
    class_counts: BTreeMap<usize, usize>,
    #[serde(skip)]
    annotator_counts: BTreeMap<usize, usize>,
}

/// So many policies have so many annotators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnnotatorCount {
    pub annotators: usize,
    pub policies: usize,
}

/// So many segments or clauses have this label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelCount {
    pub label: String,
    pub count: usize,
}

/// Counts of clauses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ClauseCounts {
    pub clauses: usize,
    pub without_label: usize,
    /// Clauses that not even one annotator highlighted.
    pub without_vote: usize,
    pub with_context: usize,
    pub labels: Vec<LabelCount>,
}

impl ImportReport {
    pub(super) fn new(unit: Unit) -> Self {
        Self {
            policies: 0,
            segments: 0,
            practices: 0,
            practices_dropped: 0,
            annotators: Vec::new(),
            segment_labels: Vec::new(),
            segments_without_label: 0,
            segments_other_undecided: 0,
            segments_without_majority: 0,
            without_text: 0,
            policies_without_fold: 0,
            spans: SpanCounts::default(),
            clauses: (unit == Unit::Clause).then(ClauseCounts::default),
            class_counts: BTreeMap::new(),
            annotator_counts: BTreeMap::new(),
        }
    }

    pub(super) fn count_policy(&mut self, annotators: usize, fold: bool, practices: &[Practice]) {
        self.policies += 1;
        self.policies_without_fold += usize::from(!fold);
        self.practices += practices.len();
        self.practices_dropped += practices.iter().filter(|p| p.class.is_none()).count();
        *self.annotator_counts.entry(annotators).or_default() += 1;
    }

    pub(super) fn count_segment(&mut self, votes: &Votes, annotators: u32) {
        self.segments += 1;
        let majority = votes.majority(annotators);
        if majority.is_empty() {
            self.segments_without_label += 1;
            let other = votes.agrees_on_other(annotators);
            self.segments_other_undecided += usize::from(other);
        }
        let agreed = votes.agrees_on_category(annotators);
        self.segments_without_majority += usize::from(!agreed);
        for class in majority {
            *self.class_counts.entry(class).or_default() += 1;
        }
    }

    /// Names the counts, once all policies are read.
    pub(super) fn finish(&mut self, examples: &[Example], taxonomy: &Taxonomy) {
        let counts = std::mem::take(&mut self.class_counts);
        self.segment_labels = name_counts(taxonomy, |i, _| counts.get(&i).copied().unwrap_or(0));
        let annotators = std::mem::take(&mut self.annotator_counts).into_iter();
        self.annotators = annotators
            .map(|(annotators, policies)| AnnotatorCount { annotators, policies })
            .collect();
        if let Some(clauses) = &mut self.clauses {
            *clauses = count_clauses(examples, taxonomy);
        }
    }
}

fn count_clauses(examples: &[Example], taxonomy: &Taxonomy) -> ClauseCounts {
    let count = |test: fn(&Example) -> bool| examples.iter().filter(|e| test(e)).count();
    let with = |name: &str| examples.iter().filter(|e| e.labels.iter().any(|l| l == name)).count();
    ClauseCounts {
        clauses: examples.len(),
        without_label: count(|e| e.labels.is_empty()),
        without_vote: count(|e| e.votes.is_empty()),
        with_context: count(|e| !e.context.is_empty()),
        labels: name_counts(taxonomy, |_, name| with(name)),
    }
}

fn name_counts(taxonomy: &Taxonomy, count: impl Fn(usize, &str) -> usize) -> Vec<LabelCount> {
    let names = taxonomy.names().iter().enumerate();
    names.map(|(i, name)| LabelCount { label: name.clone(), count: count(i, name) }).collect()
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} policies, {} segments, {} practices ({} of them Other without a kind)",
            self.policies, self.segments, self.practices, self.practices_dropped
        )?;
        for count in &self.annotators {
            writeln!(f, "{} policies with {} annotators", count.policies, count.annotators)?;
        }
        if self.policies_without_fold > 0 {
            writeln!(f, "{} policies without a fold", self.policies_without_fold)?;
        }
        writeln!(f, "segments by majority label:")?;
        write_labels(f, &self.segment_labels)?;
        writeln!(
            f,
            "{} segments without a label ({} of them Other of no agreed kind); on {} of them no \
             majority agrees on a category",
            self.segments_without_label,
            self.segments_other_undecided,
            self.segments_without_majority
        )?;
        if self.without_text > 0 {
            writeln!(f, "{} segments without text, left out", self.without_text)?;
        }
        let spans = &self.spans;
        writeln!(
            f,
            "{} highlights: {} exact, {} trimmed, {} without tags, {} errant, {} not placed",
            spans.total, spans.exact, spans.trimmed, spans.stripped, spans.errant, spans.unplaced
        )?;
        let Some(clauses) = &self.clauses else { return Ok(()) };
        writeln!(
            f,
            "{} clauses: {} without a label ({} without a vote), {} with context",
            clauses.clauses, clauses.without_label, clauses.without_vote, clauses.with_context
        )?;
        write_labels(f, &clauses.labels)
    }
}

fn write_labels(f: &mut fmt::Formatter<'_>, labels: &[LabelCount]) -> fmt::Result {
    for LabelCount { label, count } in labels {
        writeln!(f, "{count:>7}  {label}")?;
    }
    Ok(())
}
