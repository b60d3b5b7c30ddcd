//! `fineprint label`: clauses with their categories.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use indicatif::ProgressBar;

use super::exit::{Failure, Status, tell};
use super::inputs::{self, Input};
use super::pipeline::{Labeller, Pipeline};
use super::target::Target;
use super::values::{Labelling, Reading, share};
use super::{interrupt, progress};
use crate::output::Format;

/// Label the clauses of documents
///
/// Every clause becomes one record: its text, its place in the file (byte offsets), its heading
/// and list introduction, its labels, and the score of every label. An input that gives no
/// clauses becomes a record with an `error`, and the exit code is 3.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  fineprint label policy.html
  fineprint label crawl/ --output clauses.jsonl
  fineprint label crawl/ --format csv --threshold 0.5 --output clauses.csv
  curl -s https://example.org/privacy | fineprint label -")]
pub struct Arguments {
    /// Files and folders; - for standard input
    ///
    /// Files may be HTML, Markdown, PDF or plain text. Folders are searched, hidden files left out,
    /// for .html, .htm, .xhtml, .md, .markdown, .txt, .text, .pdf and text files without extension.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How records are written; without it, a table on a terminal and JSON Lines elsewhere
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Give a label only where the model's evidence says that at least this share of such labels
    /// is right; the record says which labels were withheld
    #[arg(long, value_name = "P", value_parser = share, conflicts_with = "threshold")]
    min_precision: Option<f64>,
    #[command(flatten)]
    labelling: Labelling,
    #[command(flatten)]
    reading: Reading,
}

impl Arguments {
    /// Labels the documents and writes their records.
    pub fn run(self) -> Result<Status, Failure> {
        let paths = inputs::resolve(self.paths)?;
        let target = Target::beside(&paths, self.output.as_deref())?;
        let output = target.name().to_owned();
        let mut classifier = self.labelling.classifier()?;
        if let Some(precision) = self.min_precision {
            let taken = classifier.require_precision(precision, self.reading.unit.into())?;
            if taken > precision {
                tell(&format!("the model's evidence nearest to {precision} is for {taken}"));
            }
        }
        let pipeline = Pipeline {
            reading: &self.reading,
            labeller: Some(Labeller { classifier: &classifier, threads: self.labelling.threads() }),
            exporter: target.exporter(self.format, Some(classifier.taxonomy()))?,
            output: &output,
            bar: bar(&paths),
            stop: &stop(&paths),
        };
        pipeline.run(inputs::walk(&paths))
    }
}

/// A bar over the documents, where there are several and someone looks.
fn bar(paths: &[PathBuf]) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return progress::hidden();
    }
    let documents = inputs::walk(paths).filter(|input| !matches!(input, Input::LeftOut)).count();
    if documents > 1 { progress::bar(documents as u64, "documents") } else { progress::hidden() }
}

/// Ctrl-C stops after the document at hand. A wait for standard input it ends at once.
fn stop(paths: &[PathBuf]) -> Arc<AtomicBool> {
    match paths {
        [path] if inputs::is_standard_input(path) => Arc::default(),
        _ => interrupt::flag(),
    }
}
