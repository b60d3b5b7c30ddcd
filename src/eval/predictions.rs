//! Predictions that a run saved: records of `label`, `predict` or `eval`, JSON Lines.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::document::Span;
use crate::taxonomy::Taxonomy;

use super::{LabelMap, LabelledClause};

/// One line as it stands there. Lines with an `error` name an input without clauses.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scores: Option<LabelMap<f32>>,
    #[serde(skip_serializing)]
    error: Option<serde::de::IgnoredAny>,
    /// Stands in data sets only.
    #[serde(skip_serializing)]
    group: Option<serde::de::IgnoredAny>,
}

/// What was predicted for one clause, by class index.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    pub labels: Vec<bool>,
    /// 0 where the record has none; written only if there are any.
    pub scores: Vec<f32>,
}

/// A prediction and the text it was made for, where the record has it.
#[derive(Debug)]
struct Saved {
    prediction: Prediction,
    text: Option<Arc<str>>,
    /// Whether it says where its clause stands.
    placed: bool,
}

impl Saved {
    /// Whether it may be of this text; white space does not count.
    fn fits(&self, text: &str) -> bool {
        let same = |own: &Arc<str>| own.split_whitespace().eq(text.split_whitespace());
        self.text.as_ref().is_none_or(same)
    }
}

/// How a clause is looked for: by id, else by its place, else by its text among predictions that
/// have no id, nor a place when the clause has one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    pub id: &'a str,
    pub document: Option<&'a str>,
    pub span: Option<Span>,
    pub text: &'a str,
}

/// Predictions of many clauses.
#[derive(Debug, Default)]
pub struct Predictions {
    all: Vec<Saved>,
    /// Clauses of two data sets may share an id, but not the text as well.
    ids: HashMap<String, Vec<usize>>,
    /// By file name, then by place; several folders may hold a file of that name.
    places: HashMap<String, BTreeMap<Span, Vec<(String, usize)>>>,
    /// `None` for a text that has two different predictions.
    texts: HashMap<Arc<str>, Option<usize>>,
    /// Some have labels only.
    unscored: bool,
}

/// Why saved predictions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PredictionError {
    #[error("cannot read {file}: {source}")]
    Read { file: String, source: io::Error },
    #[error("{file}:{line}: not a record of predictions: {reason}")]
    Line { file: String, line: usize, reason: String },
    #[error(
        "{file}:{line}: the label {label:?} is none of the model's; compare models of one taxonomy"
    )]
    Label { file: String, line: usize, label: String },
    #[error("{file}:{line}: the clause {id} has another prediction further up or in another file")]
    Twice { file: String, line: usize, id: String },
    #[error("{file} holds no prediction")]
    Empty { file: String },
}

/// The predictions with a clause's id are of other texts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the prediction with the id {id} is of another text: of another data set, or of one that was \
     changed since"
)]
pub struct OtherText {
    pub id: String,
}

impl Predictions {
    /// Adds the records of a file; `file` stands for the reader in errors.
    ///
    /// # Errors
    /// [`PredictionError`] for a line that is no record with labels, another taxonomy's, or of a
    /// clause that has another prediction already.
    pub fn read(
        &mut self,
        reader: impl BufRead,
        file: &str,
        taxonomy: &Taxonomy,
    ) -> Result<(), PredictionError> {
        let before = self.len();
        for (i, text) in reader.lines().enumerate() {
            let source = |source| PredictionError::Read { file: file.to_owned(), source };
            let text = text.map_err(source)?;
            let text = text.trim_start_matches('\u{feff}');
            if text.trim().is_empty() {
                continue;
            }
            let wrong = |reason: String| PredictionError::Line {
                file: file.to_owned(),
                line: i + 1,
                reason,
            };
            let line: Line = serde_json::from_str(text).map_err(|error| wrong(reason(&error)))?;
            if line.error.is_some() {
                continue;
            }
            if line.group.is_some() && line.scores.is_none() {
                return Err(wrong("a clause of a data set, with its gold labels".to_owned()));
            }
            let Some(labels) = &line.labels else {
                return Err(wrong("no \"labels\"".to_owned()));
            };
            let prediction = prediction(labels, line.scores.as_ref(), taxonomy);
            let prediction = prediction.map_err(|fault| match fault {
                Fault::Label(label) => {
                    PredictionError::Label { file: file.to_owned(), line: i + 1, label }
                }
                Fault::Score(reason) => wrong(reason),
            })?;
            self.unscored |= line.scores.is_none();
            self.add(line, prediction).map_err(|id| PredictionError::Twice {
                file: file.to_owned(),
                line: i + 1,
                id,
            })?;
        }
        if self.len() == before {
            return Err(PredictionError::Empty { file: file.to_owned() });
        }
        Ok(())
    }

    /// Fails with the id of a clause that has another prediction.
    fn add(&mut self, line: Line, prediction: Prediction) -> Result<(), String> {
        let index = self.all.len();
        let text: Option<Arc<str>> = line.text.map(Into::into);
        let named = line.id.is_some();
        if let Some(id) = line.id {
            let known = self.ids.entry(id.clone()).or_default();
            let same = |&&first: &&usize| text.as_ref().is_none_or(|t| self.all[first].fits(t));
            if known.iter().find(same).is_some_and(|&i| self.all[i].prediction != prediction) {
                return Err(id);
            }
            known.push(index);
        }
        let place = line.document.zip(line.start.zip(line.end));
        let placed = place.is_some();
        if let Some((document, (start, end))) = place {
            let places = self.places.entry(file_name(&document).to_owned()).or_default();
            places.entry(Span { start, end }).or_default().push((document, index));
        }
        if let Some(text) = text.clone().filter(|_| !named) {
            let same = |other: usize| self.all[other].prediction.labels == prediction.labels;
            let entry = self.texts.entry(text).or_insert(Some(index));
            *entry = entry.filter(|&other| other == index || same(other));
        }
        self.all.push(Saved { prediction, text, placed });
        Ok(())
    }

    /// True when each prediction has scores.
    pub fn are_scored(&self) -> bool {
        !self.unscored
    }

    /// The prediction for a clause.
    ///
    /// # Errors
    /// [`OtherText`] when the predictions with its id are of other texts.
    pub fn find(&self, wanted: &Wanted) -> Result<Option<&Prediction>, OtherText> {
        let by_place = || {
            let (document, span) = (wanted.document?, wanted.span?);
            let found = self.places.get(file_name(document))?.get(&span)?;
            found.iter().find(|(name, _)| same_file(name, document)).map(|(_, index)| *index)
        };
        let somewhere = wanted.document.is_some() && wanted.span.is_some();
        let by_text = || {
            let index = self.texts.get(wanted.text).copied().flatten()?;
            (!somewhere || !self.all[index].placed).then_some(index)
        };
        let index = match self.ids.get(wanted.id) {
            Some(known) => {
                let fits = known.iter().find(|&&index| self.all[index].fits(wanted.text));
                Some(*fits.ok_or_else(|| OtherText { id: wanted.id.to_owned() })?)
            }
            None => by_place().or_else(by_text),
        };
        Ok(index.map(|index| &self.all[index].prediction))
    }

    /// All clauses predicted in a document, by place.
    pub fn of_document(&self, document: &str) -> Vec<LabelledClause> {
        let places = self.places.get(file_name(document));
        (places.into_iter().flatten())
            .flat_map(|(span, found)| found.iter().map(move |(at, index)| (span, at, index)))
            .filter(|(_, at, _)| same_file(at, document))
            .map(|(span, _, &index)| {
                let Prediction { labels, scores } = self.all[index].prediction.clone();
                LabelledClause { span: *span, labels, scores }
            })
            .collect()
    }

    /// Number of predictions.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Writes the prediction for one clause as a line that [`Predictions::read`] understands.
///
/// # Errors
/// What the writer says.
pub fn write_prediction(
    out: &mut dyn Write,
    wanted: &Wanted,
    prediction: &Prediction,
    taxonomy: &Taxonomy,
) -> io::Result<()> {
    let given = taxonomy.names().iter().zip(&prediction.labels).filter(|(_, given)| **given);
    let line = Line {
        id: Some(wanted.id.to_owned()),
        document: wanted.document.map(str::to_owned),
        start: wanted.span.map(|span| span.start),
        end: wanted.span.map(|span| span.end),
        text: Some(wanted.text.to_owned()),
        labels: Some(given.map(|(name, _)| name.clone()).collect()),
        scores: (!prediction.scores.is_empty())
            .then(|| LabelMap::new(taxonomy, prediction.scores.iter().copied())),
        error: None,
        group: None,
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

/// What is wrong with the labels or scores of a record.
enum Fault {
    /// The taxonomy does not know it.
    Label(String),
    Score(String),
}

fn prediction(
    names: &[String],
    found: Option<&LabelMap<f32>>,
    taxonomy: &Taxonomy,
) -> Result<Prediction, Fault> {
    let class = |name: &str| taxonomy.resolve(name).ok_or_else(|| Fault::Label(name.to_owned()));
    let mut labels = vec![false; taxonomy.len()];
    for name in names {
        labels[class(name)?] = true;
    }
    let Some(found) = found else {
        return Ok(Prediction { labels, scores: vec![0.0; taxonomy.len()] });
    };
    let mut scores = vec![None; taxonomy.len()];
    for (name, &score) in found.iter() {
        if !(0.0..=1.0).contains(&score) {
            let reason = format!("the score of {name:?} is {score}; scores lie between 0 and 1");
            return Err(Fault::Score(reason));
        }
        scores[class(name)?] = Some(score);
    }
    let missing = |at: usize| Fault::Score(format!("no score for {:?}", taxonomy.names()[at]));
    let scores = (scores.into_iter().enumerate())
        .map(|(at, score)| score.ok_or_else(|| missing(at)))
        .collect::<Result<_, _>>()?;
    Ok(Prediction { labels, scores })
}

/// What the JSON parser says of a line that is parsed alone.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once(" at line ") {
        Some((reason, _)) => format!("{reason} (column {})", error.column()),
        None => text,
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// A data set names files below its folder; a run may have been given the folder too.
fn same_file(run: &str, wanted: &str) -> bool {
    run == wanted || run.strip_suffix(wanted).is_some_and(|rest| rest.ends_with(['/', '\\']))
}

#[cfg(test)]
mod tests;
