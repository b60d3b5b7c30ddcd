//! The training loop.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::checkpoint::{self, State};
use super::head::Targets;
use super::network::{Network, Worker};
use super::optimizer::{AdamW, Rates, scheduled};
use super::parameters::Parameters;
use super::samples::{Sample, plan};
use super::{Recipe, TrainError};
use crate::encoder::Choice;
use crate::encoder::kernel::{self, Kernel};
use crate::encoder::math::Dropout;
use crate::model::{Config, Model, ModelError, Tokens, Weights};
use crate::random::Random;

/// Parts of a batch that run side by side, each on its own thread. Fixed, so that the order in
/// which gradients are added does not depend on the machine.
const SHARDS: usize = 2;

/// Time between checkpoints within an epoch.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(120);

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
    pub kernel: Choice,
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
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if self.kernel != Choice::Portable
            && let Some(amx) = kernel::Amx::detect()
        {
            return self.run_on(amx, observer);
        }
        if self.kernel == Choice::Amx {
            return Err(ModelError::Kernel("amx").into());
        }
        self.run_on(kernel::Portable, observer)
    }

    fn run_on<K: Kernel>(
        &self,
        kernel: K,
        observer: &mut dyn Observer,
    ) -> Result<Trained, TrainError> {
        let recipe = self.recipe;
        let mut parameters = Parameters::new(self.config, &self.base.weights, recipe.seed)?;
        let rates = Rates {
            weight_decay: recipe.weight_decay,
            head_factor: recipe.head_factor,
            layer_decay: recipe.layer_decay,
        };
        let layout = &parameters.layout;
        let mut optimizer = AdamW::new(&layout.entries, rates, layout.layers.len());
        let (path, count) = (self.checkpoint(), self.samples.len());
        let mut state = checkpoint::load(&path, &mut parameters, &mut optimizer, recipe, count)?
            .unwrap_or_else(|| self.start());
        let network = Network::new(kernel, self.config, parameters);
        let workers = (0..SHARDS).map(|_| Worker::new(&network)).collect();
        let mut run = Run { network, workers, optimizer };
        while state.epoch < recipe.epochs && !self.exhausted(&state) {
            let progress = self.epoch(&mut run, &mut state, observer)?;
            let figure = self.validate(&run.network.parameters, &mut state)?;
            observer.epoch(&progress, figure);
            state.epoch += 1;
            state.batch = 0;
            checkpoint::save(&path, &run.network.parameters, &run.optimizer, &state)?;
        }
        self.finish(&run.network.parameters, &state)
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

    fn epoch<K: Kernel>(
        &self,
        run: &mut Run<K>,
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
            let batch_loss = self.gradients(run, batch, &bare, state.step)?;
            let rate = scheduled(self.recipe.learning_rate, state.step, warmup, total);
            run.step(rate, self.recipe.clip, self.recipe.averaging)?;
            state.step = run.optimizer.step;
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
                let path = self.checkpoint();
                checkpoint::save(&path, &run.network.parameters, &run.optimizer, state)?;
                saved = Instant::now();
            }
            if stop {
                return Err(TrainError::Interrupted { step: state.step });
            }
        }
        Ok(progress)
    }

    /// Mean loss of a batch; its gradients lie with the workers, which run side by side.
    fn gradients<K: Kernel>(
        &self,
        run: &mut Run<K>,
        batch: &[usize],
        bare: &[bool],
        step: u64,
    ) -> Result<f32, TrainError> {
        let shards = run.workers.len();
        let network = &run.network;
        let results: Vec<_> = thread::scope(|scope| {
            let handles: Vec<_> = (run.workers.iter_mut().enumerate())
                .map(|(number, worker)| {
                    let shard: Vec<usize> =
                        batch.iter().skip(number).step_by(shards).copied().collect();
                    let mut random = Random::new(
                        self.recipe.seed ^ (step * shards as u64 + number as u64) << 16,
                    );
                    let dropout = Dropout { rate: self.recipe.dropout, seed: random.bits() as u32 };
                    scope.spawn(move || {
                        let (inputs, targets) = self.shard(&shard, bare, batch.len());
                        network.run(&inputs, &targets, dropout, worker)
                    })
                })
                .collect();
            handles.into_iter().map(thread::ScopedJoinHandle::join).collect()
        });
        let mut loss = 0.0;
        for result in results {
            let Ok(result) = result else {
                return Err(TrainError::Data("a training thread died".to_owned()));
            };
            loss += result?;
        }
        Ok(loss)
    }

    /// Inputs and targets of a part of a batch of `batch` samples.
    fn shard(&self, shard: &[usize], bare: &[bool], batch: usize) -> (Vec<&Tokens>, Targets) {
        let mut targets = Targets::default();
        for index in shard {
            let sample = &self.samples[*index];
            // Mean over the labels, then over the batch.
            let weight = sample.weight / (sample.targets.len() * batch) as f32;
            targets.targets.extend_from_slice(&sample.targets);
            targets.weights.extend(std::iter::repeat_n(weight, sample.targets.len()));
        }
        (shard.iter().map(|i| input(&self.samples[*i], bare[*i])).collect(), targets)
    }

    /// The figure of the validation data; keeps the weights when they are the best so far.
    fn validate(
        &self,
        parameters: &Parameters,
        state: &mut State,
    ) -> Result<Option<f32>, TrainError> {
        let Some(validation) = &self.validation else { return Ok(None) };
        let inputs: Vec<&Tokens> = validation.samples.iter().map(|s| &s.tokens).collect();
        let engine = crate::encoder::load(self.config, parameters.weights(), self.kernel)?;
        let scores = crate::encoder::scores(&*engine, &inputs, SHARDS, None);
        let figure = (validation.judge)(&scores);
        if state.best.is_none_or(|(best, _)| figure > best) {
            state.best = Some((figure, state.epoch));
        }
        let is_best = state.best.is_some_and(|(_, epoch)| epoch == state.epoch);
        if self.recipe.keep_best && is_best {
            checkpoint::write_whole(&self.best_weights(), &parameters.weights().to_half()?)?;
        }
        Ok(Some(figure))
    }

    fn finish(&self, parameters: &Parameters, state: &State) -> Result<Trained, TrainError> {
        let kept = state.best.filter(|_| self.recipe.keep_best);
        let weights = match kept {
            Some(_) => {
                let path = self.best_weights();
                let bytes = fs::read(&path)
                    .map_err(|error| TrainError::Checkpoint { path, message: error.to_string() })?;
                Weights::parse(bytes.into())?
            }
            None => parameters.weights(),
        };
        Ok(Trained { weights, seconds: state.seconds, best: state.best })
    }
}

/// What changes during a run.
struct Run<K: Kernel> {
    network: Network<K>,
    workers: Vec<Worker<K>>,
    optimizer: AdamW,
}

impl<K: Kernel> Run<K> {
    /// One step with the gradients of all workers.
    fn step(&mut self, rate: f32, clip: f32, averaging: f32) -> Result<(), TrainError> {
        let mut gradients: Vec<&mut [f32]> =
            self.workers.iter_mut().map(|worker| &mut worker.gradients[..]).collect();
        let values = &mut self.network.parameters.values;
        self.optimizer
            .step(values, &mut gradients, rate, clip, SHARDS)
            .map_err(|error| TrainError::Data(error.to_string()))?;
        if averaging > 0.0 {
            self.network.parameters.take_average(averaging, self.optimizer.step);
        }
        self.network.refresh(SHARDS);
        Ok(())
    }
}

fn input(sample: &Sample, bare: bool) -> &Tokens {
    if bare { &sample.bare } else { &sample.tokens }
}
