//! Floors that a model's figures must not fall below.
//!
//! ```toml
//! ["micro avg"]
//! f1 = 0.85
//!
//! [ten_categories."macro avg"]
//! f1 = 0.80
//!
//! [per_category."Data Security"]
//! precision = 0.90
//! f1 = 0.85
//! ```

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::{Figures, Report};

/// Floors by category and average.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gate {
    pub per_category: BTreeMap<String, Floors>,
    #[serde(rename = "micro avg")]
    pub micro_avg: Floors,
    #[serde(rename = "macro avg")]
    pub macro_avg: Floors,
    #[serde(rename = "weighted avg")]
    pub weighted_avg: Floors,
    #[serde(rename = "samples avg")]
    pub samples_avg: Floors,
    pub ten_categories: TenFloors,
}

/// Floors of the ten-category view.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenFloors {
    #[serde(rename = "micro avg")]
    pub micro_avg: Floors,
    #[serde(rename = "macro avg")]
    pub macro_avg: Floors,
}

/// The lowest that each figure may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Floors {
    pub precision: Option<f64>,
    pub recall: Option<f64>,
    pub f1: Option<f64>,
}

/// A figure below its floor.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    /// The category or average.
    pub of: String,
    pub figure: &'static str,
    /// `None` where the figure is undefined, as nothing was predicted or nothing is gold.
    pub found: Option<f64>,
    pub floor: f64,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, figure, floor, .. } = self;
        match self.found {
            Some(found) => write!(f, "{of}: {figure} {found:.4} is below {floor}"),
            None => write!(f, "{of}: {figure} is undefined, must be at least {floor}"),
        }
    }
}

/// Why there is no gate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    #[error("not a gate: {0}")]
    Toml(String),
    #[error("not a gate: it has no floor")]
    Empty,
    #[error("the gate has a floor for {label:?}, which the report does not have")]
    Unknown { label: String },
    #[error("the floor {figure} of {of:?} is {floor}; floors lie between 0 and 1")]
    Floor { of: String, figure: &'static str, floor: String },
}

impl Gate {
    /// Reads the text of a gate file.
    ///
    /// # Errors
    /// [`GateError`] for what is no TOML, an unknown key, a floor that is no share, or no floor at all.
    pub fn parse(text: &str) -> Result<Self, GateError> {
        let gate: Self = toml::from_str(text).map_err(|e| GateError::Toml(e.to_string()))?;
        for (of, floors) in gate.all() {
            for (figure, floor) in floors.named() {
                if !(0.0..=1.0).contains(&floor) {
                    let floor = floor.to_string();
                    return Err(GateError::Floor { of, figure, floor });
                }
            }
        }
        if gate.all().iter().all(|(_, floors)| *floors == Floors::default()) {
            return Err(GateError::Empty);
        }
        Ok(gate)
    }

    /// The figures of a report that lie below their floors, as exactly as they were computed.
    ///
    /// # Errors
    /// [`GateError::Unknown`] for a floor of something the report does not have.
    pub fn misses(&self, report: &Report) -> Result<Vec<Miss>, GateError> {
        let mut misses = Vec::new();
        for (of, floors) in self.all() {
            if floors == Floors::default() {
                continue;
            }
            let Some(figures) = find(report, &of) else {
                return Err(GateError::Unknown { label: of });
            };
            let found = [figures.precision, figures.recall, figures.f1];
            let all = ["precision", "recall", "f1"].into_iter().zip(found);
            for (figure, floor) in floors.named() {
                let found = all.clone().find(|(name, _)| *name == figure).and_then(|(_, f)| f);
                if found.is_none_or(|found| found < floor) {
                    misses.push(Miss { of: of.clone(), figure, found, floor });
                }
            }
        }
        Ok(misses)
    }

    /// All floors with what they are of.
    fn all(&self) -> Vec<(String, Floors)> {
        let mut all: Vec<_> =
            self.per_category.iter().map(|(label, floors)| (label.clone(), *floors)).collect();
        all.extend(
            [
                ("micro avg", self.micro_avg),
                ("macro avg", self.macro_avg),
                ("weighted avg", self.weighted_avg),
                ("samples avg", self.samples_avg),
                (TEN_MICRO, self.ten_categories.micro_avg),
                (TEN_MACRO, self.ten_categories.macro_avg),
            ]
            .map(|(name, floors)| (name.to_owned(), floors)),
        );
        all
    }
}

const TEN_MICRO: &str = "micro avg, ten categories";
const TEN_MACRO: &str = "macro avg, ten categories";

fn find<'a>(report: &'a Report, of: &str) -> Option<&'a Figures> {
    match of {
        "micro avg" => Some(&report.micro_avg),
        "macro avg" => Some(&report.macro_avg),
        "weighted avg" => Some(&report.weighted_avg),
        "samples avg" => Some(&report.samples_avg),
        TEN_MICRO => report.ten_categories.as_ref().map(|ten| &ten.micro_avg),
        TEN_MACRO => report.ten_categories.as_ref().map(|ten| &ten.macro_avg),
        label => report.per_category.get(label),
    }
}

impl Floors {
    fn named(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let all = [("precision", self.precision), ("recall", self.recall), ("f1", self.f1)];
        all.into_iter().filter_map(|(name, floor)| Some((name, floor?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::report::tests::sample;

    fn misses(gate: &str) -> Vec<String> {
        let found = Gate::parse(gate).unwrap().misses(&sample(12)).unwrap();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_each_figure_below_its_floor() {
        let gate = r#"
            ["micro avg"]
            precision = 0.5
            f1 = 0.6
            [ten_categories."macro avg"]
            f1 = 0.29
            [per_category."Data Retention"]
            precision = 1.0
            [per_category."Data Security"]
            precision = 0.1
            recall = 0.1
        "#;
        let expected = [
            "Data Security: precision is undefined, must be at least 0.1",
            "Data Security: recall 0.0000 is below 0.1",
            "micro avg: f1 0.5714 is below 0.6",
        ];
        assert_eq!(misses(gate), expected);
        assert!(misses("['micro avg']\nf1 = 0.0").is_empty());
    }

    #[test]
    fn a_gate_that_means_nothing_is_refused() {
        for (gate, fault) in [
            ("[micro]\nf1 = 0.5", "unknown field `micro`"),
            ("['micro avg']\nF1 = 0.5", "unknown field `F1`"),
            ("['micro avg']\nf1 = 85", "is 85; floors lie between 0 and 1"),
            ("['micro avg']\nf1 = nan", "NaN"),
            ("{", "not a gate"),
            ("", "not a gate: it has no floor"),
            ("['micro avg']", "not a gate: it has no floor"),
        ] {
            let error = Gate::parse(gate).unwrap_err().to_string();
            assert!(error.contains(fault), "{error}");
        }
        let gate = Gate::parse("[per_category.Fees]\nf1 = 0.5").unwrap();
        let error = gate.misses(&sample(2)).unwrap_err();
        assert_eq!(error, GateError::Unknown { label: "Fees".into() });
    }
}
