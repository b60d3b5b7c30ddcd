//! Values and groups of options that several commands share.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use clap::ValueEnum;

use super::kernel::Kernel;

use crate::document::{self, Boilerplate, Gate, ReadOptions};
use crate::label::EngineOptions;
use crate::{dataset, label};

/// `--input`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum InputFormat {
    /// Found out from the name and the content
    #[default]
    Auto,
    Html,
    Markdown,
    /// Plain text
    Text,
    Pdf,
}

impl From<InputFormat> for document::Format {
    fn from(format: InputFormat) -> Self {
        match format {
            InputFormat::Auto => Self::Auto,
            InputFormat::Html => Self::Html,
            InputFormat::Markdown => Self::Markdown,
            InputFormat::Text => Self::Text,
            InputFormat::Pdf => Self::Pdf,
        }
    }
}

/// `--boilerplate`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum BoilerplateChoice {
    /// Leave out menus, banners, footers and forms
    #[default]
    Drop,
    /// Read everything that a page shows
    Keep,
}

/// `--gate`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum GateChoice {
    /// Refuse error pages, pages of scripts, other languages and what is no privacy policy
    #[default]
    On,
    /// Read whatever has text
    Off,
}

/// `--unit`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Unit {
    /// A sentence, list item, heading or table cell
    #[default]
    Clause,
    /// A whole paragraph, list item, heading or table cell
    Segment,
}

impl From<Unit> for label::Unit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Clause => Self::Clause,
            Unit::Segment => Self::Segment,
        }
    }
}

impl From<Unit> for dataset::Unit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Clause => Self::Clause,
            Unit::Segment => Self::Segment,
        }
    }
}

/// How documents are read and cut.
#[derive(Debug, Clone, clap::Args)]
pub struct Reading {
    /// How the input is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = true)]
    #[arg(help = "How the input is written: auto, html, markdown, text or pdf")]
    pub input: InputFormat,
    /// What one record is about
    #[arg(long, value_enum, default_value_t, value_name = "UNIT")]
    pub unit: Unit,
    /// What happens to menus, banners, footers and forms of a page
    #[arg(long, value_enum, default_value_t, value_name = "CHOICE")]
    pub boilerplate: BoilerplateChoice,
    /// Whether documents that are no privacy policies are refused
    #[arg(long, value_enum, default_value_t, value_name = "WHETHER", hide_possible_values = true)]
    #[arg(help = "Refuse what is no English privacy policy, with the reason: on or off")]
    pub gate: GateChoice,
    /// Refuse larger files
    #[arg(long, value_name = "BYTES", default_value_t = ReadOptions::default().max_bytes)]
    pub max_bytes: usize,
    /// Give up on a file whose reading takes longer
    #[arg(long, value_name = "SECONDS", default_value_t = ReadOptions::default().max_time.as_secs())]
    pub max_seconds: u64,
}

impl Reading {
    /// The same as the library has it.
    pub fn options(&self) -> ReadOptions {
        ReadOptions {
            format: self.input.into(),
            boilerplate: match self.boilerplate {
                BoilerplateChoice::Drop => Boilerplate::Drop,
                BoilerplateChoice::Keep => Boilerplate::Keep,
            },
            max_bytes: self.max_bytes,
            max_time: Duration::from_secs(self.max_seconds),
            gate: match self.gate {
                GateChoice::On => Gate::On,
                GateChoice::Off => Gate::Off,
            },
        }
    }
}

/// Which model, and how it decides.
#[derive(Debug, Clone, clap::Args)]
pub struct Labelling {
    /// Model: a folder or a hub id; without it, the one inside this program
    #[arg(long, value_name = "DIR|ID")]
    pub model: Option<String>,
    /// Give a label from this score on, 0 to 1; without it, each label has the model's own
    #[arg(long, value_name = "X", value_parser = probability)]
    pub threshold: Option<f32>,
    /// Threads that compute; without it, as many as the machine runs at once
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// What computes: auto, portable (f32 on any CPU) or amx (bf16 on CPUs with AMX)
    #[arg(long, value_enum, default_value_t, value_name = "KERNEL", hide_possible_values = true)]
    pub kernel: Kernel,
}

impl Labelling {
    /// The classifier with its thresholds.
    pub fn classifier(&self) -> Result<label::Classifier, super::Failure> {
        let model = super::source::load(self.model.as_deref())?;
        let options = EngineOptions { kernel: self.kernel.into(), ..EngineOptions::default() };
        let mut classifier = label::Classifier::with_options(model, options)?;
        if let Some(threshold) = self.threshold {
            classifier.set_threshold(threshold);
        }
        Ok(classifier)
    }

    /// How many threads compute.
    pub fn threads(&self) -> usize {
        threads(self.threads)
    }
}

/// The threads asked for, or else as many as the machine runs at once.
pub fn threads(wanted: Option<NonZeroUsize>) -> usize {
    let all = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
    wanted.map_or_else(all, NonZeroUsize::get)
}

/// A number between 0 and 1, both excluded.
pub fn share(argument: &str) -> Result<f64, String> {
    match argument.parse::<f64>() {
        Ok(value) if value > 0.0 && value < 1.0 => Ok(value),
        _ => Err("not a number between 0 and 1".to_owned()),
    }
}

/// A number from 0 to 1.
fn probability(argument: &str) -> Result<f32, String> {
    match argument.parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("not a number from 0 to 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_lies_between_0_and_1() {
        assert_eq!(probability("0.25"), Ok(0.25));
        for wrong in ["1.01", "-0.1", "NaN", "half", ""] {
            assert!(probability(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_precision_to_certify_lies_between() {
        assert_eq!(share("0.95"), Ok(0.95));
        for wrong in ["0", "1", "95", "NaN", ""] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }
}
