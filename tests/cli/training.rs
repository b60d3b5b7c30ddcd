//! `train`, `tune` and `eval` on a tiny model and made-up clauses.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::work::{Work, records, stderr, text};

/// Clauses whose label follows from one word, in six policies of three folds.
fn data() -> String {
    let kinds = [("keep", "Data Retention"), ("share", "Third Party Sharing/Collection")];
    let mut lines = Vec::new();
    for i in 0..120 {
        let (word, label) = kinds[i % 2];
        let (policy, fold) = (i % 6, i % 3);
        lines.push(format!(
            r#"{{"id":"{i}","group":"p{policy}","kind":"sentence","context":["data"],"text":"we {word} data {i}","labels":["{label}"],"annotators":3,"votes":{{"{label}":3}},"fold":{fold}}}"#
        ));
    }
    lines.join("\n")
}

const TRAIN: &str = "train --data set.jsonl,targets=votes --base model --hold-out 0 --epochs 6 \
                     --batch 8 --learning-rate 0.01 --kernel portable";

fn work() -> Work {
    let work = Work::new();
    work.write("set.jsonl", data());
    work
}

fn trained(work: &Work, out: &str) -> Vec<u8> {
    work.run(&format!("{TRAIN} --out {out}"), 0);
    work.read(&format!("{out}/model.safetensors"))
}

#[test]
fn a_model_learns_what_a_word_means() {
    let work = work();
    let longer = TRAIN.replace("--epochs 6", "--epochs 80");
    work.run(&format!("{longer} --out out"), 0);
    assert!(!work.path("out/checkpoint.safetensors").exists());
    let output = work.run("eval set.jsonl --fold 0 --model out --format json --threshold 0.5", 0);
    let report = &records(text(&output.stdout).replace('\n', " ").as_bytes())[0];
    assert_eq!(report["clauses"], 40);
    assert_eq!(report["documents"], 2);
    let retention = &report["per_category"]["Data Retention"];
    assert_eq!(retention["support"], 20);
    assert!(retention["f1"].as_f64().unwrap() > 0.95, "{retention}");
    assert!(report["micro avg"]["f1"].as_f64().unwrap() > 0.95);
}

#[test]
fn a_run_that_is_killed_goes_on_to_the_same_model() {
    let work = work();
    let whole = trained(&work, "whole");
    let mut run = work.process(&format!("{TRAIN} --out parts")).spawn().unwrap();
    let checkpoint = work.path("parts/checkpoint.safetensors");
    let patience = Instant::now();
    while !checkpoint.exists() && run.try_wait().unwrap().is_none() {
        assert!(patience.elapsed() < Duration::from_secs(60), "no checkpoint in a minute");
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = run.kill();
    let _ = run.wait();
    assert_eq!(trained(&work, "parts"), whole);
}

#[test]
fn another_recipe_does_not_take_a_checkpoint_over() {
    let work = work();
    work.write("out/checkpoint.safetensors", "no safetensors");
    let output = work.run(&format!("{TRAIN} --out out"), 3);
    assert!(stderr(&output).contains("remove it to start anew"), "{}", stderr(&output));
}

#[test]
fn labels_made_after_a_fold_do_not_teach_its_model() {
    let work = work();
    work.write("after.jsonl", data().replace("\"id\":\"", "\"id\":\"x"));
    let without = trained(&work, "without");
    let both = TRAIN.replace("--base", "--data after.jsonl,targets=votes,after_fold=0 --base");
    let told = stderr(&work.run(&format!("{both} --out closed"), 0));
    assert!(told.contains("after.jsonl left out"), "{told}");
    assert_eq!(work.read("closed/model.safetensors"), without);
    work.run(&format!("{} --out open", both.replace("after_fold=0", "after_fold=1")), 0);
    assert_ne!(work.read("open/model.safetensors"), without);
}

#[test]
fn tuned_thresholds_are_stored_with_the_model() {
    let work = work();
    trained(&work, "out");
    let before = work.read("out/config.json");
    work.run("tune set.jsonl --fold 1 --model out", 0);
    let config: serde_json::Value = serde_json::from_slice(&work.read("out/config.json")).unwrap();
    let thresholds = &config["fineprint"]["thresholds"];
    assert_eq!(thresholds.as_object().unwrap().len(), 12);
    assert_eq!(thresholds["Do Not Track"], 0.5, "never seen: the default");
    assert!(!before.is_empty());
    let output = work.run("tune set.jsonl --fold 7 --model out", 3);
    assert!(stderr(&output).contains("no clause is left"));
}

#[test]
fn documents_are_judged_end_to_end() {
    let work = Work::new();
    let page = "We keep data. We share data.";
    work.write("docs/page.txt", page);
    let line = |id: u8, start: usize, end: usize| {
        format!(
            r#"{{"id":"{id}","group":"page","document":"page.txt","start":{start},"end":{end},"kind":"sentence","text":"{}","labels":["RET"]}}"#,
            &page[start..end]
        )
    };
    work.write("gold.jsonl", [line(1, 0, 13), line(2, 14, 28)].join("\n"));
    let run = "eval gold.jsonl --documents docs --model model --format json --threshold 0";
    let output = work.run(run, 0);
    let report = &records(text(&output.stdout).replace('\n', " ").as_bytes())[0];
    assert_eq!(report["segmentation"]["f1"], 1.0);
    assert_eq!(report["per_category"]["Data Retention"]["recall"], 1.0);
    assert_eq!(report["per_category"]["Data Security"]["predicted"], 2);
    assert_eq!(report["per_category"]["Data Security"]["precision"], 0.0);
}

#[test]
fn a_data_set_without_clauses_is_an_error() {
    let work = work();
    let output = work.run("eval set.jsonl --fold 9 --model model", 3);
    assert!(stderr(&output).contains("no clause that is asked for"));
    work.write("folder/readme.txt", "nothing");
    let output = work.run("eval folder --model model", 3);
    assert!(stderr(&output).contains("holds no .jsonl file"));
}

#[cfg(target_os = "linux")]
#[test]
fn training_and_tuning_need_no_one_who_listens() {
    let work = work();
    for arguments in [format!("{TRAIN} --out out"), "tune set.jsonl --model out".to_owned()] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let run = work.process(&arguments).stdin(Stdio::null()).stderr(full).spawn().unwrap();
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments}");
    }
    let left: Vec<_> = std::fs::read_dir(work.path("out")).unwrap().collect();
    assert_eq!(left.len(), 3, "nothing but the model: {left:?}");
}

#[test]
fn a_config_that_cannot_be_replaced_stays() {
    let work = work();
    trained(&work, "out");
    let before = work.read("out/config.json");
    // Something stands where the new file is written first.
    std::fs::create_dir(work.path("out/config.partial")).unwrap();
    let told = stderr(&work.run("tune set.jsonl --model out", 5));
    assert!(told.contains("cannot write out/config.json"), "{told}");
    assert_eq!(work.read("out/config.json"), before);
}
