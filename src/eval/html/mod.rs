//! The report as one HTML file that needs nothing else: style, script and drawings inside.

mod bars;
mod cards;
mod clauses;
mod markup;

use std::fmt::Write;

use super::calibration::Point;
use super::sections::{Section, heading, number, sections, summary};
use super::table::segmentation;
use super::{LabelMap, Report};
use markup::escape;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("filter.js");

/// A report and the curves that it does not hold.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a> {
    pub report: &'a Report,
    /// Precision-recall curves, each from the highest score down.
    pub curves: &'a LabelMap<Vec<Point>>,
}

/// One page with a part a report, and a table of all where there are several.
pub fn html(sheets: &[Sheet]) -> String {
    let title = match sheets {
        [sheet] => format!("{} on {}", sheet.report.model, sheet.report.dataset),
        _ => format!("{} data sets", sheets.len()),
    };
    let mut out = String::with_capacity(1 << 16);
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        escape(&title)
    );
    if sheets.len() > 1 {
        let reports: Vec<Report> = sheets.iter().map(|sheet| sheet.report.clone()).collect();
        write_section(&mut out, &summary(&reports), "all");
    }
    for (number, sheet) in sheets.iter().enumerate() {
        write_sheet(&mut out, sheet, number);
    }
    let _ = write!(out, "<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
    out
}

fn write_sheet(out: &mut String, sheet: &Sheet, index: usize) {
    let report = sheet.report;
    let _ = writeln!(out, "<main id=\"s{index}\">\n<h1>{}</h1>", escape(&heading(report)));
    write_notes(out, report);
    write_contents(out, report, index);
    write_tiles(out, report);
    let _ = writeln!(out, "<h2 id=\"s{index}-bars\">Categories</h2>");
    bars::write(out, report);
    let (figures, rest): (Vec<_>, Vec<_>) =
        sections(report).into_iter().partition(|section| section.title.is_empty());
    for section in &figures {
        let _ = writeln!(out, "<h2 id=\"s{index}-figures\">Figures</h2>");
        write_table(out, section);
    }
    if let Some(cut) = &report.segmentation {
        let _ = writeln!(out, "<p>{}</p>", escape(&segmentation(cut)));
    }
    // Without scores there is nothing to draw.
    if report.calibration.is_some() {
        let _ = writeln!(out, "<h2 id=\"s{index}-curves\">Curves</h2>");
        cards::write(out, report, sheet.curves);
    }
    for (i, section) in rest.iter().enumerate() {
        write_section(out, section, &format!("s{index}-{i}"));
    }
    if let Some(errors) = &report.errors {
        clauses::write(out, errors, index);
    }
    out.push_str("</main>\n");
}

fn write_contents(out: &mut String, report: &Report, index: usize) {
    out.push_str("<nav>\n");
    let mut link = |id: String, name: &str| {
        let _ = writeln!(out, "<a href=\"#{id}\">{}</a>", escape(name));
    };
    link(format!("s{index}-bars"), "Categories");
    link(format!("s{index}-figures"), "Figures");
    if report.calibration.is_some() {
        link(format!("s{index}-curves"), "Curves");
    }
    let titled = sections(report).into_iter().filter(|section| !section.title.is_empty());
    for (i, section) in titled.enumerate() {
        link(format!("s{index}-{i}"), &section.title);
    }
    if report.errors.is_some() {
        link(format!("s{index}-worst"), "Worst clauses");
        link(format!("s{index}-suspects"), "Likely errors of the gold");
    }
    out.push_str("</nav>\n");
}

fn write_notes(out: &mut String, report: &Report) {
    for note in &report.notes {
        let _ = writeln!(out, "<p class=\"lead\">{}</p>", escape(note));
    }
}

/// The figures that are looked for first.
fn write_tiles(out: &mut String, report: &Report) {
    let ten = report.ten_categories.as_ref();
    let human = report.human.as_ref();
    let calibration = report.calibration.as_ref();
    let tiles = [
        ("micro F1", report.micro_avg.f1),
        ("macro F1", report.macro_avg.f1),
        ("micro F1, ten categories", ten.and_then(|ten| ten.micro_avg.f1)),
        ("macro F1, ten categories", ten.and_then(|ten| ten.macro_avg.f1)),
        ("macro average precision", calibration.and_then(|c| c.macro_avg.average_precision)),
        ("one annotator against another, micro F1", human.and_then(|human| human.micro_avg.f1)),
    ];
    out.push_str("<div class=\"tiles\">\n");
    for (name, value) in tiles.into_iter().filter(|(_, value)| value.is_some()) {
        let _ =
            writeln!(out, "<div class=\"tile\"><b>{}</b><span>{name}</span></div>", number(value));
    }
    out.push_str("</div>\n");
}

fn write_section(out: &mut String, section: &Section, id: &str) {
    let _ = writeln!(out, "<h2 id=\"{id}\">{}</h2>", escape(&section.title));
    if !section.lead.is_empty() {
        let _ = writeln!(out, "<p class=\"lead\">{}</p>", escape(&section.lead));
    }
    write_table(out, section);
}

fn write_table(out: &mut String, section: &Section) {
    // The confusion table has two columns of names.
    let names = if section.header.get(1) == Some(&"given instead") { 2 } else { 1 };
    let class = |column: usize| if column < names { " class=\"name\"" } else { "" };
    out.push_str("<div class=\"scroll\"><table>\n<thead><tr>");
    for (i, name) in section.header.iter().enumerate() {
        let _ = write!(out, "<th{}>{}</th>", class(i), escape(name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &section.rows {
        if row.is_empty() {
            let _ = writeln!(
                out,
                "<tr class=\"part\"><td colspan=\"{}\"></td></tr>",
                section.header.len()
            );
            continue;
        }
        out.push_str("<tr>");
        for (i, cell) in row.iter().enumerate() {
            let _ = write!(out, "<td{}>{}</td>", class(i), escape(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

#[cfg(test)]
mod tests;
