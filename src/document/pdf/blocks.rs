//! Pages → their text and the drafts of blocks that stand in it.

use std::collections::{BTreeMap, HashMap};

use super::super::left_out::{LeftOut, Reason};
use super::super::marks::{self, Family, Rank};
use super::super::outline::{Draft, Role};
use super::super::pages::Pages;
use super::super::reading::Reading;
use super::super::{BlockKind, Boilerplate, MappedText, Span};
use super::columns;
use super::furniture::Placed;
use super::grid;
use super::hyphens::Words;
use super::lines::Line;
use super::paragraphs::{Joiner, Paragraph};
use super::rules::Rules;
use super::table::{self, Cell, Part, Rows};

/// From this many times the usual size on, a line is a heading.
const HEADING_SIZE: f64 = 1.12;
/// Longest heading, in bytes.
const LONGEST_HEADING: usize = 200;
/// Longest text that heads the cells of a row or a column, in bytes.
const LONGEST_HEADER: usize = 300;

/// A block before its kind is known.
enum Found {
    Text(Paragraph),
    Cell { paragraph: Paragraph, headers: Vec<String> },
}

/// The text of a cell, when it is short enough to head others.
fn header(cell: &Cell) -> Option<String> {
    let texts: Vec<&str> = cell.lines.iter().map(|line| line.text.as_str()).collect();
    Some(texts.join(" ")).filter(|text| text.len() <= LONGEST_HEADER)
}

/// A table and the headers of its columns.
struct Headed {
    /// How much had been found when it ended.
    end: usize,
    columns: usize,
    headers: BTreeMap<usize, String>,
}

/// Puts pages together.
#[derive(Default)]
pub(super) struct Builder {
    pages: Pages,
    found: Vec<Found>,
    joiner: Joiner,
    words: Words,
    /// Bytes of text by size, in half points.
    sizes: HashMap<i64, usize>,
    left_out: LeftOut,
    last_table: Option<Headed>,
    /// How much had been found when the page began.
    page_start: usize,
}

impl Builder {
    /// Adds a page; furniture is of its text, but no block.
    pub fn push_page(&mut self, page: Vec<Placed>, rules: &Rules, boilerplate: Boilerplate) {
        self.pages.begin_page();
        self.page_start = self.found.len();
        let keep = boilerplate == Boilerplate::Keep;
        let middle = page.iter().position(|placed| !placed.furniture).unwrap_or(page.len());
        let (mut before, mut after, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        for (at, Placed { line, furniture }) in page.into_iter().enumerate() {
            match furniture {
                false => lines.push(line),
                true if at < middle => before.push(line),
                true => after.push(line),
            }
        }
        self.push_furniture(before, keep);
        let (lines, mut ruled) = grid::take(lines, rules);
        for group in columns::groups(lines) {
            for part in table::parts(group, &mut ruled) {
                self.push_part(part);
            }
        }
        self.push_furniture(after, keep);
    }

    fn push_furniture(&mut self, lines: Vec<Line>, keep: bool) {
        for line in lines {
            let at = self.pages.push_line(&line.text);
            if keep {
                self.close();
                self.found.push(Found::Text(Paragraph { lines: vec![(line, at)] }));
            } else {
                self.left_out.add(Reason::Boilerplate, line.text.len());
            }
        }
    }

    fn push_part(&mut self, part: Part) {
        match part {
            Part::Text(lines) => {
                self.joiner.begin(&lines);
                for line in lines {
                    let size = (line.size * 2.0).round() as i64;
                    *self.sizes.entry(size).or_default() += line.text.len();
                    self.words.add(&line.text);
                    let at = self.pages.push_line(&line.text);
                    self.joiner.push(line, at);
                }
            }
            Part::Table(rows) => {
                self.close();
                self.push_table(rows);
            }
        }
    }

    /// A paragraph that is open ends here.
    fn close(&mut self) {
        let paragraphs = self.joiner.take();
        self.found.extend(paragraphs.into_iter().map(Found::Text));
    }

    /// The cells of a table, each headed by the first cell of its row and of its column.
    fn push_table(&mut self, rows: Rows) {
        let width = rows.iter().flatten().map(|cell| cell.column + 1).max().unwrap_or_default();
        let last = self.last_table.take().filter(|last| self.goes_on(last, &rows, width));
        let mut columns = last.map(|last| last.headers).unwrap_or_default();
        let (mut first, mut rows_of_first) = (None, 0usize);
        for row in rows {
            rows_of_first = rows_of_first.saturating_sub(1);
            if rows_of_first == 0 {
                first = None;
            }
            // A single cell above them is the title of the table.
            if columns.is_empty() {
                if row.len() >= 2 {
                    let header = |cell: &Cell| Some((cell.column, header(cell)?));
                    columns = row.iter().filter_map(header).collect();
                }
                row.into_iter().for_each(|cell| self.push_cell(cell, Vec::new()));
                continue;
            }
            for cell in row {
                let of_row = first.clone().filter(|_| cell.column > 0);
                if cell.column == 0 {
                    (first, rows_of_first) = (header(&cell), cell.rows);
                }
                let of_column = columns.get(&cell.column).cloned();
                self.push_cell(cell, of_row.into_iter().chain(of_column).collect());
            }
        }
        let end = self.found.len();
        self.last_table = Some(Headed { end, columns: width, headers: columns });
    }

    /// Whether a table that begins a page goes on with the one that the page before ended with: it
    /// has as many columns, and no header of its own.
    fn goes_on(&self, last: &Headed, rows: &Rows, columns: usize) -> bool {
        let at_start = last.end == self.page_start && self.found.len() == self.page_start;
        let bold = |cell: &Cell| cell.lines.iter().all(|line| line.bold);
        let repeats = |cell: &Cell| header(cell).as_ref() == last.headers.get(&cell.column);
        let is_header = |row: &Vec<Cell>| row.iter().all(bold) || row.iter().all(repeats);
        at_start && last.columns == columns && !rows.first().is_none_or(is_header)
    }

    fn push_cell(&mut self, cell: Cell, headers: Vec<String>) {
        let place = |line: Line| {
            let at = self.pages.push_line(&line.text);
            (line, at)
        };
        let paragraph = Paragraph { lines: cell.lines.into_iter().map(place).collect() };
        self.found.push(Found::Cell { paragraph, headers });
    }

    /// The drafts, with the text of the pages.
    pub fn finish(mut self) -> (Reading, Pages) {
        self.close();
        let found = std::mem::take(&mut self.found);
        let styles = Styles::of(&found, &self.sizes);
        let mut lists = Lists::default();
        let mut drafts = Vec::new();
        let mut headers = BTreeMap::new();
        for block in found {
            let (paragraph, kind) = match block {
                Found::Text(paragraph) => (paragraph, None),
                Found::Cell { paragraph, headers } => (paragraph, Some(headers)),
            };
            let text = self.text(&paragraph);
            if !text.as_str().contains(char::is_alphanumeric) {
                continue;
            }
            let role = match kind {
                Some(of_cell) => {
                    headers.insert(text.span(0..text.len()).start, of_cell);
                    Role::Fixed(BlockKind::Cell)
                }
                None => {
                    let role = styles.role(&paragraph, text.as_str());
                    lists.role(role, &paragraph, text.as_str())
                }
            };
            drafts.push(Draft { role, text });
        }
        (Reading { drafts, headers, left_out: self.left_out }, self.pages)
    }

    /// The text of a block: its lines with a space for each line end, divided words joined.
    fn text(&self, paragraph: &Paragraph) -> MappedText {
        let mut out = MappedText::new();
        for (at, (line, start)) in paragraph.lines.iter().enumerate() {
            let Some((next, next_start)) = paragraph.lines.get(at + 1) else {
                push_chars(&mut out, &line.text, *start);
                break;
            };
            let (len, space) = self.words.join(&line.text, &next.text);
            push_chars(&mut out, &line.text[..len], *start);
            if space {
                let end = start + line.text.chars().count();
                out.push_decoded(" ", Span { start: end, end: *next_start });
            }
        }
        out
    }
}

/// Appends text, each character of which stands for one of the source.
fn push_chars(out: &mut MappedText, text: &str, start: usize) {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut at = 0;
    for run in chars.chunk_by(|a, b| a.1.len_utf8() == b.1.len_utf8()) {
        let len = run[0].1.len_utf8();
        let range = run[0].0..run[0].0 + run.len() * len;
        out.push_scaled(&text[range], start + at, len as u8, 1);
        at += run.len();
    }
}

/// How far the items of a list without written bullets are indented, in parts of the size.
const ITEM_INDENT: f64 = 0.7;

/// Lists that only their indentation shows: many programs draw bullets instead of writing them.
#[derive(Default)]
struct Lists {
    /// Where the last block stands, when it ends with a colon.
    introduction: Option<f64>,
    /// Where the items of the open lists stand, outermost first.
    lefts: Vec<f64>,
}

impl Lists {
    /// The role of the next block.
    fn role(&mut self, role: Role, paragraph: &Paragraph, text: &str) -> Role {
        let Some((line, _)) = paragraph.lines.first() else { return role };
        let indent = ITEM_INDENT * line.size;
        let introduction = self.introduction.take();
        if text.ends_with(':') {
            self.introduction = Some(line.left);
        }
        if role != Role::Fixed(BlockKind::Paragraph) {
            self.lefts.clear();
            return role;
        }
        self.lefts.retain(|left| line.left > left - indent);
        let outer = self.lefts.last().copied();
        if outer.or(introduction).is_some_and(|outer| line.left > outer + indent) {
            self.lefts.push(line.left);
        }
        match self.lefts.len().min(8) {
            0 => role,
            depth => Role::Fixed(BlockKind::Item { depth: depth as u8 }),
        }
    }
}

/// How this document writes its headings.
struct Styles {
    /// Sizes of headings in half points, the largest first.
    headings: Vec<i64>,
    /// Bold lines are headings, so that other lines need not be.
    bold: bool,
}

impl Styles {
    fn of(found: &[Found], sizes: &HashMap<i64, usize>) -> Self {
        let usual = sizes.iter().max_by_key(|(size, bytes)| (**bytes, **size));
        let usual = usual.map_or(0, |(size, _)| *size);
        let paragraphs = || {
            found.iter().filter_map(|block| match block {
                Found::Text(paragraph) => Some(paragraph),
                Found::Cell { .. } => None,
            })
        };
        let is_large = |paragraph: &&Paragraph| {
            size(paragraph) as f64 >= usual as f64 * HEADING_SIZE
                && bytes(paragraph) <= LONGEST_HEADING
        };
        let mut headings: Vec<i64> = paragraphs().filter(is_large).map(size).collect();
        headings.sort_by_key(|size| std::cmp::Reverse(*size));
        headings.dedup();
        Self { headings, bold: paragraphs().any(|paragraph| bold_title(paragraph).is_some()) }
    }

    fn role(&self, paragraph: &Paragraph, text: &str) -> Role {
        let marker = marks::marker(text);
        let bullet = marker.is_some_and(|marker| matches!(marker.family, Family::Bullet(_)));
        let rank = self.headings.iter().position(|heading| *heading == size(paragraph));
        if let Some(rank) = rank.filter(|_| !bullet && text.len() <= LONGEST_HEADING) {
            return Role::Fixed(BlockKind::Heading { level: (rank + 1).min(6) as u8 });
        }
        if let Some(rank) = bold_title(paragraph) {
            return Role::Title(rank);
        }
        let styled = self.bold || self.headings.len() > 1;
        let title = marks::plain_title(text);
        match (marker, title) {
            (None, Some(rank)) => Role::Title(rank),
            (Some(_), Some(rank)) if !styled && !bullet => Role::Title(rank),
            (Some(marker), _) => Role::Marked(marker),
            (None, None) => Role::Fixed(BlockKind::Paragraph),
        }
    }
}

/// In half points.
fn size(paragraph: &Paragraph) -> i64 {
    paragraph.lines.first().map_or(0, |(line, _)| (line.size * 2.0).round() as i64)
}

fn bytes(paragraph: &Paragraph) -> usize {
    paragraph.lines.iter().map(|(line, _)| line.text.len() + 1).sum()
}

/// The rank of a wholly bold block of title length.
fn bold_title(paragraph: &Paragraph) -> Option<Rank> {
    if !paragraph.lines.iter().all(|(line, _)| line.bold) || paragraph.lines.len() > 3 {
        return None;
    }
    let texts: Vec<&str> = paragraph.lines.iter().map(|(line, _)| line.text.as_str()).collect();
    let text = texts.join(" ");
    if marks::is_short(&text) { marks::bold_title(&text) } else { None }
}
