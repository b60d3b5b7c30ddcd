//! Clauses per second of a model, tokenisation and decision included.
//!
//! `cargo run --release --example throughput -- CLAUSES.jsonl [--model DIR] [--kernel KERNEL]
//! [--threads N] [--seconds S] [--tokens N]`: reads `{"text": …}` lines and classifies all of them
//! again and again for S seconds; prints one JSON line. With `--tokens N`, every clause is cut or
//! repeated to N tokens' worth of words. No scores are remembered from round to round.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use fineprint::encoder::Choice;
use fineprint::label::{Classifier, EngineOptions, Input, Unit};
use fineprint::model::{Files, Model};

#[derive(Parser)]
struct Arguments {
    clauses: PathBuf,
    #[arg(long)]
    model: Option<PathBuf>,
    #[arg(long, default_value = "auto")]
    kernel: String,
    #[arg(long, default_value_t = 2)]
    threads: usize,
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    #[arg(long)]
    tokens: Option<usize>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let kernel = match arguments.kernel.as_str() {
        "portable" => Choice::Portable,
        "amx" => Choice::Amx,
        _ => Choice::Auto,
    };
    let files = match &arguments.model {
        Some(folder) => Files::read(folder)?,
        None => fineprint::model::embedded(),
    };
    let options = EngineOptions { kernel, remembered: 0 };
    let classifier = Classifier::with_options(Model::parse(&files)?, options)?;
    let lines = std::fs::read_to_string(&arguments.clauses).context("cannot read the clauses")?;
    let texts = lines
        .lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line)?;
            Ok(value["text"].as_str().context("a line without text")?.to_owned())
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let texts: Vec<String> = match arguments.tokens {
        Some(wanted) => texts.iter().map(|text| fitted(text, wanted)).collect(),
        None => texts,
    };
    let inputs: Vec<Input> = texts.iter().map(|text| Input { text, ..Input::default() }).collect();
    let run = || classifier.classify(&inputs, Unit::Clause, arguments.threads);
    run()?;
    let (mut rounds, mut best) = (Vec::new(), f64::MAX);
    let clock = Instant::now();
    while rounds.len() < 3 || clock.elapsed() < Duration::from_secs_f64(arguments.seconds) {
        let round = Instant::now();
        run()?;
        let seconds = round.elapsed().as_secs_f64();
        best = best.min(seconds);
        rounds.push(seconds);
    }
    rounds.sort_by(f64::total_cmp);
    let rate = |seconds: f64| (inputs.len() as f64 / seconds).round();
    println!(
        "{}",
        serde_json::json!({
            "kernel": arguments.kernel, "threads": arguments.threads, "clauses": inputs.len(),
            "median": rate(rounds[rounds.len() / 2]), "best": rate(best),
        })
    );
    Ok(())
}

/// About `tokens` tokens: the words of the text, again and again (a word is 1.25 tokens).
fn fitted(text: &str, tokens: usize) -> String {
    let words = text.split_whitespace().cycle();
    words.take((tokens.saturating_sub(2) * 4 / 5).max(1)).collect::<Vec<_>>().join(" ")
}
