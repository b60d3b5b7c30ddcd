//! `fineprint eval explanations`: whether `predict --explain` points where people did.

use std::path::PathBuf;

use anyhow::anyhow;

use super::ReportFormat;
use super::sets::{self, Source};
use crate::cli::exit::{Failure, Status};
use crate::cli::progress;
use crate::cli::target::Target;
use crate::cli::values::{Labelling, Unit};
use crate::dataset::Example;
use crate::eval::{Pointed, PointingReport, point, pointing_table};
use crate::explain::explain;
use crate::label::{Classifier, Input};
use crate::random::Random;

/// Judge explanations by the passages that annotators highlighted
///
/// For each right label that the model gives and annotators highlighted, counts how often the word
/// that carries the label most (`predict --explain`) lies inside a highlight, beside how often any
/// word does. `import opp115 --unit segment` writes highlights.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  fineprint eval explanations segments.jsonl --fold 0 --sample 200 --model run/held-out")]
pub struct Arguments {
    /// Data sets (JSON Lines), or folders of them, with highlights
    #[arg(value_name = "DATASET", required = true)]
    datasets: Vec<PathBuf>,
    /// Only examples of this fold
    #[arg(long, value_name = "FOLD")]
    fold: Option<u32>,
    /// Only so many examples, drawn at random
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Seed of the draw
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What the examples are
    #[arg(long, value_enum, default_value_t = Unit::Segment, value_name = "UNIT")]
    unit: Unit,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ReportFormat,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    labelling: Labelling,
}

impl Arguments {
    /// Explains the examples and writes the report.
    pub fn run(self) -> Result<Status, Failure> {
        let sources = sets::sources(&self.datasets)?;
        let target = Target::beside(&sets::files(&sources), self.output.as_deref())?;
        let classifier = self.labelling.classifier()?;
        let examples = self.examples(&sources, &classifier)?;
        let bar = progress::bar(examples.len() as u64, "texts");
        let mut cases = Vec::new();
        for example in &examples {
            cases.extend(self.cases(example, &classifier)?);
            bar.inc(1);
        }
        bar.finish_and_clear();
        let report = PointingReport::new(classifier.name(), &cases, classifier.taxonomy());
        self.format.write(target, &report, || pointing_table(&report, classifier.taxonomy()))
    }

    /// The examples asked for, those with highlights.
    fn examples(
        &self,
        sources: &[Source],
        classifier: &Classifier,
    ) -> Result<Vec<Example>, Failure> {
        let mut examples = Vec::new();
        for source in sources {
            examples.extend(source.read(classifier.taxonomy())?);
        }
        examples.retain(|example| {
            !example.highlights.is_empty() && self.fold.is_none_or(|f| example.fold == Some(f))
        });
        if examples.is_empty() {
            let message = "no example has highlights: `import opp115 --unit segment` writes them";
            return Err(Failure::Input(anyhow!(message)));
        }
        if let Some(sample) = self.sample {
            Random::new(self.seed).shuffle(&mut examples);
            examples.truncate(sample);
        }
        Ok(examples)
    }

    /// Every label of an example that is right, given and highlighted.
    fn cases(&self, example: &Example, classifier: &Classifier) -> Result<Vec<Pointed>, Failure> {
        let input = Input::from(example);
        let (unit, threads) = (self.unit.into(), self.labelling.threads());
        let given = classifier.classify(&[input], unit, threads)?;
        let given = given.into_iter().flat_map(|classified| classified.labels);
        let names = classifier.taxonomy().names();
        let wanted: Vec<usize> = given
            .filter(|&class| example.labels.contains(&names[class]))
            .filter(|&class| example.highlights.contains_key(&names[class]))
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let words = explain(classifier, input, unit, threads)?;
        let cases = wanted.into_iter().filter_map(|class| {
            let weights: Vec<_> =
                words.iter().map(|word| (word.span.clone(), word.weights[class])).collect();
            let (hit, chance) = point(&weights, &example.highlights[&names[class]])?;
            Some(Pointed { group: example.group.clone(), class, hit, chance })
        });
        Ok(cases.collect())
    }
}
