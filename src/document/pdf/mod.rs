//! PDF → drafts, with the text of its pages.
//!
//! A PDF has glyphs at places, no text: `content` runs the streams of a page and finds the glyphs,
//! `lines` and `columns` put them in reading order, `furniture` finds what every page repeats,
//! `rules` and `grid` find the tables that are ruled, `table` and `paragraphs` the other blocks,
//! `blocks` their kind.

mod blocks;
mod cmap;
mod columns;
mod content;
mod font;
mod furniture;
mod grid;
mod hyphens;
mod lexer;
mod lines;
mod matrix;
mod open;
mod paragraphs;
mod rules;
mod table;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::pages::Pages;
use super::reading::Reading;
use super::watch::Watch;
use super::{Boilerplate, ReadError};
use lines::Line;
use rules::Rules;

/// The most characters of text that are read.
const MOST_TEXT: usize = 20 << 20;

/// Reads a PDF. Spans count the characters of its pages' text.
pub(super) fn read(
    bytes: &[u8],
    boilerplate: Boilerplate,
    watch: &Watch,
) -> Result<(Reading, Pages), ReadError> {
    // The objects are parsed by a library: should a file that was made to harm make it panic, the
    // other files of a batch must still be read.
    let result = catch_unwind(AssertUnwindSafe(|| read_unguarded(bytes, boilerplate, watch)));
    result.unwrap_or(Err(ReadError::BrokenPdf { what: "its parser failed" }))
}

fn read_unguarded(
    bytes: &[u8],
    boilerplate: Boilerplate,
    watch: &Watch,
) -> Result<(Reading, Pages), ReadError> {
    let (lines, rules) = lines_of_pages(bytes, watch)?;
    check_text(&lines)?;
    let placed = furniture::mark(lines);
    let mut builder = blocks::Builder::default();
    for (page, rules) in placed.into_iter().zip(rules) {
        watch.check()?;
        builder.push_page(page, &rules, boilerplate);
    }
    Ok(builder.finish())
}

/// The lines of text of every page, from top to bottom, and the lines drawn on it.
fn lines_of_pages(bytes: &[u8], watch: &Watch) -> Result<(Vec<Vec<Line>>, Vec<Rules>), ReadError> {
    let file = open::File::open(bytes)?;
    let mut fonts = content::Fonts::new();
    let (mut out, mut drawn) = (Vec::new(), Vec::new());
    let mut total = 0;
    for id in file.pages()? {
        watch.check()?;
        let (pieces, rules) = content::read(&file, &file.page(id)?, &mut fonts)?;
        let lines = lines::lines(pieces, &rules);
        total += lines.iter().map(|line| line.text.len()).sum::<usize>();
        if total > MOST_TEXT {
            return Err(ReadError::UnpackedTooLarge { limit: MOST_TEXT });
        }
        out.push(lines);
        drawn.push(rules);
    }
    Ok((out, drawn))
}

/// A scan has no text, and fonts without a map to letters none that can be read.
fn check_text(pages: &[Vec<Line>]) -> Result<(), ReadError> {
    let chars = || pages.iter().flatten().flat_map(|line| line.text.chars());
    let letters = chars().filter(|c| c.is_alphanumeric()).count();
    let unknown = chars().filter(|c| *c == font::UNKNOWN).count();
    if letters == 0 || unknown > letters {
        return Err(ReadError::PdfWithoutText { pages: pages.len() });
    }
    Ok(())
}
