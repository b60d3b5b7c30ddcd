//! `fineprint label`: clauses with their categories.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::anyhow;
use indicatif::ProgressBar;

use super::exit::{Failure, Status, tell};
use super::inputs::{self, Input};
use super::pipeline::{Labeller, Pipeline};
use super::resume::{self, Earlier};
use super::target::Target;
use super::values::{Labelling, Reading, share};
use super::{interrupt, progress};
use crate::label::Classifier;
use crate::output::Format;

/// Label the clauses of documents
///
/// Every clause becomes one record: its text, its place in the file (byte offsets), its heading
/// and list introduction, its labels, and the score of every label. An input that gives no
/// clauses becomes a record with an `error`, and the exit code is 3.
///
/// A run over many documents that was interrupted, or killed, goes on when the same command is
/// given with --resume: documents that its output holds are left out, those that failed too, and
/// the result is that of one run.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  fineprint label policy.html
  fineprint label crawl/ --output clauses.jsonl
  fineprint label crawl/ --output clauses.jsonl --resume
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
    /// Go on with the output of a run that did not come to its end (JSON Lines only); program,
    /// model and the other options should be the same as then
    #[arg(long, requires = "output")]
    resume: bool,
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
    pub fn run(mut self) -> Result<Status, Failure> {
        let paths = inputs::resolve(std::mem::take(&mut self.paths))?;
        if self.resume {
            let message = "--resume goes on with a file of JSON Lines only";
            let file = self.lines().ok_or_else(|| Failure::Usage(anyhow!(message)))?;
            resume::check(file)?;
        }
        let target = Target::beside(&paths, self.output.as_deref())?;
        let output = target.name().to_owned();
        let classifier = self.classifier()?;
        let mut earlier = self.earlier(&classifier, &paths)?;
        let pipeline = Pipeline {
            reading: &self.reading,
            labeller: Some(Labeller { classifier: &classifier, threads: self.labelling.threads() }),
            exporter: target
                .keeping(earlier.bytes)
                .exporter(self.format, Some(classifier.taxonomy()))?,
            output: &output,
            bar: bar(&paths, earlier.done),
            stop: &stop(&paths),
        };
        let status = pipeline.run(inputs::walk(&paths).filter(|input| !earlier.take(input)))?;
        if status == Status::Interrupted && self.lines().is_some_and(Path::is_file) {
            tell("the same command with --resume goes on");
        }
        Ok(earlier.and(status))
    }

    /// The file that gets JSON Lines, if one does.
    fn lines(&self) -> Option<&Path> {
        let lines = matches!(self.format, None | Some(Format::Jsonl));
        self.output.as_deref().filter(|path| lines && path.as_os_str() != "-")
    }

    /// The model, which decides as asked.
    fn classifier(&self) -> Result<Classifier, Failure> {
        let mut classifier = self.labelling.classifier()?;
        if let Some(precision) = self.min_precision {
            let taken = classifier.require_precision(precision, self.reading.unit.into())?;
            if taken > precision {
                tell(&format!("the model's evidence nearest to {precision} is for {taken}"));
            }
        }
        Ok(classifier)
    }

    /// What an earlier run has done, if this one is to go on.
    fn earlier(&self, classifier: &Classifier, paths: &[PathBuf]) -> Result<Earlier, Failure> {
        let Some(file) = self.lines().filter(|_| self.resume) else {
            return Ok(Earlier::default());
        };
        let earlier = Earlier::read(file, classifier.name(), paths)?;
        if earlier.done > 0 {
            tell(&format!("{} holds {}", file.display(), earlier.summary()));
        }
        Ok(earlier)
    }
}

/// A bar over the documents, some of them done, where there are several and someone looks.
fn bar(paths: &[PathBuf], done: usize) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return progress::hidden();
    }
    let documents = inputs::walk(paths).filter(|input| !matches!(input, Input::LeftOut)).count();
    if documents <= 1 {
        return progress::hidden();
    }
    let bar = progress::bar(documents as u64, "documents");
    bar.set_position(done as u64);
    bar.reset_eta();
    bar
}

/// Ctrl-C stops after the document at hand. A wait for standard input it ends at once.
fn stop(paths: &[PathBuf]) -> Arc<AtomicBool> {
    match paths {
        [path] if inputs::is_standard_input(path) => Arc::default(),
        _ => interrupt::flag(),
    }
}
