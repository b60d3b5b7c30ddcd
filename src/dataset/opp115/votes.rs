//! Practices and highlights → votes: how many distinct annotators gave each label.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::annotations::Practice;
use crate::clause::Clause;
use crate::document::Block;
use crate::taxonomy::OTHER;

/// Number of distinct annotators of a policy.
pub(super) fn annotators(practices: &[Practice]) -> u32 {
    let distinct: BTreeSet<_> = practices.iter().map(|p| p.annotator.as_str()).collect();
    u32::try_from(distinct.len()).unwrap_or(u32::MAX)
}

/// True when more than half of the annotators agree: two of three.
fn is_majority(votes: usize, annotators: u32) -> bool {
    votes * 2 > annotators as usize
}

/// Who gave which class. One practice may fan out into several rows, so annotators are
/// counted, not rows.
#[derive(Debug, Default)]
pub(super) struct Votes<'a> {
    by_class: BTreeMap<usize, BTreeSet<&'a str>>,
    by_category: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Votes<'a> {
    /// Votes for a segment as a whole.
    pub fn of_segment(practices: &[&'a Practice]) -> Self {
        let mut votes = Self::default();
        for practice in practices {
            votes.add(practice);
        }
        votes
    }

    fn add(&mut self, practice: &'a Practice) {
        if let Some(class) = practice.class {
            self.by_class.entry(class).or_default().insert(&practice.annotator);
        }
        self.by_category.entry(&practice.category).or_default().insert(&practice.annotator);
    }

    /// Distinct annotators of each class.
    pub fn counts(&self) -> impl Iterator<Item = (usize, u32)> {
        self.by_class.iter().map(|(&class, who)| (class, who.len() as u32))
    }

    /// Classes that more than half of the annotators gave, in class order.
    pub fn majority(&self, annotators: u32) -> Vec<usize> {
        let agreed = self.by_class.iter().filter(|(_, who)| is_majority(who.len(), annotators));
        agreed.map(|(&class, _)| class).collect()
    }

    /// True when a majority agrees at least on one of the ten categories, with every kind of
    /// `Other` as one.
    pub fn agrees_on_category(&self, annotators: u32) -> bool {
        self.by_category.values().any(|who| is_majority(who.len(), annotators))
    }

    /// True when a majority said `Other`, of whatever kind.
    pub fn agrees_on_other(&self, annotators: u32) -> bool {
        self.by_category.get(OTHER).is_some_and(|who| is_majority(who.len(), annotators))
    }
}

/// Where the annotators saw practices in one segment.
#[derive(Debug, Default)]
pub(super) struct Highlights<'a>(Vec<(&'a Practice, Range<usize>)>);

impl<'a> Highlights<'a> {
    /// A practice with a highlight at these bytes of the segment.
    pub fn add(&mut self, practice: &'a Practice, range: Range<usize>) {
        self.0.push((practice, range));
    }

    /// The classes with the bytes of the segment at which annotators saw them.
    pub fn classes(&self) -> impl Iterator<Item = (usize, &Range<usize>)> {
        self.0.iter().filter_map(|(practice, range)| Some((practice.class?, range)))
    }

    /// Votes for a clause: a highlight counts when it shares a readable character with it.
    pub fn votes(&self, clause: &Clause, visible: &Visible) -> Votes<'a> {
        let mut votes = Votes::default();
        let clause = visible.within(clause.span.start..clause.span.end);
        for (practice, range) in &self.0 {
            if visible.meet(&clause, range) {
                votes.add(practice);
            }
        }
        votes
    }
}

/// Which bytes of a segment a reader sees: not tags, not white space.
pub(super) struct Visible {
    base: usize,
    /// Number of visible bytes before each byte.
    before: Vec<usize>,
}

impl Visible {
    /// Visible bytes of a segment of `length` bytes that starts at byte `base` of its file.
    pub fn of(blocks: &[Block], base: usize, length: usize) -> Self {
        let mut seen = vec![false; length];
        for block in blocks {
            let text = block.text.as_str();
            for (at, c) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
                let span = block.text.span(at..at + c.len_utf8());
                let range = span.start.saturating_sub(base)..span.end.saturating_sub(base);
                seen.get_mut(range).into_iter().flatten().for_each(|b| *b = true);
            }
        }
        let mut count = 0;
        let mut before = vec![0];
        for byte in seen {
            count += usize::from(byte);
            before.push(count);
        }
        Self { base, before }
    }

    /// A range of the file as a range of the segment.
    fn within(&self, range: Range<usize>) -> Range<usize> {
        let last = self.before.len() - 1;
        let inside = |at: usize| at.saturating_sub(self.base).min(last);
        inside(range.start)..inside(range.end)
    }

    /// True when the two ranges share a visible byte.
    fn meet(&self, a: &Range<usize>, b: &Range<usize>) -> bool {
        let last = self.before.len() - 1;
        let (start, end) = (a.start.max(b.start).min(last), a.end.min(b.end).min(last));
        start < end && self.before[start] < self.before[end]
    }
}
