//! Tasks for Label Studio: one a clause, the model's labels as a prediction.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use crate::taxonomy::Taxonomy;

use super::doccano::Place;
use super::{ClauseRecord, ErrorRecord, Exporter};

/// Names of the controls in [`labelling_config`].
const CHOICES: &str = "labels";
const TEXT: &str = "text";

/// Writes an array of tasks. Documents without clauses have nothing to label and are left out.
pub struct LabelStudioExporter<W: Write> {
    writer: W,
    /// Tasks written: commas go between, and result ids must differ.
    tasks: u64,
}

#[derive(Serialize)]
struct Task<'a> {
    data: Data<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    predictions: Vec<Prediction<'a>>,
}

#[derive(Serialize)]
struct Data<'a> {
    text: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
}

#[derive(Serialize)]
struct Prediction<'a> {
    model_version: &'a str,
    /// Lets tasks be ordered by doubt.
    score: f32,
    result: Vec<Choice<'a>>,
}

#[derive(Serialize)]
struct Choice<'a> {
    id: String,
    from_name: &'static str,
    to_name: &'static str,
    r#type: &'static str,
    value: Value<'a>,
}

#[derive(Serialize)]
struct Value<'a> {
    choices: &'a [String],
}

/// The labelling configuration of a project that these tasks fit.
pub fn labelling_config(taxonomy: &Taxonomy) -> String {
    let mut out = format!(
        "<View>\n  <Text name=\"context\" value=\"$context\"/>\n  <Text name=\"{TEXT}\" \
         value=\"$text\"/>\n  <Choices name=\"{CHOICES}\" toName=\"{TEXT}\" choice=\"multiple\">\n"
    );
    for name in taxonomy.names() {
        let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let _ = writeln!(out, "    <Choice value=\"{name}\"/>");
    }
    out.push_str("  </Choices>\n</View>\n");
    out
}

impl<W: Write> LabelStudioExporter<W> {
    pub fn new(writer: W) -> Self {
        Self { writer, tasks: 0 }
    }

    fn predictions<'a>(&self, record: &'a ClauseRecord) -> Vec<Prediction<'a>> {
        let Some(labels) = record.labels.as_deref() else { return Vec::new() };
        let choice = Choice {
            id: format!("clause-{}", self.tasks),
            from_name: CHOICES,
            to_name: TEXT,
            r#type: "choices",
            value: Value { choices: labels },
        };
        vec![Prediction {
            model_version: record.model.as_deref().unwrap_or("fineprint"),
            score: sureness(record),
            // A choice of nothing is no result.
            result: if labels.is_empty() { Vec::new() } else { vec![choice] },
        }]
    }
}

/// How sure the least certain decision is, 0.5 to 1.
fn sureness(record: &ClauseRecord) -> f32 {
    let scores = record.scores.iter().flat_map(|scores| scores.iter());
    let least = scores.map(|(_, &score)| score.max(1.0 - score)).fold(1.0, f32::min);
    super::rounded(least)
}

impl<W: Write> Exporter for LabelStudioExporter<W> {
    fn clause(&mut self, record: &ClauseRecord) -> io::Result<()> {
        let data = Data { text: &record.text, place: Place::of(record) };
        let task = Task { data, predictions: self.predictions(record) };
        let mut bytes = if self.tasks == 0 { b"[\n".to_vec() } else { b",\n".to_vec() };
        serde_json::to_writer(&mut bytes, &task)?;
        self.tasks += 1;
        self.writer.write_all(&bytes)
    }

    fn error(&mut self, _: &ErrorRecord) -> io::Result<()> {
        Ok(())
    }

    fn keeps_errors(&self) -> bool {
        false
    }

    fn finish(&mut self) -> io::Result<()> {
        let end: &[u8] = if self.tasks == 0 { b"[]\n" } else { b"\n]\n" };
        self.writer.write_all(end)?;
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{failed, labelled, two, unlabelled};
    use super::*;

    fn tasks(records: &[ClauseRecord]) -> serde_json::Value {
        let mut out = Vec::new();
        let mut exporter = LabelStudioExporter::new(&mut out);
        records.iter().for_each(|record| exporter.clause(record).unwrap());
        exporter.error(&failed()).unwrap();
        exporter.finish().unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_task_holds_text_place_and_prediction() {
        let found = tasks(&[labelled(), unlabelled(), labelled()]);
        let [first, second, third] = found.as_array().unwrap().as_slice() else { panic!() };
        assert_eq!(first["data"]["clause"], "shop.html/3");
        let result = &first["predictions"][0]["result"][0];
        assert_eq!(result["value"]["choices"][1], "Data Security");
        assert_eq!(result["type"], "choices");
        assert_ne!(result["id"], third["predictions"][0]["result"][0]["id"]);
        assert_eq!(first["predictions"][0]["score"].to_string(), "0.5123");
        assert!(second.get("predictions").is_none());
        assert_eq!(tasks(&[]), serde_json::json!([]));
        let cut = tasks(&[ClauseRecord { truncated: true, ..labelled() }]);
        assert_eq!(cut[0]["data"]["truncated"], true);
        assert!(first["data"].get("truncated").is_none());
    }

    #[test]
    fn the_configuration_names_every_label() {
        let config = labelling_config(&two());
        assert!(config.contains("<Choice value=\"Data Security\"/>"), "{config}");
        assert!(config.contains("name=\"labels\" toName=\"text\" choice=\"multiple\""));
    }
}
