//! Running text → sentences. Rules, one pass, no state but the number of the last list marker.

use std::ops::Range;

use super::words::{self, Abbreviation};

/// A sentence longer than this many bytes is cut at its semicolons, then at its line ends.
const LONGEST_SENTENCE: usize = 1_000;
/// A number before a stop may mark a list item only up to this many bytes.
const LONGEST_NUMBER: usize = 8;
/// How many bytes of glyphs may stand before it.
const FARTHEST_MARKER: usize = 32;

/// Words after which a number names a part of something and marks no list item.
const NAMES_A_PART: [&str; 16] = [
    "section",
    "sections",
    "article",
    "articles",
    "part",
    "version",
    "step",
    "annex",
    "appendix",
    "paragraph",
    "clause",
    "chapter",
    "schedule",
    "phase",
    "category",
    "and",
];
/// What follows the dot of a domain or a file name, as in `Example.Com`.
const SUFFIXES: [&str; 20] = [
    "com", "net", "org", "io", "js", "eu", "uk", "de", "us", "info", "gov", "edu", "app", "html",
    "htm", "php", "pdf", "aspx", "tv", "biz",
];

/// The sentences of one running text: byte ranges in order, trimmed of white space, which
/// together hold every character that is not white space.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut scan = Scan { text, start: 0, lower: is_lower_case(text), next_number: None };
    let mut at = 0;
    while let Some(stop) = next_stop(text, at) {
        let end = end_of_stop(text, stop);
        if scan.ends_sentence(stop, end) {
            push_trimmed(text, scan.start..end, &mut out);
            scan.start = end;
        }
        at = end;
    }
    push_trimmed(text, scan.start..text.len(), &mut out);
    if out.iter().any(|range| range.len() > LONGEST_SENTENCE) {
        return out.into_iter().flat_map(|range| cut_long(text, range)).collect();
    }
    out
}

/// Where the scan stands in its text.
struct Scan<'a> {
    text: &'a str,
    /// Start of the sentence that is being read.
    start: usize,
    /// The text has no capital letters, so sentences start without them.
    lower: bool,
    /// The number that would continue the numbered list, if one has begun.
    next_number: Option<u32>,
}

impl Scan<'_> {
    /// Whether the stop at `stop`, which with what closes it reaches to `end`, ends a sentence.
    fn ends_sentence(&mut self, stop: usize, end: usize) -> bool {
        let rest = &self.text[end..];
        let white = rest.len() - rest.trim_start().len();
        if white == rest.len() {
            return false;
        }
        let next = &rest[white..];
        if self.text.as_bytes()[stop] == b'\n' {
            // Only an empty line ends a sentence that has no stop.
            return end - stop > 1 && self.text[stop + 1..end].contains('\n');
        }
        if white == 0 {
            let closed = !is_stop(self.text[..end].chars().next_back().unwrap_or(' '));
            return space_is_missing(&self.text[self.start..stop], closed, next);
        }
        let before = &self.text[self.start..stop];
        if before.len() < FARTHEST_MARKER && !before.contains(char::is_alphanumeric) {
            return false;
        }
        let word = word_before(self.text, self.start, stop);
        let single = self.text[stop..].chars().next().map_or(0, char::len_utf8);
        if stop + single == end && self.is_marker(word, stop, next) {
            return false;
        }
        let line_end = rest[..white].contains('\n');
        // An abbreviation's stop and the sentence's own: the second one decides.
        let doubled = self.text[stop..end].starts_with("..");
        let word = if doubled { stop } else { word };
        match verdict(&self.text[word..stop + single], next) {
            Verdict::Open => false,
            Verdict::Starter => {
                let word = first_word(next);
                let written_as_first =
                    word.starts_with(char::is_uppercase) || (self.lower && line_end);
                written_as_first && words::starts_sentences(word)
            }
            Verdict::Usual => line_end || self.begins_sentence(next),
        }
    }

    /// Whether the word at `word` and the stop after it number a list item (`2.`, `iv.`, `a.`).
    fn is_marker(&mut self, word: usize, stop: usize, next: &str) -> bool {
        if self.text.as_bytes()[stop] != b'.' {
            return false;
        }
        let marker = &self.text[word..stop];
        let before = self.text[self.start..word].trim_end();
        // Glyphs of a list may stand before its number; looking far for them would cost time.
        let first = before.len() < FARTHEST_MARKER && !before.contains(char::is_alphanumeric);
        let number = marker.parse::<u32>().ok().filter(|_| marker.len() <= 3);
        if first && is_ordinal(marker) {
            self.next_number = number.map(|n| n + 1);
            return true;
        }
        let Some(number) = number else { return false };
        if before.len() < FARTHEST_MARKER && names_a_part(before) {
            return true;
        }
        let continues = self.next_number == Some(number)
            && !names_a_part(last_word(before))
            && next.starts_with(char::is_uppercase);
        if before.ends_with([':', ';']) || continues {
            self.next_number = Some(number + 1);
            return true;
        }
        false
    }

    /// Whether `next`, which follows an ordinary stop and white space, begins a sentence.
    fn begins_sentence(&self, next: &str) -> bool {
        if begins_with_marker(next) {
            return true;
        }
        let word = next.trim_start_matches(is_opening);
        let Some(first) = word.chars().next() else { return true };
        if first.is_lowercase() {
            let brand = first_word(word).contains(char::is_uppercase);
            return self.lower || brand;
        }
        if matches!(first, '-' | '–' | '—') {
            let after = word[first.len_utf8()..].trim_start();
            return after.starts_with(|c: char| c.is_uppercase() || c.is_numeric());
        }
        !matches!(
            first,
            '|' | ',' | ';' | ':' | '/' | '&' | '+' | '=' | '.' | '!' | '?' | ')' | ']' | '}'
        )
    }
}

/// Whether a word is one after which a number names a part: `Section 3`.
fn names_a_part(word: &str) -> bool {
    NAMES_A_PART.contains(&word.trim().to_ascii_lowercase().as_str())
}

/// What a word says about the stop after it.
enum Verdict {
    /// The sentence goes on.
    Open,
    /// It ends if the next word often begins a sentence.
    Starter,
    /// The word says nothing.
    Usual,
}

/// Judges `word`, which includes its stop, before `next`.
fn verdict(word: &str, next: &str) -> Verdict {
    let known = words::abbreviation(word);
    if known.contains(&Abbreviation::Never) {
        return Verdict::Open;
    }
    if known.contains(&Abbreviation::BeforeNumber) && begins_number(next) {
        return Verdict::Open;
    }
    let letters = word.trim_end_matches('.');
    let letters = letters.rsplit(['-', '/', '–']).next().unwrap_or(letters);
    let initial = letters.chars().count() == 1 && is_letter(letters);
    let initials =
        letters.contains('.') && letters.split('.').all(|l| l.len() == 1 && is_letter(l));
    if known.contains(&Abbreviation::MayEnd) || initial || initials {
        return Verdict::Starter;
    }
    Verdict::Usual
}

fn is_letter(text: &str) -> bool {
    text.chars().all(char::is_alphabetic)
}

/// Whether a text begins with a number, a roman numeral in capitals or a bracketed marker.
fn begins_number(text: &str) -> bool {
    let numeral = first_word(text);
    text.starts_with(|c: char| c.is_numeric() || c == '(' || c == '§')
        || (!numeral.is_empty() && numeral.chars().all(|c| "IVXLC".contains(c)))
}

/// Whether a text begins with the marker of a list item: `(b) …`, `b. They …`.
fn begins_with_marker(text: &str) -> bool {
    let bracketed = text.strip_prefix('(');
    let text = bracketed.unwrap_or(text);
    let name = first_word(text);
    let Some(rest) = text.strip_prefix(name) else { return false };
    if !is_ordinal(name) {
        return false;
    }
    match bracketed {
        Some(_) => rest.starts_with(") "),
        None => rest.strip_prefix(". ").is_some_and(|rest| rest.starts_with(char::is_uppercase)),
    }
}

/// Whether a word can number a list item: `3`, `2.1`, `b`, `iv`, `B`.
fn is_ordinal(word: &str) -> bool {
    let word = word.trim_start_matches(['(', '[']);
    if word.is_empty() || word.len() > LONGEST_NUMBER {
        return false;
    }
    let numeric = word.starts_with(|c: char| c.is_ascii_digit())
        && word.len() <= 5
        && word.chars().all(|c| c.is_ascii_digit() || c == '.')
        && word.split('.').all(|part| part.len() <= 2);
    let roman = word.chars().all(|c| "ivx".contains(c)) || word.chars().all(|c| "IVX".contains(c));
    numeric || roman || (word.len() == 1 && is_letter(word))
}

/// Whether white space is missing between a stop and `next` (`your data.We use`); `sentence`
/// ends before the stop, which a quotation mark or a bracket may have closed.
fn space_is_missing(sentence: &str, closed: bool, next: &str) -> bool {
    let left = last_word(sentence);
    let next = next.trim_start_matches(is_opening);
    let right = first_word(next);
    let capital = right.starts_with(char::is_uppercase)
        && (right.len() > 1 && right.chars().skip(1).all(char::is_lowercase)
            || matches!(right, "A" | "I"));
    let after = next[right.len()..].chars().next();
    if !capital
        || is_ordinal(left)
        || SUFFIXES.contains(&right.to_ascii_lowercase().as_str())
        || matches!(after, Some('/' | '@' | '.' | '=' | '_' | ':'))
    {
        return false;
    }
    let before = sentence[..sentence.len() - left.len()].chars().next_back();
    let address = matches!(before, Some('.' | '/' | '@' | '=' | '_' | ':' | '?' | '&' | '%'));
    let plain = !left.is_empty() && left.chars().all(char::is_lowercase);
    !address && (plain && !closed || words::starts_sentences(right))
}

/// The letters and digits that `text` ends with, at most as many as any listed word has.
fn last_word(text: &str) -> &str {
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        if !c.is_alphanumeric() || text.len() - at > 3 * words::LONGEST {
            break;
        }
        start = at;
    }
    &text[start..]
}

/// The letters and digits that `text` begins with, at most as many as any listed word has.
fn first_word(text: &str) -> &str {
    let text = text.trim_start_matches(is_opening);
    let end = text
        .char_indices()
        .find(|&(at, c)| !c.is_alphanumeric() || at > 3 * words::LONGEST)
        .map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// Where the word before a stop begins: after white space, a comma, a bracket or a quotation mark. A
/// word longer than any listed one is given from its last bytes on, which no list holds.
fn word_before(text: &str, from: usize, stop: usize) -> usize {
    let mut start = stop;
    for (at, c) in text[from..stop].char_indices().rev() {
        if c.is_whitespace() || c == ',' || is_opening(c) || stop - start > words::LONGEST {
            break;
        }
        start = from + at;
    }
    start
}

/// One past the stop at `stop`, further stops, the quotation marks and brackets that close it,
/// and a note's mark (`[3]`); for a line end, one past the white space there.
fn end_of_stop(text: &str, stop: usize) -> usize {
    let rest = &text[stop..];
    if let Some(rest) = rest.strip_prefix('\n') {
        return text.len() - rest.trim_start().len();
    }
    let rest = rest.trim_start_matches(is_stop).trim_start_matches(|c| is_stop(c) || is_closing(c));
    let note =
        rest.strip_prefix('[').map(|note| note.trim_start_matches(|c: char| c.is_ascii_digit()));
    text.len() - note.and_then(|note| note.strip_prefix(']')).unwrap_or(rest).len()
}

fn is_stop(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '‼' | '⁉')
}

/// The next stop or line end from `from` on. Every one is an ASCII character or begins with one of
/// a few bytes, so that most of a text need not be decoded.
fn next_stop(text: &str, from: usize) -> Option<usize> {
    let candidate = |byte: &u8| matches!(byte, b'.' | b'!' | b'?' | b'\n' | 0xe2 | 0xe3 | 0xef);
    let mut at = from;
    while let Some(offset) = text.as_bytes()[at..].iter().position(candidate) {
        at += offset;
        if text.as_bytes()[at].is_ascii() || text[at..].starts_with(is_stop) {
            return Some(at);
        }
        at += 1;
    }
    None
}

fn is_closing(c: char) -> bool {
    matches!(
        c,
        ')' | ']'
            | '}'
            | '"'
            | '\''
            | '”'
            | '’'
            | '»'
            | '*'
            | '_'
            | '¹'
            | '²'
            | '³'
            | '†'
            | '\u{200b}'
            | '\u{feff}'
    )
}

fn is_opening(c: char) -> bool {
    matches!(
        c,
        '(' | '[' | '{' | '"' | '\'' | '“' | '‘' | '«' | '„' | '*' | '_' | '\u{200b}' | '\u{feff}'
    )
}

/// Whether a text is written without capital letters.
fn is_lower_case(text: &str) -> bool {
    !text.contains(char::is_uppercase)
}

/// Cuts a sentence that is too long at its semicolons, then what is still too long at its
/// line ends.
fn cut_long(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    for part in cut_after(text, range, ';') {
        out.extend(cut_after(text, part, '\n'));
    }
    out
}

/// Cuts a range, if it is too long, after each `mark` that white space follows or that is some.
fn cut_after(text: &str, range: Range<usize>, mark: char) -> Vec<Range<usize>> {
    if range.len() <= LONGEST_SENTENCE {
        return vec![range];
    }
    let mut out = Vec::new();
    let mut start = range.start;
    for (at, _) in text[range.clone()].match_indices(mark) {
        let end = range.start + at + mark.len_utf8();
        if mark.is_whitespace() || text[end..range.end].starts_with(char::is_whitespace) {
            push_trimmed(text, start..end, &mut out);
            start = end;
        }
    }
    push_trimmed(text, start..range.end, &mut out);
    out
}

/// Adds a range without the white space around it, unless nothing is left.
pub(super) fn push_trimmed(text: &str, range: Range<usize>, out: &mut Vec<Range<usize>>) {
    let part = &text[range.clone()];
    let trimmed = part.trim();
    if !trimmed.is_empty() {
        let start = range.start + (part.len() - part.trim_start().len());
        out.push(start..start + trimmed.len());
    }
}
