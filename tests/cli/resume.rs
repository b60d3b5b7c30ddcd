//! A batch that did not come to its end goes on, and ends as if nothing had happened.

use super::work::{Work, records, stderr};

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
    let ends = (0..whole.len()).filter(|&at| whole[at] == b'\n');
    let cuts = ends.flat_map(|end| [end - 1, end, end + 1, end + 15]).chain([0, 5, 200]);
    for cut in cuts.filter(|&cut| cut <= whole.len()) {
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
    assert!(stderr(&output).contains("out.jsonl holds 3 documents already, 1 failed\n"));
    assert_eq!(work.read("out.jsonl"), whole);
}

#[test]
fn a_folder_that_can_be_read_again_is_no_obstacle() {
    let work = Work::with_documents();
    std::fs::create_dir(work.path("later")).unwrap();
    let label = "label later docs --model model --gate off --output out.jsonl";
    work.run(label, 3);
    work.write("later/new.txt", "We keep logs.");
    work.run(&format!("{label} --resume"), 3);
    let found = records(&work.read("out.jsonl"));
    let names: Vec<_> = found.iter().filter_map(|record| record["document"].as_str()).collect();
    assert_eq!((names[0], names.last()), ("later", Some(&"docs/sub/c.txt")));
    assert_eq!(names.iter().filter(|name| **name == "later/new.txt").count(), 1);
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
    let output = work.run(&format!("{label} --resume"), 0);
    assert!(stderr(&output).contains("holds 1 document already\n"), "{}", stderr(&output));
    assert_eq!(work.read("out.jsonl"), whole);
}

#[test]
fn what_would_be_lost_or_mixed_is_refused() {
    let work = documents();
    work.run(LABEL, 3);
    let whole = String::from_utf8(work.read("out.jsonl")).unwrap();
    let first = whole.lines().next().unwrap();
    let cases = [
        (format!("{first}\nprecious"), "line 2 is no record"),
        (format!("{first}\n\n{first}\n"), "line 2 is no record"),
        ("precious".to_owned(), "line 1 is no record"),
        (r#"{"document":"precious","labels":[1]}"#.to_owned(), "line 1 is no record"),
        (first.replace(r#""tiny""#, r#""other""#), "of the model other, not of tiny"),
        (whole.replace(r#""index":1,"#, r#""index":2,"#), "line 2 is not the next clause"),
        (whole.replace("docs/b.md", "docs/c.md"), "holds docs/c.md more often than the inputs do"),
        (whole.clone() + &whole, "holds docs/a.html more often than the inputs do"),
    ];
    for (before, problem) in cases {
        refused(&work, RESUME, &before, problem);
    }
    let csv = format!("{RESUME} --format csv");
    refused(&work, &csv, &whole, "a file of JSON Lines only");
    let fewer = "label docs/a.html --model model --gate off --output out.jsonl --resume";
    refused(&work, fewer, &whole, "more often than the inputs do");
    work.run("label docs --model model --resume", 2);
    work.run("split docs/a.html --output out.jsonl", 0);
    let split = String::from_utf8(work.read("out.jsonl")).unwrap();
    refused(&work, RESUME, &split, "line 1 is no record");
}

#[test]
fn a_last_document_that_has_gone_is_not_lost() {
    let work = documents();
    let label = "label docs/a.html docs/b.md --model model --gate off --output out.jsonl --resume";
    work.run(label, 0);
    let whole = String::from_utf8(work.read("out.jsonl")).unwrap();
    std::fs::remove_file(work.path("docs/b.md")).unwrap();
    refused(&work, label, &whole, "ends with docs/b.md, which cannot be read again");
    let piped = "label - --model model --gate off --output out.jsonl --resume";
    let _ = std::fs::remove_file(work.path("out.jsonl"));
    work.run_with(piped, "We keep logs.", 0);
    let whole = String::from_utf8(work.read("out.jsonl")).unwrap();
    refused(&work, piped, &whole, "ends with -, which cannot be read again");
}

/// Runs a command that must refuse to go on with this output, and leave it as it is.
fn refused(work: &Work, command: &str, before: &str, problem: &str) {
    work.write("out.jsonl", before);
    let output = work.run(command, 2);
    assert!(stderr(&output).contains(problem), "{}", stderr(&output));
    assert_eq!(work.read("out.jsonl"), before.as_bytes());
}

#[cfg(unix)]
#[test]
fn a_device_holds_nothing_to_go_on_with() {
    let work = documents();
    let output = work.run("label docs --model model --output /dev/null --resume", 2);
    assert!(stderr(&output).contains("cannot resume /dev/null: it is no file"));
}
