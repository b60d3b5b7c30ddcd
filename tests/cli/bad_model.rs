//! Bad models: exit code 4 and what is wrong with which file; outputs stay as they were.

use std::fs;

use fineprint::model::{Tensor, Weights};
use serde_json::Value;

use super::common;
use super::work::{Work, stderr};

/// Runs all commands that need a model; each must fail and name the file.
fn assert_refused(work: &Work, names: &[&str]) {
    work.write("out.jsonl", "earlier results\n");
    for arguments in [
        "label docs --model model --output out.jsonl",
        "predict --model model",
        "model info --model model",
    ] {
        let output = work.run(arguments, 4);
        let told = stderr(&output);
        assert!(names.iter().all(|name| told.contains(name)), "{arguments}: {told}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(work.read("out.jsonl"), b"earlier results\n");
}

fn edit_config(work: &Work, edit: impl FnOnce(&mut Value)) {
    let mut config = serde_json::from_slice(&work.read("model/config.json")).unwrap();
    edit(&mut config);
    work.write("model/config.json", config.to_string());
}

#[test]
fn a_missing_file_is_named() {
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        let work = Work::with_documents();
        fs::remove_file(work.path("model").join(file)).unwrap();
        assert_refused(&work, &[file]);
    }
}

#[test]
fn a_missing_folder_is_named() {
    let work = Work::with_documents();
    let told = stderr(&work.run("label docs --model ./no-such-folder", 4));
    assert!(told.contains("no-such-folder"), "{told}");
}

#[test]
fn truncated_files_are_refused() {
    for (file, keep) in [("config.json", 40), ("model.safetensors", 900), ("tokenizer.json", 500)] {
        let work = Work::with_documents();
        let name = format!("model/{file}");
        let bytes = work.read(&name);
        for keep in [keep, 0] {
            work.write(&name, &bytes[..keep]);
            assert_refused(&work, &[file]);
        }
    }
}

#[test]
fn wrong_shapes_are_named() {
    let work = Work::with_documents();
    edit_config(&work, |config| config["intermediate_size"] = 48.into());
    assert_refused(&work, &["model.safetensors", "intermediate", "48", "32"]);
}

#[test]
fn a_missing_tensor_is_named() {
    let work = Work::with_documents();
    let mut weights = Weights::parse(work.read("model/model.safetensors").into()).unwrap();
    weights.0.remove("pooler.dense.bias").unwrap();
    work.write("model/model.safetensors", weights.to_half().unwrap());
    assert_refused(&work, &["pooler.dense.bias"]);
}

#[test]
fn a_layer_left_unread_is_named() {
    let work = Work::with_documents();
    let mut weights = Weights::parse(work.read("model/model.safetensors").into()).unwrap();
    let bias = weights.0["encoder.layer.0.output.dense.bias"].clone();
    weights.0.insert("encoder.layer.1.output.dense.bias".to_owned(), bias);
    work.write("model/model.safetensors", weights.to_half().unwrap());
    assert_refused(&work, &["model.safetensors", "encoder.layer.1.", "1 layer"]);
    edit_config(&work, |config| config["num_hidden_layers"] = 0.into());
    assert_refused(&work, &["config.json", "a size is zero"]);
}

#[test]
fn a_classifier_holds_numbers() {
    for name in ["classifier.weight", "classifier.bias", "pooler.dense.bias"] {
        let work = Work::with_documents();
        let mut weights = Weights::parse(work.read("model/model.safetensors").into()).unwrap();
        let shape = weights.0[name].shape().to_vec();
        let mut values = weights.0[name].values().into_owned();
        values[3] = f32::NAN;
        weights.0.insert(name.to_owned(), Tensor::new(shape, values));
        work.write("model/model.safetensors", weights.to_half().unwrap());
        assert_refused(&work, &["model.safetensors", name, "finite"]);
    }
}

#[test]
fn thresholds_must_fit_the_labels() {
    for (label, threshold) in [("Data Security", 7.0), ("Data Security", -0.5), ("Fees", 0.5)] {
        for of in ["thresholds", "segment_thresholds"] {
            let work = Work::with_documents();
            edit_config(&work, |config| config["fineprint"][of][label] = threshold.into());
            assert_refused(&work, &["config.json", label]);
        }
    }
}

#[test]
fn a_label_without_a_name_is_refused() {
    let work = Work::with_documents();
    // No label with a threshold: that would be told first.
    edit_config(&work, |config| config["id2label"]["11"] = "".into());
    assert_refused(&work, &["config.json", "label 11 has no name"]);
}

#[test]
fn labels_must_fit_the_classifier() {
    let work = Work::with_documents();
    edit_config(&work, |config| {
        config["id2label"].as_object_mut().unwrap().remove("11");
    });
    assert_refused(&work, &["classifier"]);
    let work = Work::with_documents();
    edit_config(&work, |config| {
        config.as_object_mut().unwrap().remove("id2label");
    });
    assert_refused(&work, &["id2label"]);
}

#[test]
fn a_foreign_tokenizer_is_refused() {
    let work = Work::with_documents();
    let mut larger = common::tokenizer();
    let vocabulary = larger["model"]["vocab"].as_object_mut().unwrap();
    let size = vocabulary.len();
    vocabulary.insert("policy".to_owned(), size.into());
    work.write("model/tokenizer.json", larger.to_string());
    assert_refused(&work, &["tokenizer.json"]);

    let without = common::tokenizer().to_string().replace("[CLS]", "<s>");
    work.write("model/tokenizer.json", without);
    assert_refused(&work, &["tokenizer.json", "[CLS]"]);
}

#[test]
fn a_sparse_vocabulary_cannot_reach_beyond_the_table() {
    let work = Work::with_documents();
    let mut sparse = common::tokenizer();
    sparse["model"]["vocab"]["we"] = 60_000.into();
    work.write("model/tokenizer.json", sparse.to_string());
    assert_refused(&work, &["tokenizer.json"]);
}

#[test]
fn an_encoder_without_a_second_part_is_refused() {
    let work = Work::with_documents();
    edit_config(&work, |config| config["type_vocab_size"] = 1.into());
    assert_refused(&work, &["config.json"]);
}

#[test]
fn info_tells_what_a_model_is() {
    let work = Work::new();
    work.write("model/README.md", "---\nlicense: cc-by-4.0\n---\n# Tiny\n");
    let shown = String::from_utf8(work.run("model info --model model", 0).stdout).unwrap();
    for part in ["tiny", "cc-by-4.0", "1 layers", "Data Retention", "0.500"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let json = work.run("model info --model model --format json", 0).stdout;
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["labels"].as_array().unwrap().len(), 12);
    assert_eq!(json["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(json["size"]["max_tokens"], 64);
}
