//! What is wrong with a data set of labelled clauses.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::BufRead;

use crate::dataset::{DatasetError, Example, ExampleReader};
use crate::document::{Document, Span};
use crate::taxonomy::Taxonomy;

/// Something to mend, or to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub file: String,
    pub line: u64,
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The line cannot be read, has an unknown label, an id that stands already, …
    Unreadable(String),
    /// The clause points nowhere, or to something else than its text.
    Offsets(String),
    /// The id stands in another file of the data set.
    SameId { id: String, file: String },
    /// Another line labels the same place.
    SamePlace { line: u64 },
    /// Its place shares bytes with that of another line.
    Overlap { line: u64 },
    /// The labels are not those that more than half of the annotators gave.
    Votes { label: String, votes: u32, annotators: u32 },
    /// No label: right for page furniture only.
    NoLabel,
    /// The same text in the same context has other labels elsewhere.
    OtherLabels { line: u64 },
}

impl Problem {
    /// Whether it must be mended; the rest may be right.
    pub fn is_error(&self) -> bool {
        !matches!(self, Self::NoLabel | Self::OtherLabels { .. })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) | Self::Offsets(why) => f.write_str(why),
            Self::SameId { id, file } => {
                write!(f, "id {id:?} stands already in {file}; ids must be unique")
            }
            Self::SamePlace { line } => write!(f, "line {line} labels the same place"),
            Self::Overlap { line } => write!(f, "shares bytes with the clause of line {line}"),
            Self::Votes { label, votes, annotators } => write!(
                f,
                "{label:?} has {votes} votes of {annotators}, which its labels do not follow"
            ),
            Self::NoLabel => f.write_str("no label; right for page furniture only"),
            Self::OtherLabels { line } => {
                write!(f, "line {line} has the same text and context, but other labels")
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let note = if self.problem.is_error() { "" } else { "note: " };
        write!(f, "{}:{}: {note}{}", self.file, self.line, self.problem)
    }
}

/// A file that clauses point into.
pub struct Source {
    length: usize,
    /// Each character a reader sees and the bytes it stands for, in the order of the source.
    characters: Vec<(Span, char)>,
}

impl Source {
    /// The source of a document of so many bytes.
    pub fn new(document: &Document, length: usize) -> Self {
        let mut characters = Vec::new();
        for block in &document.blocks {
            let text = block.text.as_str();
            for (at, c) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
                characters.push((block.text.span(at..at + c.len_utf8()), c));
            }
        }
        characters.sort_by_key(|(span, _)| *span);
        Self { length, characters }
    }

    /// Whether a reader sees the text there; white space does not count.
    pub fn holds(&self, span: Span, text: &str) -> bool {
        self.check(span, text).is_ok()
    }

    /// What a reader sees there, without white space.
    fn text(&self, span: Span) -> String {
        let from = self.characters.partition_point(|(at, _)| at.start < span.start);
        let inside = self.characters[from..].iter().take_while(|(at, _)| at.end <= span.end);
        inside.map(|(_, c)| *c).collect()
    }

    fn check(&self, span: Span, text: &str) -> Result<(), String> {
        let Span { start, end } = span;
        if end > self.length {
            return Err(format!("{start}..{end} is outside the file's {} bytes", self.length));
        }
        let found = self.text(span);
        let expected: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if found == expected {
            return Ok(());
        }
        Err(format!("at {start}..{end} stands {:?}, not the clause's text", shortened(&found)))
    }
}

/// Gives the source of a document, or why there is none.
pub type Open<'a> = &'a dyn Fn(&str) -> Result<Source, String>;

/// Looks at every line. `open` gives the source of a document, or why there is none; without it
/// offsets are only compared with each other.
pub fn lint(reader: impl BufRead, file: &str, taxonomy: &Taxonomy, open: Option<Open>) -> Linted {
    let mut linter = Linter { file, open, ..Linter::default() };
    let mut examples = ExampleReader::new(reader, file, taxonomy);
    while let Some(example) = examples.next() {
        let line = examples.line();
        match example {
            Ok(example) => linter.look(line, example),
            Err(DatasetError::Line { problem, .. }) => {
                linter.find(line, Problem::Unreadable(problem.to_string()));
            }
            Err(error) => linter.find(line, Problem::Unreadable(error.to_string())),
        }
    }
    if linter.found.clauses == 0 && linter.found.findings.is_empty() {
        linter.find(1, Problem::Unreadable("no example at all".to_owned()));
    }
    linter.overlaps();
    linter.found.findings.sort_by_key(|finding| finding.line);
    linter.found
}

/// What was found, and what the data set holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Linted {
    pub findings: Vec<Finding>,
    pub clauses: usize,
    /// Clauses of each policy.
    pub policies: BTreeMap<String, usize>,
    /// Clauses with each label.
    pub labels: BTreeMap<String, usize>,
    /// File and line of each id.
    ids: BTreeMap<String, (String, u64)>,
}

impl Linted {
    /// Adds what was found in another file of the same data set, whose ids must be others.
    pub fn join(&mut self, mut other: Self) {
        for (id, (file, line)) in &other.ids {
            if let Some((first, _)) = self.ids.get(id) {
                let problem = Problem::SameId { id: id.clone(), file: first.clone() };
                other.findings.push(Finding { file: file.clone(), line: *line, problem });
            }
        }
        other.findings.sort_by_key(|finding| finding.line);
        self.ids.append(&mut other.ids);
        self.append(other);
    }

    /// Adds what was found in another data set.
    pub fn append(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.clauses += other.clauses;
        for (policy, clauses) in other.policies {
            *self.policies.entry(policy).or_default() += clauses;
        }
        for (label, clauses) in other.labels {
            *self.labels.entry(label).or_default() += clauses;
        }
    }
}

#[derive(Default)]
struct Linter<'a> {
    file: &'a str,
    open: Option<Open<'a>>,
    sources: HashMap<String, Result<Source, String>>,
    /// Lines and places by document.
    places: BTreeMap<String, Vec<(Span, u64)>>,
    /// First line and labels of each text with its context.
    texts: HashMap<(Vec<String>, String), (u64, Vec<String>)>,
    found: Linted,
}

impl Linter<'_> {
    fn find(&mut self, line: u64, problem: Problem) {
        self.found.findings.push(Finding { file: self.file.to_owned(), line, problem });
    }

    fn look(&mut self, line: u64, example: Example) {
        self.found.clauses += 1;
        self.found.ids.insert(example.id.clone(), (self.file.to_owned(), line));
        *self.found.policies.entry(example.group.clone()).or_default() += 1;
        for label in &example.labels {
            *self.found.labels.entry(label.clone()).or_default() += 1;
        }
        if example.labels.is_empty() {
            self.find(line, Problem::NoLabel);
        }
        self.look_at_votes(line, &example);
        self.look_at_place(line, &example);
        let key = (example.context, example.text);
        match self.texts.get(&key) {
            Some((first, labels)) if *labels != example.labels => {
                let problem = Problem::OtherLabels { line: *first };
                self.find(line, problem);
            }
            Some(_) => {}
            None => {
                self.texts.insert(key, (line, example.labels));
            }
        }
    }

    fn look_at_votes(&mut self, line: u64, example: &Example) {
        let Some(annotators) = example.annotators else { return };
        if example.votes.is_empty() {
            return;
        }
        // A tie, and what was settled by talking, may go either way.
        let unanimous = |(label, votes): &(&String, &u32)| {
            **votes == annotators && !example.labels.contains(label)
        };
        let all = example.votes.iter().filter(unanimous).map(|(label, votes)| (label, *votes));
        // Labels without a vote need not be among the votes.
        let none = |label: &&String| example.votes.get(*label).is_none_or(|votes| *votes == 0);
        let none = example.labels.iter().filter(none).map(|label| (label, 0));
        for (label, votes) in all.chain(none) {
            self.find(line, Problem::Votes { label: label.clone(), votes, annotators });
        }
    }

    fn look_at_place(&mut self, line: u64, example: &Example) {
        let (Some(start), Some(end)) = (example.start, example.end) else {
            if self.open.is_some() || example.start.is_some() != example.end.is_some() {
                let why = "the clause has no start and end".to_owned();
                self.find(line, Problem::Offsets(why));
            }
            return;
        };
        let Some(document) = &example.document else {
            let why = "the clause has offsets, but names no document".to_owned();
            return self.find(line, Problem::Offsets(why));
        };
        let span = Span { start, end };
        self.places.entry(document.clone()).or_default().push((span, line));
        let Some(open) = self.open else { return };
        let source = self.sources.entry(document.clone()).or_insert_with(|| open(document));
        let checked = source.as_ref().map_err(Clone::clone);
        if let Err(why) = checked.and_then(|source| source.check(span, &example.text)) {
            self.find(line, Problem::Offsets(why));
        }
    }

    /// Places that two lines share, in whole or in part.
    fn overlaps(&mut self) {
        for (_, mut places) in std::mem::take(&mut self.places) {
            places.sort();
            for pair in places.windows(2) {
                let [(first, first_line), (second, line)] = [pair[0], pair[1]];
                if first == second {
                    self.find(line, Problem::SamePlace { line: first_line });
                } else if second.start < first.end {
                    self.find(line, Problem::Overlap { line: first_line });
                }
            }
        }
    }
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
