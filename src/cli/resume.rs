//! `label --resume`: which documents an earlier run has done, and where its output goes on.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::exit::{Failure, Status};
use super::inputs::{self, Input};

/// How every record begins.
const BEGINNING: &[u8] = b"{\"document\":";

/// What an earlier run left in its output: documents that are done. The last document there may
/// not be whole, so it is done anew.
#[derive(Debug, Default)]
pub struct Earlier {
    /// How often each document is done: a path may be named twice.
    documents: HashMap<String, usize>,
    /// How many they are.
    pub done: usize,
    /// How many of them gave no clauses.
    failed: usize,
    /// Bytes of their records: where the output goes on.
    pub bytes: u64,
}

/// What counts in a record of `label`.
#[derive(Deserialize)]
struct Record {
    document: String,
    index: Option<usize>,
    model: Option<String>,
    error: Option<IgnoredAny>,
}

/// The document that is being read.
struct Document {
    name: String,
    failed: bool,
}

impl Earlier {
    /// Reads an output that may not be there yet, to go on with `paths` and a model.
    ///
    /// # Errors
    /// [`Failure::Usage`] when it is no file of records of this model, or when its last document is
    /// not among the inputs: going on would lose what it holds.
    pub fn read(output: &Path, model: &str, paths: &[PathBuf]) -> Result<Self, Failure> {
        let name = output.display();
        let wrong = |problem: String| Failure::Usage(anyhow!("cannot resume {name}: {problem}"));
        if !output.exists() {
            return Ok(Self::default());
        }
        if !output.is_file() {
            return Err(wrong("it is no file".to_owned()));
        }
        let unreadable = |error: std::io::Error| {
            Failure::Input(anyhow::Error::new(error).context(format!("cannot read {name}")))
        };
        let mut reader = BufReader::new(File::open(output).map_err(unreadable)?);
        let (mut earlier, mut last) = (Self::default(), None);
        let (mut line, mut end) = (Vec::new(), 0);
        for number in 1.. {
            line.clear();
            end += reader.read_until(b'\n', &mut line).map_err(unreadable)? as u64;
            if line.last() != Some(&b'\n') {
                if !line.starts_with(BEGINNING) && !BEGINNING.starts_with(&line) {
                    return Err(wrong(format!("line {number} is no record of `label`")));
                }
                break;
            }
            let record = parse(&line, model)
                .map_err(|error| wrong(format!("line {number} is {error:#}")))?;
            let start = end - line.len() as u64;
            if let Some(done) = record.begins_after(&mut last) {
                earlier.add(done, start);
            }
        }
        match last {
            Some(last) if !earlier.leaves(&last.name, paths) => {
                let last = &last.name;
                Err(wrong(format!("it ends with {last}, which is not among the inputs")))
            }
            _ => Ok(earlier),
        }
    }

    /// Counts a document whose records end at a byte.
    fn add(&mut self, document: Document, end: u64) {
        self.done += 1;
        self.failed += usize::from(document.failed);
        self.bytes = end;
        *self.documents.entry(document.name).or_default() += 1;
    }

    /// Whether there is an input of this name that is not done.
    fn leaves(&self, name: &str, paths: &[PathBuf]) -> bool {
        let done = self.documents.get(name).copied().unwrap_or_default();
        inputs::walk(paths).filter(|input| is(input, name)).nth(done).is_some()
    }

    /// Whether an input is done, each once.
    pub fn take(&mut self, input: &Input) -> bool {
        match self.documents.get_mut(&input.name()) {
            Some(left @ 1..) if !matches!(input, Input::LeftOut) => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    /// How both runs together came out.
    pub fn and(&self, status: Status) -> Status {
        match status {
            Status::Done if self.failed > 0 => Status::SomeFailed,
            status => status,
        }
    }
}

fn is(input: &Input, name: &str) -> bool {
    !matches!(input, Input::LeftOut) && input.name() == name
}

/// A line of a file that `label` wrote with this model.
fn parse(line: &[u8], model: &str) -> anyhow::Result<Record> {
    let record: Record = serde_json::from_slice(line).context("no record of `label`")?;
    match &record.model {
        Some(other) if other != model => {
            Err(anyhow!("of the model {other}, not of {model}; resume with the same model"))
        }
        None if record.error.is_none() => Err(anyhow!("no record of `label`: it has no model")),
        _ => Ok(record),
    }
}

impl Record {
    /// Whether a document begins here; if so, `last` becomes it, and what it was is returned.
    fn begins_after(self, last: &mut Option<Document>) -> Option<Document> {
        let failed = self.error.is_some();
        let goes_on = |last: &Document| last.name == self.document;
        if !failed && self.index != Some(0) && last.as_ref().is_some_and(goes_on) {
            return None;
        }
        last.replace(Document { name: self.document, failed })
    }
}
