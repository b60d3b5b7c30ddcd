//! What a training run does: data, schedule, seed. A recipe and its data give the same model.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How the gold of a data set becomes training targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Targets {
    /// 1 for the labels, 0 for all others.
    #[default]
    Labels,
    /// The share of the annotators who gave the label.
    Votes,
    /// Votes over the majority needed (two of three), at most 1: for projected clauses, where an
    /// annotator who highlighted other words of the segment did not vote against.
    MajorityVotes,
}

/// One data set of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// A data set in JSON Lines.
    pub path: PathBuf,
    /// Weight of its examples in the loss.
    #[serde(default = "one")]
    pub weight: f32,
    /// Further factor for examples without any label: below 1 where they may be unlabelled
    /// rather than negative.
    #[serde(default = "one")]
    pub unlabelled: f32,
    #[serde(default)]
    pub targets: Targets,
    /// The fold whose gold its labels were made after. Where that fold is held out, the whole data
    /// set is left out, as it may tell of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_fold: Option<u32>,
}

impl Source {
    /// A data set with the default weights.
    pub fn new(path: PathBuf) -> Self {
        let targets = Targets::default();
        Self { path, weight: 1.0, unlabelled: 1.0, targets, after_fold: None }
    }

    /// Whether it may be learned from when `hold_out` is judged on.
    pub fn is_open(&self, hold_out: Option<u32>) -> bool {
        self.after_fold.is_none() || self.after_fold != hold_out
    }
}

fn one() -> f32 {
    1.0
}

/// All settings of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recipe {
    /// Name of the model, as records will show it.
    pub name: String,
    /// Times that every example is seen.
    pub epochs: u32,
    /// Examples of a step.
    pub batch: usize,
    /// Peak learning rate.
    pub learning_rate: f32,
    /// Factor on the learning rate of pooler and classifier, which start from little or nothing.
    pub head_factor: f32,
    /// Factor on the learning rate of each layer, once for every layer above it; 1 for the same
    /// rate everywhere.
    pub layer_decay: f32,
    /// Share of the steps in which the learning rate rises.
    pub warmup: f32,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Largest norm of the gradient.
    pub clip: f32,
    /// The model kept is the running mean of the parameters over the steps, which forgets by this
    /// factor a step; 0 for the parameters themselves.
    pub averaging: f32,
    /// Share of hidden values zeroed at random.
    pub dropout: f32,
    /// Share of the examples that lose their context, anew each epoch.
    pub context_dropout: f32,
    /// Show the clause before beside short ones.
    pub previous: bool,
    /// Put a layer that starts as mean pooling on top of the base: for sentence encoders.
    pub mean_layer: bool,
    /// Longest input in tokens.
    pub max_tokens: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Fold left out of training and used for validation.
    pub hold_out: Option<u32>,
    /// Epochs without improvement on the validation data after which to stop; 0 for never.
    pub patience: u32,
    /// Keep the parameters of the epoch with the best validation figure; without it, those of the
    /// last one. Validation data that figures are reported on must not choose the epoch.
    pub keep_best: bool,
    /// Data sets to train on.
    pub data: Vec<Source>,
    /// Data sets to validate on, beside the fold held out.
    pub validation: Vec<PathBuf>,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            name: "fineprint".to_owned(),
            epochs: 3,
            batch: 32,
            learning_rate: 2e-4,
            head_factor: 1.0,
            layer_decay: 1.0,
            warmup: 0.06,
            weight_decay: 0.01,
            clip: 1.0,
            averaging: 0.0,
            dropout: 0.1,
            context_dropout: 0.0,
            previous: false,
            mean_layer: false,
            max_tokens: 256,
            seed: 1,
            hold_out: None,
            patience: 0,
            keep_best: true,
            data: Vec::new(),
            validation: Vec::new(),
        }
    }
}

impl Recipe {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn check(&self) -> Result<(), String> {
        let share = |name: &str, value: f32| {
            let inside = (0.0..1.0).contains(&value);
            if inside { Ok(()) } else { Err(format!("{name} must be at least 0 and below 1")) }
        };
        share("averaging", self.averaging)?;
        share("dropout", self.dropout)?;
        share("context_dropout", self.context_dropout)?;
        share("warmup", self.warmup)?;
        let positive = |name: &str, value: f32| {
            let right = value.is_finite() && value > 0.0;
            if right { Ok(()) } else { Err(format!("{name} must be above 0")) }
        };
        positive("learning_rate", self.learning_rate)?;
        positive("head_factor", self.head_factor)?;
        positive("layer_decay", self.layer_decay)?;
        positive("clip", self.clip)?;
        positive("epochs", self.epochs as f32)?;
        positive("batch", self.batch as f32)?;
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return Err("weight_decay must be at least 0".to_owned());
        }
        if !(8..=512).contains(&self.max_tokens) {
            return Err("max_tokens must be 8 to 512".to_owned());
        }
        if self.data.is_empty() {
            return Err("no data to train on".to_owned());
        }
        if !self.data.iter().any(|source| source.is_open(self.hold_out)) {
            return Err("no data is left: all labels were made after the fold held out".to_owned());
        }
        for source in &self.data {
            if !(source.weight > 0.0 && source.unlabelled >= 0.0) {
                return Err(format!("{}: weights must not be negative", source.path.display()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named() {
        let good = Recipe { data: vec![Source::new("a.jsonl".into())], ..Recipe::default() };
        assert_eq!(good.check(), Ok(()));
        let bad = Recipe { dropout: 1.0, ..good.clone() };
        assert!(bad.check().unwrap_err().contains("dropout"));
        let bad = Recipe { learning_rate: f32::NAN, ..good.clone() };
        assert!(bad.check().unwrap_err().contains("learning_rate"));
        let bad = Recipe { data: Vec::new(), ..good.clone() };
        assert!(bad.check().unwrap_err().contains("no data"));
        let made_after = Source { after_fold: Some(4), ..good.data[0].clone() };
        let closed = Recipe { data: vec![made_after], hold_out: Some(4), ..good };
        assert!(closed.check().unwrap_err().contains("after the fold held out"));
        for open in [None, Some(0)] {
            assert_eq!(Recipe { hold_out: open, ..closed.clone() }.check(), Ok(()));
        }
    }
}
