//! One card a category: its precision-recall curve and its reliability curve.

use std::fmt::Write;

use super::super::calibration::{Bin, Point};
use super::super::sections::number;
use super::super::{Calibrated, LabelMap, Report};
use super::markup::escape;

/// Side of a drawing, and room for the numbers at its axes.
const SIDE: f64 = 150.0;
const LEFT: f64 = 22.0;
const BELOW: f64 = 30.0;

pub fn write(out: &mut String, report: &Report, curves: &LabelMap<Vec<Point>>) {
    out.push_str(
        "<p class=\"lead\">Left: precision over recall as the threshold falls; the dot is the \
         threshold in use. Right: the share that is right over the score; on the dashed line a \
         score means what it says.</p>\n<div class=\"cards\">\n",
    );
    for (label, figures) in report.per_category.iter() {
        let calibrated = report.calibration.as_ref().and_then(|c| c.per_category.get(label));
        let precision = calibrated.and_then(|c| c.average_precision);
        let error = calibrated.and_then(|c| c.calibration_error);
        let _ = writeln!(
            out,
            "<div class=\"card\"><h3>{}</h3>\n<p>average precision {}, calibration error {}, \
             {} gold clauses</p>\n<div class=\"pair\">",
            escape(label),
            number(precision),
            number(error),
            figures.support
        );
        let empty = Vec::new();
        let in_use = figures.recall.zip(figures.precision);
        write_curve(out, curves.get(label).unwrap_or(&empty), in_use);
        write_reliability(out, calibrated);
        out.push_str("</div></div>\n");
    }
    out.push_str("</div>\n");
}

fn write_curve(out: &mut String, points: &[Point], in_use: Option<(f64, f64)>) {
    open(out, "recall", "precision over recall");
    if let Some(first) = points.first() {
        let mut path = format!("M{}", place(0.0, first.precision));
        let mut last = String::new();
        for point in points {
            let next = place(point.recall, point.precision);
            // Many scores fall on one place of the drawing.
            if next != last {
                let _ = write!(path, "L{next}");
                last = next;
            }
        }
        let _ = writeln!(out, "<path class=\"curve\" d=\"{path}\"/>");
    }
    if let Some((recall, precision)) = in_use {
        let (x, y) = (x(recall), y(precision));
        let _ = writeln!(out, "<circle class=\"point\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>");
    }
    out.push_str("</svg>\n");
}

fn write_reliability(out: &mut String, calibrated: Option<&Calibrated>) {
    open(out, "score", "share that is right over the score");
    let _ = writeln!(
        out,
        "<line class=\"ideal\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
        x(0.0),
        y(0.0),
        x(1.0),
        y(1.0)
    );
    let bins: &[Bin] = calibrated.map_or(&[], |calibrated| &calibrated.bins);
    let most = bins.iter().map(|bin| bin.clauses).max().unwrap_or(1) as f64;
    let places: Vec<String> = bins.iter().map(|bin| place(bin.score, bin.share)).collect();
    if !places.is_empty() {
        let _ = writeln!(out, "<path class=\"curve dots\" d=\"M{}\"/>", places.join("L"));
    }
    for bin in bins {
        // Counts span three powers of ten: the area goes with their logarithm.
        let size = 1.8 + 2.6 * (1.0 + bin.clauses as f64).ln() / (1.0 + most).ln();
        let _ = writeln!(
            out,
            "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{size:.1}\"><title>{} \
             clauses, score {:.2}, right {:.2}</title></circle>",
            x(bin.score),
            y(bin.share),
            bin.clauses,
            bin.score,
            bin.share
        );
    }
    out.push_str("</svg>\n");
}

/// The frame of a drawing with its axes from 0 to 1.
fn open(out: &mut String, below: &str, label: &str) {
    let (width, height) = (LEFT + SIDE + 6.0, SIDE + BELOW + 6.0);
    let (left, right, top, bottom) = (x(0.0), x(1.0), y(1.0), y(0.0));
    let middle = (left + right) / 2.0;
    let _ = writeln!(
        out,
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">\n\
         <path class=\"axis\" d=\"M{left} {top}V{bottom}H{right}M{left} {top}H{right}V{bottom}\
         M{left} {half}H{right}M{middle} {top}V{bottom}\"/>\n\
         <text x=\"{tick}\" y=\"{top_text}\" text-anchor=\"end\">1</text>\
         <text x=\"{tick}\" y=\"{half_text}\" text-anchor=\"end\">.5</text>\
         <text x=\"{tick}\" y=\"{bottom}\" text-anchor=\"end\">0</text>\
         <text x=\"{middle}\" y=\"{name}\" text-anchor=\"middle\">{below}</text>\
         <text x=\"{right}\" y=\"{name}\" text-anchor=\"end\">1</text>",
        half = y(0.5),
        tick = left - 5.0,
        top_text = top + 8.0,
        half_text = y(0.5) + 4.0,
        name = bottom + 16.0,
    );
}

fn place(across: f64, up: f64) -> String {
    format!("{:.1} {:.1}", x(across), y(up))
}

fn x(share: f64) -> f64 {
    LEFT + share * SIDE
}

fn y(share: f64) -> f64 {
    6.0 + (1.0 - share) * SIDE
}
