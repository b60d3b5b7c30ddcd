//! The error browser: clauses with what is wrong about them, to be filtered by category.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::super::errors::{Errors, Place, Suspect, WrongClause};
use super::markup::escape;

pub fn write(out: &mut String, errors: &Errors, index: usize) {
    let (worst, suspects) = (format!("s{index}-worst"), format!("s{index}-suspects"));
    let shown = errors.worst.len();
    let _ = writeln!(out, "<h2 id=\"{worst}\">Worst clauses ({shown} of {})</h2>", errors.wrong);
    out.push_str(
        "<p class=\"lead\">Most wrong first, by the log loss of the wrong decisions; with the \
         clause before and after.</p>\n",
    );
    write_filter(out, &format!("{worst}-list"), errors.worst.iter().flat_map(WrongClause::labels));
    let _ = writeln!(out, "<div id=\"{worst}-list\">");
    errors.worst.iter().for_each(|wrong| write_wrong(out, wrong));
    let _ = writeln!(out, "</div>\n<h2 id=\"{suspects}\">Likely errors of the gold</h2>");
    out.push_str(
        "<p class=\"lead\">The model contradicts the gold here as surely as it is right elsewhere \
         on average. The gold is right until someone has looked.</p>\n",
    );
    let labels = errors.suspects.iter().map(|suspect| suspect.label.as_str());
    write_filter(out, &format!("{suspects}-list"), labels);
    let _ = writeln!(out, "<div id=\"{suspects}-list\">");
    errors.suspects.iter().for_each(|suspect| write_suspect(out, suspect));
    out.push_str("</div>\n");
}

/// A choice of the labels that occur.
fn write_filter<'a>(out: &mut String, list: &str, labels: impl Iterator<Item = &'a str>) {
    let labels: BTreeSet<&str> = labels.collect();
    if labels.len() < 2 {
        return;
    }
    let _ = writeln!(
        out,
        "<p class=\"filter\"><label>Show <select data-list=\"{list}\">\
         <option value=\"\">every category</option>"
    );
    for label in labels {
        let label = escape(label);
        let _ = writeln!(out, "<option value=\"{label}\">{label}</option>");
    }
    out.push_str("</select></label></p>\n");
}

fn write_wrong(out: &mut String, wrong: &WrongClause) {
    let labels: Vec<&str> = wrong.labels().collect();
    open(out, &wrong.place, &labels);
    out.push_str("<p>");
    for decided in &wrong.missed {
        tag(out, "missed", &format!("missed: {} {:.2}", decided.label, decided.score));
    }
    for decided in &wrong.superfluous {
        tag(out, "superfluous", &format!("superfluous: {} {:.2}", decided.label, decided.score));
    }
    let is_missed = |label: &&String| wrong.missed.iter().any(|d| d.label == **label);
    for label in wrong.gold.iter().filter(|label| !is_missed(label)) {
        tag(out, "kept", label);
    }
    out.push_str("</p></div>\n");
}

fn write_suspect(out: &mut String, suspect: &Suspect) {
    open(out, &suspect.place, &[&suspect.label]);
    out.push_str("<p>");
    tag(out, if suspect.gold { "superfluous" } else { "missed" }, &suspect.sentence());
    out.push_str("</p></div>\n");
}

fn open(out: &mut String, place: &Place, labels: &[&str]) {
    let _ = write!(
        out,
        "<div class=\"clause\" data-labels=\"{}\">\n<p class=\"where\">{}",
        escape(&labels.join(";")),
        escape(&place.id)
    );
    if !place.context.is_empty() {
        let _ = write!(out, " · {}", escape(&place.context.join(" › ")));
    }
    out.push_str("</p>\n");
    for (class, text) in [
        ("near", place.before.as_ref()),
        ("text", Some(&place.text)),
        ("near", place.after.as_ref()),
    ] {
        if let Some(text) = text {
            let _ = writeln!(out, "<p class=\"{class}\">{}</p>", escape(text));
        }
    }
}

fn tag(out: &mut String, class: &str, text: &str) {
    let _ = write!(out, "<span class=\"tag {class}\">{}</span>", escape(text));
}
