//! A table for reading in a terminal: one a document, clauses shortened to its width.

use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::shorten::{printable, wrap};
use super::{ClauseRecord, ErrorRecord, Exporter, rounded};

/// Columns lie this far apart: comfy-table pads each with a blank on both sides.
const PADDING: usize = 2;
/// Narrower terminals get wrapped lines rather than no text at all.
const MIN_TEXT: usize = 20;

/// Writes a table a document. A document is held back until its last clause is known, for the
/// widths of the columns.
pub struct TableExporter<W: Write> {
    writer: W,
    width: usize,
    document: Option<String>,
    rows: Vec<Row>,
    /// A blank line goes between documents, not before the first.
    started: bool,
}

/// What is shown of a clause.
struct Row {
    index: String,
    place: String,
    /// Whether the place is one on a page.
    paged: bool,
    /// One line a label; `None` when the clause was not labelled.
    labels: Option<Vec<String>>,
    text: String,
}

impl<W: Write> TableExporter<W> {
    /// A table for a terminal of so many columns.
    pub fn new(writer: W, width: usize) -> Self {
        Self { writer, width, document: None, rows: Vec::new(), started: false }
    }

    /// Writes the table of the document at hand, if there is one.
    fn flush_document(&mut self) -> io::Result<()> {
        let Some(document) = self.document.take() else { return Ok(()) };
        let rows = std::mem::take(&mut self.rows);
        self.title(&document)?;
        writeln!(self.writer, "{}", lay_out(&rows, self.width).trim_fmt())
    }

    fn title(&mut self, document: &str) -> io::Result<()> {
        if std::mem::replace(&mut self.started, true) {
            writeln!(self.writer)?;
        }
        writeln!(self.writer, "{}", printable(document))
    }
}

impl<W: Write> Exporter for TableExporter<W> {
    fn clause(&mut self, record: &ClauseRecord) -> io::Result<()> {
        if self.document.as_deref() != Some(&record.document) {
            self.flush_document()?;
            self.document = Some(record.document.clone());
        }
        self.rows.push(Row::new(record));
        Ok(())
    }

    fn error(&mut self, record: &ErrorRecord) -> io::Result<()> {
        self.flush_document()?;
        self.title(&record.document)?;
        let ErrorRecord { error, .. } = record;
        writeln!(self.writer, " no clauses ({}): {}", error.kind, printable(&error.message))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.flush_document()?;
        self.writer.flush()
    }
}

impl Row {
    fn new(record: &ClauseRecord) -> Self {
        let mut labels: Option<Vec<String>> = record.labels.as_ref().map(|labels| {
            labels.iter().map(|label| printable(&with_score(record, label))).collect()
        });
        if let Some(labels) = &mut labels {
            let withheld = record.withheld.iter();
            labels.extend(
                withheld.map(|l| printable(&format!("({} withheld)", with_score(record, l)))),
            );
        }
        if let (true, Some(labels)) = (record.truncated, &mut labels) {
            labels.push("(read in part)".to_owned());
        }
        Self {
            index: record.index.to_string(),
            place: place(record),
            paged: record.page.is_some(),
            labels,
            text: printable(&record.text),
        }
    }
}

/// Where the clause stands: bytes, or with its page the characters there.
fn place(record: &ClauseRecord) -> String {
    let (start, end) = (record.start, record.end);
    match (record.page, record.end_page) {
        (Some(page), Some(last)) => format!("{page}:{start}-{last}:{end}"),
        (Some(page), None) => format!("{page}:{start}-{end}"),
        _ => format!("{start}-{end}"),
    }
}

fn with_score(record: &ClauseRecord, label: &str) -> String {
    match record.scores.as_ref().and_then(|scores| scores.get(label)) {
        Some(&score) => format!("{label} {:.2}", rounded(score)),
        None => label.to_owned(),
    }
}

fn lay_out(rows: &[Row], width: usize) -> Table {
    let labelled = rows.iter().any(|row| row.labels.is_some());
    let unit = if rows.iter().any(|row| row.paged) { "page:characters" } else { "bytes" };
    let widest = |of: fn(&Row) -> usize, header: &str| {
        rows.iter().map(of).max().unwrap_or(0).max(header.len())
    };
    let longest = |row: &Row| {
        row.labels.iter().flatten().map(|label| label.chars().count()).max().unwrap_or(0)
    };
    let place = widest(|row| row.index.len(), "#") + widest(|row| row.place.len(), unit);
    let columns = if labelled { 4 } else { 3 };
    let room = width.saturating_sub(place + columns * PADDING);
    let labels = if labelled { widest(longest, "labels").min(room / 2).max(10) } else { 0 };
    let text = room.saturating_sub(labels).max(MIN_TEXT);

    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let mut header = vec![right("#"), right(unit), Cell::new("text")];
    if labelled {
        header.insert(2, Cell::new("labels"));
    }
    table.set_header(header);
    for row in rows {
        table.add_row(cells(row, labelled, labels, text));
    }
    table
}

/// The cells of a row; the text may take as many lines as the labels need.
fn cells(row: &Row, labelled: bool, label_width: usize, text_width: usize) -> Vec<Cell> {
    let mut cells = vec![right(&row.index), right(&row.place)];
    let mut lines = 1;
    if labelled {
        let labels: Vec<String> = row
            .labels
            .iter()
            .flatten()
            .flat_map(|label| wrap(label, label_width, usize::MAX))
            .collect();
        lines = labels.len().max(1);
        cells.push(Cell::new(labels.join("\n")));
    }
    cells.push(Cell::new(wrap(&row.text, text_width, lines).join("\n")));
    cells
}

fn right(text: &str) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{failed, labelled, paged, unlabelled};
    use super::*;

    fn run(width: usize, records: &[ClauseRecord]) -> String {
        let mut out = Vec::new();
        let mut exporter = TableExporter::new(&mut out, width);
        records.iter().for_each(|record| exporter.clause(record).unwrap());
        exporter.error(&failed()).unwrap();
        exporter.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn shows_place_labels_scores_and_text() {
        let none = ClauseRecord { labels: Some(vec![]), index: 12, ..labelled() };
        let expected = "\
shop.html
  #  bytes  labels               text
  3  18-61  Data Retention 0.90  (a) \"orders\", and\u{fffd}[31m
            Data Security 0.51   invoices;
 12  18-61                       (a) \"orders\", and\u{fffd}[31…

empty.html
 no clauses (empty): no text in it
";
        assert_eq!(run(56, &[labelled(), none]), expected);
    }

    #[test]
    fn fits_the_width() {
        let long = ClauseRecord { text: "many words ".repeat(90), ..labelled() };
        for width in [60, 80, 120, 200] {
            let out = run(width, &[long.clone(), labelled()]);
            let widest = out.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= width, "{widest} columns of {width}:\n{out}");
            assert!(out.contains('…'));
        }
    }

    #[test]
    fn split_has_no_labels_column() {
        let out = run(80, &[unlabelled()]);
        assert!(!out.contains("labels"), "{out}");
        assert!(out.contains(" 3  18-61  (a) \"orders\", and\u{fffd}[31m invoices;\n"), "{out}");
    }

    #[test]
    fn places_of_a_document_with_pages_name_the_page() {
        let one = ClauseRecord { end_page: None, ..paged() };
        let out = run(80, &[paged(), one]);
        assert!(out.contains("page:characters") && !out.contains("bytes"), "{out}");
        assert!(out.contains(" 2:18-3:61 ") && out.contains(" 2:18-61 "), "{out}");
    }

    #[test]
    fn each_document_has_its_table() {
        let other = ClauseRecord { document: "b\u{1b}.html".into(), ..labelled() };
        let out = run(80, &[labelled(), labelled(), other]);
        assert_eq!(out.matches("shop.html").count(), 1);
        assert!(out.contains("\n\nb\u{fffd}.html\n"), "{out}");
        assert!(!out.contains('\u{1b}'));
    }

    #[test]
    fn says_when_a_clause_was_read_in_part() {
        let long = ClauseRecord { truncated: true, ..labelled() };
        assert!(run(80, &[long]).contains("(read in part)"));
    }
}
