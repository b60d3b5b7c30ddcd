//! [`Document`] → segments: whole blocks as units, for models and users that think in paragraphs.

use std::sync::Arc;

use crate::document::{Block, Document};

use super::{Clause, cut, fold, kind_of, trim};

/// The blocks of a document as units of their own, in reading order, each with the context of its
/// first clause. A block without a letter or digit gives none.
pub fn segments(document: &Document) -> Vec<Clause> {
    let (clauses, blocks) = cut(document);
    let segment = |(block, first): (&Block, usize)| {
        let text = block.text.as_str();
        let range = trim(text, 0..text.len())?;
        let first = clauses.get(first)?;
        Some(Clause {
            span: block.text.span(range.clone()),
            kind: kind_of(block.kind),
            context: first.context.clone(),
            headings: Arc::clone(&first.headings),
            previous: None,
            text: fold(&text[range]),
        })
    };
    blocks.into_iter().filter_map(segment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clause::ClauseKind;
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
