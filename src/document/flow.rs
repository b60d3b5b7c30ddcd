//! Running text with its line breaks and bold runs → drafts of blocks.
//!
//! HTML and Markdown both end here: a paragraph of the markup may still hold a bold title with
//! its text after a line break, a list written with breaks and bullets, or a whole policy on one
//! line with nothing but double spaces between its parts.

use std::ops::Range;

use super::marks::{self, Marker};
use super::outline::{self, Draft, Role};
use super::visible::{is_invisible, push_visible};
use super::{BlockKind, MappedText, Span};

/// A line this long that ends with a full stop is a paragraph of its own.
const LONG_LINE: usize = 60;
/// A single line this long is a whole document rather than a paragraph.
const LONG_PARAGRAPH: usize = 1500;

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Look {
    pub bold: bool,
    pub link: bool,
}

/// One paragraph of the markup while it is read.
#[derive(Debug, Default)]
pub(super) struct Flow {
    text: MappedText,
    /// Text offsets of line breaks that the markup demands.
    breaks: Vec<usize>,
    bold: Vec<Range<usize>>,
    links: Vec<Range<usize>>,
}

impl Flow {
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub fn text(&self) -> &MappedText {
        &self.text
    }

    /// Appends text found verbatim at `start`.
    pub fn push_verbatim(&mut self, text: &str, start: usize, look: Look) {
        let from = self.text.len();
        push_visible(&mut self.text, text, start);
        self.mark(from, look);
    }

    /// Appends text that the source writes differently.
    pub fn push_decoded(&mut self, text: &str, source: Span, look: Look) {
        let from = self.text.len();
        if text.contains(is_invisible) {
            let text: String = text.chars().filter(|c| !is_invisible(*c)).collect();
            self.text.push_decoded(&text, source);
        } else {
            self.text.push_decoded(text, source);
        }
        self.mark(from, look);
    }

    /// Appends text that has its place already.
    pub fn push_mapped(&mut self, text: MappedText) {
        if self.text.is_empty() {
            self.text = text;
        } else {
            self.text.append(&text);
        }
    }

    /// A line break by markup.
    pub fn push_break(&mut self, source: Span) {
        self.breaks.push(self.text.len());
        self.text.push_decoded("\n", source);
    }

    /// The last thing was a line break (and white space).
    pub fn ends_with_break(&self) -> bool {
        let end = self.text.as_str().trim_end().len();
        self.breaks.last().is_some_and(|at| *at >= end) && !self.text.is_empty()
    }

    fn mark(&mut self, from: usize, look: Look) {
        let to = self.text.len();
        for (applies, runs) in [(look.bold, &mut self.bold), (look.link, &mut self.links)] {
            match runs.last_mut() {
                _ if !applies || from == to => {}
                Some(last) if last.end == from => last.end = to,
                _ => runs.push(from..to),
            }
        }
    }

    /// How much of the text is links, in percent.
    pub fn linked_percent(&self) -> u8 {
        let linked = self.links.iter().map(Range::len).sum::<usize>();
        (linked * 100 / self.text.len().max(1)) as u8
    }

    /// Whether a part of the text is one link, as the lines of a menu are.
    fn is_link(&self, range: &Range<usize>) -> bool {
        let range = trimmed(self.text.as_str(), range.clone());
        let link = self.links.get(self.links.partition_point(|link| link.end <= range.start));
        !range.is_empty() && link.is_some_and(|l| l.start <= range.start && l.end >= range.end)
    }

    /// The blocks of this paragraph; `kind` is what the markup says.
    pub fn into_drafts(self, kind: BlockKind) -> Vec<Draft> {
        let text = self.text.as_str();
        let mut parts = self.parts(kind);
        parts.iter_mut().for_each(|(range, _)| *range = trimmed(text, range.clone()));
        parts.retain(|(range, _)| text[range.clone()].contains(char::is_alphanumeric));
        if let [(range, role)] = parts.as_slice() {
            return vec![Draft { role: *role, text: self.text.into_slice(range.clone()) }];
        }
        let draft = |(range, role)| Draft { role, text: self.text.slice(range) };
        parts.into_iter().map(draft).collect()
    }

    fn parts(&self, kind: BlockKind) -> Vec<(Range<usize>, Role)> {
        if let BlockKind::Heading { .. } = kind {
            let kind = if is_heading(self.text.as_str()) { kind } else { BlockKind::Paragraph };
            return vec![(0..self.text.len(), Role::Fixed(kind))];
        }
        let pieces = self.lines().into_iter().flat_map(|line| self.pieces(line));
        pieces.map(|piece| (piece.clone(), self.role(&piece, kind))).collect()
    }

    /// Parts between those line breaks that divide.
    fn lines(&self) -> Vec<Range<usize>> {
        let text = self.text.as_str();
        let mut lines = Vec::new();
        let mut from = 0;
        for (i, &at) in self.breaks.iter().enumerate() {
            let next_end = self.breaks.get(i + 1).copied().unwrap_or(text.len());
            let previous = if i == 0 { 0 } else { self.breaks[i - 1] };
            if self.divides(previous.max(from)..at, at..next_end) {
                lines.push(from..at);
                from = at;
            }
        }
        lines.push(from..text.len());
        lines
    }

    fn divides(&self, before: Range<usize>, after: Range<usize>) -> bool {
        let text = self.text.as_str();
        let (last, next) = (text[before.clone()].trim(), text[after.clone()].trim());
        let full = last.ends_with(['.', '!', '?', ';']) && last.len() >= LONG_LINE;
        full || last.ends_with(':')
            || self.is_link(&before) && self.is_link(&after)
            || marks::marker(next).is_some()
            || marks::marker(last).is_some() && !next.starts_with(char::is_lowercase)
            || self.bold_rank(&before).is_some() != self.bold_rank(&after).is_some()
            || marks::plain_title(last).is_some()
            || marks::plain_title(next).is_some()
    }

    fn role(&self, range: &Range<usize>, kind: BlockKind) -> Role {
        let text = &self.text.as_str()[range.clone()];
        if kind != BlockKind::Paragraph {
            return Role::Fixed(kind);
        }
        if let Some(rank) = self.bold_rank(range).or_else(|| marks::plain_title(text)) {
            return Role::Title(rank);
        }
        match marks::marker(text) {
            Some(marker) => Role::Marked(marker),
            None => Role::Fixed(kind),
        }
    }

    /// The rank of a wholly bold, short range.
    pub fn bold_rank(&self, range: &Range<usize>) -> Option<marks::Rank> {
        let text = self.text.as_str();
        let range = trimmed(text, range.clone());
        let title = &text[range.clone()];
        let rank = if marks::is_short(title) { marks::bold_title(title)? } else { return None };
        let first = self.bold.partition_point(|run| run.end <= range.start);
        let mut from = range.start;
        for run in self.bold[first..].iter().take_while(|run| run.start < range.end) {
            if text[from..run.start.max(from)].contains(char::is_alphanumeric) {
                return None;
            }
            from = run.end.min(range.end);
        }
        let covered = from > range.start && !text[from..range.end].contains(char::is_alphanumeric);
        covered.then_some(rank)
    }

    /// Parts of one line that only runs of two or more spaces or numbered bold titles divide.
    fn pieces(&self, line: Range<usize>) -> Vec<Range<usize>> {
        let text = self.text.as_str();
        let gaps = self.gaps(line.clone());
        if gaps.len() < 2 && self.bold.is_empty() {
            return vec![line];
        }
        let mut cuts = vec![line.start];
        for (i, gap) in gaps.iter().enumerate() {
            let next = gaps.get(i + 1).map_or(line.end, |next| next.start.max(gap.end));
            let last = *cuts.last().unwrap_or(&line.start);
            if gap.start < last {
                continue;
            }
            let title = self.run_in_title(gap.end, line.end, gap.len() > 1);
            if title.is_some() || self.gap_divides(last..gap.start, gap.end..next, &line) {
                if let Some(first) = introduced_marker(text, last..gap.start, gap.end..next) {
                    cuts.push(first);
                }
                cuts.push(gap.end);
            }
            cuts.extend(title);
        }
        cuts.retain(|at| self.text.can_cut(*at));
        cuts.push(line.end);
        cuts.dedup();
        cuts.windows(2).map(|pair| pair[0]..pair[1]).collect()
    }

    /// The places where a line may be cut: its start, runs of two or more spaces, bold runs.
    fn gaps(&self, line: Range<usize>) -> Vec<Range<usize>> {
        let mut gaps = gaps(self.text.as_str(), line.clone());
        let first = self.bold.partition_point(|run| run.start < line.start);
        let bold = self.bold[first..].iter().map(|run| run.start).take_while(|at| *at < line.end);
        gaps.extend(bold.map(|at| at..at));
        gaps.push(line.start..line.start);
        gaps.sort_by_key(|gap| (gap.end, gap.start));
        gaps.dedup_by_key(|gap| gap.end);
        gaps
    }

    fn gap_divides(&self, before: Range<usize>, after: Range<usize>, line: &Range<usize>) -> bool {
        let text = self.text.as_str();
        if before.end == after.start {
            return false;
        }
        let (before, after) = (text[before].trim_end(), &text[after]);
        let stop = before.ends_with(['.', '?', '!', ';']);
        let long = line.len() > LONG_PARAGRAPH;
        marks::marker(after).is_some_and(|m| !matches!(m.family, marks::Family::Bullet('n' | 'o')))
            || long && stop && after.starts_with(|c: char| c.is_uppercase())
    }

    /// Where a bold title that begins at `at` ends, when text follows it in the line. One without
    /// a number must stand after a gap, in a line that holds a whole document.
    fn run_in_title(&self, at: usize, end: usize, after_gap: bool) -> Option<usize> {
        let text = self.text.as_str();
        let at = trimmed(text, at..end).start;
        let run = &self.bold[self.bold.partition_point(|run| run.end <= at)..].first()?;
        if run.start > at || run.end > end {
            return None;
        }
        let run = trimmed(text, at..run.end);
        if run.end >= end || text[run.end..end].trim().is_empty() {
            return None;
        }
        let title = &text[run.clone()];
        let rank = marks::bold_title(title)?;
        let follows = text[run.end..end].trim_start();
        let begins = follows.starts_with(|c: char| c.is_uppercase() || c == '(' || c == '"');
        let numbered = matches!(rank, marks::Rank::Numbered { .. });
        let gap = after_gap && end - at > LONG_PARAGRAPH && !title.ends_with([':', ',', '.']);
        (begins && (numbered || gap)).then_some(run.end)
    }
}

/// When a list continues after the gap with its second marker, the first one stands inside the
/// text before it (`purposes: (a) to answer;  (b) to ship`): its place.
fn introduced_marker(text: &str, before: Range<usize>, after: Range<usize>) -> Option<usize> {
    let second = marks::marker(&text[after])?;
    if second.value != 2 {
        return None;
    }
    let follows = |first: Marker| outline::follows(first, second);
    let intro = text[before.clone()].find(": (")? + before.start + 2;
    marks::marker(&text[intro..before.end]).is_some_and(follows).then_some(intro)
}

/// Runs of two or more spaces inside a line.
fn gaps(text: &str, line: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let whole = &text[line.clone()];
    // Most lines have none, which is quickly seen.
    if !whole.contains("  ") && !whole.contains('\u{a0}') {
        return found;
    }
    let mut from = None;
    for (i, c) in whole.char_indices() {
        let at = line.start + i;
        if matches!(c, ' ' | '\u{a0}') {
            from.get_or_insert(at);
        } else if let Some(start) = from.take()
            && text[start..at].chars().count() >= 2
            && start > line.start
        {
            found.push(start..at);
        }
    }
    found
}

/// Heading markup is also used for its looks; what reads like a paragraph is one.
fn is_heading(text: &str) -> bool {
    let text = text.trim();
    text.len() <= 150 || text.len() <= 300 && !text.contains(". ")
}

/// `range` without white space at its ends.
pub(super) fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + (inner.len() - inner.trim_start().len());
    start..start + inner.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::outline::settle;

    /// `*` toggles bold, `/` is a break.
    fn blocks(source: &str) -> Vec<(BlockKind, String)> {
        let mut flow = Flow::default();
        let mut bold = false;
        for (at, c) in source.char_indices() {
            match c {
                '*' => bold = !bold,
                '/' => flow.push_break(Span { start: at, end: at + 1 }),
                _ => flow.push_verbatim(
                    &source[at..at + c.len_utf8()],
                    at,
                    Look { bold, link: false },
                ),
            }
        }
        settle(flow.into_drafts(BlockKind::Paragraph))
            .into_iter()
            .map(|block| (block.kind, block.text.as_str().to_string()))
            .collect()
    }

    fn texts(source: &str) -> Vec<String> {
        blocks(source).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn a_bold_line_is_a_heading() {
        let found = blocks("*Your rights*/You may ask us for a copy.");
        assert_eq!(found[0], (BlockKind::Heading { level: 2 }, "Your rights".into()));
        assert_eq!(found[1].0, BlockKind::Paragraph);
    }

    #[test]
    fn breaks_inside_an_address_do_not_divide() {
        let mut flow = Flow::default();
        flow.push_verbatim("Example Ltd\n12 Long Street\nSpringfield", 0, Look::default());
        assert_eq!(flow.into_drafts(BlockKind::Paragraph).len(), 1);
    }

    #[test]
    fn bullets_after_breaks_are_items() {
        let found = blocks("We collect/• your name/• your address");
        assert_eq!(found.len(), 3);
        assert_eq!(found[2], (BlockKind::Item { depth: 1 }, "• your address".into()));
    }

    #[test]
    fn a_numbered_bold_run_is_cut_out_of_its_line() {
        let found =
            texts("Intro text here.  *1.2 How we use data* We may use it.  (a) one;  (b) two.");
        assert_eq!(
            found,
            ["Intro text here.", "1.2 How we use data", "We may use it.", "(a) one;", "(b) two."]
        );
    }

    #[test]
    fn the_first_marker_of_a_list_is_found_in_its_introduction() {
        let found = texts("We use it to: (a) answer you;  (b) ship goods.");
        assert_eq!(found, ["We use it to:", "(a) answer you;", "(b) ship goods."]);
    }

    #[test]
    fn invisible_characters_are_dropped() {
        assert_eq!(texts("per\u{ad}sonal\u{200b} data"), ["personal data"]);
    }
}
