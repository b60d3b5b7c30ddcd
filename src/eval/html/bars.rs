//! Bars of every category: precision and F1 with their intervals, and what people reach.

use std::fmt::Write;

use super::super::{Figures, Report};
use super::markup::escape;

/// Bars are drawn in a box of this size and stretched to the width there is.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 24.0;

pub fn write(out: &mut String, report: &Report) {
    let human = report.human.as_ref();
    out.push_str(
        "<div class=\"legend\"><span><i class=\"precision\"></i>precision</span>\
         <span><i class=\"f1\"></i>F1</span><span>lines: 95 % intervals</span>",
    );
    if human.is_some() {
        out.push_str("<span><i class=\"human\"></i>F1 of one annotator against another</span>");
    }
    out.push_str("</div>\n<div class=\"bars\">\n");
    for (label, figures) in report.per_category.iter() {
        let people = human.and_then(|human| human.per_category.get(label)).and_then(|h| h.f1);
        write_row(out, label, figures, people);
    }
    write_row(out, "micro avg", &report.micro_avg, human.and_then(|human| human.micro_avg.f1));
    write_row(out, "macro avg", &report.macro_avg, human.and_then(|human| human.macro_avg.f1));
    out.push_str("</div>\n");
}

fn write_row(out: &mut String, name: &str, figures: &Figures, people: Option<f64>) {
    let percent = |value: Option<f64>| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{:.0}", value * 100.0))
    };
    let (precision, f1) = (percent(figures.precision), percent(figures.f1));
    let _ = writeln!(
        out,
        "<div class=\"row\"><span>{}</span>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" \
         role=\"img\" aria-label=\"precision {precision}, F1 {f1} of 100\">",
        escape(name)
    );
    write_bar(out, "precision", 0.0, figures.precision, figures.precision_ci);
    write_bar(out, "f1", 13.0, figures.f1, figures.f1_ci);
    if let Some(people) = people {
        let x = people * WIDTH;
        let _ = writeln!(
            out,
            "<line class=\"human\" stroke-width=\"3\" vector-effect=\"non-scaling-stroke\" \
             x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"11\" y2=\"{HEIGHT}\"/>"
        );
    }
    let _ = writeln!(
        out,
        "</svg>\n<span class=\"value\">{precision} · {f1} <small>of {}</small></span></div>",
        figures.support
    );
}

fn write_bar(
    out: &mut String,
    class: &str,
    y: f64,
    value: Option<f64>,
    interval: Option<[f64; 2]>,
) {
    let thick = 11.0;
    let _ = writeln!(
        out,
        "<rect class=\"track\" x=\"0\" y=\"{y}\" width=\"{WIDTH}\" height=\"{thick}\"/>"
    );
    if let Some(value) = value {
        let width = value * WIDTH;
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"0\" y=\"{y}\" width=\"{width:.1}\" height=\"{thick}\"/>"
        );
    }
    if let Some([low, high]) = interval {
        let (low, high, middle) = (low * WIDTH, high * WIDTH, y + thick / 2.0);
        let (top, bottom) = (middle - 3.0, middle + 3.0);
        let path = format!(
            "M{low:.1} {top}V{bottom}M{low:.1} {middle}H{high:.1}M{high:.1} {top}V{bottom}"
        );
        for (class, width) in [("halo", 4.0), ("whisker", 1.4)] {
            let _ = writeln!(
                out,
                "<path class=\"{class}\" stroke-width=\"{width}\" \
                 vector-effect=\"non-scaling-stroke\" d=\"{path}\"/>"
            );
        }
    }
}
