//! OPP-115 (Wilson et al., ACL 2016) → examples: the annotators' practices as votes.

mod annotations;
mod highlighted;
mod report;
mod segments;
mod spans;
mod votes;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::clause::{Clause, split};
use crate::document::{Block, Document};
use crate::taxonomy::Taxonomy;

use super::{DatasetError, Example, Unit};
use annotations::{Errant, Practice, read_practices};
use segments::{SEPARATOR, read_segment, readable};
use votes::{Highlights, Visible, Votes};

pub(super) use annotations::for_each_row;
pub use report::{AnnotatorCount, ClauseCounts, ImportReport, LabelCount};
pub use spans::SpanCounts;

/// How far a clause's context reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContextScope {
    /// Headings and list introductions of the clause's own segment.
    #[default]
    Segment,
    /// Those of the whole policy, as when a page is read: a list item that is a segment of its
    /// own knows the sentence that introduces it.
    Policy,
}

/// An imported corpus, and what was met on the way.
#[derive(Debug)]
pub struct Imported {
    pub examples: Vec<Example>,
    pub report: ImportReport,
}

/// Imports the corpus from the folder that holds `annotations/` and `sanitized_policies/`,
/// and perhaps `documentation/errant_span_indexes/` and `folds.tsv`. The context of clauses
/// stays within their segment.
pub fn import_opp115(dir: &Path, unit: Unit) -> Result<Imported, DatasetError> {
    import_opp115_with(dir, unit, ContextScope::default())
}

/// Imports the corpus as [`import_opp115`] does, with context from this far. Texts, labels
/// and ids do not depend on it.
pub fn import_opp115_with(
    dir: &Path,
    unit: Unit,
    scope: ContextScope,
) -> Result<Imported, DatasetError> {
    let taxonomy = Taxonomy::opp115();
    let mut import = Import {
        errant: Errant::read(&dir.join("documentation/errant_span_indexes"))?,
        folds: read_folds(&dir.join("folds.tsv"))?,
        report: ImportReport::new(unit),
        examples: Vec::new(),
        taxonomy,
        unit,
        scope,
    };
    for (name, path) in policies(dir)? {
        import.policy(dir, &name, &path)?;
    }
    import.report.finish(&import.examples, &import.taxonomy);
    Ok(Imported { examples: import.examples, report: import.report })
}

/// Annotation files by policy name, in the order of the names.
fn policies(dir: &Path) -> Result<BTreeMap<String, PathBuf>, DatasetError> {
    let folder = dir.join("annotations");
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&folder).map_err(|e| DatasetError::read(&folder, e))? {
        let path = entry.map_err(|e| DatasetError::read(&folder, e))?.path();
        let stem = path.file_stem().and_then(|s| s.to_str());
        if let (Some(stem), true) = (stem, path.extension().is_some_and(|e| e == "csv")) {
            files.insert(stem.to_owned(), path.clone());
        }
    }
    if files.is_empty() {
        return Err(DatasetError::corpus(&folder, "holds no annotation file (*.csv)"));
    }
    Ok(files)
}

/// `policy<TAB>fold` with a header; no file, no folds.
fn read_folds(path: &Path) -> Result<BTreeMap<String, u32>, DatasetError> {
    let mut folds = BTreeMap::new();
    if !path.exists() {
        return Ok(folds);
    }
    let text = fs::read_to_string(path).map_err(|e| DatasetError::read(path, e))?;
    for (line, row) in (1..).zip(text.lines()).skip(1).filter(|(_, row)| !row.trim().is_empty()) {
        let fold = row
            .split_once('\t')
            .and_then(|(policy, fold)| Some((policy.trim().to_owned(), fold.trim().parse().ok()?)));
        let Some((policy, fold)) = fold else {
            return Err(DatasetError::row(
                path,
                line,
                "expected a policy, a tab and a fold number",
            ));
        };
        folds.insert(policy, fold);
    }
    Ok(folds)
}

struct Import {
    taxonomy: Taxonomy,
    errant: Errant,
    folds: BTreeMap<String, u32>,
    unit: Unit,
    scope: ContextScope,
    examples: Vec<Example>,
    report: ImportReport,
}

/// What all examples of a policy share.
struct Policy<'a> {
    name: &'a str,
    document: String,
    annotators: u32,
    fold: Option<u32>,
}

/// One segment with everything said about it.
struct Segment<'a> {
    index: usize,
    raw: &'a str,
    /// Byte of the file at which it starts.
    base: usize,
    blocks: Vec<Block>,
    practices: Vec<&'a Practice>,
}

impl Import {
    fn policy(&mut self, dir: &Path, name: &str, annotations: &Path) -> Result<(), DatasetError> {
        let document = format!("{name}.html");
        let path = dir.join("sanitized_policies").join(&document);
        let html = read_utf8(&path)?;
        let practices = read_practices(annotations, &self.taxonomy, &self.errant)?;
        let annotators = votes::annotators(&practices);
        let fold = self.folds.get(name).copied();
        self.report.count_policy(annotators as usize, fold.is_some(), &practices);
        let policy = Policy { name, document, annotators, fold };
        let segments = segments_of(&html, &practices, annotations)?;
        match self.unit {
            Unit::Segment => segments.iter().for_each(|s| self.segment(&policy, s)),
            Unit::Clause => {
                let clauses = split_segments(&segments, self.scope);
                for (segment, clauses) in segments.iter().zip(clauses) {
                    self.clauses(&policy, segment, clauses);
                }
            }
        }
        Ok(())
    }

    fn segment(&mut self, policy: &Policy, segment: &Segment) {
        let (votes, highlights) = self.votes(policy, segment);
        let text = readable(&segment.blocks);
        if text.is_empty() {
            self.report.without_text += 1;
            return;
        }
        let mut example = self.example(policy, &votes);
        example.id = format!("{}/{}", policy.name, segment.index);
        example.start = Some(segment.base);
        example.end = Some(segment.base + segment.raw.len());
        example.text = text;
        let places = highlighted::places(&segment.blocks, segment.base, &highlights);
        let named = places
            .into_iter()
            .map(|(class, places)| (self.taxonomy.names()[class].clone(), places));
        example.highlights = named.collect();
        self.examples.push(example);
    }

    fn clauses(&mut self, policy: &Policy, segment: &Segment, clauses: Vec<Clause>) {
        let (votes, highlights) = self.votes(policy, segment);
        let visible = Visible::of(&segment.blocks, segment.base, segment.raw.len());
        if clauses.is_empty() {
            self.report.without_text += 1;
        }
        let alone = clauses.len() == 1;
        for (i, clause) in clauses.into_iter().enumerate() {
            let projected = (!alone).then(|| highlights.votes(&clause, &visible));
            let mut example = self.example(policy, projected.as_ref().unwrap_or(&votes));
            example.id = format!("{}/{}/{i}", policy.name, segment.index);
            let Clause { span, kind, context, text, .. } = clause;
            (example.start, example.end) = (Some(span.start), Some(span.end));
            (example.kind, example.context, example.text) = (Some(kind), context, text);
            self.examples.push(example);
        }
    }

    /// Counts a segment; its votes, and where the annotators saw what.
    fn votes<'a>(&mut self, policy: &Policy, segment: &Segment<'a>) -> (Votes<'a>, Highlights<'a>) {
        let votes = Votes::of_segment(&segment.practices);
        self.report.count_segment(&votes, policy.annotators);
        let mut highlights = Highlights::default();
        for &practice in &segment.practices {
            for span in &practice.spans {
                if let Some(range) = self.report.spans.place(segment.raw, span) {
                    highlights.add(practice, range);
                }
            }
        }
        (votes, highlights)
    }

    /// An example with labels, but no text yet.
    fn example(&self, policy: &Policy, votes: &Votes) -> Example {
        let names = self.taxonomy.names();
        let majority = votes.majority(policy.annotators);
        Example {
            id: String::new(),
            group: policy.name.to_owned(),
            document: Some(policy.document.clone()),
            start: None,
            end: None,
            kind: None,
            context: Vec::new(),
            previous: None,
            text: String::new(),
            labels: majority.into_iter().map(|class| names[class].clone()).collect(),
            votes: votes.counts().map(|(class, n)| (names[class].clone(), n)).collect(),
            annotators: Some(policy.annotators),
            fold: policy.fold,
            annotations: BTreeMap::new(),
            highlights: BTreeMap::new(),
        }
    }
}

fn read_utf8(path: &Path) -> Result<String, DatasetError> {
    let bytes = fs::read(path).map_err(|e| DatasetError::read(path, e))?;
    String::from_utf8(bytes).map_err(|_| DatasetError::corpus(path, "not valid UTF-8"))
}

/// The segments of a policy, each with its practices.
fn segments_of<'a>(
    html: &'a str,
    practices: &'a [Practice],
    annotations: &Path,
) -> Result<Vec<Segment<'a>>, DatasetError> {
    let mut segments = Vec::new();
    let mut base = 0;
    for (index, raw) in html.split(SEPARATOR).enumerate() {
        let blocks = read_segment(raw, base);
        segments.push(Segment { index, raw, base, blocks, practices: Vec::new() });
        base += raw.len() + SEPARATOR.len();
    }
    let count = segments.len();
    for practice in practices {
        let Some(segment) = segments.get_mut(practice.segment) else {
            let problem = format!("segment {} of {count} (the first is 0)", practice.segment);
            return Err(DatasetError::row(annotations, practice.line, problem));
        };
        segment.practices.push(practice);
    }
    Ok(segments)
}

/// The clauses of each segment.
fn split_segments(segments: &[Segment], scope: ContextScope) -> Vec<Vec<Clause>> {
    if scope == ContextScope::Segment {
        let documents =
            segments.iter().map(|s| Document { blocks: s.blocks.clone(), ..Document::default() });
        return documents.map(|document| split(&document)).collect();
    }
    let blocks = segments.iter().flat_map(|s| s.blocks.iter().cloned()).collect();
    let mut clauses = vec![Vec::new(); segments.len()];
    for clause in split(&Document { blocks, ..Document::default() }) {
        let after = segments.partition_point(|s| s.base <= clause.span.start);
        clauses[after.saturating_sub(1)].push(clause);
    }
    clauses
}

#[cfg(test)]
mod tests;
