//! Which words carry a label: what its score loses when a word is left out.
//!
//! Occlusion (Zeiler and Fergus 2014; Li, Monroe and Jurafsky 2016): the text is scored again
//! without each word, and the difference is the word's weight. It holds for any encoder, asks
//! nothing of its insides, and sees one word at a time: of two words that each suffice, neither
//! gets a weight.

use std::ops::Range;

use crate::label::{Classifier, Input, Unit};
use crate::model::ModelError;

/// More words than this are left out in runs, so that long texts take no longer.
const MAX_STEPS: usize = 256;

/// A word, or a run of words, and what it does to the scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// Score with the word less score without it, by class index.
    pub weights: Vec<f32>,
}

/// The weights of all words of a text, in their order.
///
/// # Errors
/// As [`Classifier::classify`].
pub fn explain(
    classifier: &Classifier,
    input: Input,
    unit: Unit,
    threads: usize,
) -> Result<Vec<Word>, ModelError> {
    let spans = runs(&words(input.text));
    let without: Vec<String> = spans
        .iter()
        .map(|span| [&input.text[..span.start], &input.text[span.end..]].concat())
        .collect();
    let mut inputs = vec![input];
    inputs.extend(without.iter().map(|text| Input { text, ..input }));
    let mut scores = classifier.classify(&inputs, unit, threads)?.into_iter();
    let Some(whole) = scores.next() else { return Ok(Vec::new()) };
    let weigh = |rest: &[f32]| whole.scores.iter().zip(rest).map(|(a, b)| a - b).collect();
    Ok(spans
        .into_iter()
        .zip(scores)
        .map(|(span, rest)| Word { span, weights: weigh(&rest.scores) })
        .collect())
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
}
