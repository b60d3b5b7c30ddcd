//! The pages of a document whose file has no byte for a character of its text.

use super::Span;

/// The text of a PDF, page by page in reading order. Spans of such a document count characters
/// (Unicode scalar values) of this text; [`Pages::place`] says where on which page they stand.
///
/// The text of a page is its lines, headers and footers too, with a line feed between two lines.
/// Pages are one character apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pages {
    text: String,
    /// Where each page begins.
    starts: Vec<Start>,
    chars: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Start {
    byte: usize,
    char: usize,
}

/// Where a piece of text stands in a document with pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The page it begins on, from 1.
    pub page: usize,
    /// Its first character, counted from the beginning of that page's text.
    pub start: usize,
    /// The page it ends on.
    pub end_page: usize,
    /// One past its last character, counted from the beginning of the page it ends on.
    pub end: usize,
}

/// Between two pages.
const PAGE_END: char = '\u{c}';

impl Pages {
    /// Begins a page; what is pushed stands on it.
    #[cfg(feature = "pdf")]
    pub(super) fn begin_page(&mut self) {
        if !self.starts.is_empty() {
            self.push(PAGE_END.encode_utf8(&mut [0; 4]));
        }
        self.starts.push(Start { byte: self.text.len(), char: self.chars });
    }

    /// Adds a line to the last page; the place of its first character.
    #[cfg(feature = "pdf")]
    pub(super) fn push_line(&mut self, line: &str) -> usize {
        let at_start = self.starts.last().is_none_or(|start| start.byte == self.text.len());
        if !at_start {
            self.push("\n");
        }
        let at = self.chars;
        self.push(line);
        at
    }

    #[cfg(feature = "pdf")]
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.chars += text.chars().count();
    }

    /// How many pages there are.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The text of a page; the first is 1.
    pub fn text(&self, page: usize) -> Option<&str> {
        let start = self.starts.get(page.checked_sub(1)?)?.byte;
        let end = self.starts.get(page).map_or(self.text.len(), |s| s.byte - PAGE_END.len_utf8());
        self.text.get(start..end)
    }

    /// Where a span of the document stands.
    pub fn place(&self, span: Span) -> Place {
        let page = |at: usize| self.starts.partition_point(|start| start.char <= at).max(1);
        let start_of = |page: usize| self.starts.get(page - 1).map_or(0, |start| start.char);
        let first = page(span.start);
        let last = page(span.end.saturating_sub(1).max(span.start));
        Place {
            page: first,
            start: span.start - start_of(first),
            end_page: last,
            end: span.end - start_of(last),
        }
    }
}

#[cfg(all(test, feature = "pdf"))]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_its_page() {
        let mut pages = Pages::default();
        pages.begin_page();
        assert_eq!(pages.push_line("Für"), 0);
        assert_eq!(pages.push_line("you"), 4);
        pages.begin_page();
        pages.begin_page();
        assert_eq!(pages.push_line("end"), 9);
        assert_eq!(pages.count(), 3);
        let texts: Vec<_> = (0..5).map(|page| pages.text(page)).collect();
        assert_eq!(texts, [None, Some("Für\nyou"), Some(""), Some("end"), None]);
        let place = |start, end| pages.place(Span { start, end });
        assert_eq!(place(4, 7), Place { page: 1, start: 4, end_page: 1, end: 7 });
        assert_eq!(place(9, 12), Place { page: 3, start: 0, end_page: 3, end: 3 });
        assert_eq!(place(4, 10), Place { page: 1, start: 4, end_page: 3, end: 1 });
    }
}
