//! Lines of a column → running text and tables.

use super::columns::SAME_LEFT;
use super::lines::Line;

/// A part of a column.
#[derive(Debug)]
pub(super) enum Part {
    /// Lines of running text, one a row.
    Text(Vec<Line>),
    /// Rows of cells.
    Table(Vec<Vec<Cell>>),
}

/// A cell of a table.
#[derive(Debug)]
pub(super) struct Cell {
    /// Its column, from 0.
    pub column: usize,
    pub lines: Vec<Line>,
}

/// Rows that may stand farther apart than this, in parts of the size, are each a row of a table.
const LOOSE: f64 = 1.6;
/// Rows farther apart than this, in parts of the size, are not of one table.
const FAR: f64 = 5.0;

/// Finds the tables among the lines of a column, which come from top to bottom.
pub(super) fn parts(lines: Vec<Line>) -> Vec<Part> {
    let mut rows: Vec<Vec<Line>> = Vec::new();
    for line in lines {
        match rows.last_mut() {
            Some(row) if row[0].is_on_row_of(&line) => row.push(line),
            _ => rows.push(vec![line]),
        }
    }
    let mut out = Vec::new();
    let mut text: Vec<Line> = Vec::new();
    rows.iter_mut().for_each(|row| row.sort_by(|a, b| a.left.total_cmp(&b.left)));
    let mut from = 0;
    while from < rows.len() {
        let to = table_end(&rows[from..]) + from;
        if to > from {
            if !text.is_empty() {
                out.push(Part::Text(std::mem::take(&mut text)));
            }
            out.push(Part::Table(cells(&rows[from..to])));
            from = to;
        } else {
            text.extend(joined(&rows[from]));
            from += 1;
        }
    }
    if !text.is_empty() {
        out.push(Part::Text(text));
    }
    out
}

/// One line of a row of running text.
fn joined(row: &[Line]) -> Option<Line> {
    let (first, rest) = row.split_first()?;
    let mut line = first.clone();
    rest.iter().for_each(|part| line.join(part.clone()));
    Some(line)
}

/// Columns and rows that a table on one page may have.
const MOST_COLUMNS: usize = 30;
const MOST_ROWS: usize = 200;

/// How many rows from the first one on are a table; 0 when there is none.
fn table_end(rows: &[Vec<Line>]) -> usize {
    let Some(first) = rows.first().filter(|row| (2..=MOST_COLUMNS).contains(&row.len())) else {
        return 0;
    };
    let mut columns: Vec<f64> = first.iter().map(|line| line.left).collect();
    let mut end = 1;
    let mut whole = 1;
    for (at, row) in rows.iter().enumerate().take(MOST_ROWS).skip(1) {
        let gap = rows[at - 1][0].y - row[0].y;
        let many = columns.len().max(row.len()) > MOST_COLUMNS;
        if many || gap > FAR * row[0].size || !fits(row, &columns) {
            break;
        }
        for line in row {
            if column(line, &columns).is_none() {
                columns.push(line.left);
                columns.sort_by(f64::total_cmp);
            }
        }
        if row.len() >= 2 {
            whole += 1;
            end = at + 1;
        } else if gap < LOOSE * row[0].size {
            // The last lines of cells that are taller than their neighbours.
            end = at + 1;
        }
    }
    let numbers = |line: &Line| line.text.bytes().all(|byte| byte.is_ascii_digit());
    let last_numbers = rows[..end].iter().all(|row| row.last().is_some_and(numbers));
    if whole >= 2 && !last_numbers { end } else { 0 }
}

/// Whether the lines of a row begin where columns do and end before the next one.
fn fits(row: &[Line], columns: &[f64]) -> bool {
    let known = row.iter().filter(|line| column(line, columns).is_some()).count();
    let crosses = |line: &Line| {
        columns.iter().any(|left| line.left < left - SAME_LEFT && line.right > left + SAME_LEFT)
    };
    known * 2 > row.len() && !row.iter().any(crosses)
}

fn column(line: &Line, columns: &[f64]) -> Option<usize> {
    columns.iter().position(|left| (line.left - left).abs() <= SAME_LEFT)
}

/// The cells of a table, row by row: lines below each other are one cell unless a gap, or a new
/// line in the first column, begins a row.
fn cells(rows: &[Vec<Line>]) -> Vec<Vec<Cell>> {
    let mut columns: Vec<f64> = rows.iter().flatten().map(|line| line.left).collect();
    columns.sort_by(f64::total_cmp);
    columns.dedup_by(|b, a| *b - *a <= SAME_LEFT);
    let gaps: Vec<f64> = rows.windows(2).map(|pair| pair[0][0].y - pair[1][0].y).collect();
    let (least, most) = gaps
        .iter()
        .fold((f64::MAX, 0.0_f64), |(least, most), gap| (least.min(*gap), most.max(*gap)));
    let size = rows[0][0].size;
    let column = |line: &Line| columns.partition_point(|left| *left <= line.left).saturating_sub(1);
    let begins = |at: usize| {
        at == 0
            || least > LOOSE * size
            || if most > 1.25 * least {
                gaps[at - 1] > 1.25 * least
            } else {
                column(&rows[at][0]) == 0
            }
    };
    let mut out: Vec<Vec<Cell>> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        if begins(at) {
            out.push(Vec::new());
        }
        let Some(open) = out.last_mut() else { continue };
        for line in row {
            let column = column(line);
            match open.iter_mut().find(|cell| cell.column == column) {
                Some(cell) => cell.lines.push(line.clone()),
                None => open.push(Cell { column, lines: vec![line.clone()] }),
            }
        }
    }
    out.iter_mut().for_each(|row| row.sort_by_key(|cell| cell.column));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, left: f64, y: f64) -> Line {
        let right = left + 5.0 * text.len() as f64;
        Line { text: text.into(), left, right, y, size: 10.0, bold: false, artifact: false }
    }

    fn shown(lines: Vec<Line>) -> Vec<String> {
        let cell = |cell: &Cell| {
            let texts: Vec<&str> = cell.lines.iter().map(|line| line.text.as_str()).collect();
            format!("{}:{}", cell.column, texts.join(" "))
        };
        let of = |part: Part| match part {
            Part::Text(lines) => lines.into_iter().map(|line| line.text).collect::<Vec<_>>(),
            Part::Table(rows) => {
                rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|")).collect()
            }
        };
        parts(lines).into_iter().flat_map(of).collect()
    }

    #[test]
    fn cells_of_several_lines() {
        let lines = vec![
            line("We collect the following kinds of data from you:", 0.0, 120.0),
            line("Kind", 0.0, 100.0),
            line("Purpose", 100.0, 100.0),
            line("Mail", 0.0, 80.0),
            line("To answer", 100.0, 80.0),
            line("you", 100.0, 68.0),
            line("Name", 0.0, 48.0),
            line("To greet", 100.0, 48.0),
            line("Ask us for more than what this table says.", 0.0, 20.0),
        ];
        let found = shown(lines);
        assert_eq!(
            found[1..4],
            ["0:Kind|1:Purpose", "0:Mail|1:To answer you", "0:Name|1:To greet"]
        );
        assert_eq!(found.len(), 5);
    }

    #[test]
    fn a_wide_gap_alone_is_no_table() {
        let lines = vec![
            line("left", 0.0, 100.0),
            line("right", 100.0, 100.0),
            line("a line that goes across both of them", 0.0, 88.0),
        ];
        assert_eq!(shown(lines), ["left right", "a line that goes across both of them"]);
    }

    #[test]
    fn page_numbers_of_contents_stay_with_their_entries() {
        let lines = vec![
            line("One", 0.0, 100.0),
            line("3", 100.0, 100.0),
            line("Two", 0.0, 80.0),
            line("4", 100.0, 80.0),
        ];
        assert_eq!(shown(lines), ["One 3", "Two 4"]);
    }
}
