//! `fineprint import places`: labels by place and their documents → a data set.

use std::path::PathBuf;

use serde_json::json;

use super::Results;
use crate::checksum;
use crate::clause;
use crate::cli::exit::{Failure, Status, tell};
use crate::cli::inputs;
use crate::dataset::{self, DatasetError, Example, Places, document_path};
use crate::document::{self, ReadOptions};
use crate::eval::counted;
use crate::taxonomy::Taxonomy;

/// Labels by place, without texts, and the documents that they point into
///
/// So labels can be passed on where texts may not. One JSON object a document: document, group,
/// sha256, unit (clause or segment: clauses in a row), and places with start and end in bytes,
/// labels, and perhaps votes and annotators. A document of another version than the labelled one
/// is an error; places where no clause stands are counted.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  fineprint import places data/labels/clauses.jsonl --documents policies/ --output labelled.jsonl")]
pub struct Arguments {
    /// Labels by place (JSON Lines)
    #[arg(value_name = "LABELS")]
    labels: PathBuf,
    /// Folder of the documents
    #[arg(long, value_name = "DIR")]
    documents: PathBuf,
    #[command(flatten)]
    results: Results,
}

impl Arguments {
    pub fn run(self) -> Result<Status, Failure> {
        let labelled = dataset::read_places(&self.labels, &Taxonomy::opp115())?;
        let mut files = vec![self.labels.clone()];
        files.extend(labelled.iter().map(|places| self.documents.join(&places.document)));
        let opened = self.results.open(&files)?;
        let (mut examples, mut lost) = (Vec::new(), 0);
        for places in &labelled {
            let (found, without_clause) = self.examples(places)?;
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

    /// The labelled texts of one document.
    fn examples(&self, places: &Places) -> Result<(Vec<Example>, usize), Failure> {
        let wrong = |problem: String| DatasetError::Corpus { path: self.labels.clone(), problem };
        let path = document_path(&self.documents, &places.document).map_err(wrong)?;
        let name = path.display();
        let options = ReadOptions::without_gate();
        let bytes = inputs::read(&path, options.max_bytes)
            .map_err(|source| DatasetError::Read { path: path.clone(), source })?
            .map_err(|bytes| wrong(format!("{name} is too large: {bytes} bytes")))?;
        if !checksum::sha256(&bytes).eq_ignore_ascii_case(&places.sha256) {
            let problem = format!("{name} is not the version that was labelled (sha256 differs)");
            return Err(wrong(problem).into());
        }
        let document = document::read(&bytes, Some(&places.document), &options)
            .map_err(|error| wrong(format!("cannot read {name}: {error}")))?;
        if document.pages.is_some() {
            return Err(wrong(format!("{name} is a PDF, whose places are no bytes")).into());
        }
        Ok(places.examples(&clause::split(&document)))
    }
}
