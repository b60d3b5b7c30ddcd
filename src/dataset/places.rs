//! Labels by place, without texts → examples: for documents that may be read but not passed on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::error::LineProblem;
use super::gold::document_path;
use super::reading::{canonical_labels, canonical_votes, not_json, read_text};
use super::{DatasetError, Example, Unit};
use crate::checksum;
use crate::clause::{self, Clause};
use crate::document::{self, ReadOptions};
use crate::taxonomy::Taxonomy;

/// The labels of one document by where its texts stand; one JSON line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// The file, relative to the folder of documents.
    pub document: String,
    /// The policy: splits and intervals never cut through a group.
    pub group: String,
    /// Of the file that was labelled: places mean nothing in another version.
    pub sha256: String,
    #[serde(default)]
    pub unit: Unit,
    pub places: Vec<Place>,
}

/// A labelled text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Half-open, in bytes of the file.
    pub start: usize,
    pub end: usize,
    pub labels: Vec<String>,
    /// How many annotators gave each label.
    #[serde(default)]
    pub votes: BTreeMap<String, u32>,
    #[serde(default)]
    pub annotators: Option<u32>,
}

/// Reads labels by place, their labels under canonical names.
///
/// # Errors
/// [`DatasetError`] with the line when it is no such object, names a label that `taxonomy` does
/// not know, labels a place twice, or comes back to a document.
pub fn read_places(path: &Path, taxonomy: &Taxonomy) -> Result<Vec<Places>, DatasetError> {
    let text = read_text(path)?;
    let mut documents = HashMap::new();
    let mut found = Vec::new();
    for (line, content) in (1..).zip(text.lines()).filter(|(_, it)| !it.trim().is_empty()) {
        let wrong = |problem| DatasetError::line(path, line, problem);
        let places = parse(content, taxonomy).map_err(wrong)?;
        if let Some(first) = documents.insert(places.document.clone(), line) {
            let document = places.document;
            return Err(wrong(LineProblem::DuplicateDocument { document, first }));
        }
        found.push(places);
    }
    if found.is_empty() {
        return Err(DatasetError::corpus(path, "holds no labels by place"));
    }
    Ok(found)
}

fn parse(line: &str, taxonomy: &Taxonomy) -> Result<Places, LineProblem> {
    let mut places: Places = serde_json::from_str(line).map_err(not_json)?;
    if places.group.trim().is_empty() {
        return Err(LineProblem::Blank("group"));
    }
    let mut seen = BTreeSet::new();
    for place in &mut places.places {
        let Place { start, end, labels, votes, annotators } = place;
        let (start, end) = (*start, *end);
        if start >= end {
            return Err(LineProblem::EmptyPlace { start, end });
        }
        if !seen.insert((start, end)) {
            return Err(LineProblem::DuplicatePlace { start, end });
        }
        *labels = canonical_labels(std::mem::take(labels), taxonomy)?;
        *votes = canonical_votes(std::mem::take(votes), *annotators, taxonomy)?;
    }
    Ok(places)
}

impl Places {
    /// Finds the labelled texts in the document below `folder`, and counts the labels that stand
    /// where no clause or run of clauses does. `labels` is the file that `self` comes from.
    ///
    /// # Errors
    /// [`DatasetError`] when the document cannot be read, is another version than the labelled
    /// one, or is a PDF, whose places are no bytes.
    pub fn find(
        &self,
        labels: &Path,
        folder: &Path,
    ) -> Result<(Vec<Example>, usize), DatasetError> {
        let bytes = self.labelled_version(labels, folder)?;
        let name = folder.join(&self.document);
        let wrong =
            |problem| DatasetError::corpus(labels, format!("{}: {problem}", name.display()));
        let document = document::read(&bytes, Some(&self.document), &ReadOptions::without_gate())
            .map_err(|error| wrong(error.to_string()))?;
        if document.pages.is_some() {
            return Err(wrong("a PDF, whose places are no bytes".to_owned()));
        }
        Ok(self.examples(&clause::split(&document)))
    }

    /// Gives the labels to those of `examples` that stand at a place of the document, in their
    /// order, and counts the places where none does. Votes and highlights stood for other labels.
    ///
    /// # Errors
    /// [`DatasetError`] when the document cannot be read or is another version than the labelled
    /// one.
    pub fn relabel(
        &self,
        labels: &Path,
        folder: &Path,
        examples: &[Example],
    ) -> Result<(Vec<Example>, usize), DatasetError> {
        self.labelled_version(labels, folder)?;
        let places: HashMap<_, _> = self.places.iter().map(|p| ((p.start, p.end), p)).collect();
        let found: Vec<Example> = examples
            .iter()
            .filter(|example| example.document.as_ref() == Some(&self.document))
            .filter_map(|example| {
                let place = places.get(&(example.start?, example.end?))?;
                Some(Example {
                    labels: place.labels.clone(),
                    votes: place.votes.clone(),
                    annotators: place.annotators,
                    annotations: BTreeMap::new(),
                    highlights: BTreeMap::new(),
                    // Empty for none: the line before in the data set may not be the clause before.
                    previous: Some(example.previous.clone().unwrap_or_default()),
                    ..example.clone()
                })
            })
            .collect();
        let stands: BTreeSet<_> =
            found.iter().map(|example| (example.start, example.end)).collect();
        let left = self.places.len() - stands.len();
        Ok((found, left))
    }

    /// The document's bytes, which must be those that were labelled.
    fn labelled_version(&self, labels: &Path, folder: &Path) -> Result<Vec<u8>, DatasetError> {
        let path = document_path(folder, &self.document)
            .map_err(|problem| DatasetError::corpus(labels, problem))?;
        let limit = ReadOptions::default().max_bytes as u64;
        let size = fs::metadata(&path).map_err(|e| DatasetError::read(&path, e))?.len();
        if size > limit {
            let problem = format!("too large: {size} bytes, at most {limit} are read");
            return Err(DatasetError::corpus(labels, format!("{}: {problem}", path.display())));
        }
        let bytes = fs::read(&path).map_err(|e| DatasetError::read(&path, e))?;
        if checksum::sha256(&bytes).eq_ignore_ascii_case(&self.sha256) {
            return Ok(bytes);
        }
        let problem = "not the version that was labelled (sha256 differs)";
        Err(DatasetError::corpus(labels, format!("{}: {problem}", path.display())))
    }

    /// The labelled texts of a document that was cut into `clauses`, and how many of the labels
    /// stand where no clause or run of clauses does.
    fn examples(&self, clauses: &[Clause]) -> (Vec<Example>, usize) {
        let starts: HashMap<usize, usize> =
            clauses.iter().enumerate().rev().map(|(i, clause)| (clause.span.start, i)).collect();
        let examples: Vec<Example> = self
            .places
            .iter()
            .filter_map(|place| {
                let from = &clauses[*starts.get(&place.start)?..];
                let held = from.iter().take_while(|clause| clause.span.end <= place.end).count();
                let (last, several) = (from[..held].last()?, self.unit == Unit::Segment);
                let whole = last.span.end == place.end && (held == 1 || several);
                whole.then(|| self.example(place, &from[..held]))
            })
            .collect();
        let lost = self.places.len() - examples.len();
        (examples, lost)
    }

    /// What stands at a place.
    fn example(&self, place: &Place, clauses: &[Clause]) -> Example {
        let texts: Vec<&str> = clauses.iter().map(|clause| clause.text.as_str()).collect();
        let text = Example {
            id: format!("{}#{}-{}", self.document, place.start, place.end),
            group: self.group.clone(),
            document: Some(self.document.clone()),
            start: Some(place.start),
            end: Some(place.end),
            text: texts.join(" "),
            labels: place.labels.clone(),
            votes: place.votes.clone(),
            annotators: place.annotators,
            ..Example::default()
        };
        match self.unit {
            Unit::Segment => text,
            Unit::Clause => Example {
                kind: Some(clauses[0].kind),
                context: clauses[0].context.clone(),
                // Empty for none: the line before in the data set may not be the clause before.
                previous: Some(clauses[0].previous.clone().unwrap_or_default()),
                ..text
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Données\n\nWe keep your name. We sell it.\n";

    fn read(lines: &str) -> Result<Vec<Places>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.jsonl");
        std::fs::write(&path, lines).unwrap();
        let found = read_places(&path, &Taxonomy::opp115());
        let folder = format!("{}/", folder.path().display());
        found.map_err(|error| error.to_string().replace(&folder, ""))
    }

    fn line(document: &str, more: &str, places: &str) -> String {
        format!(
            r#"{{"document":"{document}","group":"shop","sha256":"00",{more}"places":[{places}]}}"#
        )
    }

    fn clauses() -> Vec<Clause> {
        let options = ReadOptions::without_gate();
        clause::split(&document::read(TEXT.as_bytes(), Some("shop.md"), &options).unwrap())
    }

    /// A place from the beginning of one text to the end of another.
    fn place(from: &str, to: &str, more: &str) -> String {
        let (start, end) = (TEXT.find(from).unwrap(), TEXT.find(to).unwrap() + to.len());
        format!(r#"{{"start":{start},"end":{end},{more}}}"#)
    }

    #[test]
    fn labels_find_their_clauses() {
        let places = [
            place("We keep", "name.", r#""labels":["FPC"]"#),
            place("We sell", "it.", r#""labels":["TPS"]"#),
            place("We keep", "it.", r#""labels":[]"#),
            place("Don", "We", r#""labels":[]"#),
        ];
        let read = read(&line("shop.md", "", &places.join(","))).unwrap();
        let (examples, lost) = read[0].examples(&clauses());
        assert_eq!((examples.len(), lost), (2, 2));
        let [first, second] = &examples[..] else { unreachable!() };
        assert_eq!((second.text.as_str(), second.group.as_str()), ("We sell it.", "shop"));
        assert_eq!(second.labels, ["Third Party Sharing/Collection"]);
        assert_eq!(second.context, ["Données"]);
        assert_eq!(second.previous.as_deref(), Some("We keep your name."));
        assert_eq!((second.annotators, second.votes.len()), (None, 0));
        assert_eq!(first.previous.as_deref(), Some(""), "the context holds it");
        assert_ne!(first.id, second.id);
    }

    #[test]
    fn segments_hold_clauses_in_a_row() {
        let more = r#""labels":["FPC"],"votes":{"FPC":3,"TPS":1},"annotators":3"#;
        let places = [
            place("We keep", "sell it.", more),
            place("We sell", "sell it.", more),
            place("We keep", "sell", more),
        ];
        let read = read(&line("shop.md", r#""unit":"segment","#, &places.join(","))).unwrap();
        let (examples, lost) = read[0].examples(&clauses());
        assert_eq!((examples.len(), lost), (2, 1));
        assert_eq!(examples[0].text, "We keep your name. We sell it.");
        assert_eq!(examples[1].text, "We sell it.");
        for example in &examples {
            assert_eq!((example.kind, example.context.len()), (None, 0));
            assert_eq!(example.votes["Third Party Sharing/Collection"], 1);
            assert_eq!(example.annotators, Some(3));
        }
    }

    #[test]
    fn wrong_lines_are_named() {
        let problem = |lines: &str| read(lines).unwrap_err();
        let place = r#"{"start":0,"end":3,"labels":["RET"]}"#;
        assert!(problem("\n").contains("holds no labels by place"));
        assert!(problem("\n{}").starts_with("labels.jsonl:2: not a JSON object"));
        let unknown = line("a", "", r#"{"start":0,"end":3,"labels":["Rent"]}"#);
        assert!(problem(&unknown).contains("unknown label \"Rent\""));
        let empty = line("a", "", r#"{"start":3,"end":3,"labels":[]}"#);
        assert!(problem(&empty).contains("3..3"));
        let blank = line("a", "", place).replace("shop", " ");
        assert!(problem(&blank).contains("\"group\" is empty"));
        let twice = line("a", "", &format!("{place},{place}"));
        assert!(problem(&twice).contains("0..3 is labelled twice"));
        let again = ["\u{feff}", &line("a", "", place), "\r\n", &line("a", "", place)].concat();
        assert!(problem(&again).starts_with("labels.jsonl:2: the document \"a\" has labels"));
    }
}
