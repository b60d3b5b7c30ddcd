//! JSON Lines for doccano's text classification: text, its labels, the rest as metadata.

use std::io::{self, Write};

use serde::Serialize;

use super::{ClauseRecord, ErrorRecord, Exporter, Offsets};

/// Writes one line a clause, as doccano's JSONL import reads it. Documents without clauses have
/// nothing to label and are left out.
pub struct DoccanoExporter<W: Write> {
    writer: W,
}

#[derive(Serialize)]
struct Line<'a> {
    text: &'a str,
    label: &'a [String],
    #[serde(flatten)]
    place: Place<'a>,
}

/// What finds a clause again after it was labelled by people.
#[derive(Serialize)]
pub(super) struct Place<'a> {
    clause: String,
    document: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<usize>,
    start: usize,
    end: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_page: Option<usize>,
    /// What `start` and `end` count, unless that is bytes of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    offsets: Option<Offsets>,
    kind: crate::clause::ClauseKind,
    context: String,
    /// Labels that the model was not certain enough of.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    withheld: &'a [String],
    /// The model read the beginning of the text only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

impl<'a> Place<'a> {
    pub(super) fn of(record: &'a ClauseRecord) -> Self {
        Self {
            clause: format!("{}/{}", record.document, record.index),
            document: &record.document,
            page: record.page,
            start: record.start,
            end: record.end,
            end_page: record.end_page,
            offsets: record.offsets,
            kind: record.kind,
            context: record.context.join(" > "),
            withheld: &record.withheld,
            truncated: record.truncated,
        }
    }
}

impl<W: Write> DoccanoExporter<W> {
    pub fn new(writer: W) -> Self {
        Self { writer }
    }
}

impl<W: Write> Exporter for DoccanoExporter<W> {
    fn clause(&mut self, record: &ClauseRecord) -> io::Result<()> {
        let label = record.labels.as_deref().unwrap_or_default();
        let line = Line { text: &record.text, label, place: Place::of(record) };
        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        self.writer.write_all(&bytes)
    }

    fn error(&mut self, _: &ErrorRecord) -> io::Result<()> {
        Ok(())
    }

    fn keeps_errors(&self) -> bool {
        false
    }

    fn finish(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{failed, labelled, paged, unlabelled};
    use super::*;

    #[test]
    fn a_line_has_text_labels_and_metadata() {
        let mut out = Vec::new();
        let mut exporter = DoccanoExporter::new(&mut out);
        exporter.clause(&labelled()).unwrap();
        exporter.error(&failed()).unwrap();
        exporter.clause(&unlabelled()).unwrap();
        exporter.finish().unwrap();
        let lines: Vec<serde_json::Value> = String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["label"], serde_json::json!(["Data Retention", "Data Security"]));
        assert_eq!(lines[0]["clause"], "shop.html/3");
        assert_eq!(lines[0]["context"], "Storage > We keep:");
        assert_eq!(lines[1]["label"], serde_json::json!([]));
    }

    #[test]
    fn what_the_model_left_open_is_said() {
        let mut out = Vec::new();
        let withheld = vec!["Data Security".to_owned()];
        let record = ClauseRecord { truncated: true, withheld, ..paged() };
        let mut exporter = DoccanoExporter::new(&mut out);
        assert!(!exporter.keeps_errors());
        exporter.clause(&record).unwrap();
        exporter.clause(&labelled()).unwrap();
        let lines: Vec<serde_json::Value> = String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines[0]["withheld"], serde_json::json!(["Data Security"]));
        assert_eq!(lines[0]["truncated"], true);
        assert_eq!(lines[0]["offsets"], "page-characters");
        for absent in ["withheld", "truncated", "offsets"] {
            assert!(lines[1].get(absent).is_none(), "{absent}");
        }
    }
}
