//! Examples → JSON Lines.

use std::io::Write;

use super::{DatasetError, Example};

/// Writes one JSON line an example and flushes.
pub fn write_examples(out: &mut dyn Write, examples: &[Example]) -> Result<(), DatasetError> {
    for example in examples {
        serde_json::to_writer(&mut *out, example).map_err(|e| DatasetError::Write(e.into()))?;
        out.write_all(b"\n").map_err(DatasetError::Write)?;
    }
    out.flush().map_err(DatasetError::Write)
}
