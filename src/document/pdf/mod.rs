//! PDF → drafts, with the text of its pages.
//!
//! A PDF has glyphs at places, no text: `content` runs the streams of a page and finds the glyphs,
//! `lines` and `columns` put them in reading order, `furniture` finds what every page repeats,
//! `table` and `paragraphs` find the blocks, `blocks` their kind.

mod blocks;
mod cmap;
mod columns;
mod content;
mod font;
mod furniture;
mod hyphens;
mod lexer;
mod lines;
mod matrix;
mod open;
mod paragraphs;
mod table;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::pages::Pages;
use super::reading::Reading;
use super::watch::Watch;
use super::{Boilerplate, ReadError};
use lines::Line;

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
    let lines = lines_of_pages(bytes, watch)?;
    check_text(&lines)?;
    let placed = furniture::mark(lines);
    let mut builder = blocks::Builder::default();
    for page in placed {
        watch.check()?;
        builder.push_page(page, boilerplate);
    }
    Ok(builder.finish())
}

/// The lines of every page, from top to bottom.
fn lines_of_pages(bytes: &[u8], watch: &Watch) -> Result<Vec<Vec<Line>>, ReadError> {
    let file = open::File::open(bytes)?;
    let mut fonts = content::Fonts::new();
    let mut out = Vec::new();
    let mut total = 0;
    for id in file.pages()? {
        watch.check()?;
        let lines = lines::lines(content::pieces(&file, &file.page(id)?, &mut fonts)?);
        total += lines.iter().map(|line| line.text.len()).sum::<usize>();
        if total > MOST_TEXT {
            return Err(ReadError::UnpackedTooLarge { limit: MOST_TEXT });
        }
        out.push(lines);
    }
    Ok(out)
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
