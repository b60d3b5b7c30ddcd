//! The HTML of one OPP-115 segment → blocks.
//!
//! Segments are not pages: their only tags are `br`, `strong`, `ul`, `li` (and a handful of
//! others, often unbalanced), so the page reader's rules on content do not apply.

use crate::document::{Block, BlockKind, MappedText, Span};

/// Separates the segments of a sanitized policy.
pub(super) const SEPARATOR: &str = "|||";

/// A heading in bold stands above one that is only a short line.
const BOLD_LEVEL: u8 = 2;
const LINE_LEVEL: u8 = 3;
/// Longer lines are emphasised sentences, not headings.
const MAX_BOLD_WORDS: usize = 20;
const MAX_QUESTION_WORDS: usize = 20;
const MAX_LINE_WORDS: usize = 10;

/// Tags inside a line; every other tag ends it.
const INLINE: [&str; 8] = ["strong", "b", "em", "i", "u", "a", "span", "font"];

/// Blocks of a segment that starts at byte `base` of its file.
pub(super) fn read_segment(raw: &str, base: usize) -> Vec<Block> {
    let mut reader = Reader { base, ..Reader::default() };
    let mut at = 0;
    while at < raw.len() {
        at += reader.step(&raw[at..], at);
    }
    reader.end_block();
    mark_headings(reader.blocks)
}

/// The whole text of a segment, blocks parted by a space.
pub(super) fn readable(blocks: &[Block]) -> String {
    blocks.iter().map(|b| b.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// A tag at the very start of `rest`: its name in lower case, whether it closes, its length.
/// `<` that opens no complete tag is text.
pub(super) fn tag_at(rest: &str) -> Option<(String, bool, usize)> {
    let inner = rest.strip_prefix('<')?;
    let end = inner.find(['<', '>']).filter(|&i| inner.as_bytes()[i] == b'>')?;
    let (closing, body) = match inner[..end].strip_prefix('/') {
        Some(body) => (true, body),
        None => (false, &inner[..end]),
    };
    let name = body.split([' ', '\n', '\t', '/']).next().unwrap_or_default();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric());
    is_name.then(|| (name.to_ascii_lowercase(), closing, end + 2))
}

/// A character reference at the very start of `rest`, and its length.
fn entity_at(rest: &str) -> Option<(char, usize)> {
    let end = rest.strip_prefix('&')?.bytes().take(10).position(|b| b == b';')?;
    let name = rest.get(1..=end)?;
    let decoded = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => char::from_u32(code_point(name)?)?,
    };
    Some((decoded, end + 2))
}

fn code_point(name: &str) -> Option<u32> {
    let digits = name.strip_prefix('#')?;
    match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}

/// A block and whether all of its text is bold.
struct Line {
    block: Block,
    bold: bool,
}

#[derive(Default)]
struct Reader {
    base: usize,
    blocks: Vec<Line>,
    text: MappedText,
    /// White space seen since the last character of the text, not written yet.
    space: Option<(char, Span)>,
    bold: bool,
    /// Some character of the block is not bold.
    plain: bool,
    lists: u8,
    in_item: bool,
}

impl Reader {
    /// Takes one tag, entity or character off `rest`, which starts at byte `at`.
    fn step(&mut self, rest: &str, at: usize) -> usize {
        if let Some((name, closing, length)) = tag_at(rest) {
            self.tag(&name, closing);
            return length;
        }
        let start = self.base + at;
        if let Some((c, length)) = entity_at(rest) {
            self.character(c, Span { start, end: start + length }, false);
            return length;
        }
        let Some(c) = rest.chars().next() else { return 1 };
        self.character(c, Span { start, end: start + c.len_utf8() }, true);
        c.len_utf8()
    }

    fn tag(&mut self, name: &str, closing: bool) {
        if matches!(name, "strong" | "b") {
            self.bold = !closing;
        }
        if INLINE.contains(&name) {
            return;
        }
        self.end_block();
        match name {
            "ul" | "ol" if closing => {
                self.lists = self.lists.saturating_sub(1);
                // An item that was never closed ends with its list.
                self.in_item = self.in_item && self.lists > 0;
            }
            "ul" | "ol" => self.lists = self.lists.saturating_add(1),
            "li" => self.in_item = !closing,
            _ => {}
        }
    }

    fn character(&mut self, c: char, source: Span, verbatim: bool) {
        if c.is_whitespace() || c == '\u{a0}' {
            self.space.get_or_insert((c, source));
            return;
        }
        match self.space.take() {
            Some((' ', space)) if !self.text.is_empty() && space.end == space.start + 1 => {
                self.text.push_verbatim(" ", space.start);
            }
            Some((_, space)) if !self.text.is_empty() => self.text.push_decoded(" ", space),
            _ => {}
        }
        let mut buffer = [0; 4];
        let text = c.encode_utf8(&mut buffer);
        if verbatim {
            self.text.push_verbatim(text, source.start);
        } else {
            self.text.push_decoded(text, source);
        }
        self.plain |= !self.bold;
    }

    fn end_block(&mut self) {
        self.space = None;
        let text = std::mem::take(&mut self.text);
        let bold = !std::mem::take(&mut self.plain);
        if text.is_empty() {
            return;
        }
        let kind = if self.in_item {
            BlockKind::Item { depth: self.lists.max(1) }
        } else {
            BlockKind::Paragraph
        };
        self.blocks.push(Line { block: Block { kind, text }, bold });
    }
}

/// Turns paragraphs into headings: a line all in bold, or a short line without a full stop
/// that stands alone or above running text.
fn mark_headings(lines: Vec<Line>) -> Vec<Block> {
    let levels: Vec<_> = (0..lines.len()).map(|i| heading_level(&lines, i)).collect();
    let blocks = lines.into_iter().zip(levels).map(|(mut line, level)| {
        if let Some(level) = level {
            line.block.kind = BlockKind::Heading { level };
        }
        line.block
    });
    blocks.collect()
}

fn heading_level(lines: &[Line], i: usize) -> Option<u8> {
    let line = &lines[i];
    let text = line.block.text.as_str();
    let words = text.split(' ').count();
    if line.block.kind != BlockKind::Paragraph || text.ends_with(['.', ';', ',']) {
        return None;
    }
    if line.bold {
        return (words <= MAX_BOLD_WORDS).then_some(BOLD_LEVEL);
    }
    // A last digit is a date's or an address's.
    let titled = text.starts_with(|c: char| !c.is_lowercase())
        && !text.ends_with(|c: char| matches!(c, ':' | '!') || c.is_ascii_digit());
    let limit = if text.ends_with('?') { MAX_QUESTION_WORDS } else { MAX_LINE_WORDS };
    let over_text = match lines.get(i + 1) {
        Some(next) => is_running_text(&next.block),
        None => lines.len() == 1,
    };
    (titled && over_text && words <= limit).then_some(LINE_LEVEL)
}

/// Lines of an address are short and end without a stop; text below a heading does not.
fn is_running_text(block: &Block) -> bool {
    let text = block.text.as_str();
    matches!(block.kind, BlockKind::Item { .. })
        || text.ends_with(['.', '!', '?', ':', ';'])
        || text.split(' ').count() > MAX_LINE_WORDS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(raw: &str) -> Vec<(BlockKind, String)> {
        let blocks = read_segment(raw, 0);
        blocks.into_iter().map(|b| (b.kind, b.text.as_str().to_owned())).collect()
    }

    #[test]
    fn breaks_and_items_part_blocks() {
        let raw = "We keep <strong>logs</strong>  of: <br> <br> <ul> <li> visits; </li> <li> names. \
                   </ul> </li> And more than that, for a year.";
        let item = BlockKind::Item { depth: 1 };
        assert_eq!(
            kinds(raw),
            [
                (BlockKind::Paragraph, "We keep logs of:".to_owned()),
                (item, "visits;".to_owned()),
                (item, "names.".to_owned()),
                (BlockKind::Paragraph, "And more than that, for a year.".to_owned()),
            ]
        );
    }

    #[test]
    fn headings_are_bold_lines_or_short_lines_above_text() {
        let heading = |level| BlockKind::Heading { level };
        assert_eq!(kinds("<strong> Your rights </strong> <br> Ask us.")[0].0, heading(2));
        assert_eq!(kinds("Your rights <br> <br> You may ask us.")[0].0, heading(3));
        assert_eq!(kinds("Cookies <br> <br>")[0].0, heading(3));
        let paragraph = BlockKind::Paragraph;
        assert_eq!(kinds("<strong>We never sell names.</strong> <br> Ask us.")[0].0, paragraph);
        assert_eq!(kinds("1 Long Lane <br> Springfield <br> Utopia")[0].0, paragraph);
        assert_eq!(kinds("Since May 2, 2011 <br> This holds for all.")[0].0, paragraph);
    }

    #[test]
    fn broken_tags_are_text_and_entities_are_resolved() {
        assert_eq!(kinds("<strWe.org <br> R&D &amp; more, 1 < 2")[0].1, "<strWe.org");
        assert_eq!(kinds("<strWe.org <br> R&D &amp; more, 1 < 2")[1].1, "R&D & more, 1 < 2");
        assert_eq!(
            kinds("a&#8217;s &#x2014; &#xFFFFFFFF; &nosuch;")[0].1,
            "a\u{2019}s \u{2014} &#xFFFFFFFF; &nosuch;"
        );
        assert_eq!(kinds(" <br> <ul></ul> "), []);
    }

    #[test]
    fn spans_point_into_the_file() {
        let raw = "Mail &amp; <strong>phone</strong>  calls";
        let blocks = read_segment(raw, 100);
        let text = &blocks[0].text;
        let at = text.as_str().find("calls").unwrap();
        let span = text.span(at..at + 5);
        assert_eq!(&raw[span.start - 100..span.end - 100], "calls");
        let at = text.as_str().find('&').unwrap();
        let span = text.span(at..at + 1);
        assert_eq!(&raw[span.start - 100..span.end - 100], "&amp;");
    }

    proptest! {
        #[test]
        fn any_text_is_read_in_order(raw in "(<|>|&|;|/|br|li|ul|strong|#x?[0-9]|[a-zé\u{a0} ]|\\|){0,40}") {
            let mut last = 7;
            for block in read_segment(&raw, 7) {
                let text = block.text.as_str();
                prop_assert_eq!(text.trim(), text);
                prop_assert!(!text.is_empty());
                let span = block.text.span(0..text.len());
                prop_assert!(last <= span.start && span.start < span.end);
                prop_assert!(span.end <= 7 + raw.len());
                prop_assert!(raw.get(span.start - 7..span.end - 7).is_some());
                last = span.end;
            }
        }
    }
}
