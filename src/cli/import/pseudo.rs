//! `fineprint import pseudo-labels`: documents that nobody labelled → a data set.

use std::path::PathBuf;

use anyhow::anyhow;
use serde_json::json;

use super::Results;
use crate::clause::ClauseKind;
use crate::cli::exit::{Failure, Status, tell};
use crate::cli::inputs::{self, Input};
use crate::cli::pipeline::cut;
use crate::cli::values::{Reading, share, threads};
use crate::cli::{progress, source};
use crate::dataset::{self, Example, Selection, TextPool, thin_common, vote_by_scores};
use crate::eval::counted;
use crate::label::{self, Classifier};
use crate::taxonomy::Taxonomy;

/// Texts that a model scores at once.
const BATCH: usize = 1000;

/// Texts of documents that nobody labelled, with the mean scores of models as votes
///
/// For training with `targets = "votes"`: what several models agree on, on more texts than people
/// labelled. A mean score becomes votes out of 100, from one half on a label. Headings and tables
/// of contents are left out, and so is every text that shares eight words in a row with a data set
/// that models are judged on (--unseen).
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  fineprint import pseudo-labels crawl/ --model run/1 --model run/2 --unit segment \\
      --unseen validation.jsonl --unseen test.jsonl --output pseudo.jsonl")]
pub struct Arguments {
    /// Files and folders of documents
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Model to score with, a folder or a hub id; may be given several times
    #[arg(long, value_name = "DIR|ID", required = true)]
    model: Vec<String>,
    /// Data set that stays unseen; may be given several times
    #[arg(long, value_name = "DATASET")]
    unseen: Vec<PathBuf>,
    /// Shortest text taken, in characters
    #[arg(long, value_name = "N", default_value_t = 60)]
    shortest: usize,
    /// Longest text taken, in characters
    #[arg(long, value_name = "N", default_value_t = 1000)]
    longest: usize,
    /// Most texts of one document
    #[arg(long, value_name = "N", default_value_t = 20)]
    per_document: usize,
    /// Most texts in all
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    limit: usize,
    /// Share kept of the texts that have only common labels: those of more than a tenth of all
    #[arg(long, value_name = "SHARE", value_parser = share)]
    keep_common: Option<f64>,
    /// Leave out the heading and list introduction of each text
    #[arg(long)]
    without_context: bool,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads that compute; without it, as many as the machine runs at once
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    results: Results,
}

impl Arguments {
    pub fn run(self) -> Result<Status, Failure> {
        let opened = self.results.open(&[self.paths.as_slice(), &self.unseen].concat())?;
        let models = self.models()?;
        let taxonomy = models[0].taxonomy().clone();
        let mut examples = self.texts(&taxonomy)?;
        let found = examples.len();
        let scores = models.iter().map(|model| self.scores(model, &examples));
        let scores = scores.collect::<Result<Vec<_>, _>>()?;
        vote_by_scores(&mut examples, &scores, &taxonomy);
        if let Some(keep) = self.keep_common {
            thin_common(&mut examples, keep, self.seed);
        }
        tell(&format!(
            "{} scored by {}, {} kept",
            counted(found, "text", "texts"),
            counted(models.len(), "model", "models"),
            examples.len()
        ));
        opened.write(&examples, &json!({"scored": found, "kept": examples.len()}))?;
        Ok(Status::Done)
    }

    /// The models, which must know the same labels.
    fn models(&self) -> Result<Vec<Classifier>, Failure> {
        let mut models: Vec<Classifier> = Vec::new();
        for name in &self.model {
            let model = Classifier::new(source::load(Some(name))?)?;
            if models.first().is_some_and(|first| first.taxonomy() != model.taxonomy()) {
                let message = format!("{name} has other labels than {}", self.model[0]);
                return Err(Failure::Model(anyhow!(message)));
            }
            models.push(model);
        }
        Ok(models)
    }

    /// The texts drawn from the documents.
    fn texts(&self, taxonomy: &Taxonomy) -> Result<Vec<Example>, Failure> {
        let mut unseen = Vec::new();
        for path in &self.unseen {
            unseen.extend(dataset::read_examples(path, taxonomy)?);
        }
        let selection = Selection {
            length: self.shortest..=self.longest,
            per_group: self.per_document,
            limit: self.limit,
            seed: self.seed,
        };
        let mut pool = TextPool::new(selection, &unseen);
        let mut failed = 0;
        for input in inputs::walk(&self.paths) {
            failed += usize::from(!self.offer(input, &mut pool));
        }
        if failed > 0 {
            tell(&format!("{} gave no text", counted(failed, "document", "documents")));
        }
        if pool.is_empty() {
            return Err(Failure::Input(anyhow!("no text of the documents is wanted")));
        }
        Ok(pool.draw())
    }

    /// Offers the texts of one document; whether it could be read.
    fn offer(&self, input: Input, pool: &mut TextPool) -> bool {
        if matches!(input, Input::LeftOut) {
            return true;
        }
        let document = input.name();
        let Ok(found) = cut(&self.reading, input) else { return false };
        for (index, clause) in found.clauses.into_iter().enumerate() {
            if matches!(clause.kind, ClauseKind::Heading | ClauseKind::Toc) {
                continue;
            }
            pool.offer(Example {
                id: format!("{document}#{index}"),
                group: document.clone(),
                kind: Some(clause.kind),
                context: if self.without_context { Vec::new() } else { clause.context },
                previous: clause.previous.filter(|_| !self.without_context),
                text: clause.text,
                ..Example::default()
            });
        }
        true
    }

    fn scores(&self, model: &Classifier, examples: &[Example]) -> Result<Vec<Vec<f32>>, Failure> {
        let bar = progress::bar(examples.len() as u64, "texts");
        let mut scores = Vec::with_capacity(examples.len());
        for batch in examples.chunks(BATCH) {
            let inputs: Vec<label::Input> = batch.iter().map(label::Input::from).collect();
            let unit = self.reading.unit.into();
            let classified = model.classify(&inputs, unit, threads(self.threads))?;
            scores.extend(classified.into_iter().map(|classified| classified.scores));
            bar.inc(batch.len() as u64);
        }
        bar.finish_and_clear();
        Ok(scores)
    }
}
