//! The word lists of the sentence splitter; they lie in `data/lists` as plain text.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Longest entry of the lists, in bytes: no longer word is looked up.
pub(super) const LONGEST: usize = 16;

/// How far an abbreviation can be trusted not to end its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Abbreviation {
    /// A sentence never ends here (`e.g.`).
    Never,
    /// None ends here when a number follows (`No.`, `Art.`).
    BeforeNumber,
    /// One may end here (`Inc.`).
    MayEnd,
}

static ABBREVIATIONS: LazyLock<HashMap<&'static str, Vec<Abbreviation>>> =
    LazyLock::new(|| parse_abbreviations(include_str!("../../data/lists/abbreviations.txt")));

static STARTERS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| lines(include_str!("../../data/lists/sentence-starters.txt")).collect());

/// What is known about a word with its final stop; capitals do not matter.
pub(super) fn abbreviation(word: &str) -> &'static [Abbreviation] {
    if word.len() > LONGEST {
        return &[];
    }
    ABBREVIATIONS.get(word.to_ascii_lowercase().as_str()).map_or(&[], Vec::as_slice)
}

/// Whether a word is one that often begins a sentence.
pub(super) fn starts_sentences(word: &str) -> bool {
    word.len() <= LONGEST && STARTERS.contains(word.to_ascii_lowercase().as_str())
}

/// The entries of a list: comments, white space and empty lines gone.
fn lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().map(|line| line.split('#').next().unwrap_or("").trim()).filter(|l| !l.is_empty())
}

/// An entry of several words is known by its last one.
fn parse_abbreviations(list: &'static str) -> HashMap<&'static str, Vec<Abbreviation>> {
    let mut out: HashMap<&'static str, Vec<Abbreviation>> = HashMap::new();
    let mut group = Abbreviation::Never;
    for line in lines(list) {
        match line {
            "[never]" => group = Abbreviation::Never,
            "[number]" => group = Abbreviation::BeforeNumber,
            "[final]" => group = Abbreviation::MayEnd,
            entry => {
                let word = entry.rsplit(' ').next().unwrap_or(entry);
                let known = out.entry(word).or_default();
                if !known.contains(&group) {
                    known.push(group);
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_well_formed() {
        for line in lines(include_str!("../../data/lists/abbreviations.txt")) {
            assert!(
                matches!(line, "[never]" | "[number]" | "[final]") || line.ends_with(['.', '!']),
                "no final stop: {line}"
            );
            assert_eq!(line, line.to_lowercase());
            assert!(line.rsplit(' ').next().is_some_and(|word| word.len() <= LONGEST), "{line}");
        }
        for word in STARTERS.iter() {
            assert!(word.chars().all(|c| c.is_ascii_lowercase()), "not a plain word: {word}");
            assert!(word.len() <= LONGEST);
        }
    }

    #[test]
    fn groups_are_read() {
        assert_eq!(abbreviation("e.g."), [Abbreviation::Never]);
        assert_eq!(abbreviation("No."), [Abbreviation::BeforeNumber]);
        assert_eq!(abbreviation("INC."), [Abbreviation::MayEnd]);
        assert_eq!(abbreviation("privacy."), []);
        assert!(starts_sentences("We") && !starts_sentences("Holdings"));
    }
}
