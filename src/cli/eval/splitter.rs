//! `fineprint eval splitter`: how well clauses are cut.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::super::exit::{Failure, Status};
use super::super::target::Target;
use super::{ReportFormat, clauses_of, sets};
use crate::dataset::{document_path, read_examples};
use crate::document::Span;
use crate::eval::{Counts, SplitterRow, predicted_starts, same_starts, spans_from, splitter_table};
use crate::taxonomy::Taxonomy;

/// What the rows of this program are called.
const OWN: &str = "fineprint";

/// Judge where clauses start, beside other tools
///
/// Cuts the documents of data sets whose clauses have a place, and counts the gold clauses that
/// start at the same word. Other tools are judged by the starts they give, in bytes.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  fineprint eval splitter eval/fixtures --documents eval/fixtures
  fineprint eval splitter gold.jsonl --documents pages --predictions pysbd.jsonl --format json")]
pub struct Arguments {
    /// Data sets (JSON Lines), or folders of them
    #[arg(value_name = "DATASET", required = true)]
    datasets: Vec<PathBuf>,
    /// Where the documents of the data sets lie
    #[arg(long, value_name = "DIR")]
    documents: PathBuf,
    /// Starts by another tool: JSON Lines of {"document":…,"start":…}, one file a tool
    #[arg(long, value_name = "FILE", num_args = 1..)]
    predictions: Vec<PathBuf>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ReportFormat,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The places of a data set's clauses, by document.
type Places = BTreeMap<String, Vec<Span>>;

/// Starts by document, and the tool they come from.
struct Tool {
    name: String,
    starts: BTreeMap<String, BTreeSet<usize>>,
}

impl Arguments {
    /// Cuts the documents and writes the report.
    pub fn run(self) -> Result<Status, Failure> {
        let files = sets::files(&sets::sources(&self.datasets)?);
        let gold = files.iter().map(|file| gold(file)).collect::<Result<Vec<_>, _>>()?;
        let target = self.target(&files, &gold)?;
        let tools =
            self.predictions.iter().map(|path| tool(path)).collect::<Result<Vec<_>, _>>()?;
        let mut rows = Vec::new();
        let mut totals = vec![BTreeMap::new(); tools.len() + 1];
        for (file, gold) in files.iter().zip(&gold) {
            let name = file.display().to_string();
            let counts = self.counts(gold, &tools)?;
            for ((tool, documents), total) in names(&tools).zip(counts).zip(&mut totals) {
                rows.push(SplitterRow::new(&name, tool, &documents));
                total.extend(documents.into_iter().map(|(d, c)| (format!("{name}: {d}"), c)));
            }
        }
        if files.len() > 1 {
            let all = names(&tools).zip(&totals);
            rows.extend(all.map(|(tool, documents)| SplitterRow::new("all", tool, documents)));
        }
        self.format.write(target, &rows, || splitter_table(&rows))
    }

    /// Where the report goes: over none of the files that are read.
    fn target(&self, files: &[PathBuf], gold: &[Places]) -> Result<Target, Failure> {
        let mut read = [files, &self.predictions].concat();
        for name in gold.iter().flat_map(BTreeMap::keys) {
            read.push(self.document(name)?);
        }
        Target::beside(&read, self.output.as_deref())
    }

    fn document(&self, name: &str) -> Result<PathBuf, Failure> {
        document_path(&self.documents, name).map_err(|why| Failure::Input(anyhow!(why)))
    }

    /// What each splitter finds in each document of a data set, this program first.
    fn counts(
        &self,
        gold: &Places,
        tools: &[Tool],
    ) -> Result<Vec<BTreeMap<String, Counts>>, Failure> {
        let mut counts = vec![BTreeMap::new(); tools.len() + 1];
        for (name, gold) in gold {
            let path = self.document(name)?;
            let bytes = fs::read(&path)
                .with_context(|| format!("cannot read {}", path.display()))
                .map_err(Failure::Input)?;
            let own = clauses_of(name, &bytes)?.iter().map(|clause| clause.span).collect();
            let mut cuts = vec![own];
            for tool in tools {
                let starts = tool.starts.get(name).ok_or_else(|| {
                    Failure::Input(anyhow!("{} has no start in {name}", tool.name))
                })?;
                cuts.push(spans_from(&bytes, starts));
            }
            for (counts, cut) in counts.iter_mut().zip(cuts) {
                counts.insert(name.clone(), same_starts(&bytes, gold, &cut));
            }
        }
        Ok(counts)
    }
}

/// Names of the splitters, this program's first.
fn names(tools: &[Tool]) -> impl Iterator<Item = &str> {
    [OWN].into_iter().chain(tools.iter().map(|tool| tool.name.as_str()))
}

/// The clauses of a data set by their documents.
fn gold(file: &Path) -> Result<Places, Failure> {
    let mut out = Places::new();
    for example in read_examples(file, &Taxonomy::opp115())? {
        let (Some(document), Some(start), Some(end)) =
            (example.document, example.start, example.end)
        else {
            let message = format!("clause {} has no document, start and end", example.id);
            return Err(Failure::Input(anyhow!(message).context(file.display().to_string())));
        };
        out.entry(document).or_default().push(Span { start, end });
    }
    Ok(out)
}

/// A tool is called as its file.
fn tool(path: &Path) -> Result<Tool, Failure> {
    let lines = fs::read_to_string(path)
        .with_context(|| format!("cannot read {}", path.display()))
        .map_err(Failure::Input)?;
    let starts = predicted_starts(&lines)
        .map_err(|problem| Failure::Input(anyhow!("{}: {problem}", path.display())))?;
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    Ok(Tool { name: name.unwrap_or_default(), starts })
}
