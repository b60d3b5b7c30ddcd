//! A model on data sets: what is asked for, judged, reported and gated.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::ValueEnum;

use super::super::exit::{Failure, Status, tell};
use super::super::saved;
use super::super::target::Target;
use super::super::values::{Labelling, Unit, share};
use super::rows::Judged;
use super::sets::{self, DataSet, Source, places};
use super::subject::{Judging, Subject};
use crate::clause::ClauseKind;
use crate::dataset::Example;
use crate::eval::{
    self, Bootstrap, Certified, Comparison, Errors, EvalError, Evaluation, Gate, LabelMap, Point,
    Prediction, Report, Sheet,
};
use crate::model::{CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE};
use crate::taxonomy::Taxonomy;

#[derive(clap::Args)]
pub struct Arguments {
    /// Data sets: JSON Lines, or folders of them, each of which is one data set
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
    /// Judge what these files hold instead of a model: what --save-predictions or label wrote
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["kernel", "unit"])]
    predictions: Vec<PathBuf>,
    /// Compare with another model, or with predictions that --save-predictions or label wrote
    #[arg(long, value_name = "MODEL|FILE")]
    against: Option<String>,
    /// Exit with 1 when a figure is below its floor in this TOML file, or, without a file, when
    /// the model is worse than the one of --against beyond chance
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    gate: Option<Option<PathBuf>>,
    /// Look for the lowest thresholds whose precision is at least P with 95 % confidence
    #[arg(long, value_name = "P", value_parser = share)]
    min_precision: Option<f64>,
    /// List the N worst clauses, the likely errors of the gold, and which labels are confused
    #[arg(long, value_name = "N")]
    errors: Option<usize>,
    /// Write what was predicted for each clause to this file, as JSON Lines
    #[arg(long, value_name = "FILE")]
    save_predictions: Option<PathBuf>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Layout,
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
enum Layout {
    /// For people
    #[default]
    Table,
    /// For programs: one object, or an array of them for several data sets
    Json,
    /// For people who write
    Markdown,
    /// One page with curves, bars and the clauses of --errors
    Html,
}

/// A data set's report and the curves that only the page draws.
struct Outcome {
    report: Report,
    curves: LabelMap<Vec<Point>>,
}

impl Arguments {
    /// Judges the model and writes the report.
    pub fn run(self) -> Result<Status, Failure> {
        let gate = self.gate()?;
        let subject = self.subject()?;
        let other = self.against.as_ref().map(|name| subject.other(name, &self.labelling));
        let other = other.transpose()?;
        let sources = sets::sources(&self.datasets)?;
        let sets = sources.iter().map(|source| self.data_set(source, subject.taxonomy()));
        let sets = sets.collect::<Result<Vec<_>, _>>()?;
        if self.save_predictions.is_some() {
            sets::distinct(&sets)?;
        }
        let mut files = self.files(&sources, &sets)?;
        let target = Target::beside(&files, self.output.as_deref())?;
        files.extend(self.output.clone());
        let saved = self.save_predictions.as_deref();
        let saved = saved.map(|path| Target::beside(&files, Some(path))).transpose()?;
        let mut results = Vec::new();
        let mut lines = Vec::new();
        for set in &sets {
            let result = self.judge(set, &subject, other.as_ref(), &mut lines)?;
            results.push(result);
        }
        if let Some(saved) = saved {
            write(saved, &lines)?;
        }
        write(target, self.render(&results)?.as_bytes())?;
        passed(gate.as_ref(), self.gate.is_some(), &results)
    }

    /// The floors of `--gate FILE`.
    fn gate(&self) -> Result<Option<Gate>, Failure> {
        let Some(path) = self.gate.as_ref().and_then(Option::as_ref) else {
            if self.gate.is_some() && self.against.is_none() {
                let message = "--gate needs a file with floors, or --against";
                return Err(Failure::Usage(anyhow!(message)));
            }
            return Ok(None);
        };
        if path.is_dir() {
            let message =
                format!("{} is a folder, not a gate: name data sets before --gate", path.display());
            return Err(Failure::Usage(anyhow!(message)));
        }
        let name = path.display().to_string();
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read {name}"))
            .map_err(Failure::Usage)?;
        let gate = Gate::parse(&text).map_err(|e| Failure::Usage(anyhow!("{name}: {e}")))?;
        Ok(Some(gate))
    }

    /// What is judged, which must have the scores that the options need.
    fn subject(&self) -> Result<Subject, Failure> {
        let subject = match self.predictions.as_slice() {
            [] => Subject::model(&self.labelling)?,
            files => Subject::saved(files, &self.labelling)?,
        };
        let needs = [
            (self.min_precision.is_some(), "--min-precision"),
            (self.errors.is_some(), "--errors"),
        ];
        match needs.into_iter().find(|(asked, _)| *asked && !subject.is_scored()) {
            Some((_, option)) => Err(Failure::Input(anyhow!(
                "{} has predictions without scores, which {option} needs",
                subject.name()
            ))),
            None => Ok(subject),
        }
    }

    /// Everything that is read, none of which may be written over.
    fn files(&self, sources: &[Source], sets: &[DataSet]) -> Result<Vec<PathBuf>, Failure> {
        let mut files = sets::files(sources);
        files.extend(self.predictions.iter().cloned());
        files.extend(self.against.as_ref().map(PathBuf::from).filter(|path| path.is_file()));
        files.extend(self.gate.clone().flatten());
        for model in self.labelling.model.iter().chain(&self.against) {
            let of_model = [CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE];
            files.extend(of_model.map(|name| Path::new(model).join(name)));
        }
        for (folder, set) in self.documents.iter().flat_map(|f| sets.iter().map(move |s| (f, s))) {
            files.extend(sets::documents(&set.examples, folder)?);
        }
        Ok(files)
    }

    fn data_set(&self, source: &Source, taxonomy: &Taxonomy) -> Result<DataSet, Failure> {
        let mut examples = source.read(taxonomy)?;
        examples.retain(|example| self.takes(example));
        if examples.is_empty() {
            let message = format!("{} has no clause that is asked for", source.name);
            return Err(Failure::Input(anyhow!(message)));
        }
        Ok(DataSet { name: source.name.clone(), examples })
    }

    fn takes(&self, example: &Example) -> bool {
        let without = |which| self.without.contains(&which);
        let heading = matches!(example.kind, Some(ClauseKind::Heading | ClauseKind::Toc));
        self.fold.is_none_or(|fold| example.fold == Some(fold))
            && !(without(Without::Headings) && heading)
            && !(without(Without::Unlabelled) && example.labels.is_empty())
    }

    /// Judges one data set; `lines` takes what was predicted, where it is asked for.
    fn judge(
        &self,
        set: &DataSet,
        subject: &Subject,
        other: Option<&Subject>,
        lines: &mut Vec<u8>,
    ) -> Result<Outcome, Failure> {
        let taxonomy = subject.taxonomy();
        let how = self.judging();
        let judged = subject.judge(&set.examples, &how)?;
        let evaluation = Evaluation {
            model: subject.name(),
            dataset: &set.name,
            taxonomy,
            thresholds: judged.thresholds.as_deref(),
            bootstrap: Bootstrap::default(),
        };
        let mut report = evaluation.report(&judged.rows).map_err(input)?;
        report.segmentation = judged.segmentation;
        if !judged.scored {
            report.calibration = None;
            report.notes.push("no scores, so no figures of them".to_owned());
        }
        if self.cross_fit {
            report.notes.push("thresholds tuned on the other half of the policies".to_owned());
        }
        if let Some(other) = other {
            let rows = other.judge(&set.examples, &how)?.rows;
            let options = Bootstrap::default();
            let found = Comparison::of(taxonomy, other.name(), &judged.rows, &rows, &options);
            report.comparison = Some(found.map_err(input)?);
        }
        if let Some(precision) = self.min_precision {
            let found = Certified::of(taxonomy, &judged.rows, precision).map_err(input)?;
            report.certified = Some(found);
        }
        if let Some(limit) = self.errors {
            let places = places(&set.examples, &judged.order);
            let found = Errors::of(taxonomy, &judged.rows, &places, limit).map_err(input)?;
            report.errors = Some(found);
        }
        if self.save_predictions.is_some() {
            save(lines, set, &judged, taxonomy)?;
        }
        let curve = |class| eval::curve(&judged.rows, class);
        let curves = (0..taxonomy.len()).filter(|_| judged.scored).map(curve);
        Ok(Outcome { report, curves: LabelMap::new(taxonomy, curves) })
    }

    fn judging(&self) -> Judging<'_> {
        Judging {
            documents: self.documents.as_deref(),
            unit: self.unit,
            threads: self.labelling.threads(),
            cross_fit: self.cross_fit,
        }
    }

    fn render(&self, results: &[Outcome]) -> Result<String, Failure> {
        let reports = || results.iter().map(|r| r.report.clone()).collect::<Vec<Report>>();
        Ok(match self.format {
            Layout::Table => eval::tables(&reports()),
            Layout::Markdown => eval::markdown(&reports()),
            Layout::Html => {
                let sheets: Vec<Sheet> = results
                    .iter()
                    .map(|outcome| Sheet { report: &outcome.report, curves: &outcome.curves })
                    .collect();
                eval::html(&sheets)
            }
            Layout::Json => match results {
                [one] => eval::json(&one.report),
                _ => serde_json::to_string_pretty(&reports())
                    .map_err(|error| Failure::Input(error.into()))?,
            },
        })
    }
}

/// One line a clause.
fn save(
    lines: &mut Vec<u8>,
    set: &DataSet,
    judged: &Judged,
    taxonomy: &Taxonomy,
) -> Result<(), Failure> {
    for (row, &i) in judged.rows.iter().zip(&judged.order) {
        let Some(example) = set.examples.get(i) else { continue };
        let scores = if judged.scored { row.scores.clone() } else { Vec::new() };
        let prediction = Prediction { labels: row.predicted.clone(), scores };
        let wanted = saved::wanted(example);
        eval::write_prediction(lines, &wanted, &prediction, taxonomy)
            .map_err(|error| Failure::writing(error, "the predictions"))?;
    }
    Ok(())
}

fn write(target: Target, content: &[u8]) -> Result<(), Failure> {
    let name = target.name().to_owned();
    let mut writer = target.writer()?;
    let end: &[u8] = if content.ends_with(b"\n") || content.is_empty() { b"" } else { b"\n" };
    (writer.write_all(content))
        .and_then(|()| writer.write_all(end))
        .and_then(|()| writer.flush())
        .map_err(|error| Failure::writing(error, &name))
}

/// Whether the reports pass, with a line on standard error for each thing that does not.
fn passed(gate: Option<&Gate>, gated: bool, results: &[Outcome]) -> Result<Status, Failure> {
    let mut status = Status::Done;
    for Outcome { report, .. } in results.iter().filter(|_| gated) {
        let misses = match gate {
            Some(gate) => gate.misses(report).map_err(|error| Failure::Usage(error.into()))?,
            None => Vec::new(),
        };
        let worse = report.comparison.iter().flat_map(|found| {
            found.worse.iter().map(|what| format!("{what}: worse than {}", found.other))
        });
        for line in misses.iter().map(ToString::to_string).chain(worse) {
            tell(&format!("{}: {line}", report.dataset));
            status = Status::Worse;
        }
    }
    Ok(status)
}

fn input(error: EvalError) -> Failure {
    Failure::Input(error.into())
}
