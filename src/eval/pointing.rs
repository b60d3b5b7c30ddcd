//! Whether explanations point where people did: the pointing game (Zhang et al. 2018).
//!
//! For each right label that annotators also highlighted, the word that carries it most is a hit
//! when it lies inside a highlight. How often any word would is the chance to beat: highlights may
//! cover most of a text.

use std::collections::BTreeMap;
use std::ops::Range;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;

use super::{Bootstrap, LabelMap, Tally, bootstrap};
use crate::taxonomy::Taxonomy;

/// One label of one text, explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Pointed {
    /// The policy of the text.
    pub group: String,
    pub class: usize,
    /// The strongest word lies inside a highlight.
    pub hit: bool,
    /// Share of the words that do.
    pub chance: f64,
}

/// Where an explanation points: whether the word with the largest weight (the first of several)
/// shares a byte with a highlight, and the share of words that do. `None` without words.
pub fn point(words: &[(Range<usize>, f32)], highlights: &[(usize, usize)]) -> Option<(bool, f64)> {
    let inside = |word: &Range<usize>| {
        highlights.iter().any(|&(start, end)| start < word.end && word.start < end)
    };
    let strongest = words.iter().rev().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let covered = words.iter().filter(|(word, _)| inside(word)).count();
    Some((inside(&strongest.0), covered as f64 / words.len() as f64))
}

/// How often explanations of one category point into highlights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PointingFigures {
    /// Labels explained.
    pub cases: usize,
    /// Share of them whose strongest word lies inside a highlight.
    pub hits: Option<f64>,
    /// 95 % interval of `hits` over policies.
    pub hits_ci: Option<[f64; 2]>,
    /// The share that a word drawn at random would reach.
    pub chance: Option<f64>,
}

/// The figures of all categories.
#[derive(Debug, Clone, Serialize)]
pub struct PointingReport {
    pub model: String,
    pub policies: usize,
    pub all: PointingFigures,
    pub per_category: LabelMap<PointingFigures>,
}

impl PointingReport {
    /// Adds up the cases.
    pub fn new(model: &str, cases: &[Pointed], taxonomy: &Taxonomy) -> Self {
        let all: Vec<&Pointed> = cases.iter().collect();
        let of_class = |class: usize| {
            let own: Vec<&Pointed> = cases.iter().filter(|case| case.class == class).collect();
            figures(&own)
        };
        Self {
            model: model.to_owned(),
            policies: by_policy(&all).len(),
            all: figures(&all),
            per_category: LabelMap::new(taxonomy, (0..taxonomy.len()).map(of_class)),
        }
    }
}

fn figures(cases: &[&Pointed]) -> PointingFigures {
    let share = |sum: f64| (!cases.is_empty()).then(|| sum / cases.len() as f64);
    let policies: Vec<Tally> = by_policy(cases).into_values().collect();
    let intervals = bootstrap(&policies, &Bootstrap::default());
    PointingFigures {
        cases: cases.len(),
        hits: share(cases.iter().filter(|case| case.hit).count() as f64),
        hits_ci: intervals.and_then(|rows| rows.first()?.recall),
        chance: share(cases.iter().map(|case| case.chance).sum()),
    }
}

/// Cases as gold labels of one category, hits as found ones: the share of hits is its recall.
fn by_policy<'a>(cases: &[&'a Pointed]) -> BTreeMap<&'a str, Tally> {
    let mut policies: BTreeMap<&str, Tally> = BTreeMap::new();
    for case in cases {
        let tally = policies.entry(&case.group).or_insert_with(|| Tally::new(1));
        tally.add(&[true], &[case.hit]);
    }
    policies
}

/// The report for people.
pub fn pointing_table(report: &PointingReport, taxonomy: &Taxonomy) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["", "strongest word inside", "95 %", "any word inside", "labels"]);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let number = |figure: Option<f64>| figure.map_or("-".to_owned(), |f| format!("{f:.3}"));
    let mut add = |name: &str, figures: &PointingFigures| {
        let ci = figures.hits_ci.map(|[low, high]| format!("{low:.3} to {high:.3}"));
        table.add_row([
            Cell::new(name),
            right(number(figures.hits)),
            right(ci.unwrap_or_default()),
            right(number(figures.chance)),
            right(figures.cases.to_string()),
        ]);
    };
    for name in taxonomy.names() {
        if let Some(figures) = report.per_category.get(name) {
            add(name, figures);
        }
    }
    add("all", &report.all);
    table.trim_fmt() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_word_is_looked_for_in_the_highlights() {
        let words = [(0..2, 0.1), (3..7, 0.5), (8..12, 0.5), (13..15, -0.2)];
        // The first of two equally strong words counts.
        assert_eq!(point(&words, &[(5, 6)]), Some((true, 0.25)));
        assert_eq!(point(&words, &[(8, 15)]), Some((false, 0.5)));
        assert_eq!(point(&words, &[(2, 3), (7, 8)]), Some((false, 0.0)));
        assert_eq!(point(&[], &[(0, 9)]), None);
    }

    #[test]
    fn cases_add_up_by_category() {
        let taxonomy = Taxonomy::new(vec!["A".into(), "B".into()]);
        let case =
            |group: &str, class, hit, chance| Pointed { group: group.into(), class, hit, chance };
        let cases = [
            case("x", 0, true, 0.5),
            case("x", 0, false, 0.3),
            case("y", 0, true, 0.1),
            case("y", 1, true, 0.2),
        ];
        let report = PointingReport::new("m", &cases, &taxonomy);
        let first = report.per_category.get("A").unwrap();
        assert_eq!((first.cases, first.hits), (3, Some(2.0 / 3.0)));
        assert!((first.chance.unwrap() - 0.3).abs() < 1e-12);
        assert_eq!((report.policies, report.all.hits), (2, Some(0.75)));
        assert!(report.per_category.get("B").unwrap().hits_ci.is_none(), "one policy only");
        let table = pointing_table(&report, &taxonomy);
        assert!(table.contains("0.667") && table.contains("0.750"), "{table}");
    }
}
