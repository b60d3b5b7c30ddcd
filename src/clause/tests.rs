//! The fixtures in `tests/splitter` and properties that hold for any text.
//!
//! A fixture file holds cases, each `input`, a line `---`, the expected clauses; cases are
//! separated by a line `===`, and lines starting with `//` are comments. Blocks of the input
//! are separated by empty lines: `# heading` (as many `#` as its level), `- item` (two spaces
//! before it for each level below the first), `| cell`, else a paragraph. A clause is a line
//! `kind: text`; a line `  in: heading > introduction` after it states its context.

use proptest::prelude::*;

use super::{Clause, sentences, split};
use crate::document::{Block, BlockKind, Document, MappedText, cases};

/// Reads the notation for blocks; every block is verbatim text of `input`.
fn document(input: &str) -> Document {
    let mut blocks = Vec::new();
    let mut at = 0;
    for part in input.split("\n\n") {
        let start = at;
        at += part.len() + 2;
        let glyphs = part.len() - part.trim_start_matches(' ').len();
        let bare = &part[glyphs..];
        let (kind, marker) = if let Some(rest) = bare.strip_prefix("| ") {
            (BlockKind::Cell, bare.len() - rest.len())
        } else if let Some(rest) = bare.strip_prefix("- ") {
            let depth = u8::try_from(glyphs / 2 + 1).unwrap_or(u8::MAX);
            (BlockKind::Item { depth }, bare.len() - rest.len())
        } else if bare.starts_with('#') {
            let level = bare.len() - bare.trim_start_matches('#').len();
            (BlockKind::Heading { level: u8::try_from(level).unwrap_or(6) }, level + 1)
        } else {
            (BlockKind::Paragraph, 0)
        };
        let skip = glyphs + marker;
        let mut text = MappedText::new();
        text.push_verbatim(part.get(skip..).unwrap_or(""), start + skip);
        blocks.push(Block { kind, text });
    }
    Document { blocks, ..Document::default() }
}

/// A clause as the fixtures write it.
fn written(clause: &Clause) -> String {
    format!("{}: {}", format!("{:?}", clause.kind).to_lowercase(), clause.text)
}

/// The expected clauses of a case, each with its context where one is stated.
pub(super) fn expected(lines: &str) -> Vec<(String, Option<Vec<String>>)> {
    let mut out: Vec<(String, Option<Vec<String>>)> = Vec::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        match (line.strip_prefix("  in:"), out.last_mut()) {
            (Some(context), Some(last)) => {
                let parts = context.split(" > ").map(str::trim).filter(|part| !part.is_empty());
                last.1 = Some(parts.map(str::to_owned).collect());
            }
            _ => out.push((line.to_owned(), None)),
        }
    }
    out
}

/// Runs one case; what is wrong with it, if anything.
fn failure(case: &str) -> Option<String> {
    let Some((input, wanted)) = case.split_once("\n---\n") else {
        return Some(format!("no line `---` in\n{case}"));
    };
    let clauses = split(&document(input.trim_matches('\n')));
    differences(&expected(wanted), &clauses)
}

/// What differs between the clauses a case wants and those that were cut, if anything.
pub(super) fn differences(
    wanted: &[(String, Option<Vec<String>>)],
    clauses: &[Clause],
) -> Option<String> {
    let got: Vec<String> = clauses.iter().map(written).collect();
    let texts: Vec<&str> = wanted.iter().map(|(text, _)| text.as_str()).collect();
    if got != texts {
        return Some(format!("wanted\n  {}\ngot\n  {}", texts.join("\n  "), got.join("\n  ")));
    }
    wanted.iter().zip(clauses).find_map(|((text, context), clause)| {
        let context = context.as_ref()?;
        (*context != clause.context).then(|| {
            format!("{text}\nwanted context {context:?}\n   got context {:?}", clause.context)
        })
    })
}

#[test]
fn fixtures() {
    cases::run("splitter", 30, failure);
}

#[test]
fn headings_are_a_path_and_context_has_the_last_one() {
    let clauses = split(&document("# A\n\n## B\n\nOne.\n\n### C\n\nTwo.\n\n## D\n\nThree. Four."));
    let found: Vec<_> = clauses.iter().map(|c| (c.text.as_str(), c.headings.join("/"))).collect();
    let expected = [
        ("A", ""),
        ("B", "A"),
        ("One.", "A/B"),
        ("C", "A/B"),
        ("Two.", "A/B/C"),
        ("D", "A"),
        ("Three.", "A/D"),
        ("Four.", "A/D"),
    ];
    assert_eq!(found, expected.map(|(text, path)| (text, path.to_owned())));
    assert!(clauses.iter().all(|clause| clause.context.len() <= 1));
    assert_eq!(clauses[4].context, ["C"]);
}

#[test]
fn spans_point_at_the_text() {
    let input = "# Data\n\nWe  keep logs. You\u{a0}may\u{200b} ask:\n\n- for a copy;";
    for clause in split(&document(input)) {
        let source = &input[clause.span.start..clause.span.end];
        assert_eq!(super::fold(source), clause.text);
    }
}

#[test]
fn a_sentence_without_end_is_cut() {
    let semicolons = "we keep the log of a pear; ".repeat(60);
    assert_eq!(sentences(&semicolons).len(), 60);
    let lines = "we keep the log of a pear\n".repeat(60);
    assert_eq!(sentences(&lines).len(), 60);
    let short = "we keep the log of a pear; ".repeat(6);
    assert_eq!(sentences(&short).len(), 1);
}

#[test]
fn a_huge_line_takes_linear_time() {
    let shapes = [
        "we keep data; ",
        ". ",
        "(a) ",
        "(((",
        "1. ",
        "!?",
        "a.b",
        "\n ",
        "\u{a0}.",
        "(a) x. ",
        "so: (a) we keep all of it; (b) we sell none of it ",
        ".[1",
        "(a) (i) a) (1) ",
    ];
    for shape in shapes {
        let text = shape.repeat(400_000 / shape.len());
        let before = std::time::Instant::now();
        let ranges = sentences(&text);
        let parts = super::enumeration::parts(&text, &ranges);
        assert!(parts.len() >= ranges.len() || parts.is_empty());
        // A quadratic pass over this would take minutes.
        assert!(before.elapsed().as_secs() < 10, "{shape:?} took {:?}", before.elapsed());
    }
}

/// Text with many stops, markers, capitals, line ends and characters of several bytes.
fn prose() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z]{1,8}",
        Just("We".to_owned()),
        Just("e.g.".to_owned()),
        Just("Inc.".to_owned()),
        Just("U.S.".to_owned()),
        Just("(a)".to_owned()),
        Just("(b)".to_owned()),
        Just("1.".to_owned()),
        Just("2.".to_owned()),
        Just("to:".to_owned()),
        Just("é\u{a0}—".to_owned()),
        Just("\u{200b}".to_owned()),
        "[.!?…;:,)\"”*\n ]{1,3}",
        "\\PC{1,3}",
    ];
    let gap = prop_oneof![4 => Just(" "), 1 => Just(""), 1 => Just("\n"), 1 => Just("; ")];
    proptest::collection::vec((piece, gap), 0..60)
        .prop_map(|pieces| pieces.into_iter().map(|(piece, gap)| piece + gap).collect())
}

proptest! {
    #[test]
    fn sentences_hold_all_that_is_not_white_space(text in prose()) {
        let ranges = sentences(&text);
        let mut end = 0;
        for range in &ranges {
            prop_assert!(range.start >= end && range.end > range.start);
            prop_assert!(text[end..range.start].trim().is_empty());
            prop_assert_eq!(text[range.clone()].trim(), &text[range.clone()]);
            end = range.end;
        }
        prop_assert!(text[end..].trim().is_empty());
    }

    #[test]
    fn clauses_hold_every_letter_once(texts in proptest::collection::vec((prose(), 0..4u8), 1..6)) {
        let mut source = String::new();
        let mut blocks = Vec::new();
        for (text, kind) in texts {
            let kind = match kind {
                0 => BlockKind::Paragraph,
                1 => BlockKind::Heading { level: 2 },
                2 => BlockKind::Item { depth: 1 },
                _ => BlockKind::Cell,
            };
            let mut mapped = MappedText::new();
            mapped.push_verbatim(&text, source.len());
            source.push_str(&text);
            blocks.push(Block { kind, text: mapped });
        }
        let clauses = split(&Document { blocks, ..Document::default() });
        let mut end = 0;
        for clause in &clauses {
            prop_assert!(clause.span.start >= end);
            prop_assert!(!source[end..clause.span.start].contains(char::is_alphanumeric));
            let inside = &source[clause.span.start..clause.span.end];
            prop_assert_eq!(&super::fold(inside), &clause.text);
            prop_assert!(clause.text.contains(char::is_alphanumeric));
            end = clause.span.end;
        }
        prop_assert!(!source[end..].contains(char::is_alphanumeric));
    }

    #[test]
    fn any_text_can_be_split(text in any::<String>()) {
        let mut mapped = MappedText::new();
        mapped.push_verbatim(&text, 0);
        split(&Document {
            blocks: vec![Block { kind: BlockKind::Paragraph, text: mapped }],
            ..Document::default()
        });
    }
}
