//! The open elements of a page.

use std::collections::HashMap;

use super::element::Element;
use crate::document::flow::Look;

/// Deeper elements are read but not remembered.
const MAX_DEPTH: usize = 1 << 16;
/// A container that has no number yet: most never hold text.
const NEW: u32 = u32::MAX;
/// How far an end tag looks for its start tag.
const MAX_SEARCH: usize = 512;

/// An open element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    name: u64,
    pub element: Element,
    /// The region it begins.
    region: Option<u32>,
    /// Its end tag has come, but blocks inside it were still open.
    closed: bool,
}

impl Open {
    pub fn new(name: &str, element: Element, region: Option<u32>) -> Self {
        Self { name: hash(name), element, region, closed: false }
    }
}

/// FNV-1a: names need to be told apart, not kept.
pub(super) fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The open elements, and what they add up to.
#[derive(Debug, Default)]
pub(super) struct Stack {
    open: Vec<Open>,
    /// How many elements were too deep to be remembered.
    pub forgotten: usize,
    /// How many elements of a name are open: end tags without one are not searched for.
    names: HashMap<u64, u32>,
    headings: Vec<u8>,
    regions: Vec<u32>,
    bold: usize,
    links: usize,
    pub local_links: usize,
    /// The numbers of the open containers; `NEW` for those without text up to now.
    containers: Vec<u32>,
    pub lists: usize,
    pub items: usize,
    pub terms: usize,
    pub descriptions: usize,
    pub content: usize,
    pub preformatted: usize,
    pub raw: usize,
}

impl Stack {
    pub fn len(&self) -> usize {
        self.open.len()
    }

    pub fn heading(&self) -> Option<u8> {
        self.headings.last().copied()
    }

    /// How text looks here.
    pub fn look(&self) -> Look {
        Look { bold: self.bold > 0, link: self.links > 0 }
    }

    /// The innermost region.
    pub fn region(&self) -> Option<u32> {
        self.regions.last().copied()
    }

    /// The number of the innermost container; `parents` gets those that are new.
    pub fn container(&mut self, parents: &mut Vec<u32>) -> u32 {
        if parents.is_empty() {
            parents.push(0);
        }
        let known = self.containers.iter().rposition(|number| *number != NEW);
        let first = known.map_or(0, |at| at + 1);
        let mut innermost = known.map_or(0, |at| self.containers[at]);
        for number in &mut self.containers[first..] {
            *number = parents.len() as u32;
            parents.push(innermost);
            innermost = *number;
        }
        innermost
    }

    pub fn push(&mut self, open: Open) {
        // What nests so deep is no page; its text is still read.
        if self.open.len() >= MAX_DEPTH && open.element != Element::Raw {
            self.forgotten += 1;
            return;
        }
        *self.names.entry(open.name).or_default() += 1;
        self.regions.extend(open.region);
        self.count(&open, |counter| *counter += 1);
        if let Element::Heading(level) = open.element {
            self.headings.push(level);
        } else if open.element == Element::Title {
            self.headings.push(1);
        }
        if open.element.is_container() {
            self.containers.push(NEW);
        }
        self.open.push(open);
    }

    pub fn pop(&mut self) -> Option<Open> {
        let open = self.open.pop()?;
        if open.element.is_container() {
            self.containers.pop();
        }
        if !open.closed {
            self.forget(&open);
        }
        Some(open)
    }

    fn forget(&mut self, open: &Open) {
        if let Some(count) = self.names.get_mut(&open.name) {
            *count = count.saturating_sub(1);
        }
        if let Some(region) = open.region {
            remove_last(&mut self.regions, region);
        }
        self.count(open, |counter| *counter = counter.saturating_sub(1));
        if matches!(open.element, Element::Heading(_) | Element::Title) {
            self.headings.pop();
        }
    }

    fn count(&mut self, open: &Open, change: impl Fn(&mut usize)) {
        match open.element {
            Element::Bold => change(&mut self.bold),
            Element::Link => change(&mut self.links),
            Element::LocalLink => {
                change(&mut self.links);
                change(&mut self.local_links);
            }
            Element::List => change(&mut self.lists),
            Element::Item => change(&mut self.items),
            Element::Term => change(&mut self.terms),
            Element::Description => {
                change(&mut self.items);
                change(&mut self.descriptions);
            }
            Element::Content => change(&mut self.content),
            Element::Preformatted => change(&mut self.preformatted),
            Element::Raw => change(&mut self.raw),
            _ => {}
        }
    }

    /// The element that an end tag closes.
    pub fn find_end(&self, name: &str, element: Element) -> Option<usize> {
        let name = hash(name);
        if self.names.get(&name).is_none_or(|count| *count == 0) {
            return None;
        }
        for (at, open) in self.open.iter().enumerate().rev().take(MAX_SEARCH) {
            if !open.closed && open.name == name {
                return Some(at);
            }
            let barrier = if element.is_table_part() {
                open.element == Element::Table
            } else {
                open.element.is_barrier()
            };
            if barrier {
                return None;
            }
        }
        None
    }

    /// The outermost element that `next` ends without an end tag.
    pub fn find_implied(&self, next: Element) -> Option<usize> {
        let mut found = None;
        for (at, open) in self.open.iter().enumerate().rev().take(MAX_SEARCH) {
            if open.element.is_ended_by(next) {
                found = Some(at);
            } else if open.element.hides_from(next) {
                break;
            }
        }
        found
    }

    /// Whether closing from `at` on ends a block.
    pub fn divides_from(&self, at: usize) -> bool {
        self.open[at.min(self.open.len())..].iter().any(|open| open.element.divides())
    }

    pub fn has_divider_above(&self, at: usize) -> bool {
        self.divides_from(at + 1)
    }

    /// Marks an element as closed though elements inside it are open.
    pub fn close_behind(&mut self, at: usize) {
        if let Some(open) = self.open.get(at).copied() {
            self.forget(&open);
            self.open[at].closed = true;
        }
    }
}

/// Removes the last entry of a value: regions close from the inside, nearly always.
fn remove_last(values: &mut Vec<u32>, value: u32) {
    if let Some(at) = values.iter().rposition(|entry| *entry == value) {
        values.remove(at);
    }
}
