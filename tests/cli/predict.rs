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
