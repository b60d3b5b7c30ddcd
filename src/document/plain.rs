//! Plain text → drafts: blocks by blank lines, wrapped lines joined, bullets and titles found.

use std::ops::Range;

use super::address::is_address;
use super::flow::{self, Flow};
use super::joining::{Joiner, letter_bullet};
use super::marks::{self, Family, Marker, Rank};
use super::outline::{Draft, Role};
use super::visible::push_visible;
use super::watch::Watch;
use super::{BlockKind, Boilerplate, MappedText, Reading, definitions, furniture};

/// Reads plain text.
pub(super) fn read(text: &str, boilerplate: Boilerplate, watch: &Watch) -> Reading {
    let mut whole = MappedText::new();
    push_visible(&mut whole, text, 0);
    let mut reading = Reading { drafts: drafts(&whole, watch), ..Reading::default() };
    if boilerplate == Boilerplate::Drop {
        furniture::drop_from(&mut reading, &[]);
    }
    definitions::find(&mut reading);
    reading
}

/// The drafts of a text whose lines are as its author broke them (also `<pre>` in HTML).
pub(super) fn drafts(source: &MappedText, watch: &Watch) -> Vec<Draft> {
    let text = source.as_str();
    let chunks = chunks(text);
    let mut joiner = Joiner::new(text, &chunks);
    let mut out = Vec::new();
    for chunk in chunks.iter().take_while(|_| !watch.is_over()) {
        if is_table(text, chunk) {
            push_table(source, chunk, &mut out);
            continue;
        }
        for range in joiner.blocks(chunk) {
            push_drafts(source, range, joiner.letters(), &mut out);
        }
    }
    titles_by_position(&mut out);
    out
}

/// Lines between blank lines.
fn chunks(text: &str) -> Vec<Vec<Range<usize>>> {
    let mut chunks = Vec::new();
    let mut chunk = Vec::new();
    for line in lines(text) {
        let line_text = text[line.clone()].trim();
        if line_text.contains(|c: char| c.is_alphanumeric()) {
            chunk.push(line);
        } else if !chunk.is_empty() {
            chunks.push(std::mem::take(&mut chunk));
        }
    }
    if !chunk.is_empty() {
        chunks.push(chunk);
    }
    chunks
}

/// Lines without their ends, whichever way they end.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_end =
        |c: char| matches!(c, '\n' | '\r' | '\u{c}' | '\u{b}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut from = 0;
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        match text[from..].find(is_end) {
            Some(len) => {
                let line = from..from + len;
                let rest = &text[line.end..];
                let end = if rest.starts_with("\r\n") {
                    2
                } else {
                    rest.chars().next().map_or(1, char::len_utf8)
                };
                from = line.end + end;
                Some(line)
            }
            None => {
                done = true;
                Some(from..text.len())
            }
        }
    })
}

/// Rows of a table whose cells tabs divide.
fn is_table(text: &str, chunk: &[Range<usize>]) -> bool {
    let cells = |line: &Range<usize>| text[line.clone()].trim().matches('\t').count() + 1;
    let columns = chunk.first().map_or(0, cells);
    chunk.len() >= 3 && columns >= 2 && chunk.iter().all(|line| cells(line) == columns)
}

/// The cells of the first row, which are headers, and each further row as a whole.
fn push_table(source: &MappedText, chunk: &[Range<usize>], out: &mut Vec<Draft>) {
    let text = source.as_str();
    let mut push = |range: Range<usize>| {
        let range = flow::trimmed(text, range);
        if text[range.clone()].contains(char::is_alphanumeric) {
            out.push(Draft { role: Role::Fixed(BlockKind::Cell), text: source.slice(range) });
        }
    };
    let Some((header, rows)) = chunk.split_first() else { return };
    let mut from = header.start;
    for (at, _) in text[header.clone()].match_indices('\t') {
        push(from..header.start + at);
        from = header.start + at + 1;
    }
    push(from..header.end);
    rows.iter().cloned().for_each(push);
}

/// A block of lines becomes one draft, or several when it is a whole policy on one line.
fn push_drafts(source: &MappedText, range: Range<usize>, letters: &[char], out: &mut Vec<Draft>) {
    let text = source.as_str();
    let range = flow::trimmed(text, range);
    let block = &text[range.clone()];
    let letter = letter_bullet(block).filter(|letter| letters.contains(letter));
    let bullet = |letter: char| {
        let len = block.len() - block[letter.len_utf8()..].trim_start().len();
        Marker { family: Family::Bullet(letter), value: 0, len }
    };
    if let Some(found) = letter.map(bullet).or_else(|| marks::marker(block)) {
        let role = match marks::plain_title(block) {
            Some(rank) if !matches!(found.family, Family::Bullet(_)) => Role::Title(rank),
            _ => Role::Marked(found),
        };
        if !block.contains("  ") || range.len() < 400 {
            out.push(Draft { role, text: source.slice(range) });
            return;
        }
    }
    let mut flow = Flow::default();
    flow.push_mapped(source.slice(range));
    out.extend(flow.into_drafts(BlockKind::Paragraph));
}

/// Titles that show only by standing before a text: Title Case, a question, a short line.
fn titles_by_position(drafts: &mut [Draft]) {
    for i in 0..drafts.len() {
        if drafts[i].role != Role::Fixed(BlockKind::Paragraph) {
            continue;
        }
        let text = drafts[i].text.as_str();
        if is_address(text) {
            continue;
        }
        let stands_before_text = drafts.get(i + 1).is_some_and(|next| {
            let table = next.role == Role::Fixed(BlockKind::Cell);
            table
                || next.text.len() > 2 * text.len()
                    && next.text.as_str().trim_end().ends_with(['.', ':', '!', '?'])
        });
        let introduced = i > 0 && drafts[i - 1].text.as_str().ends_with(':');
        if let Some(rank) = marks::weak_title(text) {
            drafts[i].role = Role::Title(rank);
        } else if stands_before_text && !introduced && is_short_line(text) {
            drafts[i].role = Role::Title(Rank::Other);
        }
    }
    if let Some(first) = drafts.first_mut()
        && first.role == Role::Title(Rank::Other)
        && first.text.len() <= 100
    {
        first.role = Role::Fixed(BlockKind::Heading { level: 1 });
    }
}

/// `Personal data we collect`: a few words from a capital to no stop.
fn is_short_line(text: &str) -> bool {
    let words = text.split_whitespace().take(10).count();
    text.starts_with(char::is_uppercase)
        && words <= 9
        && text.ends_with(|c: char| c.is_alphanumeric() || c == '?')
        && !text.contains(['.', ',', ';', '\n'])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::document::outline::settle;

    fn blocks(text: &str) -> Vec<(BlockKind, String)> {
        settle(read(text, Boilerplate::Keep, &Watch::start(Duration::MAX)).drafts)
            .into_iter()
            .map(|block| {
                let span = block.text.span(0..block.text.len());
                assert_eq!(&text[span.start..span.end], block.text.as_str());
                (block.kind, block.text.as_str().to_string())
            })
            .collect()
    }

    fn texts(text: &str) -> Vec<String> {
        blocks(text).into_iter().map(|(_, text)| text).collect()
    }

    fn heading(level: u8) -> BlockKind {
        BlockKind::Heading { level }
    }

    #[test]
    fn wrapped_lines_are_joined() {
        let text = "We collect information that you give to us when you\nregister, and we keep it as \
                    long as your account is\nopen. Nobody else may read it, and we do not sell it\nto \
                    anyone.\n\nYour rights are listed below.";
        assert_eq!(texts(text).len(), 2);
    }

    #[test]
    fn one_clause_a_line_is_not_joined() {
        let text = "we collect your name.\nwe collect your email address when you register with us.\nwe \
                    do not sell it.\n";
        assert_eq!(texts(text).len(), 3);
    }

    #[test]
    fn bullets_and_counts_are_items() {
        let text = "We collect:\n\n- your name;\n* your mail;\nn  Your phone;\n\n(a) logs;\n(b) \
                    cookies.";
        let found = blocks(text);
        assert_eq!(found.len(), 6);
        assert_eq!(found[0].0, BlockKind::Paragraph);
        assert!(
            found[1..].iter().all(|(kind, _)| matches!(kind, BlockKind::Item { .. })),
            "{found:?}"
        );
    }

    #[test]
    fn titles_without_markup() {
        let text = "Privacy Policy of Example\n\nDear users,\n\nWe care.\n\n1. What We Collect\n\n1.1 \
                    Names\n\nWe collect names of people.\n\nYOUR RIGHTS\n\nHow can you reach us?\n\nBy mail to \
                    the address that is given above on this page.";
        let found = blocks(text);
        let headings: Vec<_> =
            found.iter().filter(|(k, _)| matches!(k, BlockKind::Heading { .. })).collect();
        let expected = [
            (heading(1), "Privacy Policy of Example"),
            (heading(2), "1. What We Collect"),
            (heading(3), "1.1 Names"),
            (heading(2), "YOUR RIGHTS"),
            (heading(3), "How can you reach us?"),
        ];
        assert_eq!(headings.len(), expected.len(), "{found:?}");
        for (found, expected) in headings.iter().zip(expected) {
            assert_eq!((found.0, found.1.as_str()), expected);
        }
    }

    #[test]
    fn a_count_on_its_own_line_belongs_to_the_next() {
        let found = blocks("we describe below.\n1.\nhow we use data.\n2.\nhow we share data.");
        assert_eq!(found[1], (BlockKind::Item { depth: 1 }, "1.\nhow we use data.".into()));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn line_ends_of_every_kind() {
        assert_eq!(
            texts("One here.\r\n\r\nTwo here.\r\rThree here."),
            ["One here.", "Two here.", "Three here."]
        );
    }
}
