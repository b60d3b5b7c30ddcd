//! `fineprint eval`: how good a model is on labelled clauses.

mod rows;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::ValueEnum;

use super::exit::{Failure, Status};
use super::target::Target;
use super::values::{Labelling, Unit};
use crate::clause::ClauseKind;
use crate::dataset::{Example, read_examples};
use crate::eval::{self, Bootstrap, Evaluation, Report};
use crate::label::Classifier;
use rows::Judged;

/// Judge a model on labelled clauses
///
/// Per category: precision, recall, F1 and support with 95 % intervals over policies; micro,
/// macro, weighted and samples averages as scikit-learn computes them. With --documents, the
/// files themselves are read, cut and labelled, and what stands at the place of a gold clause is
/// compared with it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  fineprint eval eval/fixtures
  fineprint eval clauses.jsonl --fold 0 --format json
  fineprint eval eval/fixtures --documents eval/fixtures")]
pub struct Arguments {
    /// Data sets (JSON Lines), or folders of them
    #[arg(value_name = "DATASET", required = true)]
    datasets: Vec<PathBuf>,
    /// Read, cut and label the documents in this folder instead of the gold clauses' texts
    #[arg(long, value_name = "DIR")]
    documents: Option<PathBuf>,
    /// Judge this fold alone
    #[arg(long, value_name = "FOLD")]
    fold: Option<u32>,
    /// Leave out clauses of this kind, or without any label
    #[arg(long, value_enum, value_name = "WHICH")]
    without: Vec<Without>,
    /// Which thresholds hold; without it, those for segments where a clause has no kind
    #[arg(long, value_enum, value_name = "UNIT")]
    unit: Option<Unit>,
    /// Tune the thresholds on one half of the policies and judge the other, both ways
    #[arg(long, conflicts_with = "threshold")]
    cross_fit: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ReportFormat,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    labelling: Labelling,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Without {
    Headings,
    Unlabelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum ReportFormat {
    /// For people
    #[default]
    Table,
    /// For programs: one object, or an array of them for several data sets
    Json,
}

impl Arguments {
    /// Judges the model and writes the report.
    pub fn run(self) -> Result<Status, Failure> {
        let files = self.files()?;
        let target = Target::open(self.output.as_deref())?;
        let output = target.name().to_owned();
        let classifier = self.labelling.classifier()?;
        let mut reports = Vec::new();
        for file in &files {
            reports.push(self.report(file, &classifier)?);
        }
        let text = match self.format {
            ReportFormat::Table => reports.iter().map(eval::table).collect::<Vec<_>>().join("\n"),
            ReportFormat::Json => match reports.as_slice() {
                [report] => eval::json(report),
                _ => {
                    serde_json::to_string_pretty(&reports).map_err(|e| Failure::Input(e.into()))?
                }
            },
        };
        let mut writer = target.writer()?;
        let end = if text.ends_with('\n') { "" } else { "\n" };
        write!(writer, "{text}{end}")
            .and_then(|()| writer.flush())
            .map_err(|error| Failure::writing(error, &output))?;
        Ok(Status::Done)
    }

    /// The data sets, folders resolved to the files in them.
    fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut files = Vec::new();
        for path in &self.datasets {
            if path.is_dir() {
                let found = in_folder(path).map_err(Failure::Input)?;
                files.extend(found);
            } else {
                files.push(path.clone());
            }
        }
        Ok(files)
    }

    fn report(&self, file: &Path, classifier: &Classifier) -> Result<Report, Failure> {
        let taxonomy = classifier.taxonomy();
        let examples =
            read_examples(file, taxonomy).map_err(|error| Failure::Input(error.into()))?;
        let examples: Vec<Example> = examples.into_iter().filter(|e| self.takes(e)).collect();
        if examples.is_empty() {
            let message = format!("{} has no clause that is asked for", file.display());
            return Err(Failure::Input(anyhow!(message)));
        }
        let threads = self.labelling.threads();
        let unit = self.unit.map(Into::into);
        let Judged { mut rows, thresholds, segmentation } = match &self.documents {
            None => rows::of_texts(&examples, classifier, unit, threads)?,
            Some(folder) => rows::of_documents(&examples, folder, classifier, threads)?,
        };
        let mut notes = Vec::new();
        if self.cross_fit {
            rows::cross_fit(&mut rows).map_err(|error| Failure::Input(error.into()))?;
            notes.push("thresholds tuned on the other half of the policies".to_owned());
        }
        let evaluation = Evaluation {
            model: classifier.name(),
            dataset: &file.display().to_string(),
            taxonomy,
            thresholds: &thresholds,
            bootstrap: Bootstrap::default(),
        };
        let mut report = evaluation.report(&rows).map_err(|error| Failure::Input(error.into()))?;
        report.segmentation = segmentation;
        report.notes.extend(notes);
        Ok(report)
    }

    fn takes(&self, example: &Example) -> bool {
        let without = |which| self.without.contains(&which);
        let heading = example.kind == Some(ClauseKind::Heading);
        self.fold.is_none_or(|fold| example.fold == Some(fold))
            && !(without(Without::Headings) && heading)
            && !(without(Without::Unlabelled) && example.labels.is_empty())
    }
}

/// The data sets of a folder, in the order of their names.
fn in_folder(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(anyhow!("{} holds no .jsonl file", folder.display()));
    }
    Ok(files)
}
