//! AdamW with decoupled weight decay, gradient clipping and a warm-up schedule.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use crate::encoder::math;
use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Var, bail};

const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPS: f32 = 1e-8;

/// Running moments of one variable.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moments {
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

/// AdamW (Loshchilov and Hutter 2019). Biases and layer norms are not decayed.
#[derive(Debug, Clone)]
pub struct AdamW {
    weight_decay: f32,
    /// On the learning rate of pooler and classifier.
    head_factor: f32,
    /// Steps taken.
    pub step: u64,
    /// Moments by variable name.
    pub moments: BTreeMap<String, Moments>,
}

impl AdamW {
    /// An optimiser that has taken no step.
    pub fn new(weight_decay: f32, head_factor: f32) -> Self {
        Self { weight_decay, head_factor, step: 0, moments: BTreeMap::new() }
    }

    /// One step with these gradients, which are scaled down first so that their joint norm is
    /// at most `clip`. Returns the norm before.
    ///
    /// # Errors
    /// When a variable has no gradient or one of another size, or the norm is no number: the
    /// variables are then as before.
    pub fn step(
        &mut self,
        variables: &BTreeMap<String, Var>,
        gradients: &BTreeMap<String, Vec<f32>>,
        learning_rate: f32,
        clip: f32,
    ) -> Result<f32> {
        for (name, var) in variables {
            match gradients.get(name) {
                Some(gradient) if gradient.len() == var.elem_count() => {}
                _ => bail!("variable {name} has no gradient of its size"),
            }
        }
        let squares = gradients.values().map(|g| square_sum(g)).sum::<f64>();
        let norm = squares.sqrt() as f32;
        if !norm.is_finite() {
            bail!("the gradient is not finite: lower the learning rate");
        }
        let scale = if norm > clip { clip / norm } else { 1.0 };
        self.step += 1;
        let steps = self.step as i32;
        let correct = (1.0 - BETA1.powi(steps), 1.0 - BETA2.powi(steps));
        for (name, var) in variables {
            self.moments.entry(name.clone()).or_insert_with(|| Moments {
                first: vec![0.0; var.elem_count()],
                second: vec![0.0; var.elem_count()],
            });
        }
        let updates = variables.iter().zip(self.moments.iter_mut());
        let updates: Vec<_> = updates
            .map(|((name, var), (_, moments))| {
                let decay = if decays(name) { self.weight_decay } else { 0.0 };
                let factor = if is_head(name) { self.head_factor } else { 1.0 };
                let learning_rate = learning_rate * factor;
                let gradient = &gradients[name];
                let moments = Mutex::new(moments);
                (var, Update { gradient, scale, learning_rate, decay, correct, moments })
            })
            .collect();
        apply(&updates)?;
        Ok(norm)
    }
}

/// Runs the updates, half of them on a second thread: each touches its own variable alone.
fn apply(updates: &[(&Var, Update)]) -> Result<()> {
    let run = |updates: &[(&Var, Update)]| {
        updates.iter().try_for_each(|(var, update)| var.as_tensor().inplace_op1(update))
    };
    let (first, second) = updates.split_at(updates.len() / 2);
    thread::scope(|scope| {
        let other = scope.spawn(|| run(second));
        run(first)?;
        other.join().unwrap_or_else(|_| bail!("the optimiser's thread died"))
    })
}

fn is_head(name: &str) -> bool {
    name.starts_with("classifier.") || name.starts_with("pooler.")
}

fn decays(name: &str) -> bool {
    !name.ends_with(".bias") && !name.contains("LayerNorm")
}

/// Σ v², in f64 over runs that `math` sums in lanes.
fn square_sum(values: &[f32]) -> f64 {
    values.chunks(4096).map(|run| f64::from(math::square_sum(run))).sum()
}

/// The update of one variable, in place.
struct Update<'a> {
    gradient: &'a [f32],
    scale: f32,
    learning_rate: f32,
    decay: f32,
    correct: (f32, f32),
    moments: Mutex<&'a mut Moments>,
}

impl InplaceOp1 for Update<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (CpuStorage::F32(values), Some((start, end))) = (storage, layout.contiguous_offsets())
        else {
            bail!("AdamW needs contiguous f32 variables");
        };
        let Ok(mut moments) = self.moments.lock() else { bail!("AdamW was interrupted") };
        let Moments { first, second } = &mut **moments;
        let shrink = 1.0 - self.learning_rate * self.decay;
        let rows = values[start..end].iter_mut().zip(self.gradient).zip(first).zip(second);
        for (((value, gradient), first), second) in rows {
            let gradient = gradient * self.scale;
            *first = BETA1 * *first + (1.0 - BETA1) * gradient;
            *second = BETA2 * *second + (1.0 - BETA2) * gradient * gradient;
            let (mean, spread) = (*first / self.correct.0, *second / self.correct.1);
            *value = *value * shrink - self.learning_rate * mean / (spread.sqrt() + EPS);
        }
        Ok(())
    }
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
    use candle_core::{Device, Tensor};

    fn variables(names: &[&str]) -> BTreeMap<String, Var> {
        let value = Tensor::new(&[1.0f32, -2.0], &Device::Cpu).unwrap();
        names.iter().map(|n| (n.to_string(), Var::from_tensor(&value).unwrap())).collect()
    }

    fn value(variables: &BTreeMap<String, Var>, name: &str) -> Vec<f32> {
        variables[name].to_vec1().unwrap()
    }

    #[test]
    fn the_first_step_moves_by_the_learning_rate_against_the_sign() {
        let variables = variables(&["a.weight"]);
        let gradients = [("a.weight".to_owned(), vec![0.3, -0.7])].into();
        AdamW::new(0.0, 1.0).step(&variables, &gradients, 0.1, 10.0).unwrap();
        let moved = value(&variables, "a.weight");
        assert!((moved[0] - 0.9).abs() < 1e-5 && (moved[1] + 1.9).abs() < 1e-5, "{moved:?}");
    }

    #[test]
    fn biases_and_norms_do_not_decay() {
        let names = ["a.weight", "a.bias", "b.LayerNorm.weight"];
        let variables = variables(&names);
        let gradients = names.iter().map(|n| (n.to_string(), vec![0.0, 0.0])).collect();
        AdamW::new(0.5, 1.0).step(&variables, &gradients, 0.1, 1.0).unwrap();
        assert_eq!(value(&variables, "a.weight"), [0.95, -1.9]);
        assert_eq!(value(&variables, "a.bias"), [1.0, -2.0]);
        assert_eq!(value(&variables, "b.LayerNorm.weight"), [1.0, -2.0]);
    }

    #[test]
    fn a_gradient_that_is_missing_or_not_finite_changes_nothing() {
        let variables = variables(&["a.weight"]);
        let mut optimizer = AdamW::new(0.0, 1.0);
        assert!(optimizer.step(&variables, &BTreeMap::new(), 0.1, 1.0).is_err());
        let gradients = [("a.weight".to_owned(), vec![f32::NAN, 0.0])].into();
        assert!(optimizer.step(&variables, &gradients, 0.1, 1.0).is_err());
        assert_eq!(value(&variables, "a.weight"), [1.0, -2.0]);
    }

    #[test]
    fn the_head_moves_faster() {
        let names = ["a.weight", "classifier.weight", "pooler.dense.bias"];
        let variables = variables(&names);
        let gradients = names.iter().map(|n| (n.to_string(), vec![1.0, 1.0])).collect();
        AdamW::new(0.0, 5.0).step(&variables, &gradients, 0.01, 10.0).unwrap();
        for (name, expected) in names.into_iter().zip([0.99, 0.95, 0.95]) {
            assert!((value(&variables, name)[0] - expected).abs() < 1e-5, "{name}");
        }
    }

    #[test]
    fn clipping_reports_the_norm_before() {
        let variables = variables(&["a.weight"]);
        let gradients = [("a.weight".to_owned(), vec![3.0, 4.0])].into();
        let norm = AdamW::new(0.0, 1.0).step(&variables, &gradients, 0.1, 1.0).unwrap();
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
