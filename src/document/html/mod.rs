//! HTML → drafts: a small stack of open elements over the tokenizer, no tree.

mod boilerplate;
mod content;
mod element;
mod evidence;
mod stack;
mod table;
mod tokens;

use std::collections::BTreeMap;

use super::flow::Flow;
use super::outline::{Draft, Role};
use super::{BlockKind, Boilerplate, ReadError, Span, marks, plain};
use boilerplate::Region;
use element::Element;
use evidence::Evidence;
use stack::{Open, Stack};
use table::{Cell, CellTag, Tables};
use tokens::{Attributes, Sink};

/// A text shorter than this is no prose: menus are made of short texts.
const PROSE: usize = 80;

/// Longest header of a cell, in bytes.
const HEADER: usize = 200;

/// What was read from a page.
pub(super) struct Page {
    pub drafts: Vec<Draft>,
    /// Headers of cells, terms of descriptions, by where the draft begins in the source.
    pub headers: BTreeMap<usize, Vec<String>>,
}

/// Most elements beyond those that are remembered while open; their text is read.
const TOO_DEEP: usize = 1 << 20;
/// Most attributes of a tag.
const ATTRIBUTES: usize = 1 << 16;

/// Reads a page.
///
/// # Errors
/// When it nests or its tags go on beyond all measure.
pub(super) fn read_page(text: &str, boilerplate: Boilerplate) -> Result<Page, ReadError> {
    let mut reader = Reader::default();
    if tokens::tokenize(text, &mut reader) > ATTRIBUTES {
        return Err(ReadError::TooManyAttributes { limit: ATTRIBUTES });
    }
    if reader.stack.forgotten > TOO_DEEP {
        return Err(ReadError::TooDeep { limit: TOO_DEEP });
    }
    Ok(reader.into_page(boilerplate))
}

/// The drafts of a fragment of a page.
pub(super) fn read(text: &str, boilerplate: Boilerplate) -> Vec<Draft> {
    let mut reader = Reader::default();
    tokens::tokenize(text, &mut reader);
    reader.into_page(boilerplate).drafts
}

/// White space folded, and no longer than a header needs to be.
fn shortened(text: &str) -> String {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    folded[..folded.floor_char_boundary(HEADER)].to_owned()
}

/// A draft, where on the page it stands and what it looks like.
struct Entry {
    draft: Draft,
    region: Option<u32>,
    container: u32,
    /// Percentage of the text that is links.
    linked: u8,
    /// Those links lead to places of this page.
    is_local: bool,
    is_prose: bool,
    evidence: Evidence,
    /// What stands over a cell and beside it; the term that a description is about.
    headers: Vec<String>,
}

impl Entry {
    /// Running text that reads like part of a policy.
    fn is_policy(&self) -> bool {
        self.is_prose && self.evidence.is_policy()
    }

    /// A heading, not a link, that names a privacy policy.
    fn names_policy(&self) -> bool {
        matches!(self.draft.role, Role::Fixed(BlockKind::Heading { .. }))
            && self.linked == 0
            && evidence::names_policy(self.draft.text.as_str())
    }
}

#[derive(Default)]
struct Reader {
    stack: Stack,
    flow: Flow,
    /// The region the text in `flow` stands in.
    flow_region: Option<u32>,
    tables: Tables,
    regions: Vec<Region>,
    entries: Vec<Entry>,
    /// The container around each container; the first is the page.
    containers: Vec<u32>,
    /// Bytes in `flow` that are links to places of this page.
    local: usize,
    /// The last term of a list of definitions.
    term: Option<String>,
}

impl Sink for Reader {
    fn verbatim(&mut self, text: &str, start: usize) {
        if self.accepts(text) {
            self.flow.push_verbatim(text, start, self.stack.look());
            self.local += if self.stack.local_links > 0 { text.len() } else { 0 };
        }
    }

    fn decoded(&mut self, text: &str, source: Span) {
        if self.accepts(text) {
            self.flow.push_decoded(text, source, self.stack.look());
        }
    }

    fn start_tag(&mut self, name: &str, attributes: &Attributes, closed: bool, source: Span) {
        let element = Element::of(name);
        match element {
            Element::Break => return self.line_break(source),
            Element::Rule => {
                self.end_implied(element);
                return self.flush();
            }
            Element::Void => return,
            _ => {}
        }
        self.end_implied(element);
        let in_content = self.stack.content > 0;
        let hint = boilerplate::hint(name, element, attributes, in_content);
        if element.divides() {
            self.flush_before(element);
        }
        // Only foreign elements (`<path/>`) can close themselves.
        if closed && element == Element::Inline {
            return;
        }
        self.open_table_part(element, attributes);
        if name == "dl" {
            self.term = None;
        }
        let region = hint.map(|hint| {
            self.regions.push(Region { hint, parent: self.stack.region(), prose: 0, policy: 0 });
            (self.regions.len() - 1) as u32
        });
        let element = match element {
            Element::Inline if boilerplate::is_styled_bold(&attributes.style) => Element::Bold,
            Element::Inline if name == "button" && hint.is_none() => Element::Bold,
            Element::Link if has_fragment(&attributes.href) => Element::LocalLink,
            other => other,
        };
        self.stack.push(Open::new(name, element, region));
    }

    fn end_tag(&mut self, name: &str) {
        let element = Element::of(name);
        match element {
            Element::Break => return self.line_break(Span { start: 0, end: 0 }),
            Element::Void | Element::Rule => return,
            _ => {}
        }
        match self.stack.find_end(name, element) {
            Some(at) if element.divides() || !self.stack.has_divider_above(at) => self.pop_to(at),
            // Blocks inside it stay open.
            Some(at) => self.stack.close_behind(at),
            // A stray `</p>` is an empty paragraph.
            None if element == Element::Paragraph => self.flush(),
            None => {}
        }
    }
}

impl Reader {
    /// Whether text here belongs to a block: it is no script, and not just white space between
    /// blocks. Text of another region, or a script, ends the block, so that no span holds text
    /// that is dropped; an icon without text does not.
    fn accepts(&mut self, text: &str) -> bool {
        let blank = text.trim().is_empty();
        if self.stack.raw > 0 {
            if !blank {
                self.flush();
            }
            return false;
        }
        let region = self.stack.region();
        if !blank && region != self.flow_region {
            self.flush();
            self.flow_region = region;
        }
        !(blank && self.flow.is_empty())
    }

    /// One break is a line, a second one ends the paragraph.
    fn line_break(&mut self, source: Span) {
        if self.flow.ends_with_break() {
            return self.flush();
        }
        if !self.flow.is_empty() && source.start < source.end {
            self.flow.push_break(source);
        }
    }

    /// Closes elements whose end tag may be left out before `next`.
    fn end_implied(&mut self, next: Element) {
        if next.divides()
            && let Some(at) = self.stack.find_implied(next)
        {
            self.pop_to(at);
        }
    }

    /// Closes everything from `at` on.
    fn pop_to(&mut self, at: usize) {
        if self.stack.divides_from(at) {
            self.flush();
        }
        while self.stack.len() > at {
            let Some(open) = self.stack.pop() else { break };
            match open.element {
                Element::Table => self.close_table(),
                Element::Cell { .. } => self.tables.close_cell(),
                _ => {}
            }
        }
    }

    fn open_table_part(&mut self, element: Element, attributes: &Attributes) {
        match element {
            Element::Table => self.tables.open(),
            Element::Row => self.tables.open_row(),
            Element::Cell { header } => {
                let tag = CellTag { header, columns: attributes.columns, rows: attributes.rows };
                self.tables.open_cell(tag, self.entries.len());
            }
            Element::List | Element::Heading(_) => self.tables.note_structure(),
            _ => {}
        }
    }

    /// Tells the cells of a table of data what they are, and their headers.
    fn close_table(&mut self) {
        let cells = self.tables.close();
        let is_title = |at: usize| matches!(self.entries[at].draft.role, Role::Title(_));
        let headers = table::headers(&cells, |cell| cell.entries.clone().all(is_title));
        let text = |cell: &Cell| {
            let texts = cell.entries.clone().map(|at| self.entries[at].draft.text.as_str().trim());
            shortened(&texts.collect::<Vec<_>>().join(" "))
        };
        let headers: Vec<Vec<String>> = headers
            .iter()
            .map(|headers| headers.iter().flatten().map(|at| text(&cells[*at])).collect())
            .collect();
        for (cell, headers) in cells.iter().zip(headers) {
            for entry in &mut self.entries[cell.entries.clone()] {
                if !matches!(entry.draft.role, Role::Fixed(BlockKind::Item { .. })) {
                    entry.draft.role = Role::Fixed(BlockKind::Cell);
                }
                entry.headers.clone_from(&headers);
            }
        }
    }

    /// Ends the block. A bold line right before an inner block of a list item is its title.
    fn flush_before(&mut self, next: Element) {
        let kind = self.kind();
        let whole = 0..self.flow.text().len();
        let titles = matches!(next, Element::List | Element::Paragraph | Element::Block);
        if let (BlockKind::Item { .. }, true) = (kind, titles)
            && let Some(rank) = self.flow.bold_rank(&whole)
            && marks::marker(self.flow.text().as_str()).is_none()
        {
            let flow = std::mem::take(&mut self.flow);
            let drafts = flow.into_drafts(BlockKind::Paragraph);
            let role = Role::Title(rank);
            return self.add(drafts.into_iter().map(|draft| Draft { role, ..draft }).collect(), 0);
        }
        self.flush();
    }

    /// Ends the block.
    fn flush(&mut self) {
        if self.flow.is_empty() {
            return;
        }
        let flow = std::mem::take(&mut self.flow);
        let linked = flow.linked_percent();
        let drafts = if self.stack.preformatted > 0 {
            plain::drafts(flow.text())
        } else {
            flow.into_drafts(self.kind())
        };
        self.add(drafts, linked);
    }

    fn add(&mut self, drafts: Vec<Draft>, linked: u8) {
        let region = self.flow_region;
        let container = self.stack.container(&mut self.containers);
        let is_local = std::mem::take(&mut self.local) > 0;
        for draft in drafts {
            let text = draft.text.as_str();
            let entry = Entry {
                region,
                container,
                linked,
                is_local,
                is_prose: is_prose(text, linked),
                evidence: Evidence::of(text),
                headers: self
                    .term
                    .iter()
                    .filter(|_| self.stack.descriptions > 0)
                    .cloned()
                    .collect(),
                draft,
            };
            if let Some(region) = region.map(|region| &mut self.regions[region as usize]) {
                let bytes = entry.draft.text.len();
                region.prose += if entry.is_prose { bytes } else { 0 };
                region.policy += if entry.is_policy() { bytes } else { 0 };
            }
            if self.stack.terms > 0 {
                self.term = Some(shortened(entry.draft.text.as_str()));
            }
            self.tables.note_block(entry.draft.text.len(), self.entries.len());
            self.entries.push(entry);
        }
    }

    /// What the open elements make of the text.
    fn kind(&self) -> BlockKind {
        if let Some(level) = self.stack.heading() {
            BlockKind::Heading { level }
        } else if self.stack.items > 0 {
            BlockKind::Item { depth: self.stack.lists.clamp(1, 255) as u8 }
        } else {
            BlockKind::Paragraph
        }
    }

    fn into_page(self, boilerplate: Boilerplate) -> Page {
        let mut headers = BTreeMap::new();
        let mut drafts = Vec::new();
        for entry in self.finish(boilerplate) {
            if !entry.headers.is_empty() {
                let start = entry.draft.text.span(0..entry.draft.text.len()).start;
                headers.insert(start, entry.headers);
            }
            drafts.push(entry.draft);
        }
        Page { drafts, headers }
    }

    fn finish(mut self, boilerplate: Boilerplate) -> Vec<Entry> {
        self.pop_to(0);
        self.flush();
        if boilerplate == Boilerplate::Keep {
            return self.entries;
        }
        let prose = |policy: bool| {
            let counted = self.entries.iter().filter(|entry| entry.is_prose);
            let counted = counted.filter(|entry| !policy || entry.is_policy());
            counted.map(|entry| entry.draft.text.len()).sum::<usize>()
        };
        let dropped = boilerplate::dropped(&mut self.regions, prose(false), prose(true));
        let keep = self
            .entries
            .iter()
            .map(|entry| {
                let region = entry.region.map(|region| region as usize);
                region.is_none_or(|at| {
                    // Many pages have their title in a `header`.
                    !dropped[at] || self.regions[at].hint.is_of_frame() && entry.names_policy()
                })
            })
            .collect();
        let keep = content::select(&self.entries, &self.containers, keep);
        let kept = self.entries.into_iter().zip(keep).filter(|(_, keep)| *keep);
        kept.map(|(entry, _)| entry).collect()
    }
}

/// Whether a link leads to a place in a page, as the entries of a table of contents do.
fn has_fragment(href: &str) -> bool {
    href.split_once('#').is_some_and(|(_, fragment)| fragment.len() > 1)
}

/// Running text: long, made of words, and not of links for the most part.
fn is_prose(text: &str, linked: u8) -> bool {
    text.len() >= PROSE && linked < 50 && text.split_whitespace().count() * 12 > text.len()
}

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
