//! Thresholds per category from scores on labelled examples.

use std::collections::BTreeMap;

use crate::dataset::Example;
use crate::eval::{Tuning, tune};
use crate::model::Decision;
use crate::taxonomy::Taxonomy;

/// Positives that a category needs for a threshold of its own.
const MIN_POSITIVES: usize = 25;

/// Tunes thresholds on the scores of these examples and puts them into `decision`: those for
/// clauses on the examples with a kind, those for segments on the others. Where there are no
/// examples of a unit, its thresholds stay.
pub fn store(
    decision: &mut Decision,
    examples: &[Example],
    scores: &[Vec<f32>],
    taxonomy: &Taxonomy,
) {
    let (segments, clauses): (Vec<usize>, Vec<usize>) =
        (0..examples.len()).partition(|index| examples[*index].kind.is_none());
    if !clauses.is_empty() {
        decision.thresholds = tuned(examples, scores, &clauses, taxonomy);
    }
    if !segments.is_empty() {
        decision.segment_thresholds = tuned(examples, scores, &segments, taxonomy);
    }
}

/// The thresholds that maximise F1 on some of the examples, by label.
fn tuned(
    examples: &[Example],
    scores: &[Vec<f32>],
    which: &[usize],
    taxonomy: &Taxonomy,
) -> BTreeMap<String, f32> {
    let scores: Vec<Vec<f32>> = which.iter().map(|i| scores[*i].clone()).collect();
    let gold: Vec<Vec<bool>> = which.iter().map(|i| examples[*i].gold(taxonomy)).collect();
    let tuning = Tuning { min_positives: MIN_POSITIVES, ..Tuning::default() };
    let values = tune(&scores, &gold, &tuning);
    let values = values.unwrap_or_else(|_| vec![tuning.fallback; taxonomy.len()]);
    taxonomy.names().iter().cloned().zip(values).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clause::ClauseKind;

    #[test]
    fn clauses_and_segments_have_thresholds_of_their_own() {
        let taxonomy = Taxonomy::new(vec!["A".into(), "B".into()]);
        let mut examples = Vec::new();
        let mut scores = Vec::new();
        for i in 0..120 {
            let (given, clause) = (i % 2 == 0, i < 60);
            examples.push(Example {
                kind: clause.then_some(ClauseKind::Sentence),
                labels: if given { vec!["A".into()] } else { Vec::new() },
                ..Example::default()
            });
            // Clauses part at 0.7, segments at 0.3.
            let middle = if clause { 0.7 } else { 0.3 };
            scores.push(vec![if given { middle + 0.1 } else { middle - 0.1 }, 0.0]);
        }
        let mut decision = Decision::default();
        store(&mut decision, &examples, &scores, &taxonomy);
        assert!((decision.thresholds["A"] - 0.7).abs() < 0.01);
        assert!((decision.segment_thresholds["A"] - 0.3).abs() < 0.01);
        assert_eq!(decision.thresholds["B"], 0.5, "never given: the default");
    }
}
