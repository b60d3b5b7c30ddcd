//! AdamW with decoupled weight decay, gradient clipping and a warm-up schedule.

use std::thread;

use multiversion::multiversion;

use super::parameters::Entry;
use crate::encoder::math;

const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPS: f32 = 1e-8;

/// Why a step was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the gradient is not finite: lower the learning rate")]
pub struct NotFinite;

/// Rates of one tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Group {
    start: usize,
    len: usize,
    /// On the learning rate.
    factor: f32,
    decay: f32,
}

/// How fast which tensors move.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Decoupled weight decay; biases and layer norms are not decayed.
    pub weight_decay: f32,
    /// On the learning rate of pooler and classifier.
    pub head_factor: f32,
    /// On the learning rate of each layer, once for every layer above it.
    pub layer_decay: f32,
}

/// AdamW (Loshchilov and Hutter 2019) over one slice of parameters.
#[derive(Debug, Clone)]
pub struct AdamW {
    groups: Vec<Group>,
    /// Steps taken.
    pub step: u64,
    /// Running means of the gradients and of their squares.
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

impl AdamW {
    /// An optimiser that has taken no step. `layers` is the number of encoder layers.
    pub fn new(entries: &[Entry], rates: Rates, layers: usize) -> Self {
        let groups = entries.iter().map(|entry| Group {
            start: entry.range.start,
            len: entry.range.len(),
            factor: factor(&entry.name, rates, layers),
            decay: if decays(&entry.name) { rates.weight_decay } else { 0.0 },
        });
        let size = entries.last().map_or(0, |entry| entry.range.end);
        let zeros = vec![0.0; size];
        Self { groups: groups.collect(), step: 0, first: zeros.clone(), second: zeros }
    }

    /// One step with the sum of these gradients, which is scaled down first so that its norm is
    /// at most `clip`. The sum is left in the first of them. Returns the norm before.
    ///
    /// # Errors
    /// [`NotFinite`]; the parameters are then as before.
    ///
    /// # Panics
    /// When the slices differ in length.
    pub fn step(
        &mut self,
        parameters: &mut [f32],
        gradients: &mut [&mut [f32]],
        learning_rate: f32,
        clip: f32,
        threads: usize,
    ) -> Result<f32, NotFinite> {
        let Some((sum, others)) = gradients.split_first_mut() else { return Ok(0.0) };
        assert!(parameters.len() == self.first.len() && sum.len() == parameters.len());
        // By tensor, in a fixed order, so that the norm does not depend on the threads.
        let mut squares = vec![0.0; self.groups.len()];
        let share = self.groups.len().div_ceil(threads.max(1)).max(1);
        thread::scope(|scope| {
            let mut rest = &mut **sum;
            for (groups, squares) in self.groups.chunks(share).zip(squares.chunks_mut(share)) {
                let others: &[_] = others;
                let len = groups.iter().map(|group| group.len).sum();
                let (mine, after) = rest.split_at_mut(len);
                rest = after;
                scope.spawn(move || add_up(groups, mine, others, squares));
            }
        });
        let norm = squares.iter().sum::<f64>().sqrt() as f32;
        if !norm.is_finite() {
            return Err(NotFinite);
        }
        self.step += 1;
        let steps = i32::try_from(self.step).unwrap_or(i32::MAX);
        let update = Update {
            scale: if norm > clip { clip / norm } else { 1.0 },
            learning_rate,
            correct: (1.0 - BETA1.powi(steps), 1.0 - BETA2.powi(steps)),
        };
        thread::scope(|scope| {
            let (mut values, mut first, mut second) =
                (parameters, &mut self.first[..], &mut self.second[..]);
            let mut gradient = &**sum;
            for groups in self.groups.chunks(share) {
                let len = groups.iter().map(|group| group.len).sum();
                let mine = (
                    values.split_off_mut(..len).unwrap_or_default(),
                    gradient.split_off(..len).unwrap_or_default(),
                    first.split_off_mut(..len).unwrap_or_default(),
                    second.split_off_mut(..len).unwrap_or_default(),
                );
                scope.spawn(move || update.groups(groups, mine));
            }
        });
        Ok(norm)
    }
}

/// Adds the other gradients to `sum` and squares it, tensor by tensor.
fn add_up(groups: &[Group], sum: &mut [f32], others: &[&mut [f32]], squares: &mut [f64]) {
    let first = groups.first().map_or(0, |group| group.start);
    for (group, square) in groups.iter().zip(squares) {
        let sum = &mut sum[group.start - first..][..group.len];
        for other in others {
            math::add(sum, &other[group.start..group.start + group.len]);
        }
        *square = f64::from(math::square_sum(sum));
    }
}

#[derive(Clone, Copy)]
struct Update {
    scale: f32,
    learning_rate: f32,
    correct: (f32, f32),
}

/// Parameters, gradients and both moments of some tensors.
type Slices<'a> = (&'a mut [f32], &'a [f32], &'a mut [f32], &'a mut [f32]);

impl Update {
    fn groups(self, groups: &[Group], (values, gradient, first, second): Slices) {
        let start = groups.first().map_or(0, |group| group.start);
        for group in groups {
            let at = group.start - start..group.start - start + group.len;
            let rate = self.learning_rate * group.factor;
            let moved = (
                &mut values[at.clone()],
                &gradient[at.clone()],
                &mut first[at.clone()],
                &mut second[at],
            );
            adam(moved, self.scale, rate, 1.0 - rate * group.decay, self.correct);
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn adam(
    (values, gradient, first, second): Slices,
    scale: f32,
    rate: f32,
    shrink: f32,
    correct: (f32, f32),
) {
    let moments = first.iter_mut().zip(second);
    for ((value, gradient), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
        let gradient = gradient * scale;
        *first = BETA1 * *first + (1.0 - BETA1) * gradient;
        *second = BETA2 * *second + (1.0 - BETA2) * gradient * gradient;
        let (mean, spread) = (*first / correct.0, *second / correct.1);
        *value = *value * shrink - rate * mean / (spread.sqrt() + EPS);
    }
}

fn decays(name: &str) -> bool {
    !name.ends_with("bias") && !name.contains("LayerNorm")
}

fn factor(name: &str, rates: Rates, layers: usize) -> f32 {
    if name.starts_with("pooler.") || name.starts_with("classifier.") {
        return rates.head_factor;
    }
    let layer = name.strip_prefix("encoder.layer.").and_then(|rest| rest.split('.').next());
    // The embeddings lie below layer 0.
    let above = match layer.and_then(|layer| layer.parse::<usize>().ok()) {
        Some(layer) => layers.saturating_sub(layer + 1),
        None => layers,
    };
    rates.layer_decay.powi(i32::try_from(above).unwrap_or(i32::MAX))
}

/// Learning rate at a step: linear warm-up over the first `warmup` steps, then linear decay to
/// zero at `total`.
pub fn scheduled(peak: f32, step: u64, warmup: u64, total: u64) -> f32 {
    if step < warmup {
        peak * (step + 1) as f32 / warmup as f32
    } else {
        peak * total.saturating_sub(step) as f32 / total.saturating_sub(warmup).max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Rates = Rates { weight_decay: 0.0, head_factor: 1.0, layer_decay: 1.0 };

    fn entries(names: &[&str]) -> Vec<Entry> {
        let entry = |(i, name): (usize, &&str)| Entry {
            name: (*name).to_owned(),
            shape: vec![2],
            range: 2 * i..2 * i + 2,
        };
        names.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn the_first_step_moves_by_the_learning_rate_against_the_sign() {
        let mut optimizer = AdamW::new(&entries(&["a.weight"]), PLAIN, 1);
        let mut values = [1.0, -2.0];
        // Two shards: their sum counts.
        let (mut one, mut other) = ([0.1, -0.3], [0.2, -0.4]);
        optimizer.step(&mut values, &mut [&mut one, &mut other], 0.1, 10.0, 2).unwrap();
        assert!((values[0] - 0.9).abs() < 1e-5 && (values[1] + 1.9).abs() < 1e-5, "{values:?}");
    }

    #[test]
    fn biases_and_norms_do_not_decay() {
        let rates = Rates { weight_decay: 0.5, ..PLAIN };
        let mut optimizer =
            AdamW::new(&entries(&["a.weight", "a.bias", "b.LayerNorm.weight"]), rates, 1);
        let mut values = [1.0, -2.0, 1.0, -2.0, 1.0, -2.0];
        optimizer.step(&mut values, &mut [&mut [0.0; 6]], 0.1, 1.0, 2).unwrap();
        assert_eq!(values, [0.95, -1.9, 1.0, -2.0, 1.0, -2.0]);
    }

    #[test]
    fn a_gradient_that_is_not_finite_changes_nothing() {
        let mut optimizer = AdamW::new(&entries(&["a.weight"]), PLAIN, 1);
        let mut values = [1.0, -2.0];
        let result = optimizer.step(&mut values, &mut [&mut [f32::NAN, 0.0]], 0.1, 1.0, 1);
        assert_eq!((result, values, optimizer.step), (Err(NotFinite), [1.0, -2.0], 0));
    }

    #[test]
    fn the_head_moves_faster_and_lower_layers_slower() {
        let names = [
            "embeddings.position_embeddings.weight",
            "encoder.layer.0.output.dense.weight",
            "encoder.layer.1.output.dense.weight",
            "pooler.dense.bias",
        ];
        let rates = Rates { head_factor: 5.0, layer_decay: 0.5, ..PLAIN };
        let mut optimizer = AdamW::new(&entries(&names), rates, 2);
        let mut values = [0.0; 8];
        optimizer.step(&mut values, &mut [&mut [1.0; 8]], 0.01, 10.0, 2).unwrap();
        for (value, expected) in values.iter().step_by(2).zip([0.0025, 0.005, 0.01, 0.05]) {
            assert!((value + expected).abs() < 1e-5, "{values:?}");
        }
    }

    #[test]
    fn clipping_reports_the_norm_before() {
        let mut optimizer = AdamW::new(&entries(&["a.weight"]), PLAIN, 1);
        let norm = optimizer.step(&mut [0.0; 2], &mut [&mut [3.0, 4.0]], 0.1, 1.0, 2).unwrap();
        assert_eq!(norm, 5.0);
    }

    #[test]
    fn the_schedule_rises_and_falls_linearly() {
        assert_eq!(scheduled(1.0, 0, 10, 110), 0.1);
        assert_eq!(scheduled(1.0, 9, 10, 110), 1.0);
        assert_eq!(scheduled(1.0, 60, 10, 110), 0.5);
        assert_eq!(scheduled(1.0, 110, 10, 110), 0.0);
    }
}
