//! Thresholds per category from scores on labelled examples.

use std::collections::BTreeMap;

use crate::dataset::Example;
use crate::eval::{Certified, EvalError, Scored, Tuning, decide, tune};
use crate::label::DEFAULT_THRESHOLD;
use crate::model::{CertifiedScores, Decision};
use crate::taxonomy::Taxonomy;

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

/// Certifies a precision on the scores of these examples, and puts the scores from which it holds
/// into `decision`, in the place of what was stored for that precision. Says what was found.
///
/// # Errors
/// [`EvalError`] for a precision that cannot be certified.
pub fn certify(
    decision: &mut Decision,
    examples: &[Example],
    scores: &[Vec<f32>],
    taxonomy: &Taxonomy,
    min_precision: f64,
) -> Result<String, EvalError> {
    let (segments, clauses): (Vec<usize>, Vec<usize>) =
        (0..examples.len()).partition(|index| examples[*index].kind.is_none());
    let of = |which: &[usize], thresholds: &BTreeMap<String, f32>| {
        let rows: Vec<Scored> =
            which.iter().map(|&i| scored(&examples[i], &scores[i], taxonomy, thresholds)).collect();
        if rows.is_empty() {
            return Ok(None);
        }
        let found = Certified::of(taxonomy, &rows, min_precision)?;
        let certain = found.per_category.iter();
        let certain = certain.filter_map(|(name, c)| Some((name.to_owned(), c.threshold()?)));
        Ok(Some(certain.collect::<BTreeMap<String, f32>>()))
    };
    let thresholds = of(&clauses, &decision.thresholds)?;
    let segment_thresholds = of(&segments, &decision.segment_thresholds)?;
    let labels = |map: &Option<BTreeMap<String, f32>>, unit: &str| {
        let count = map.as_ref()?.len();
        Some(format!("{count} of {} labels on {unit}", taxonomy.len()))
    };
    let said: Vec<String> =
        [labels(&thresholds, "clauses"), labels(&segment_thresholds, "segments")]
            .into_iter()
            .flatten()
            .collect();
    let stored = decision.certified.iter().position(|e| e.min_precision == min_precision);
    let mut entry = stored.map_or_else(
        || CertifiedScores { min_precision, ..CertifiedScores::default() },
        |index| decision.certified.remove(index),
    );
    entry.thresholds = thresholds.or(entry.thresholds);
    entry.segment_thresholds = segment_thresholds.or(entry.segment_thresholds);
    decision.certified.push(entry);
    decision.certified.sort_by(|a, b| a.min_precision.total_cmp(&b.min_precision));
    Ok(format!("precision of {min_precision} certified for {}", said.join(", ")))
}

fn scored(
    example: &Example,
    scores: &[f32],
    taxonomy: &Taxonomy,
    thresholds: &BTreeMap<String, f32>,
) -> Scored {
    let threshold = |name: &String| thresholds.get(name).copied().unwrap_or(DEFAULT_THRESHOLD);
    let thresholds: Vec<f32> = taxonomy.names().iter().map(threshold).collect();
    Scored {
        group: example.group.clone(),
        gold: example.gold(taxonomy),
        predicted: decide(scores, &thresholds),
        scores: scores.to_vec(),
        votes: None,
    }
}

/// The thresholds that suit some of the examples best, by label.
fn tuned(
    examples: &[Example],
    scores: &[Vec<f32>],
    which: &[usize],
    taxonomy: &Taxonomy,
) -> BTreeMap<String, f32> {
    let scores: Vec<Vec<f32>> = which.iter().map(|i| scores[*i].clone()).collect();
    let gold: Vec<Vec<bool>> = which.iter().map(|i| examples[*i].gold(taxonomy)).collect();
    let tuning = Tuning::default();
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
            // Clauses part at 0.7, segments at 0.3: half-way to 0.5 from there.
            let middle = if clause { 0.7 } else { 0.3 };
            scores.push(vec![if given { middle + 0.1 } else { middle - 0.1 }, 0.0]);
        }
        let mut decision = Decision::default();
        store(&mut decision, &examples, &scores, &taxonomy);
        assert!((decision.thresholds["A"] - 0.6).abs() < 0.01);
        assert!((decision.segment_thresholds["A"] - 0.4).abs() < 0.01);
        assert_eq!(decision.thresholds["B"], 0.5, "never given: the default");
    }

    #[test]
    fn a_certified_precision_takes_the_place_of_the_old_one() {
        let taxonomy = Taxonomy::new(vec!["A".into(), "B".into()]);
        let example = |i: usize| Example {
            group: format!("p{}", i % 10),
            kind: Some(ClauseKind::Sentence),
            labels: if i < 200 { vec!["A".into()] } else { Vec::new() },
            ..Example::default()
        };
        let examples: Vec<Example> = (0..300).map(example).collect();
        let scores: Vec<Vec<f32>> =
            (0..300).map(|i| vec![if i < 200 { 0.9 } else { 0.2 }, 0.6]).collect();
        let mut decision = Decision::default();
        for precision in [0.95, 0.9, 0.95] {
            let said = certify(&mut decision, &examples, &scores, &taxonomy, precision).unwrap();
            assert!(said.ends_with("1 of 2 labels on clauses"), "{said}");
        }
        let stored: Vec<f64> = decision.certified.iter().map(|e| e.min_precision).collect();
        assert_eq!(stored, [0.9, 0.95]);
        let found = decision.certified[1].thresholds.as_ref().unwrap();
        assert!((found["A"] - 0.21).abs() < 1e-6 && !found.contains_key("B"), "{found:?}");
        assert_eq!(decision.certified[1].segment_thresholds, None);
    }
}
