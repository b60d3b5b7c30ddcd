//! Tables: of data, whose cells are cells, or of layout, whose cells are just places.

use std::ops::Range;

/// Longest text of a cell of data, in bytes.
const LONG_CELL: usize = 500;
/// Longest when the table has header cells.
const LONG_WITH_HEADER: usize = 1200;

/// The open tables, outermost first.
#[derive(Debug, Default)]
pub(super) struct Tables(Vec<Table>);

#[derive(Debug, Default)]
struct Table {
    /// The entry that comes first in it.
    first: usize,
    rows: usize,
    columns: usize,
    cells_in_row: usize,
    headers: usize,
    /// Blocks in the open cell, none between cells.
    blocks_in_cell: Option<usize>,
    longest: usize,
    blocks: usize,
    /// Lists, headings or tables inside, or several blocks in one cell.
    structured: bool,
}

impl Tables {
    pub fn open(&mut self, first: usize) {
        self.note_structure();
        self.0.push(Table { first, ..Table::default() });
    }

    pub fn open_row(&mut self) {
        if let Some(table) = self.0.last_mut() {
            table.rows += 1;
            table.cells_in_row = 0;
        }
    }

    pub fn open_cell(&mut self, header: bool) {
        if let Some(table) = self.0.last_mut() {
            table.cells_in_row += 1;
            table.columns = table.columns.max(table.cells_in_row);
            table.headers += usize::from(header);
            table.blocks_in_cell = Some(0);
        }
    }

    pub fn close_cell(&mut self) {
        if let Some(table) = self.0.last_mut() {
            table.blocks_in_cell = None;
        }
    }

    /// Something stands in the innermost cell that cells of data do not hold.
    pub fn note_structure(&mut self) {
        if let Some(table) = self.0.last_mut() {
            table.structured = true;
        }
    }

    pub fn note_block(&mut self, bytes: usize) {
        if let Some(table) = self.0.last_mut() {
            table.longest = table.longest.max(bytes);
            table.blocks += 1;
            if let Some(blocks) = &mut table.blocks_in_cell {
                *blocks += 1;
                table.structured |= *blocks > 2;
            }
        }
    }

    /// Closes the innermost table; the entries from here to the end are its cells if it is one
    /// of data.
    pub fn close(&mut self) -> Option<Range<usize>> {
        let table = self.0.pop()?;
        let is_data = table.is_data();
        if let Some(outer) = self.0.last_mut() {
            outer.structured = true;
        }
        is_data.then(|| table.first..table.first + table.blocks)
    }
}

impl Table {
    fn is_data(&self) -> bool {
        let limit = if self.headers >= 2 { LONG_WITH_HEADER } else { LONG_CELL };
        self.rows >= 2 && self.columns >= 2 && !self.structured && self.longest <= limit
    }
}
