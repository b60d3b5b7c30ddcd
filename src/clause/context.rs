//! What a clause needs to be understood: its headings and the sentence that introduces its list.

use std::sync::Arc;

use crate::document::BlockKind;

/// How many headings a context has, the innermost ones. The model was trained with one.
const MAX_HEADINGS: usize = 1;

/// Most characters that are kept of a heading, an introduction or a header. Each clause below
/// carries them, so that a text of megabytes there would be written thousands of times.
const MAX_CHARS: usize = 500;

/// Last words of a sentence that its list goes on with.
const OPEN_ENDS: [&str; 16] = [
    "to",
    "by",
    "that",
    "may",
    "can",
    "when",
    "if",
    "where",
    "who",
    "including",
    "for",
    "with",
    "as",
    "from",
    "about",
    "of",
];

/// The headings and introductions that hold at one place of a document.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// Open headings, outermost first, with their levels.
    headings: Vec<(u8, String)>,
    /// Their texts, as clauses share them; none if they have changed.
    path: Option<Arc<[String]>>,
    /// For each open list, outermost first: its depth and its introduction, if it has one.
    lists: Vec<(u8, Option<String>)>,
    /// The last clause, if it can introduce a list that follows.
    last: Option<String>,
}

impl Context {
    /// Goes on to a block: headings and lists that it ends are closed.
    pub fn enter(&mut self, kind: BlockKind) {
        match kind {
            BlockKind::Heading { level } => {
                self.headings.retain(|&(open, _)| open < level);
                self.path = None;
                self.lists.clear();
                self.last = None;
            }
            BlockKind::Item { depth } => {
                while self.lists.last().is_some_and(|&(open, _)| open > depth) {
                    self.lists.pop();
                }
                match self.lists.last_mut() {
                    Some((open, introduction)) if *open == depth => {
                        // A list inside a list whose levels the source does not tell apart.
                        if let Some(last) = self.last.take_if(|last| last.ends_with(':')) {
                            *introduction = Some(last);
                        }
                    }
                    outer => {
                        let inherited = outer.and_then(|(_, introduction)| introduction.clone());
                        self.lists.push((depth, self.last.take().or(inherited)));
                    }
                }
            }
            BlockKind::Paragraph | BlockKind::Cell | BlockKind::Contents => self.lists.clear(),
        }
    }

    /// The context of a clause of the entered block.
    pub fn current(&self) -> Vec<String> {
        let introduction = self.lists.last().and_then(|(_, text)| text.as_deref());
        self.with(introduction)
    }

    /// The context of an item that `introduction` introduces inside its own block.
    pub fn with(&self, introduction: Option<&str>) -> Vec<String> {
        let skipped = self.headings.len().saturating_sub(MAX_HEADINGS);
        let headings = self.headings.iter().skip(skipped).map(|(_, text)| text.as_str());
        headings.chain(introduction).map(str::to_owned).collect()
    }

    /// All open headings, outermost first.
    pub fn headings(&mut self) -> Arc<[String]> {
        let path = || self.headings.iter().map(|(_, text)| text.clone()).collect();
        Arc::clone(self.path.get_or_insert_with(path))
    }

    /// Takes note of a clause of the entered block.
    pub fn pass(&mut self, kind: BlockKind, text: &str) {
        if let BlockKind::Heading { level } = kind {
            let plain = text.trim_matches(|c: char| c.is_whitespace() || "#*_".contains(c));
            self.headings.push((level, ending(plain).to_owned()));
            self.path = None;
        } else if !matches!(kind, BlockKind::Cell | BlockKind::Contents) && introduces(text) {
            self.last = Some(ending(text).to_owned());
        } else {
            self.last = None;
        }
    }
}

/// As many whole words of a text's end as a context holds of it: models read its last tokens.
pub(super) fn ending(text: &str) -> &str {
    let Some((start, _)) = text.char_indices().rev().nth(MAX_CHARS - 1) else { return text };
    let cut = &text[start..];
    // What stands before the first blank may be a part of a word.
    match cut.split_once(' ') {
        Some((_, words)) if start > 0 && !words.is_empty() => words,
        _ => cut,
    }
}

/// Whether a clause introduces the list that follows it: it ends with a colon, or is plainly
/// unfinished (`We collect data when` …).
pub(super) fn introduces(text: &str) -> bool {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_'));
    let last = text.rsplit(' ').next().unwrap_or(text);
    text.ends_with([':', '：', '–', '—']) || OPEN_ENDS.contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clause::Clause;
    use crate::document::{Block, Document, MappedText};

    #[test]
    fn the_last_whole_words_are_kept() {
        assert_eq!(ending("We keep:"), "We keep:");
        let exact = "é".repeat(MAX_CHARS);
        assert_eq!(ending(&exact), exact);
        let long = format!("{}we keep these data:", "many words ".repeat(100));
        let kept = ending(&long);
        assert!(kept.ends_with("words we keep these data:") && long.ends_with(kept));
        assert!(kept.starts_with("many ") || kept.starts_with("words "), "{kept}");
        assert!((MAX_CHARS - 10..=MAX_CHARS).contains(&kept.len()), "{}", kept.len());
        assert_eq!(ending(&"é".repeat(900)), exact, "one word without an end");
    }

    fn clauses(blocks: &[(BlockKind, &str)]) -> Vec<Clause> {
        let block = |&(kind, of): &(BlockKind, &str)| {
            let mut text = MappedText::new();
            text.push_verbatim(of, 0);
            Block { kind, text }
        };
        let blocks = blocks.iter().map(block).collect();
        crate::clause::split(&Document { blocks, ..Document::default() })
    }

    #[test]
    fn long_introductions_and_headings_are_not_copied_whole() {
        let title = format!("{}notice", "long ".repeat(9000));
        let before = format!("{}these data:", "We collect data and ".repeat(9000));
        let item = BlockKind::Item { depth: 1 };
        let found = clauses(&[
            (BlockKind::Heading { level: 1 }, &title),
            (BlockKind::Paragraph, &before),
            (item, "your name;"),
            (item, "your address."),
        ]);
        for clause in &found[2..] {
            let [heading, introduction] = clause.context.as_slice() else { panic!("{clause:?}") };
            assert!(heading.ends_with("long notice") && heading.len() <= MAX_CHARS);
            assert!(introduction.ends_with("and these data:") && introduction.len() <= MAX_CHARS);
            assert!(clause.headings[0].len() <= MAX_CHARS);
        }
        assert_eq!(found[1].text, before, "the clause itself stays whole");
    }

    #[test]
    fn a_long_introduction_inside_a_block_is_cut_too() {
        let before = "We collect data and ".repeat(9000);
        let found = clauses(&[(
            BlockKind::Paragraph,
            &format!("{before}these data: (a) the name you give us; (b) the place you live at."),
        )]);
        assert_eq!(found.len(), 3);
        for item in &found[1..] {
            let [introduction] = item.context.as_slice() else { panic!("{item:?}") };
            assert!(introduction.ends_with("and these data:") && introduction.len() <= MAX_CHARS);
        }
    }
}
