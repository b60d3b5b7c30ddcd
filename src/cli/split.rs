//! `fineprint split`: clauses without labels.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use super::exit::{Failure, Status};
use super::inputs;
use super::pipeline::Pipeline;
use super::progress;
use super::target::Target;
use super::values::Reading;
use crate::output::Format;

/// Cut a document into clauses, without labelling them
///
/// Writes the records of `label` less labels, scores and model; no model is needed. `start` and
/// `end` are byte offsets into the file as it lies there; for a PDF they count the characters of
/// the page that the record names.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  fineprint split policy.html
  curl -s https://example.org/privacy | fineprint split - --format csv")]
pub struct Arguments {
    /// Document to cut: a file, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How records are written; without it, a table on a terminal and JSON Lines elsewhere
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

impl Arguments {
    /// Cuts the document and writes its records.
    pub fn run(self) -> Result<Status, Failure> {
        let paths = [self.file];
        if paths[0].is_dir() {
            let message = format!("{} is a folder; name one file", paths[0].display());
            return Err(Failure::Usage(anyhow::anyhow!(message)));
        }
        let target = Target::beside(&paths, self.output.as_deref())?;
        let output = Target::name(&target).to_owned();
        let pipeline = Pipeline {
            reading: &self.reading,
            labeller: None,
            exporter: target.exporter(self.format, None)?,
            output: &output,
            bar: progress::hidden(),
            stop: &AtomicBool::new(false),
        };
        pipeline.run(inputs::walk(&paths))
    }
}
