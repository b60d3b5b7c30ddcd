//! `fineprint model`: what a model is, whether it can be used, where it is.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::exit::{Failure, Status};
use super::source;
use crate::label::{Classifier, Input, Unit};
use crate::model::hub::{self, HubId};
use crate::model::{
    CONFIG_FILE, Config, Files, Model, ModelError, TOKENIZER_FILE, WEIGHTS_FILE, average,
};
use crate::output::labelling_config;
use crate::whole_file;

/// Look at models, check and download them
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Info(Info),
    Verify(Verify),
    Pull(Pull),
    Average(Average),
    LabellingConfig(LabellingConfig),
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

/// Check that a model can be used; prints the SHA-256 of its weights
#[derive(clap::Args)]
struct Verify {
    /// Model: a folder or a hub id; without it, the one inside this program
    #[arg(long, value_name = "DIR|ID")]
    model: Option<String>,
}

/// Download a model from a hub; prints the folder it is in
///
/// The hub's cache keeps it, so that --model finds it there without a network too. Usual
/// variables hold: HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE.
#[derive(clap::Args)]
struct Pull {
    /// Model: owner/name, or owner/name@revision with a branch, tag or commit
    #[arg(value_name = "ID")]
    id: HubId,
    /// Copy it to this folder, too
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Average the weights of models that were trained on from the same one
///
/// The mean is often as good as the best of them or better, and as fast as one. It has no
/// thresholds, as those of the models are for other scores: `fineprint tune` finds them. All else
/// is the first model's; weights are written in half precision.
#[derive(clap::Args)]
struct Average {
    /// Models: folders or hub ids, two or more
    #[arg(value_name = "DIR|ID", num_args = 2.., required = true)]
    models: Vec<String>,
    /// Folder to write the mean to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Name of the model in the records it makes
    #[arg(long, value_name = "NAME", default_value = "fineprint-average")]
    name: String,
}

/// Print the labelling configuration of a Label Studio project for a model's labels
///
/// The tasks of `label --format label-studio` fit such a project, and `import label-studio` reads
/// its export.
#[derive(clap::Args)]
struct LabellingConfig {
    /// Model: a folder or a hub id; without it, the one inside this program
    #[arg(long, value_name = "DIR|ID")]
    model: Option<String>,
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
    architecture: &'static str,
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
            Command::Verify(verify) => verify.run(),
            Command::Pull(pull) => pull.run(),
            Command::Average(average) => average.run(),
            Command::LabellingConfig(config) => config.run(),
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
        print(&text)
    }
}

impl Verify {
    fn run(self) -> Result<Status, Failure> {
        let files = source::files(self.model.as_deref())?;
        prove(&Classifier::new(Model::parse(&files)?)?)?;
        print(&format!("{}  {WEIGHTS_FILE}\n", files.checksum()))
    }
}

impl LabellingConfig {
    fn run(self) -> Result<Status, Failure> {
        let files = source::files(self.model.as_deref())?;
        print(&labelling_config(&Config::parse(&files.config)?.taxonomy()?))
    }
}

/// Checks that scores are numbers: finite weights may still lead beyond all bounds.
fn prove(classifier: &Classifier) -> Result<(), ModelError> {
    let input = Input { text: "We keep your data for a year.", ..Input::default() };
    let found = classifier.classify(&[input], Unit::Clause, 1)?;
    let scores = found.iter().flat_map(|found| &found.scores);
    match scores.zip(classifier.taxonomy().names()).find(|(score, _)| !score.is_finite()) {
        Some((_, label)) => Err(ModelError::Engine(format!("its score of {label:?} is no number"))),
        None => Ok(()),
    }
}

impl Pull {
    fn run(self) -> Result<Status, Failure> {
        let (cached, files) = hub::pull(&self.id)?;
        let folder = self.out.as_ref().unwrap_or(&cached);
        if self.out.is_some() {
            copy(&files, folder)?;
        }
        print(&format!("{}\n", folder.display()))
    }
}

impl Average {
    fn run(self) -> Result<Status, Failure> {
        let folder = |path: &Path| fs::canonicalize(path).ok();
        let same = |model: &&String| {
            folder(&self.out).is_some() && folder(Path::new(model)) == folder(&self.out)
        };
        if let Some(model) = self.models.iter().find(same) {
            let message = format!("--out would write over {model}, which is read; name another");
            return Err(Failure::Usage(anyhow!(message)));
        }
        let read = |model: &String| Ok((model.clone(), source::files(Some(model))?));
        let models = self.models.iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
        copy(&average(&models, &self.name)?, &self.out)?;
        Ok(Status::Done)
    }
}

/// Writes the files of a model to a folder, which is made.
fn copy(files: &Files, folder: &Path) -> Result<(), Failure> {
    let failed = |path: &Path, error| Failure::writing(error, &path.display().to_string());
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for (name, bytes) in [
        (CONFIG_FILE, &files.config),
        (WEIGHTS_FILE, &files.weights),
        (TOKENIZER_FILE, &files.tokenizer),
    ] {
        let path = folder.join(name);
        whole_file::write(&path, bytes).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

fn print(text: &str) -> Result<Status, Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing(error, "standard output"))?;
    Ok(Status::Done)
}

impl Facts {
    fn of(files: &Files, licence: Option<String>) -> Result<Self, Failure> {
        let model = Model::parse(files)?;
        let config = &model.config;
        let size = Size {
            architecture: model.architecture.name(),
            layers: config.num_hidden_layers,
            hidden: config.hidden_size,
            heads: config.num_attention_heads,
            vocabulary: config.vocab_size,
            parameters: model
                .weights
                .0
                .values()
                .map(|tensor| tensor.shape().iter().product::<usize>())
                .sum(),
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
            "encoder     {}, {} layers, {} wide, {} heads, {} tokens known, {} at a time",
            size.architecture,
            size.layers,
            size.hidden,
            size.heads,
            size.vocabulary,
            size.max_tokens
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

/// The licence that the model's card states.
fn licence(model: Option<&str>) -> Option<String> {
    match model {
        Some(folder) => licence_of(&fs::read_to_string(Path::new(folder).join("README.md")).ok()?),
        None => embedded_card().and_then(licence_of),
    }
}

#[cfg(feature = "embedded-model")]
fn embedded_card() -> Option<&'static str> {
    Some(crate::model::EMBEDDED_CARD)
}

#[cfg(not(feature = "embedded-model"))]
fn embedded_card() -> Option<&'static str> {
    None
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
