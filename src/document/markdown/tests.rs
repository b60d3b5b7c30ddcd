//! Markdown, as crawlers and people write it.

use std::time::Duration;

use super::*;
use crate::document::outline::settle;

fn read(text: &str) -> Reading {
    super::read(text, Boilerplate::Drop, &Watch::start(Duration::MAX))
}

fn blocks(text: &str) -> Vec<(BlockKind, String)> {
    settle(read(text).drafts)
        .into_iter()
        .map(|block| {
            let text = block.text.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
            (block.kind, text)
        })
        .collect()
}

fn texts(text: &str) -> Vec<String> {
    blocks(text).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn escapes_and_entities_are_resolved() {
    let source = "1\\. We &amp; you\\_x";
    let drafts = read(source).drafts;
    let text = &drafts[0].text;
    assert_eq!(text.as_str(), "1. We & you_x");
    let span = text.span(6..7);
    assert_eq!(&source[span.start..span.end], "&amp;");
}

#[test]
fn links_keep_their_text_and_images_go() {
    assert_eq!(
        texts("See [our page](http://example.org \"t\") ![logo](x.png) or <http://a.example>."),
        ["See our page or http://a.example."]
    );
}

#[test]
fn headings_lists_quotes_tables() {
    let text = "Policy\n======\n\n> quoted text\n\n*   one\n    *   inner\n\n**Your rights**\n\n| a | b \
                |\n|---|---|\n| c | d |\n";
    let kinds: Vec<_> = blocks(text).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(
        kinds,
        [
            BlockKind::Heading { level: 1 },
            BlockKind::Paragraph,
            BlockKind::Item { depth: 1 },
            BlockKind::Item { depth: 2 },
            BlockKind::Heading { level: 2 },
            BlockKind::Cell,
            BlockKind::Cell,
            BlockKind::Cell,
            BlockKind::Cell,
        ]
    );
}

#[test]
fn a_policy_on_one_line_is_cut() {
    let text = "# Privacy\n\nWe care.  **1\\. What we collect** We collect names.  **1.1 How** We use \
                them to: (a) ship;  (b) bill.";
    let found = blocks(text);
    let expected = [
        "Privacy",
        "We care.",
        "1. What we collect",
        "We collect names.",
        "1.1 How",
        "We use them to:",
        "(a) ship;",
        "(b) bill.",
    ];
    assert_eq!(found.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), expected);
    assert_eq!(found[2].0, BlockKind::Heading { level: 2 });
    assert_eq!(found[4].0, BlockKind::Heading { level: 3 });
    assert_eq!(found[7].0, BlockKind::Item { depth: 1 });
}

#[test]
fn a_script_that_nothing_closes_ends_with_its_paragraph() {
    assert_eq!(
        texts("One.\n\n<script src=\"x\"\n\nTwo.\n\n<!-- so\n\nThree.\n\n<style>\n"),
        ["One.", "Two.", "Three."]
    );
    assert_eq!(texts("One.\n\n<script>\n\nx\n\n</script>\n\nTwo."), ["One.", "Two."]);
    assert_eq!(texts("We load a <script here.\n\nTwo."), ["We load a <script here.", "Two."]);
}

#[test]
fn indented_text_and_markup_are_text() {
    assert_eq!(
        texts("    Indented text\n\n<div>One<p>Two</div>\n\nThree<br>four"),
        ["Indented text", "One", "Two", "Three four"]
    );
}

#[test]
fn a_colon_alone_makes_no_definition() {
    assert_eq!(texts("Logs\n: Lists of requests."), ["Logs", "Lists of requests."]);
    assert_eq!(texts("Logs\n:root is a user"), ["Logs :root is a user"]);
    assert_eq!(texts("Logs\n: Lists\n\n:root is a user").len(), 2);
}
