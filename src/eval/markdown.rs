//! The report as Markdown.

use std::fmt::Write;

use super::Report;
use super::errors::{Decided, Errors, Place};
use super::sections::{Section, heading, sections, summary};
use super::table::segmentation;

/// Reports as Markdown: tables, lists of clauses, notes; a table of all where there are several.
pub fn markdown(reports: &[Report]) -> String {
    let mut parts: Vec<String> = Vec::new();
    if reports.len() > 1 {
        parts.push(section(&summary(reports), "#"));
    }
    parts.extend(reports.iter().map(report));
    parts.join("\n")
}

fn report(report: &Report) -> String {
    let mut out = format!("# {}\n", escape(&heading(report)));
    for part in sections(report) {
        let _ = write!(out, "\n{}", section(&part, "##"));
        if let (true, Some(cut)) = (part.title.is_empty(), &report.segmentation) {
            let _ = writeln!(out, "\n{}", segmentation(cut));
        }
    }
    if let Some(errors) = &report.errors {
        write_errors(&mut out, errors);
    }
    if !report.notes.is_empty() {
        out.push_str("\n## Notes\n\n");
    }
    for note in &report.notes {
        let _ = writeln!(out, "- {}", escape(note));
    }
    out
}

fn section(section: &Section, level: &str) -> String {
    let mut out = String::new();
    if !section.title.is_empty() {
        let _ = writeln!(out, "{level} {}\n", escape(&section.title));
    }
    if !section.lead.is_empty() {
        let _ = writeln!(out, "{}\n", escape(&section.lead));
    }
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let header: Vec<String> = section.header.iter().map(|name| escape(name)).collect();
    out.push_str(&row(&header));
    let rule: Vec<String> =
        (0..header.len()).map(|i| if i == 0 { "---" } else { "---:" }.to_owned()).collect();
    out.push_str(&row(&rule));
    for cells in section.rows.iter().filter(|cells| !cells.is_empty()) {
        out.push_str(&row(&cells.iter().map(|cell| escape(cell)).collect::<Vec<_>>()));
    }
    out
}

fn write_errors(out: &mut String, errors: &Errors) {
    if !errors.worst.is_empty() {
        let _ = writeln!(out, "\n## Worst clauses ({} of {})\n", errors.worst.len(), errors.wrong);
    }
    for (i, wrong) in errors.worst.iter().enumerate() {
        let _ = writeln!(out, "{}. {}", i + 1, place(&wrong.place));
        let _ = writeln!(
            out,
            "   - missed: {}; superfluous: {}",
            decided(&wrong.missed),
            decided(&wrong.superfluous)
        );
    }
    if !errors.suspects.is_empty() {
        out.push_str("\n## Likely errors of the gold\n\n");
    }
    for (i, suspect) in errors.suspects.iter().enumerate() {
        let _ = writeln!(out, "{}. {}", i + 1, place(&suspect.place));
        let _ = writeln!(out, "   - {}", escape(&suspect.sentence()));
    }
}

/// The clause among its neighbours, on one line of a list.
fn place(place: &Place) -> String {
    let neighbour = |text: &Option<String>| text.as_deref().map(escape).unwrap_or_default();
    let context = match place.context.as_slice() {
        [] => String::new(),
        levels => format!(" ({})", escape(&levels.join(" > "))),
    };
    let text = format!(
        "{} **{}** {}",
        neighbour(&place.before),
        escape(&place.text),
        neighbour(&place.after)
    );
    let id: String = place.id.replace('`', "'").chars().filter(|c| !c.is_control()).collect();
    format!("`{id}`{context}: {}", text.trim())
}

fn decided(labels: &[Decided]) -> String {
    if labels.is_empty() {
        return "-".to_owned();
    }
    let one = |d: &Decided| format!("{} ({:.2})", escape(&d.label), d.score);
    labels.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// One line in which nothing is markup.
fn escape(text: &str) -> String {
    let mut out = String::new();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for c in words.chars().filter(|c| !c.is_control()) {
        if "\\`*_[]<>|#~".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::report::tests::{full, sample};

    #[test]
    fn every_table_has_its_columns() {
        let text = markdown(&[full()]);
        assert!(text.starts_with("# default on sample.jsonl: 36 clauses of 12 policies\n\n| cat"));
        for table in text.split("\n\n").filter(|part| part.starts_with('|')) {
            let columns = |line: &str| line.replace("\\|", "").matches('|').count();
            let expected = table.lines().next().map(columns);
            assert!(table.lines().all(|line| Some(columns(line)) == expected), "{table}");
        }
        for title in ["## Certified", "## Against old", "## Scores", "## Worst", "## Notes"] {
            assert!(text.contains(title), "{title}");
        }
        assert!(text.contains("| Data Retention | 1.000 | 1.000 | 1.000 | 12 | 12 |"));
    }

    #[test]
    fn text_of_a_policy_is_no_markup() {
        assert_eq!(escape("a | b\n*c* <img src=x>"), "a \\| b \\*c\\* \\<img src=x\\>");
    }

    #[test]
    fn several_data_sets_begin_with_a_table_of_all() {
        let text = markdown(&[sample(2), sample(3)]);
        assert!(text.starts_with("# All data sets\n\n| data set |"));
        assert_eq!(text.matches("\n# default on").count(), 2);
    }
}
