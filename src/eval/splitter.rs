//! How well clauses are cut, beside the cuts of other tools: starts of clauses against gold.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::{Deserialize, Serialize};

use super::Counts;

/// Precision, recall and F1 of clause starts; undefined ones are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SplitterFigures {
    pub gold_clauses: u64,
    pub predicted_clauses: u64,
    pub precision: Option<f64>,
    pub recall: Option<f64>,
    pub f1: Option<f64>,
}

impl From<Counts> for SplitterFigures {
    fn from(counts: Counts) -> Self {
        let measures = counts.measures();
        Self {
            gold_clauses: measures.support,
            predicted_clauses: measures.predicted,
            precision: measures.precision,
            recall: measures.recall,
            f1: measures.f1,
        }
    }
}

/// One splitter on one data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplitterRow {
    pub dataset: String,
    pub splitter: String,
    #[serde(flatten)]
    pub figures: SplitterFigures,
    /// The same for each document.
    pub per_document: BTreeMap<String, SplitterFigures>,
}

impl SplitterRow {
    /// Adds up the documents of a data set.
    pub fn new(dataset: &str, splitter: &str, documents: &BTreeMap<String, Counts>) -> Self {
        let mut all = Counts::default();
        documents.values().for_each(|counts| all += *counts);
        let per_document = documents.iter().map(|(name, counts)| (name.clone(), (*counts).into()));
        Self {
            dataset: dataset.to_owned(),
            splitter: splitter.to_owned(),
            figures: all.into(),
            per_document: per_document.collect(),
        }
    }
}

/// One line of a file of predictions.
#[derive(Deserialize)]
struct Prediction {
    document: String,
    start: usize,
}

/// Where another tool starts clauses, by document: JSON Lines of `{"document": …, "start": …}`,
/// offsets in bytes.
///
/// # Errors
/// The number of the first wrong line, and what is wrong with it.
pub fn predicted_starts(lines: &str) -> Result<BTreeMap<String, BTreeSet<usize>>, String> {
    let mut out: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (number, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let prediction: Prediction =
            serde_json::from_str(line).map_err(|e| format!("line {}: {e}", number + 1))?;
        out.entry(prediction.document).or_default().insert(prediction.start);
    }
    Ok(out)
}

/// The rows for people; undefined figures are shown as `-`.
pub fn splitter_table(rows: &[SplitterRow]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["data set", "splitter", "precision", "recall", "f1-score", "gold", "cut"]);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let number = |figure: Option<f64>| right(figure.map_or("-".to_owned(), |f| format!("{f:.4}")));
    for row in rows {
        let figures = &row.figures;
        table.add_row([
            Cell::new(&row.dataset),
            Cell::new(&row.splitter),
            number(figures.precision),
            number(figures.recall),
            number(figures.f1),
            right(figures.gold_clauses.to_string()),
            right(figures.predicted_clauses.to_string()),
        ]);
    }
    table.trim_fmt() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_add_up() {
        let counts = |tp, fp, fneg| Counts {
            true_positives: tp,
            false_positives: fp,
            false_negatives: fneg,
        };
        let documents =
            BTreeMap::from([("a".to_owned(), counts(3, 1, 0)), ("b".to_owned(), counts(1, 0, 2))]);
        let row = SplitterRow::new("set", "tool", &documents);
        assert_eq!(row.figures.gold_clauses, 6);
        assert_eq!(row.figures.predicted_clauses, 5);
        assert_eq!(row.figures.precision, Some(0.8));
        assert_eq!(row.per_document["b"].recall, Some(1.0 / 3.0));
        let table = splitter_table(&[row, SplitterRow::new("none", "x", &BTreeMap::new())]);
        assert!(table.contains("0.8000") && table.contains(" - "), "{table}");
    }

    #[test]
    fn predictions_are_read_and_wrong_lines_named() {
        let found = predicted_starts(
            "{\"document\":\"a\",\"start\":4}\n\n{\"document\":\"a\",\"start\":0}\n",
        );
        assert_eq!(found, Ok(BTreeMap::from([("a".to_owned(), BTreeSet::from([0, 4]))])));
        let wrong = predicted_starts("{\"document\":\"a\",\"start\":4}\n{\"document\":\"a\"}");
        assert!(wrong.unwrap_err().starts_with("line 2: missing field `start`"));
    }
}
