//! A batch that did not come to its end goes on, and ends as if nothing had happened.

use super::common::write_tiny_model;
use super::work::{Work, stderr};

const LABEL: &str = "label docs --model model --gate off --output out.jsonl";
const RESUME: &str = "label docs --model model --gate off --output out.jsonl --resume";

/// Three documents that can be read and, in their middle, one that cannot.
fn documents() -> Work {
    let work = Work::with_documents();
    work.write("docs/b.txt", "");
    work
}

#[test]
fn a_run_that_was_cut_off_anywhere_goes_on() {
    let work = documents();
    work.run(LABEL, 3);
    let whole = work.read("out.jsonl");
    let cuts = (0..whole.len()).step_by(97).chain([whole.len() - 1, whole.len()]);
    for cut in cuts {
        work.write("out.jsonl", &whole[..cut]);
        work.run(RESUME, 3);
        assert!(work.read("out.jsonl") == whole, "cut at {cut}");
    }
}

#[test]
fn what_is_not_there_is_begun() {
    let work = documents();
    work.run(RESUME, 3);
    let whole = work.read("out.jsonl");
    work.run(LABEL, 3);
    assert_eq!(work.read("out.jsonl"), whole);
}

#[test]
fn documents_that_are_done_are_not_read_again() {
    let work = documents();
    work.run(LABEL, 3);
    let whole = work.read("out.jsonl");
    work.write("docs/a.html", "no longer what it was");
    let output = work.run(RESUME, 3);
    assert!(stderr(&output).contains("out.jsonl holds 3 documents already"));
    assert_eq!(work.read("out.jsonl"), whole);
}

#[test]
fn a_document_that_is_named_twice_is_labelled_twice() {
    let work = Work::with_documents();
    let label =
        "label docs/a.html docs/a.html docs/b.md --model model --output out.jsonl --gate off";
    work.run(label, 0);
    let whole = work.read("out.jsonl");
    let half = whole.len() / 2;
    work.write("out.jsonl", &whole[..half]);
    work.run(&format!("{label} --resume"), 0);
    assert_eq!(work.read("out.jsonl"), whole);
}

#[test]
fn what_would_be_lost_or_mixed_is_refused() {
    let work = documents();
    write_tiny_model(&work.path("other"), 8);
    let config = String::from_utf8(work.read("other/config.json")).unwrap();
    work.write("other/config.json", config.replace("\"tiny\"", "\"other\""));
    work.run(LABEL, 3);
    let whole = String::from_utf8(work.read("out.jsonl")).unwrap();
    let split = "split docs/a.html --output out.jsonl";
    let first = whole.lines().next().unwrap();
    let cases = [
        (whole.as_str(), "label docs --model other", "of the model tiny, not of other"),
        (&whole, "label docs/a.html --model model", "ends with docs/sub/c.txt, which is not among"),
        (&whole, "label docs --model model --format csv", "a file of JSON Lines only"),
        ("precious", "label docs --model model", "line 1 is no record"),
        (&format!("{first}\nprecious"), "label docs --model model", "line 2 is no record"),
        (&format!("{first}\n\n{first}\n"), "label docs --model model", "line 2 is no record"),
    ];
    for (before, command, problem) in cases {
        work.write("out.jsonl", before);
        let output = work.run(&format!("{command} --output out.jsonl --resume"), 2);
        assert!(stderr(&output).contains(problem), "{}", stderr(&output));
        assert_eq!(work.read("out.jsonl"), before.as_bytes());
    }
    work.run(split, 0);
    let output = work.run(RESUME, 2);
    assert!(stderr(&output).contains("it has no model"), "{}", stderr(&output));
    work.run("label docs --model model --resume", 2);
}

#[cfg(unix)]
#[test]
fn a_device_holds_nothing_to_go_on_with() {
    let work = documents();
    let output = work.run("label docs --model model --output /dev/null --resume", 2);
    assert!(stderr(&output).contains("cannot resume /dev/null: it is no file"));
}
