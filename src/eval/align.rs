//! Clauses as a run found them against the gold clauses of the same document.
//!
//! A label only counts for the gold clause where it stands, so splitting and labelling are
//! judged together.

use serde::{Deserialize, Serialize};

use crate::document::Span;

use super::starts::same_starts;
use super::{Counts, EvalError, Scored, Votes, check_len};

/// A clause as the model's run found it; labels and scores by class index.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledClause {
    pub span: Span,
    pub labels: Vec<bool>,
    pub scores: Vec<f32>,
}

/// A clause as people marked it.
#[derive(Debug, Clone, PartialEq)]
pub struct GoldClause {
    pub span: Span,
    pub labels: Vec<bool>,
    pub votes: Option<Votes>,
}

/// Gold clauses with what was predicted for them; documents add up with [`Alignment::append`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Alignment {
    /// One row a gold clause, in the order given.
    pub rows: Vec<Scored>,
    /// Clauses that start at the same word.
    pub starts: Counts,
    /// Gold clauses no predicted clause covers: they count as predicted with no label.
    pub gold_without_counterpart: u64,
    /// Predicted clauses that cover no gold clause: their labels are not judged.
    pub predicted_without_counterpart: u64,
}

/// How well the document was cut into clauses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Segmentation {
    pub gold_clauses: u64,
    pub predicted_clauses: u64,
    /// Precision, recall and F1 of clause starts.
    pub precision: Option<f64>,
    pub recall: Option<f64>,
    pub f1: Option<f64>,
    pub gold_without_counterpart: u64,
    pub predicted_without_counterpart: u64,
}

impl Alignment {
    /// Adds another document.
    pub fn append(&mut self, other: Alignment) {
        self.rows.extend(other.rows);
        self.starts += other.starts;
        self.gold_without_counterpart += other.gold_without_counterpart;
        self.predicted_without_counterpart += other.predicted_without_counterpart;
    }

    /// The figures of the splitting alone.
    pub fn segmentation(&self) -> Segmentation {
        let starts = self.starts.measures();
        Segmentation {
            gold_clauses: starts.support,
            predicted_clauses: starts.predicted,
            precision: starts.precision,
            recall: starts.recall,
            f1: starts.f1,
            gold_without_counterpart: self.gold_without_counterpart,
            predicted_without_counterpart: self.predicted_without_counterpart,
        }
    }
}

/// Lays the predicted clauses of one document over its gold clauses.
///
/// A predicted clause counts for a gold clause when they share at least half of the shorter
/// one, in bytes of `source`. A gold clause gets the labels of all that count for it, and the
/// highest of their scores. `group` is the policy, `classes` the number of labels.
pub fn align(
    group: &str,
    source: &[u8],
    gold: &[GoldClause],
    predicted: &[LabelledClause],
    classes: usize,
) -> Result<Alignment, EvalError> {
    for (row, clause) in gold.iter().enumerate() {
        check_len(row, group, "gold labels", clause.labels.len(), classes)?;
    }
    for (row, clause) in predicted.iter().enumerate() {
        check_len(row, group, "predicted labels", clause.labels.len(), classes)?;
        check_len(row, group, "scores", clause.scores.len(), classes)?;
    }
    let index = Index::new(predicted);
    let mut counted = vec![false; predicted.len()];
    let mut out = Alignment::default();
    for clause in gold {
        let counterparts = index.counterparts(clause.span);
        out.gold_without_counterpart += u64::from(counterparts.is_empty());
        let mut row = Scored {
            group: group.to_owned(),
            gold: clause.labels.clone(),
            scores: vec![0.0; classes],
            predicted: vec![false; classes],
            votes: clause.votes.clone(),
        };
        for i in counterparts {
            counted[i] = true;
            unite(&mut row, &predicted[i]);
        }
        out.rows.push(row);
    }
    out.predicted_without_counterpart = counted.iter().filter(|&&c| !c).count() as u64;
    let spans = |clause: &LabelledClause| clause.span;
    out.starts = same_starts(
        source,
        &gold.iter().map(|clause| clause.span).collect::<Vec<_>>(),
        &predicted.iter().map(spans).collect::<Vec<_>>(),
    );
    Ok(out)
}

fn unite(row: &mut Scored, clause: &LabelledClause) {
    for (has, &more) in row.predicted.iter_mut().zip(&clause.labels) {
        *has |= more;
    }
    for (score, &other) in row.scores.iter_mut().zip(&clause.scores) {
        *score = score.max(other);
    }
}

/// Predicted spans by place, so that a gold clause looks only at its neighbours.
struct Index {
    /// (span, place in the list given), by start.
    spans: Vec<(Span, usize)>,
    /// The furthest end among the spans up to each: it only grows, so it can be searched.
    reach: Vec<usize>,
}

impl Index {
    fn new(clauses: &[LabelledClause]) -> Self {
        let mut spans: Vec<_> = clauses.iter().enumerate().map(|(i, c)| (c.span, i)).collect();
        spans.sort();
        let mut furthest = 0;
        let reach = spans
            .iter()
            .map(|(span, _)| {
                furthest = furthest.max(span.end);
                furthest
            })
            .collect();
        Self { spans, reach }
    }

    /// The clauses that share at least half of the shorter of the two with `gold`.
    fn counterparts(&self, gold: Span) -> Vec<usize> {
        let from = self.reach.partition_point(|&end| end <= gold.start);
        self.spans[from..]
            .iter()
            .take_while(|(span, _)| span.start < gold.end)
            .filter(|(span, _)| count_for_each_other(*span, gold))
            .map(|&(_, i)| i)
            .collect()
    }
}

fn count_for_each_other(a: Span, b: Span) -> bool {
    let shared = a.end.min(b.end).saturating_sub(a.start.max(b.start));
    let shorter = a.end.saturating_sub(a.start).min(b.end.saturating_sub(b.start));
    shared > 0 && shared >= shorter.div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gold(start: usize, end: usize, labels: [bool; 2]) -> GoldClause {
        GoldClause { span: Span { start, end }, labels: labels.to_vec(), votes: None }
    }

    fn found(start: usize, end: usize, labels: [bool; 2]) -> LabelledClause {
        let scores = labels.map(|has| if has { 0.9 } else { 0.1 });
        LabelledClause {
            span: Span { start, end },
            labels: labels.to_vec(),
            scores: scores.to_vec(),
        }
    }

    fn run(gold: &[GoldClause], predicted: &[LabelledClause]) -> Alignment {
        align("p", &[b'x'; 100], gold, predicted, 2).unwrap()
    }

    #[test]
    fn a_gold_clause_takes_all_labels_of_its_parts() {
        let out = run(
            &[gold(0, 20, [true, true])],
            &[found(10, 20, [false, true]), found(0, 10, [true, false])],
        );
        assert_eq!(out.rows[0].predicted, [true, true]);
        assert_eq!(out.rows[0].scores, [0.9, 0.9]);
        assert_eq!(out.rows[0].group, "p");
    }

    #[test]
    fn one_long_clause_counts_for_each_gold_clause_it_covers() {
        let out = run(
            &[gold(0, 10, [true, false]), gold(10, 20, [false, true])],
            &[found(0, 20, [true, false])],
        );
        assert_eq!(out.rows[0].predicted, [true, false]);
        assert_eq!(out.rows[1].predicted, [true, false]);
        let cut = out.segmentation();
        assert_eq!((cut.precision, cut.recall), (Some(1.0), Some(0.5)));
    }

    #[test]
    fn half_of_the_shorter_is_enough_and_less_is_not() {
        let clauses = [gold(10, 20, [true, false])];
        assert_eq!(run(&clauses, &[found(15, 40, [true, false])]).gold_without_counterpart, 0);
        let out = run(&clauses, &[found(16, 40, [true, false])]);
        assert_eq!(out.gold_without_counterpart, 1);
        assert_eq!(out.predicted_without_counterpart, 1);
        assert_eq!(out.rows[0].predicted, [false, false]);
        assert_eq!(out.rows[0].scores, [0.0, 0.0]);
        assert_eq!(run(&clauses, &[found(20, 20, [true, true])]).gold_without_counterpart, 1);
        assert_eq!(run(&clauses, &[]).gold_without_counterpart, 1);
    }

    #[test]
    fn finds_a_long_clause_that_starts_early() {
        let predicted =
            [found(0, 90, [true, false]), found(1, 3, [false, true]), found(4, 6, [false, true])];
        let out = run(&[gold(50, 60, [true, false])], &predicted);
        assert_eq!(out.rows[0].predicted, [true, false]);
        assert_eq!(out.predicted_without_counterpart, 2);
    }

    #[test]
    fn documents_add_up() {
        let mut all = run(&[gold(0, 9, [true, false])], &[found(0, 9, [true, false])]);
        all.append(run(&[gold(0, 9, [true, false])], &[]));
        assert_eq!(all.rows.len(), 2);
        let cut = all.segmentation();
        assert_eq!((cut.gold_clauses, cut.predicted_clauses), (2, 1));
        assert_eq!(cut.gold_without_counterpart, 1);
        assert_eq!(cut.f1, Some(2.0 / 3.0));
    }

    #[test]
    fn a_wrong_number_of_labels_is_an_error() {
        let clause = GoldClause { labels: vec![true], ..gold(0, 4, [true, true]) };
        let error = align("p", b"text", &[clause], &[], 2).unwrap_err();
        assert!(error.to_string().contains("clause 0 (of `p`) has 1 gold labels"), "{error}");
    }
}
