//! The whole trainable network: from token ids to a loss, and back to all gradients.

use std::thread;

use candle_core::Result;

use super::head::{self, Targets};
use super::layer::{Layer, Saved, Scratch, Weights};
use super::parameters::Parameters;
use crate::encoder::attention::Heads;
use crate::encoder::kernel::Kernel;
use crate::encoder::math::{self, Dropout};
use crate::model::{Config, Tokens};

/// A network on one kernel: its parameters, and their packed forms.
pub struct Network<K: Kernel> {
    pub parameters: Parameters,
    kernel: K,
    weights: Vec<Weights<K>>,
    heads: Heads,
    eps: f32,
}

/// What one thread needs to run a part of a batch; kept from step to step.
pub struct Worker<K: Kernel> {
    saved: Vec<Saved<K>>,
    scratch: Scratch<K>,
    embedded: Vec<f32>,
    x: Vec<f32>,
    /// Gradients of all parameters.
    pub gradients: Vec<f32>,
}

impl<K: Kernel> Worker<K> {
    /// A worker for a network of this size.
    pub fn new(network: &Network<K>) -> Self {
        Self {
            saved: network.weights.iter().map(|_| Saved::new()).collect(),
            scratch: Scratch::new(),
            embedded: Vec::new(),
            x: Vec::new(),
            gradients: vec![0.0; network.parameters.values.len()],
        }
    }
}

impl<K: Kernel> Network<K> {
    /// Packs the parameters.
    pub fn new(kernel: K, config: &Config, parameters: Parameters) -> Self {
        let heads = Heads {
            count: config.num_attention_heads,
            width: config.hidden_size / config.num_attention_heads,
        };
        let weights = parameters.layout.layers.iter().map(|_| Weights::new()).collect();
        let eps = config.layer_norm_eps as f32;
        let mut network = Self { parameters, kernel, weights, heads, eps };
        network.refresh(1);
        network
    }

    /// Packs the parameters again, after they have changed.
    pub fn refresh(&mut self, threads: usize) {
        let (kernel, values) = (self.kernel, &self.parameters.values);
        let layers = &self.parameters.layout.layers;
        let share = self.weights.len().div_ceil(threads.max(1)).max(1);
        thread::scope(|scope| {
            for (weights, places) in self.weights.chunks_mut(share).zip(layers.chunks(share)) {
                scope.spawn(move || {
                    for (weights, places) in weights.iter_mut().zip(places) {
                        weights.refresh(kernel, values, places);
                    }
                });
            }
        });
    }

    /// Loss of a batch; its gradients go to `worker.gradients`.
    ///
    /// # Errors
    /// Those of candle.
    pub fn run(
        &self,
        inputs: &[&Tokens],
        targets: &Targets,
        dropout: Dropout,
        worker: &mut Worker<K>,
    ) -> Result<f32> {
        let lengths: Vec<usize> = inputs.iter().map(|tokens| tokens.ids.len()).collect();
        let mut masks = Masks { dropout, drawn: 0 };
        let embedding_mask = masks.next();
        self.embed(inputs, embedding_mask, worker);
        let Worker { saved, scratch, x, gradients, .. } = worker;
        let masks: Vec<[Dropout; 2]> = saved.iter().map(|_| [masks.next(), masks.next()]).collect();
        let layers: Vec<_> = masks
            .into_iter()
            .enumerate()
            .map(|(index, dropout)| self.layer(index, &lengths, dropout))
            .collect();
        for (layer, saved) in layers.iter().zip(saved.iter_mut()) {
            layer.forward(x, saved);
        }
        let head_mask = Dropout { seed: dropout.seed.wrapping_sub(1), ..dropout };
        let judged = head::judge(&self.parameters, x, targets, head_mask, gradients)?;
        let mut d = judged.d_first;
        for (layer, saved) in layers.iter().zip(saved.iter()).rev() {
            layer.backward(&mut d, saved, scratch, gradients);
        }
        self.embed_backward(inputs, embedding_mask, d, worker);
        Ok(judged.loss)
    }

    fn layer<'a>(
        &'a self,
        index: usize,
        lengths: &'a [usize],
        dropout: [Dropout; 2],
    ) -> Layer<'a, K> {
        Layer {
            kernel: self.kernel,
            values: &self.parameters.values,
            places: &self.parameters.layout.layers[index],
            weights: &self.weights[index],
            heads: self.heads,
            eps: self.eps,
            lengths,
            dropout,
            first_only: index + 1 == self.weights.len(),
        }
    }

    fn embed(&self, inputs: &[&Tokens], mask: Dropout, worker: &mut Worker<K>) {
        let (layout, values) = (&self.parameters.layout, &self.parameters.values);
        let hidden = self.heads.hidden();
        let (positions, types) = (&values[layout.positions.clone()], &values[layout.types.clone()]);
        let Worker { embedded, x, .. } = worker;
        embedded.clear();
        for_each_token(inputs, |id, position, kind| {
            let first = embedded.len();
            let row = |index: usize| index * hidden..(index + 1) * hidden;
            embedded.extend_from_slice(&self.parameters.words[row(id)]);
            math::add(&mut embedded[first..], &positions[row(position)]);
            math::add(&mut embedded[first..], &types[row(kind)]);
        });
        x.resize(embedded.len(), 0.0);
        let norm = &layout.embedded_norm;
        let (gamma, beta) = (&values[norm.weight.clone()], &values[norm.bias.clone()]);
        math::layer_norm(embedded, gamma, beta, self.eps, x);
        mask.apply(x);
    }

    fn embed_backward(
        &self,
        inputs: &[&Tokens],
        mask: Dropout,
        mut d: Vec<f32>,
        worker: &mut Worker<K>,
    ) {
        let layout = &self.parameters.layout;
        let hidden = self.heads.hidden();
        mask.apply(&mut d);
        let norm = &layout.embedded_norm;
        let gamma = &self.parameters.values[norm.weight.clone()];
        let both = &mut worker.gradients[norm.weight.start..norm.bias.end];
        let sums = both.split_at_mut(norm.weight.len());
        let dx = &mut worker.x;
        dx.resize(d.len(), 0.0);
        math::layer_norm_backward(&worker.embedded, gamma, self.eps, &d, dx, sums);
        worker.gradients[layout.positions.start..layout.types.end].fill(0.0);
        let mut rows = dx.chunks_exact(hidden);
        for_each_token(inputs, |_, position, kind| {
            let Some(row) = rows.next() else { return };
            for (start, index) in [(layout.positions.start, position), (layout.types.start, kind)] {
                let at = start + index * hidden;
                math::add(&mut worker.gradients[at..at + hidden], row);
            }
        });
    }
}

/// Id, position and type of every token.
fn for_each_token(inputs: &[&Tokens], mut each: impl FnMut(usize, usize, usize)) {
    for tokens in inputs {
        for (position, id) in tokens.ids.iter().enumerate() {
            each(*id as usize, position, usize::from(position >= tokens.first));
        }
    }
}

/// Draws masks: each gets its own seed.
struct Masks {
    dropout: Dropout,
    drawn: u32,
}

impl Masks {
    fn next(&mut self) -> Dropout {
        self.drawn += 1;
        let Dropout { rate, seed } = self.dropout;
        Dropout { rate, seed: seed.wrapping_add(self.drawn.wrapping_mul(0x9E37_79B9)) }
    }
}
