//! Which lines of a plain text belong together: wrapped, torn or bulleted ones.

use std::ops::Range;

use super::address::{is_address, leads_to_address};
use super::marks::{self, Enclosure, Family, Marker};
use super::outline;

/// Widest line of text that somebody wrapped by hand or by program.
const WRAP_LIMIT: usize = 140;
/// Narrowest such line.
const WRAP_MINIMUM: usize = 40;

/// Letters that bullets of symbol fonts become.
const LETTERS: &str = "noqlvØü§";

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

/// Decides which lines of a chunk are one block.
pub(super) struct Joiner<'a> {
    text: &'a str,
    /// The width the file is wrapped at, if it is.
    wrapped_file: Option<usize>,
    /// Letters that are bullets in this file.
    letters: Vec<char>,
    /// The last marker of a list at the beginning of a line.
    last: Option<Marker>,
}

impl<'a> Joiner<'a> {
    pub fn new(text: &'a str, chunks: &[Vec<Range<usize>>]) -> Self {
        let letters = bullet_letters(text, chunks);
        Self { text, wrapped_file: is_wrapped_file(text, chunks), letters, last: None }
    }

    pub fn letters(&self) -> &[char] {
        &self.letters
    }

    /// The blocks of one chunk: its lines, some of them joined.
    pub fn blocks(&mut self, chunk: &[Range<usize>]) -> Vec<Range<usize>> {
        let limit = chunk_limit(self.text, chunk, self.wrapped_file);
        let mut out: Vec<Range<usize>> = Vec::new();
        let mut previous: Option<&Range<usize>> = None;
        for line in chunk {
            let joins = previous.is_some_and(|previous| self.continues(previous, line, limit));
            match out.last_mut() {
                Some(last) if joins => last.end = line.end,
                _ => {
                    self.last = marks::marker(&self.text[line.clone()]).or(self.last);
                    out.push(line.clone());
                }
            }
            previous = Some(line);
        }
        out
    }

    /// Whether `line` goes on with what `previous` began.
    fn continues(
        &self,
        previous: &Range<usize>,
        line: &Range<usize>,
        limit: Option<usize>,
    ) -> bool {
        let (before, after) = (self.text[previous.clone()].trim(), self.text[line.clone()].trim());
        if marks::is_bare_marker(before) {
            return true;
        }
        if letter_bullet(after).is_some_and(|letter| self.letters.contains(&letter)) {
            return false;
        }
        let forced = |limit| is_forced(self.text, previous, line, limit);
        if let Some(found) = marks::marker(after) {
            return self.is_torn(found, before) && limit.is_none_or(forced);
        }
        if marks::is_bare_marker(after) {
            return false;
        }
        if is_address(after) && !after.contains(' ') {
            return limit.is_some_and(forced) || leads_to_address(before);
        }
        // A line torn off after a bracket: `(names and so on)`, `, as the law demands.`
        if after.starts_with([',', ';', ')', ']']) {
            return true;
        }
        if ends_with_abbreviation(before) && !after.starts_with(char::is_uppercase) {
            return true;
        }
        if let Some(limit) = limit {
            return forced(limit) && !before.ends_with(':')
                || after.starts_with(char::is_lowercase) && !ends_sentence(before);
        }
        // Without a width to judge by, only a line that clearly breaks off is joined.
        let breaks_off = !before.ends_with(['.', '!', '?', ':', ';', '"', '”', ')'])
            && before.chars().count() >= WRAP_MINIMUM;
        breaks_off && after.starts_with(char::is_lowercase)
    }

    /// Whether a bracketed marker stands at the beginning of its line only because the line was
    /// wrapped there: the one before it did not begin a line, and the sentence goes on.
    fn is_torn(&self, found: Marker, before: &str) -> bool {
        let Family::Count(_, Enclosure::Brackets) = found.family else { return false };
        let first = found.value == 1 || found.value == 9;
        let counts_on = self.last.is_some_and(|last| {
            outline::follows(last, found) || last.value == 9 && found.value == 2
        });
        let goes_on = before.ends_with(|c: char| c.is_alphanumeric() || c == ',');
        goes_on && !first && !counts_on && before.chars().count() >= WRAP_MINIMUM
    }
}

/// Letters that begin two lines or more as a bullet of a symbol font does. The font is lost, the
/// letter and its space are there.
fn bullet_letters(text: &str, chunks: &[Vec<Range<usize>>]) -> Vec<char> {
    let mut counts: Vec<(char, usize)> = Vec::new();
    for line in chunks.iter().flatten() {
        let Some(letter) = letter_bullet(text[line.clone()].trim_start()) else { continue };
        match counts.iter_mut().find(|(known, _)| *known == letter) {
            Some((_, count)) => *count += 1,
            None => counts.push((letter, 1)),
        }
    }
    counts.into_iter().filter(|(_, count)| *count >= 2).map(|(letter, _)| letter).collect()
}

pub(super) fn letter_bullet(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let letter = chars.next().filter(|c| LETTERS.contains(*c))?;
    let rest = chars.as_str();
    let word = rest.trim_start();
    (word.len() < rest.len() && word.starts_with(char::is_alphanumeric)).then_some(letter)
}

/// `Pear Shop Co.` and its kind, after which an earlier splitter has torn the line.
fn ends_with_abbreviation(text: &str) -> bool {
    let last = text.rsplit(' ').next().unwrap_or(text).to_ascii_lowercase();
    ["co.", "e.g.", "i.e.", "no.", "sec.", "art.", "cal.", "civ.", "vs.", "cf.", "mr.", "ms."]
        .contains(&last.trim_start_matches('('))
}

fn ends_sentence(text: &str) -> bool {
    text.ends_with(['.', '!', '?', ':', ';'])
}
