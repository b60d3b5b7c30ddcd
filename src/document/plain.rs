//! Plain text → drafts: blocks by blank lines, wrapped lines joined, bullets and titles found.

use std::ops::Range;

use super::flow::{self, Flow};
use super::marks::{self, Family, Rank};
use super::outline::{Draft, Role};
use super::{BlockKind, MappedText};

/// Widest line of text that somebody wrapped by hand or by program.
const WRAP_LIMIT: usize = 140;
/// Narrowest such line.
const WRAP_MINIMUM: usize = 40;

/// Reads plain text.
pub(super) fn read(text: &str) -> Vec<Draft> {
    let mut whole = MappedText::new();
    flow::push_visible(&mut whole, text, 0);
    drafts(&whole)
}

/// The drafts of a text whose lines are as its author broke them (also `<pre>` in HTML).
pub(super) fn drafts(source: &MappedText) -> Vec<Draft> {
    let text = source.as_str();
    let chunks = chunks(text);
    let wrapped_file = is_wrapped_file(text, &chunks);
    let mut out = Vec::new();
    for chunk in &chunks {
        for range in blocks(text, chunk, wrapped_file) {
            push_drafts(source, range, &mut out);
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

/// Most lines of the file end where the next word would have been too long.
fn is_wrapped_file(text: &str, chunks: &[Vec<Range<usize>>]) -> Option<usize> {
    let width = chunks.iter().flatten().map(|line| width(text, line)).max()?;
    let pairs: Vec<bool> = chunks
        .iter()
        .flat_map(|chunk| chunk.windows(2))
        .map(|pair| is_forced(text, &pair[0], &pair[1], width))
        .collect();
    let forced = pairs.iter().filter(|forced| **forced).count();
    let wrapped = (WRAP_MINIMUM..=WRAP_LIMIT).contains(&width)
        && pairs.len() >= 3
        && forced * 10 >= pairs.len() * 6;
    wrapped.then_some(width)
}

fn width(text: &str, line: &Range<usize>) -> usize {
    text[line.clone()].trim_end().chars().take(WRAP_LIMIT + 1).count()
}

/// The first word of `next` would not have fitted on `line`.
fn is_forced(text: &str, line: &Range<usize>, next: &Range<usize>, limit: usize) -> bool {
    let word = text[next.clone()].split_whitespace().next().map_or(0, |word| word.chars().count());
    // Ragged wrapping leaves a few columns.
    width(text, line) + 1 + word + 6 > limit
}

/// The blocks of one chunk: its lines, some of them joined.
fn blocks(text: &str, chunk: &[Range<usize>], wrapped_file: Option<usize>) -> Vec<Range<usize>> {
    let limit = chunk_limit(text, chunk, wrapped_file);
    let mut out: Vec<Range<usize>> = Vec::new();
    let mut previous: Option<&Range<usize>> = None;
    for line in chunk {
        let joins = previous.is_some_and(|previous| continues(text, previous, line, limit));
        match out.last_mut() {
            Some(last) if joins => last.end = line.end,
            _ => out.push(line.clone()),
        }
        previous = Some(line);
    }
    out
}

/// The width this chunk is wrapped at, if it is.
fn chunk_limit(text: &str, chunk: &[Range<usize>], wrapped_file: Option<usize>) -> Option<usize> {
    if wrapped_file.is_some() || chunk.len() < 4 {
        return wrapped_file;
    }
    let limit = chunk.iter().map(|line| width(text, line)).max()?;
    let forced = chunk.windows(2).filter(|pair| is_forced(text, &pair[0], &pair[1], limit)).count();
    let wrapped = (WRAP_MINIMUM..=WRAP_LIMIT).contains(&limit) && forced * 10 >= chunk.len() * 7;
    wrapped.then_some(limit)
}

/// Whether `line` goes on with what `previous` began.
fn continues(
    text: &str,
    previous: &Range<usize>,
    line: &Range<usize>,
    limit: Option<usize>,
) -> bool {
    let (before, after) = (text[previous.clone()].trim(), text[line.clone()].trim());
    if marks::is_bare_marker(before) {
        return true;
    }
    if marks::marker(after).is_some() || marks::is_bare_marker(after) {
        return false;
    }
    if let Some(limit) = limit {
        return is_forced(text, previous, line, limit) && !before.ends_with(':')
            || after.starts_with(char::is_lowercase) && !ends_sentence(before);
    }
    // Without a width to judge by, only a line that clearly breaks off is joined.
    let breaks_off = !before.ends_with(['.', '!', '?', ':', ';', '"', '”', ')'])
        && before.chars().count() >= WRAP_MINIMUM;
    breaks_off && after.starts_with(char::is_lowercase)
}

fn ends_sentence(text: &str) -> bool {
    text.ends_with(['.', '!', '?', ':', ';'])
}

/// A block of lines becomes one draft, or several when it is a whole policy on one line.
fn push_drafts(source: &MappedText, range: Range<usize>, out: &mut Vec<Draft>) {
    let text = source.as_str();
    let range = flow::trimmed(text, range);
    if let Some(found) = marks::marker(&text[range.clone()]) {
        let role = match marks::plain_title(&text[range.clone()]) {
            Some(rank) if !matches!(found.family, Family::Bullet(_)) => Role::Title(rank),
            _ => Role::Marked(found),
        };
        if !text[range.clone()].contains("  ") || range.len() < 400 {
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
        let stands_before_text = drafts.get(i + 1).is_some_and(|next| {
            next.text.len() > 2 * text.len()
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
    use super::*;
    use crate::document::outline::settle;

    fn blocks(text: &str) -> Vec<(BlockKind, String)> {
        settle(read(text))
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
