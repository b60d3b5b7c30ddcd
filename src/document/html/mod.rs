//! HTML → drafts: a small stack of open elements over the tokenizer, no tree.

mod boilerplate;
mod element;
mod stack;
mod table;
mod tokens;

use super::flow::Flow;
use super::outline::{Draft, Role};
use super::{BlockKind, Boilerplate, Span, marks, plain};
use boilerplate::Region;
use element::Element;
use stack::{Open, Stack};
use table::Tables;
use tokens::{Attributes, Sink};

/// A text shorter than this is no prose: menus are made of short texts.
const PROSE: usize = 80;

/// Reads a page or a fragment of one.
pub(super) fn read(text: &str, boilerplate: Boilerplate) -> Vec<Draft> {
    let mut reader = Reader::default();
    tokens::tokenize(text, &mut reader);
    reader.finish(boilerplate)
}

/// A draft and where on the page it stands.
struct Entry {
    draft: Draft,
    region: Option<u32>,
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
    page_prose: usize,
}

impl Sink for Reader {
    fn verbatim(&mut self, text: &str, start: usize) {
        if self.accepts(text) {
            self.flow.push_verbatim(text, start, self.stack.look());
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
        self.open_table_part(element);
        let region = hint.map(|hint| {
            self.regions.push(Region { hint, parent: self.stack.region(), prose: 0 });
            (self.regions.len() - 1) as u32
        });
        let is_bold = element == Element::Inline && boilerplate::is_styled_bold(&attributes.style);
        let element = if is_bold { Element::Bold } else { element };
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

    fn open_table_part(&mut self, element: Element) {
        match element {
            Element::Table => self.tables.open(self.entries.len()),
            Element::Row => self.tables.open_row(),
            Element::Cell { header } => self.tables.open_cell(header),
            Element::List | Element::Heading(_) => self.tables.note_structure(),
            _ => {}
        }
    }

    fn close_table(&mut self) {
        let Some(cells) = self.tables.close() else { return };
        for entry in &mut self.entries[cells] {
            entry.draft.role = Role::Fixed(BlockKind::Cell);
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
        let linked = flow.linked();
        let drafts = if self.stack.preformatted > 0 {
            plain::drafts(flow.text())
        } else {
            flow.into_drafts(self.kind())
        };
        self.add(drafts, linked);
    }

    fn add(&mut self, drafts: Vec<Draft>, linked: usize) {
        let region = self.flow_region;
        for draft in drafts {
            let prose = if is_prose(draft.text.as_str(), linked) { draft.text.len() } else { 0 };
            self.page_prose += prose;
            if let Some(region) = region {
                self.regions[region as usize].prose += prose;
            }
            self.tables.note_block(draft.text.len());
            self.entries.push(Entry { draft, region });
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

    fn finish(mut self, boilerplate: Boilerplate) -> Vec<Draft> {
        self.pop_to(0);
        self.flush();
        let dropped = match boilerplate {
            Boilerplate::Drop => boilerplate::dropped(&mut self.regions, self.page_prose),
            Boilerplate::Keep => vec![false; self.regions.len()],
        };
        self.entries
            .into_iter()
            .filter(|entry| !entry.region.is_some_and(|region| dropped[region as usize]))
            .map(|entry| entry.draft)
            .collect()
    }
}

/// Running text: long, made of words, and not of links for the most part.
fn is_prose(text: &str, linked: usize) -> bool {
    text.len() >= PROSE
        && linked * 2 < text.len()
        && text.split_whitespace().count() * 12 > text.len()
}

#[cfg(test)]
mod tests;
