//! JSON Lines → examples.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
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
        if let (None, Some(before)) = (&example.previous, before) {
            example.previous = before.beside(&example);
        }
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
fn not_json(error: serde_json::Error) -> LineProblem {
    let message = error.to_string();
    let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
    LineProblem::NotJson { reason: reason.to_owned(), column: error.column() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::write_examples;

    fn read(bytes: &[u8]) -> Result<Vec<Example>, DatasetError> {
        read_examples_from(bytes, "set.jsonl", &Taxonomy::opp115())
    }

    fn message(bytes: &[u8]) -> String {
        read(bytes).unwrap_err().to_string()
    }

    const GOOD: &str = r#"{"id":"a/0","group":"a","text":"We keep it.","labels":["RET"]}"#;

    #[test]
    fn aliases_become_canonical_names() {
        let line = r#"{"id":"a/0","group":"a","text":"x","labels":["security","Retention","SEC"],
            "votes":{"SEC":2,"Data Security":1},"annotators":3,"kind":"item","extra":[1]}"#;
        let examples = read(line.replace('\n', " ").as_bytes()).unwrap();
        assert_eq!(examples[0].labels, ["Data Retention", "Data Security"]);
        assert_eq!(examples[0].votes, BTreeMap::from([("Data Security".to_owned(), 2)]));
        assert_eq!(examples[0].kind, Some(ClauseKind::Item));
    }

    #[test]
    fn marks_and_blank_lines_are_skipped_and_lines_still_count() {
        let text = format!("\u{feff}{GOOD}\r\n\n  \n{}", GOOD.replace("a/0", "a/1"));
        assert_eq!(read(text.as_bytes()).unwrap().len(), 2);
        let error = message(format!("{text}\n\n{{").as_bytes());
        assert!(error.starts_with("set.jsonl:6: not a JSON object"), "{error}");
        assert!(!error.contains("line 1"), "{error}");
    }

    #[test]
    fn every_bad_line_is_named_with_its_fault() {
        let cases = [
            (GOOD.replace("We keep it.", " "), "\"text\" is empty"),
            (GOOD.replace(r#""text":"We keep it.","#, ""), "no \"text\""),
            (GOOD.replace(r#""group":"a","#, ""), "no \"group\""),
            (GOOD.replace(r#""id":"a/0","#, ""), "no \"id\""),
            (GOOD.replace(r#","labels":["RET"]"#, ""), "no \"labels\""),
            (GOOD.replace("RET", "Fees"), "unknown label \"Fees\"; known are: First Party"),
            (GOOD.replace("RET", ""), "unknown label \"\""),
            (GOOD.replace('}', r#","votes":{"Fees":1}}"#), "unknown label \"Fees\""),
            (GOOD.replace('}', r#","votes":{"SEC":4},"annotators":3}"#), "4 votes for \"SEC\""),
            (GOOD.replace('}', r#","start":4,"end":3}"#), "4..3 run backwards"),
            (
                GOOD.replace('}', r#","highlights":{"RET":[[3,12]]}}"#),
                "3..12, is no part of the text",
            ),
            (GOOD.replace('}', r#","start":-1}"#), "invalid value: integer `-1`"),
            (GOOD.replace(r#"["RET"]"#, "7"), "invalid type: integer `7`"),
            ("[]".to_owned(), "not a JSON object"),
        ];
        for (line, fault) in cases {
            let text = format!("{}\n{line}\n", GOOD.replace("a/0", "first"));
            let error = message(text.as_bytes());
            assert!(error.starts_with("set.jsonl:2: ") && error.contains(fault), "{error}");
        }
    }

    #[test]
    fn an_id_stands_only_once() {
        let error = message(format!("\n{GOOD}\n{GOOD}").as_bytes());
        assert_eq!(error, "set.jsonl:3: id \"a/0\" stands already in line 2; ids must be unique");
    }

    #[test]
    fn a_set_without_examples_is_an_error() {
        for nothing in [&b""[..], b"\n \n", b"\xEF\xBB\xBF"] {
            assert!(message(nothing).contains("holds no example"));
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_named() {
        let mut bytes = format!("{GOOD}\n").into_bytes();
        bytes.extend(b"{\"id\":\"\xff\"}\n");
        assert!(message(&bytes).starts_with("set.jsonl:2: not valid UTF-8"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_examples(Path::new("no/such.jsonl"), &Taxonomy::opp115()).unwrap_err();
        assert!(error.to_string().contains("such.jsonl"));
    }

    #[test]
    fn the_reader_goes_on_after_a_bad_line() {
        let text = format!("nonsense\n{GOOD}\n");
        let taxonomy = Taxonomy::opp115();
        let results: Vec<_> = ExampleReader::new(text.as_bytes(), "x", &taxonomy).collect();
        assert!(results[0].is_err() && results[1].is_ok() && results.len() == 2);
    }

    #[test]
    fn the_line_before_is_shown_if_it_is_of_the_same_document() {
        let line = |id: &str, document: &str, start: usize, kind: &str| {
            format!(
                r#"{{"id":"{id}","group":"g","document":"{document}","start":{start},"end":99,
                "kind":"{kind}","text":"text {id}","labels":[]}}"#
            )
            .replace('\n', "")
        };
        let lines = [
            line("1", "a", 0, "sentence"),
            line("2", "a", 9, "item"),
            line("3", "a", 5, "item"),
            line("4", "a", 7, "heading"),
            line("5", "a", 8, "item"),
            line("6", "b", 9, "item"),
            line("7", "b", 10, "item").replace("\"text\"", "\"previous\":\"own\",\"text\""),
        ];
        let found = read(lines.join("\n").as_bytes()).unwrap();
        let previous: Vec<_> = found.iter().map(|e| e.previous.as_deref()).collect();
        let expected = [None, Some("text 1"), None, None, Some("text 4"), None, Some("own")];
        assert_eq!(previous, expected);
    }

    fn example() -> impl Strategy<Value = Example> {
        let names = Taxonomy::opp115().names().to_vec();
        let votes = proptest::collection::btree_map(proptest::sample::select(names), 1u32..4, 0..5);
        (votes, "\\PC{0,30}", proptest::collection::vec("\\PC{0,9}", 0..3), any::<Option<u32>>())
            .prop_map(|(votes, text, context, fold)| {
                let taxonomy = Taxonomy::opp115();
                let labels =
                    votes.iter().filter(|(_, n)| **n > 1).map(|(l, _)| l.clone()).collect();
                Example {
                    id: "a".into(),
                    group: "b".into(),
                    labels: canonical_labels(labels, &taxonomy).unwrap(),
                    text: format!("x{text}"),
                    annotators: (!votes.is_empty()).then_some(3),
                    context,
                    highlights: votes.keys().map(|l| (l.clone(), vec![(0, 1)])).collect(),
                    votes,
                    fold,
                    ..Example::default()
                }
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(example in example()) {
            let mut bytes = Vec::new();
            write_examples(&mut bytes, std::slice::from_ref(&example)).unwrap();
            prop_assert_eq!(bytes.iter().filter(|&&b| b == b'\n').count(), 1);
            prop_assert_eq!(read(&bytes).unwrap(), [example]);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
