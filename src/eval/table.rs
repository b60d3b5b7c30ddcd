//! The report as a text table, in the manner of scikit-learn's `classification_report`.

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::errors::{Decided, Errors, Place};
use super::sections::{Section, heading, number, sections, summary};
use super::{Report, Segmentation};

/// The report for a terminal or a log: a table of figures, then what else was asked for, then
/// notes. Undefined figures are shown as `-`.
pub fn table(report: &Report) -> String {
    let mut out = format!("{}\n", heading(report));
    for section in sections(report) {
        write_section(&mut out, &section);
        // The splitting belongs to the figures, which have no title.
        if let (true, Some(cut)) = (section.title.is_empty(), &report.segmentation) {
            let _ = writeln!(out, "\n{}", segmentation(cut));
        }
    }
    if let Some(errors) = &report.errors {
        write_errors(&mut out, errors);
    }
    for (i, note) in report.notes.iter().enumerate() {
        let _ = writeln!(out, "{}Note: {note}", if i == 0 { "\n" } else { "" });
    }
    out
}

/// Several reports, one after the other, and a table of all.
pub fn tables(reports: &[Report]) -> String {
    let mut out = reports.iter().map(table).collect::<Vec<_>>().join("\n");
    if reports.len() > 1 {
        write_section(&mut out, &summary(reports));
    }
    out
}

/// One line on how well documents were cut.
pub(super) fn segmentation(cut: &Segmentation) -> String {
    format!(
        "Clause starts: precision {}, recall {}, F1 {} ({} gold clauses, {} predicted; {} gold \
         clauses without counterpart, {} predicted)",
        number(cut.precision),
        number(cut.recall),
        number(cut.f1),
        cut.gold_clauses,
        cut.predicted_clauses,
        cut.gold_without_counterpart,
        cut.predicted_without_counterpart,
    )
}

fn write_section(out: &mut String, section: &Section) {
    if !section.title.is_empty() {
        let _ = writeln!(out, "\n{}", section.title);
    }
    if !section.lead.is_empty() {
        let _ = writeln!(out, "({})", section.lead);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(cells(&section.header));
    for row in &section.rows {
        table.add_row(if row.is_empty() { vec![Cell::new("")] } else { cells(row) });
    }
    let _ = writeln!(out, "\n{}", table.trim_fmt());
}

/// A name to the left, numbers to the right.
fn cells<T: AsRef<str>>(row: &[T]) -> Vec<Cell> {
    let cell = |(i, text): (usize, &T)| {
        let text = text.as_ref();
        let is_number = text.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c));
        let name = i == 0 || (!is_number && text.contains(char::is_uppercase));
        let side = if name { CellAlignment::Left } else { CellAlignment::Right };
        Cell::new(text).set_alignment(side)
    };
    row.iter().enumerate().map(cell).collect()
}

fn write_errors(out: &mut String, errors: &Errors) {
    if !errors.worst.is_empty() {
        let _ = writeln!(out, "\nWorst clauses ({} of {})", errors.worst.len(), errors.wrong);
    }
    for wrong in &errors.worst {
        write_place(out, &wrong.place);
        let _ = writeln!(out, "    missed: {}", decided(&wrong.missed));
        let _ = writeln!(out, "    superfluous: {}", decided(&wrong.superfluous));
    }
    if !errors.suspects.is_empty() {
        let _ = writeln!(out, "\nLikely errors of the gold (the model is sure of the opposite)");
    }
    for suspect in &errors.suspects {
        write_place(out, &suspect.place);
        let _ = writeln!(out, "    {}", suspect.sentence());
    }
}

fn write_place(out: &mut String, place: &Place) {
    let context = place.context.join(" > ");
    let _ = writeln!(out, "\n  {}  {}", one_line(&place.id), one_line(&context));
    for (mark, text) in
        [(' ', place.before.as_ref()), ('>', Some(&place.text)), (' ', place.after.as_ref())]
    {
        if let Some(text) = text {
            let _ = writeln!(out, "  {mark} {}", one_line(text));
        }
    }
}

/// Text of a file must not steer a terminal.
fn one_line(text: &str) -> String {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    folded.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn decided(labels: &[Decided]) -> String {
    match labels {
        [] => "-".to_owned(),
        _ => labels
            .iter()
            .map(|d| format!("{} ({:.2})", d.label, d.score))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Alignment;
    use crate::eval::report::tests::{full, sample};

    fn line<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
        let line = text.lines().find(|line| line.trim_start().starts_with(start));
        line.unwrap_or_else(|| panic!("no {start} in\n{text}")).split_whitespace().collect()
    }

    #[test]
    fn shows_every_row() {
        let report = sample(12);
        let text = table(&report);
        assert!(text.starts_with("default on sample.jsonl: 36 clauses of 12 policies\n"));
        let expected = ["Data", "Retention", "1.000", "1.000", "1.000", "12", "12"];
        assert_eq!(line(&text, "Data Retention")[..7], expected);
        assert_eq!(line(&text, "Data Retention")[7..], ["0.758", "to", "1.000"]);
        assert_eq!(line(&text, "Do Not Track")[3..], ["-", "-", "-", "0", "0", "-"]);
        assert_eq!(line(&text, "micro avg, ten")[4], "1.000");
        for name in
            ["macro avg ", "weighted avg", "samples avg", "Annotators on 36", "Note: no gold"]
        {
            line(&text, name);
        }
        assert!(text.lines().all(|line| line.trim_end() == line), "trailing blanks");
    }

    #[test]
    fn shows_the_splitting() {
        let mut report = sample(2);
        report.segmentation = Some(Alignment::default().segmentation());
        assert_eq!(line(&table(&report), "Clause starts")[2..4], ["precision", "-,"]);
    }

    #[test]
    fn shows_what_else_was_asked_for() {
        let text = table(&full());
        assert_eq!(line(&text, "Certified precision")[3], "0.9");
        line(&text, "Against old");
        assert!(text.contains("not enough evidence"));
        let folded: Vec<String> =
            text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let confused = "Introductory/Generic Privacy contact information 12";
        assert!(folded.iter().any(|line| line == confused), "{text}");
        line(&text, "> Mail us.\u{fffd}[31m");
        line(&text, "missed: Introductory/Generic (0.10)");
        assert!(text.lines().all(|line| line.trim_end() == line), "trailing blanks");
    }

    #[test]
    fn several_data_sets_stand_in_one_table_at_the_end() {
        let text = tables(&[sample(2), sample(3)]);
        assert_eq!(text.matches("sample.jsonl").count(), 4);
        assert_eq!(line(&text, "sample.jsonl")[1..3], ["2", "6"]);
        assert!(!tables(&[sample(2)]).contains("All data sets"));
    }
}
