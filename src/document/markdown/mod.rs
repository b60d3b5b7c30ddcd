//! Markdown → drafts, as crawlers and people write it.

mod one_line;

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::flow::{Flow, Look};
use super::outline::{Draft, Role};
use super::table::{self, CellTag, Tables};
use super::visible::push_visible;
use super::watch::Watch;
use super::{
    BlockKind, Boilerplate, MappedText, Reading, Reason, Span, definitions, furniture, html, marks,
    plain, unclosed,
};

/// Longest text of a cell that is a cell of data.
const LONG_CELL: usize = 500;
/// Longest bold text whose marks are glued to other words, in bytes.
const LONGEST_BOLD: usize = 300;

/// Reads Markdown.
pub(super) fn read(text: &str, boilerplate: Boilerplate, watch: &Watch) -> Reading {
    let mut options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    options.set(Options::ENABLE_DEFINITION_LIST, definitions::are_marked(text));
    let mut reader = Reader::new(text, boilerplate, watch);
    let mut after = 0;
    for part in unclosed::readable_parts(text) {
        reader.leave_out(after..part.start);
        after = part.end;
        for line in one_line::lines(text, part) {
            reader.run(&text[line.clone()], line.start, options);
        }
    }
    let mut reading = reader.reading;
    if boilerplate == Boilerplate::Drop {
        furniture::drop_from(&mut reading, &reader.is_link);
    }
    definitions::find(&mut reading);
    reading
}

struct Reader<'a> {
    source: &'a str,
    boilerplate: Boilerplate,
    watch: &'a Watch,
    reading: Reading,
    /// For each draft so far, whether it is one link.
    is_link: Vec<bool>,
    flow: Flow,
    open: Open,
    /// Bold text is open whose marks Markdown does not take for such: `**Sharing:**We share`.
    glued: bool,
    /// Where the last of these marks ends.
    after_mark: usize,
    /// Text of a code block, read as plain text.
    code: Option<MappedText>,
    /// Source of a block of HTML.
    markup: Option<Range<usize>>,
    /// The first draft of the open table, and its longest cell.
    table: Option<(usize, usize)>,
    tables: Tables,
    /// The last term of the open list of definitions.
    term: Option<String>,
}

/// How many elements of each kind are open.
#[derive(Default)]
struct Open {
    heading: Option<u8>,
    lists: usize,
    items: usize,
    bold: usize,
    links: usize,
    images: usize,
    terms: usize,
    definitions: usize,
}

impl<'a> Reader<'a> {
    fn new(source: &'a str, boilerplate: Boilerplate, watch: &'a Watch) -> Self {
        Self {
            source,
            boilerplate,
            watch,
            reading: Reading::default(),
            is_link: Vec::new(),
            flow: Flow::default(),
            open: Open::default(),
            glued: false,
            after_mark: 0,
            code: None,
            markup: None,
            table: None,
            tables: Tables::default(),
            term: None,
        }
    }

    /// A script or a comment that nothing closes.
    fn leave_out(&mut self, part: Range<usize>) {
        if !part.is_empty() {
            self.reading.left_out.add(Reason::Boilerplate, part.len());
        }
    }

    /// Runs through a part of the file that begins at `start`.
    fn run(&mut self, part: &str, start: usize, options: Options) {
        let events = Parser::new_ext(part, options).into_offset_iter();
        for (event, range) in events.take_while(|_| !self.watch.is_over()) {
            self.event(event, range.start + start..range.end + start);
        }
        self.flush();
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text, range),
            Event::Code(text) => self.code_span(&text, range),
            Event::SoftBreak => self.soft_break(range),
            Event::HardBreak => self.hard_break(range),
            Event::Rule => self.flush(),
            Event::Html(_) => self.markup_line(range),
            Event::InlineHtml(tag) => self.inline_markup(&tag, range),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Strong => return self.open.bold += 1,
            Tag::Image { .. } => return self.open.images += 1,
            Tag::Link { .. } => return self.open.links += 1,
            Tag::Emphasis | Tag::Strikethrough => return,
            _ => self.flush(),
        }
        match tag {
            Tag::Heading { level, .. } => self.open.heading = Some(*level as u8),
            Tag::List(_) => self.open.lists += 1,
            Tag::Item => self.open.items += 1,
            Tag::DefinitionListTitle => self.open.terms += 1,
            Tag::DefinitionListDefinition => {
                self.open.items += 1;
                self.open.definitions += 1;
            }
            Tag::CodeBlock(_) => self.code = Some(MappedText::new()),
            Tag::Table(_) => {
                self.table = Some((self.reading.drafts.len(), 0));
                self.tables.open();
            }
            Tag::TableHead | Tag::TableRow => self.tables.open_row(),
            Tag::TableCell => {
                let tag = CellTag { header: self.tables.in_first_row(), columns: 1, rows: 1 };
                self.tables.open_cell(tag, self.reading.drafts.len());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        let less = |count: &mut usize| *count = count.saturating_sub(1);
        match tag {
            TagEnd::Strong => return less(&mut self.open.bold),
            TagEnd::Image => return less(&mut self.open.images),
            TagEnd::Link => return less(&mut self.open.links),
            TagEnd::Emphasis | TagEnd::Strikethrough => return,
            TagEnd::CodeBlock => return self.code_block(),
            _ => self.flush(),
        }
        match tag {
            TagEnd::Heading(_) => self.open.heading = None,
            TagEnd::List(_) => less(&mut self.open.lists),
            TagEnd::Item => less(&mut self.open.items),
            TagEnd::DefinitionListTitle => less(&mut self.open.terms),
            TagEnd::DefinitionListDefinition => {
                less(&mut self.open.items);
                less(&mut self.open.definitions);
            }
            TagEnd::DefinitionList => self.term = None,
            TagEnd::HtmlBlock => self.markup_block(),
            TagEnd::TableCell => self.tables.close_cell(),
            TagEnd::Table => self.end_table(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, range: Range<usize>) {
        if let Some(code) = &mut self.code {
            push_mapped(code, self.source, text, range);
        } else if self.markup.is_none() && !self.is_mark(text, range.start) {
            self.push(text, range);
        }
    }

    /// Marks that stand in the text only because a word is glued to them: the number signs that
    /// close a heading, and those of bold text, of which the parser gives one star at a time.
    fn is_mark(&mut self, text: &str, start: usize) -> bool {
        if text != "*" {
            let closes = !text.is_empty() && text.bytes().all(|byte| byte == b'#');
            return closes && self.open.heading.is_some();
        }
        if start < self.after_mark {
            return true;
        }
        let after = self.source.get(start..).and_then(|rest| rest.strip_prefix("**"));
        let near = after.map_or("", |after| &after[..after.floor_char_boundary(LONGEST_BOLD)]);
        let line = near.lines().next().unwrap_or_default();
        let opens = line.starts_with(char::is_alphanumeric) && line.contains("**");
        let is_mark = after.is_some() && (self.glued || opens);
        if is_mark {
            self.glued = !self.glued;
            self.after_mark = start + 2;
        }
        is_mark
    }

    fn push(&mut self, text: &str, range: Range<usize>) {
        if self.open.images > 0 || self.flow.is_empty() && text.trim().is_empty() {
            return;
        }
        let look = Look { bold: self.open.bold > 0 || self.glued, link: self.open.links > 0 };
        if self.source.get(range.clone()) == Some(text) {
            self.flow.push_verbatim(text, range.start, look);
        } else {
            self.flow.push_decoded(text, Span { start: range.start, end: range.end }, look);
        }
    }

    /// `` `text` ``: the text stands between the marks, with spaces for its line ends.
    fn code_span(&mut self, text: &str, range: Range<usize>) {
        let code = self.source.get(range.clone()).unwrap_or_default();
        let marks = code.bytes().take_while(|b| *b == b'`').count();
        let inner = code.get(marks..code.len().saturating_sub(marks)).unwrap_or_default();
        // One space on each side may belong to the marks.
        let skipped = inner.len().saturating_sub(text.len()) / 2;
        let inner = inner.get(skipped..skipped + text.len()).unwrap_or_default();
        if inner.replace('\n', " ") != text {
            return self.push(text, range);
        }
        let mut at = range.start + marks + skipped;
        for line in inner.split_inclusive('\n') {
            self.push(line, at..at + line.len());
            at += line.len();
        }
    }

    /// A line end divides only before a bullet that Markdown does not know.
    fn soft_break(&mut self, range: Range<usize>) {
        let next = self.source.get(range.end..).unwrap_or_default();
        let line = next.split('\n').next().unwrap_or_default();
        let start = line[..line.floor_char_boundary(40)].replace('\\', "");
        if marks::marker(&start).is_some() {
            return self.hard_break(range);
        }
        self.push("\n", range);
    }

    fn hard_break(&mut self, range: Range<usize>) {
        if self.flow.ends_with_break() {
            return self.flush_paragraph();
        }
        if !self.flow.is_empty() && self.open.images == 0 {
            self.flow.push_break(Span { start: range.start, end: range.end });
        }
    }

    /// Two breaks in a row end a paragraph; a heading goes on.
    fn flush_paragraph(&mut self) {
        if self.open.heading.is_none() {
            self.flush();
        }
    }

    fn inline_markup(&mut self, tag: &str, range: Range<usize>) {
        let name = tag.trim_start_matches(['<', '/']).trim_end_matches(['>', '/', ' ']);
        match name.to_ascii_lowercase().as_str() {
            "br" => self.hard_break(range),
            "p" | "div" | "li" | "ul" | "ol" | "tr" | "td" | "table" => self.flush_paragraph(),
            // Scripts are no text; they end the block, so that no span holds them.
            "script" | "style" => {
                self.flush();
                let opens = !tag.starts_with("</");
                self.open.images =
                    if opens { self.open.images + 1 } else { self.open.images.saturating_sub(1) };
            }
            "b" | "strong" if tag.starts_with("</") => {
                self.open.bold = self.open.bold.saturating_sub(1)
            }
            "b" | "strong" => self.open.bold += 1,
            _ => {}
        }
    }

    fn markup_line(&mut self, range: Range<usize>) {
        match &mut self.markup {
            Some(markup) => markup.end = range.end,
            None => self.markup = Some(range),
        }
    }

    /// A block of HTML is read as HTML.
    fn markup_block(&mut self) {
        let Some(range) = self.markup.take() else { return };
        let Some(block) = self.source.get(range.clone()) else { return };
        let shift = range.start;
        let read = html::read(block, self.boilerplate, self.watch);
        let drafts = read.drafts.into_iter();
        let drafts = drafts.map(|draft| Draft { text: draft.text.shifted(shift), ..draft });
        self.reading.drafts.extend(drafts);
        let headers = read.headers.into_iter().map(|(start, headers)| (start + shift, headers));
        self.reading.headers.extend(headers);
        self.reading.left_out.include(&read.left_out);
    }

    /// Crawlers turn indented text into code blocks: it is text all the same.
    fn code_block(&mut self) {
        if let Some(code) = self.code.take() {
            self.reading.drafts.extend(plain::drafts(&code, self.watch));
        }
    }

    fn flush(&mut self) {
        self.glued = false;
        if self.flow.is_empty() {
            return;
        }
        let flow = std::mem::take(&mut self.flow);
        let is_link = flow.linked_percent() >= 90;
        let drafts = flow.into_drafts(self.kind());
        self.is_link.resize(self.reading.drafts.len(), false);
        for draft in drafts {
            self.note(&draft);
            self.reading.drafts.push(draft);
        }
        self.is_link.resize(self.reading.drafts.len(), is_link);
    }

    /// Takes note of a draft of a table or a list of definitions.
    fn note(&mut self, draft: &Draft) {
        if let Some((_, longest)) = &mut self.table {
            *longest = draft.text.len().max(*longest);
            self.tables.note_block(draft.text.len(), self.reading.drafts.len());
        }
        if self.open.terms > 0 {
            self.term = Some(table::shortened(draft.text.as_str()));
        } else if self.open.definitions > 0 {
            self.reading.head(draft, self.term.iter().cloned().collect());
        }
    }

    fn kind(&self) -> BlockKind {
        if let Some(level) = self.open.heading {
            BlockKind::Heading { level }
        } else if self.open.items > 0 {
            BlockKind::Item { depth: self.open.lists.clamp(1, 255) as u8 }
        } else {
            BlockKind::Paragraph
        }
    }

    fn end_table(&mut self) {
        let mut cells = self.tables.close();
        let Some((first, longest)) = self.table.take() else { return };
        if longest > LONG_CELL {
            return;
        }
        // Converters write an empty row of headers over tables that have none.
        cells.retain(|cell| !cell.is_empty_header());
        let drafts = &self.reading.drafts;
        let is_title = |at: usize| matches!(drafts[at].role, Role::Title(_));
        let headers = table::headers(&cells, |cell| cell.entries.clone().all(is_title));
        let text = |at: usize| drafts[at].text.as_str();
        let texts = headers.iter().map(|headers| table::texts(&cells, headers, text));
        let texts: Vec<Vec<String>> = texts.collect();
        for (cell, texts) in cells.iter().zip(texts).filter(|(_, texts)| !texts.is_empty()) {
            let starts = self.reading.drafts[cell.entries.clone()].iter().filter_map(Draft::start);
            self.reading.headers.extend(starts.map(|start| (start, texts.clone())));
        }
        for draft in &mut self.reading.drafts[first..] {
            draft.role = Role::Fixed(BlockKind::Cell);
        }
    }
}

/// Appends text of a code block with its place.
fn push_mapped(out: &mut MappedText, source: &str, text: &str, range: Range<usize>) {
    if source.get(range.clone()) == Some(text) {
        push_visible(out, text, range.start);
    } else {
        out.push_decoded(text, Span { start: range.start, end: range.end });
    }
}

#[cfg(test)]
mod tests;
