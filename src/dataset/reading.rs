//! JSON Lines → examples.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

use super::{DatasetError, Example, LineProblem};
use crate::clause::{ClauseKind, previous};
use crate::taxonomy::Taxonomy;

/// Reads a data set; labels come back in the canonical spelling of `taxonomy`.
pub fn read_examples(path: &Path, taxonomy: &Taxonomy) -> Result<Vec<Example>, DatasetError> {
    let file = File::open(path).map_err(|e| DatasetError::read(path, e))?;
    read_examples_from(BufReader::new(file), &path.display().to_string(), taxonomy)
}

/// A text file, without a byte order mark.
pub(super) fn read_text(path: &Path) -> Result<String, DatasetError> {
    let text = fs::read_to_string(path).map_err(|e| DatasetError::read(path, e))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Reads a data set from any reader; `name` stands for it in errors.
pub fn read_examples_from(
    reader: impl BufRead,
    name: &str,
    taxonomy: &Taxonomy,
) -> Result<Vec<Example>, DatasetError> {
    let examples = ExampleReader::new(reader, name, taxonomy).collect::<Result<Vec<_>, _>>()?;
    if examples.is_empty() {
        return Err(DatasetError::Empty { file: name.to_owned() });
    }
    Ok(examples)
}

/// Reads a data set one example at a time. Blank lines and a byte order mark are skipped.
/// After a bad line it goes on with the next one; a failure to read ends it.
pub struct ExampleReader<'a, R> {
    reader: R,
    name: String,
    taxonomy: &'a Taxonomy,
    line: u64,
    /// Line of each id met so far.
    ids: HashMap<String, u64>,
    /// Fold of each group met so far, and the line that says so.
    folds: HashMap<String, (u32, u64)>,
    /// The last clause that has a place in a document.
    last: Option<Before>,
    buffer: Vec<u8>,
    ended: bool,
}

/// A line as it stands there: everything that may be missing is optional, so that the error
/// can say what is.
#[derive(Deserialize)]
struct Line {
    id: Option<String>,
    group: Option<String>,
    document: Option<String>,
    start: Option<usize>,
    end: Option<usize>,
    kind: Option<ClauseKind>,
    context: Option<Vec<String>>,
    previous: Option<String>,
    text: Option<String>,
    labels: Option<Vec<String>>,
    votes: Option<BTreeMap<String, u32>>,
    annotators: Option<u32>,
    fold: Option<u32>,
    annotations: Option<BTreeMap<String, Vec<String>>>,
    highlights: Option<BTreeMap<String, Vec<(usize, usize)>>>,
}

/// A clause that may stand before the next one of its document.
struct Before {
    document: String,
    start: usize,
    text: String,
}

impl Before {
    fn of(example: &Example) -> Option<Self> {
        let (document, start) = (example.document.clone()?, example.start?);
        Some(Self { document, start, text: example.text.clone() })
    }

    /// What is shown of it beside `example`.
    fn beside(&self, example: &Example) -> Option<String> {
        let follows = example.document.as_ref() == Some(&self.document)
            && example.start.is_some_and(|start| start >= self.start);
        if !follows {
            return None;
        }
        previous(example.kind?, &example.text, &example.context, &self.text)
    }
}

impl<'a, R: BufRead> ExampleReader<'a, R> {
    /// A reader of the data set that errors call `name`.
    pub fn new(reader: R, name: &str, taxonomy: &'a Taxonomy) -> Self {
        Self {
            reader,
            name: name.to_owned(),
            taxonomy,
            line: 0,
            ids: HashMap::new(),
            folds: HashMap::new(),
            last: None,
            buffer: Vec::new(),
            ended: false,
        }
    }

    /// Number of the line read last, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The next line that is not blank, without its end; false at the end of the file.
    fn fill(&mut self) -> Result<bool, DatasetError> {
        loop {
            self.buffer.clear();
            let read = self.reader.read_until(b'\n', &mut self.buffer);
            let read = read.map_err(|e| DatasetError::read(Path::new(&self.name), e))?;
            if read == 0 {
                return Ok(false);
            }
            self.line += 1;
            if self.line == 1 && self.buffer.starts_with(b"\xEF\xBB\xBF") {
                self.buffer.drain(..3);
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn parse(&mut self) -> Result<Example, LineProblem> {
        let text = std::str::from_utf8(&self.buffer).map_err(|_| LineProblem::NotUtf8)?;
        let line: Line = serde_json::from_str(text).map_err(not_json)?;
        let mut example = line.check(self.taxonomy)?;
        if let Some(&first) = self.ids.get(&example.id) {
            return Err(LineProblem::DuplicateId { id: example.id, first });
        }
        if let Some(fold) = example.fold {
            let known = self.folds.entry(example.group.clone()).or_insert((fold, self.line));
            let (other, first) = *known;
            if other != fold {
                let group = example.group;
                return Err(LineProblem::OtherFold { group, fold, other, first });
            }
        }
        self.ids.insert(example.id.clone(), self.line);
        let before = std::mem::replace(&mut self.last, Before::of(&example));
        example.previous = match example.previous.take() {
            None => before.and_then(|before| before.beside(&example)),
            own => own.filter(|text| !text.is_empty()),
        };
        Ok(example)
    }
}

impl<R: BufRead> Iterator for ExampleReader<'_, R> {
    type Item = Result<Example, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.fill() {
            Ok(true) => Some(self.parse().map_err(|problem| DatasetError::Line {
                file: self.name.clone(),
                line: self.line,
                problem,
            })),
            Ok(false) => None,
            Err(e) => {
                self.ended = true;
                Some(Err(e))
            }
        }
    }
}

impl Line {
    fn check(self, taxonomy: &Taxonomy) -> Result<Example, LineProblem> {
        let labels =
            canonical_labels(self.labels.ok_or(LineProblem::Missing("labels"))?, taxonomy)?;
        let votes = canonical_votes(self.votes.unwrap_or_default(), self.annotators, taxonomy)?;
        let annotations = (self.annotations.unwrap_or_default().into_iter())
            .map(|(who, labels)| Ok((who, canonical_labels(labels, taxonomy)?)))
            .collect::<Result<_, _>>()?;
        if let (Some(start), Some(end)) = (self.start, self.end)
            && start > end
        {
            return Err(LineProblem::Backwards { start, end });
        }
        // An image in a document is a clause that says nothing and has no label; anything else
        // without text is a mistake.
        let text = match self.text {
            Some(text) if labels.is_empty() && self.start.is_some() => text,
            text => filled(text, "text")?,
        };
        let highlights = (self.highlights.unwrap_or_default().into_iter())
            .map(|(label, places)| highlighted(&label, places, &text, taxonomy))
            .collect::<Result<_, _>>()?;
        Ok(Example {
            id: filled(self.id, "id")?,
            group: filled(self.group, "group")?,
            document: self.document,
            start: self.start,
            end: self.end,
            kind: self.kind,
            context: self.context.unwrap_or_default(),
            previous: self.previous,
            text,
            labels,
            votes,
            annotators: self.annotators,
            fold: self.fold,
            annotations,
            highlights,
        })
    }
}

/// Highlights under the canonical name, if every one of them is a part of the text.
fn highlighted(
    label: &str,
    places: Vec<(usize, usize)>,
    text: &str,
    taxonomy: &Taxonomy,
) -> Result<(String, Vec<(usize, usize)>), LineProblem> {
    let name = taxonomy.names()[class(label, taxonomy)?].clone();
    match places.iter().find(|(start, end)| text.get(*start..*end).is_none_or(str::is_empty)) {
        Some(&(start, end)) => Err(LineProblem::Highlight { label: name, start, end }),
        None => Ok((name, places)),
    }
}

fn filled(value: Option<String>, field: &'static str) -> Result<String, LineProblem> {
    let value = value.ok_or(LineProblem::Missing(field))?;
    if value.trim().is_empty() { Err(LineProblem::Blank(field)) } else { Ok(value) }
}

/// Canonical names in class order, each once.
pub(super) fn canonical_labels(
    labels: Vec<String>,
    taxonomy: &Taxonomy,
) -> Result<Vec<String>, LineProblem> {
    let classes = labels.iter().map(|l| class(l, taxonomy)).collect::<Result<Vec<_>, _>>();
    let mut classes = classes?;
    classes.sort_unstable();
    classes.dedup();
    Ok(classes.into_iter().map(|i| taxonomy.names()[i].clone()).collect())
}

/// Votes under canonical names; of two spellings of one label the higher count stays, as
/// their annotators may be the same.
pub(super) fn canonical_votes(
    votes: BTreeMap<String, u32>,
    annotators: Option<u32>,
    taxonomy: &Taxonomy,
) -> Result<BTreeMap<String, u32>, LineProblem> {
    let mut canonical = BTreeMap::new();
    for (label, count) in votes {
        let name = &taxonomy.names()[class(&label, taxonomy)?];
        if let Some(annotators) = annotators.filter(|&n| count > n) {
            return Err(LineProblem::TooManyVotes { label, votes: count, annotators });
        }
        let entry = canonical.entry(name.clone()).or_insert(count);
        *entry = count.max(*entry);
    }
    Ok(canonical)
}

fn class(label: &str, taxonomy: &Taxonomy) -> Result<usize, LineProblem> {
    taxonomy.resolve(label).ok_or_else(|| LineProblem::UnknownLabel {
        label: label.to_owned(),
        known: taxonomy.names().to_vec(),
    })
}

/// serde_json always says "line 1" here, which would contradict the line of the file.
pub(super) fn not_json(error: serde_json::Error) -> LineProblem {
    let message = error.to_string();
    let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
    LineProblem::NotJson { reason: reason.to_owned(), column: error.column() }
}

#[cfg(test)]
mod tests;
