//! `fineprint import`: corpora → data sets.

mod places;
mod pseudo;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::json;
use walkdir::{DirEntry, WalkDir};

use super::exit::{Failure, Status, tell};
use super::target::Target;
use super::values::Unit;
use crate::dataset::{self, Example, write_examples};
use crate::eval::counted;
use crate::taxonomy::Taxonomy;

/// Turn a corpus into a data set
///
/// A data set is JSON Lines, one labelled text a line; `train` and `eval` read it. Counts of what
/// was imported and left out go to standard error.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    corpus: Corpus,
}

#[derive(Subcommand)]
enum Corpus {
    Opp115(Opp115),
    PolisisBenchmark(PolisisBenchmark),
    Spans(Spans),
    Clauses(Clauses),
    Places(places::Arguments),
    LabelStudio(LabelStudio),
    Doccano(Doccano),
    PseudoLabels(pseudo::Arguments),
}

impl Arguments {
    /// Imports the corpus.
    pub fn run(self) -> Result<Status, Failure> {
        match self.corpus {
            Corpus::Opp115(arguments) => arguments.run(),
            Corpus::PolisisBenchmark(arguments) => arguments.run(),
            Corpus::Spans(arguments) => arguments.run(),
            Corpus::Clauses(arguments) => arguments.run(),
            Corpus::Places(arguments) => arguments.run(),
            Corpus::LabelStudio(arguments) => arguments.run(),
            Corpus::Doccano(arguments) => arguments.run(),
            Corpus::PseudoLabels(arguments) => arguments.run(),
        }
    }
}

/// Where the data set and its report go.
#[derive(clap::Args)]
struct Results {
    /// Write the data set to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the counts to this file, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Results {
    /// Opens what is to be written, which must not be read as well.
    fn open(&self, inputs: &[PathBuf]) -> Result<Opened, Failure> {
        let data = Target::beside(inputs, self.output.as_deref())?;
        let files = [inputs, self.output.as_slice()].concat();
        let report = report_target(&files, self.report.as_deref())?;
        Ok(Opened { data, report })
    }
}

/// A data set and its report that can be written.
struct Opened {
    data: Target,
    report: Option<Target>,
}

impl Opened {
    fn write(self, examples: &[Example], report: &impl Serialize) -> Result<(), Failure> {
        write_set(self.data, examples)?;
        write_report(self.report, report)
    }
}

/// The OPP-115 corpus: 115 policies, three annotators each
#[derive(clap::Args)]
struct Opp115 {
    /// Folder with annotations/ and sanitized_policies/, perhaps also
    /// documentation/errant_span_indexes/ and folds.tsv
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// What becomes one example
    #[arg(long, value_enum, default_value_t, value_name = "UNIT")]
    unit: Unit,
    /// How far the context of a clause reaches
    #[arg(long, value_enum, default_value_t, value_name = "SCOPE")]
    context: ContextScope,
    #[command(flatten)]
    results: Results,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum ContextScope {
    /// Headings and introductions of the clause's own segment
    Segment,
    /// Those of the whole policy, as when a page is read
    #[default]
    Policy,
}

impl Opp115 {
    fn run(self) -> Result<Status, Failure> {
        let opened = self.open()?;
        let scope = match self.context {
            ContextScope::Segment => dataset::ContextScope::Segment,
            ContextScope::Policy => dataset::ContextScope::Policy,
        };
        let found = dataset::import_opp115_with(&self.folder, self.unit.into(), scope)?;
        say(&found.report.to_string());
        opened.write(&found.examples, &found.report)?;
        Ok(Status::Done)
    }

    /// Opens what is to be written, which must be no part of the corpus: a new file among the
    /// annotations would be read as one.
    fn open(&self) -> Result<Opened, Failure> {
        let annotations = self.folder.join("annotations");
        let mut outputs = [&self.results.output, &self.results.report].into_iter().flatten();
        if let Some(output) = outputs.find(|output| lies_in(&annotations, output)) {
            let message = format!("{} is a part of the corpus; name another", output.display());
            return Err(Failure::Usage(anyhow!(message)));
        }
        let mut files = vec![self.folder.join("folds.tsv")];
        for part in ["annotations", "sanitized_policies", "documentation"] {
            let found = WalkDir::new(self.folder.join(part)).follow_links(true).into_iter();
            files.extend(found.flatten().map(DirEntry::into_path).filter(|path| path.is_file()));
        }
        self.results.open(&files)
    }
}

fn lies_in(folder: &Path, file: &Path) -> bool {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    match (fs::canonicalize(folder), fs::canonicalize(parent.unwrap_or(Path::new(".")))) {
        (Ok(folder), Ok(parent)) => parent.starts_with(folder),
        _ => false,
    }
}

/// The published split of OPP-115 into train, validation and test texts
#[derive(clap::Args)]
struct PolisisBenchmark {
    /// Folder with train_dataset.csv, validation_dataset.csv and test_dataset.csv
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The same files with every label that any of the annotators gave: those that the majority did
    /// not give become single votes of the training part
    #[arg(long, value_name = "DIR")]
    union: Option<PathBuf>,
    /// Folder for train.jsonl, validation.jsonl and test.jsonl
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
    /// Write the counts to this file, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl PolisisBenchmark {
    fn run(self) -> Result<Status, Failure> {
        fs::create_dir_all(&self.output)
            .map_err(|error| Failure::writing(error, &self.output.display().to_string()))?;
        let mut files = self.files();
        let mut open = |part: &str| {
            let path = self.output.join(format!("{part}.jsonl"));
            let target = Target::beside(&files, Some(&path))?;
            files.push(path);
            Ok::<_, Failure>(target)
        };
        let (train, validation, test) = (open("train")?, open("validation")?, open("test")?);
        let report = report_target(&files, self.report.as_deref())?;
        let mut found = dataset::import_polisis(&self.folder)?;
        if let Some(union) = &self.union {
            dataset::add_single_votes(&mut found, union)?;
        }
        say(&found.report.to_string());
        write_set(train, &found.train)?;
        write_set(validation, &found.validation)?;
        write_set(test, &found.test)?;
        write_report(report, &found.report)?;
        Ok(Status::Done)
    }

    /// The files that are read.
    fn files(&self) -> Vec<PathBuf> {
        let folders = [&self.folder].into_iter().chain(&self.union);
        let parts = |folder: &PathBuf| {
            ["train", "validation", "test"].map(|part| folder.join(format!("{part}_dataset.csv")))
        };
        folders.flat_map(parts).collect()
    }
}

/// Labelled spans of one document: a JSON array with offsets in code points
#[derive(clap::Args)]
struct Spans {
    /// Labelled spans
    #[arg(value_name = "GOLD")]
    gold: PathBuf,
    /// Document that they point into
    #[arg(long, value_name = "FILE")]
    document: PathBuf,
    #[command(flatten)]
    results: Results,
}

impl Spans {
    fn run(self) -> Result<Status, Failure> {
        let opened = self.results.open(&[self.gold.clone(), self.document.clone()])?;
        let examples = dataset::import_spans(&self.gold, &self.document, &Taxonomy::opp115())?;
        tell(&counted(examples.len(), "clause", "clauses"));
        opened.write(&examples, &json!({"clauses": examples.len()}))?;
        Ok(Status::Done)
    }
}

/// A data set with offsets in code points, to one with offsets in bytes
#[derive(clap::Args)]
struct Clauses {
    /// Data set (JSON Lines)
    #[arg(value_name = "DATASET")]
    dataset: PathBuf,
    /// Folder of the documents that it points into
    #[arg(long, value_name = "DIR")]
    documents: PathBuf,
    #[command(flatten)]
    results: Results,
}

impl Clauses {
    fn run(self) -> Result<Status, Failure> {
        let found = dataset::import_clauses(&self.dataset, &self.documents, &Taxonomy::opp115())?;
        let mut files = vec![self.dataset.clone()];
        let names = found.examples.iter().filter_map(|example| example.document.as_ref());
        let names: BTreeSet<&String> = names.collect();
        files.extend(names.into_iter().map(|name| self.documents.join(name)));
        let opened = self.results.open(&files)?;
        let (clauses, left_out) = (found.examples.len(), &found.without_text);
        tell(&format!(
            "{}, {} without text left out",
            counted(clauses, "clause", "clauses"),
            counted(left_out.len(), "line", "lines")
        ));
        opened.write(&found.examples, &json!({"clauses": clauses, "without_text": left_out}))?;
        Ok(Status::Done)
    }
}

/// What people labelled in Label Studio, from tasks of `label --format label-studio`
///
/// Votes and who gave them are kept; a label that more than half of the annotators gave is gold.
#[derive(clap::Args)]
struct LabelStudio {
    /// Label Studio's export in its own JSON format
    #[arg(value_name = "FILE")]
    export: PathBuf,
    #[command(flatten)]
    results: Results,
}

impl LabelStudio {
    fn run(self) -> Result<Status, Failure> {
        let opened = self.results.open(std::slice::from_ref(&self.export))?;
        let examples = dataset::import_label_studio(&self.export, &Taxonomy::opp115())?;
        write_annotated(opened, &examples)
    }
}

/// What people labelled in doccano, from lines of `label --format doccano`
///
/// Votes and who gave them are kept; a label that more than half of the annotators gave is gold.
#[derive(clap::Args)]
struct Doccano {
    /// doccano's JSONL exports, one file an annotator, named after them
    #[arg(value_name = "FILE", required = true)]
    exports: Vec<PathBuf>,
    #[command(flatten)]
    results: Results,
}

impl Doccano {
    fn run(self) -> Result<Status, Failure> {
        let opened = self.results.open(&self.exports)?;
        let examples = dataset::import_doccano(&self.exports, &Taxonomy::opp115())?;
        write_annotated(opened, &examples)
    }
}

fn write_annotated(opened: Opened, examples: &[Example]) -> Result<Status, Failure> {
    let people: BTreeSet<&String> = examples.iter().flat_map(|e| e.annotations.keys()).collect();
    tell(&format!(
        "{} labelled by {}",
        counted(examples.len(), "clause", "clauses"),
        counted(people.len(), "person", "people")
    ));
    let placeless = examples.iter().filter(|example| example.start.is_none()).count();
    if placeless > 0 {
        tell(&format!("{placeless} of them, as those of PDF files, have no place in bytes"));
    }
    opened.write(examples, &json!({"clauses": examples.len(), "annotators": people}))?;
    Ok(Status::Done)
}

fn report_target(inputs: &[PathBuf], path: Option<&Path>) -> Result<Option<Target>, Failure> {
    path.map(|path| Target::beside(inputs, Some(path))).transpose()
}

fn write_set(target: Target, examples: &[Example]) -> Result<(), Failure> {
    let name = target.name().to_owned();
    write_examples(&mut target.writer()?, examples).map_err(|error| match error {
        dataset::DatasetError::Write(error) => Failure::writing(error, &name),
        other => other.into(),
    })
}

fn write_report(target: Option<Target>, report: &impl Serialize) -> Result<(), Failure> {
    let Some(target) = target else { return Ok(()) };
    let name = target.name().to_owned();
    let mut writer = target.writer()?;
    serde_json::to_writer_pretty(&mut writer, report)
        .map_err(Into::into)
        .and_then(|()| writeln!(writer).and_then(|()| writer.flush()))
        .map_err(|error| Failure::writing(error, &name))
}

/// A report, on standard error. That nobody may read it is no reason to fail.
fn say(report: &str) {
    let _ = writeln!(io::stderr(), "{}", report.trim_end());
}
