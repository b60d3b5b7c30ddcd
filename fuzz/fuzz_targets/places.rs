//! What must hold of whatever is read: blocks and clauses are ordered, inside the file, on
//! character boundaries, and what stands there is their text.

use fineprint::clause::{self, Clause};
use fineprint::document::{self, Boilerplate, Document, Format, Gate, ReadOptions};

/// Reads and cuts in both ways, and checks every place.
pub fn check(bytes: &[u8], format: Format) {
    for (boilerplate, gate) in [(Boilerplate::Drop, Gate::On), (Boilerplate::Keep, Gate::Off)] {
        let options = ReadOptions { format, boilerplate, gate, ..ReadOptions::default() };
        let Ok(document) = document::read(bytes, None, &options) else { continue };
        let source = std::str::from_utf8(bytes).ok();
        check_blocks(bytes, source, &document);
        let clauses = clause::split(&document);
        check_clauses(bytes, source, format, &clauses);
        let letters = |texts: &mut dyn Iterator<Item = &str>| {
            texts.flat_map(str::chars).filter(|c| c.is_alphanumeric()).collect::<String>()
        };
        assert_eq!(
            letters(&mut document.blocks.iter().map(|block| block.text.as_str())),
            letters(&mut clauses.iter().map(|clause| clause.text.as_str())),
            "the clauses hold every letter of the blocks once"
        );
        check_order(bytes.len(), clause::segments(&document).iter());
    }
}

fn check_blocks(bytes: &[u8], source: Option<&str>, document: &Document) {
    let mut after = 0;
    for block in &document.blocks {
        let whole = block.text.span(0..block.text.len());
        assert!(after <= whole.start && whole.start < whole.end && whole.end <= bytes.len());
        after = whole.end;
        let mut last = whole.start;
        for (at, c) in block.text.as_str().char_indices() {
            let span = block.text.span(at..at + c.len_utf8());
            assert!(last <= span.start && span.start < span.end && span.end <= whole.end);
            last = span.start;
            let Some(source) = source else { continue };
            let written = source.get(span.start..span.end).expect("a character boundary");
            // What is written otherwise (`&amp;`) is longer, or white space.
            let copied = written.len() == c.len_utf8() && !c.is_whitespace() && c != '\u{fffd}';
            assert!(!copied || written.chars().eq([c]), "{written:?} is not {c:?}");
        }
    }
}

fn check_clauses(bytes: &[u8], source: Option<&str>, format: Format, clauses: &[Clause]) {
    check_order(bytes.len(), clauses.iter());
    let Some(source) = source else { return };
    for Clause { span, text, .. } in clauses {
        let written = source.get(span.start..span.end).expect("character boundaries");
        if format == Format::Text {
            assert_eq!(folded(written), folded(text));
        }
    }
}

fn check_order<'a>(len: usize, clauses: impl Iterator<Item = &'a Clause>) {
    let mut after = 0;
    for Clause { span, text, .. } in clauses {
        assert!(after <= span.start && span.start < span.end && span.end <= len);
        assert!(text.contains(char::is_alphanumeric) && text.trim() == text);
        after = span.end;
    }
}

/// White space folded, characters of no width left out.
fn folded(text: &str) -> String {
    let is_invisible = |c: char| {
        matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}
