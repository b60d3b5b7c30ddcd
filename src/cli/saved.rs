//! Predictions that a run saved, for the examples of a data set.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, anyhow};

use super::exit::Failure;
use crate::dataset::Example;
use crate::document::Span;
use crate::eval::{Prediction, Predictions, Wanted, counted};
use crate::taxonomy::Taxonomy;

/// Reads files that `eval --save-predictions`, `label` or `predict` wrote.
///
/// # Errors
/// [`Failure::Input`] when one cannot be read, speaks of other labels or contradicts another one.
pub fn open<P: AsRef<Path>>(files: &[P], taxonomy: &Taxonomy) -> Result<Predictions, Failure> {
    let mut found = Predictions::default();
    for path in files {
        let name = path.as_ref().display().to_string();
        let file = File::open(path)
            .with_context(|| format!("cannot read {name}"))
            .map_err(Failure::Input)?;
        found
            .read(BufReader::new(file), &name, taxonomy)
            .map_err(|error| Failure::Input(error.into()))?;
    }
    Ok(found)
}

/// The saved prediction for each example; `name` stands for their file in the error.
///
/// # Errors
/// [`Failure::Input`] when an example has none, or one of another text.
pub fn of<'a>(
    examples: &[Example],
    predictions: &'a Predictions,
    name: &str,
) -> Result<Vec<&'a Prediction>, Failure> {
    let find = |example| predictions.find(&wanted(example));
    let found = examples.iter().map(find).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| Failure::Input(anyhow!("{name}: {error}")))?;
    let missing: Vec<&Example> =
        (examples.iter().zip(&found)).filter(|(_, f)| f.is_none()).map(|(e, _)| e).collect();
    let Some(first) = missing.first() else { return Ok(found.into_iter().flatten().collect()) };
    let (count, first) = (missing.len(), &first.id);
    let count = counted(count, "clause", "clauses");
    Err(Failure::Input(anyhow!("{name} has no prediction for {count}; the first is {first}")))
}

/// How an example is looked for among saved predictions.
pub fn wanted(example: &Example) -> Wanted<'_> {
    let span = example.start.zip(example.end).map(|(start, end)| Span { start, end });
    let document = example.document.as_deref();
    Wanted { id: &example.id, document, span, text: &example.text }
}
