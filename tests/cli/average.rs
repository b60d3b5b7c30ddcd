//! `model average`.

use std::borrow::Cow;

use fineprint::model::Weights;
use serde_json::Value;

use super::common::write_tiny_model;
use super::work::{Work, stderr, text};

fn weights(work: &Work, model: &str) -> Weights {
    Weights::parse(Cow::Owned(work.read(&format!("{model}/model.safetensors")))).unwrap()
}

/// Two models of the same form.
fn work() -> Work {
    let work = Work::new();
    write_tiny_model(&work.path("other"), 8);
    work
}

#[test]
fn the_mean_of_two_models_lies_half_way() {
    let work = work();
    work.run("model average model other --out mean --name soup", 0);
    let (a, b) = (weights(&work, "model"), weights(&work, "other"));
    let mean = weights(&work, "mean");
    assert_eq!(mean.0.len(), a.0.len());
    let mut apart = 0.0_f32;
    for (name, tensor) in &mean.0 {
        let (a, b) = (a.0[name].values(), b.0[name].values());
        for (value, (a, b)) in tensor.values().iter().zip(a.iter().zip(b.iter())) {
            let half_way = (a + b) / 2.0;
            assert!((value - half_way).abs() <= 1e-3 * half_way.abs().max(0.1), "{name}");
            apart = apart.max((a - b).abs());
        }
    }
    assert!(apart > 0.01, "the models differ");
    work.run("model verify --model mean", 0);
    assert!(text(&work.run("model info --model mean", 0).stdout).contains("soup"));
}

#[test]
fn thresholds_are_not_averaged() {
    let work = work();
    let with = |thresholds: &str| {
        let mut config: Value = serde_json::from_slice(&work.read("model/config.json")).unwrap();
        let taken = serde_json::from_str::<Value>(thresholds).unwrap();
        let certified = serde_json::json!([{"min_precision": 0.9, "thresholds": taken}]);
        config["fineprint"] = serde_json::json!({
            "max_tokens": 9, "thresholds": taken, "segment_thresholds": taken, "certified": certified,
        });
        config.to_string()
    };
    work.write("model/config.json", with(r#"{"Data Security": 0.9}"#));
    work.write("other/config.json", with("{}"));
    work.run("model average model other --out mean", 0);
    let mean: Value = serde_json::from_slice(&work.read("mean/config.json")).unwrap();
    for field in ["thresholds", "segment_thresholds"] {
        assert_eq!(mean["fineprint"][field], serde_json::json!({}));
    }
    assert!(mean["fineprint"].get("certified").is_none());
    assert_eq!(mean["fineprint"]["max_tokens"], 9);
    assert_eq!(mean["fineprint"]["name"], "fineprint-average");
}

#[test]
fn only_what_fits_is_averaged() {
    let work = work();
    for (arguments, rc, problem) in [
        ("model --out mean", 2, "2 values required"),
        ("model other --out other", 2, "--out would write over other"),
        ("model none --out mean", 4, "none"),
    ] {
        let told = stderr(&work.run(&format!("model average {arguments}"), rc));
        assert!(told.contains(problem), "{told}");
    }
    let tokenizer = text(&work.read("other/tokenizer.json")).to_owned();
    work.write("other/tokenizer.json", format!("{tokenizer} "));
    let told = stderr(&work.run("model average model other --out mean", 4));
    assert!(told.contains("other: tokenizer.json is not the first one's"), "{told}");
    let mut config: Value = serde_json::from_slice(&work.read("other/config.json")).unwrap();
    config["id2label"]["0"] = "Something else".into();
    work.write("other/config.json", config.to_string());
    let told = stderr(&work.run("model average model other --out mean", 4));
    assert!(told.contains("other: id2label in config.json is not as the first one's"), "{told}");
    let mut less = weights(&work, "other");
    less.0.remove("classifier.bias");
    work.write("less/config.json", work.read("model/config.json"));
    work.write("less/tokenizer.json", work.read("model/tokenizer.json"));
    work.write("less/model.safetensors", less.to_half().unwrap());
    let told = stderr(&work.run("model average model less --out mean", 4));
    assert!(told.contains("less: no tensor \"classifier.bias\""), "{told}");
    let told = stderr(&work.run("model average less model --out mean", 4));
    assert!(told.contains("model: the first one has no tensor"), "{told}");
    assert!(!work.path("mean").exists(), "nothing half done");
}
