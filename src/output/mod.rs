//! Records of clauses → files and terminals: one exporter a file.
//!
//! # The clause record
//! One JSON object a clause, one a line (`label`, `split`):
//! ```json
//! {"document":"policy.html","index":12,"start":1834,"end":1902,"kind":"item",
//!  "context":["Data retention","We keep your data:"],"headings":["Your data","Data retention"],
//!  "text":"(a) for as long as your account is open;","labels":["Data Retention"],
//!  "scores":{"Data Retention":0.98},"source_sha256":"…","model":"…"}
//! ```
//! `start` and `end` are half-open byte offsets into the original file. A PDF has no such bytes: its
//! records have `"page"` after `index`, the page from 1 that the clause begins on, and
//! `"offsets":"page-characters"` after `end`, which says that `start` and `end` count characters
//! (Unicode scalar values) of the text of that page as [`crate::document::Pages`] has it. A clause
//! that runs on to another page also has `"end_page"`, in whose text `end` counts. `split` writes no
//! `labels`, `scores` and `model`. `withheld`, after `labels`, stands there only when a precision
//! was required and labels fell short of it. A document without clauses gives
//! `{"document":…,"error":{"kind":…,"message":…}}` instead.

mod csv;
mod doccano;
mod format;
mod jsonl;
mod label_studio;
mod shorten;
mod table;

use std::io;

use serde::{Deserialize, Serialize, Serializer};

use crate::clause::{Clause, ClauseKind};
use crate::document::{Pages, Span};
use crate::eval::LabelMap;

pub use csv::CsvExporter;
pub use doccano::DoccanoExporter;
pub use format::Format;
pub use jsonl::JsonlExporter;
pub use label_studio::{LabelStudioExporter, labelling_config};
pub use table::TableExporter;

/// One clause of one document. Names and order of the fields are a contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClauseRecord {
    /// The input it comes from, as it was named.
    pub document: String,
    /// Place among the clauses of the document, from 0.
    pub index: usize,
    /// The page that it begins on, from 1; of a document with pages only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// First byte in the original file, or what `offsets` says.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The page that it ends on, when that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_page: Option<usize>,
    /// What `start` and `end` count, unless that is bytes of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offsets: Option<Offsets>,
    pub kind: ClauseKind,
    /// What the model is shown beside the text: the nearest heading, then the sentence that
    /// introduces the list.
    pub context: Vec<String>,
    /// All headings that the clause stands under, outermost first.
    #[serde(default)]
    pub headings: Vec<String>,
    /// What else the model is shown: the beginning of the clause before. Not written.
    #[serde(skip)]
    pub previous: Option<String>,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// Labels that were not given as their precision was not certain enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
    /// The score of every label, written with four decimals.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "rounded_scores")]
    pub scores: Option<LabelMap<f32>>,
    /// The clause was too long for the model, so the scores speak of its beginning only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// SHA-256 of the original file, in hexadecimal.
    pub source_sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// What the offsets of a record count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offsets {
    /// Characters of the text of a page.
    PageCharacters,
}

impl ClauseRecord {
    /// The record of a clause without labels, as `split` writes it.
    pub fn new(document: &str, index: usize, clause: Clause, source_sha256: &str) -> Self {
        Self {
            document: document.to_owned(),
            index,
            page: None,
            start: clause.span.start,
            end: clause.span.end,
            end_page: None,
            offsets: None,
            kind: clause.kind,
            context: clause.context,
            headings: clause.headings.to_vec(),
            previous: clause.previous,
            text: clause.text,
            labels: None,
            withheld: Vec::new(),
            scores: None,
            truncated: false,
            source_sha256: source_sha256.to_owned(),
            model: None,
        }
    }

    /// Turns the offsets into the text of a document with pages into those of its page.
    pub fn place_on(&mut self, pages: &Pages) {
        let place = pages.place(Span { start: self.start, end: self.end });
        self.page = Some(place.page);
        (self.start, self.end) = (place.start, place.end);
        self.end_page = (place.end_page != place.page).then_some(place.end_page);
        self.offsets = Some(Offsets::PageCharacters);
    }
}

/// A document that yields no clauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorRecord {
    pub document: String,
    pub error: DocumentError,
}

/// Why a document yields no clauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentError {
    /// One word for programs.
    pub kind: String,
    /// One sentence for people.
    pub message: String,
}

impl ErrorRecord {
    pub fn new(document: &str, kind: &str, message: impl ToString) -> Self {
        let error = DocumentError { kind: kind.to_owned(), message: message.to_string() };
        Self { document: document.to_owned(), error }
    }
}

/// Writes records in one format, in the order given. Each record is written as a whole, so a
/// run that ends early leaves no half line but through the writer's own buffer.
pub trait Exporter {
    /// Writes one clause.
    fn clause(&mut self, record: &ClauseRecord) -> io::Result<()>;
    /// Writes one document that yields no clauses.
    fn error(&mut self, record: &ErrorRecord) -> io::Result<()>;
    /// Whether [`Exporter::error`] writes anything: formats of other tools have no place for it.
    fn keeps_errors(&self) -> bool {
        true
    }
    /// Writes what is held back and flushes the writer. Nothing may be written after it.
    fn finish(&mut self) -> io::Result<()>;
}

/// Scores as outputs show them: four decimals.
pub fn rounded(score: f32) -> f32 {
    ((f64::from(score) * 1e4).round() / 1e4) as f32
}

fn rounded_scores<S: Serializer>(
    scores: &Option<LabelMap<f32>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match scores {
        Some(scores) => {
            serializer.collect_map(scores.iter().map(|(label, &score)| (label, rounded(score))))
        }
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::Taxonomy;

    /// A taxonomy of two labels for the exporters' tests.
    pub fn two() -> Taxonomy {
        Taxonomy::new(vec!["Data Security".into(), "Data Retention".into()])
    }

    /// A labelled clause with whatever makes a format stumble.
    pub fn labelled() -> ClauseRecord {
        let clause = Clause {
            span: Span { start: 18, end: 61 },
            kind: ClauseKind::Item,
            context: vec!["Storage".into(), "We keep:".into()],
            headings: ["Your data".to_owned(), "Storage".to_owned()].into(),
            previous: None,
            text: "(a) \"orders\", and\u{1b}[31m invoices;".into(),
        };
        ClauseRecord {
            labels: Some(vec!["Data Retention".into(), "Data Security".into()]),
            scores: Some(LabelMap::new(&two(), [0.512_345, 0.9])),
            model: Some("default".into()),
            ..ClauseRecord::new("shop.html", 3, clause, "ab12")
        }
    }

    /// The same clause on the second and third page of a PDF.
    pub fn paged() -> ClauseRecord {
        let offsets = Some(Offsets::PageCharacters);
        ClauseRecord { page: Some(2), end_page: Some(3), offsets, ..unlabelled() }
    }

    /// A reader that has gone away.
    pub struct Closed;

    impl io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The same clause as `split` has it.
    pub fn unlabelled() -> ClauseRecord {
        ClauseRecord { labels: None, scores: None, model: None, ..labelled() }
    }

    pub fn failed() -> ErrorRecord {
        ErrorRecord::new("empty.html", "empty", "no text in it")
    }

    #[test]
    fn rounds_to_four_decimals() {
        assert_eq!(rounded(0.123_45).to_string(), "0.1235");
        assert_eq!(rounded(0.999_99).to_string(), "1");
        assert_eq!(rounded(0.300_04).to_string(), "0.3");
        assert!(rounded(f32::NAN).is_nan());
    }
}
