//! `predict`

use std::io::{BufRead, BufReader, Write};

use super::work::{Work, records, stderr, text};

#[test]
fn one_line_an_argument() {
    let work = Work::new();
    let mut command = work.command("predict --model model");
    let output = command.args(["We keep logs.", "We share data."]).output().unwrap();
    assert!(output.status.success());
    let found = records(&output.stdout);
    assert_eq!(found.len(), 2);
    assert_eq!(found[1]["text"], "We share data.");
    assert_eq!(found[1]["scores"].as_object().unwrap().len(), 12);
    assert!(found[1]["labels"].is_array());
    let keys: Vec<_> = found[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["text", "labels", "scores"]);
}

#[test]
fn arguments_lines_and_records_agree() {
    let work = Work::new();
    work.write("x.md", "# Contact\n\nYou can reach us:\n\n- by post;\n");
    let record = work.records("label x.md --model model", 0).pop().unwrap();
    let line = "by post;\tContact > You can reach us:\n";
    let found = records(&work.run_with("predict --model model", line, 0).stdout);
    assert_eq!(found[0]["text"], record["text"]);
    assert_eq!(found[0]["scores"], record["scores"]);
    let bare = records(&work.run_with("predict --model model", "by post;\n", 0).stdout);
    assert_ne!(bare[0]["scores"], record["scores"], "the context counts");
}

#[test]
fn words_that_carry_a_label_are_shown_with_their_place() {
    let work = Work::new();
    let text = "We keep logs, and we share data.";
    let mut command = work.command("predict --model model --explain --threshold 0");
    let found = records(&command.arg(text).output().unwrap().stdout);
    let words = found[0]["words"].as_object().unwrap();
    assert_eq!(words.len(), found[0]["labels"].as_array().unwrap().len());
    for (label, words) in words {
        let words = words.as_array().unwrap();
        assert!(words.len() <= 5);
        let weights: Vec<f64> = words.iter().map(|w| w["weight"].as_f64().unwrap()).collect();
        assert!(weights.is_sorted_by(|a, b| a >= b) && weights.iter().all(|w| *w > 0.0), "{label}");
        for word in words {
            let at = |key: &str| word[key].as_u64().unwrap() as usize;
            assert_eq!(word["word"], text[at("start")..at("end")]);
        }
    }
    // The weight is what the score loses.
    let (label, strongest) =
        words.iter().find_map(|(label, words)| Some((label, words.get(0)?))).unwrap();
    let (start, end) = (strongest["start"].as_u64().unwrap(), strongest["end"].as_u64().unwrap());
    let without = [&text[..start as usize], &text[end as usize..]].concat();
    let mut command = work.command("predict --model model");
    let other = records(&command.arg(without).output().unwrap().stdout);
    let score = |record: &serde_json::Value| record["scores"][label].as_f64().unwrap();
    let lost = score(&found[0]) - score(&other[0]);
    assert!((lost - strongest["weight"].as_f64().unwrap()).abs() < 3e-4, "{lost} {strongest}");
}

#[test]
fn a_long_line_is_explained_by_what_the_model_reads() {
    let work = Work::new();
    let line = format!("{}\n", "we keep data, ".repeat(200_000));
    let run = "predict --model model --explain --threshold 0";
    let found = records(&work.run_with(run, line, 0).stdout);
    assert_eq!(found[0]["truncated"], true);
    let words = found[0]["words"].as_object().unwrap();
    assert_eq!(words.len(), 12);
    // Tokens are words and commas here, so that the model reads no further than this.
    let furthest = super::common::MAX_TOKENS as u64 * 14;
    for word in words.values().flat_map(|words| words.as_array().unwrap()) {
        assert!(word["end"].as_u64().unwrap() < furthest, "{word}");
        assert!(["we", "keep", "data"].contains(&word["word"].as_str().unwrap()), "one word");
    }
}

#[test]
fn a_line_without_text_is_answered_too() {
    let work = Work::new();
    let output = work.run_with("predict --model model", b"one\n\n\tcontext\n\xff\ntwo".to_vec(), 3);
    let found = records(&output.stdout);
    let kinds: Vec<_> =
        found.iter().map(|line| line["error"]["kind"].as_str().unwrap_or("none")).collect();
    assert_eq!(kinds, ["none", "empty", "empty", "not-utf8", "none"]);
    assert_eq!(found[4]["text"], "two");
    assert!(stderr(&output).contains("2 texts labelled, 3 failed"));
}

#[test]
fn neighbours_do_not_change_an_answer() {
    let work = Work::new();
    let lines: String = (0..600).map(|i| format!("We keep item {i}.\n")).collect();
    let all = text(&work.run_with("predict --model model", lines, 0).stdout);
    let one = text(&work.run_with("predict --model model", "We keep item 300.\n", 0).stdout);
    assert_eq!(all.lines().nth(300), one.lines().next());
    assert_eq!(all.lines().count(), 600);
}

#[test]
fn a_line_is_answered_before_the_next_one_comes() {
    let work = Work::new();
    let mut child = work.process("predict --model model").spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for text in ["We keep logs.", "We share data."] {
        writeln!(stdin, "{text}").unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        assert!(answer.contains(text), "{answer}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}
