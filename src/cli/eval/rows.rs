//! Labelled clauses and a model → rows to judge.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow};

use super::super::exit::Failure;
use super::super::saved;
use super::clauses_of;
use super::lint::shown;
use crate::dataset::{Example, document_path};
use crate::document::Span;
use crate::eval::{
    Alignment, EvalError, GoldClause, LabelledClause, Predictions, Scored, Segmentation, Source,
    Tuning, Votes, align, counted, decide, tune,
};
use crate::label::{Classified, Classifier, Input, Unit};
use crate::taxonomy::Taxonomy;

/// Rows, and the thresholds behind their decisions.
pub struct Judged {
    pub rows: Vec<Scored>,
    /// Unknown where the decisions were read from a file.
    pub thresholds: Option<Vec<f32>>,
    pub segmentation: Option<Segmentation>,
    /// Which example each row is of.
    pub order: Vec<usize>,
    /// Whether each row has scores; else they are 0 and mean nothing.
    pub scored: bool,
}

/// Classifies the gold clauses' own texts.
///
/// # Errors
/// [`Failure::Model`] when the model fails on a text.
pub fn of_texts(
    examples: &[Example],
    classifier: &Classifier,
    unit: Option<Unit>,
    threads: usize,
) -> Result<Judged, Failure> {
    let own = |example: &Example| unit.unwrap_or_else(|| unit_of(example));
    let inputs: Vec<Input> = examples.iter().map(Input::from).collect();
    let classified = classifier.classify(&inputs, Unit::Clause, threads)?;
    let taxonomy = classifier.taxonomy();
    let rows = (examples.iter().zip(classified))
        .map(|(example, Classified { scores, .. })| Scored {
            group: example.group.clone(),
            gold: example.gold(taxonomy),
            predicted: decide(&scores, classifier.thresholds(own(example))),
            scores,
            votes: votes(example, taxonomy),
        })
        .collect();
    let first = examples.first().map_or(Unit::Clause, own);
    Ok(Judged {
        rows,
        thresholds: Some(classifier.thresholds(first).to_vec()),
        segmentation: None,
        order: (0..examples.len()).collect(),
        scored: true,
    })
}

/// A clause has a kind; a segment of a corpus has none.
fn unit_of(example: &Example) -> Unit {
    if example.kind.is_some() { Unit::Clause } else { Unit::Segment }
}

/// Reads, cuts and labels the gold clauses' documents, and lays the result over them.
///
/// # Errors
/// [`Failure::Input`] for a clause without place, or a document that cannot be read.
pub fn of_documents(
    examples: &[Example],
    folder: &Path,
    classifier: &Classifier,
    threads: usize,
) -> Result<Judged, Failure> {
    let predict = |name: &str, bytes: &[u8]| labelled(name, bytes, classifier, threads);
    let (all, order) = aligned(examples, folder, classifier.taxonomy(), &predict)?;
    Ok(Judged {
        segmentation: Some(all.segmentation()),
        rows: all.rows,
        thresholds: Some(classifier.thresholds(Unit::Clause).to_vec()),
        order,
        scored: true,
    })
}

/// What a run predicted for the clauses of these documents, from the records it wrote.
///
/// # Errors
/// As [`of_documents`].
pub fn saved_documents(
    examples: &[Example],
    folder: &Path,
    taxonomy: &Taxonomy,
    predictions: &Predictions,
) -> Result<Judged, Failure> {
    let predict = |name: &str, _: &[u8]| match predictions.of_document(name) {
        none if none.is_empty() => {
            Err(Failure::Input(anyhow!("the saved predictions have no clause of {name}")))
        }
        clauses => Ok(clauses),
    };
    let (all, order) = aligned(examples, folder, taxonomy, &predict)?;
    Ok(Judged {
        segmentation: Some(all.segmentation()),
        rows: all.rows,
        thresholds: None,
        order,
        scored: predictions.are_scored(),
    })
}

/// What a run predicted for each clause.
///
/// # Errors
/// [`Failure::Input`] when it predicted nothing for one.
pub fn saved_texts(
    examples: &[Example],
    taxonomy: &Taxonomy,
    predictions: &Predictions,
    name: &str,
) -> Result<Judged, Failure> {
    let found = saved::of(examples, predictions, name)?;
    let rows = (examples.iter().zip(found))
        .map(|(example, found)| Scored {
            group: example.group.clone(),
            gold: example.gold(taxonomy),
            predicted: found.labels.clone(),
            scores: found.scores.clone(),
            votes: votes(example, taxonomy),
        })
        .collect();
    let order = (0..examples.len()).collect();
    let scored = predictions.are_scored();
    Ok(Judged { rows, thresholds: None, segmentation: None, order, scored })
}

/// Gives the clauses of a document, from its name and bytes.
type Predict<'a> = &'a dyn Fn(&str, &[u8]) -> Result<Vec<LabelledClause>, Failure>;

/// Predicted clauses laid over the gold ones, document by document, and whose example each is.
fn aligned(
    examples: &[Example],
    folder: &Path,
    taxonomy: &Taxonomy,
    predict: Predict,
) -> Result<(Alignment, Vec<usize>), Failure> {
    let mut documents: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, example) in examples.iter().enumerate() {
        let Some(document) = example.document.as_deref() else {
            let message = format!("clause {} names no document", example.id);
            return Err(Failure::Input(anyhow!(message)));
        };
        documents.entry(document).or_default().push(i);
    }
    let (mut all, mut order) = (Alignment::default(), Vec::new());
    for (name, which) in documents {
        let path = document_path(folder, name).map_err(|why| Failure::Input(anyhow!(why)))?;
        let bytes = fs::read(&path)
            .with_context(|| format!("cannot read {}", path.display()))
            .map_err(Failure::Input)?;
        let gold: Vec<&Example> = which.iter().map(|&i| &examples[i]).collect();
        check_places(name, &bytes, &gold)?;
        let predicted = predict(name, &bytes)?;
        all.append(document_rows(name, &bytes, &gold, &predicted, taxonomy)?);
        order.extend(which);
    }
    Ok((all, order))
}

/// Fails when most clauses of a document do not stand where they say: it is another one, or was
/// changed. A few may be read otherwise than whoever labelled them did.
fn check_places(name: &str, bytes: &[u8], gold: &[&Example]) -> Result<(), Failure> {
    let Ok(document) = shown(name, bytes) else { return Ok(()) };
    // Places of a PDF are no bytes of the file.
    if document.pages.is_some() {
        return Ok(());
    }
    let source = Source::new(&document, bytes.len());
    let astray = |example: &&&Example| {
        let place = example.start.zip(example.end).map(|(start, end)| Span { start, end });
        place.is_some_and(|place| !source.holds(place, &example.text))
    };
    let count = gold.iter().filter(astray).count();
    if count * 2 <= gold.len() {
        return Ok(());
    }
    Err(Failure::Input(anyhow!(
        "{name}: {count} of {} do not stand where the data set says; `fineprint eval lint \
         --documents` shows them",
        counted(gold.len(), "clause", "clauses")
    )))
}

/// Reads, cuts and labels one document.
fn labelled(
    name: &str,
    bytes: &[u8],
    classifier: &Classifier,
    threads: usize,
) -> Result<Vec<LabelledClause>, Failure> {
    let clauses = clauses_of(name, bytes)?;
    let inputs: Vec<Input> = clauses.iter().map(Input::from).collect();
    let classified = classifier.classify(&inputs, Unit::Clause, threads)?;
    let thresholds = classifier.thresholds(Unit::Clause);
    let labelled = clauses.iter().zip(classified).map(|(clause, found)| LabelledClause {
        span: clause.span,
        labels: decide(&found.scores, thresholds),
        scores: found.scores,
    });
    Ok(labelled.collect())
}

fn document_rows(
    name: &str,
    bytes: &[u8],
    examples: &[&Example],
    predicted: &[LabelledClause],
    taxonomy: &Taxonomy,
) -> Result<Alignment, Failure> {
    let failed = |error: anyhow::Error| Failure::Input(error.context(name.to_owned()));
    let gold = examples
        .iter()
        .map(|example| {
            let (Some(start), Some(end)) = (example.start, example.end) else {
                return Err(failed(anyhow!("clause {} has no start and end", example.id)));
            };
            if end > bytes.len() || start > end {
                return Err(failed(anyhow!("clause {} ends after the document", example.id)));
            }
            Ok(GoldClause {
                span: Span { start, end },
                labels: example.gold(taxonomy),
                votes: votes(example, taxonomy),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let group = examples.first().map_or(name, |example| &example.group);
    align(group, bytes, &gold, predicted, taxonomy.len()).map_err(|error| failed(error.into()))
}

/// Decides anew: each half of the policies by the thresholds that are best on the other half.
///
/// # Errors
/// [`EvalError::OnePolicy`] when there are fewer than two.
pub fn cross_fit(rows: &mut [Scored]) -> Result<(), EvalError> {
    let groups: BTreeSet<String> = rows.iter().map(|row| row.group.clone()).collect();
    if groups.len() < 2 {
        return Err(EvalError::OnePolicy);
    }
    let second: BTreeSet<String> = groups.into_iter().skip(1).step_by(2).collect();
    let half = |row: &Scored| second.contains(&row.group);
    let tuned = [false, true].map(|which| {
        let other: Vec<&Scored> = rows.iter().filter(|row| half(row) != which).collect();
        let scores: Vec<Vec<f32>> = other.iter().map(|row| row.scores.clone()).collect();
        let gold: Vec<Vec<bool>> = other.iter().map(|row| row.gold.clone()).collect();
        tune(&scores, &gold, &Tuning::default())
    });
    let [first, last] = tuned;
    let (first, last) = (first?, last?);
    for row in rows {
        let thresholds = if second.contains(&row.group) { &last } else { &first };
        row.predicted = decide(&row.scores, thresholds);
    }
    Ok(())
}

fn votes(example: &Example, taxonomy: &Taxonomy) -> Option<Votes> {
    let annotators = example.annotators.filter(|n| *n > 1)?;
    let mut counts = vec![0; taxonomy.len()];
    for (label, votes) in &example.votes {
        counts[taxonomy.resolve(label)?] = *votes;
    }
    Some(Votes { counts, annotators })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(group: &str, gold: bool, score: f32) -> Scored {
        let (gold, scores) = (vec![gold], vec![score]);
        Scored { group: group.to_owned(), gold, scores, ..Scored::default() }
    }

    #[test]
    fn cross_fitting_decides_a_policy_by_the_other_ones() {
        // In b the labels start at 0.3, in a at 0.7, drawn to 0.4 and 0.6: each is decided by the
        // other's threshold.
        let mut rows = Vec::new();
        for i in 0..30 {
            rows.push(row("a", true, 0.8 + i as f32 / 1000.0));
            rows.push(row("a", false, 0.6));
            rows.push(row("b", true, 0.4));
            rows.push(row("b", false, 0.2));
        }
        cross_fit(&mut rows).unwrap();
        let given = |group: &str, score: f32| {
            rows.iter().find(|r| r.group == group && r.scores[0] == score).unwrap().predicted[0]
        };
        assert!(given("a", 0.6), "0.6 is above what separates b");
        assert!(!given("b", 0.4), "0.4 is below what separates a");
        rows.retain(|row| row.group == "a");
        assert_eq!(cross_fit(&mut rows), Err(EvalError::OnePolicy));
    }
}
