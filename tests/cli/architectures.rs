//! The same commands with checkpoints of other architectures.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::work::{Work, records, stderr, text};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/architectures").join(name)
}

/// The folders, and what `model info` calls them.
fn checkpoints() -> Vec<(&'static str, &'static str)> {
    let mut all =
        vec![("distilbert", "distilbert"), ("roberta", "roberta"), ("xlm-roberta", "xlm-roberta")];
    if cfg!(feature = "architectures") {
        all.extend([("modernbert", "modernbert"), ("deberta-v2", "deberta-v2")]);
    }
    all
}

/// With the checkpoint in `model`.
fn work(name: &str) -> Work {
    let work = Work::with_documents();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        work.write(&format!("model/{file}"), fs::read(folder(name).join(file)).unwrap());
    }
    work
}

#[test]
fn every_checkpoint_predicts() {
    let expected = fs::read(folder("expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    for (name, _) in checkpoints() {
        let row = &expected[name][1];
        let line = format!(
            "{}\t{} > {}\n",
            row["text"].as_str().unwrap(),
            row["context"][0].as_str().unwrap(),
            row["context"][1].as_str().unwrap()
        );
        let found =
            work(name).run_with("predict --model model --threshold 0 --kernel portable", line, 0);
        let found = records(&found.stdout).pop().unwrap();
        assert_eq!(found["labels"].as_array().unwrap().len(), 4, "{name}");
        for (label, score) in ["Fees", "Deliveries", "Data Security", "Returns"]
            .iter()
            .zip(row["scores"].as_array().unwrap())
        {
            let difference = found["scores"][*label].as_f64().unwrap() - score.as_f64().unwrap();
            assert!(difference.abs() < 2e-4, "{name}, {label}: {found}");
        }
    }
}

#[test]
fn every_checkpoint_labels_documents_and_tells_what_it_is() {
    for (name, architecture) in checkpoints() {
        let work = work(name);
        let one = work.run("label docs --model model --threads 1", 0).stdout;
        assert!(!records(&one).is_empty());
        assert_eq!(one, work.run("label docs --model model --threads 3", 0).stdout, "{name}");
        work.run("model verify --model model", 0);
        let shown = text(&work.run("model info --model model", 0).stdout);
        for part in [&format!("{architecture}, "), " layers, 16 wide", "48 at a time", "Returns"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}

#[test]
fn thresholds_are_stored_and_all_else_stays() {
    let work = work("distilbert");
    let before: Value = serde_json::from_slice(&work.read("model/config.json")).unwrap();
    work.write(
        "set.jsonl",
        r#"{"id":"1","group":"a","kind":"sentence","text":"We pay.","labels":["Fees"]}"#,
    );
    work.run("tune set.jsonl --model model", 0);
    let mut after: Value = serde_json::from_slice(&work.read("model/config.json")).unwrap();
    let stored = after.as_object_mut().unwrap().remove("fineprint").unwrap();
    assert_eq!(stored["thresholds"]["Fees"], 0.5);
    assert_eq!(after, before);
    work.run("model verify --model model", 0);
}

#[test]
fn only_bert_is_trained() {
    let work = work("roberta");
    work.write("set.jsonl", "");
    let told = stderr(&work.run("train --data set.jsonl --base model --out out", 4));
    assert!(told.contains("roberta") && told.contains("BERT"), "{told}");
    assert!(!work.path("out").exists());
}

#[test]
fn an_unknown_architecture_is_told_with_the_known_ones() {
    let work = work("roberta");
    let config = text(&work.read("model/config.json")).replace("\"roberta\"", "\"longformer\"");
    work.write("model/config.json", config);
    let told = stderr(&work.run("predict --model model x", 4));
    assert!(told.contains("longformer") && told.contains("modernbert"), "{told}");
}
