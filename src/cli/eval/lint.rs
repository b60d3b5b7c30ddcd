//! `fineprint eval lint`: what is wrong with data sets.

use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::super::exit::{Failure, Status};
use super::sets;
use crate::dataset::document_path;
use crate::document::{self, Boilerplate, Document, Gate, ReadError, ReadOptions};
use crate::eval::{Linted, Open, Source, counted, lint};
use crate::taxonomy::Taxonomy;

/// Look for mistakes in data sets
///
/// Lines that cannot be read, unknown labels, ids and places that stand twice, overlaps, labels
/// that all votes contradict; with --documents also offsets at which something else than the
/// clause's text stands. Each is one line; what may be right is a note. With a mistake the exit
/// code is 1.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  fineprint eval lint eval/fixtures --documents eval/fixtures")]
pub struct Arguments {
    /// Data sets (JSON Lines), or folders of them
    #[arg(value_name = "DATASET", required = true)]
    datasets: Vec<PathBuf>,
    /// Where the documents of the data sets lie
    #[arg(long, value_name = "DIR")]
    documents: Option<PathBuf>,
    /// Leave out the notes
    #[arg(long)]
    quiet: bool,
}

impl Arguments {
    /// Looks at the data sets and tells what was found.
    pub fn run(self) -> Result<Status, Failure> {
        let taxonomy = Taxonomy::opp115();
        let mut found = Linted::default();
        for set in sets::sources(&self.datasets)? {
            found.append(self.lint(&set, &taxonomy)?);
        }
        let text = self.text(&found, &taxonomy);
        let mut out = io::stdout().lock();
        (out.write_all(text.as_bytes()))
            .and_then(|()| out.flush())
            .map_err(|error| Failure::writing(error, "standard output"))?;
        let wrong = found.findings.iter().any(|finding| finding.problem.is_error());
        Ok(if wrong { Status::Worse } else { Status::Done })
    }

    /// What is wrong with one data set.
    fn lint(&self, set: &sets::Source, taxonomy: &Taxonomy) -> Result<Linted, Failure> {
        let mut found = Linted::default();
        for path in &set.files {
            let name = path.display().to_string();
            let file = File::open(path)
                .with_context(|| format!("cannot read {name}"))
                .map_err(Failure::Input)?;
            let open = self
                .documents
                .as_deref()
                .map(|folder| move |document: &str| source(folder, document));
            let open = open.as_ref().map(|open| open as Open);
            found.join(lint(BufReader::new(file), &name, taxonomy, open));
        }
        Ok(found)
    }

    fn text(&self, found: &Linted, taxonomy: &Taxonomy) -> String {
        let (mut text, mut mistakes, mut notes) = (String::new(), 0, 0);
        for finding in &found.findings {
            if finding.problem.is_error() {
                mistakes += 1;
            } else {
                notes += 1;
                if self.quiet {
                    continue;
                }
            }
            text += &format!("{finding}\n");
        }
        text += &format!(
            "{} of {}: {}, {}\n",
            counted(found.clauses, "clause", "clauses"),
            counted(found.policies.len(), "policy", "policies"),
            counted(mistakes, "mistake", "mistakes"),
            counted(notes, "note", "notes"),
        );
        for name in taxonomy.names() {
            let clauses = found.labels.get(name).copied().unwrap_or(0);
            text += &format!("  {clauses:>6}  {name}\n");
        }
        text
    }
}

/// A document below the folder, everything that it shows.
fn source(folder: &Path, document: &str) -> Result<Source, String> {
    let path = document_path(folder, document)?;
    let bytes =
        fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let read = shown(document, &bytes)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(Source::new(&read, bytes.len()))
}

/// Everything that a document shows.
pub(super) fn shown(name: &str, bytes: &[u8]) -> Result<Document, ReadError> {
    let options =
        ReadOptions { boilerplate: Boilerplate::Keep, gate: Gate::Off, ..ReadOptions::default() };
    document::read(bytes, Some(name), &options)
}
