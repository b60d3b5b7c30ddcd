//! Checkpoints of other architectures give the scores that `transformers` gives
//! (tests/architectures/make.py).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fineprint::encoder::Choice;
use fineprint::label::{Classified, Classifier, EngineOptions, Input, Unit};
use fineprint::model::{Files, Model, ModelError};
use serde_json::Value;

/// The folders that candle runs; the project's own engine runs the others.
const BY_CANDLE: [&str; 4] = ["modernbert", "modernbert-mean", "deberta-v2", "deberta-v2-types"];

#[derive(serde::Deserialize)]
struct Expected {
    text: String,
    context: Vec<String>,
    ids: Vec<u32>,
    types: Vec<u32>,
    truncated: bool,
    scores: Vec<f32>,
}

/// Of each folder that this program can run.
fn expected() -> BTreeMap<String, Vec<Expected>> {
    let mut all: BTreeMap<String, Vec<Expected>> =
        serde_json::from_str(include_str!("architectures/expected.json")).unwrap();
    assert_eq!(all.len(), 7);
    all.retain(|name, _| cfg!(feature = "architectures") || !BY_CANDLE.contains(&name.as_str()));
    all
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/architectures").join(name)
}

fn files(name: &str) -> Files {
    Files::read(&folder(name)).unwrap()
}

fn classifier(name: &str, kernel: Choice) -> Classifier {
    // Without memory, so that every input is run.
    let options = EngineOptions { kernel, remembered: 0 };
    Classifier::with_options(Model::parse(&files(name)).unwrap(), options).unwrap()
}

fn input(row: &Expected) -> Input<'_> {
    Input { text: &row.text, context: &row.context, previous: None }
}

fn inputs(rows: &[Expected]) -> Vec<Input<'_>> {
    rows.iter().map(input).collect()
}

#[test]
fn scores_are_those_of_transformers() {
    // f32 to rounding errors; bf16, which only the project's own engine has, as for BERT.
    for (kernel, tolerance) in [(Choice::Portable, 1e-5), (Choice::Auto, 0.02)] {
        for (name, rows) in expected() {
            let classifier = classifier(&name, kernel);
            let names = ["Fees", "Deliveries", "Data Security", "Returns"];
            assert_eq!(classifier.taxonomy().names(), names);
            let found = classifier.classify(&inputs(&rows), Unit::Clause, 2).unwrap();
            for (row, found) in rows.iter().zip(found) {
                assert_eq!(found.truncated, row.truncated, "{name}: {}", row.text);
                let pairs = found.scores.iter().zip(&row.scores);
                let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(
                    worst < tolerance,
                    "{name}, {kernel:?}, {}: {:?} {:?}",
                    row.text,
                    found.scores,
                    row.scores
                );
            }
        }
    }
}

#[test]
fn tokens_are_those_of_the_tokenizer() {
    for (name, rows) in expected() {
        let model = Model::parse(&files(&name)).unwrap();
        assert_eq!(model.tokens.max_tokens(), 48, "{name}");
        for row in rows {
            let tokens = model.tokens.encode(&input(&row)).unwrap();
            assert_eq!(tokens.ids, row.ids, "{name}: {}", row.text);
            let types: Vec<u32> =
                (0..row.ids.len()).map(|at| u32::from(at >= tokens.first)).collect();
            assert_eq!(types, row.types, "{name}: {}", row.text);
        }
    }
}

#[test]
fn neighbours_and_threads_change_no_bit() {
    let bits = |found: &Classified| -> Vec<u32> {
        found.scores.iter().map(|score| score.to_bits()).collect()
    };
    for (name, rows) in expected() {
        let classifier = classifier(&name, Choice::Auto);
        let inputs = inputs(&rows);
        let together = classifier.classify(&inputs, Unit::Clause, 1).unwrap();
        let in_threads = classifier.classify(&inputs, Unit::Clause, 3).unwrap();
        for (at, input) in inputs.iter().enumerate() {
            let alone = classifier.classify(&[*input], Unit::Clause, 1).unwrap();
            assert_eq!(bits(&alone[0]), bits(&together[at]), "{name}");
            assert_eq!(bits(&alone[0]), bits(&in_threads[at]), "{name}");
        }
    }
}

#[test]
fn remembered_scores_are_the_same() {
    for (name, rows) in expected() {
        let remembering = Classifier::new(Model::parse(&files(&name)).unwrap()).unwrap();
        let first = remembering.classify(&inputs(&rows), Unit::Clause, 1).unwrap();
        let again = remembering.classify(&inputs(&rows), Unit::Clause, 1).unwrap();
        assert_eq!(first, again, "{name}");
    }
}

/// The error of a model whose `config.json` has these fields instead; null takes one away.
fn refused(name: &str, fields: &[(&str, Value)]) -> String {
    let mut files = files(name);
    let mut config: Value = serde_json::from_slice(&files.config).unwrap();
    let map = config.as_object_mut().unwrap();
    for (field, value) in fields {
        map.insert((*field).to_owned(), value.clone());
        if value.is_null() {
            map.remove(*field);
        }
    }
    files.config = Cow::Owned(config.to_string().into_bytes());
    error(&files)
}

fn error(files: &Files) -> String {
    let load = |files| -> Result<Classifier, ModelError> { Classifier::new(Model::parse(files)?) };
    load(files).err().expect("it must be refused").to_string()
}

#[test]
fn a_missing_tensor_is_named_as_in_the_file() {
    for (name, tensor) in [
        ("distilbert", "distilbert.transformer.layer.1.attention.q_lin.weight"),
        ("distilbert", "pre_classifier.bias"),
        ("roberta", "classifier.out_proj.weight"),
        ("xlm-roberta", "roberta.encoder.layer.1.output.LayerNorm.bias"),
        ("modernbert", "model.layers.1.attn_norm.weight"),
        ("modernbert", "head.norm.weight"),
        ("deberta-v2", "deberta.encoder.rel_embeddings.weight"),
        ("deberta-v2-types", "deberta.encoder.layer.0.attention.self.pos_key_proj.weight"),
    ] {
        if !expected().contains_key(name) {
            continue;
        }
        let mut files = files(name);
        let other = format!("{}#", &tensor[..tensor.len() - 1]);
        let (from, to) = (format!("\"{tensor}\""), format!("\"{other}\""));
        let at = (files.weights.windows(from.len()))
            .position(|part| part == from.as_bytes())
            .unwrap_or_else(|| panic!("{name} has no {tensor}"));
        files.weights.to_mut()[at..at + to.len()].copy_from_slice(to.as_bytes());
        let error = error(&files);
        assert!(error.contains("model.safetensors") && error.contains(tensor), "{error}");
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let wide = Value::from(40);
    for (name, field, value, parts) in [
        ("distilbert", "hidden_dim", &wide, ["ffn.lin1.weight", "[24, 16]"]),
        ("roberta", "intermediate_size", &wide, ["intermediate.dense.weight", "[40, 16]"]),
        ("xlm-roberta", "max_position_embeddings", &wide, ["position_embeddings", "[50, 16]"]),
        ("modernbert", "intermediate_size", &wide, ["mlp.Wi.weight", "[80, 16]"]),
        ("deberta-v2", "position_buckets", &wide, ["rel_embeddings.weight", "[80, 16]"]),
    ] {
        if expected().contains_key(name) {
            let error = refused(name, &[(field, value.clone())]);
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}

#[test]
fn settings_that_cannot_be_run_are_refused() {
    let single = Value::from("single_label_classification");
    let odd = serde_json::json!([
        "full_attention",
        "full_attention",
        "sliding_attention",
        "full_attention",
        "sliding_attention"
    ]);
    for (name, field, value) in [
        ("roberta", "problem_type", single.clone()),
        ("modernbert", "problem_type", single),
        ("distilbert", "activation", "relu".into()),
        ("distilbert", "n_heads", 0.into()),
        ("roberta", "pad_token_id", 49.into()),
        ("roberta", "num_hidden_layers", (1_u64 << 40).into()),
        ("roberta", "position_embedding_type", "relative_key".into()),
        ("modernbert", "hidden_activation", "silu".into()),
        ("modernbert", "attention_bias", true.into()),
        ("modernbert", "num_attention_heads", 16.into()),
        ("modernbert", "layer_types", odd),
        ("modernbert", "local_attention", (-1).into()),
        ("modernbert-mean", "global_attn_every_n_layers", 0.into()),
        ("modernbert-mean", "classifier_pooling", "max".into()),
        ("deberta-v2", "conv_kernel_size", 3.into()),
        ("deberta-v2", "position_buckets", 2.into()),
        ("deberta-v2", "position_buckets", (1_u64 << 40).into()),
        ("deberta-v2", "pooler_hidden_act", "tanh".into()),
        ("deberta-v2", "pooler_hidden_size", 8.into()),
    ] {
        if expected().contains_key(name) {
            let error = refused(name, &[(field, value)]);
            assert!(error.starts_with("config.json cannot be used"), "{name}, {field}: {error}");
        }
    }
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    let mut files = files("distilbert");
    files.tokenizer = self::files("roberta").tokenizer;
    let error = error(&files);
    assert!(error.contains("tokenizer.json") && error.contains("do not belong"), "{error}");
}

#[test]
fn a_damaged_table_of_the_normaliser_is_refused() {
    // Cut short, and one without any entry, which is noticed only at the first text.
    for table in ["AAAA", "AAAAAA=="] {
        let mut files = files("xlm-roberta");
        let mut tokenizer: Value = serde_json::from_slice(&files.tokenizer).unwrap();
        tokenizer["normalizer"] =
            serde_json::json!({"type": "Precompiled", "precompiled_charsmap": table});
        files.tokenizer = Cow::Owned(tokenizer.to_string().into_bytes());
        let found = Model::parse(&files).and_then(Classifier::new).and_then(|classifier| {
            classifier.classify(&[Input { text: "We pay.", ..Input::default() }], Unit::Clause, 1)
        });
        let error = found.unwrap_err().to_string();
        assert!(error.contains("tokenizer.json"), "{error}");
    }
}

#[cfg(not(feature = "architectures"))]
#[test]
fn a_program_without_them_says_so() {
    let error = error(&files("modernbert"));
    assert!(error.contains("modernbert") && error.contains("feature"), "{error}");
}
