//! The report as a text table, in the manner of scikit-learn's `classification_report`.

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::{Figures, HumanFigures, Report};

/// The report for a terminal or a log: a table of figures, then what people reach, then notes.
/// Undefined figures are shown as `-`.
pub fn table(report: &Report) -> String {
    let mut out = format!(
        "{} on {}: {} clauses of {} policies\n\n{}\n",
        report.model,
        report.dataset,
        report.clauses,
        report.documents,
        figures(report).trim_fmt()
    );
    if let Some(cut) = &report.segmentation {
        let _ = writeln!(
            out,
            "\nClause starts: precision {}, recall {}, F1 {} ({} gold clauses, {} predicted; \
             {} gold clauses without counterpart, {} predicted)",
            number(cut.precision),
            number(cut.recall),
            number(cut.f1),
            cut.gold_clauses,
            cut.predicted_clauses,
            cut.gold_without_counterpart,
            cut.predicted_without_counterpart,
        );
    }
    if let Some(human) = &report.human {
        let _ = writeln!(
            out,
            "\nAnnotators on {} clauses, {:.1} a clause\n\n{}",
            human.clauses,
            human.annotators,
            agreement(report).trim_fmt()
        );
    }
    for (i, note) in report.notes.iter().enumerate() {
        let _ = writeln!(out, "{}Note: {note}", if i == 0 { "\n" } else { "" });
    }
    out
}

fn figures(report: &Report) -> Table {
    let header =
        ["category", "precision", "recall", "f1-score", "support", "predicted", "precision 95 %"];
    let mut table = plain(&header);
    for (label, figures) in report.per_category.iter() {
        table.add_row(row(label, figures));
    }
    table.add_row([""]);
    for (name, figures) in [
        ("micro avg", &report.micro_avg),
        ("macro avg", &report.macro_avg),
        ("weighted avg", &report.weighted_avg),
        ("samples avg", &report.samples_avg),
    ] {
        table.add_row(row(name, figures));
    }
    if let Some(ten) = &report.ten_categories {
        table.add_row([""]);
        table.add_row(row("micro avg, ten categories", &ten.micro_avg));
        table.add_row(row("macro avg, ten categories", &ten.macro_avg));
    }
    table
}

fn agreement(report: &Report) -> Table {
    let mut table = plain(&["category", "kappa", "f1-score"]);
    let Some(human) = &report.human else { return table };
    let row = |name: &str, figures: &HumanFigures| {
        cells(name, [number(figures.kappa), number(figures.f1)])
    };
    for (label, figures) in human.per_category.iter() {
        table.add_row(row(label, figures));
    }
    table.add_row([""]);
    table.add_row(row("micro avg", &human.micro_avg));
    table.add_row(row("macro avg", &human.macro_avg));
    table
}

/// A table without borders, its header set.
fn plain(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let (first, rest) = header.split_first().unwrap_or((&"", &[]));
    table.set_header(cells(first, rest));
    table
}

fn row(name: &str, figures: &Figures) -> Vec<Cell> {
    let interval = match figures.precision_ci {
        Some([low, high]) => format!("{low:.3} to {high:.3}"),
        None => "-".to_owned(),
    };
    cells(
        name,
        [
            number(figures.precision),
            number(figures.recall),
            number(figures.f1),
            figures.support.to_string(),
            figures.predicted.to_string(),
            interval,
        ],
    )
}

/// A name to the left, numbers to the right.
fn cells(name: &str, numbers: impl IntoIterator<Item = impl ToString>) -> Vec<Cell> {
    let right = |number| Cell::new(number).set_alignment(CellAlignment::Right);
    std::iter::once(Cell::new(name)).chain(numbers.into_iter().map(right)).collect()
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Alignment;
    use crate::eval::report::tests::sample;

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
        assert_eq!(line(&text, "Data Retention")[7..], ["1.000", "to", "1.000"]);
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
}
