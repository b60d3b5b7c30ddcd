//! PDF files

use std::path::Path;

use serde_json::json;

use super::work::{Work, text};

fn with_fixtures(names: &[&str]) -> Work {
    let work = Work::new();
    for name in names {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pdf").join(name);
        work.write(&format!("docs/{name}"), std::fs::read(path).unwrap());
    }
    work
}

#[test]
fn a_record_says_on_which_page_it_stands() {
    let work = with_fixtures(&["running.pdf"]);
    let found = work.records("split docs/running.pdf --gate off", 0);
    assert!(found.iter().all(|record| record["offsets"] == "page-characters"));
    let over = found.iter().find(|record| record["end_page"] == 3).unwrap();
    assert_eq!(over["page"], 2);
    assert!(over["text"].as_str().unwrap().ends_with("within a week on working days."));
    let last = found.last().unwrap();
    assert_eq!(last["page"], 3);
    assert!(last.get("end_page").is_none());
    assert_eq!(last["context"], json!(["Changes"]));
}

#[test]
fn a_table_has_columns_for_the_pages() {
    let work = with_fixtures(&["running.pdf"]);
    let csv = text(&work.run("split docs/running.pdf --gate off --format csv", 0).stdout);
    assert!(csv.lines().next().unwrap().ends_with("error,page,end_page"));
    assert!(csv.lines().any(|line| line.ends_with(",,2,3")), "{csv}");
}

#[test]
fn files_of_a_folder_are_taken_and_refused_with_a_reason() {
    let work = with_fixtures(&["one-column.pdf", "image-only.pdf", "encrypted.pdf"]);
    let found = work.records("label docs --model model", 3);
    let kinds: Vec<_> =
        found.iter().filter_map(|record| record["error"]["kind"].as_str()).collect();
    assert_eq!(kinds, ["pdf-encrypted", "pdf-without-text"]);
    let first = found.iter().find(|record| record["index"] == 0).unwrap();
    assert_eq!(first["text"], "Privacy Policy of the Pear Shop");
    assert_eq!((&first["page"], &first["start"]), (&json!(1), &json!(0)));
}

#[test]
fn the_format_can_be_demanded() {
    let work = with_fixtures(&["one-column.pdf"]);
    let found = work.records("split docs/one-column.pdf --input pdf", 0);
    assert_eq!(found, work.records("split docs/one-column.pdf", 0));
    let wrong = work.records("split docs/one-column.pdf --input text", 3);
    assert_eq!(wrong[0]["error"]["kind"], "binary");
}
