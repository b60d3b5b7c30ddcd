//! Classifiers that are no BERT, ModernBERT and DeBERTa-v2, run by candle in f32.
//!
//! Each input is run alone: in a batch the products take other shapes, and with them another order
//! of sums, so that an answer would depend on its neighbours. Threads share the inputs.

mod deberta;
mod modernbert;
mod tensors;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use candle_core::Tensor;

use crate::encoder::{Cache, math};
use crate::model::{Architecture, Model, ModelError, Tokens, Weights};

/// A model with its head.
trait Forward: Send + Sync {
    /// Logits of one input, whatever shape they are in.
    fn logits(&self, tokens: &Tokens) -> candle_core::Result<Tensor>;
}

/// A classifier ready to run.
pub struct Network {
    model: Box<dyn Forward>,
    cache: Cache,
}

impl Network {
    /// Makes the model ready; `weights` are its tensors, and scores are remembered in `cache`.
    ///
    /// # Errors
    /// [`ModelError::Config`] for settings that cannot be run, [`ModelError::Weights`] for a
    /// tensor that is missing or has another shape.
    pub fn load(model: &Model, weights: &Weights, cache: Cache) -> Result<Self, ModelError> {
        let labels = model.config.taxonomy()?.len();
        weights.check_layers(model.config.num_hidden_layers)?;
        let longest = model.tokens.max_tokens();
        let model: Box<dyn Forward> = match model.architecture {
            Architecture::ModernBert => {
                Box::new(modernbert::load(&model.config, weights, labels, longest)?)
            }
            Architecture::DebertaV2 => Box::new(deberta::load(&model.config, weights, labels)?),
            other => {
                let name = other.name();
                return Err(ModelError::Engine(format!("{name} has an engine of its own")));
            }
        };
        Ok(Self { model, cache })
    }

    /// Scores by input and label, 0 to 1.
    ///
    /// # Errors
    /// [`ModelError::Engine`] when candle fails on an input.
    pub fn scores(&self, inputs: &[Tokens], threads: usize) -> Result<Vec<Vec<f32>>, ModelError> {
        // The longest first, so that the threads end together.
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(inputs[*index].ids.len()));
        let next = AtomicUsize::new(0);
        let work = || {
            let mut results = Vec::new();
            while let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                results.push((*index, self.score(&inputs[*index])?));
            }
            Ok::<_, ModelError>(results)
        };
        let mut scores = vec![Vec::new(); inputs.len()];
        thread::scope(|scope| {
            let helpers: Vec<_> =
                (1..threads.clamp(1, inputs.len().max(1))).map(|_| scope.spawn(work)).collect();
            let mut parts = vec![work()];
            for helper in helpers {
                match helper.join() {
                    Ok(part) => parts.push(part),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            for part in parts {
                for (index, found) in part? {
                    scores[index] = found;
                }
            }
            Ok(scores)
        })
    }

    fn score(&self, tokens: &Tokens) -> Result<Vec<f32>, ModelError> {
        if let Some(scores) = self.cache.get(tokens) {
            return Ok(scores);
        }
        let logits = self.model.logits(tokens).and_then(|t| t.flatten_all()?.to_vec1::<f32>());
        let logits = logits.map_err(|error| ModelError::Engine(error.to_string()))?;
        let scores: Vec<f32> = logits.into_iter().map(math::sigmoid).collect();
        self.cache.insert(tokens, &scores);
        Ok(scores)
    }
}
