//! Paths of the command line → documents: files, folders, standard input.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use walkdir::{DirEntry, WalkDir};

use super::exit::Failure;
use crate::output::ErrorRecord;

/// Name of standard input on the command line and in records.
pub const STANDARD_INPUT: &str = "-";

/// Extensions that are taken from folders.
const EXTENSIONS: [&str; 8] = ["html", "htm", "xhtml", "md", "markdown", "txt", "text", "pdf"];

/// One thing that a path stands for.
#[derive(Debug)]
pub enum Input {
    Stdin,
    File(PathBuf),
    /// Nothing can come of it, for this reason.
    Failed(ErrorRecord),
    /// A file of another kind inside a folder.
    LeftOut,
}

impl Input {
    /// Its name in records.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Failed(record) => record.document.clone(),
            Self::Stdin | Self::LeftOut => STANDARD_INPUT.to_owned(),
        }
    }
}

/// Checks the paths given. None at all stands for standard input when something comes from there.
///
/// # Errors
/// [`Failure::Usage`] when there is nothing to read.
pub fn resolve(paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    if paths.is_empty() {
        if io::stdin().is_terminal() {
            let message = "nothing to read: name files or folders, or - for standard input";
            return Err(Failure::Usage(anyhow!(message)));
        }
        return Ok(vec![STANDARD_INPUT.into()]);
    }
    if paths.iter().filter(|path| is_standard_input(path)).count() > 1 {
        return Err(Failure::Usage(anyhow!("standard input (-) can be read only once")));
    }
    Ok(paths)
}

pub fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == STANDARD_INPUT
}

/// What the paths stand for, in their order; files of a folder sorted by name. Folders are walked
/// as the iterator goes, so that their size does not matter.
pub fn walk(paths: &[PathBuf]) -> impl Iterator<Item = Input> {
    paths.iter().flat_map(|path| -> Box<dyn Iterator<Item = Input>> {
        if is_standard_input(path) {
            Box::new(std::iter::once(Input::Stdin))
        } else if path.is_dir() {
            Box::new(Folder::new(path))
        } else {
            Box::new(std::iter::once(Input::File(path.clone())))
        }
    })
}

/// The documents of a folder.
struct Folder {
    root: PathBuf,
    entries: Box<dyn Iterator<Item = walkdir::Result<DirEntry>>>,
    /// Whether there was anything to report or read.
    found: bool,
}

impl Folder {
    fn new(root: &Path) -> Self {
        let entries = WalkDir::new(root)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry));
        Self { root: root.to_owned(), entries: Box::new(entries), found: false }
    }

    fn input(&self, entry: walkdir::Result<DirEntry>) -> Option<Input> {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => None,
            Ok(entry) if !takes(entry.path()) => Some(Input::LeftOut),
            Ok(entry) if entry.file_type().is_file() => Some(Input::File(entry.into_path())),
            // Opening a pipe may wait for ever.
            Ok(entry) => {
                let path = entry.path().display().to_string();
                let message = "cannot read the input: it is a pipe or device, no file";
                Some(Input::Failed(ErrorRecord::new(&path, "unreadable", message)))
            }
            Err(error) => {
                let path = error.path().unwrap_or(&self.root).display().to_string();
                Some(Input::Failed(ErrorRecord::new(&path, "unreadable", error)))
            }
        }
    }
}

impl Iterator for Folder {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        while let Some(entry) = self.entries.next() {
            if let Some(input) = self.input(entry) {
                self.found |= !matches!(input, Input::LeftOut);
                return Some(input);
            }
        }
        if std::mem::replace(&mut self.found, true) {
            return None;
        }
        let message = format!(
            "the folder holds no file to read; taken are .{} and text files without extension",
            EXTENSIONS.join(", .")
        );
        let name = self.root.display().to_string();
        Some(Input::Failed(ErrorRecord::new(&name, "no-files", message)))
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// Whether a file of a folder is taken for a document.
pub fn takes(path: &Path) -> bool {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some(extension) => EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)),
        None => path.extension().is_none() && looks_like_text(path),
    }
}

/// Whether a file starts like text. One that cannot be read does: its error shall be told.
fn looks_like_text(path: &Path) -> bool {
    // Opening anything but a regular file may wait for ever.
    if !path.is_file() {
        return false;
    }
    let mut head = Vec::new();
    match File::open(path).and_then(|file| file.take(1024).read_to_end(&mut head)) {
        Ok(_) => {
            !head.contains(&0) || head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff")
        }
        Err(_) => true,
    }
}

/// The bytes of a file, of which at most `limit` and one are read: enough to see that it is too
/// large. `Err` holds the size when that is known to be so without reading.
pub fn read(path: &Path, limit: usize) -> io::Result<Result<Vec<u8>, usize>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > limit as u64 {
        return Ok(Err(usize::try_from(size).unwrap_or(usize::MAX)));
    }
    read_from(file, limit).map(Ok)
}

/// The bytes of a stream, at most `limit` and one.
pub fn read_from(stream: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take((limit as u64).saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether writing to `output` would destroy or add to what the inputs hold.
pub fn includes(inputs: &[PathBuf], output: &Path) -> bool {
    let Some(place) = settled(output) else { return false };
    let there = identity(output);
    inputs.iter().filter(|input| !is_standard_input(input)).any(|input| {
        match fs::canonicalize(input) {
            Ok(folder) if folder.is_dir() => {
                let inside = place.strip_prefix(&folder);
                inside.is_ok_and(|inside| !has_hidden_part(inside)) && takes_by_name(&place)
                    || there.is_some() && reads(&folder, &there)
            }
            Ok(input) => there.is_some() && identity(&input) == there,
            Err(_) => false,
        }
    })
}

/// Whether a file is among the documents of a folder, by whatever name.
fn reads(folder: &Path, file: &Option<Identity>) -> bool {
    Folder::new(folder).any(|input| match input {
        Input::File(path) => identity(&path) == *file,
        _ => false,
    })
}

/// What tells a regular file from all others, however it is called: its device and number.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = PathBuf;

/// None for what is not there, and for pipes and devices, which lose nothing.
#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    fs::canonicalize(path).ok().filter(|path| path.is_file())
}

/// The full path of a file, which need not be there yet.
fn settled(path: &Path) -> Option<PathBuf> {
    if let Ok(path) = fs::canonicalize(path) {
        return Some(path);
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = fs::canonicalize(parent.unwrap_or(Path::new("."))).ok()?;
    Some(parent.join(path.file_name()?))
}

fn has_hidden_part(path: &Path) -> bool {
    path.iter().any(|part| part.as_encoded_bytes().starts_with(b"."))
}

fn takes_by_name(path: &Path) -> bool {
    path.extension().is_none() || takes(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[PathBuf]) -> Vec<String> {
        walk(paths).map(|input| input.name()).collect()
    }

    #[test]
    fn a_folder_gives_its_documents_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("b")).unwrap();
        fs::create_dir(root.join(".git")).unwrap();
        for (name, text) in [
            ("c.HTML", "x"),
            ("b/z.txt", "x"),
            ("a.md", "x"),
            ("d.pdf", "x"),
            ("README", "text"),
            ("image", "\0"),
            ("data.json", "{}"),
            (".hidden.txt", "x"),
            (".git/x.txt", "x"),
        ] {
            fs::write(root.join(name), text).unwrap();
        }
        let found = names(&[root.to_owned()]);
        let expected: Vec<String> = ["README", "a.md", "b/z.txt", "c.HTML", "d.pdf", "-", "-"]
            .iter()
            .map(|name| match *name {
                "-" => "-".to_owned(),
                name => root.join(name).display().to_string(),
            })
            .collect();
        assert_eq!(found, expected);
        assert_eq!(walk(&[root.to_owned()]).filter(|i| matches!(i, Input::LeftOut)).count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_a_folder_fails_unopened() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        for name in ["pipe.txt", "pipe"] {
            let made = std::process::Command::new("mkfifo").arg(root.join(name)).status();
            assert!(made.unwrap().success());
        }
        fs::write(root.join("a.txt"), "x").unwrap();
        std::os::unix::fs::symlink(root.join("a.txt"), root.join("b.txt")).unwrap();
        let found: Vec<_> = walk(&[root]).collect();
        let [Input::File(_), Input::File(_), Input::LeftOut, Input::Failed(record)] = &found[..]
        else {
            panic!("{found:?}")
        };
        assert!(record.document.ends_with("pipe.txt"), "{record:?}");
        assert_eq!(record.error.kind, "unreadable");
    }

    #[test]
    fn a_folder_without_documents_fails() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.json"), "{}").unwrap();
        let inputs: Vec<_> = walk(&[folder.path().to_owned()]).collect();
        assert!(
            matches!(&inputs[..], [Input::LeftOut, Input::Failed(e)] if e.error.kind == "no-files")
        );
    }

    #[test]
    fn an_output_among_the_inputs_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (root, file) = (folder.path().to_owned(), folder.path().join("a.txt"));
        fs::write(&file, "x").unwrap();
        assert!(includes(std::slice::from_ref(&file), &root.join("./a.txt")));
        assert!(includes(std::slice::from_ref(&root), &root.join("new.txt")));
        assert!(!includes(std::slice::from_ref(&root), &root.join("new.jsonl")));
        assert!(!includes(&[file], &root.join("new.txt")));
    }

    #[cfg(unix)]
    #[test]
    fn an_input_is_seen_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let (docs, outside) = (folder.path().join("docs"), folder.path().join("outside.jsonl"));
        fs::create_dir(&docs).unwrap();
        fs::write(&outside, "x").unwrap();
        let file = docs.join("a.txt");
        fs::hard_link(&outside, &file).unwrap();
        assert!(includes(std::slice::from_ref(&file), &outside));
        assert!(includes(std::slice::from_ref(&docs), &outside));
        fs::remove_file(&file).unwrap();
        assert!(!includes(std::slice::from_ref(&docs), &outside));
        std::os::unix::fs::symlink(&outside, &file).unwrap();
        assert!(includes(&[docs], &outside));
        let null = PathBuf::from("/dev/null");
        assert!(!includes(std::slice::from_ref(&null), &null));
    }
}
