//! Data sets of the command line: files, and folders each of which is one data set.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::super::exit::Failure;
use crate::dataset::{Example, document_path, read_examples};
use crate::eval::Place;
use crate::taxonomy::Taxonomy;

/// A data set that the command line names.
pub struct Source {
    pub name: String,
    /// Itself, or the files of the folder in the order of their names.
    pub files: Vec<PathBuf>,
}

impl Source {
    /// All its examples.
    ///
    /// # Errors
    /// [`Failure::Input`] when a file cannot be read, or an id stands in two of them.
    pub fn read(&self, taxonomy: &Taxonomy) -> Result<Vec<Example>, Failure> {
        let mut examples: Vec<Example> = Vec::new();
        let mut files: HashMap<String, &PathBuf> = HashMap::new();
        for file in &self.files {
            for example in read_examples(file, taxonomy)? {
                if let Some(first) = files.insert(example.id.clone(), file) {
                    let (file, first) = (file.display(), first.display());
                    return Err(Failure::Input(anyhow!(
                        "{file}: id {:?} stands already in {first}; ids must be unique in the \
                         whole folder",
                        example.id
                    )));
                }
                examples.push(example);
            }
        }
        Ok(examples)
    }
}

/// One data set as it is judged.
pub struct DataSet {
    pub name: String,
    pub examples: Vec<Example>,
}

/// Refuses data sets whose predictions could not be told apart in one file.
///
/// # Errors
/// [`Failure::Input`] when two have the same text under the same id.
pub fn distinct(sets: &[DataSet]) -> Result<(), Failure> {
    let mut first: HashMap<(&str, Vec<&str>), &str> = HashMap::new();
    for set in sets {
        for example in &set.examples {
            let words = example.text.split_whitespace().collect();
            let Some(other) = first.insert((&example.id, words), &set.name) else { continue };
            let (id, name) = (&example.id, &set.name);
            return Err(Failure::Input(anyhow!(
                "{other} and {name} both hold the clause {id} with the same text; save the \
                 predictions of each in a file of its own"
            )));
        }
    }
    Ok(())
}

/// The data sets that these paths name.
///
/// # Errors
/// [`Failure::Input`] for a folder without data sets.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let source = |path: &PathBuf| {
        let files = if path.is_dir() { in_folder(path)? } else { vec![path.clone()] };
        Ok(Source { name: path.display().to_string(), files })
    };
    paths.iter().map(source).collect::<anyhow::Result<_>>().map_err(Failure::Input)
}

/// The files of all of them.
pub fn files(sources: &[Source]) -> Vec<PathBuf> {
    sources.iter().flat_map(|source| source.files.clone()).collect()
}

/// The documents below a folder that examples come from.
///
/// # Errors
/// [`Failure::Input`] for one that is not below it.
pub fn documents(examples: &[Example], folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut names: Vec<&str> = examples.iter().filter_map(|e| e.document.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    let path = |name: &str| document_path(folder, name).map_err(|why| Failure::Input(anyhow!(why)));
    names.into_iter().map(path).collect()
}

fn in_folder(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(anyhow!("{} holds no .jsonl file", folder.display()));
    }
    Ok(files)
}

/// Where each row stands: its clause and the neighbours in its policy.
pub fn places(examples: &[Example], order: &[usize]) -> Vec<Place> {
    let text = |i: usize, group: &str| {
        let neighbour = examples.get(i).filter(|example| example.group == group);
        neighbour.map(|example| example.text.clone())
    };
    let place = |&i: &usize| {
        let example = examples.get(i)?;
        Some(Place {
            id: example.id.clone(),
            group: example.group.clone(),
            context: example.context.clone(),
            before: i.checked_sub(1).and_then(|before| text(before, &example.group)),
            text: example.text.clone(),
            after: text(i + 1, &example.group),
        })
    };
    order.iter().filter_map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_of_the_same_policy() {
        let example = |id: &str, group: &str| Example {
            id: id.into(),
            group: group.into(),
            text: format!("text {id}"),
            ..Example::default()
        };
        let examples = [example("1", "a"), example("2", "a"), example("3", "b")];
        let found = places(&examples, &[2, 1]);
        assert_eq!(found[0].id, "3");
        assert_eq!((&found[0].before, &found[0].after), (&None, &None));
        assert_eq!(found[1].before.as_deref(), Some("text 1"));
        assert_eq!(found[1].after, None);
    }

    #[test]
    fn the_predictions_of_two_sets_must_be_told_apart() {
        let set = |name: &str, text: &str| DataSet {
            name: name.into(),
            examples: vec![Example { id: "1".into(), text: text.into(), ..Example::default() }],
        };
        assert!(distinct(&[set("a", "We keep logs."), set("b", "We share none.")]).is_ok());
        assert!(distinct(&[set("a", "We keep logs."), set("b", "We  keep logs.")]).is_err());
    }

    #[test]
    fn documents_lie_below_their_folder() {
        let example = |name: &str| Example { document: Some(name.into()), ..Example::default() };
        let found =
            documents(&[example("b.txt"), example("a.txt"), example("b.txt")], Path::new("d"));
        assert_eq!(found.ok(), Some(vec!["d/a.txt".into(), "d/b.txt".into()]));
        for outside in ["../a.txt", "/etc/passwd", "x/../../a.txt"] {
            assert!(documents(&[example(outside)], Path::new("d")).is_err(), "{outside}");
        }
    }
}
