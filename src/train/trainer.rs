//! The training loop.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::checkpoint::{self, State};
use super::module::{Network, Packed};
use super::ops::{self, Dropout};
use super::optimizer::{AdamW, scheduled};
use super::samples::{Sample, plan};
use super::{Random, Recipe, TrainError};
use crate::encoder::kernel::Kernel;
use crate::model::{Config, Model, Tokens, Weights};

/// Parts of a batch that run side by side, each on its own thread. Fixed, so that the order in
/// which gradients are added does not depend on the machine.
const SHARDS: usize = 2;

/// Time between checkpoints within an epoch.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(120);

/// Gradients by variable name.
type Gradients = BTreeMap<String, Vec<f32>>;

/// What a run reports while it goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Epoch, from 0.
    pub epoch: u32,
    /// Batches of the epoch that are done, and all of them.
    pub batch: usize,
    pub batches: usize,
    /// Mean loss of the samples seen last.
    pub loss: f32,
    /// Seconds spent, and the seconds still to go at this pace.
    pub seconds: f64,
    pub left: f64,
    /// Tokens of this epoch so far.
    pub tokens: usize,
}

/// Hears of a run's progress.
pub trait Observer {
    /// After each batch.
    fn step(&mut self, progress: &Progress);
    /// After each epoch; `figure` is that of the validation data.
    fn epoch(&mut self, progress: &Progress, figure: Option<f32>);
}

/// Samples held out, and how to judge scores on them.
pub struct Validation<'a> {
    pub samples: Vec<Sample>,
    /// Scores by sample and label → the figure to be maximised.
    pub judge: &'a (dyn Fn(&[Vec<f32>]) -> f32 + Sync),
}

/// What a run yields.
#[derive(Debug)]
pub struct Trained {
    pub weights: Weights,
    /// Seconds of training, over all its sittings.
    pub seconds: f64,
    /// Epoch the weights are from, and its validation figure.
    pub best: Option<(f32, u32)>,
}

/// A run: what to train, on what, how.
pub struct Trainer<'a> {
    pub recipe: &'a Recipe,
    pub base: &'a Model,
    /// Configuration of the classifier to be.
    pub config: &'a Config,
    pub samples: &'a [Sample],
    pub validation: Option<Validation<'a>>,
    pub kernel: Arc<dyn Kernel>,
    /// Folder for checkpoints.
    pub folder: &'a Path,
    /// Set from outside to stop after the batch at hand.
    pub stop: &'a AtomicBool,
}

impl Trainer<'_> {
    /// Trains, from the checkpoint of an earlier sitting if there is one.
    ///
    /// # Errors
    /// [`TrainError`]; after [`TrainError::Interrupted`] the same call goes on.
    pub fn run(&self, observer: &mut dyn Observer) -> Result<Trained, TrainError> {
        self.recipe.check().map_err(TrainError::Recipe)?;
        if self.samples.is_empty() {
            return Err(TrainError::Data("no examples to train on".to_owned()));
        }
        let network = Network::new(self.config, &self.base.weights, self.recipe.seed)?;
        let mut optimizer = AdamW::new(self.recipe.weight_decay, self.recipe.head_factor);
        let count = self.samples.len();
        let path = self.checkpoint();
        let mut state = checkpoint::load(&path, &network, &mut optimizer, self.recipe, count)?
            .unwrap_or_else(|| self.start());
        while state.epoch < self.recipe.epochs && !self.exhausted(&state) {
            let progress = self.epoch(&network, &mut optimizer, &mut state, observer)?;
            let figure = self.validate(&network, &mut state)?;
            observer.epoch(&progress, figure);
            state.epoch += 1;
            state.batch = 0;
            checkpoint::save(&path, &network, &optimizer, &state)?;
        }
        self.finish(&network, &state)
    }

    fn start(&self) -> State {
        State {
            recipe: self.recipe.clone(),
            samples: self.samples.len(),
            epoch: 0,
            batch: 0,
            best: None,
            seconds: 0.0,
            step: 0,
        }
    }

    fn checkpoint(&self) -> PathBuf {
        self.folder.join("checkpoint.safetensors")
    }

    fn best_weights(&self) -> PathBuf {
        self.folder.join("best.safetensors")
    }

    fn exhausted(&self, state: &State) -> bool {
        let since = |(_, best): (f32, u32)| state.epoch.saturating_sub(best + 1);
        self.recipe.patience > 0 && state.best.is_some_and(|b| since(b) >= self.recipe.patience)
    }

    /// Random numbers of one epoch: the order of samples and which lose their context.
    fn draws(&self, epoch: u32) -> (Vec<Vec<usize>>, Vec<bool>) {
        let mut random = Random::new(self.recipe.seed ^ (u64::from(epoch) << 32));
        let bare: Vec<bool> =
            self.samples.iter().map(|_| random.uniform() < self.recipe.context_dropout).collect();
        let lengths: Vec<usize> = (self.samples.iter().zip(&bare))
            .map(|(sample, bare)| input(sample, *bare).ids.len())
            .collect();
        (plan(&lengths, self.recipe.batch, &mut random), bare)
    }

    fn epoch(
        &self,
        network: &Network,
        optimizer: &mut AdamW,
        state: &mut State,
        observer: &mut dyn Observer,
    ) -> Result<Progress, TrainError> {
        let (batches, bare) = self.draws(state.epoch);
        let total = batches.len() as u64 * u64::from(self.recipe.epochs);
        let warmup = (total as f32 * self.recipe.warmup) as u64;
        let before = state.seconds;
        let (clock, mut saved) = (Instant::now(), Instant::now());
        let first = state.step;
        let (mut loss, mut tokens) = (None, 0);
        let mut progress = Progress {
            epoch: state.epoch,
            batch: state.batch,
            batches: batches.len(),
            loss: 0.0,
            seconds: before,
            left: 0.0,
            tokens,
        };
        for batch in batches.iter().skip(state.batch) {
            let (batch_loss, gradients) = self.gradients(network, batch, &bare, state.step)?;
            let rate = scheduled(self.recipe.learning_rate, state.step, warmup, total);
            optimizer.step(network.variables(), &gradients, rate, self.recipe.clip)?;
            state.step = optimizer.step;
            state.batch += 1;
            state.seconds = before + clock.elapsed().as_secs_f64();
            tokens +=
                batch.iter().map(|i| input(&self.samples[*i], bare[*i]).ids.len()).sum::<usize>();
            let mean = loss.map_or(batch_loss, |loss: f32| 0.98 * loss + 0.02 * batch_loss);
            loss = Some(mean);
            let pace = clock.elapsed().as_secs_f64() / (state.step - first) as f64;
            progress = Progress {
                batch: state.batch,
                loss: mean,
                seconds: state.seconds,
                left: pace * total.saturating_sub(state.step) as f64,
                tokens,
                ..progress
            };
            observer.step(&progress);
            let stop = self.stop.load(Ordering::Relaxed);
            if stop || saved.elapsed() > CHECKPOINT_EVERY {
                checkpoint::save(&self.checkpoint(), network, optimizer, state)?;
                saved = Instant::now();
            }
            if stop {
                return Err(TrainError::Interrupted { step: state.step });
            }
        }
        Ok(progress)
    }

    /// Mean loss of a batch and its gradients, the shards side by side.
    fn gradients(
        &self,
        network: &Network,
        batch: &[usize],
        bare: &[bool],
        step: u64,
    ) -> Result<(f32, Gradients), TrainError> {
        let shards: Vec<Vec<usize>> = (0..SHARDS.min(batch.len()))
            .map(|shard| batch.iter().skip(shard).step_by(SHARDS).copied().collect())
            .collect();
        let run = |number: usize, shard: &[usize]| {
            let seed = self.recipe.seed.wrapping_mul(0x2545_F491_4F6C_DD1D)
                ^ (step * SHARDS as u64 + number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            self.shard(network, shard, bare, batch.len(), seed)
        };
        let results: Vec<_> = thread::scope(|scope| {
            let run = &run;
            let handles: Vec<_> = (shards.iter().enumerate())
                .map(|(number, shard)| scope.spawn(move || run(number, shard)))
                .collect();
            handles.into_iter().map(thread::ScopedJoinHandle::join).collect()
        });
        let mut loss = 0.0;
        let mut sum = Gradients::new();
        for result in results {
            let Ok(result) = result else {
                return Err(TrainError::Data("a training thread died".to_owned()));
            };
            let (shard_loss, gradients) = result?;
            loss += shard_loss;
            for (name, gradient) in gradients {
                match sum.get_mut(&name) {
                    Some(sum) => crate::encoder::math::add(sum, &gradient),
                    None => drop(sum.insert(name, gradient)),
                }
            }
        }
        Ok((loss, sum))
    }

    fn shard(
        &self,
        network: &Network,
        shard: &[usize],
        bare: &[bool],
        batch: usize,
        seed: u64,
    ) -> candle_core::Result<(f32, Gradients)> {
        let inputs: Vec<&Tokens> =
            shard.iter().map(|i| input(&self.samples[*i], bare[*i])).collect();
        let dropout = Dropout { rate: self.recipe.dropout, seed };
        let logits = network.forward(&Packed::new(&inputs), dropout, &self.kernel)?;
        let (mut targets, mut weights) = (Vec::new(), Vec::new());
        for index in shard {
            let sample = &self.samples[*index];
            // Mean over the labels, then over the batch.
            let weight = sample.weight / (sample.targets.len() * batch) as f32;
            targets.extend_from_slice(&sample.targets);
            weights.extend(std::iter::repeat_n(weight, sample.targets.len()));
        }
        let loss = ops::binary_cross_entropy(&logits, targets, weights)?;
        let gradients = loss.backward()?;
        let mut named = Gradients::new();
        for (name, var) in network.variables() {
            if let Some(gradient) = gradients.get(var.as_tensor()) {
                named.insert(name.clone(), gradient.flatten_all()?.to_vec1()?);
            }
        }
        Ok((loss.to_scalar()?, named))
    }

    /// The figure of the validation data; keeps the weights when they are the best so far.
    fn validate(&self, network: &Network, state: &mut State) -> Result<Option<f32>, TrainError> {
        let Some(validation) = &self.validation else { return Ok(None) };
        let weights = network.weights()?;
        let inputs: Vec<&Tokens> = validation.samples.iter().map(|s| &s.tokens).collect();
        let encoder = crate::encoder::Network::load(self.config, &weights)?;
        let scores = crate::encoder::scores(&encoder, &inputs, &*self.kernel, SHARDS);
        let figure = (validation.judge)(&scores);
        if state.best.is_none_or(|(best, _)| figure > best) {
            state.best = Some((figure, state.epoch));
            checkpoint::write_whole(&self.best_weights(), &weights.to_half()?)?;
        }
        Ok(Some(figure))
    }

    fn finish(&self, network: &Network, state: &State) -> Result<Trained, TrainError> {
        let weights = match state.best {
            Some(_) => {
                let path = self.best_weights();
                let bytes = fs::read(&path)
                    .map_err(|error| TrainError::Checkpoint { path, message: error.to_string() })?;
                Weights::parse(&bytes)?
            }
            None => network.weights()?,
        };
        Ok(Trained { weights, seconds: state.seconds, best: state.best })
    }
}

fn input(sample: &Sample, bare: bool) -> &Tokens {
    if bare { &sample.bare } else { &sample.tokens }
}
