//! Markdown → drafts, as crawlers and people write it.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::flow::{Flow, Look, push_visible};
use super::outline::{Draft, Role};
use super::{BlockKind, Boilerplate, MappedText, Span, furniture, html, marks, plain, unclosed};

/// Longest text of a cell that is a cell of data.
const LONG_CELL: usize = 500;

/// Reads Markdown.
pub(super) fn read(text: &str, boilerplate: Boilerplate) -> Vec<Draft> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut reader = Reader::new(text, boilerplate);
    for part in unclosed::readable_parts(text) {
        let (start, part) = (part.start, &text[part]);
        for (event, range) in Parser::new_ext(part, options).into_offset_iter() {
            reader.event(event, range.start + start..range.end + start);
        }
        reader.flush();
    }
    if boilerplate == Boilerplate::Drop {
        furniture::drop_from(&mut reader.drafts, &reader.is_link);
    }
    reader.drafts
}

struct Reader<'a> {
    source: &'a str,
    boilerplate: Boilerplate,
    drafts: Vec<Draft>,
    /// For each draft so far, whether it is one link.
    is_link: Vec<bool>,
    flow: Flow,
    heading: Option<u8>,
    lists: usize,
    items: usize,
    bold: usize,
    links: usize,
    images: usize,
    /// Text of a code block, read as plain text.
    code: Option<MappedText>,
    /// Source of a block of HTML.
    markup: Option<Range<usize>>,
    /// The first draft of the open table, and its longest cell.
    table: Option<(usize, usize)>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a str, boilerplate: Boilerplate) -> Self {
        Self {
            source,
            boilerplate,
            drafts: Vec::new(),
            is_link: Vec::new(),
            flow: Flow::default(),
            heading: None,
            lists: 0,
            items: 0,
            bold: 0,
            links: 0,
            images: 0,
            code: None,
            markup: None,
            table: None,
        }
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
            Tag::Heading { level, .. } => {
                self.flush();
                self.heading = Some(*level as u8);
            }
            Tag::List(_) => {
                self.flush();
                self.lists += 1;
            }
            Tag::Item => {
                self.flush();
                self.items += 1;
            }
            Tag::Strong => self.bold += 1,
            Tag::Image { .. } => self.images += 1,
            Tag::CodeBlock(_) => {
                self.flush();
                self.code = Some(MappedText::new());
            }
            Tag::Table(_) => {
                self.flush();
                self.table = Some((self.drafts.len(), 0));
            }
            Tag::Link { .. } => self.links += 1,
            Tag::Emphasis | Tag::Strikethrough => {}
            _ => self.flush(),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.flush();
                self.heading = None;
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists = self.lists.saturating_sub(1);
            }
            TagEnd::Item => {
                self.flush();
                self.items = self.items.saturating_sub(1);
            }
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Image => self.images = self.images.saturating_sub(1),
            TagEnd::CodeBlock => self.code_block(),
            TagEnd::HtmlBlock => self.markup_block(),
            TagEnd::Table => self.end_table(),
            TagEnd::Link => self.links = self.links.saturating_sub(1),
            TagEnd::Emphasis | TagEnd::Strikethrough => {}
            _ => self.flush(),
        }
    }

    fn text(&mut self, text: &str, range: Range<usize>) {
        if let Some(code) = &mut self.code {
            push_mapped(code, self.source, text, range);
        } else if self.markup.is_none() {
            self.push(text, range);
        }
    }

    fn push(&mut self, text: &str, range: Range<usize>) {
        if self.images > 0 || self.flow.is_empty() && text.trim().is_empty() {
            return;
        }
        let look = Look { bold: self.bold > 0, link: self.links > 0 };
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
        if marks::marker(&line[..line.floor_char_boundary(40)]).is_some() {
            return self.hard_break(range);
        }
        self.push("\n", range);
    }

    fn hard_break(&mut self, range: Range<usize>) {
        if self.flow.ends_with_break() {
            return self.flush_paragraph();
        }
        if !self.flow.is_empty() && self.images == 0 {
            self.flow.push_break(Span { start: range.start, end: range.end });
        }
    }

    /// Two breaks in a row end a paragraph; a heading goes on.
    fn flush_paragraph(&mut self) {
        if self.heading.is_none() {
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
                self.images = if opens { self.images + 1 } else { self.images.saturating_sub(1) };
            }
            "b" | "strong" if tag.starts_with("</") => self.bold = self.bold.saturating_sub(1),
            "b" | "strong" => self.bold += 1,
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
        self.flush();
        let Some(range) = self.markup.take() else { return };
        let Some(block) = self.source.get(range.clone()) else { return };
        let shift = range.start;
        self.drafts.extend(html::read(block, self.boilerplate).into_iter().map(|draft| {
            let text = draft.text.moved(
                |out, piece, start| out.push_verbatim(piece, start + shift),
                |span| Span { start: span.start + shift, end: span.end + shift },
            );
            Draft { text, ..draft }
        }));
    }

    /// Crawlers turn indented text into code blocks: it is text all the same.
    fn code_block(&mut self) {
        if let Some(code) = self.code.take() {
            self.drafts.extend(plain::drafts(&code));
        }
    }

    fn flush(&mut self) {
        if self.flow.is_empty() {
            return;
        }
        let flow = std::mem::take(&mut self.flow);
        let is_link = flow.linked_percent() >= 90;
        let drafts = flow.into_drafts(self.kind());
        if let Some((_, longest)) = &mut self.table {
            *longest = drafts.iter().map(|d| d.text.len()).max().unwrap_or(0).max(*longest);
        }
        self.is_link.resize(self.drafts.len(), false);
        self.drafts.extend(drafts);
        self.is_link.resize(self.drafts.len(), is_link);
    }

    fn kind(&self) -> BlockKind {
        if let Some(level) = self.heading {
            BlockKind::Heading { level }
        } else if self.items > 0 {
            BlockKind::Item { depth: self.lists.clamp(1, 255) as u8 }
        } else {
            BlockKind::Paragraph
        }
    }

    fn end_table(&mut self) {
        self.flush();
        let Some((first, longest)) = self.table.take() else { return };
        if longest <= LONG_CELL {
            for draft in &mut self.drafts[first..] {
                draft.role = Role::Fixed(BlockKind::Cell);
            }
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
mod tests {
    use super::*;
    use crate::document::outline::settle;

    fn blocks(text: &str) -> Vec<(BlockKind, String)> {
        settle(read(text, Boilerplate::Drop))
            .into_iter()
            .map(|block| {
                let text = block.text.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
                (block.kind, text)
            })
            .collect()
    }

    fn texts(text: &str) -> Vec<String> {
        blocks(text).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn escapes_and_entities_are_resolved() {
        let source = "1\\. We &amp; you\\_x";
        let drafts = read(source, Boilerplate::Drop);
        let text = &drafts[0].text;
        assert_eq!(text.as_str(), "1. We & you_x");
        let span = text.span(6..7);
        assert_eq!(&source[span.start..span.end], "&amp;");
    }

    #[test]
    fn links_keep_their_text_and_images_go() {
        assert_eq!(
            texts("See [our page](http://example.org \"t\") ![logo](x.png) or <http://a.example>."),
            ["See our page or http://a.example."]
        );
    }

    #[test]
    fn headings_lists_quotes_tables() {
        let text = "Policy\n======\n\n> quoted text\n\n*   one\n    *   inner\n\n**Your rights**\n\n| a | b \
                    |\n|---|---|\n| c | d |\n";
        let kinds: Vec<_> = blocks(text).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(
            kinds,
            [
                BlockKind::Heading { level: 1 },
                BlockKind::Paragraph,
                BlockKind::Item { depth: 1 },
                BlockKind::Item { depth: 2 },
                BlockKind::Heading { level: 2 },
                BlockKind::Cell,
                BlockKind::Cell,
                BlockKind::Cell,
                BlockKind::Cell,
            ]
        );
    }

    #[test]
    fn a_policy_on_one_line_is_cut() {
        let text = "# Privacy\n\nWe care.  **1\\. What we collect** We collect names.  **1.1 How** We use \
                    them to: (a) ship;  (b) bill.";
        let found = blocks(text);
        let expected = [
            "Privacy",
            "We care.",
            "1. What we collect",
            "We collect names.",
            "1.1 How",
            "We use them to:",
            "(a) ship;",
            "(b) bill.",
        ];
        assert_eq!(found.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), expected);
        assert_eq!(found[2].0, BlockKind::Heading { level: 2 });
        assert_eq!(found[4].0, BlockKind::Heading { level: 3 });
        assert_eq!(found[7].0, BlockKind::Item { depth: 1 });
    }

    #[test]
    fn a_script_that_nothing_closes_ends_with_its_paragraph() {
        assert_eq!(
            texts("One.\n\n<script src=\"x\"\n\nTwo.\n\n<!-- so\n\nThree.\n\n<style>\n"),
            ["One.", "Two.", "Three."]
        );
        assert_eq!(texts("One.\n\n<script>\n\nx\n\n</script>\n\nTwo."), ["One.", "Two."]);
        assert_eq!(texts("We load a <script here.\n\nTwo."), ["We load a <script here.", "Two."]);
    }

    #[test]
    fn indented_text_and_markup_are_text() {
        assert_eq!(
            texts("    Indented text\n\n<div>One<p>Two</div>\n\nThree<br>four"),
            ["Indented text", "One", "Two", "Three four"]
        );
    }
}
