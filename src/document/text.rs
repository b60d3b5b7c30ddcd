//! Text that remembers its place in the source.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A half-open range of byte offsets into the original file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Readable text (markup gone, entities resolved, white space as found or folded), each
/// piece of which knows the bytes it was read from.
///
/// Pieces are ordered in the text and in the source. A piece whose text and source have the
/// same length is copied byte for byte; otherwise (an entity, an escape, a re-encoded
/// character) the piece is one unit and is never cut.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappedText {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    /// Where the piece starts in `text`; it ends where the next one starts.
    at: usize,
    source: Span,
    step: Step,
}

/// How an offset inside a piece is translated: so many bytes of text stand for so many bytes of
/// source. Both are 1 for text copied byte for byte, and 0 for a piece that is one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    text: u8,
    source: u8,
}

impl Step {
    const VERBATIM: Step = Step { text: 1, source: 1 };
    const UNIT: Step = Step { text: 0, source: 0 };

    fn is_unit(self) -> bool {
        self.text == 0
    }
}

impl Piece {
    /// The source offset of the character that holds byte `offset` of the piece's text.
    fn source_start(&self, offset: usize) -> usize {
        if self.step.is_unit() {
            return self.source.start;
        }
        self.source.start + offset / usize::from(self.step.text) * usize::from(self.step.source)
    }

    /// The source offset after the last character of the piece's first `offset` bytes of text.
    fn source_end(&self, offset: usize) -> usize {
        if self.step.is_unit() {
            return self.source.end;
        }
        let chars = offset.div_ceil(usize::from(self.step.text));
        self.source.start + chars * usize::from(self.step.source)
    }
}

impl MappedText {
    /// An empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// The readable text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// True when there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The number of bytes of the readable text.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Appends text that stands in the source exactly as it is, from byte `start` on.
    pub fn push_verbatim(&mut self, text: &str, start: usize) {
        let source = Span { start, end: start + text.len() };
        self.push_stepped(text, source, Step::VERBATIM);
    }

    /// Appends characters that all take `text_step` bytes in the text and `source_step` bytes in
    /// the source, from byte `start` on: ASCII characters of a UTF-16 file take 1 and 2.
    pub fn push_scaled(&mut self, text: &str, start: usize, text_step: u8, source_step: u8) {
        let chars = text.len() / usize::from(text_step.max(1));
        let source = Span { start, end: start + chars * usize::from(source_step) };
        self.push_stepped(text, source, Step { text: text_step, source: source_step });
    }

    /// Appends another text, which must stand later in the source.
    pub fn append(&mut self, other: &MappedText) {
        for (i, piece) in other.pieces.iter().enumerate() {
            let text = &other.text[piece.at..other.piece_end(i)];
            if piece.step.is_unit() {
                self.push_decoded(text, piece.source);
            } else {
                self.push_stepped(text, piece.source, piece.step);
            }
        }
    }

    fn push_stepped(&mut self, text: &str, source: Span, step: Step) {
        if text.is_empty() {
            return;
        }
        if let Some(last) = self.pieces.last_mut()
            && last.step == step
            && last.source.end == source.start
        {
            last.source.end = source.end;
        } else {
            self.pieces.push(Piece { at: self.text.len(), source, step });
        }
        self.text.push_str(text);
    }

    /// Appends text that the source writes in other bytes: an entity, an escape, a line break
    /// in another encoding. It maps to the source as one unit.
    pub fn push_decoded(&mut self, text: &str, source: Span) {
        if text.is_empty() {
            return;
        }
        self.pieces.push(Piece { at: self.text.len(), source, step: Step::UNIT });
        self.text.push_str(text);
    }

    /// The source bytes of a byte range of the text: from the first byte of its first
    /// character to the last byte of its last one. An empty range maps to an empty span.
    ///
    /// # Panics
    /// When the range is not inside the text.
    pub fn span(&self, range: Range<usize>) -> Span {
        assert!(range.start <= range.end && range.end <= self.text.len(), "range outside the text");
        if range.is_empty() {
            let start = self.piece_at(range.start).map_or(0, |p| p.source.start);
            return Span { start, end: start };
        }
        let first = self.piece_at(range.start).expect("text without a piece");
        let last = self.piece_at(range.end - 1).expect("text without a piece");
        Span {
            start: first.source_start(range.start - first.at),
            end: last.source_end(range.end - last.at),
        }
    }

    /// Whether the text may be divided at byte `at`: not inside a piece that is one unit.
    pub fn can_cut(&self, at: usize) -> bool {
        self.piece_at(at).is_none_or(|piece| piece.at == at || !piece.step.is_unit())
    }

    /// The part of the text in `range`, with its own map.
    pub fn slice(&self, range: Range<usize>) -> MappedText {
        let mut out = MappedText::new();
        let first = self.pieces.partition_point(|p| p.at <= range.start).saturating_sub(1);
        for (i, piece) in self.pieces.iter().enumerate().skip(first) {
            if piece.at >= range.end {
                break;
            }
            let (from, to) = (piece.at.max(range.start), self.piece_end(i).min(range.end));
            if from >= to {
                continue;
            }
            let text = &self.text[from..to];
            if piece.step.is_unit() {
                out.push_decoded(text, piece.source);
            } else {
                let start = piece.source_start(from - piece.at);
                let end = piece.source_end(to - piece.at);
                out.push_stepped(text, Span { start, end }, piece.step);
            }
        }
        out
    }

    /// [`MappedText::slice`] of a text that is needed no more.
    pub(super) fn into_slice(mut self, range: Range<usize>) -> MappedText {
        if range.start > 0 {
            return self.slice(range);
        }
        self.text.truncate(range.end);
        self.pieces.truncate(self.pieces.partition_point(|piece| piece.at < range.end));
        if let Some(last) = self.pieces.last_mut()
            && !last.step.is_unit()
        {
            last.source.end = last.source_end(range.end - last.at);
        }
        self
    }

    /// The same text `by` bytes further on in the source.
    pub(super) fn shifted(&self, by: usize) -> MappedText {
        let mut out = self.clone();
        for piece in &mut out.pieces {
            piece.source = Span { start: piece.source.start + by, end: piece.source.end + by };
        }
        out
    }

    /// The same text mapped to another source: `copy` appends text that stands verbatim at an
    /// offset of the present source, `translate` gives the new span of a unit.
    pub(super) fn moved(
        &self,
        mut copy: impl FnMut(&mut MappedText, &str, usize),
        translate: impl Fn(Span) -> Span,
    ) -> MappedText {
        let mut out = MappedText::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            let text = &self.text[piece.at..self.piece_end(i)];
            if piece.step == Step::VERBATIM {
                copy(&mut out, text, piece.source.start);
            } else {
                out.push_decoded(text, translate(piece.source));
            }
        }
        out
    }

    /// Where the text of piece `i` ends.
    fn piece_end(&self, i: usize) -> usize {
        self.pieces.get(i + 1).map_or(self.text.len(), |next| next.at)
    }

    /// The piece that holds byte `at` of the text (the last one for the end of the text).
    fn piece_at(&self, at: usize) -> Option<&Piece> {
        let after = self.pieces.partition_point(|p| p.at <= at);
        self.pieces.get(after.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `We&amp;you <b>agree</b>`
    fn sample() -> MappedText {
        let mut text = MappedText::new();
        text.push_verbatim("We", 0);
        text.push_decoded("&", Span { start: 2, end: 7 });
        text.push_verbatim("you ", 7);
        text.push_verbatim("agree", 14);
        text
    }

    #[test]
    fn spans_point_at_the_source() {
        let text = sample();
        assert_eq!(text.as_str(), "We&you agree");
        assert_eq!(text.span(0..12), Span { start: 0, end: 19 });
        assert_eq!(text.span(2..3), Span { start: 2, end: 7 });
        assert_eq!(text.span(3..6), Span { start: 7, end: 10 });
        assert_eq!(text.span(7..12), Span { start: 14, end: 19 });
    }

    #[test]
    fn scaled_pieces_count_characters() {
        let mut text = MappedText::new();
        text.push_scaled("ab", 2, 1, 2);
        text.push_scaled("cd", 6, 1, 2);
        text.push_decoded("€", Span { start: 10, end: 12 });
        assert_eq!(text.span(1..3), Span { start: 4, end: 8 });
        assert_eq!(text.span(0..7), Span { start: 2, end: 12 });
        assert_eq!(text.slice(3..7).span(0..4), Span { start: 8, end: 12 });
    }

    #[test]
    fn a_slice_keeps_its_place() {
        let text = sample().slice(2..9);
        assert_eq!(text.as_str(), "&you ag");
        assert_eq!(text.span(0..7), Span { start: 2, end: 16 });
        assert_eq!(text.span(5..7), Span { start: 14, end: 16 });
    }

    #[test]
    fn a_text_gives_up_its_beginning() {
        for range in [0..0, 0..1, 0..3, 0..4, 0..9, 0..12, 2..9] {
            assert_eq!(sample().into_slice(range.clone()), sample().slice(range));
        }
        let mut wide = MappedText::new();
        wide.push_scaled("abcd", 2, 1, 2);
        assert_eq!(wide.clone().into_slice(0..3), wide.slice(0..3));
    }
}
