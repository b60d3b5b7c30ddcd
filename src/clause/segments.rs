//! [`Document`] → segments: whole blocks as units, for models and users that think in paragraphs.

use crate::document::{BlockKind, Document};

use super::{Clause, ClauseKind, fold, split, trim};

/// The blocks of a document as units of their own, in reading order, each with the context of its
/// first clause. A block without a letter or digit gives none.
pub fn segments(document: &Document) -> Vec<Clause> {
    let mut clauses = split(document).into_iter();
    let mut out = Vec::new();
    for block in &document.blocks {
        let text = block.text.as_str();
        let Some(range) = trim(text, 0..text.len()) else { continue };
        let span = block.text.span(range.clone());
        // Each of these blocks has a clause that starts where it does.
        let first = clauses.by_ref().find(|clause| clause.span.start >= span.start);
        let (context, headings) =
            first.map(|clause| (clause.context, clause.headings)).unwrap_or_default();
        let kind = match block.kind {
            BlockKind::Paragraph => ClauseKind::Sentence,
            BlockKind::Heading { .. } => ClauseKind::Heading,
            BlockKind::Item { .. } => ClauseKind::Item,
            BlockKind::Cell => ClauseKind::Cell,
            BlockKind::Contents => ClauseKind::Toc,
        };
        out.push(Clause {
            span,
            kind,
            context,
            headings,
            previous: None,
            text: fold(&text[range]),
        });
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
        assert_eq!(found[1].context, ["Sharing"]);
        assert!(found[2..].iter().all(|s| s.context == ["Sharing", "Ask us:"]));
        let span = found[1].span;
        assert_eq!(&source[span.start..span.end], "We share little. Ask us:");
    }
}
