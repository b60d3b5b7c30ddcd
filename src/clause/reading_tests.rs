//! The cases in `tests/reading`: whole files as they lie on the web, and their clauses.

use std::path::Path;

use super::tests::{differences, expected};
use super::{fold, split};
use crate::document::{Format, Gate, ReadOptions, read};

/// Runs one case of a file name's format; what is wrong with it, if anything.
fn failure(case: &str, name: &str) -> Option<String> {
    let Some((input, wanted)) = case.rsplit_once("\n--- expected\n") else {
        return Some(format!("no line `--- expected` in\n{case}"));
    };
    let input = input.trim_matches('\n');
    let options = ReadOptions { gate: Gate::Off, ..ReadOptions::default() };
    let document = match read(input.as_bytes(), Some(name), &options) {
        Ok(document) => document,
        Err(error) => return Some(error.to_string()),
    };
    differences(&expected(wanted), &split(&document))
}

fn failures(file: &str, name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reading").join(file);
    let text = std::fs::read_to_string(&path).expect("a fixture file can be read");
    let text: String = text.split_inclusive('\n').filter(|l| !l.starts_with("// ")).collect();
    text.split("\n=====\n").filter_map(|case| failure(case, name)).collect()
}

#[test]
fn plain_text() {
    let failures = failures("text.txt", "policy.txt");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn markdown() {
    let failures = failures("markdown.txt", "policy.md");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Pieces that files of both formats are made of.
const PIECES: [&str; 40] = [
    "We keep logs. ",
    "your name; ",
    "(a) ",
    "(b) ",
    "(c) 2016 ",
    "1. ",
    "2. ",
    "n ",
    "• ",
    "- ",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    "  ",
    "# ",
    "**",
    "[",
    "](/x)",
    "1\\. ",
    "What we keep",
    "What we keep\n\n",
    "How?\n",
    "é“",
    "\u{a0}",
    "\u{200b}",
    "&amp;",
    "e.g. ",
    "Co.\n",
    "a@b.example",
    "12 Long Street\n",
    "| a | b |\n|---|---|\n",
    "{\"x\":[1]};",
    "Contents\n\n",
    ".... 3\n",
    "we use it to: ",
    ", and so on\n",
    "<br>",
    "...",
    "Wir speichern Ihren Namen. ",
];

proptest::proptest! {
    #[test]
    fn clauses_stand_where_they_say(
        pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..60),
        markdown in proptest::bool::ANY,
        gate in proptest::bool::ANY,
    ) {
        let source = pieces.concat();
        let gate = if gate { Gate::On } else { Gate::Off };
        let format = if markdown { Format::Markdown } else { Format::Text };
        let options = ReadOptions { gate, format, ..ReadOptions::default() };
        if let Ok(document) = read(source.as_bytes(), None, &options) {
            let mut after = 0;
            for clause in split(&document) {
                let span = clause.span;
                proptest::prop_assert!(after <= span.start && span.start < span.end);
                let inside = source.get(span.start..span.end);
                proptest::prop_assert!(inside.is_some(), "not on character boundaries");
                // Without markup, the bytes there are the text.
                let inside = inside.unwrap_or_default();
                if !markdown {
                    proptest::prop_assert_eq!(fold(inside), clause.text);
                }
                after = span.end;
            }
        }
    }
}
