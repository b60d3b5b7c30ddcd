//! `fineprint import places`: labels by place and their documents → a data set.

use std::path::PathBuf;

use serde_json::json;

use super::Results;
use crate::cli::exit::{Failure, Status, tell};
use crate::dataset::{self, DatasetError, read_examples};
use crate::eval::counted;
use crate::taxonomy::Taxonomy;

/// Labels by place, without texts, and the documents that they point into
///
/// So labels can be passed on where texts may not. One JSON object a document: document, group,
/// sha256, unit (clause or segment: clauses in a row), and places with start and end in bytes,
/// labels, and perhaps votes and annotators. A document of another version than the labelled one
/// is an error; places where no clause stands are counted. With --clauses the texts are those of a
/// data set, which get these labels instead of their own.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  fineprint import places data/labels/clauses.jsonl --documents policies/ --output labelled.jsonl
  fineprint import places read.jsonl --documents opp115/sanitized_policies/ --clauses opp115.jsonl")]
pub struct Arguments {
    /// Labels by place (JSON Lines)
    #[arg(value_name = "LABELS")]
    labels: PathBuf,
    /// Folder of the documents
    #[arg(long, value_name = "DIR")]
    documents: PathBuf,
    /// Data set whose clauses get the labels, in place of those that the documents are cut into
    #[arg(long, value_name = "DATASET")]
    clauses: Option<PathBuf>,
    #[command(flatten)]
    results: Results,
}

impl Arguments {
    pub fn run(self) -> Result<Status, Failure> {
        let taxonomy = Taxonomy::opp115();
        let labelled = dataset::read_places(&self.labels, &taxonomy)?;
        let mut files = vec![self.labels.clone()];
        files.extend(self.clauses.clone());
        files.extend(labelled.iter().map(|places| self.documents.join(&places.document)));
        let opened = self.results.open(&files)?;
        let clauses =
            self.clauses.as_deref().map(|set| read_examples(set, &taxonomy)).transpose()?;
        let (mut examples, mut lost) = (Vec::new(), 0);
        for places in &labelled {
            let (found, without_clause) = match &clauses {
                Some(clauses) => places.relabel(&self.labels, &self.documents, clauses)?,
                None => places.find(&self.labels, &self.documents)?,
            };
            examples.extend(found);
            lost += without_clause;
        }
        if examples.is_empty() {
            let problem = "no clause stands at any of its places".to_owned();
            return Err(DatasetError::Corpus { path: self.labels.clone(), problem }.into());
        }
        tell(&format!(
            "{} of {}, {} without a clause left out",
            counted(examples.len(), "text", "texts"),
            counted(labelled.len(), "document", "documents"),
            counted(lost, "place", "places"),
        ));
        let report =
            json!({"texts": examples.len(), "documents": labelled.len(), "without_clause": lost});
        opened.write(&examples, &report)?;
        Ok(Status::Done)
    }
}
