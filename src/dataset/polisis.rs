//! The published split of OPP-115 (Mousavi Nejad et al. 2020; PrivacyGLUE 2023) → examples.
//!
//! Three CSV files of `(text, label)`, one row a pair, without a header and without a word on
//! the policy a text comes from.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::opp115::for_each_row;
use super::{DatasetError, Example};
use crate::taxonomy::Taxonomy;

/// The three parts of the split.
#[derive(Debug)]
pub struct Polisis {
    pub train: Vec<Example>,
    pub validation: Vec<Example>,
    pub test: Vec<Example>,
    pub report: PolisisReport,
}

/// Counts of an import of the published split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolisisReport {
    pub parts: Vec<PartCount>,
    /// Ids of test texts that stand word for word in the training part.
    pub leaked: Vec<String>,
}

/// Counts of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartCount {
    pub part: &'static str,
    /// Pairs of text and label.
    pub rows: usize,
    /// Different texts: the examples.
    pub texts: usize,
}

/// Imports the folder that holds `train_dataset.csv`, `validation_dataset.csv` and
/// `test_dataset.csv`. As no policy is known, each example is its own group.
pub fn import_polisis(dir: &Path) -> Result<Polisis, DatasetError> {
    let taxonomy = Taxonomy::opp115();
    let (train, train_count) = read_part(dir, "train", &taxonomy)?;
    let (validation, validation_count) = read_part(dir, "validation", &taxonomy)?;
    let (test, test_count) = read_part(dir, "test", &taxonomy)?;
    let report = PolisisReport {
        parts: vec![train_count, validation_count, test_count],
        leaked: leaked(&train, &test),
    };
    Ok(Polisis { train, validation, test, report })
}

/// Annotators of each text.
const ANNOTATORS: u32 = 3;

/// Adds votes to the training part from `dir`, the same split with every label that any annotator
/// gave: all three for the labels of the majority (how many of the three is not published), one for
/// the others. The parts to judge on stay as they are.
pub fn add_single_votes(polisis: &mut Polisis, dir: &Path) -> Result<(), DatasetError> {
    let (union, _) = read_part(dir, "train", &Taxonomy::opp115())?;
    let by_text: HashMap<&str, &Example> = union.iter().map(|e| (e.text.as_str(), e)).collect();
    for example in &mut polisis.train {
        let single = by_text.get(example.text.as_str()).map_or(&[][..], |e| &e.labels);
        let single = single.iter().map(|label| (label.clone(), 1));
        example.votes =
            single.chain(example.labels.iter().map(|l| (l.clone(), ANNOTATORS))).collect();
        example.annotators = Some(ANNOTATORS);
    }
    Ok(())
}

/// Ids of the test examples whose text stands word for word in `train`.
pub fn leaked(train: &[Example], test: &[Example]) -> Vec<String> {
    let known: HashSet<_> = train.iter().map(|e| e.text.as_str()).collect();
    test.iter().filter(|e| known.contains(e.text.as_str())).map(|e| e.id.clone()).collect()
}

fn read_part(
    dir: &Path,
    part: &'static str,
    taxonomy: &Taxonomy,
) -> Result<(Vec<Example>, PartCount), DatasetError> {
    let path = dir.join(format!("{part}_dataset.csv"));
    // Texts in the order of their first row, each with its classes.
    let mut texts: Vec<(String, Vec<usize>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut rows = 0;
    for_each_row(&path, |line, row| {
        let (text, class) =
            pair(row, taxonomy).map_err(|problem| DatasetError::row(&path, line, problem))?;
        rows += 1;
        let place = *places.entry(text.clone()).or_insert(texts.len());
        if place == texts.len() {
            texts.push((text, Vec::new()));
        }
        texts[place].1.push(class);
        Ok(())
    })?;
    if texts.is_empty() {
        return Err(DatasetError::Empty { file: path.display().to_string() });
    }
    let count = PartCount { part, rows, texts: texts.len() };
    let examples = texts.into_iter().enumerate();
    let examples = examples
        .map(|(i, (text, classes))| example(format!("{part}/{i}"), text, classes, taxonomy));
    Ok((examples.collect(), count))
}

/// The text, white space folded, and the class of its label.
fn pair(row: &csv::StringRecord, taxonomy: &Taxonomy) -> Result<(String, usize), String> {
    let (Some(text), Some(label), 2) = (row.get(0), row.get(1), row.len()) else {
        return Err(format!("expected a text and a label, found {} columns", row.len()));
    };
    let class = taxonomy.resolve(label).ok_or_else(|| format!("unknown label {label:?}"))?;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { Err("no text".to_owned()) } else { Ok((text, class)) }
}

fn example(id: String, text: String, mut classes: Vec<usize>, taxonomy: &Taxonomy) -> Example {
    classes.sort_unstable();
    classes.dedup();
    Example {
        group: id.clone(),
        id,
        text,
        labels: classes.into_iter().map(|class| taxonomy.names()[class].clone()).collect(),
        ..Example::default()
    }
}

impl fmt::Display for PolisisReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for PartCount { part, rows, texts } in &self.parts {
            writeln!(f, "{part}: {texts} texts of {rows} rows")?;
        }
        writeln!(f, "{} test texts stand word for word in train", self.leaked.len())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn import(train: &str, test: &str) -> Result<Polisis, String> {
        let dir = tempfile::tempdir().unwrap();
        for (part, rows) in [("train", train), ("validation", "Mail us.,CON\n"), ("test", test)] {
            fs::write(dir.path().join(format!("{part}_dataset.csv")), rows).unwrap();
        }
        import_polisis(dir.path()).map_err(|e| e.to_string())
    }

    #[test]
    fn rows_of_one_text_become_one_example() {
        let train = "\"We store names, \nand  mails.\",Data Security\nBye.,Data Retention\n\
                     \" We store names, and mails.\",First Party Collection/Use\n\
                     Bye.,Data Retention\n";
        let polisis = import(train, "Hello.,Introductory/Generic\nBye.,Data Retention\n").unwrap();
        assert_eq!(polisis.train.len(), 2);
        assert_eq!(polisis.train[0].text, "We store names, and mails.");
        assert_eq!(polisis.train[0].labels, ["First Party Collection/Use", "Data Security"]);
        assert_eq!(polisis.train[1].labels, ["Data Retention"]);
        assert_eq!(polisis.train[1].group, polisis.train[1].id);
        assert_eq!(polisis.report.leaked, ["test/1"]);
        let parts = polisis.report.parts.iter().map(|p| (p.part, p.rows, p.texts));
        assert_eq!(
            parts.collect::<Vec<_>>(),
            [("train", 4, 2), ("validation", 1, 1), ("test", 2, 2)]
        );
    }

    #[test]
    fn labels_of_one_annotator_become_single_votes() {
        let mut polisis = import("Bye.,Data Retention\nHi.,Data Security\n", "Bye.,RET\n").unwrap();
        let union = tempfile::tempdir().unwrap();
        let rows = "Bye.,Data Retention\nBye.,Data Security\nElse.,Policy Change\n";
        fs::write(union.path().join("train_dataset.csv"), rows).unwrap();
        add_single_votes(&mut polisis, union.path()).unwrap();
        let votes: Vec<_> = polisis.train[0].votes.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        assert_eq!(votes, [("Data Retention", 3), ("Data Security", 1)]);
        assert_eq!(polisis.train[0].labels, ["Data Retention"]);
        assert_eq!(polisis.train[1].votes.len(), 1);
        assert!(polisis.test[0].votes.is_empty());
    }

    #[test]
    fn bad_rows_are_named() {
        let error = |test: &str| import("Bye.,RET\n", test).unwrap_err();
        assert!(error("a,RET\nb,Fees\n").contains("test_dataset.csv:2: unknown label \"Fees\""));
        assert!(error("a,RET\n\"b\",RET,more\n").contains(":2: expected a text and a label"));
        assert!(error("  ,RET\n").contains(":1: no text"));
        assert!(error("").contains("test_dataset.csv: holds no example"));
        let missing = import_polisis(Path::new("no/such")).unwrap_err().to_string();
        assert!(missing.contains("train_dataset.csv"), "{missing}");
    }
}
