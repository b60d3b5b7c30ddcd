//! `label --resume`: which documents an earlier run has done, and where its output goes on.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
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
    /// The same for those that gave clauses, which would be lost if they were no inputs any more.
    labelled: HashMap<String, usize>,
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

/// A document of the output.
struct Document {
    name: String,
    /// It gave no clauses.
    failed: bool,
    /// Records so far.
    records: usize,
}

/// Checks that a run can go on with an output, before it is opened: to open a pipe may take for
/// ever.
///
/// # Errors
/// [`Failure::Usage`] when it is there and no file.
pub fn check(output: &Path) -> Result<(), Failure> {
    match output.exists() && !output.is_file() {
        true => Err(refused(output, "it is no file")),
        false => Ok(()),
    }
}

fn refused(output: &Path, problem: impl std::fmt::Display) -> Failure {
    Failure::Usage(anyhow!("cannot resume {}: {problem}", output.display()))
}

impl Earlier {
    /// Reads an output, to go on with `paths` and the model of this name.
    ///
    /// # Errors
    /// [`Failure::Usage`] when it holds anything but records of such a run, or when its last
    /// document cannot be read again; [`Failure::Input`] when it cannot be read.
    pub fn read(output: &Path, model: &str, paths: &[PathBuf]) -> Result<Self, Failure> {
        let unreadable = |error: io::Error| {
            let what = format!("cannot read {}", output.display());
            Failure::Input(anyhow::Error::new(error).context(what))
        };
        let mut reader = BufReader::new(File::open(output).map_err(unreadable)?);
        // A large file of another kind may be one line.
        if !begins_like_a_record(reader.fill_buf().map_err(unreadable)?) {
            return Err(refused(output, "line 1 is no record of `label`"));
        }
        let (mut earlier, mut last) = (Self::default(), None);
        let (mut line, mut end) = (Vec::new(), 0);
        for number in 1.. {
            line.clear();
            let start = end;
            end += reader.read_until(b'\n', &mut line).map_err(unreadable)? as u64;
            if is_cut_off(&line) {
                break;
            }
            let before = parse(&line, model)
                .and_then(|record| record.add_to(&mut last))
                .map_err(|problem| refused(output, format!("line {number} is {problem}")))?;
            if let Some(document) = before {
                earlier.add(document, start);
            }
        }
        earlier.check_inputs(last.as_ref(), paths).map_err(|problem| refused(output, problem))?;
        Ok(earlier)
    }

    /// Counts a document whose records end at a byte.
    fn add(&mut self, document: Document, end: u64) {
        self.done += 1;
        self.failed += usize::from(document.failed);
        self.bytes = end;
        if !document.failed {
            *self.labelled.entry(document.name.clone()).or_default() += 1;
        }
        *self.documents.entry(document.name).or_default() += 1;
    }

    /// Every document with clauses must be an input of this run, too, and the last one, which is
    /// done anew, must not have gone.
    fn check_inputs(&self, last: Option<&Document>, paths: &[PathBuf]) -> Result<(), String> {
        let mut left = self.labelled.clone();
        if let Some(last) = last.filter(|last| !last.failed) {
            *left.entry(last.name.clone()).or_default() += 1;
        }
        let would_be_lost = |name: &str| last.is_some_and(|it| !it.failed && it.name == name);
        for input in inputs::walk(paths).filter(|input| !matches!(input, Input::LeftOut)) {
            let name = input.name();
            if would_be_lost(&name) && !can_be_read_again(&input) {
                return Err(format!("it ends with {name}, which cannot be read again"));
            }
            if let Some(left) = left.get_mut(&name) {
                *left = left.saturating_sub(1);
            }
        }
        let strange = left.into_iter().filter(|(_, left)| *left > 0).map(|(name, _)| name).min();
        let problem = "more often than the inputs do; name the same paths as then";
        strange.map_or(Ok(()), |name| Err(format!("it holds {name} {problem}")))
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

    /// How many documents are done.
    pub fn summary(&self) -> String {
        let documents = if self.done == 1 { "document" } else { "documents" };
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        format!("{} {documents} already{failed}", self.done)
    }

    /// How both runs together came out.
    pub fn and(&self, status: Status) -> Status {
        match status {
            Status::Done if self.failed > 0 => Status::SomeFailed,
            status => status,
        }
    }
}

/// Whether a document's records can be written anew, as far as can be told without reading it. To
/// open a pipe may take for ever.
fn can_be_read_again(input: &Input) -> bool {
    matches!(input, Input::File(path) if path.is_file() && File::open(path).is_ok())
}

fn begins_like_a_record(bytes: &[u8]) -> bool {
    bytes.starts_with(BEGINNING) || BEGINNING.starts_with(bytes)
}

/// Whether nothing or the beginning of a record is left of the last line.
fn is_cut_off(line: &[u8]) -> bool {
    let ends_early = || serde_json::from_slice::<IgnoredAny>(line).is_err_and(|e| e.is_eof());
    !line.ends_with(b"\n") && begins_like_a_record(line) && ends_early()
}

/// A line of a file that `label` wrote with this model.
fn parse(line: &[u8], model: &str) -> Result<Record, String> {
    let no_record = || "no record of `label`".to_owned();
    let record: Record = serde_json::from_slice(line).map_err(|_| no_record())?;
    match &record.model {
        Some(other) if other != model => {
            Err(format!("of the model {other}, not of {model}; resume with the same model"))
        }
        None if record.error.is_none() => Err(no_record()),
        _ => Ok(record),
    }
}

impl Record {
    /// Adds the record to the document that it is of, the last one or the next, and returns the
    /// one before when another begins.
    fn add_to(self, last: &mut Option<Document>) -> Result<Option<Document>, String> {
        let failed = self.error.is_some();
        let goes_on = |last: &&mut Document| {
            let next = !failed && !last.failed && self.index == Some(last.records);
            next && last.name == self.document
        };
        if let Some(last) = last.as_mut().filter(goes_on) {
            last.records += 1;
            return Ok(None);
        }
        if !failed && self.index != Some(0) {
            return Err("not the next clause of its document".to_owned());
        }
        let records = usize::from(!failed);
        Ok(last.replace(Document { name: self.document, failed, records }))
    }
}
