//! Tables of contents: entries that repeat the headings that follow.

use std::collections::HashMap;

use super::marks::{self, Counter, Enclosure, Family, Marker, Rank};
use super::outline::{Draft, Role};
use super::{BlockKind, flow};

/// How many entries in a row make a table of contents.
const CONTENTS: usize = 3;
/// Longest entry, in bytes.
const LONGEST_ENTRY: usize = 140;
/// How far one entry may stand from the one before it, in bytes.
const FARTHEST_ENTRY: usize = 200;
/// What stands over a table of contents.
const TITLES: [&str; 12] = [
    "contents",
    "tableofcontents",
    "onthispage",
    "inthispolicy",
    "inthisnotice",
    "inthisprivacypolicy",
    "inthisstatement",
    "quicklinks",
    "jumpto",
    "skipto",
    "index",
    "whatsinthispolicy",
];

/// Finds the tables of contents of a document and gives their entries their role.
pub(super) fn mark(drafts: &mut Vec<Draft>) {
    cut_inline(drafts);
    mark_repeated(drafts);
    mark_titled(drafts);
    for draft in drafts.iter_mut().filter(|draft| has_page_number(draft.text.as_str())) {
        draft.role = Role::Fixed(BlockKind::Contents);
    }
    numbered_to_items(drafts);
}

/// Entries in a row, each of which is the text of a heading further down; and lists, half of
/// whose items are.
fn mark_repeated(drafts: &mut [Draft]) {
    let keys: Vec<String> = drafts.iter().map(|draft| key(draft.text.as_str())).collect();
    let mut headings: HashMap<&str, usize> = HashMap::new();
    for (at, draft) in drafts.iter().enumerate().filter(|(at, _)| !keys[*at].is_empty()) {
        if is_heading(draft.role) || numbered_item(draft).is_some() {
            headings.insert(&keys[at], at);
        }
    }
    let heading = |at: usize| headings.get(keys[at].as_str()).copied().filter(|&h| h > at);
    let mut from = 0;
    while from < drafts.len() {
        let to = end_of_run(drafts, from, &keys, &heading);
        let ahead: Vec<usize> = (from..to).filter_map(heading).filter(|&h| h >= to).collect();
        let enough = ahead.len() >= CONTENTS && ahead.len() * 2 >= to - from;
        if enough {
            for draft in &mut drafts[from..to] {
                draft.role = Role::Fixed(BlockKind::Contents);
            }
            for &at in &ahead {
                if let Some(rank) = numbered_item(&drafts[at]) {
                    drafts[at].role = Role::Title(rank);
                }
            }
        }
        from = to;
    }
}

/// Where the run of possible entries from `from` on ends: a whole list of short items, or blocks
/// that repeat headings, between which one may be written otherwise than its heading.
fn end_of_run(
    drafts: &[Draft],
    from: usize,
    keys: &[String],
    heading: &impl Fn(usize) -> Option<usize>,
) -> usize {
    let items = drafts[from..].iter().take_while(|draft| is_entry(draft)).count();
    let mut to = from;
    while to < drafts.len() {
        let next = to + 1 < drafts.len() && heading(to + 1).is_some();
        match heading(to) {
            Some(_) => to += 1,
            None if to > from && next && !keys[to].is_empty() => to += 2,
            None => break,
        }
    }
    (from + items).max(to).max(from + 1)
}

/// A table of contents that stands inside a paragraph: `This page explains: 1. Names 2. Logs 3. How
/// to reach us We keep …`. Its entries are known by the numbered headings that follow.
fn cut_inline(drafts: &mut Vec<Draft>) {
    let titles: Vec<(usize, String)> = (drafts.iter().enumerate())
        .filter(|(_, draft)| is_numbered(draft))
        .map(|(at, draft)| (at, draft.text.as_str().trim().to_owned()))
        .collect();
    let Some((first, title)) = titles.first() else { return };
    let holds = |draft: &Draft| {
        draft.role == Role::Fixed(BlockKind::Paragraph)
            && draft.text.as_str().contains(title.as_str())
    };
    let Some(at) = drafts[..*first].iter().position(holds) else { return };
    let whole = drafts[at].text.clone();
    let cuts = inline_cuts(whole.as_str(), &titles);
    if cuts.len() <= CONTENTS || !cuts.iter().all(|cut| whole.can_cut(*cut)) {
        return;
    }
    let ends = cuts.iter().skip(1).copied().chain([whole.len()]);
    let parts = cuts.iter().zip(ends).enumerate().map(|(i, (&start, end))| {
        let entry = i + 1 < cuts.len();
        let kind = if entry { BlockKind::Contents } else { BlockKind::Paragraph };
        (start..end, kind)
    });
    let parts = std::iter::once((0..cuts[0], BlockKind::Paragraph)).chain(parts);
    let parts: Vec<Draft> = parts
        .map(|(range, kind)| (flow::trimmed(whole.as_str(), range), kind))
        .filter(|(range, _)| whole.as_str()[range.clone()].contains(char::is_alphanumeric))
        .map(|(range, kind)| Draft { role: Role::Fixed(kind), text: whole.slice(range) })
        .collect();
    drafts.splice(at..=at, parts);
}

/// Where the entries of a table of contents begin in a paragraph, and where the last one ends.
fn inline_cuts(text: &str, titles: &[(usize, String)]) -> Vec<usize> {
    let mut cuts = Vec::new();
    let mut end = None;
    for (_, title) in titles {
        let from = end.unwrap_or(0);
        let near = match end {
            Some(end) => &text[end..text.floor_char_boundary(end + FARTHEST_ENTRY)],
            None => text,
        };
        let Some(found) = near.find(title.as_str()) else { continue };
        // An entry that is written otherwise than its heading stands between.
        let between = flow::trimmed(text, from..from + found);
        if end.is_some() && !between.is_empty() {
            cuts.push(between.start);
        }
        cuts.push(from + found);
        end = Some(from + found + title.len());
    }
    cuts.extend(end);
    cuts
}

/// A heading, or what may be one, with a single number.
fn is_numbered(draft: &Draft) -> bool {
    let rank = match draft.role {
        Role::Title(rank) => Some(rank),
        _ => numbered_item(draft),
    };
    draft.text.len() <= LONGEST_ENTRY && matches!(rank, Some(Rank::Numbered { parts: 1, .. }))
}

/// Short items under the title of a table of contents.
fn mark_titled(drafts: &mut [Draft]) {
    let mut at = 0;
    while at < drafts.len() {
        let titled = TITLES.contains(&key(drafts[at].text.as_str()).as_str());
        at += 1;
        while titled && at < drafts.len() && is_entry(&drafts[at]) {
            drafts[at].role = Role::Fixed(BlockKind::Contents);
            at += 1;
        }
    }
}

fn is_entry(draft: &Draft) -> bool {
    let item = matches!(
        draft.role,
        Role::Fixed(BlockKind::Item { .. } | BlockKind::Contents) | Role::Marked(_)
    );
    let text = draft.text.as_str().trim_end();
    item && text.len() <= LONGEST_ENTRY && !text.ends_with(['.', ';', ','])
}

/// `1. Scope ........ 3`
fn has_page_number(text: &str) -> bool {
    if text.len() > LONGEST_ENTRY {
        return false;
    }
    let title = text.trim_end().trim_end_matches(|c: char| c.is_ascii_digit());
    let leader = title.len() - title.trim_end_matches(['.', '…', ' ', '·', '_']).len();
    title.len() < text.trim_end().len()
        && leader >= 4
        && title.contains(char::is_alphabetic)
        && title[title.len() - leader..].chars().filter(|c| !c.is_whitespace()).count() >= 3
}

pub(super) fn is_heading(role: Role) -> bool {
    matches!(role, Role::Title(_) | Role::Fixed(BlockKind::Heading { .. }))
}

/// The rank of an item that is a heading if a table of contents names it: in a page without
/// capitals, nothing else tells them.
fn numbered_item(draft: &Draft) -> Option<Rank> {
    let Role::Marked(Marker { family, value, .. }) = draft.role else { return None };
    match family {
        Family::Decimal(parts) => Some(Rank::Numbered { parts, value }),
        Family::Count(Counter::Digits, Enclosure::Stop) => Some(Rank::Numbered { parts: 1, value }),
        _ => None,
    }
}

/// In a page without capitals numbered items are titles when all of them have their text below.
pub(super) fn numbered_to_titles(drafts: &mut [Draft]) {
    if drafts.iter().any(|draft| draft.text.as_str().contains(char::is_uppercase)) {
        return;
    }
    let ranks =
        drafts.iter().enumerate().filter_map(|(at, draft)| Some((at, numbered_item(draft)?)));
    let ranks: Vec<(usize, Rank)> = ranks.collect();
    let is_title = |at: usize| {
        let below = drafts.get(at + 1).map(|draft| draft.role);
        drafts[at].text.len() <= LONGEST_ENTRY && below == Some(Role::Fixed(BlockKind::Paragraph))
    };
    if ranks.len() >= CONTENTS && ranks.iter().all(|(at, _)| is_title(*at)) {
        ranks.into_iter().for_each(|(at, rank)| drafts[at].role = Role::Title(rank));
    }
}

/// What is compared: letters and digits of a title in lower case, without bullet and number;
/// nothing for a text too long to be one.
pub(super) fn key(text: &str) -> String {
    let mut text = text.trim();
    if text.len() > LONGEST_ENTRY {
        return String::new();
    }
    while let Some(marker) = marks::marker(text) {
        text = &text[marker.len..];
    }
    let text = text.trim_start_matches(|c: char| c.is_ascii_digit());
    if text.is_ascii() {
        let letters = text.bytes().filter(u8::is_ascii_alphanumeric);
        return letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    }
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Numbered titles that follow each other without any text between them are a list, not
/// headings of empty sections.
fn numbered_to_items(drafts: &mut [Draft]) {
    let mut from = 0;
    while from < drafts.len() {
        let mut to = from + 1;
        if let Some((parts, value)) = number(&drafts[from]) {
            while to < drafts.len()
                && number(&drafts[to]) == Some((parts, value + (to - from) as u32))
            {
                to += 1;
            }
            if to - from >= CONTENTS {
                drafts[from..to].iter_mut().for_each(to_item);
            }
        }
        from = to;
    }
}

fn number(draft: &Draft) -> Option<(u8, u32)> {
    match draft.role {
        Role::Title(Rank::Numbered { parts, value }) => Some((parts, value)),
        _ => None,
    }
}

fn to_item(draft: &mut Draft) {
    draft.role = match marks::marker(draft.text.as_str()) {
        Some(marker) => Role::Marked(marker),
        None => Role::Fixed(BlockKind::Item { depth: 1 }),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ReadOptions, read};

    fn entries(source: &str, name: &str) -> Vec<String> {
        let document = read(source.as_bytes(), Some(name), &ReadOptions::default()).unwrap();
        let blocks = document.blocks.iter().filter(|block| block.kind == BlockKind::Contents);
        blocks.map(|block| block.text.as_str().to_owned()).collect()
    }

    #[test]
    fn entries_repeat_headings() {
        let source = "# Privacy\n\n* [Names](#a)\n* [Logs and more](#b)\n* [Contact](#c)\n\n## Names\n\n\
                      We keep them.\n\n## Logs and More\n\nWe keep those.\n\n## Contact\n\nBy mail.";
        assert_eq!(entries(source, "a.md"), ["Names", "Logs and more", "Contact"]);
    }

    #[test]
    fn entries_of_plain_text_too() {
        let source = "Privacy at Example\n\n1. Names\n2. Logs\n3. Contact\n\n1. Names\n\nWe keep \
                      them for a year.\n\n2. Logs\n\nWe keep those for a day.\n\n3. Contact\n\n\
                      Write to us by mail.";
        assert_eq!(entries(source, "a.txt"), ["1. Names", "2. Logs", "3. Contact"]);
    }

    #[test]
    fn entries_under_a_title_or_with_pages() {
        let source =
            "## On this page\n\n- What we keep\n- Whom to ask\n\n## Other\n\n- We keep it.";
        assert_eq!(entries(source, "a.md"), ["What we keep", "Whom to ask"]);
        assert_eq!(entries("Scope ........ 3\n\nWe keep 3.", "a.txt"), ["Scope ........ 3"]);
    }

    #[test]
    fn entries_tell_the_headings_of_a_page_without_capitals() {
        let source = "1.\nour data.\n2.\nyour rights.\n3.\nour address.\n1.\nour data.\nwe keep \
                      names.\n2.\nyour rights.\nyou may ask.\n3.\nour address.\nby mail only.\n";
        assert_eq!(entries(source, "a.txt").len(), 3);
        let document = read(source.as_bytes(), Some("a.txt"), &ReadOptions::default()).unwrap();
        let heading =
            |block: &&crate::document::Block| matches!(block.kind, BlockKind::Heading { .. });
        assert_eq!(document.blocks.iter().filter(heading).count(), 3);
    }

    #[test]
    fn text_glued_to_the_last_entry_is_cut_off() {
        let source = "We explain: 1\\. Names we keep 2\\. Logs we keep 3\\. More records 4\\. How to \
                      reach us This notice is for everyone who visits.  **1\\. Names we keep** We keep \
                      them.  **2\\. Logs we keep** We keep those.  **3\\. Other records** None.  **4\\. How \
                      to reach us** By mail.";
        assert_eq!(entries(source, "a.md").len(), 4);
        let document = read(source.as_bytes(), Some("a.md"), &ReadOptions::default()).unwrap();
        let texts: Vec<_> = document.blocks.iter().map(|block| block.text.as_str()).collect();
        assert!(texts.contains(&"This notice is for everyone who visits."), "{texts:?}");
    }

    #[test]
    fn headings_alone_are_no_contents() {
        let source = "# A\n\n# B\n\n# C\n\n## A one\n\nText is here.\n\n## A two\n\nText is there.";
        assert!(entries(source, "a.md").is_empty());
    }
}
