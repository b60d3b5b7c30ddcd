//! Lines of a column → running text and tables.

use super::columns::SAME_LEFT;
use super::lines::Line;

/// A part of a column.
#[derive(Debug)]
pub(super) enum Part {
    /// Lines of running text, one a row.
    Text(Vec<Line>),
    Table(Rows),
}

/// The cells of a table, row by row.
pub(super) type Rows = Vec<Vec<Cell>>;

/// A cell of a table.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    /// Its column, from 0.
    pub column: usize,
    /// How many rows it takes.
    pub rows: usize,
    pub lines: Vec<Line>,
}

/// Lines of a cell are no farther apart than this, in parts of the size.
const LOOSE: f64 = 1.6;
/// Rows farther apart than this, in parts of the size, are not of one table.
const FAR: f64 = 5.0;
/// Lines that are nearer to each other, in parts of the size, stand beside each other.
const BESIDE: f64 = 0.9;
/// A gap this much larger than between lines of a cell divides cells.
const OTHER_GAP: f64 = 1.25;

/// Lines beside each other, from top to bottom: those of one baseline or, as in cells that are
/// centred, of baselines half a line apart.
#[derive(Debug)]
struct Band(Vec<Vec<Line>>);

impl Band {
    fn lines(&self) -> impl Iterator<Item = &Line> {
        self.0.iter().flatten()
    }

    fn top(&self) -> f64 {
        self.lines().fold(f64::MIN, |y, line| y.max(line.y))
    }

    fn bottom(&self) -> f64 {
        self.lines().fold(f64::MAX, |y, line| y.min(line.y))
    }

    /// Adds a line that comes next on the page; gives it back when it stands below.
    fn take(&mut self, line: Line) -> Option<Line> {
        let Some(row) = self.0.last_mut() else { return Some(line) };
        if row[0].table.is_some() || line.table.is_some() {
            return Some(line);
        }
        if row[0].is_on_row_of(&line) {
            row.push(line);
            return None;
        }
        let near = row[0].y - line.y < BESIDE * line.size.min(row[0].size);
        let apart = |other: &Line| line.left >= other.right || line.right <= other.left;
        if near && row.iter().all(apart) {
            self.0.push(vec![line]);
            return None;
        }
        Some(line)
    }
}

/// Finds the tables among the lines of a column, which come from top to bottom; `ruled` are those
/// that were found by their lines.
pub(super) fn parts(lines: Vec<Line>, ruled: &mut [Rows]) -> Vec<Part> {
    let bands = bands(lines);
    let mut out = Vec::new();
    let mut text: Vec<Line> = Vec::new();
    let mut from = 0;
    while from < bands.len() {
        let number = bands[from].0[0][0].table;
        if let Some(table) = number.and_then(|number| ruled.get_mut(number)) {
            push_text(&mut text, &mut out);
            out.push(Part::Table(std::mem::take(table)));
            from += 1;
            continue;
        }
        let to = table_end(&bands[from..]) + from;
        if to > from {
            let mut lines = first_lines(&mut text, &bands[from]);
            lines.extend(bands[from..to].iter().flat_map(Band::lines).cloned());
            push_text(&mut text, &mut out);
            out.push(Part::Table(cells(lines)));
            from = to;
        } else {
            text.extend(bands[from].0.iter().filter_map(|row| joined(row)));
            from += 1;
        }
    }
    push_text(&mut text, &mut out);
    out
}

fn bands(lines: Vec<Line>) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for line in lines {
        let below = match bands.last_mut() {
            Some(band) => band.take(line),
            None => Some(line),
        };
        bands.extend(below.map(|line| Band(vec![vec![line]])));
    }
    let rows = bands.iter_mut().flat_map(|band| band.0.iter_mut());
    rows.for_each(|row| row.sort_by(|a, b| a.left.total_cmp(&b.left)));
    bands
}

fn push_text(text: &mut Vec<Line>, out: &mut Vec<Part>) {
    if !text.is_empty() {
        out.push(Part::Text(std::mem::take(text)));
    }
}

/// Takes from the text above a table the first lines of its cells that are taller than that of
/// the first column.
fn first_lines(text: &mut Vec<Line>, first: &Band) -> Vec<Line> {
    let columns = lefts(first.lines());
    let mut top = first.top();
    let mut out = Vec::new();
    while let Some(line) = text.pop_if(|line| {
        line.y - top < LOOSE * line.size && column(line, &columns).is_some_and(|column| column > 0)
    }) {
        top = line.y;
        out.insert(0, line);
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

/// How many bands from the first one on are a table; 0 when there is none.
fn table_end(bands: &[Band]) -> usize {
    let Some(first) = bands.first() else { return 0 };
    let mut columns = lefts(first.lines());
    if !(2..=MOST_COLUMNS).contains(&columns.len()) {
        return 0;
    }
    let mut end = 1;
    let mut whole = 1;
    for (at, band) in bands.iter().enumerate().take(MOST_ROWS).skip(1) {
        let gap = bands[at - 1].bottom() - band.top();
        let size = band.0[0][0].size;
        let many = columns.len().max(lefts(band.lines()).len()) > MOST_COLUMNS;
        if many || gap > FAR * size || !fits(band, &columns) {
            break;
        }
        for line in band.lines() {
            if column(line, &columns).is_none() {
                columns.push(line.left);
                columns.sort_by(f64::total_cmp);
            }
        }
        if band.lines().nth(1).is_some() {
            whole += 1;
            end = at + 1;
        } else if gap < LOOSE * size {
            // The last lines of cells that are taller than their neighbours.
            end = at + 1;
        }
    }
    let numbers = |line: &Line| line.text.bytes().all(|byte| byte.is_ascii_digit());
    let last_numbers = bands[..end].iter().all(|band| band.lines().last().is_some_and(numbers));
    if whole >= 2 && !last_numbers { end } else { 0 }
}

/// Whether the lines of a band begin where columns do and end before the next one.
fn fits(band: &Band, columns: &[f64]) -> bool {
    let known = band.lines().filter(|line| column(line, columns).is_some()).count();
    let crosses = |line: &Line| {
        columns.iter().any(|left| line.left < left - SAME_LEFT && line.right > left + SAME_LEFT)
    };
    known * 2 > band.lines().count() && !band.lines().any(crosses)
}

/// Where the columns of some lines begin.
fn lefts<'a>(lines: impl Iterator<Item = &'a Line>) -> Vec<f64> {
    let mut lefts: Vec<f64> = lines.map(|line| line.left).collect();
    lefts.sort_by(f64::total_cmp);
    lefts.dedup_by(|b, a| *b - *a <= SAME_LEFT);
    lefts
}

fn column(line: &Line, columns: &[f64]) -> Option<usize> {
    columns.iter().position(|left| (line.left - left).abs() <= SAME_LEFT)
}

/// The cells of a table, whose lines come from top to bottom.
fn cells(lines: Vec<Line>) -> Rows {
    let lefts = lefts(lines.iter());
    let mut columns: Vec<Vec<Line>> = lefts.iter().map(|_| Vec::new()).collect();
    for line in lines {
        let column = lefts.partition_point(|left| *left <= line.left).saturating_sub(1);
        columns[column].push(line);
    }
    let tops = tops(&columns);
    let mut rows: Rows = tops.iter().map(|_| Vec::new()).collect();
    for (column, lines) in columns.into_iter().enumerate() {
        for line in lines {
            let row = tops.partition_point(|top| *top >= line.y).saturating_sub(1);
            match rows[row].last_mut() {
                Some(cell) if cell.column == column => cell.lines.push(line),
                _ => rows[row].push(Cell { column, rows: 1, lines: vec![line] }),
            }
        }
    }
    rows
}

/// The heights at which rows begin. Lines below each other are one cell unless a gap divides
/// them, and cells beside each other one row, however they are aligned; where other cells go on
/// beside several cells of the first column, each of these begins a row.
fn tops(columns: &[Vec<Line>]) -> Vec<f64> {
    let gaps = || columns.iter().flat_map(|lines| lines.windows(2).map(gap));
    let (least, most) =
        gaps().fold((f64::MAX, 0.0_f64), |(least, most), gap| (least.min(gap), most.max(gap)));
    let loose = columns.iter().flatten().next().is_none_or(|line| least > LOOSE * line.size);
    let mut cells: Vec<(f64, f64, bool)> = Vec::new();
    for (column, lines) in columns.iter().enumerate() {
        let alone = loose || column == 0 && most <= OTHER_GAP * least;
        let joins = |a: &Line, b: &Line| !alone && a.y - b.y <= OTHER_GAP * least;
        for cell in lines.chunk_by(joins) {
            let (first, last) = (&cell[0], &cell[cell.len() - 1]);
            cells.push((first.y + 0.7 * first.size, last.y - 0.2 * last.size, column == 0));
        }
    }
    cells.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut tops = Vec::new();
    let (mut bottom, mut has_first) = (f64::MAX, false);
    for (top, end, is_first) in cells {
        if top < bottom {
            tops.push(top);
            (bottom, has_first) = (end, is_first);
            continue;
        }
        if is_first && has_first {
            tops.push(top);
        }
        bottom = bottom.min(end);
        has_first |= is_first;
    }
    tops
}

fn gap(pair: &[Line]) -> f64 {
    pair[0].y - pair[1].y
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, left: f64, y: f64) -> Line {
        Line::plain(text, left, left + 5.0 * text.len() as f64, y)
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
        parts(lines, &mut []).into_iter().flat_map(of).collect()
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
