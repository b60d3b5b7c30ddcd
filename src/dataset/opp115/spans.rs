//! Annotators' highlights → byte ranges of the segment's HTML, checked against their text.

use std::ops::Range;

use serde::Serialize;

use super::annotations::RawSpan;
use super::segments::tag_at;

/// How the text at a highlight's place compares with the text it is said to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Exact,
    /// Equal but for white space around it.
    Trimmed,
    /// Equal once tags and white space are left out on both sides.
    Stripped,
}

/// What became of the annotators' highlights.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SpanCounts {
    /// Attributes with a place in the segment.
    pub total: usize,
    /// Left out, as the corpus lists them as broken.
    pub errant: usize,
    /// The text at the place is the highlighted text.
    pub exact: usize,
    /// It is but for white space around it.
    pub trimmed: usize,
    /// It is once tags and white space are left out.
    pub stripped: usize,
    /// It is not: left out.
    pub unplaced: usize,
}

impl SpanCounts {
    /// Places one highlight, counting what became of it.
    pub(super) fn place(&mut self, segment: &str, span: &RawSpan) -> Option<Range<usize>> {
        self.total += 1;
        if span.errant {
            self.errant += 1;
            return None;
        }
        let Some((range, how)) = place(segment, span) else {
            self.unplaced += 1;
            return None;
        };
        match how {
            Match::Exact => self.exact += 1,
            Match::Trimmed => self.trimmed += 1,
            Match::Stripped => self.stripped += 1,
        }
        Some(range)
    }
}

fn place(segment: &str, span: &RawSpan) -> Option<(Range<usize>, Match)> {
    let range = byte_at(segment, span.start)?..byte_at(segment, span.end)?;
    let found = segment.get(range.clone()).filter(|found| !found.is_empty())?;
    let how = if found == span.text {
        Match::Exact
    } else if found.trim() == span.text.trim() {
        Match::Trimmed
    } else if strip(found) == strip(&span.text) {
        Match::Stripped
    } else {
        return None;
    };
    Some((range, how))
}

/// Byte offset of the character with this index; the length of the text for one past the last.
fn byte_at(text: &str, index: usize) -> Option<usize> {
    if text.is_ascii() {
        return (index <= text.len()).then_some(index);
    }
    text.char_indices().map(|(i, _)| i).chain([text.len()]).nth(index)
}

/// The text without tags and white space.
fn strip(text: &str) -> String {
    let mut stripped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match tag_at(rest) {
            Some((_, _, length)) => length,
            None => {
                if !c.is_whitespace() {
                    stripped.push(c);
                }
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    stripped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(start: usize, end: usize, text: &str) -> RawSpan {
        RawSpan { start, end, text: text.to_owned(), errant: false }
    }

    #[test]
    fn texts_are_compared_ever_more_loosely() {
        let segment = "We share <strong> your</strong> data.";
        let how = |start, end, text| place(segment, &span(start, end, text)).map(|(_, how)| how);
        assert_eq!(how(0, 8, "We share"), Some(Match::Exact));
        assert_eq!(how(0, 9, " We share"), Some(Match::Trimmed));
        assert_eq!(how(3, 36, "share your data"), Some(Match::Stripped));
        assert_eq!(how(3, 8, "shore"), None);
        assert_eq!(how(3, 99, "share"), None);
        assert_eq!(how(8, 3, "share"), None);
        assert_eq!(how(3, 3, ""), None);
    }

    #[test]
    fn places_count_characters() {
        let segment = "Café users agree.";
        let (range, how) = place(segment, &span(5, 10, "users")).unwrap();
        assert_eq!((&segment[range], how), ("users", Match::Exact));
    }

    #[test]
    fn every_highlight_is_counted_once() {
        let mut counts = SpanCounts::default();
        assert_eq!(counts.place("We log.", &span(0, 2, "We")), Some(0..2));
        let errant = RawSpan { errant: true, ..span(0, 2, "We") };
        assert_eq!(counts.place("We log.", &errant), None);
        assert_eq!(counts.place("We log.", &span(1, 2, "We")), None);
        let expected = SpanCounts { total: 3, errant: 1, exact: 1, unplaced: 1, ..counts.clone() };
        assert_eq!(counts, expected);
    }

    proptest! {
        #[test]
        fn no_place_cuts_a_character(text in "[a-é<>/ ]{0,20}", start in 0usize..25, end in 0usize..25) {
            let chars: Vec<char> = text.chars().collect();
            let wanted: String = chars.get(start..end).unwrap_or_default().iter().collect();
            if let Some((range, how)) = place(&text, &span(start, end, &wanted)) {
                prop_assert_eq!(how, Match::Exact);
                prop_assert_eq!(&text[range], wanted);
            } else {
                prop_assert!(wanted.is_empty());
            }
        }
    }
}
