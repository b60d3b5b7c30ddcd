//! `fineprint eval`: how good a model is on labelled clauses, and how good its parts are.

mod explanations;
mod judge;
mod lint;
mod reader;
mod rows;
mod sets;
mod splitter;
mod subject;

use std::io::Write;

use anyhow::Context;
use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::exit::{Failure, Status};
use super::target::Target;
use crate::clause::{self, Clause};
use crate::document::{self, ReadOptions};

/// Judge a model on labelled clauses
///
/// Per category: precision, recall, F1 and support with 95 % intervals over policies; micro,
/// macro, weighted and samples averages as scikit-learn computes them; average precision and
/// calibration of the scores. With --documents, the files themselves are read, cut and labelled,
/// and what stands at the place of a gold clause is compared with it.
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  fineprint eval eval/fixtures
  fineprint eval clauses.jsonl --fold 0 --format json
  fineprint eval eval/fixtures --documents eval/fixtures
  fineprint eval eval/fixtures --errors 50 --format html --output report.html
  fineprint eval clauses.jsonl --against old-model --gate
  fineprint eval clauses.jsonl --predictions fold0.jsonl fold1.jsonl --cross-fit
  fineprint eval eval/fixtures --gate eval/gate.toml
  fineprint eval clauses.jsonl --min-precision 0.95
  fineprint eval lint eval/fixtures --documents eval/fixtures"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    judge: judge::Arguments,
}

#[derive(Subcommand)]
enum Command {
    Reader(reader::Arguments),
    Splitter(splitter::Arguments),
    Lint(lint::Arguments),
    Explanations(explanations::Arguments),
}

/// How the figures of a part are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum ReportFormat {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
}

impl ReportFormat {
    /// Writes a report as JSON, or as the table that `table` gives.
    fn write(
        self,
        target: Target,
        report: &impl Serialize,
        table: impl FnOnce() -> String,
    ) -> Result<Status, Failure> {
        let text = match self {
            Self::Table => table(),
            Self::Json => {
                serde_json::to_string_pretty(report).map_err(|e| Failure::Input(e.into()))? + "\n"
            }
        };
        let output = target.name().to_owned();
        let mut writer = target.writer()?;
        write!(writer, "{text}")
            .and_then(|()| writer.flush())
            .map_err(|error| Failure::writing(error, &output))?;
        Ok(Status::Done)
    }
}

/// The clauses of a document that somebody labelled.
fn clauses_of(name: &str, bytes: &[u8]) -> Result<Vec<Clause>, Failure> {
    let document = document::read(bytes, Some(name), &ReadOptions::without_gate())
        .with_context(|| name.to_owned())
        .map_err(Failure::Input)?;
    Ok(clause::split(&document))
}

impl Arguments {
    /// Judges and writes the report.
    pub fn run(self) -> Result<Status, Failure> {
        match self.command {
            None => self.judge.run(),
            Some(Command::Reader(arguments)) => arguments.run(),
            Some(Command::Splitter(arguments)) => arguments.run(),
            Some(Command::Lint(arguments)) => arguments.run(),
            Some(Command::Explanations(arguments)) => arguments.run(),
        }
    }
}
