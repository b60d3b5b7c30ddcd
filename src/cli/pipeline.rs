//! Inputs → records: read, cut, classify in batches, write in order.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;

use super::exit::{Failure, Status, tell};
use super::inputs::{self, Input};
use super::values::{Reading, Unit};
use crate::checksum;
use crate::clause::{self, Clause};
use crate::document::{self, LeftOut, Pages, ReadError};
use crate::eval::LabelMap;
use crate::label::{self, Classifier};
use crate::output::{ClauseRecord, ErrorRecord, Exporter};

/// Records held back for the encoder: enough to keep every thread busy.
const BATCH: usize = 2000;

/// Bytes of text held back at most: a document may be one clause of many megabytes.
const BATCH_BYTES: usize = 16 << 20;

/// Bytes of menus, banners and footers that any page may have.
const MENUS: usize = 4000;

/// A classifier and how it is used.
pub struct Labeller<'a> {
    pub classifier: &'a Classifier,
    pub threads: usize,
}

/// Turns inputs into records, one batch of clauses at a time, whatever documents they are of.
pub struct Pipeline<'a> {
    pub reading: &'a Reading,
    /// `None` leaves the clauses without labels.
    pub labeller: Option<Labeller<'a>>,
    pub exporter: Box<dyn Exporter + 'a>,
    /// What messages call the output.
    pub output: &'a str,
    pub bar: ProgressBar,
    /// Stop after the document at hand.
    pub stop: &'a AtomicBool,
}

/// One record that waits for its turn.
enum Waiting {
    Clause(Box<ClauseRecord>),
    Failed(ErrorRecord),
    /// A document ends here.
    End,
}

/// Records that wait to be classified and written together.
#[derive(Default)]
struct Batch {
    records: Vec<Waiting>,
    /// Of the texts of the clauses.
    bytes: usize,
}

impl Batch {
    fn push(&mut self, record: Waiting) {
        if let Waiting::Clause(record) = &record {
            self.bytes += record.text.len();
        }
        self.records.push(record);
    }

    fn is_full(&self) -> bool {
        self.records.len() >= BATCH || self.bytes >= BATCH_BYTES
    }
}

/// What became of the inputs.
#[derive(Debug, Default)]
struct Counts {
    done: usize,
    clauses: usize,
    failed: usize,
    /// How many of them by kind of failure.
    kinds: BTreeMap<String, usize>,
    /// Blocks in other languages, in documents that were read.
    other_language: usize,
    /// Documents of which most of the text is not in the records.
    mostly_left_out: usize,
    left_out: usize,
    /// None for formats without errors: there each failure is told at once.
    first_failure: Option<ErrorRecord>,
}

impl Pipeline<'_> {
    /// Reads all inputs and writes their records.
    ///
    /// # Errors
    /// [`Failure`] when the output or the model fails; what is wrong with an input is a record.
    pub fn run(mut self, inputs: impl Iterator<Item = Input>) -> Result<Status, Failure> {
        let mut counts = Counts::default();
        let mut waiting = Batch::default();
        for input in inputs {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            self.add(input, &mut waiting, &mut counts)?;
        }
        self.write(waiting)?;
        self.exporter.finish().map_err(|error| Failure::writing(error, self.output))?;
        self.bar.finish_and_clear();
        let stopped = self.stop.load(Ordering::Relaxed);
        counts.tell(if self.labeller.is_some() { "labelled" } else { "split" }, stopped);
        Ok(match (stopped, counts.failed) {
            (true, _) => Status::Interrupted,
            (false, 0) => Status::Done,
            (false, _) => Status::SomeFailed,
        })
    }

    /// Reads one input and writes whatever fills a batch.
    fn add(
        &mut self,
        input: Input,
        waiting: &mut Batch,
        counts: &mut Counts,
    ) -> Result<(), Failure> {
        if matches!(input, Input::LeftOut) {
            counts.left_out += 1;
            return Ok(());
        }
        let name = input.name();
        match cut(self.reading, input) {
            Ok(document) => {
                counts.done += 1;
                counts.clauses += document.clauses.len();
                counts.other_language += document.left_out.other_language.blocks;
                counts.mostly_left_out += usize::from(document.is_mostly_left_out());
                for (index, clause) in document.clauses.into_iter().enumerate() {
                    let mut record = ClauseRecord::new(&name, index, clause, &document.sha256);
                    if let Some(pages) = &document.pages {
                        record.place_on(pages);
                    }
                    waiting.push(Waiting::Clause(Box::new(record)));
                    self.write_if_full(waiting)?;
                }
            }
            Err(record) => {
                counts.failed += 1;
                *counts.kinds.entry(record.error.kind.clone()).or_default() += 1;
                if self.exporter.keeps_errors() {
                    counts.first_failure.get_or_insert_with(|| record.clone());
                } else {
                    self.bar.suspend(|| tell(&named(&record)));
                }
                waiting.push(Waiting::Failed(record));
            }
        }
        waiting.push(Waiting::End);
        self.write_if_full(waiting)
    }

    fn write_if_full(&mut self, waiting: &mut Batch) -> Result<(), Failure> {
        if waiting.is_full() { self.write(std::mem::take(waiting)) } else { Ok(()) }
    }

    /// Classifies and writes what waits.
    fn write(&mut self, waiting: Batch) -> Result<(), Failure> {
        let mut waiting = waiting.records;
        if let Some(labeller) = &self.labeller {
            labeller.label(&mut waiting, self.reading.unit.into())?;
        }
        let (bar, exporter) = (self.bar.clone(), &mut self.exporter);
        let ended = waiting.iter().filter(|record| matches!(record, Waiting::End)).count();
        let written = bar.suspend(|| {
            waiting.into_iter().try_for_each(|record| match record {
                Waiting::Clause(record) => exporter.clause(&record),
                Waiting::Failed(record) => exporter.error(&record),
                Waiting::End => Ok(()),
            })
        });
        bar.inc(ended as u64);
        written.map_err(|error| Failure::writing(error, self.output))
    }
}

/// What is wrong with which input.
fn named(record: &ErrorRecord) -> String {
    format!("{}: {}", record.document, record.error.message)
}

/// A document that was read and cut.
pub struct Cut {
    pub clauses: Vec<Clause>,
    /// Of the file.
    sha256: String,
    left_out: LeftOut,
    /// Of a PDF.
    pages: Option<Pages>,
}

/// Reads one input and cuts it into the units wanted.
///
/// # Errors
/// The record that says what is wrong with the input.
pub fn cut(reading: &Reading, input: Input) -> Result<Cut, ErrorRecord> {
    let name = input.name();
    let options = reading.options();
    let failed = |kind: &str, message: String| ErrorRecord::new(&name, kind, message);
    let unreadable = |e: io::Error| failed("unreadable", format!("cannot read the input: {e}"));
    let unsuitable = |e: ReadError| failed(e.kind(), e.to_string());
    let (bytes, file_name) = match &input {
        Input::Failed(record) => return Err(record.clone()),
        Input::Stdin | Input::LeftOut => {
            let bytes = inputs::read_from(io::stdin().lock(), options.max_bytes);
            (bytes.map_err(unreadable)?, None)
        }
        Input::File(path) => {
            let read = inputs::read(path, options.max_bytes).map_err(unreadable)?;
            let bytes = read.map_err(|bytes| {
                unsuitable(ReadError::TooLarge { bytes, limit: options.max_bytes })
            })?;
            (bytes, path.file_name().and_then(|name| name.to_str()))
        }
    };
    let document = document::read(&bytes, file_name, &options).map_err(unsuitable)?;
    let clauses = match reading.unit {
        Unit::Clause => clause::split(&document),
        Unit::Segment => clause::segments(&document),
    };
    if clauses.is_empty() {
        return Err(unsuitable(ReadError::NoText));
    }
    let sha256 = checksum::sha256(&bytes);
    let document::Document { left_out, pages, .. } = document;
    Ok(Cut { clauses, sha256, left_out, pages })
}

impl Cut {
    /// Whether so much was left out that a person should look: more than was read, and more than
    /// the menus of a page.
    fn is_mostly_left_out(&self) -> bool {
        let read = self.clauses.iter().map(|clause| clause.text.len()).sum::<usize>();
        self.left_out.total().bytes > read.max(MENUS)
    }
}

impl Labeller<'_> {
    /// Fills in labels and scores.
    fn label(&self, waiting: &mut [Waiting], unit: label::Unit) -> Result<(), Failure> {
        let mut records: Vec<&mut ClauseRecord> = waiting
            .iter_mut()
            .filter_map(|waiting| match waiting {
                Waiting::Clause(record) => Some(&mut **record),
                Waiting::Failed(_) | Waiting::End => None,
            })
            .collect();
        let inputs: Vec<label::Input> = records
            .iter()
            .map(|record| label::Input {
                text: &record.text,
                context: &record.context,
                previous: record.previous.as_deref(),
            })
            .collect();
        let classified = self.classifier.classify(&inputs, unit, self.threads)?;
        for (record, found) in records.iter_mut().zip(classified) {
            record.labels = Some(self.classifier.names(&found.labels));
            record.withheld = self.classifier.names(&found.withheld);
            record.scores = Some(LabelMap::new(self.classifier.taxonomy(), found.scores));
            record.truncated = found.truncated;
            record.model = Some(self.classifier.name().to_owned());
        }
        Ok(())
    }
}

impl Counts {
    /// One line on standard error, unless one document went well.
    fn tell(&self, verb: &str, stopped: bool) {
        let to_tell = self.failed + self.left_out + self.other_language + self.mostly_left_out;
        if to_tell == 0 && self.done <= 1 && !stopped {
            return;
        }
        let documents = if self.done == 1 { "document" } else { "documents" };
        let mut line = format!("{} {documents} {verb} ({} clauses)", self.done, self.clauses);
        line += &format!(", {} failed", self.failed);
        if !self.kinds.is_empty() {
            let kinds = self.kinds.iter().map(|(kind, count)| format!("{count} {kind}"));
            line += &format!(" ({})", kinds.collect::<Vec<_>>().join(", "));
        }
        if self.other_language > 0 {
            let blocks = if self.other_language == 1 { "block" } else { "blocks" };
            line += &format!(", {} {blocks} in other languages left out", self.other_language);
        }
        if self.mostly_left_out > 0 {
            let kept = "--boilerplate keep reads it";
            line += &format!(", most of the text of {} left out ({kept})", self.mostly_left_out);
        }
        if self.left_out > 0 {
            line += &format!(", {} files of other kinds left out", self.left_out);
        }
        if let Some(record) = &self.first_failure {
            let first = if self.failed > 1 { "first " } else { "" };
            line += &format!("; {first}{}", named(record));
        }
        if stopped {
            line += "; stopped before the end";
        }
        tell(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clause::ClauseKind;
    use crate::document::Span;

    fn clause(text: String) -> Waiting {
        let clause = Clause {
            span: Span { start: 0, end: text.len() },
            kind: ClauseKind::Sentence,
            context: Vec::new(),
            headings: [].into(),
            previous: None,
            text,
        };
        Waiting::Clause(Box::new(ClauseRecord::new("x.txt", 0, clause, "")))
    }

    #[test]
    fn a_batch_is_bounded_by_records_and_bytes() {
        let mut batch = Batch::default();
        batch.push(clause("x".repeat(BATCH_BYTES - 1)));
        assert!(!batch.is_full());
        batch.push(clause("x".to_owned()));
        assert!(batch.is_full());
        let mut batch = Batch::default();
        (1..BATCH).for_each(|_| batch.push(Waiting::End));
        assert!(!batch.is_full());
        batch.push(Waiting::End);
        assert!(batch.is_full());
    }
}
