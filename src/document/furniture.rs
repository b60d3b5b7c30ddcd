//! What stands around the text of a Markdown or plain text file: scripts, and menus of links.

use std::collections::HashSet;

use super::outline::{Draft, Role};
use super::{BlockKind, Reading, Reason, contents};

/// Words from which on a block of sentences is the text itself, not what stands around it.
const PROSE_WORDS: usize = 15;
/// Longest entry of a menu, in words.
const MENU_WORDS: usize = 6;
/// Links in a row that make a menu.
const MENU: usize = 3;
/// Shortest block that its signs alone show to be code.
const SHORTEST_CODE: usize = 30;
/// Signs that programs, style sheets and data are full of.
const SIGNS: [u8; 12] = *b"{}[]<>=;\\|$\"";
/// For each byte, whether it is one of them.
const IS_SIGN: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    while at < SIGNS.len() {
        table[SIGNS[at] as usize] = true;
        at += 1;
    }
    table
};
/// What programs and style sheets are full of.
const CODE: [&str; 18] = [
    "function(",
    "function (",
    "();",
    "});",
    "){",
    ") {",
    "=>",
    "\":\"",
    "\":{",
    "\":[",
    "px;",
    "!important",
    "window.",
    "document.",
    "return ",
    "@font-face",
    "url(",
    "var ",
];

/// Drops code, and menus before and after the text. `is_link` says of each draft whether it is
/// one link.
pub(super) fn drop_from(reading: &mut Reading, is_link: &[bool]) {
    let drafts = &reading.drafts;
    let broken = broken_links(drafts);
    let mut dropped: Vec<bool> =
        drafts.iter().map(|draft| is_leftover(draft.text.as_str())).collect();
    let prose = |at: &usize| !dropped[*at] && is_prose(&drafts[*at]);
    let first = (0..drafts.len()).find(prose).unwrap_or(drafts.len());
    let last = (0..drafts.len()).rfind(prose).map_or(drafts.len(), |at| at + 1);
    let headings: HashSet<String> = (drafts.iter())
        .filter(|draft| contents::is_heading(draft.role))
        .map(|draft| contents::key(draft.text.as_str()))
        .collect();
    for around in [0..first, last..drafts.len()] {
        let menu = |at: usize| {
            let link = broken[at] || is_link.get(at).copied().unwrap_or_default();
            let names_heading = || headings.contains(&contents::key(drafts[at].text.as_str()));
            dropped[at] || link && is_entry(&drafts[at]) && !names_heading()
        };
        let entries: Vec<bool> = around.clone().map(menu).collect();
        let mut from = 0;
        for run in entries.chunk_by(|a, b| a == b) {
            if run[0] && run.len() >= MENU {
                dropped[around.start + from..around.start + from + run.len()].fill(true);
            }
            from += run.len();
        }
    }
    // A file that would be empty without them is better read as it is.
    if dropped.iter().all(|dropped| *dropped) {
        return;
    }
    reading.drop_drafts(&dropped, Reason::Boilerplate);
}

/// Blocks that are the text of a link whose brackets stand in other blocks: `[`, `Shop`,
/// `](/shop)`.
fn broken_links(drafts: &[Draft]) -> Vec<bool> {
    const FARTHEST: usize = 4;
    let mut out = vec![false; drafts.len()];
    for at in
        (0..drafts.len()).filter(|at| drafts[*at].text.as_str().trim_start().starts_with("]("))
    {
        let near = at.saturating_sub(FARTHEST)..at;
        let opens = |at: &usize| drafts[*at].text.as_str().trim_start().starts_with('[');
        if let Some(first) = near.rev().find(opens) {
            out[first..at].fill(true);
        }
    }
    out
}

/// Some sentences of the text.
fn is_prose(draft: &Draft) -> bool {
    let text = draft.text.as_str();
    text.split_whitespace().take(PROSE_WORDS).count() >= PROSE_WORDS
}

fn is_entry(draft: &Draft) -> bool {
    let plain = matches!(
        draft.role,
        Role::Fixed(BlockKind::Paragraph | BlockKind::Item { .. } | BlockKind::Cell)
    );
    let text = draft.text.as_str();
    plain
        && !text.contains('@')
        && text.split_whitespace().take(MENU_WORDS + 1).count() <= MENU_WORDS
}

/// Code, a template's gap, or what is left of a link that breaks over several blocks.
fn is_leftover(text: &str) -> bool {
    let text = text.trim();
    let link = text.starts_with("](") && text.ends_with(')');
    let gap = text.starts_with("{{") && text.ends_with("}}");
    let call = text.ends_with("()") && !text.contains(char::is_whitespace);
    link || gap || call || is_code(text)
}

/// Whether a text is a program, a style sheet or data: many signs of different kinds.
fn is_code(text: &str) -> bool {
    if text.len() < SHORTEST_CODE {
        return false;
    }
    let signs = text.bytes().filter(|byte| IS_SIGN[usize::from(*byte)]).count();
    // Prose with quotations and brackets stays below two in a hundred.
    if signs * 100 < text.len() * 3 {
        return false;
    }
    if SIGNS.iter().filter(|sign| text.as_bytes().contains(sign)).count() < 3 {
        return false;
    }
    signs * 100 >= text.len() * 12 || CODE.iter().filter(|mark| text.contains(**mark)).count() >= 2
}

#[cfg(test)]
mod tests {
    use crate::document::{Boilerplate, Document, Gate, ReadOptions, read};

    const PROSE: &str = "We keep your name and your address for as long as your account is open, \
                         and we delete both of them within thirty days.";

    fn texts(source: &str, boilerplate: Boilerplate) -> Vec<String> {
        let options = ReadOptions { boilerplate, gate: Gate::Off, ..ReadOptions::default() };
        let Document { blocks, .. } = read(source.as_bytes(), Some("a.md"), &options).unwrap();
        blocks.iter().map(|block| block.text.as_str().to_owned()).collect()
    }

    #[test]
    fn menus_before_and_after_the_text_are_dropped() {
        let menu = "* [Home](/)\n* [Shop](/shop)\n* [Log in](/in)\n";
        let source = format!("{menu}\n# Privacy\n\n{PROSE}\n\n{menu}");
        assert_eq!(texts(&source, Boilerplate::Drop), ["Privacy", PROSE]);
        assert_eq!(texts(&source, Boilerplate::Keep).len(), 8);
        let inside = format!("{PROSE}\n\nPartners:\n\n{menu}\n{PROSE}");
        assert_eq!(texts(&inside, Boilerplate::Drop).len(), 6);
    }

    #[test]
    fn code_is_dropped_and_prose_with_signs_is_not() {
        let code = "window.app = {\"name\":\"x\",\"list\":[1,2]}; (function(){ document.x(); })();";
        let source = format!("{PROSE}\n\n{code}\n\n.a{{color:#fff;margin:0 1px;}} .b{{top:0px;}}");
        assert_eq!(texts(&source, Boilerplate::Drop), [PROSE]);
        let definitions = "Example Ltd. (\"Example\", \"we\" or \"us\") [formerly \"Sample\"] is the \
                           controller; \"you\" are the user.";
        assert_eq!(texts(definitions, Boilerplate::Drop), [definitions]);
    }

    #[test]
    fn a_file_of_links_alone_is_kept() {
        assert_eq!(texts("* [One](/1)\n* [Two](/2)\n* [Three](/3)\n", Boilerplate::Drop).len(), 3);
    }
}
