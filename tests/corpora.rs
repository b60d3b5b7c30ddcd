//! Every clause of real pages stands where its record says: the bytes there, decoded and with
//! markup stripped by other means than the readers', give its text.

use std::fs;
use std::path::{Path, PathBuf};

use fineprint::clause;
use fineprint::document::{self, ReadOptions};
use html5gum::{Token, Tokenizer};

fn data(folder: &str) -> Vec<PathBuf> {
    let root = std::env::var("FINEPRINT_DATA").expect("FINEPRINT_DATA names the corpora");
    let entries = fs::read_dir(Path::new(&root).join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Letters, digits and signs alone: white space and invisible characters are layout.
fn visible(text: &str) -> String {
    let invisible =
        |c: char| c.is_whitespace() || "\u{200b}\u{200c}\u{200d}\u{ad}\u{feff}".contains(c);
    text.chars().filter(|c| !invisible(*c)).collect()
}

/// The text of a piece of HTML as its tokenizer gives it.
fn stripped(html: &str) -> String {
    let mut text = String::new();
    for token in Tokenizer::new(html).flatten() {
        if let Token::String(string) = token {
            text.push_str(&String::from_utf8_lossy(&string));
        }
    }
    text
}

#[test]
#[ignore = "needs FINEPRINT_DATA"]
fn clauses_of_saved_pages_stand_where_they_say() {
    let (mut clauses, mut pages) = (0, 0);
    for path in data("opp115/original_policies") {
        let bytes = fs::read(&path).unwrap();
        let name = path.file_name().and_then(|name| name.to_str());
        let document = match document::read(&bytes, name, &ReadOptions::default()) {
            Ok(document) => document,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                continue;
            }
        };
        // Spans of a PDF count characters of its pages; its reader's own tests check them.
        if document.pages.is_some() {
            continue;
        }
        pages += 1;
        let mut last = 0;
        for clause in clause::split(&document) {
            let span = clause.span;
            assert!(last <= span.start && span.start < span.end && span.end <= bytes.len());
            last = span.end;
            let source = &bytes[span.start..span.end];
            // Of some pages only a part is valid UTF-8: the whole was read as Windows-1252.
            let legacy = encoding_rs::WINDOWS_1252.decode_without_bom_handling(source).0;
            let readings = [String::from_utf8_lossy(source), legacy];
            let text = visible(&clause.text);
            let found = readings.iter().any(|reading| visible(&stripped(reading)) == text);
            assert!(found, "{} {span:?}: {}", path.display(), clause.text);
            clauses += 1;
        }
    }
    assert!(pages >= 110 && clauses > 10_000, "{pages} pages, {clauses} clauses");
}
