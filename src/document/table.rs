//! Tables: of data, whose cells are cells under headers, or of layout, whose cells are just
//! places.

use std::ops::Range;

/// Longest text of a cell of data, in bytes.
const LONG_CELL: usize = 500;
/// Longest when the table has header cells.
const LONG_WITH_HEADER: usize = 2500;
/// Header cells that make a table one of data, even with lists in its cells.
const HEADERS: usize = 2;
/// A wider cell, or one of more rows, is a mistake.
const WIDEST: usize = 100;
/// Longest header of a cell, in bytes.
const HEADER: usize = 200;

/// The open tables, outermost first.
#[derive(Debug, Default)]
pub(super) struct Tables(Vec<Table>);

#[derive(Debug, Default)]
struct Table {
    rows: usize,
    columns: usize,
    headers: usize,
    cells: Vec<Cell>,
    /// For each column, in how many more rows a cell from above stands.
    taken: Vec<usize>,
    column: usize,
    in_cell: bool,
    longest: usize,
    /// Lists or headings inside, or several blocks in one cell.
    structured: bool,
    nested: bool,
}

/// A cell and the entries in it.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    row: usize,
    column: usize,
    pub entries: Range<usize>,
    is_header: bool,
}

impl Cell {
    pub fn is_empty_header(&self) -> bool {
        self.is_header && self.entries.is_empty()
    }
}

/// What a start tag says about a cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct CellTag {
    pub header: bool,
    pub columns: usize,
    pub rows: usize,
}

impl Tables {
    pub fn open(&mut self) {
        if let Some(outer) = self.0.last_mut() {
            outer.nested = true;
        }
        self.0.push(Table::default());
    }

    pub fn open_row(&mut self) {
        if let Some(table) = self.0.last_mut() {
            table.rows += 1;
            table.column = 0;
            table.taken.iter_mut().for_each(|rows| *rows = rows.saturating_sub(1));
        }
    }

    /// Whether the innermost table has no second row yet.
    pub fn in_first_row(&self) -> bool {
        self.0.last().is_some_and(|table| table.rows < 2)
    }

    /// A cell begins; the next entry will be `first`.
    pub fn open_cell(&mut self, tag: CellTag, first: usize) {
        let Some(table) = self.0.last_mut() else { return };
        while table.taken.get(table.column).is_some_and(|rows| *rows > 0) {
            table.column += 1;
        }
        let (row, column) = (table.rows, table.column);
        table.column += tag.columns.clamp(1, WIDEST);
        table.columns = table.columns.max(table.column);
        if tag.rows > 1 {
            table.taken.resize(table.taken.len().max(table.column), 0);
            table.taken[column..table.column].fill(tag.rows.min(WIDEST));
        }
        table.headers += usize::from(tag.header);
        table.in_cell = true;
        table.cells.push(Cell { row, column, entries: first..first, is_header: tag.header });
    }

    pub fn close_cell(&mut self) {
        if let Some(table) = self.0.last_mut() {
            table.in_cell = false;
        }
    }

    /// Something stands in the innermost cell that few cells of data hold.
    pub fn note_structure(&mut self) {
        if let Some(table) = self.0.last_mut() {
            table.structured = true;
        }
    }

    /// A block of so many bytes, the entry at `at`.
    pub fn note_block(&mut self, bytes: usize, at: usize) {
        let Some(table) = self.0.last_mut() else { return };
        table.longest = table.longest.max(bytes);
        if table.in_cell
            && let Some(cell) = table.cells.last_mut()
        {
            cell.entries.end = at + 1;
            table.structured |= cell.entries.len() > 2;
        }
    }

    /// Closes the innermost table; its cells if it is one of data.
    pub fn close(&mut self) -> Vec<Cell> {
        let Some(table) = self.0.pop() else { return Vec::new() };
        if table.is_data() { table.cells } else { Vec::new() }
    }
}

impl Table {
    fn is_data(&self) -> bool {
        let headed = self.headers >= HEADERS;
        let limit = if headed { LONG_WITH_HEADER } else { LONG_CELL };
        self.rows >= 2
            && self.columns >= 2
            && !self.nested
            && (headed || !self.structured)
            && self.longest <= limit
    }
}

/// The cells that head each cell of a table of data: its row's first, then its column's.
/// `is_bold` tells whether a cell's text is bold throughout.
pub(super) fn headers(cells: &[Cell], is_bold: impl Fn(&Cell) -> bool) -> Vec<[Option<usize>; 2]> {
    let first_row = cells.first().map_or(0, |cell| cell.row);
    let top: Vec<&Cell> = cells.iter().take_while(|cell| cell.row == first_row).collect();
    let filled = |cell: &Cell| !cell.entries.is_empty();
    let has_top = top.iter().any(|cell| cell.is_header)
        || top.iter().filter(|cell| filled(cell)).count() > 1
            && top.iter().filter(|cell| filled(cell)).all(|cell| is_bold(cell));
    let mut columns: Vec<Option<usize>> = Vec::new();
    let mut row_header = None;
    let mut out = Vec::with_capacity(cells.len());
    for (at, cell) in cells.iter().enumerate() {
        let is_top = cell.row == first_row || cell.is_header && cell.column > 0;
        let heads_column = has_top && is_top;
        if heads_column {
            columns.resize(columns.len().max(cell.column + 1), None);
            columns[cell.column] = Some(at).filter(|_| filled(cell));
            out.push([None, None]);
            continue;
        }
        let is_first = cell.column == 0;
        if is_first {
            row_header = Some(at).filter(|_| filled(cell) && (has_top || cell.is_header));
        }
        let of_column = columns.get(cell.column).copied().flatten();
        let of_row = row_header.filter(|_| !is_first);
        out.push([of_row, of_column.filter(|_| !cell.is_header)]);
    }
    out
}

/// The texts of the cells that head one; `text` is that of an entry.
pub(super) fn texts<'a>(
    cells: &[Cell],
    headers: &[Option<usize>; 2],
    text: impl Fn(usize) -> &'a str,
) -> Vec<String> {
    let whole = |at: &usize| {
        let texts = cells[*at].entries.clone().map(&text);
        shortened(&texts.collect::<Vec<_>>().join(" "))
    };
    headers.iter().flatten().map(whole).collect()
}

/// White space folded, and no longer than a header needs to be.
pub(super) fn shortened(text: &str) -> String {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    folded[..folded.floor_char_boundary(HEADER)].to_owned()
}
