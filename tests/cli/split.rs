//! `split`

use serde_json::json;

use super::work::{NOTES, PAGE, Work, assert_offsets, records, stderr, text};

#[test]
fn records_have_the_fields_of_the_contract_in_order() {
    let work = Work::with_documents();
    let output = text(&work.run("split docs/b.md", 0).stdout);
    let first = output.lines().next().unwrap();
    let start = r#"{"document":"docs/b.md","index":0,"start":2,"end":11,"kind":"heading","context":[],"headings":[],"text":"Retention","source_sha256":""#;
    assert!(first.starts_with(start), "{first}");
    let found = records(output.as_bytes());
    assert!(found.iter().all(|record| record.get("labels").is_none()));
    let item = found.iter().find(|record| record["kind"] == "item").unwrap();
    assert_eq!(item["text"], "access logs;");
    assert_eq!(item["context"], json!(["Retention", "After that they go:"]));
    assert_eq!(item["headings"], json!(["Retention"]));
}

#[test]
fn headings_are_the_whole_path() {
    let work = Work::new();
    work.write("x.md", "# Privacy\n\n## Your rights\n\n### Access\n\nYou may ask us.\n");
    let found = work.records("split x.md", 0);
    let paths: Vec<_> = found.iter().map(|record| record["headings"].clone()).collect();
    let expected = [
        json!([]),
        json!(["Privacy"]),
        json!(["Privacy", "Your rights"]),
        json!(["Privacy", "Your rights", "Access"]),
    ];
    assert_eq!(paths, expected);
    assert_eq!(found[3]["context"], json!(["Access"]));
}

#[test]
fn a_page_that_is_mostly_left_out_is_told() {
    let work = Work::new();
    let policy = "<p>We collect the personal information that you give us when you open an \
                  account, and we share this data with third parties only with your consent.";
    let terms = "<p>You grant us a perpetual license to your submissions, and we disclaim all \
                 warranties, damages and any other liability under this agreement.";
    let page = format!("<h1>Privacy Policy</h1>{}", policy.repeat(4));
    work.write("a.html", &page);
    assert_eq!(stderr(&work.run("split a.html", 0)), "");
    work.write("b.html", format!("<h1>Terms of Use</h1>{}{page}", terms.repeat(30)));
    let told = stderr(&work.run("split b.html", 0));
    assert!(told.contains("most of the text of 1 left out"), "{told}");
    assert_eq!(stderr(&work.run("split b.html --boilerplate keep --gate off", 0)), "");
}

#[test]
fn the_checksum_is_that_of_the_file() {
    let work = Work::new();
    work.write("x.txt", "We keep nothing.");
    let found = work.records("split x.txt", 0);
    let sum = "02380682a793ec4f67f282353dfb0c1a0bda1e7228ebfa8b7d9c7ce2ae3b7c30";
    assert_eq!(found[0]["source_sha256"], sum);
}

#[test]
fn offsets_point_into_every_format() {
    let work = Work::with_documents();
    for (name, count) in [("docs/a.html", 9), ("docs/b.md", 6), ("docs/sub/c.txt", 3)] {
        let found = work.records(&format!("split {name}"), 0);
        assert_eq!(found.len(), count, "{name}: {found:#?}");
        found.iter().for_each(|record| assert_offsets(record, &work.read(name)));
    }
}

#[test]
fn offsets_count_bytes_of_the_file_whatever_its_encoding() {
    let work = Work::new();
    // Latin-1: é is one byte.
    let source = b"<meta charset=iso-8859-1><p>The caf\xe9 keeps logs.</p><p>No other data.</p>";
    work.write("old.html", source);
    let found = work.records("split old.html", 0);
    assert_eq!(found[0]["text"], "The café keeps logs.");
    let second = (found[1]["start"].as_u64().unwrap(), found[1]["end"].as_u64().unwrap());
    assert_eq!(&source[second.0 as usize..second.1 as usize], b"No other data.");
}

#[test]
fn reads_standard_input() {
    let work = Work::new();
    let output = work.run_with("split - --input markdown", NOTES, 0);
    let found = records(&output.stdout);
    assert_eq!(found.len(), 6);
    assert!(found.iter().all(|record| record["document"] == "-"));
    let page = records(&work.run_with("split -", PAGE, 0).stdout);
    assert_eq!(page[0]["text"], "Privacy at Café & Co");
}

#[test]
fn writes_csv_and_tables() {
    let work = Work::with_documents();
    let csv = text(&work.run("split docs/sub/c.txt --format csv", 0).stdout);
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some("document,index,start,end,kind,context,text,error,page,end_page")
    );
    assert_eq!(lines.next(), Some("docs/sub/c.txt,0,0,21,sentence,,We collect your name.,,,"));
    let table = text(&work.run("split docs/sub/c.txt --format table", 0).stdout);
    assert!(table.starts_with("docs/sub/c.txt\n"), "{table}");
    assert!(table.contains("We do not sell it."), "{table}");
}

#[test]
fn segments_are_whole_blocks() {
    let work = Work::with_documents();
    let found = work.records("split docs/sub/c.txt --unit segment", 0);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["text"], "We collect your name. We do not sell it.");
    found.iter().for_each(|record| assert_offsets(record, &work.read("docs/sub/c.txt")));
}

#[test]
fn boilerplate_can_be_kept() {
    let work = Work::new();
    let page = "<body><nav><a href=/>Home page</a></nav><main><p>We keep your orders.</p></main>";
    work.write("x.html", page);
    let has_menu = |arguments: &str| {
        work.records(arguments, 0).iter().any(|record| record["text"] == "Home page")
    };
    assert!(!has_menu("split x.html"));
    assert!(has_menu("split x.html --boilerplate keep"));
}
