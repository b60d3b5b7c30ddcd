//! `fineprint model`: what a model is.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::exit::{Failure, Status};
use super::source;
use crate::label::{Classifier, Unit};
use crate::model::{Files, Model};

/// Look at models
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Info(Info),
}

/// Show a model's name, labels, thresholds, size, checksum and licence
#[derive(clap::Args)]
struct Info {
    /// Model: a folder or a hub id; without it, the one inside this program
    #[arg(long, value_name = "DIR|ID")]
    model: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object
    Json,
}

/// What is shown of a model.
#[derive(Serialize)]
struct Facts {
    name: String,
    sha256: String,
    licence: Option<String>,
    size: Size,
    labels: Vec<Label>,
}

#[derive(Serialize)]
struct Size {
    layers: usize,
    hidden: usize,
    heads: usize,
    vocabulary: usize,
    parameters: usize,
    max_tokens: usize,
    /// Of the file of weights.
    bytes: usize,
}

#[derive(Serialize)]
struct Label {
    name: String,
    threshold: f32,
    segment_threshold: f32,
}

impl Arguments {
    /// Runs the subcommand.
    pub fn run(self) -> Result<Status, Failure> {
        match self.command {
            Command::Info(info) => info.run(),
        }
    }
}

impl Info {
    fn run(self) -> Result<Status, Failure> {
        let files = source::files(self.model.as_deref())?;
        let facts = Facts::of(&files, licence(self.model.as_deref()))?;
        let text = match self.format {
            Format::Text => facts.to_string(),
            Format::Json => {
                let json = serde_json::to_string_pretty(&facts);
                json.map_err(|error| Failure::Output(error.into()))? + "\n"
            }
        };
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|error| Failure::writing(error, "standard output"))?;
        Ok(Status::Done)
    }
}

impl Facts {
    fn of(files: &Files, licence: Option<String>) -> Result<Self, Failure> {
        let model = Model::parse(files)?;
        let config = &model.config;
        let size = Size {
            layers: config.num_hidden_layers,
            hidden: config.hidden_size,
            heads: config.num_attention_heads,
            vocabulary: config.vocab_size,
            parameters: model.weights.0.values().map(|tensor| tensor.data.len()).sum(),
            max_tokens: model.tokens.max_tokens(),
            bytes: files.weights.len(),
        };
        let sha256 = files.checksum();
        let classifier = Classifier::new(model)?;
        let thresholds =
            classifier.thresholds(Unit::Clause).iter().zip(classifier.thresholds(Unit::Segment));
        let labels = classifier
            .taxonomy()
            .names()
            .iter()
            .zip(thresholds)
            .map(|(name, (&threshold, &segment_threshold))| Label {
                name: name.clone(),
                threshold,
                segment_threshold,
            })
            .collect();
        Ok(Self { name: classifier.name().to_owned(), sha256, licence, size, labels })
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = &self.size;
        writeln!(f, "name        {}", self.name)?;
        writeln!(f, "sha256      {}", self.sha256)?;
        let licence = self.licence.as_deref().unwrap_or("not stated");
        writeln!(f, "licence     {licence}")?;
        writeln!(
            f,
            "encoder     {} layers, {} wide, {} heads, {} tokens known, {} at a time",
            size.layers, size.hidden, size.heads, size.vocabulary, size.max_tokens
        )?;
        writeln!(
            f,
            "weights     {:.1} M parameters, {:.1} MB",
            size.parameters as f64 / 1e6,
            size.bytes as f64 / 1e6
        )?;
        let width = self.labels.iter().map(|label| label.name.chars().count()).max().unwrap_or(0);
        writeln!(f, "\n{:width$}  clause  segment", "label")?;
        for label in &self.labels {
            let (clause, segment) = (label.threshold, label.segment_threshold);
            writeln!(f, "{:width$}  {clause:6.3}  {segment:7.3}", label.name)?;
        }
        Ok(())
    }
}

/// The licence that the model card of a folder states.
fn licence(model: Option<&str>) -> Option<String> {
    let card = fs::read_to_string(Path::new(model?).join("README.md")).ok()?;
    licence_of(&card)
}

/// `license_name` or `license` of the YAML head of a model card.
fn licence_of(card: &str) -> Option<String> {
    let head = card.strip_prefix("---\n")?.split("\n---").next()?;
    let fields: BTreeMap<&str, &str> =
        head.lines().filter_map(|line| line.split_once(": ")).collect();
    let found = fields.get("license_name").or_else(|| fields.get("license"))?;
    Some(found.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_states_the_licence() {
        let card = "---\nlanguage: en\nlicense: other\nlicense_name: research-only\n---\n# Model\n";
        assert_eq!(licence_of(card).as_deref(), Some("research-only"));
        assert_eq!(licence_of("---\nlicense: mit\n---\n").as_deref(), Some("mit"));
        assert_eq!(licence_of("# Model\nlicense: mit\n"), None);
    }
}
