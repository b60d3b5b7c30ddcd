//! What must hold of whatever is read: blocks and clauses are ordered, inside the file (a PDF's:
//! inside their page), on character boundaries, and what stands there is their text.

use fineprint::clause::{self, Clause};
use fineprint::document::{self, Boilerplate, Document, Format, Gate, Pages, ReadOptions, Span};

/// Reads and cuts in both ways, and checks every place.
pub fn check(bytes: &[u8], format: Format) {
    for (boilerplate, gate) in [(Boilerplate::Drop, Gate::On), (Boilerplate::Keep, Gate::Off)] {
        let options = ReadOptions { format, boilerplate, gate, ..ReadOptions::default() };
        let Ok(document) = document::read(bytes, None, &options) else { continue };
        let source = Source::of(bytes, &document);
        check_blocks(&source, &document);
        let clauses = clause::split(&document);
        check_clauses(&source, format, &clauses);
        assert_eq!(
            letters(&mut document.blocks.iter().map(|block| block.text.as_str())),
            letters(&mut clauses.iter().map(|clause| clause.text.as_str())),
            "the clauses hold every letter of the blocks once"
        );
        check_order(source.len(), clause::segments(&document).iter());
    }
}

/// What spans count in.
enum Source<'a> {
    Text(&'a str),
    /// In another charset.
    Bytes(usize),
    Pages {
        pages: &'a Pages,
        chars: Vec<char>,
    },
}

impl<'a> Source<'a> {
    fn of(bytes: &'a [u8], document: &'a Document) -> Self {
        match (&document.pages, std::str::from_utf8(bytes)) {
            (Some(pages), _) => {
                let texts: Vec<&str> = (1..=pages.count()).filter_map(|n| pages.text(n)).collect();
                Self::Pages { pages, chars: texts.join("\u{c}").chars().collect() }
            }
            (None, Ok(text)) => Self::Text(text),
            (None, Err(_)) => Self::Bytes(bytes.len()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(len) => *len,
            Self::Pages { chars, .. } => chars.len(),
        }
    }

    /// What stands there, if that is known.
    fn written(&self, Span { start, end }: Span) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.get(start..end).expect("character boundaries").into()),
            Self::Bytes(_) => None,
            Self::Pages { chars, .. } => Some(chars[start..end].iter().collect()),
        }
    }
}

fn check_blocks(source: &Source, document: &Document) {
    let mut after = 0;
    for block in &document.blocks {
        let whole = block.text.span(0..block.text.len());
        assert!(after <= whole.start && whole.start < whole.end && whole.end <= source.len());
        after = whole.end;
        let mut last = whole.start;
        for (at, c) in block.text.as_str().char_indices() {
            let span = block.text.span(at..at + c.len_utf8());
            assert!(last <= span.start && span.start < span.end && span.end <= whole.end);
            last = span.start;
            let Some(written) = source.written(span) else { continue };
            // What is written otherwise (`&amp;`) is longer, or white space.
            let as_long = written.len() == c.len_utf8() || document.pages.is_some();
            let copied = as_long && !c.is_whitespace() && c != '\u{fffd}';
            assert!(!copied || written.chars().eq([c]), "{written:?} is not {c:?}");
        }
    }
}

fn check_clauses(source: &Source, format: Format, clauses: &[Clause]) {
    check_order(source.len(), clauses.iter());
    for Clause { span, text, .. } in clauses {
        let Some(written) = source.written(*span) else { continue };
        if format == Format::Text {
            assert_eq!(folded(&written), folded(text));
        }
        if let Source::Pages { pages, .. } = source {
            check_page(pages, *span, &written, text);
        }
    }
}

/// A clause stands inside its pages; on one page there is nothing between its words.
fn check_page(pages: &Pages, span: Span, written: &str, text: &str) {
    let place = pages.place(span);
    let of = |page| pages.text(page).expect("a page of the document");
    assert!((1..=pages.count()).contains(&place.page) && place.page <= place.end_page);
    assert!(place.start < of(place.page).chars().count());
    assert!(place.end <= of(place.end_page).chars().count());
    if place.page == place.end_page {
        let len = place.end - place.start;
        assert!(of(place.page).chars().skip(place.start).take(len).eq(written.chars()));
        assert_eq!(letters(&mut [written].into_iter()), letters(&mut [text].into_iter()));
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

fn letters(texts: &mut dyn Iterator<Item = &str>) -> String {
    texts.flat_map(str::chars).filter(|c| c.is_alphanumeric()).collect()
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
