//! What can be wrong with a data set or a corpus.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a data set could not be read, or a corpus not imported.
#[derive(Debug, Error)]
pub enum DatasetError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },

    #[error("cannot write the data set: {0}")]
    Write(#[source] io::Error),

    #[error("{file}: holds no example; a data set is JSON Lines, one labelled text a line")]
    Empty { file: String },

    /// One line of a data set.
    #[error("{file}:{line}: {problem}")]
    Line { file: String, line: u64, problem: LineProblem },

    /// One row of a corpus file.
    #[error("{file}:{line}: {problem}")]
    Row { file: String, line: u64, problem: String },

    /// A corpus file as a whole, or the folder.
    #[error("{}: {problem}", path.display())]
    Corpus { path: PathBuf, problem: String },
}

/// What is wrong with one line of a data set.
#[derive(Debug, Error)]
pub enum LineProblem {
    #[error("not valid UTF-8; save the data set as UTF-8")]
    NotUtf8,

    #[error("not a JSON object of a data set: {reason} (column {column})")]
    NotJson { reason: String, column: usize },

    #[error("no \"{0}\"; every line needs id, group, text and labels")]
    Missing(&'static str),

    #[error("\"{0}\" is empty")]
    Blank(&'static str),

    #[error("unknown label {label:?}; known are: {}", known.join(", "))]
    UnknownLabel { label: String, known: Vec<String> },

    #[error("id {id:?} stands already in line {first}; ids must be unique")]
    DuplicateId { id: String, first: u64 },

    #[error(
        "the policy {group:?} is in fold {fold} here and in fold {other} in line {first}; a policy \
         is in one fold"
    )]
    OtherFold { group: String, fold: u32, other: u32, first: u64 },

    #[error("{votes} votes for {label:?}, but {annotators} annotators")]
    TooManyVotes { label: String, votes: u32, annotators: u32 },

    #[error("a highlight of {label:?}, {start}..{end}, is no part of the text")]
    Highlight { label: String, start: usize, end: usize },

    #[error("the offsets {start}..{end} run backwards")]
    Backwards { start: usize, end: usize },

    #[error("the place {start}..{end} holds nothing")]
    EmptyPlace { start: usize, end: usize },

    #[error("the place {start}..{end} is labelled twice")]
    DuplicatePlace { start: usize, end: usize },

    #[error("the document {document:?} has labels in line {first} already")]
    DuplicateDocument { document: String, first: u64 },
}

impl DatasetError {
    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(super) fn line(path: &Path, line: u64, problem: LineProblem) -> Self {
        Self::Line { file: path.display().to_string(), line, problem }
    }

    pub(super) fn row(path: &Path, line: u64, problem: impl Into<String>) -> Self {
        Self::Row { file: path.display().to_string(), line, problem: problem.into() }
    }

    pub(super) fn corpus(path: &Path, problem: impl Into<String>) -> Self {
        Self::Corpus { path: path.to_owned(), problem: problem.into() }
    }
}
