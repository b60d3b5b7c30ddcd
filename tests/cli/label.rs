//! `label`

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use super::common::MAX_TOKENS;
use super::work::{PLAIN, Work, assert_offsets, records, stderr, text};

const LABELS: usize = 12;

#[test]
fn every_clause_of_a_folder_is_labelled_in_order() {
    let work = Work::with_documents();
    work.write("docs/.hidden.txt", "Not to be read.");
    work.write("docs/logo.png", "\u{89}PNG");
    work.write("docs/NOTICE", "We keep this one.");
    let output = work.run("label docs --model model", 0);
    let found = records(&output.stdout);
    let mut documents: Vec<&str> =
        found.iter().map(|record| record["document"].as_str().unwrap()).collect();
    documents.dedup();
    assert_eq!(documents, ["docs/NOTICE", "docs/a.html", "docs/b.md", "docs/sub/c.txt"]);
    for record in &found {
        assert_eq!(record["model"], "tiny");
        assert_offsets(record, &work.read(record["document"].as_str().unwrap()));
        assert_labels_follow_scores(record, 0.5);
    }
    let told = stderr(&output);
    assert!(told.contains("4 documents labelled"), "{told}");
    assert!(told.contains("1 files of other kinds left out"), "{told}");
}

fn assert_labels_follow_scores(record: &Value, threshold: f64) {
    let scores = record["scores"].as_object().unwrap();
    assert_eq!(scores.len(), LABELS);
    let expected: Vec<&String> = scores
        .iter()
        .filter(|(_, score)| score.as_f64().unwrap() >= threshold)
        .map(|(name, _)| name)
        .collect();
    let labels: Vec<&str> =
        record["labels"].as_array().unwrap().iter().map(|label| label.as_str().unwrap()).collect();
    assert_eq!(labels, expected);
}

#[test]
fn threads_and_neighbours_do_not_change_a_byte() {
    let work = Work::with_documents();
    // More clauses than a batch of the pipeline holds.
    let many: String = (0..2500).map(|i| format!("We keep item {i} of your data.\n\n")).collect();
    work.write("docs/many.txt", many);
    let names = ["docs/a.html", "docs/b.md", "docs/many.txt", "docs/sub/c.txt"];
    let one = work.run("label docs --model model --threads 1", 0).stdout;
    let four = work.run("label docs --model model --threads 4", 0).stdout;
    assert_eq!(text(&one), text(&four));
    let single: Vec<u8> = names
        .iter()
        .flat_map(|name| work.run(&format!("label {name} --model model"), 0).stdout)
        .collect();
    assert_eq!(text(&one), text(&single));
}

#[test]
fn a_folder_and_its_files_give_the_same_records() {
    let work = Work::with_documents();
    let folder = work.run("label docs/sub --model model", 0).stdout;
    let file = work.run("label docs/sub/c.txt --model model", 0).stdout;
    assert_eq!(text(&folder), text(&file));
}

#[test]
fn one_threshold_can_replace_the_models_own() {
    let work = Work::with_documents();
    for record in work.records("label docs/b.md --model model --threshold 0.75", 0) {
        assert_labels_follow_scores(&record, 0.75);
    }
    for record in work.records("label docs/b.md --model model --threshold 0", 0) {
        assert_eq!(record["labels"].as_array().unwrap().len(), LABELS);
    }
    for wrong in ["1.5", "-1", "high"] {
        work.run(&format!("label docs/b.md --model model --threshold={wrong}"), 2);
    }
}

#[test]
fn segments_have_their_own_thresholds() {
    let work = Work::with_documents();
    // The tiny model gives Data Security to every segment.
    for record in work.records("label docs/sub/c.txt --model model --unit segment", 0) {
        assert!(record["labels"].to_string().contains("Data Security"), "{record}");
    }
}

#[test]
fn what_the_model_cannot_read_whole_is_flagged() {
    let work = Work::new();
    let long = format!("We keep {}your data.", "very, ".repeat(MAX_TOKENS));
    work.write("x.txt", format!("{long}\n\nWe share it.\n"));
    let found = work.records("label x.txt --model model", 0);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["truncated"], true);
    assert_eq!(found[0]["text"], long.as_str());
    assert!(found[1].get("truncated").is_none());
}

#[test]
fn standard_input_is_a_document() {
    let work = Work::new();
    for arguments in ["label - --model model", "label --model model"] {
        let found = records(&work.run_with(arguments, PLAIN, 0).stdout);
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|record| record["document"] == "-"));
    }
    work.run("label - - --model model", 2);
}

#[test]
fn output_goes_to_a_file() {
    let work = Work::with_documents();
    work.write(
        "out.jsonl",
        "what stood here before, and was much longer than what comes\n".repeat(99),
    );
    let expected = work.run("label docs/b.md --model model", 0).stdout;
    let output = work.run("label docs/b.md --model model --output out.jsonl", 0);
    assert!(output.stdout.is_empty());
    assert_eq!(work.read("out.jsonl"), expected);
}

#[test]
fn csv_has_a_column_for_every_score() {
    let work = Work::with_documents();
    let csv = text(&work.run("label docs --model model --format csv", 0).stdout);
    let mut lines = csv.lines();
    let header = lines.next().unwrap();
    assert!(header.starts_with("document,index,start,end,kind,context,text,labels,First Party"));
    assert!(header.ends_with("truncated,error,page,end_page"));
    assert_eq!(lines.count(), work.records("label docs --model model", 0).len());
}

#[test]
fn tables_show_labels_with_scores() {
    let work = Work::with_documents();
    let arguments = "label docs/sub/c.txt --model model --format table --threshold 0";
    let table = text(&work.run(arguments, 0).stdout);
    assert!(table.contains("Data Retention 0."), "{table}");
    assert!(table.contains("We collect your name."), "{table}");
}

#[test]
fn a_failing_input_leaves_a_record_and_the_others_whole() {
    let work = Work::with_documents();
    work.write("docs/b0.txt", "");
    let output = work.run("label docs missing.txt --model model", 3);
    let found = records(&output.stdout);
    let errors: Vec<_> = found.iter().filter(|record| record.get("error").is_some()).collect();
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[0]["document"], "docs/b0.txt");
    assert_eq!(errors[0]["error"]["kind"], "empty");
    assert_eq!(errors[1]["document"], "missing.txt");
    assert_eq!(errors[1]["error"]["kind"], "unreadable");
    assert_eq!(
        found.len(),
        2 + work.records("label docs/a.html docs/b.md docs/sub --model model", 0).len()
    );
    let told = stderr(&output);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("3 documents labelled") && told.contains("2 failed"), "{told}");
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let work = Work::new();
    let many: String = (0..9000).map(|i| format!("We keep item {i} of your data.\n\n")).collect();
    work.write("many.txt", many);
    for arguments in
        ["split many.txt", "split many.txt --format csv", "split many.txt --format table"]
    {
        let mut child = work.process(arguments).stdin(Stdio::null()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments}");
        assert_eq!(stderr(&output), "", "{arguments}");
    }
}

#[test]
fn formats_without_errors_name_every_failed_input() {
    let work = Work::with_documents();
    work.write("docs/b0.txt", "");
    for format in ["label-studio", "doccano"] {
        let arguments = format!("label docs missing.txt --model model --format {format}");
        let told = stderr(&work.run(&arguments, 3));
        assert_eq!(told.lines().count(), 3, "{told}");
        assert!(told.contains("fineprint: docs/b0.txt: the file is empty"), "{told}");
        assert!(told.contains("fineprint: missing.txt: cannot read"), "{told}");
        assert!(told.lines().last().unwrap().contains("3 documents labelled"), "{told}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_folder_is_no_wait() {
    let work = Work::with_documents();
    let made = std::process::Command::new("mkfifo").arg(work.path("docs/pipe.txt")).status();
    assert!(made.unwrap().success());
    let found = work.records("label docs --model model", 3);
    let failed: Vec<_> = found.iter().filter(|record| record.get("error").is_some()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["document"], "docs/pipe.txt");
    assert_eq!(failed[0]["error"]["kind"], "unreadable");
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_whole_documents() {
    let work = many_documents();
    let stopped = ["-INT", "-TERM", "-HUP"]
        .map(|signal| was_stopped(&signalled(&work, work.process(LABEL), signal), &work));
    assert!(stopped.contains(&true), "no signal came before the end");
    let output = work.run(&format!("{LABEL} --resume"), 0);
    assert!(stderr(&output).contains("documents already"));
    assert_eq!(records(&work.read("out.jsonl")).len(), CLAUSES);
}

#[cfg(unix)]
#[test]
fn what_nohup_started_ignores_the_terminal_and_can_be_ended() {
    let work = many_documents();
    let output = signalled(&work, work.process_without_terminal(LABEL), "-HUP");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(records(&work.read("out.jsonl")).len(), CLAUSES);
    was_stopped(&signalled(&work, work.process_without_terminal(LABEL), "-TERM"), &work);
}

/// Of many documents, and of each of them.
#[cfg(unix)]
const CLAUSES: usize = 400 * EACH;
#[cfg(unix)]
const EACH: usize = 300;

#[cfg(unix)]
fn many_documents() -> Work {
    let work = Work::new();
    for i in 0..400 {
        work.write(&format!("docs/{i:03}.txt"), "We keep your data for a year. ".repeat(EACH));
    }
    work
}

#[cfg(unix)]
const LABEL: &str = "label docs --model model --output out.jsonl";

/// A run that gets a signal when its first batch is written: until then there is nothing to
/// interrupt.
#[cfg(unix)]
fn signalled(
    work: &Work,
    mut command: std::process::Command,
    signal: &str,
) -> std::process::Output {
    let _ = std::fs::remove_file(work.path("out.jsonl"));
    let child = command.stdin(Stdio::null()).spawn().unwrap();
    while work.path("out.jsonl").metadata().map_or(0, |file| file.len()) == 0 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let kill = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    child.wait_with_output().unwrap()
}

/// Whether it was stopped, and did not just end before the signal came; either way it left whole
/// documents.
#[cfg(unix)]
fn was_stopped(output: &std::process::Output, work: &Work) -> bool {
    let found = records(&work.read("out.jsonl")).len();
    let stopped = output.status.code() != Some(0);
    if stopped {
        assert_eq!(output.status.code(), Some(130), "{found} records");
        assert!(stderr(output).contains("stopped before the end"));
        assert!(stderr(output).contains("the same command with --resume goes on"));
        assert!(found < CLAUSES);
    }
    assert_eq!(found % EACH, 0, "whole documents");
    stopped
}
