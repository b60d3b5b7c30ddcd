//! What a clause needs to be understood: its headings and the sentence that introduces its list.

use std::sync::Arc;

use crate::document::BlockKind;

/// How many headings a context has, the innermost ones. The model was trained with one.
const MAX_HEADINGS: usize = 1;

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
            self.headings.push((level, plain.to_owned()));
            self.path = None;
        } else if !matches!(kind, BlockKind::Cell | BlockKind::Contents) && introduces(text) {
            self.last = Some(text.to_owned());
        } else {
            self.last = None;
        }
    }
}

/// Whether a clause introduces the list that follows it: it ends with a colon, or is plainly
/// unfinished (`We collect data when` …).
pub(super) fn introduces(text: &str) -> bool {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_'));
    let last = text.rsplit(' ').next().unwrap_or(text);
    text.ends_with([':', '：', '–', '—']) || OPEN_ENDS.contains(&last)
}
