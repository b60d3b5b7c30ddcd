//! [`Document`] → clauses: the units that get labels.

mod context;
mod enumeration;
#[cfg(test)]
mod gold;
mod previous;
#[cfg(test)]
mod reading_tests;
mod segments;
mod sentences;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::document::{Block, BlockKind, Document, Span};
use context::Context;
pub use previous::previous;
pub use segments::segments;
pub use sentences::sentences;

/// What a clause is in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClauseKind {
    Sentence,
    Item,
    Heading,
    Cell,
    /// An entry of a table of contents.
    Toc,
}

/// One clause: a sentence, a list item, a heading, a table cell or an entry of a table of contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Place in the original file, in bytes.
    pub span: Span,
    pub kind: ClauseKind,
    /// What the model is shown beside the text: the nearest heading, then the sentence that
    /// introduces the list, then the headers of a cell or the term of a definition.
    pub context: Vec<String>,
    /// All headings that the clause stands under, outermost first. Clauses of one section share
    /// them.
    pub headings: Arc<[String]>,
    /// The beginning of the clause before, beside a short one: what a model that asks for it is
    /// shown, too.
    pub previous: Option<String>,
    /// Readable text, white space folded.
    pub text: String,
}

/// Cuts a document into clauses, in reading order. Together they hold every letter and digit
/// of its blocks, each once.
pub fn split(document: &Document) -> Vec<Clause> {
    cut(document).0
}

/// The clauses of a document, and its blocks that hold words, each with the index of its first
/// clause: words are never left out, so it has one.
fn cut(document: &Document) -> (Vec<Clause>, Vec<(&Block, usize)>) {
    let mut context = Context::default();
    let (mut clauses, mut blocks) = (Vec::new(), Vec::new());
    for block in document.blocks.iter().filter(|block| holds_words(block.text.as_str())) {
        context.enter(block.kind);
        blocks.push((block, clauses.len()));
        split_block(block, document.headers_of(block), &mut context, &mut clauses);
    }
    (clauses, blocks)
}

/// What a whole block is as a clause.
fn kind_of(block: BlockKind) -> ClauseKind {
    match block {
        BlockKind::Paragraph => ClauseKind::Sentence,
        BlockKind::Heading { .. } => ClauseKind::Heading,
        BlockKind::Item { .. } => ClauseKind::Item,
        BlockKind::Cell => ClauseKind::Cell,
        BlockKind::Contents => ClauseKind::Toc,
    }
}

/// Adds the clauses of one block; `headers` are those of a cell.
fn split_block(block: &Block, headers: &[String], context: &mut Context, out: &mut Vec<Clause>) {
    let text = block.text.as_str();
    let kind = kind_of(block.kind);
    let parts = match kind {
        ClauseKind::Heading | ClauseKind::Toc => {
            vec![enumeration::Part { range: 0..text.len(), list: None }]
        }
        _ => enumeration::parts(text, &sentences(text)),
    };
    for part in &parts {
        let Some(range) = trim(text, part.range.clone()) else { continue };
        let introduction = part
            .list
            .and_then(|list| list.introduction)
            .map(|index| fold(context::ending(&text[parts[index].range.clone()])));
        let mut context_here = match &introduction {
            Some(introduction) => context.with(Some(introduction)),
            None => context.current(),
        };
        context_here.extend(headers.iter().map(|header| context::ending(header).to_owned()));
        let kind = match (kind, part.list) {
            (ClauseKind::Sentence, Some(_)) => ClauseKind::Item,
            _ => kind,
        };
        let text = fold(&text[range.clone()]);
        let before = out.last().map_or("", |before: &Clause| before.text.as_str());
        let clause = Clause {
            span: block.text.span(range),
            kind,
            previous: previous(kind, &text, &context_here, before),
            context: context_here,
            headings: context.headings(),
            text,
        };
        context.pass(block.kind, &clause.text);
        out.push(clause);
    }
}

/// Whether a text has a letter or a digit.
fn holds_words(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

/// A range without the white space and invisible characters around it; none if no letter or
/// digit stands in it.
fn trim(text: &str, range: std::ops::Range<usize>) -> Option<std::ops::Range<usize>> {
    let part = &text[range.clone()];
    if !holds_words(part) {
        return None;
    }
    let blank = |c: char| c.is_whitespace() || is_invisible(c);
    let start = range.start + (part.len() - part.trim_start_matches(blank).len());
    let end = range.start + part.trim_end_matches(blank).len();
    Some(start..end)
}

/// Folds white space, no-break spaces too, and drops invisible characters.
fn fold(text: &str) -> String {
    if is_folded(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut gap = false;
    while let Some(c) = rest.chars().next() {
        // Most of any text are runs of characters that stay as they are.
        let plain = rest.bytes().take_while(u8::is_ascii_graphic).count();
        let len = plain.max(c.len_utf8());
        let (run, after) = rest.split_at(len);
        rest = after;
        if plain == 0 && c.is_whitespace() {
            gap = !out.is_empty();
        } else if plain > 0 || !is_invisible(c) {
            if gap {
                out.push(' ');
                gap = false;
            }
            out.push_str(run);
        }
    }
    out
}

/// Whether folding changes nothing: ASCII with single spaces between words, as most texts are.
fn is_folded(text: &str) -> bool {
    let mut before = b' ';
    for byte in text.bytes() {
        let white = byte == b' ';
        if !(b' '..0x80).contains(&byte) || white && before == b' ' {
            return false;
        }
        before = byte;
    }
    before != b' '
}

/// Characters of no width: joiners, soft hyphens, byte order and direction marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
