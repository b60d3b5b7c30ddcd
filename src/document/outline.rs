//! Headings' levels, items' depths: what only the whole document tells.

use super::marks::{self, Counter, Enclosure, Family, Marker, Rank};
use super::{Block, BlockKind, MappedText, address, contents};

/// A block whose kind is not settled yet.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub role: Role,
    pub text: MappedText,
}

impl Draft {
    /// Where it begins in the source.
    pub fn start(&self) -> Option<usize> {
        (!self.text.is_empty()).then(|| self.text.span(0..self.text.len()).start)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The markup says what it is.
    Fixed(BlockKind),
    /// A heading without heading markup.
    Title(Rank),
    /// An item whose marker stands in the text.
    Marked(Marker),
}

/// Settles the kind of every draft.
pub(super) fn settle(mut drafts: Vec<Draft>) -> Vec<Block> {
    address::divide(&mut drafts);
    contents::mark(&mut drafts);
    questions_to_titles(&mut drafts);
    contents::numbered_to_titles(&mut drafts);
    let mut outline = Outline::new(&drafts);
    drafts
        .into_iter()
        .map(|draft| Block { kind: outline.kind(draft.role), text: draft.text })
        .collect()
}

/// A question that stands alone before its answer is a title, whatever its looks.
fn questions_to_titles(drafts: &mut [Draft]) {
    for i in 0..drafts.len().saturating_sub(1) {
        let paragraph = drafts[i].role == Role::Fixed(BlockKind::Paragraph);
        if !paragraph || !marks::is_question(drafts[i].text.as_str()) {
            continue;
        }
        let next = &drafts[i + 1];
        let answers = !marks::is_question(next.text.as_str())
            && matches!(next.role, Role::Fixed(BlockKind::Paragraph) | Role::Marked(_))
            && next.text.len() >= drafts[i].text.len();
        if answers {
            drafts[i].role = Role::Title(Rank::Other);
        }
    }
}

struct Outline {
    /// Level of the last heading that has markup; 0 before the first.
    marked_up: u8,
    /// Level of the last numbered title since then.
    numbered: Option<u8>,
    /// There are titles in capitals, so other titles stand below them.
    has_capitals: bool,
    /// Families of the open lists with the value of their last marker, outermost first.
    lists: Vec<(Family, u32)>,
}

impl Outline {
    fn new(drafts: &[Draft]) -> Self {
        let has_capitals = drafts.iter().any(|d| d.role == Role::Title(Rank::Capitals));
        Self { marked_up: 0, numbered: None, has_capitals, lists: Vec::new() }
    }

    fn kind(&mut self, role: Role) -> BlockKind {
        match role {
            Role::Fixed(kind) => {
                if let BlockKind::Heading { level } = kind {
                    self.marked_up = level;
                    self.numbered = None;
                }
                self.lists.clear();
                kind
            }
            Role::Title(rank) => {
                self.lists.clear();
                BlockKind::Heading { level: self.level(rank).clamp(1, 6) }
            }
            Role::Marked(marker) => BlockKind::Item { depth: self.depth(marker) },
        }
    }

    fn level(&mut self, rank: Rank) -> u8 {
        let base = self.marked_up.max(1);
        match rank {
            Rank::Numbered { parts, .. } => {
                let level = base.saturating_add(parts);
                self.numbered = Some(level);
                level
            }
            Rank::Capitals => {
                self.numbered = None;
                base + 1
            }
            Rank::Other => match self.numbered {
                Some(level) => level.saturating_add(1),
                None => base + 1 + u8::from(self.has_capitals),
            },
        }
    }

    fn depth(&mut self, marker: Marker) -> u8 {
        let family = self.family(marker);
        match self.lists.iter().position(|(open, _)| *open == family) {
            Some(at) => {
                self.lists.truncate(at + 1);
                self.lists[at].1 = marker.value;
            }
            // A count that does not start at its beginning belongs to a list already over.
            None if self.lists.len() < 8 => self.lists.push((family, marker.value)),
            None => {}
        }
        self.lists.len().clamp(1, 8) as u8
    }

    /// `(i)` is the ninth letter after `(h)`, and one in Roman numbers otherwise.
    fn family(&self, marker: Marker) -> Family {
        let Family::Count(Counter::Lower | Counter::Upper, enclosure) = marker.family else {
            return marker.family;
        };
        let follows_a_letter =
            |(open, value): &(Family, u32)| *open == marker.family && value + 1 == marker.value;
        let roman: Family = Family::Count(Counter::Roman, enclosure);
        let letters = matches!(marker.value, 9 | 22 | 24);
        let in_roman = self.lists.iter().any(|(open, _)| *open == roman);
        let first = marker.value == 9;
        if letters && (first || in_roman) && !self.lists.iter().any(follows_a_letter) {
            return roman;
        }
        marker.family
    }
}

/// Whether two markers belong to one enumeration, the second right after the first.
pub(super) fn follows(first: Marker, second: Marker) -> bool {
    let brackets = |m: Marker| match m.family {
        Family::Count(_, enclosure) => Some(enclosure),
        _ => None,
    };
    brackets(first).is_some_and(|e| e != Enclosure::Stop)
        && brackets(first) == brackets(second)
        && second.value == first.value + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(text: &str) -> Role {
        Role::Marked(marks::marker(text).unwrap())
    }

    fn kinds(roles: &[Role]) -> Vec<BlockKind> {
        let drafts = roles.iter().map(|role| Draft { role: *role, text: MappedText::new() });
        settle(drafts.collect()).into_iter().map(|block| block.kind).collect()
    }

    fn title(parts: u8, value: u32) -> Role {
        Role::Title(Rank::Numbered { parts, value })
    }

    #[test]
    fn lists_in_lists() {
        let roles = ["(a) x", "- y", "- z", "(b) x", "(i) r", "(ii) r"].map(item);
        let depths = [1, 2, 2, 1, 2, 2].map(|depth| BlockKind::Item { depth });
        assert_eq!(kinds(&roles), depths);
    }

    #[test]
    fn i_after_h_is_a_letter() {
        let roles = ["(g) x", "(h) x", "(i) x", "(j) x"].map(item);
        assert_eq!(kinds(&roles), [BlockKind::Item { depth: 1 }; 4]);
    }

    #[test]
    fn numbers_give_levels() {
        let roles = [title(1, 1), title(2, 1), Role::Title(Rank::Other), title(1, 2)];
        let levels = [2, 3, 4, 2].map(|level| BlockKind::Heading { level });
        assert_eq!(kinds(&roles), levels);
    }

    #[test]
    fn a_table_of_contents_is_a_list() {
        let mut found = kinds(&[title(1, 1), title(1, 2), title(1, 3), title(1, 1), title(2, 1)]);
        assert_eq!(found.split_off(3), [2, 3].map(|level| BlockKind::Heading { level }));
        assert_eq!(found, [BlockKind::Item { depth: 1 }; 3]);
    }
}
