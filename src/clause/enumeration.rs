//! Lists inside running text: `… to: (a) …; (b) …` → items.

use std::ops::Range;

/// An item of a lettered list that is shorter than this many words is no statement, and its
/// list stays a part of its sentence: `(a) IP addresses, (b) browser types`.
const MIN_WORDS: usize = 4;
/// A list numbered `1. … 2. …` without brackets needs this many markers to be believed.
const MIN_PLAIN_MARKERS: usize = 3;
/// Longest marker, in bytes, without its brackets.
const LONGEST_MARKER: usize = 5;

/// How many bytes before a list an open bracket makes it an aside.
const FARTHEST_BRACKET: usize = 500;

/// Words after which a marker refers to a place: `Section (a)`, `under paragraph (b)`.
const REFERS: [&str; 19] = [
    "section",
    "sections",
    "article",
    "articles",
    "paragraph",
    "paragraphs",
    "clause",
    "clauses",
    "subsection",
    "subparagraph",
    "item",
    "items",
    "point",
    "points",
    "rule",
    "regulation",
    "§",
    "under",
    "in",
];

/// A sentence of a block, or an item of a list inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub range: Range<usize>,
    /// For the parts of a list, the part that introduces it, if one stands before it.
    pub list: Option<List>,
}

/// The list that a part belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct List {
    /// Index of the part that introduces the list.
    pub introduction: Option<usize>,
}

/// How a marker is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `(a)`, `(1)`, `(iv)`
    Brackets,
    /// `a)`, `1)`
    HalfBracket,
    /// `1.`
    Plain,
}

/// How a marker counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numerals {
    Letters,
    Roman,
    Digits,
}

#[derive(Debug, Clone, Copy)]
struct Marker<'a> {
    /// Where it starts, its bracket included.
    start: usize,
    /// Where it ends, its bracket or stop included.
    end: usize,
    style: Style,
    name: &'a str,
}

/// Sentences of a text → its parts: the same sentences, with the lists in them cut into items.
pub(super) fn parts(text: &str, sentences: &[Range<usize>]) -> Vec<Part> {
    let markers = markers(text);
    let mut out = Vec::with_capacity(sentences.len());
    let mut next = 0;
    for list in lists(text, &markers, sentences) {
        // What stands before the list, the introduction last.
        while next < sentences.len() && sentences[next].end <= list.start {
            out.push(Part { range: sentences[next].clone(), list: None });
            next += 1;
        }
        if next < sentences.len() && sentences[next].start < list.start {
            push(text, sentences[next].start..list.start, None, &mut out);
        }
        let introduction = introduces(text, out.last()).then(|| out.len() - 1);
        let mut cuts = list.cuts.iter().copied().peekable();
        while next < sentences.len() && sentences[next].start < list.end {
            let sentence = sentences[next].clone();
            let mut start = sentence.start.max(list.start);
            while let Some(cut) = cuts.next_if(|&cut| cut < sentence.end) {
                push(text, start..cut.max(start), Some(List { introduction }), &mut out);
                start = cut.max(start);
            }
            push(text, start..sentence.end, Some(List { introduction }), &mut out);
            next += 1;
        }
    }
    out.extend(sentences[next..].iter().map(|range| Part { range: range.clone(), list: None }));
    out
}

/// A list that was found: it reaches from its first marker to the end of the sentence in which
/// the last one stands.
struct Found {
    start: usize,
    end: usize,
    /// Where its markers start.
    cuts: Vec<usize>,
}

/// The lists among the markers, in order, none inside another.
fn lists(text: &str, markers: &[Marker<'_>], sentences: &[Range<usize>]) -> Vec<Found> {
    let mut out: Vec<Found> = Vec::new();
    let mut at = 0;
    while at < markers.len() {
        let run = run_from(markers, at);
        let last = markers[run[run.len() - 1]].start;
        let sentence = sentences.partition_point(|range| range.end <= last);
        let end = sentences.get(sentence).map_or(text.len(), |range| range.end);
        if run.len() < 2 || !is_list(text, markers, &run, end, sentences) {
            at += 1;
            continue;
        }
        let cuts = run.iter().map(|&i| markers[i].start).collect();
        out.push(Found { start: markers[at].start, end, cuts });
        while at < markers.len() && markers[at].start < end {
            at += 1;
        }
    }
    out
}

/// The markers that count on from the one at `first`, which must be the first of a list.
/// Markers of other lists may stand between them; the same number again ends the run.
fn run_from(markers: &[Marker<'_>], first: usize) -> Vec<usize> {
    let mut run = vec![first];
    let one = markers[first];
    let numerals = match one.name {
        "i" => Numerals::Roman,
        "a" | "A" => Numerals::Letters,
        "1" => Numerals::Digits,
        _ => return run,
    };
    for (i, marker) in markers.iter().enumerate().skip(first + 1) {
        if marker.style != one.style {
            continue;
        }
        match value(marker.name, numerals) {
            Some(1) => break,
            Some(n) if n == run.len() + 1 => run.push(i),
            _ => {}
        }
    }
    run
}

/// Whether a run of markers is a list to cut: set off by a colon, or each item a sentence of
/// its own; and no item too short to state anything.
fn is_list(
    text: &str,
    markers: &[Marker<'_>],
    run: &[usize],
    end: usize,
    sentences: &[Range<usize>],
) -> bool {
    let plain = markers[run[0]].style == Style::Plain;
    if plain && run.len() < MIN_PLAIN_MARKERS {
        return false;
    }
    let at_sentence =
        |i: &usize| sentences.binary_search_by_key(&markers[*i].start, |range| range.start).is_ok();
    let own_sentences = run.iter().skip(1).all(at_sentence);
    let first = markers[run[0]].start;
    let sentence = sentences.partition_point(|range| range.start <= first).saturating_sub(1);
    let near = text.floor_char_boundary(first.saturating_sub(FARTHEST_BRACKET));
    let from = sentences.get(sentence).map_or(near, |range| range.start.clamp(near, first));
    let before = &text[from..first];
    // In an aside the sentence goes on after the list.
    let aside = before.matches('(').count() > before.matches(')').count();
    let introduced = text[..first].trim_end().ends_with(':') && !aside;
    let separated = |i: &usize| {
        let before = without_glue(&text[..markers[*i].start]);
        plain || before.ends_with([';', '.', '!', '?'])
    };
    if !(own_sentences && (introduced || at_sentence(&run[0])))
        && !(introduced && run.iter().skip(1).all(separated))
    {
        return false;
    }
    let ends = run.iter().skip(1).map(|&i| markers[i].start).chain([end]);
    let least = if plain { 1 } else { MIN_WORDS };
    run.iter().zip(ends).all(|(&i, end)| {
        let words = text[markers[i].end..end].split_whitespace();
        words.filter(|word| word.contains(char::is_alphanumeric)).take(least).count() >= least
    })
}

/// A text without the white space and the `and` or `or` at its end.
fn without_glue(text: &str) -> &str {
    let text = text.trim_end();
    for glue in [" and/or", " and", " or"] {
        if let Some(rest) = text.strip_suffix(glue) {
            return rest.trim_end_matches(',').trim_end();
        }
    }
    text
}

/// Whether a part introduces what follows: it ends without the stop of a sentence.
fn introduces(text: &str, part: Option<&Part>) -> bool {
    part.is_some_and(|part| super::context::introduces(&text[part.range.clone()]))
}

fn push(text: &str, range: Range<usize>, list: Option<List>, out: &mut Vec<Part>) {
    let mut ranges = Vec::with_capacity(1);
    super::sentences::push_trimmed(text, range, &mut ranges);
    out.extend(ranges.into_iter().map(|range| Part { range, list }));
}

/// All markers of a text in order: `(a)`, `a)`, `1.` between white space.
fn markers(text: &str) -> Vec<Marker<'_>> {
    let mut out = Vec::new();
    let closes = |(_, byte): &(usize, u8)| matches!(byte, b')' | b'.');
    for (at, close) in text.bytes().enumerate().filter(closes) {
        if !text[at + 1..].starts_with(char::is_whitespace) {
            continue;
        }
        let Some(name) = name_before(text, at) else { continue };
        let start = at - name.len();
        let before = &text[..start];
        let (start, style) = match (before.ends_with('('), close) {
            (true, b')') => (start - 1, Style::Brackets),
            (false, b')') => (start, Style::HalfBracket),
            (false, _) if name.starts_with(|c: char| c.is_ascii_digit()) => (start, Style::Plain),
            _ => continue,
        };
        let free = text[..start].chars().next_back().is_none_or(char::is_whitespace);
        if free && !refers(&text[..start]) {
            out.push(Marker { start, end: at + 1, style, name });
        }
    }
    out
}

/// The letters or digits that end at `at`, if they can be a marker.
fn name_before(text: &str, at: usize) -> Option<&str> {
    let bytes = &text.as_bytes()[at.saturating_sub(LONGEST_MARKER + 1)..at];
    let length = bytes.iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count();
    let name = &text[at - length..at];
    let known = [Numerals::Letters, Numerals::Roman, Numerals::Digits];
    known.iter().any(|&numerals| value(name, numerals).is_some()).then_some(name)
}

/// Whether the word before a marker makes it a reference.
fn refers(before: &str) -> bool {
    let before = before.trim_end();
    let longest = REFERS.iter().map(|word| word.len()).max().unwrap_or(0);
    let start = before
        .char_indices()
        .rev()
        .take_while(|&(at, c)| !c.is_whitespace() && before.len() - at <= longest + 1)
        .last()
        .map_or(before.len(), |(at, _)| at);
    REFERS.contains(&before[start..].to_lowercase().as_str())
}

/// What a marker counts, from 1 on.
fn value(name: &str, numerals: Numerals) -> Option<usize> {
    match numerals {
        Numerals::Digits if name.len() <= 2 => name.parse().ok().filter(|&n| n > 0),
        Numerals::Letters => match name.as_bytes() {
            [letter] if letter.is_ascii_alphabetic() => {
                Some(usize::from(letter.to_ascii_lowercase() - b'a') + 1)
            }
            _ => None,
        },
        Numerals::Roman => roman(name),
        Numerals::Digits => None,
    }
}

fn roman(name: &str) -> Option<usize> {
    const NUMERALS: [&str; 20] = [
        "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv",
        "xv", "xvi", "xvii", "xviii", "xix", "xx",
    ];
    NUMERALS.iter().position(|&numeral| numeral == name).map(|at| at + 1)
}
