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
use super::files_of;
use super::rows::Judged;
use super::subject::{Judging, Subject};
use crate::clause::ClauseKind;
use crate::dataset::{Example, read_examples};
use crate::eval::{
    self, Bootstrap, Certified, Comparison, Errors, EvalError, Evaluation, Gate, LabelMap, Place,
    Point, Prediction, Report, Sheet,
};
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

/// One data set as it is judged.
struct DataSet {
    name: String,
    examples: Vec<Example>,
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
        let target = Target::open(self.output.as_deref())?;
        let saved = self.save_predictions.as_deref().map(|p| Target::open(Some(p))).transpose()?;
        let subject = match self.predictions.as_slice() {
            [] => Subject::model(&self.labelling)?,
            files => Subject::saved(files, &self.labelling)?,
        };
        let other = self.against.as_ref().map(|name| subject.other(name, &self.labelling));
        let other = other.transpose()?;
        let sets = self.data_sets(subject.taxonomy())?;
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

    fn data_sets(&self, taxonomy: &Taxonomy) -> Result<Vec<DataSet>, Failure> {
        self.datasets.iter().map(|path| self.data_set(path, taxonomy)).collect()
    }

    fn data_set(&self, path: &Path, taxonomy: &Taxonomy) -> Result<DataSet, Failure> {
        let mut examples = Vec::new();
        for file in files_of(path)? {
            let read = read_examples(&file, taxonomy)?;
            examples.extend(read.into_iter().filter(|example| self.takes(example)));
        }
        if examples.is_empty() {
            let message = format!("{} has no clause that is asked for", path.display());
            return Err(Failure::Input(anyhow!(message)));
        }
        Ok(DataSet { name: path.display().to_string(), examples })
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
        Ok(Outcome { report, curves: LabelMap::new(taxonomy, (0..taxonomy.len()).map(curve)) })
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

/// Where each row stands: its clause and the neighbours in its policy.
fn places(examples: &[Example], order: &[usize]) -> Vec<Place> {
    let text = |i: usize, group: &str| {
        let neighbour = examples.get(i).filter(|example| example.group == group);
        neighbour.map(|example| example.text.clone())
    };
    let place = |&i: &usize| {
        let example = examples.get(i)?;
        Some(Place {
            id: example.id.clone(),
            group: example.group.clone(),
            context: example.context.clone(),
            before: i.checked_sub(1).and_then(|before| text(before, &example.group)),
            text: example.text.clone(),
            after: text(i + 1, &example.group),
        })
    };
    order.iter().filter_map(place).collect()
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
        let prediction = Prediction { labels: row.predicted.clone(), scores: row.scores.clone() };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_of_the_same_policy() {
        let example = |id: &str, group: &str| Example {
            id: id.into(),
            group: group.into(),
            text: format!("text {id}"),
            ..Example::default()
        };
        let examples = [example("1", "a"), example("2", "a"), example("3", "b")];
        let found = places(&examples, &[2, 1]);
        assert_eq!(found[0].id, "3");
        assert_eq!((&found[0].before, &found[0].after), (&None, &None));
        assert_eq!(found[1].before.as_deref(), Some("text 1"));
        assert_eq!(found[1].after, None);
    }
}
