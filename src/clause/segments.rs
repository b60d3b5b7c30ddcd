//! [`Document`] → segments: whole blocks as units, for models and users that think in paragraphs.

use crate::document::{BlockKind, Document};

use super::context::Context;
use super::{Clause, ClauseKind, fold, trim};

/// The blocks of a document as units of their own, in reading order, each with its heading as
/// context. A block without a letter or digit gives none.
pub fn segments(document: &Document) -> Vec<Clause> {
    let mut context = Context::default();
    let mut out = Vec::new();
    for block in &document.blocks {
        let text = block.text.as_str();
        let Some(range) = trim(text, 0..text.len()) else { continue };
        context.enter(block.kind);
        let (kind, heading) = match block.kind {
            BlockKind::Paragraph => (ClauseKind::Sentence, false),
            BlockKind::Heading { .. } => (ClauseKind::Heading, true),
            BlockKind::Item { .. } => (ClauseKind::Item, false),
            BlockKind::Cell => (ClauseKind::Cell, false),
            BlockKind::Contents => (ClauseKind::Toc, false),
        };
        let segment = Clause {
            span: block.text.span(range.clone()),
            kind,
            context: context.with(None),
            headings: context.headings(),
            previous: None,
            text: fold(&text[range]),
        };
        if heading {
            context.pass(block.kind, &segment.text);
        }
        out.push(segment);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ReadOptions, read};

    #[test]
    fn a_block_is_one_segment_under_its_heading() {
        let source = "# Sharing\n\nWe share little. Ask us:\n\n- by *mail*;\n- by phone.\n\n***\n";
        let document = read(source.as_bytes(), Some("a.md"), &ReadOptions::default()).unwrap();
        let found = segments(&document);
        let texts: Vec<_> = found.iter().map(|s| (s.kind, s.text.as_str())).collect();
        assert_eq!(
            texts,
            [
                (ClauseKind::Heading, "Sharing"),
                (ClauseKind::Sentence, "We share little. Ask us:"),
                (ClauseKind::Item, "by mail;"),
                (ClauseKind::Item, "by phone."),
            ]
        );
        assert!(found[0].context.is_empty());
        assert!(found[1..].iter().all(|s| s.context == ["Sharing"]));
        let span = found[1].span;
        assert_eq!(&source[span.start..span.end], "We share little. Ask us:");
    }
}
