//! `fineprint eval reader`: how much of a policy is read from its page, and how much else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::super::exit::{Failure, Status};
use super::super::target::Target;
use super::ReportFormat;
use crate::document::{self, Format, Gate, ReadOptions};
use crate::eval::{ReaderRow, gold_name, gold_text, overlap, reader_table};

/// What the row of this program is called.
const OWN: &str = "fineprint";

/// Judge what is read from web pages, beside other tools
///
/// Reads the HTML pages of a folder and compares the words with those of the same policies as
/// people cleaned them: multisets of word 3-grams, averaged over pages. A page and its gold text
/// have the same file name, the same number before the first _, or the same site after it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  fineprint eval reader --pages original_policies --gold sanitized_policies
  fineprint eval reader --pages pages --gold texts --predictions out/trafilatura --format json")]
pub struct Arguments {
    /// Web pages (.html, .htm)
    #[arg(long, value_name = "DIR")]
    pages: PathBuf,
    /// The text of each page; tags in it and ||| do not count
    #[arg(long, value_name = "DIR")]
    gold: PathBuf,
    /// Texts that another tool read, <page name>.txt, one folder a tool
    #[arg(long, value_name = "DIR", num_args = 1..)]
    predictions: Vec<PathBuf>,
    /// Leave out pages whose name contains this
    #[arg(long, value_name = "TEXT")]
    without: Vec<String>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ReportFormat,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Arguments {
    /// Reads the pages and writes the report.
    pub fn run(self) -> Result<Status, Failure> {
        let mut read = vec![self.pages.clone(), self.gold.clone()];
        read.extend(self.predictions.iter().cloned());
        let target = Target::beside(&read, self.output.as_deref())?;
        let rows = self.rows().map_err(Failure::Input)?;
        self.format.write(target, &rows, || reader_table(&rows))
    }

    /// Figures of this program, then of each tool.
    fn rows(&self) -> anyhow::Result<Vec<ReaderRow>> {
        let golds = names(&self.gold)?;
        let mut figures = vec![BTreeMap::new(); self.predictions.len() + 1];
        for page in names(&self.pages)?.into_iter().filter(|page| self.takes(page)) {
            let gold = gold_name(&page, &golds)
                .ok_or_else(|| anyhow!("{page} has no text in {}", self.gold.display()))?;
            let gold = gold_text(&read_text(&self.gold.join(gold))?);
            let mut texts = vec![own(&self.pages.join(&page))?];
            for folder in &self.predictions {
                texts.push(read_text(&folder.join(format!("{page}.txt")))?);
            }
            for (figures, text) in figures.iter_mut().zip(texts) {
                figures.insert(page.clone(), overlap(&gold, &text).figures());
            }
        }
        if figures[0].is_empty() {
            return Err(anyhow!("{} holds no web page (.html, .htm)", self.pages.display()));
        }
        let tools = self.predictions.iter().map(|folder| {
            folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned()
        });
        let readers = [OWN.to_owned()].into_iter().chain(tools);
        Ok(readers.zip(figures).map(|(name, pages)| ReaderRow::new(&name, pages)).collect())
    }

    fn takes(&self, page: &str) -> bool {
        let extension = Path::new(page).extension();
        extension.is_some_and(|e| e.eq_ignore_ascii_case("html") || e.eq_ignore_ascii_case("htm"))
            && !self.without.iter().any(|part| page.contains(part.as_str()))
    }
}

/// The names of the files in a folder, sorted.
fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let failed = || format!("cannot read {}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(failed)? {
        names.push(entry.with_context(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What this program reads from a page; nothing where it refuses the page.
fn own(path: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let options = ReadOptions { format: Format::Html, gate: Gate::Off, ..ReadOptions::default() };
    let Ok(document) = document::read(&bytes, None, &options) else { return Ok(String::new()) };
    Ok(document.blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n"))
}
