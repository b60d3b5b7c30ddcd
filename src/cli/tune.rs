//! `fineprint tune`: sets a model's thresholds by labelled clauses.

use std::path::PathBuf;

use anyhow::anyhow;

use super::exit::{Failure, Status, tell};
use super::values::{share, threads};
use super::{saved, thresholds};
use crate::dataset::{Example, read_examples};
use crate::label::{Classifier, Input, Unit};
use crate::model::{CONFIG_FILE, Files, Model};
use crate::whole_file;

/// Set a model's thresholds by labelled clauses it was not trained on
///
/// For each category a threshold is stored in the model's config.json: half-way from the one that
/// maximises F1 on these clauses to 0.5, or with fewer than 25 positives 0.5. Examples with a kind
/// set the thresholds for clauses, the others those for segments. With --min-precision also the
/// lowest scores are stored from which precision is at least so much with 95 % confidence, for
/// `label --min-precision`.
///
/// The scores are the model's own or, with --predictions, those of models that each had a fold
/// held out, saved by `eval --fold K --save-predictions`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Data sets (JSON Lines)
    #[arg(value_name = "DATASET", required = true)]
    datasets: Vec<PathBuf>,
    /// Folder of the model
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// Take the scores that these files hold
    #[arg(long, value_name = "FILE", num_args = 1..)]
    predictions: Vec<PathBuf>,
    /// Take this fold alone
    #[arg(long, value_name = "FOLD")]
    fold: Option<u32>,
    /// Certify this precision; may be given several times
    #[arg(long, value_name = "P", value_parser = share)]
    min_precision: Vec<f64>,
}

impl Arguments {
    /// Tunes and stores.
    pub fn run(self) -> Result<Status, Failure> {
        let files = Files::read(&self.model)?;
        let model = Model::parse(&files)?;
        let mut decision = model.config.fineprint.clone().unwrap_or_default();
        let classifier = Classifier::new(model)?;
        let taxonomy = classifier.taxonomy();
        let mut examples: Vec<Example> = Vec::new();
        for path in &self.datasets {
            let read = read_examples(path, taxonomy).map_err(|e| Failure::Input(e.into()))?;
            let taken = read.into_iter().filter(|e| self.fold.is_none() || e.fold == self.fold);
            examples.extend(taken);
        }
        if examples.is_empty() {
            return Err(Failure::Input(anyhow!("no clause is left to tune on")));
        }
        let scores = self.scores(&examples, &classifier)?;
        thresholds::store(&mut decision, &examples, &scores, taxonomy);
        for &precision in &self.min_precision {
            let found = thresholds::certify(&mut decision, &examples, &scores, taxonomy, precision);
            tell(&found.map_err(|error| Failure::Input(error.into()))?);
        }
        let json = files.config_with(&decision)?;
        let path = self.model.join(CONFIG_FILE);
        let name = path.display().to_string();
        whole_file::write(&path, &json).map_err(|e| Failure::writing(e, &name))?;
        tell(&format!("thresholds from {} examples stored in {name}", examples.len()));
        Ok(Status::Done)
    }

    fn scores(
        &self,
        examples: &[Example],
        classifier: &Classifier,
    ) -> Result<Vec<Vec<f32>>, Failure> {
        if self.predictions.is_empty() {
            let inputs: Vec<Input> = examples.iter().map(Input::from).collect();
            let found = classifier.classify(&inputs, Unit::Clause, threads(None))?;
            return Ok(found.into_iter().map(|found| found.scores).collect());
        }
        let predictions = saved::open(&self.predictions, classifier.taxonomy())?;
        if !predictions.are_scored() {
            return Err(Failure::Input(anyhow!("some of the saved predictions have no scores")));
        }
        let names: Vec<_> =
            self.predictions.iter().map(|file| file.display().to_string()).collect();
        let found = saved::of(examples, &predictions, &names.join(", "))?;
        Ok(found.into_iter().map(|found| found.scores.clone()).collect())
    }
}
