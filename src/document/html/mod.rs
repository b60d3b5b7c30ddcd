//! HTML → drafts: a small stack of open elements over the tokenizer, no tree.

mod boilerplate;
mod content;
mod element;
mod evidence;
mod page;
mod panels;
mod stack;
mod tokens;

use super::flow::Flow;
use super::outline::{Draft, Role};
use super::table::{self, CellTag, Tables};
use super::watch::Watch;
use super::{BlockKind, Boilerplate, ReadError, Reading, Span, marks, plain};
use boilerplate::{Hint, Region};
use element::Element;
use evidence::Evidence;
use page::{Entry, Page};
use stack::{Open, Stack, hash};
use tokens::{Attributes, Sink};

/// Most elements beyond those that are remembered while open; their text is read.
const TOO_DEEP: usize = 1 << 20;
/// Most attributes of a tag.
const ATTRIBUTES: usize = 1 << 16;

/// Reads a page.
///
/// # Errors
/// When it nests or its tags go on beyond all measure.
pub(super) fn read_page(
    text: &str,
    boilerplate: Boilerplate,
    watch: &Watch,
) -> Result<Reading, ReadError> {
    let mut reader = Reader::new(watch);
    if tokens::tokenize(text, &mut reader, watch) > ATTRIBUTES {
        return Err(ReadError::TooManyAttributes { limit: ATTRIBUTES });
    }
    if reader.stack.forgotten > TOO_DEEP {
        return Err(ReadError::TooDeep { limit: TOO_DEEP });
    }
    let has_scripts = reader.has_scripts;
    let reading = reader.into_reading(boilerplate);
    if reading.drafts.is_empty() && has_scripts {
        return Err(ReadError::JavascriptShell);
    }
    Ok(reading)
}

/// Reads a fragment of a page.
pub(super) fn read(text: &str, boilerplate: Boilerplate, watch: &Watch) -> Reading {
    let mut reader = Reader::new(watch);
    tokens::tokenize(text, &mut reader, watch);
    reader.into_reading(boilerplate)
}

struct Reader<'a> {
    watch: &'a Watch,
    page: Page,
    stack: Stack,
    flow: Flow,
    /// The region the text in `flow` stands in.
    flow_region: Option<u32>,
    tables: Tables,
    /// Bytes in `flow` that are links to places of this page.
    local: usize,
    /// The last term of a list of definitions.
    term: Option<String>,
    has_scripts: bool,
}

impl Sink for Reader<'_> {
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
        self.has_scripts |= name == "script";
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
        if attributes.role == "tab" {
            self.flush();
            self.page.tabs.push(self.page.entries.len());
        }
        if name == "dl" {
            self.term = None;
        }
        let region = hint.map(|hint| {
            let may_be_panel = boilerplate::may_be_panel(name, element, attributes);
            self.open_region(hint, attributes, may_be_panel)
        });
        self.page.openers.note(element, attributes, self.page.entries.len());
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

impl<'a> Reader<'a> {
    fn new(watch: &'a Watch) -> Self {
        Self {
            watch,
            page: Page::default(),
            stack: Stack::default(),
            flow: Flow::default(),
            flow_region: None,
            tables: Tables::default(),
            local: 0,
            term: None,
            has_scripts: false,
        }
    }

    /// The number of the region that an element begins.
    fn open_region(&mut self, hint: Hint, attributes: &Attributes, may_be_panel: bool) -> u32 {
        let follows = may_be_panel && self.page.openers.stand_before(self.page.entries.len());
        let hint = if follows { Hint::Collapsed } else { hint };
        let mut region = Region::new(hint, self.stack.region());
        region.id = (may_be_panel && !attributes.id.is_empty()).then(|| hash(&attributes.id));
        self.page.regions.push(region);
        (self.page.regions.len() - 1) as u32
    }

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
                self.tables.open_cell(tag, self.page.entries.len());
            }
            Element::List | Element::Heading(_) => self.tables.note_structure(),
            _ => {}
        }
    }

    /// Tells the cells of a table of data what they are, and their headers.
    fn close_table(&mut self) {
        let cells = self.tables.close();
        let is_title = |at: usize| matches!(self.page.entries[at].draft.role, Role::Title(_));
        let headers = table::headers(&cells, |cell| cell.entries.clone().all(is_title));
        let texts = |at: usize| self.page.entries[at].draft.text.as_str();
        let headers: Vec<Vec<String>> =
            headers.iter().map(|headers| table::texts(&cells, headers, texts)).collect();
        for (cell, headers) in cells.iter().zip(headers) {
            for entry in &mut self.page.entries[cell.entries.clone()] {
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
            plain::drafts(flow.text(), self.watch)
        } else {
            flow.into_drafts(self.kind())
        };
        self.add(drafts, linked);
    }

    fn add(&mut self, drafts: Vec<Draft>, linked: u8) {
        let region = self.flow_region;
        let container = self.stack.container(&mut self.page.containers);
        let is_local = std::mem::take(&mut self.local) > 0;
        for draft in drafts {
            let text = draft.text.as_str();
            let entry = Entry {
                region,
                container,
                linked,
                is_local,
                is_prose: page::is_prose(text, linked),
                in_panel: false,
                evidence: Evidence::of(text),
                headers: self
                    .term
                    .iter()
                    .filter(|_| self.stack.descriptions > 0)
                    .cloned()
                    .collect(),
                draft,
            };
            if let Some(region) = region.map(|region| &mut self.page.regions[region as usize]) {
                let bytes = entry.draft.text.len();
                region.prose += if entry.is_prose { bytes } else { 0 };
                region.policy += if entry.is_policy() { bytes } else { 0 };
                region.sentences +=
                    usize::from(page::is_sentence(entry.draft.text.as_str(), linked));
            }
            if self.stack.terms > 0 {
                self.term = Some(table::shortened(entry.draft.text.as_str()));
            }
            self.tables.note_block(entry.draft.text.len(), self.page.entries.len());
            self.page.entries.push(entry);
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

    fn into_reading(mut self, boilerplate: Boilerplate) -> Reading {
        self.pop_to(0);
        self.flush();
        self.page.into_reading(boilerplate)
    }
}

/// Whether a link leads to a place in a page, as the entries of a table of contents do.
fn has_fragment(href: &str) -> bool {
    href.split_once('#').is_some_and(|(_, fragment)| fragment.len() > 1)
}

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
