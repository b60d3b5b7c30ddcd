//! `fineprint predict`: texts with their categories, one JSON line each.

mod lines;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;

use serde::Serialize;

use super::exit::{Failure, Status, tell};
use super::values::{Labelling, Unit};
use crate::eval::LabelMap;
use crate::explain::explain;
use crate::label::{Classified, Classifier, Input};
use crate::output::{DocumentError, rounded};
use lines::{Line, Lines};

/// Words shown for a label.
const STRONGEST: usize = 5;

/// Between the levels of a context.
const LEVELS: &str = " > ";

/// Label single texts
///
/// Each argument, or each line of standard input, is one text and gives one JSON line, written as
/// soon as it is known. After a tab may follow the context: headings and the introduction of the
/// list, outermost first, with " > " between them. A line without text gives a line with an
/// `error`, and the exit code is 3.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  fineprint predict \"We keep your orders for ten years.\"
  printf 'by e-mail;\\tContact > You can reach us:\\n' | fineprint predict")]
pub struct Arguments {
    /// Texts; without any, the lines of standard input
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,
    /// What a text is
    #[arg(long, value_enum, default_value_t, value_name = "UNIT")]
    unit: Unit,
    /// For each label, the words that carry it: what its score loses without them
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    labelling: Labelling,
}

/// What is said of one text.
#[derive(Serialize)]
struct Prediction {
    text: String,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Labelled {
        labels: Vec<String>,
        scores: LabelMap<f32>,
        /// The strongest words of each label.
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<BTreeMap<String, Vec<Weight>>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        truncated: bool,
    },
    Failed {
        error: DocumentError,
    },
}

/// A word that carries a label.
#[derive(Serialize)]
struct Weight {
    word: String,
    /// Bytes of the text.
    start: usize,
    end: usize,
    /// What the score loses without it.
    weight: f32,
}

/// A text and its context.
struct Text {
    text: String,
    context: Vec<String>,
}

impl Arguments {
    /// Labels the texts.
    pub fn run(self) -> Result<Status, Failure> {
        let classifier = self.labelling.classifier()?;
        let mut predictor = Predictor {
            classifier: &classifier,
            unit: self.unit,
            threads: self.labelling.threads(),
            explain: self.explain,
            failed: 0,
            done: 0,
        };
        if self.texts.is_empty() {
            let mut lines = Lines::new(io::stdin().lock());
            while let Some(batch) = lines.batch().map_err(|error| {
                Failure::Input(anyhow::Error::new(error).context("cannot read standard input"))
            })? {
                predictor.answer(batch)?;
            }
        } else {
            predictor.answer(self.texts.into_iter().map(Line::Text).collect())?;
        }
        Ok(predictor.status())
    }
}

struct Predictor<'a> {
    classifier: &'a Classifier,
    unit: Unit,
    threads: usize,
    explain: bool,
    done: usize,
    failed: usize,
}

impl Predictor<'_> {
    /// Answers lines in their order, each with one line.
    fn answer(&mut self, lines: Vec<Line>) -> Result<(), Failure> {
        let texts: Vec<Result<Text, DocumentError>> = lines.into_iter().map(parse).collect();
        let inputs: Vec<Input> = texts
            .iter()
            .flatten()
            .map(|text| Input { text: &text.text, context: &text.context, previous: None })
            .collect();
        let classified = self.classifier.classify(&inputs, self.unit.into(), self.threads)?;
        let mut classified = classified.into_iter();
        for text in texts {
            let prediction = match text {
                Ok(Text { text, context }) => {
                    self.done += 1;
                    let Some(found) = classified.next() else { break };
                    let input = Input { text: &text, context: &context, previous: None };
                    let words = if self.explain { Some(self.words(input, &found)?) } else { None };
                    Prediction { outcome: self.labelled(found, words), text }
                }
                Err(error) => {
                    self.failed += 1;
                    Prediction { text: String::new(), outcome: Outcome::Failed { error } }
                }
            };
            write(&prediction).map_err(|error| Failure::writing(error, "standard output"))?;
        }
        Ok(())
    }

    /// The strongest words of each label that was found.
    fn words(
        &self,
        input: Input,
        found: &Classified,
    ) -> Result<BTreeMap<String, Vec<Weight>>, Failure> {
        let words = explain(self.classifier, input, self.unit.into(), self.threads)?;
        let of = |class: usize| {
            let mut words: Vec<_> =
                words.iter().map(|word| (word.weights[class], &word.span)).collect();
            words.retain(|(weight, _)| rounded(*weight) > 0.0);
            words.sort_by(|a, b| b.0.total_cmp(&a.0));
            let weight = |(weight, span): (f32, &Range<usize>)| Weight {
                word: input.text[span.clone()].to_owned(),
                start: span.start,
                end: span.end,
                weight: rounded(weight),
            };
            words.into_iter().take(STRONGEST).map(weight).collect()
        };
        let names = self.classifier.names(&found.labels);
        Ok(names.into_iter().zip(found.labels.iter().map(|class| of(*class))).collect())
    }

    fn labelled(&self, found: Classified, words: Option<BTreeMap<String, Vec<Weight>>>) -> Outcome {
        let scores = found.scores.into_iter().map(rounded);
        Outcome::Labelled {
            labels: self.classifier.names(&found.labels),
            scores: LabelMap::new(self.classifier.taxonomy(), scores),
            words,
            truncated: found.truncated,
        }
    }

    fn status(&self) -> Status {
        if self.failed == 0 {
            return Status::Done;
        }
        tell(&format!("{} texts labelled, {} failed", self.done, self.failed));
        Status::SomeFailed
    }
}

/// Takes a line apart; one without text is an error.
fn parse(line: Line) -> Result<Text, DocumentError> {
    let failed = |kind: &str, message: String| DocumentError { kind: kind.to_owned(), message };
    let line = match line {
        Line::Text(line) => line,
        Line::NotUtf8 => return Err(failed("not-utf8", "the line is not valid UTF-8".to_owned())),
        Line::TooLong { limit } => {
            return Err(failed("too-large", format!("the line has more than {limit} bytes")));
        }
    };
    let (text, context) = line.split_once('\t').unwrap_or((&line, ""));
    if text.trim().is_empty() {
        return Err(failed("empty", "the line holds no text".to_owned()));
    }
    let levels = context.split(LEVELS).map(str::trim).filter(|level| !level.is_empty());
    Ok(Text { text: text.trim().to_owned(), context: levels.map(str::to_owned).collect() })
}

fn write(prediction: &Prediction) -> io::Result<()> {
    let mut line = serde_json::to_vec(prediction)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_begins_the_context() {
        let text = parse(Line::Text(" by post; \tContact > Write to us:".into())).unwrap();
        assert_eq!(text.text, "by post;");
        assert_eq!(text.context, ["Contact", "Write to us:"]);
        assert!(parse(Line::Text("no context".into())).unwrap().context.is_empty());
        assert_eq!(parse(Line::Text(" \tContact".into())).err().unwrap().kind, "empty");
    }
}
