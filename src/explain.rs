//! Which words carry a label: what its score loses when a word is left out.
//!
//! Occlusion (Zeiler and Fergus 2014; Li, Monroe and Jurafsky 2016): the text is scored again
//! without each word, and the difference is the word's weight. It holds for any encoder, asks
//! nothing of its insides, and sees one word at a time: of two words that each suffice, neither
//! gets a weight. Of a text that is too long for the model only what it reads is looked at.

use std::ops::Range;

use crate::label::{Classifier, Input, Unit};
use crate::model::ModelError;

/// More words than this are left out in runs, so that long texts take no longer.
const MAX_STEPS: usize = 256;

/// Texts scored together: each is nearly as long as the whole.
const BATCH: usize = 32;

/// Bytes of a text that are tried first for what the model reads.
const FIRST_TRY: usize = 1 << 10;

/// A word, or a run of words, and what it does to the scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// Score with the word less score without it, by class index.
    pub weights: Vec<f32>,
}

/// The weights of all words of a text that the model reads, in their order.
///
/// # Errors
/// As [`Classifier::classify`].
pub fn explain(
    classifier: &Classifier,
    input: Input,
    unit: Unit,
    threads: usize,
) -> Result<Vec<Word>, ModelError> {
    let (text, words) =
        read_part(input.text, |text| classifier.truncates(&Input { text, ..input }))?;
    let mut whole = classifier.classify(&[Input { text, ..input }], unit, 1)?;
    let Some(whole) = whole.pop() else { return Ok(Vec::new()) };
    let weigh = |rest: &[f32]| whole.scores.iter().zip(rest).map(|(a, b)| a - b).collect();
    let mut found = Vec::new();
    for spans in runs(&words).chunks(BATCH) {
        let without: Vec<String> =
            spans.iter().map(|span| [&text[..span.start], &text[span.end..]].concat()).collect();
        let inputs: Vec<Input> = without.iter().map(|text| Input { text, ..input }).collect();
        let scores = classifier.classify(&inputs, unit, threads)?;
        let weighed = spans.iter().zip(scores);
        found.extend(
            weighed.map(|(span, rest)| Word { span: span.clone(), weights: weigh(&rest.scores) }),
        );
    }
    Ok(found)
}

/// The beginning of a text that the model reads, up to the word that it reads in part, and the
/// words in it. `truncates` says whether a text is too long.
fn read_part<E>(
    text: &str,
    mut truncates: impl FnMut(&str) -> Result<bool, E>,
) -> Result<(&str, Vec<Range<usize>>), E> {
    let mut size = FIRST_TRY;
    let part = loop {
        let part = &text[..text.floor_char_boundary(size)];
        if part.len() == text.len() || truncates(part)? {
            break part;
        }
        size *= 2;
    };
    let mut words = words(part);
    // The first word that is not read whole lies in here.
    let (mut from, mut to) = (0, words.len());
    while from < to {
        let middle = from.midpoint(to);
        if truncates(&part[..words[middle].end])? {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    words.truncate(from + 1);
    let last = words.get(from).map_or(part.len(), |word| word.end);
    Ok((&part[..last], words))
}

/// Spans of the words: between white space, without the punctuation around them.
fn words(text: &str) -> Vec<Range<usize>> {
    let start = text.as_ptr().addr();
    text.split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .map(|word| {
            let at = word.as_ptr().addr() - start;
            at..at + word.len()
        })
        .collect()
}

/// Neighbouring words joined to at most [`MAX_STEPS`] runs.
fn runs(words: &[Range<usize>]) -> Vec<Range<usize>> {
    let size = words.len().div_ceil(MAX_STEPS).max(1);
    let run = |words: &[Range<usize>]| match words {
        [first, .., last] => first.start..last.end,
        [only] => only.clone(),
        [] => 0..0,
    };
    words.chunks(size).map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_without_punctuation() {
        let text = "We keep  “logs” (for a year), e.g. – yes.";
        let found: Vec<&str> = words(text).into_iter().map(|span| &text[span]).collect();
        assert_eq!(found, ["We", "keep", "logs", "for", "a", "year", "e.g", "yes"]);
        assert!(words(" – . ").is_empty());
    }

    #[test]
    fn long_texts_are_taken_in_runs() {
        let text = "word ".repeat(1000);
        let found = runs(&words(&text));
        assert!(found.len() <= MAX_STEPS);
        assert_eq!(found[0], 0..19);
        assert_eq!(found.last().map(|span| span.end), Some(4999));
    }

    /// A model that reads so many bytes.
    fn read_by(limit: usize, text: &str) -> (&str, usize) {
        let read = read_part(text, |text| Ok::<_, ModelError>(text.len() > limit)).unwrap();
        (read.0, read.1.len())
    }

    #[test]
    fn only_what_the_model_reads_is_looked_at() {
        let text = "word ".repeat(5000);
        assert_eq!(read_by(99_999, &text), (text.as_str(), 5000));
        assert_eq!(read_by(1000, &text), (&text[..1004], 201));
        assert_eq!(read_by(9999, &text), (&text[..10_004], 2001));
        assert_eq!(read_by(2, "word word"), ("word", 1));
        assert_eq!(read_by(9, ""), ("", 0));
        // Dots after the last word that it reads are read in part.
        let dots = format!("We keep logs{}", ".".repeat(3000));
        assert_eq!(read_by(100, &dots), (&dots[..1024], 3));
    }

    #[test]
    fn a_word_without_an_end_is_no_reason_to_try_long() {
        let text = "é".repeat(1 << 20);
        let mut longest = 0;
        let truncates = |text: &str| {
            longest = longest.max(text.len());
            Ok::<_, ModelError>(text.len() > 3000)
        };
        let (read, words) = read_part(&text, truncates).unwrap();
        assert_eq!((read.len(), words.len(), longest), (4096, 1, 4096));
    }
}
