//! Highlights in a segment's HTML → places in its readable text.

use std::collections::BTreeMap;
use std::ops::Range;

use super::votes::Highlights;
use crate::document::Block;

/// A character of the readable text and the bytes of the segment that it stands for.
struct Character {
    text: Range<usize>,
    source: Range<usize>,
    space: bool,
}

/// For each class the parts of the readable text (bytes, as [`super::segments::readable`] joins
/// it) that some annotator highlighted. A space belongs to a place when both its neighbours do.
pub(super) fn places(
    blocks: &[Block],
    base: usize,
    highlights: &Highlights,
) -> BTreeMap<usize, Vec<(usize, usize)>> {
    let characters = characters(blocks, base);
    let mut seen: BTreeMap<usize, Vec<bool>> = BTreeMap::new();
    for (class, range) in highlights.classes() {
        let marks = seen.entry(class).or_insert_with(|| vec![false; characters.len()]);
        for (mark, character) in marks.iter_mut().zip(&characters) {
            let source = &character.source;
            *mark |= !character.space && source.start < range.end && range.start < source.end;
        }
    }
    let found = seen.into_iter().map(|(class, marks)| (class, runs(&characters, &marks)));
    found.filter(|(_, places)| !places.is_empty()).collect()
}

fn characters(blocks: &[Block], base: usize) -> Vec<Character> {
    let mut all = Vec::new();
    let mut offset = 0;
    for block in blocks {
        let text = block.text.as_str();
        for (at, c) in text.char_indices() {
            let span = block.text.span(at..at + c.len_utf8());
            all.push(Character {
                text: offset + at..offset + at + c.len_utf8(),
                source: span.start.saturating_sub(base)..span.end.saturating_sub(base),
                space: c.is_whitespace(),
            });
        }
        // Blocks are parted by a space.
        offset += text.len() + 1;
    }
    all
}

/// Runs of marked characters; spaces between two of them do not part them.
fn runs(characters: &[Character], marks: &[bool]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut open = false;
    for (character, &marked) in characters.iter().zip(marks) {
        let Range { start, end } = character.text;
        match runs.last_mut() {
            Some(last) if marked && open => last.1 = end,
            _ if marked => runs.push((start, end)),
            _ => {}
        }
        open = marked || (open && character.space);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::super::annotations::Practice;
    use super::super::segments::{read_segment, readable};
    use super::*;

    fn practice(class: Option<usize>) -> Practice {
        Practice {
            annotator: "1".into(),
            segment: 0,
            category: "x".into(),
            class,
            spans: Vec::new(),
            line: 1,
        }
    }

    #[test]
    fn highlights_are_found_in_the_readable_text() {
        let raw = "Caf&eacute;s share <strong>your  name</strong> <br> and mail.";
        let at = |part: &str| raw.find(part).map(|at| at..at + part.len()).unwrap();
        let (first, other) = (practice(Some(3)), practice(None));
        let mut highlights = Highlights::default();
        highlights.add(&first, at("share <strong>your"));
        highlights.add(&first, at("name"));
        highlights.add(&first, at("mail"));
        highlights.add(&other, at("and"));
        let blocks = read_segment(raw, 50);
        let text = readable(&blocks);
        let found = places(&blocks, 50, &highlights);
        let parts: Vec<&str> = found[&3].iter().map(|&(start, end)| &text[start..end]).collect();
        assert_eq!(parts, ["share your name", "mail"]);
        assert_eq!(found.len(), 1);
    }
}
