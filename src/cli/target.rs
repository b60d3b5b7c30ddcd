//! Where data goes: standard output or a file that is opened before work starts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::exit::Failure;
use super::inputs;
use crate::output::{Exporter, Format};
use crate::taxonomy::Taxonomy;

/// Columns of a table that goes to no terminal.
const DEFAULT_WIDTH: usize = 100;

/// A place for data that is known to be writable.
pub struct Target {
    /// Standard output if there is none.
    file: Option<File>,
    name: String,
    /// The file, if it was not there before and nothing was written to it.
    fresh: Option<PathBuf>,
    /// Bytes of the file that stay before what is written.
    kept: u64,
}

/// A run that fails at its start leaves no empty file.
impl Drop for Target {
    fn drop(&mut self) {
        if let Some(path) = self.fresh.take() {
            let _ = fs::remove_file(path);
        }
    }
}

impl Target {
    /// Opens a file, or standard output for none and `-`. What the file holds stays there until
    /// [`Target::writer`] is called, so that a run that fails at its start destroys nothing.
    ///
    /// # Errors
    /// [`Failure::Output`] when the file cannot be created or written.
    pub fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
            return Ok(Self {
                file: None,
                name: "standard output".to_owned(),
                fresh: None,
                kept: 0,
            });
        };
        let name = path.display().to_string();
        let fresh = (!path.exists()).then(|| path.to_owned());
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| Failure::writing(error, &name))?;
        Ok(Self { file: Some(file), name, fresh, kept: 0 })
    }

    /// As [`Target::open`], for an output that must be none of the files that are read, or written
    /// as well.
    ///
    /// # Errors
    /// [`Failure::Usage`] when it is one of them.
    pub fn beside(files: &[PathBuf], output: Option<&Path>) -> Result<Self, Failure> {
        if let Some(output) = output.filter(|path| path.as_os_str() != "-")
            && inputs::includes(files, output)
        {
            let message = format!(
                "{} is read or written already, or would be; name another output",
                output.display()
            );
            return Err(Failure::Usage(anyhow!(message)));
        }
        Self::open(output)
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a person sees the data at once.
    pub fn is_terminal(&self) -> bool {
        match &self.file {
            Some(file) => file.is_terminal(),
            None => io::stdout().is_terminal(),
        }
    }

    /// The same, to be written after its first `bytes` bytes.
    pub fn keeping(mut self, bytes: u64) -> Self {
        self.kept = bytes;
        self
    }

    /// A buffered writer to the file, which is emptied but for what is kept.
    ///
    /// # Errors
    /// [`Failure::Output`] when the file cannot be emptied.
    pub fn writer(mut self) -> Result<Box<dyn Write>, Failure> {
        self.fresh = None;
        let Some(mut file) = self.file.take() else {
            return Ok(Box::new(BufWriter::new(io::stdout())));
        };
        let kept = self.kept;
        let mut empty = || match file.metadata()?.is_file() {
            true => file.set_len(kept).and_then(|()| file.seek(SeekFrom::Start(kept))),
            // A pipe or device has no length.
            false => Ok(0),
        };
        empty().map_err(|error| Failure::writing(error, &self.name))?;
        Ok(Box::new(BufWriter::new(file)))
    }

    /// An exporter to the target; without a format, a table for people and JSON Lines otherwise.
    ///
    /// # Errors
    /// [`Failure::Output`] when nothing can be written.
    pub fn exporter(
        self,
        format: Option<Format>,
        labels: Option<&Taxonomy>,
    ) -> Result<Box<dyn Exporter>, Failure> {
        let people = self.is_terminal();
        let format = format.unwrap_or(if people { Format::Table } else { Format::Jsonl });
        let width = if people { width() } else { DEFAULT_WIDTH };
        let name = self.name.clone();
        let writer = self.writer()?;
        format.exporter(writer, labels, width).map_err(|error| Failure::writing(error, &name))
    }
}

/// Columns of the terminal.
fn width() -> usize {
    terminal_size::terminal_size().map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays_until_something_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        fs::write(&old, "precious").unwrap();
        drop(Target::open(Some(&old)).ok());
        drop(Target::open(Some(&new)).ok());
        assert_eq!(fs::read_to_string(&old).unwrap(), "precious");
        assert!(!new.exists());
        for path in [&old, &new] {
            let mut writer = Target::open(Some(path)).ok().unwrap().writer().ok().unwrap();
            writer.write_all(b"ab").unwrap();
            drop(writer);
            assert_eq!(fs::read_to_string(path).unwrap(), "ab");
        }
        let mut writer = Target::open(Some(&old)).ok().unwrap().keeping(1).writer().ok().unwrap();
        writer.write_all(b"c").unwrap();
        drop(writer);
        assert_eq!(fs::read_to_string(&old).unwrap(), "ac");
    }

    #[test]
    fn an_output_is_none_of_the_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        fs::write(&old, "precious").unwrap();
        let refused = Target::beside(std::slice::from_ref(&old), Some(&old));
        assert!(matches!(refused, Err(Failure::Usage(_))));
        let first = Target::beside(std::slice::from_ref(&old), Some(&new)).ok().unwrap();
        let both = [old, new.clone()];
        assert!(matches!(Target::beside(&both, Some(&new)), Err(Failure::Usage(_))));
        drop(first);
        assert!(!new.exists());
    }
}
