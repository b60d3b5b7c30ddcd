//! Labelled clauses that point into files by code points → examples that do by bytes.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::reading::{ExampleReader, canonical_labels, canonical_votes};
use super::{DatasetError, Example};
use crate::clause::ClauseKind;
use crate::taxonomy::Taxonomy;

/// One entry of a gold file.
#[derive(Deserialize)]
struct Gold {
    id: String,
    /// Half-open, in code points of the file.
    start: usize,
    end: usize,
    #[serde(default)]
    heading: bool,
    labels: Vec<String>,
    #[serde(default)]
    votes: BTreeMap<String, u32>,
    annotators: Option<u32>,
    text: String,
}

/// Imports a JSON array of gold clauses with offsets in code points of `document`; the
/// examples have theirs in bytes. What stands at each place must be the clause's text.
pub fn import_spans(
    gold_json: &Path,
    document: &Path,
    taxonomy: &Taxonomy,
) -> Result<Vec<Example>, DatasetError> {
    let gold = fs::read(gold_json).map_err(|e| DatasetError::read(gold_json, e))?;
    let gold: Vec<Gold> = serde_json::from_slice(&gold)
        .map_err(|e| DatasetError::corpus(gold_json, format!("not a list of gold clauses: {e}")))?;
    if gold.is_empty() {
        return Err(DatasetError::Empty { file: gold_json.display().to_string() });
    }
    let source = Source::read(document)?;
    let (name, group) = (part(document.file_name()), part(document.file_stem()));
    let examples = gold.into_iter().map(|entry| {
        let id = entry.id.clone();
        let example = source.example(entry, taxonomy).map_err(|problem| {
            DatasetError::corpus(gold_json, format!("clause {id:?}: {problem}"))
        })?;
        Ok(Example { document: Some(name.clone()), group: group.clone(), ..example })
    });
    examples.collect()
}

/// A data set whose offsets were turned into bytes.
#[derive(Debug)]
pub struct Converted {
    pub examples: Vec<Example>,
    /// Lines left out, as their clause has no text (an image, say).
    pub without_text: Vec<u64>,
}

/// Reads a data set whose offsets are code points of files below `root`, and turns them into
/// bytes. Lines without text are left out and reported.
pub fn import_clauses(
    path: &Path,
    root: &Path,
    taxonomy: &Taxonomy,
) -> Result<Converted, DatasetError> {
    let file = File::open(path).map_err(|e| DatasetError::read(path, e))?;
    let name = path.display().to_string();
    let mut sources: HashMap<String, Source> = HashMap::new();
    let mut converted = Converted { examples: Vec::new(), without_text: Vec::new() };
    let mut reader = ExampleReader::new(BufReader::new(file), &name, taxonomy);
    while let Some(example) = reader.next() {
        let mut example = example?;
        if example.text.trim().is_empty() {
            converted.without_text.push(reader.line());
            continue;
        }
        if let Some(document) = example.document.clone() {
            if !sources.contains_key(&document) {
                let file = document_path(root, &document)
                    .map_err(|problem| DatasetError::corpus(path, problem))?;
                let source = Source::read(&file)?;
                sources.insert(document.clone(), source);
            }
            sources[&document].to_bytes(&mut example).map_err(|problem| {
                DatasetError::corpus(path, format!("clause {:?}: {problem}", example.id))
            })?;
        }
        converted.examples.push(example);
    }
    if converted.examples.is_empty() {
        return Err(DatasetError::Empty { file: name });
    }
    Ok(converted)
}

/// The file of a data set's `document`.
///
/// # Errors
/// Why there is none: the name leads out of `root`.
pub fn document_path(root: &Path, document: &str) -> Result<PathBuf, String> {
    let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if Path::new(document).components().all(inside) {
        return Ok(root.join(document));
    }
    Err(format!("document {document:?} is not below the folder of documents"))
}

fn part(name: Option<&std::ffi::OsStr>) -> String {
    name.map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A file that clauses point into.
struct Source {
    text: String,
    /// Byte offset of each code point, and of the end.
    bytes: Vec<usize>,
}

impl Source {
    fn read(path: &Path) -> Result<Self, DatasetError> {
        let bytes = fs::read(path).map_err(|e| DatasetError::read(path, e))?;
        let text = String::from_utf8(bytes).map_err(|_| {
            let problem = "not valid UTF-8, so offsets in code points mean nothing in it";
            DatasetError::corpus(path, problem)
        })?;
        let bytes = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
        Ok(Self { text, bytes })
    }

    /// The bytes of a range of code points.
    fn range(&self, start: usize, end: usize) -> Result<(usize, usize), String> {
        let (Some(&from), Some(&to)) = (self.bytes.get(start), self.bytes.get(end)) else {
            let length = self.bytes.len() - 1;
            return Err(format!("{start}..{end} is outside the file's {length} code points"));
        };
        if from < to { Ok((from, to)) } else { Err(format!("{start}..{end} holds nothing")) }
    }

    fn to_bytes(&self, example: &mut Example) -> Result<(), String> {
        if let (Some(start), Some(end)) = (example.start, example.end) {
            let (start, end) = self.range(start, end)?;
            (example.start, example.end) = (Some(start), Some(end));
        }
        Ok(())
    }

    fn example(&self, gold: Gold, taxonomy: &Taxonomy) -> Result<Example, String> {
        let (start, end) = self.range(gold.start, gold.end)?;
        let text = fold(&gold.text);
        if text.is_empty() || fold(&self.text[start..end]) != text {
            return Err(format!(
                "what stands at {}..{} is not its text; is it the right file?",
                gold.start, gold.end
            ));
        }
        Ok(Example {
            id: gold.id,
            start: Some(start),
            end: Some(end),
            kind: Some(if gold.heading { ClauseKind::Heading } else { ClauseKind::Sentence }),
            text,
            labels: canonical_labels(gold.labels, taxonomy).map_err(|e| e.to_string())?,
            votes: canonical_votes(gold.votes, gold.annotators, taxonomy)
                .map_err(|e| e.to_string())?,
            annotators: gold.annotators,
            ..Example::default()
        })
    }
}

fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "Ünser café\n\nWe keep  your\nnames. Bye.";

    fn import(gold: &str) -> Result<Vec<Example>, String> {
        let dir = tempfile::tempdir().unwrap();
        let (gold_path, document) = (dir.path().join("gold.json"), dir.path().join("shop.txt"));
        fs::write(&gold_path, gold).unwrap();
        fs::write(&document, DOCUMENT).unwrap();
        import_spans(&gold_path, &document, &Taxonomy::opp115()).map_err(|e| e.to_string())
    }

    #[test]
    fn code_points_become_bytes() {
        let examples = import(
            r#"[{"id":"0","start":0,"end":10,"heading":true,"labels":[],"text":"Ünser café"},
                {"id":"1","start":12,"end":32,"labels":["RET"],"votes":{"RET":2},"annotators":3,
                 "text":"We keep your names."}]"#,
        )
        .unwrap();
        assert_eq!((examples[0].start, examples[0].end), (Some(0), Some(12)));
        assert_eq!(examples[0].kind, Some(ClauseKind::Heading));
        let second = &examples[1];
        let found = &DOCUMENT[second.start.unwrap()..second.end.unwrap()];
        assert_eq!(found, "We keep  your\nnames.");
        assert_eq!(second.text, "We keep your names.");
        assert_eq!(second.labels, ["Data Retention"]);
        assert_eq!(second.votes["Data Retention"], 2);
        assert_eq!((second.group.as_str(), second.document.as_deref()), ("shop", Some("shop.txt")));
    }

    #[test]
    fn a_clause_in_the_wrong_place_is_named() {
        let entry = |start: usize, end: usize, label: &str| {
            let json = serde_json::json!([{"id": "c7", "start": start, "end": end,
                "labels": [label], "text": "Bye."}]);
            import(&json.to_string()).unwrap_err()
        };
        assert!(entry(0, 4, "RET").contains("\"c7\": what stands at 0..4 is not its text"));
        assert!(entry(30, 99, "RET").contains("30..99 is outside the file's 37 code points"));
        assert!(entry(5, 5, "RET").contains("holds nothing"));
        assert!(entry(33, 37, "Fees").contains("unknown label \"Fees\""));
        assert!(import("[]").unwrap_err().contains("holds no example"));
        assert!(import("{}").unwrap_err().contains("not a list of gold clauses"));
    }

    #[test]
    fn a_data_set_is_converted_and_lines_without_text_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let set = dir.path().join("set.jsonl");
        fs::write(dir.path().join("shop.txt"), DOCUMENT).unwrap();
        let line = |id: usize, document: &str, start: usize, end: usize, text: &str| {
            serde_json::json!({"id": id.to_string(), "group": "g", "document": document,
                "start": start, "end": end, "text": text, "labels": []})
            .to_string()
        };
        let import = |lines: &[String]| {
            fs::write(&set, lines.join("\n")).unwrap();
            import_clauses(&set, dir.path(), &Taxonomy::opp115()).map_err(|e| e.to_string())
        };
        let good = line(0, "shop.txt", 6, 10, "café");
        let converted = import(&[good.clone(), line(1, "shop.txt", 0, 5, "")]).unwrap();
        assert_eq!((converted.examples[0].start, converted.examples[0].end), (Some(7), Some(12)));
        assert_eq!(converted.without_text, [2]);
        assert!(import(&[good.clone(), "{".into()]).unwrap_err().contains("set.jsonl:2"));
        assert!(import(&[line(3, "shop.txt", 36, 38, "x")]).unwrap_err().contains("\"3\""));
        assert!(import(&[line(3, "../shop.txt", 0, 1, "x")]).unwrap_err().contains("not below"));
        assert!(import(&[line(3, "/shop.txt", 0, 1, "x")]).unwrap_err().contains("not below"));
        assert!(import(&[line(3, "./shop.txt", 6, 10, "café")]).is_ok());
        assert!(import(&[line(3, "none.txt", 0, 1, "x")]).unwrap_err().contains("none.txt"));
        assert!(import(&[line(1, "shop.txt", 0, 5, "")]).unwrap_err().contains("no example"));
    }
}
