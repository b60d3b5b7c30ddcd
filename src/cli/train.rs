//! `fineprint train`: fine-tunes a base model.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::exit::{Failure, Status, tell};
use super::kernel::Kernel;
use super::progress::TrainingProgress;
use super::thresholds;
use crate::dataset::{Example, read_examples, split_by_fold};
use crate::encoder::Choice;
use crate::eval::{Scored, Tally};
use crate::model::{
    Architecture, CONFIG_FILE, Config, Decision, Files, Model, TOKENIZER_FILE, WEIGHTS_FILE,
};
use crate::taxonomy::Taxonomy;
use crate::train::{
    Recipe, Sample, Source, Targets, Trained, Trainer, Validation, samples, with_mean_layer,
};
use crate::whole_file;

/// Fine-tune a model on labelled clauses
///
/// Settings come from --recipe, single ones from the other options. A run that was stopped goes
/// on when the same command is given again.
#[derive(clap::Args)]
pub struct Arguments {
    /// Data set to train on (JSON Lines), optionally with settings:
    /// FILE[,weight=2][,unlabelled=0.15][,targets=labels|votes|majority-votes][,after_fold=4]
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    data: Vec<Source>,
    /// Base model: a folder or a hub id
    #[arg(long, value_name = "DIR|ID")]
    base: String,
    /// Folder to write the model to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Settings in a TOML file
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Leave this fold out and validate on it
    #[arg(long, value_name = "FOLD")]
    hold_out: Option<u32>,
    /// Data set to validate on
    #[arg(long, value_name = "FILE")]
    validation: Vec<PathBuf>,
    /// Take the thresholds of this model instead of tuning them on the validation data
    #[arg(long, value_name = "DIR")]
    thresholds_from: Option<PathBuf>,
    /// Times that every example is seen
    #[arg(long, value_name = "N")]
    epochs: Option<u32>,
    /// Examples of a step
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Peak learning rate
    #[arg(long, value_name = "X")]
    learning_rate: Option<f32>,
    /// Seed of everything random
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Stop after so many epochs without improvement on the validation data (0: never)
    #[arg(long, value_name = "N")]
    patience: Option<u32>,
    /// Name of the model in the records it makes
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What computes the products
    #[arg(long, value_enum, default_value_t, value_name = "KERNEL")]
    kernel: Kernel,
}

/// Examples and samples that the run validates on.
///
/// Sources whose unlabelled examples count less are left out: where the gold is incomplete,
/// precision cannot be judged.
#[derive(Default)]
struct HeldOut {
    examples: Vec<Example>,
    samples: Vec<Sample>,
}

impl Arguments {
    /// Trains and writes the model.
    pub fn run(self) -> Result<Status, Failure> {
        let recipe = self.recipe().map_err(Failure::Usage)?;
        let files = self.base_files()?;
        fs::create_dir_all(&self.out)
            .map_err(|e| Failure::writing(e, &self.out.display().to_string()))?;
        let mut base = Model::parse(&files)?;
        if recipe.mean_layer {
            (base.config, base.weights) = with_mean_layer(&base.config, &base.weights, recipe.seed);
        }
        let taxonomy = Taxonomy::opp115();
        let config = base.config.clone().with_classifier(&taxonomy, self.decision(&recipe)?);
        let (train, held_out) = load(&recipe, &taxonomy, &base)?;
        let judge = |scores: &[Vec<f32>]| figure(&held_out.examples, scores, &taxonomy);
        let validation = (!held_out.samples.is_empty())
            .then(|| Validation { samples: held_out.samples.clone(), judge: &judge });
        let (count, validated) = (train.len(), held_out.samples.len());
        tell(&format!("{count} examples to train on, {validated} to validate on"));
        let stop = super::interrupt::flag();
        let trainer = Trainer {
            recipe: &recipe,
            base: &base,
            config: &config,
            samples: &train,
            validation,
            kernel: self.kernel.into(),
            folder: &self.out,
            stop: &stop,
        };
        let trained = trainer.run(&mut TrainingProgress::new())?;
        self.write(config, &trained, &files, &held_out, &taxonomy)?;
        let (folder, seconds) = (self.out.display(), trained.seconds);
        tell(&format!("{folder} written after {seconds:.0} s of training"));
        Ok(Status::Done)
    }

    /// The files of the base model, which must be a BERT.
    fn base_files(&self) -> Result<Files, Failure> {
        let files = super::source::files(Some(&self.base))?;
        let architecture = Architecture::of(&files.config)?;
        if architecture == Architecture::Bert {
            return Ok(files);
        }
        let (base, name) = (&self.base, architecture.name());
        Err(Failure::Model(anyhow!("{base} is a {name} model; only BERT encoders can be trained")))
    }

    /// The recipe file with the single options laid over it.
    fn recipe(&self) -> anyhow::Result<Recipe> {
        let mut recipe = match &self.recipe {
            Some(path) => read_recipe(path)?,
            None => Recipe::default(),
        };
        recipe.data.extend(self.data.iter().cloned());
        recipe.validation.extend(self.validation.iter().cloned());
        recipe.hold_out = self.hold_out.or(recipe.hold_out);
        recipe.epochs = self.epochs.unwrap_or(recipe.epochs);
        recipe.batch = self.batch.unwrap_or(recipe.batch);
        recipe.learning_rate = self.learning_rate.unwrap_or(recipe.learning_rate);
        recipe.seed = self.seed.unwrap_or(recipe.seed);
        recipe.patience = self.patience.unwrap_or(recipe.patience);
        recipe.name = self.name.clone().unwrap_or(recipe.name);
        recipe.check().map_err(|message| anyhow!(message))?;
        Ok(recipe)
    }

    fn decision(&self, recipe: &Recipe) -> Result<Decision, Failure> {
        let mut decision = match &self.thresholds_from {
            Some(folder) => {
                let files = Files::read(folder)?;
                Config::parse(&files.config)?.fineprint.unwrap_or_default()
            }
            None => Decision::default(),
        };
        decision.name = recipe.name.clone();
        decision.max_tokens = recipe.max_tokens;
        decision.previous = recipe.previous;
        Ok(decision)
    }

    /// Tunes the thresholds on the validation data and writes the artifact.
    fn write(
        &self,
        mut config: Config,
        trained: &Trained,
        base: &Files,
        held_out: &HeldOut,
        taxonomy: &Taxonomy,
    ) -> Result<(), Failure> {
        if self.thresholds_from.is_none() && !held_out.samples.is_empty() {
            let weights = trained.weights.clone();
            let engine = crate::encoder::load(&config, weights, Choice::default())?;
            let inputs: Vec<_> = held_out.samples.iter().map(|s| &s.tokens).collect();
            let scores = crate::encoder::scores(&*engine, &inputs, 2, None);
            let decision = config.fineprint.get_or_insert_default();
            thresholds::store(decision, &held_out.examples, &scores, taxonomy);
        }
        let json = serde_json::to_vec_pretty(&config).map_err(|e| Failure::Output(e.into()))?;
        let write = |name: &str, bytes: &[u8]| {
            let path = self.out.join(name);
            whole_file::write(&path, bytes)
                .map_err(|e| Failure::writing(e, &path.display().to_string()))
        };
        write(CONFIG_FILE, &json)?;
        write(TOKENIZER_FILE, &base.tokenizer)?;
        write(WEIGHTS_FILE, &trained.weights.to_half()?)?;
        for leftover in ["checkpoint.safetensors", "best.safetensors"] {
            // What is not there need not go.
            let _ = fs::remove_file(self.out.join(leftover));
        }
        Ok(())
    }
}

fn read_recipe(path: &Path) -> anyhow::Result<Recipe> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is no recipe", path.display()))
}

/// `FILE[,weight=2][,unlabelled=0.15][,targets=votes][,after_fold=4]`
fn parse_source(argument: &str) -> Result<Source, String> {
    let mut parts = argument.split(',');
    let mut source = Source::new(parts.next().unwrap_or_default().into());
    for part in parts {
        let number = |value: &str| value.parse().map_err(|_| format!("{value:?} is no number"));
        match part.split_once('=') {
            Some(("weight", value)) => source.weight = number(value)?,
            Some(("unlabelled", value)) => source.unlabelled = number(value)?,
            Some(("after_fold", value)) => {
                let fold = value.parse().map_err(|_| format!("{value:?} is no fold"))?;
                source.after_fold = Some(fold);
            }
            Some(("targets", "labels")) => source.targets = Targets::Labels,
            Some(("targets", "votes")) => source.targets = Targets::Votes,
            Some(("targets", "majority-votes")) => source.targets = Targets::MajorityVotes,
            _ => return Err(format!("unknown setting {part:?}")),
        }
    }
    Ok(source)
}

/// Reads and tokenises the data; the fold held out and the validation files come second.
fn load(
    recipe: &Recipe,
    taxonomy: &Taxonomy,
    base: &Model,
) -> Result<(Vec<Sample>, HeldOut), Failure> {
    let mut encoder = base.tokens.clone();
    encoder.set_max_tokens(recipe.max_tokens.min(base.config.max_position_embeddings));
    encoder.show_previous(recipe.previous);
    let (mut train, mut held_out) = (Vec::new(), HeldOut::default());
    for source in &recipe.data {
        if !source.is_open(recipe.hold_out) {
            let path = source.path.display();
            tell(&format!("{path} left out: its labels were made after the fold held out"));
            continue;
        }
        let mut examples = read(&source.path, taxonomy)?;
        if let Some(fold) = recipe.hold_out {
            let (rest, out) = split_by_fold(&examples, fold);
            if source.unlabelled >= 1.0 {
                held_out.samples.extend(samples(&out, source, taxonomy, &encoder)?);
                held_out.examples.extend(out);
            }
            examples = rest;
        }
        train.extend(samples(&examples, source, taxonomy, &encoder)?);
    }
    for path in &recipe.validation {
        let examples = read(path, taxonomy)?;
        let source = Source::new(path.clone());
        held_out.samples.extend(samples(&examples, &source, taxonomy, &encoder)?);
        held_out.examples.extend(examples);
    }
    Ok((train, held_out))
}

fn read(path: &Path, taxonomy: &Taxonomy) -> Result<Vec<Example>, Failure> {
    read_examples(path, taxonomy).map_err(|e| Failure::Input(e.into()))
}

/// Mean of micro and macro F1 at 0.5: what a run maximises.
fn figure(examples: &[Example], scores: &[Vec<f32>], taxonomy: &Taxonomy) -> f32 {
    let rows: Vec<Scored> = (examples.iter().zip(scores))
        .map(|(example, scores)| Scored {
            gold: example.gold(taxonomy),
            predicted: scores.iter().map(|score| *score >= 0.5).collect(),
            ..Scored::default()
        })
        .collect();
    let measures = Tally::of(&rows, taxonomy.len()).measures();
    let f1 = |at: usize| measures.get(at).and_then(|m| m.f1).unwrap_or(0.0) as f32;
    (f1(taxonomy.len()) + f1(taxonomy.len() + 1)) / 2.0
}
