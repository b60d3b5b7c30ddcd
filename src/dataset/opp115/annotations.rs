//! The annotation files: one practice a row, nine columns, no header.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::dataset::DatasetError;
use crate::taxonomy::{OTHER, Taxonomy};

/// Attribute that says which kind of `Other` a practice is.
const OTHER_TYPE: &str = "Other Type";

/// One practice that one annotator saw in one segment.
#[derive(Debug)]
pub(super) struct Practice {
    pub annotator: String,
    pub segment: usize,
    /// Category as the file writes it, the three kinds of `Other` merged.
    pub category: String,
    /// Class of the twelve labels; none for `Other` that is no kind of it.
    pub class: Option<usize>,
    pub spans: Vec<RawSpan>,
    pub line: u64,
}

/// One attribute's place in its segment, as the file has it.
#[derive(Debug)]
pub(super) struct RawSpan {
    /// Half-open, in characters of the segment's HTML.
    pub start: usize,
    pub end: usize,
    pub text: String,
    /// Listed by the corpus as broken.
    pub errant: bool,
}

#[derive(Deserialize)]
struct Attribute {
    value: Option<String>,
    #[serde(rename = "selectedText")]
    text: Option<String>,
    #[serde(rename = "startIndexInSegment")]
    start: i64,
    #[serde(rename = "endIndexInSegment")]
    end: i64,
}

/// Annotation id and attribute name of every span the corpus calls errant.
#[derive(Debug, Default)]
pub(super) struct Errant(HashSet<(String, String)>);

impl Errant {
    /// Reads the lists of errant spans; a corpus without them has none.
    pub fn read(dir: &Path) -> Result<Self, DatasetError> {
        let mut errant = HashSet::new();
        if !dir.is_dir() {
            return Ok(Self(errant));
        }
        for entry in fs::read_dir(dir).map_err(|e| DatasetError::read(dir, e))? {
            let path = entry.map_err(|e| DatasetError::read(dir, e))?.path();
            if path.extension().is_none_or(|e| e != "csv") {
                continue;
            }
            for_each_row(&path, |line, row| {
                // `16462,6_Purpose`: the number counts the attribute within its practice.
                let attribute = row.get(1).and_then(|a| a.split_once('_'));
                let (Some(id), Some((_, attribute))) = (row.get(0), attribute) else {
                    let problem = "expected an annotation id and a numbered attribute";
                    return Err(DatasetError::row(&path, line, problem));
                };
                errant.insert((id.to_owned(), attribute.to_owned()));
                Ok(())
            })?;
        }
        Ok(Self(errant))
    }

    fn contains(&self, id: &str, attribute: &str) -> bool {
        self.0.contains(&(id.to_owned(), attribute.to_owned()))
    }
}

/// All practices of one policy, in file order.
pub(super) fn read_practices(
    path: &Path,
    taxonomy: &Taxonomy,
    errant: &Errant,
) -> Result<Vec<Practice>, DatasetError> {
    let mut practices = Vec::new();
    for_each_row(path, |line, row| {
        let practice = practice(row, line, taxonomy, errant);
        practices.push(practice.map_err(|problem| DatasetError::row(path, line, problem))?);
        Ok(())
    })?;
    Ok(practices)
}

/// Calls `take` with the line number and the fields of every row.
pub(in crate::dataset) fn for_each_row(
    path: &Path,
    mut take: impl FnMut(u64, &csv::StringRecord) -> Result<(), DatasetError>,
) -> Result<(), DatasetError> {
    let bytes = fs::read(path).map_err(|e| DatasetError::read(path, e))?;
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&bytes[..]);
    let mut row = csv::StringRecord::new();
    let mut lines = Lines { bytes: &bytes, at: 0, line: 1 };
    loop {
        let start = reader.position().byte();
        match reader.read_record(&mut row) {
            Ok(true) => take(lines.of(start), &row)?,
            Ok(false) => return Ok(()),
            Err(e) => return Err(DatasetError::row(path, lines.of(start), e.to_string())),
        }
    }
}

/// Line numbers of rows. The reader's own are one short after a CRLF, which it leaves half
/// unread.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// Line of the row whose reading started at byte `start`; rows must come in order.
    fn of(&mut self, start: u64) -> u64 {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        while let Some(&byte) = self.bytes.get(self.at)
            && (self.at < start || matches!(byte, b'\r' | b'\n'))
        {
            self.line += u64::from(byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

fn practice(
    row: &csv::StringRecord,
    line: u64,
    taxonomy: &Taxonomy,
    errant: &Errant,
) -> Result<Practice, String> {
    if row.len() != 9 {
        return Err(format!("expected 9 columns, found {}", row.len()));
    }
    let segment = row[4].parse().map_err(|_| format!("{:?} is no segment number", &row[4]))?;
    let attributes: BTreeMap<String, Attribute> = serde_json::from_str(&row[6])
        .map_err(|e| format!("attributes are not as expected: {e}"))?;
    let category = row[5].to_owned();
    let class = class(&category, &attributes, taxonomy)?;
    let spans = attributes.into_iter().filter_map(|(name, attribute)| {
        // -1 says: nothing highlighted.
        let (start, end) = (attribute.start.try_into().ok()?, attribute.end.try_into().ok()?);
        let errant = errant.contains(&row[0], &name);
        Some(RawSpan { start, end, text: attribute.text.unwrap_or_default(), errant })
    });
    let spans = spans.collect();
    Ok(Practice { annotator: row[2].to_owned(), segment, category, class, spans, line })
}

fn class(
    category: &str,
    attributes: &BTreeMap<String, Attribute>,
    taxonomy: &Taxonomy,
) -> Result<Option<usize>, String> {
    if category != OTHER {
        let class = taxonomy.resolve(category);
        return class.map(Some).ok_or_else(|| format!("unknown category {category:?}"));
    }
    let kind = attributes.get(OTHER_TYPE).and_then(|a| a.value.as_deref());
    match kind {
        None => Err(format!("a practice {OTHER:?} without {OTHER_TYPE:?}")),
        Some(OTHER) => Ok(None),
        Some(kind) => taxonomy
            .resolve(kind)
            .map(Some)
            .ok_or_else(|| format!("unknown {OTHER_TYPE:?} {kind:?}")),
    }
}
