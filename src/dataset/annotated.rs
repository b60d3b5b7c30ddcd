//! What people labelled in Label Studio or doccano → examples that keep who gave which label.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::reading::{canonical_labels, read_text};
use super::{DatasetError, Example};
use crate::clause::ClauseKind;
use crate::taxonomy::Taxonomy;

/// What an export says of one clause beside the labels.
#[derive(Debug, Default, Deserialize)]
struct Place {
    text: Option<String>,
    clause: Option<String>,
    document: Option<String>,
    start: Option<usize>,
    end: Option<usize>,
    kind: Option<ClauseKind>,
    context: Option<String>,
    page: Option<usize>,
    offsets: Option<String>,
}

impl Place {
    /// The document and the bytes there. None where the offsets count something else, as those
    /// on a page of a PDF do: they must not pass for bytes.
    fn bytes(&self) -> (Option<String>, Option<usize>, Option<usize>) {
        if self.page.is_some() || self.offsets.is_some() {
            return (None, None, None);
        }
        (self.document.clone(), self.start, self.end)
    }
}

#[derive(Deserialize)]
struct Task {
    data: Place,
    #[serde(default)]
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Annotation {
    /// A number, or an object with an e-mail address.
    #[serde(default)]
    completed_by: Value,
    #[serde(default)]
    was_cancelled: bool,
    #[serde(default)]
    result: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    value: Choices,
}

#[derive(Default, Deserialize)]
struct Choices {
    #[serde(default)]
    choices: Vec<String>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(flatten)]
    place: Place,
    #[serde(default, alias = "labels")]
    label: Vec<String>,
}

/// Reads Label Studio's JSON export of tasks as `label --format label-studio` writes them. Each
/// annotation counts for the user who completed it; skipped ones are left out, and so are tasks
/// that nobody annotated. Clauses of PDF files come without a place, as data sets count bytes.
///
/// # Errors
/// [`DatasetError`] when the file is no such export, or a label is unknown.
pub fn import_label_studio(path: &Path, taxonomy: &Taxonomy) -> Result<Vec<Example>, DatasetError> {
    let text = read_text(path)?;
    let tasks: Vec<Task> = serde_json::from_str(&text)
        .map_err(|e| DatasetError::corpus(path, format!("not a list of tasks: {e}")))?;
    if tasks.is_empty() {
        return Err(DatasetError::corpus(path, "holds no task"));
    }
    let mut collected = Collected::new(path, taxonomy);
    for (i, task) in tasks.into_iter().enumerate() {
        let Some(key) = key(&task.data) else {
            return Err(DatasetError::corpus(path, format!("task {i} has no \"text\"")));
        };
        for annotation in task.annotations.iter().filter(|a| !a.was_cancelled) {
            let labels = annotation.result.iter().flat_map(|r| r.value.choices.clone()).collect();
            collected.add(&key, &task.data, who(&annotation.completed_by), labels)?;
        }
    }
    collected.examples().ok_or_else(|| DatasetError::corpus(path, "nobody annotated any task yet"))
}

/// Reads doccano's JSONL exports, one file an annotator, who is called as the file; as its path
/// where files in several folders have the same name.
///
/// # Errors
/// As [`import_label_studio`], and for a file that is named twice.
pub fn import_doccano(
    paths: &[PathBuf],
    taxonomy: &Taxonomy,
) -> Result<Vec<Example>, DatasetError> {
    let first = paths.first().map_or(Path::new(""), PathBuf::as_path);
    let mut collected = Collected::new(first, taxonomy);
    for (path, annotator) in paths.iter().zip(annotators(paths)?) {
        let text = read_text(path)?;
        for (i, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let wrong = |why: String| DatasetError::row(path, i as u64 + 1, why);
            let line: Line = serde_json::from_str(text).map_err(|e| wrong(e.to_string()))?;
            let key = key(&line.place).ok_or_else(|| wrong("no \"text\"".to_owned()))?;
            collected.add(&key, &line.place, annotator.clone(), line.label)?;
        }
    }
    collected.examples().ok_or_else(|| DatasetError::corpus(first, "holds no line of an export"))
}

/// What the annotators of these files are called, each otherwise.
fn annotators(paths: &[PathBuf]) -> Result<Vec<String>, DatasetError> {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut stems: BTreeMap<String, usize> = BTreeMap::new();
    for path in paths {
        let file = fs::canonicalize(path).map_err(|e| DatasetError::read(path, e))?;
        if files.contains(&file) {
            return Err(DatasetError::corpus(path, "is named twice; name it once"));
        }
        files.push(file);
        *stems.entry(stem(path)).or_default() += 1;
    }
    let name = |path: &PathBuf| match stem(path) {
        stem if stems[&stem] == 1 => stem,
        _ => path.display().to_string(),
    };
    Ok(paths.iter().map(name).collect())
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// What one clause is known by: its own name, else its text.
fn key(place: &Place) -> Option<String> {
    let text = place.text.as_ref()?;
    Some(place.clause.clone().unwrap_or_else(|| text.clone()))
}

/// A name for the user: the e-mail address where there is one.
fn who(user: &Value) -> String {
    let of = |field: &str| user.get(field).and_then(Value::as_str);
    match of("email").or_else(|| of("username")) {
        Some(name) => name.to_owned(),
        None => user.get("id").unwrap_or(user).to_string(),
    }
}

/// Examples in the order in which their clauses were met.
struct Collected<'a> {
    path: &'a Path,
    taxonomy: &'a Taxonomy,
    index: BTreeMap<String, usize>,
    examples: Vec<Example>,
}

impl<'a> Collected<'a> {
    fn new(path: &'a Path, taxonomy: &'a Taxonomy) -> Self {
        Self { path, taxonomy, index: BTreeMap::new(), examples: Vec::new() }
    }

    /// What one person gave one clause; whoever labels it again, means the last time.
    fn add(
        &mut self,
        key: &str,
        place: &Place,
        annotator: String,
        labels: Vec<String>,
    ) -> Result<(), DatasetError> {
        let labels = canonical_labels(labels, self.taxonomy)
            .map_err(|e| DatasetError::corpus(self.path, format!("clause {key:?}: {e}")))?;
        let next = self.examples.len();
        let index = *self.index.entry(key.to_owned()).or_insert(next);
        if index == next {
            self.examples.push(example(key, place, self.path));
        }
        self.examples[index].annotations.insert(annotator, labels);
        Ok(())
    }

    /// Counts the votes; a label that more than half gave is gold. `None` if nobody labelled
    /// anything.
    fn examples(self) -> Option<Vec<Example>> {
        if self.examples.is_empty() {
            return None;
        }
        let names = self.taxonomy.names();
        let settle = |mut example: Example| {
            let annotators = example.annotations.len() as u32;
            for label in example.annotations.values().flatten() {
                *example.votes.entry(label.clone()).or_default() += 1;
            }
            let given =
                |name: &&String| example.votes.get(*name).is_some_and(|v| v * 2 > annotators);
            example.labels = names.iter().filter(given).cloned().collect();
            example.annotators = Some(annotators);
            example
        };
        Some(self.examples.into_iter().map(settle).collect())
    }
}

/// Clauses of no document count as those of one policy, the file.
fn example(key: &str, place: &Place, path: &Path) -> Example {
    let context = place.context.as_deref().unwrap_or_default().split(" > ");
    let (document, start, end) = place.bytes();
    Example {
        id: key.to_owned(),
        group: place.document.clone().unwrap_or_else(|| stem(path)),
        document,
        start,
        end,
        kind: place.kind,
        context: context.filter(|level| !level.is_empty()).map(str::to_owned).collect(),
        text: place.text.clone().unwrap_or_default(),
        ..Example::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, content: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        (folder, path)
    }

    const TASKS: &str = r#"[
        {"id":1,"data":{"text":"We keep logs.","clause":"a.txt/0","document":"a.txt","start":0,"end":13,
            "kind":"sentence","context":"Logs > We:"},
         "annotations":[
            {"completed_by":{"id":7,"email":"ann@example.org"},"result":[{"id":"x","type":"choices",
                "from_name":"labels","to_name":"text","value":{"choices":["Data Retention","Data Security"]}}]},
            {"completed_by":3,"result":[{"value":{"choices":["Data Retention"]}}]},
            {"completed_by":4,"was_cancelled":true,"result":[]}]},
        {"id":2,"data":{"text":"Menu"},"annotations":[{"completed_by":3,"result":[]}]},
        {"id":3,"data":{"text":"Nobody saw this."},"annotations":[]}]"#;

    #[test]
    fn label_studio_keeps_who_gave_which_label() {
        let (_folder, path) = file("export.json", TASKS);
        let found = import_label_studio(&path, &Taxonomy::opp115()).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].labels, ["Data Retention"]);
        assert_eq!(found[0].annotators, Some(2));
        assert_eq!(found[0].votes["Data Security"], 1);
        assert_eq!(found[0].annotations["ann@example.org"].len(), 2);
        assert_eq!(found[0].annotations["3"], ["Data Retention"]);
        assert_eq!(found[0].context, ["Logs", "We:"]);
        assert_eq!((found[0].group.as_str(), found[0].end), ("a.txt", Some(13)));
        assert_eq!(found[1].labels, Vec::<String>::new());
        assert_eq!(found[1].annotators, Some(1));
    }

    #[test]
    fn characters_of_a_page_never_pass_for_bytes() {
        for extra in [r#""page":2,"#, r#""offsets":"page-characters","#] {
            let paged = TASKS.replace(r#""start":0,"#, &format!(r#"{extra}"start":0,"#));
            let (_folder, path) = file("export.json", &paged);
            let found = import_label_studio(&path, &Taxonomy::opp115()).unwrap();
            let Example { document, start, end, group, .. } = &found[0];
            assert_eq!((document, start, end), (&None, &None, &None));
            assert_eq!(group, "a.txt", "policies stay apart");
        }
    }

    #[test]
    fn doccano_has_a_file_an_annotator() {
        let line = |label: &str| {
            format!(
                r#"{{"id":5,"text":"We keep logs.","label":[{label}],"clause":"a.txt/0","document":"a.txt"}}"#
            )
        };
        let (_one, ann) = file("ann.jsonl", &line(r#""RET","SEC""#));
        let (_two, bob) = file("bob.jsonl", &line(r#""Data Retention""#));
        let found = import_doccano(&[ann, bob], &Taxonomy::opp115()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].annotations["ann"], ["Data Retention", "Data Security"]);
        assert_eq!(found[0].labels, ["Data Retention"]);
    }

    #[test]
    fn annotators_with_files_of_one_name_stay_apart() {
        let line =
            |label: &str| format!("\u{feff}{{\"text\":\"We keep logs.\",\"label\":[\"{label}\"]}}");
        let (_one, first) = file("admin.jsonl", &line("RET"));
        let (_two, second) = file("admin.jsonl", &line("SEC"));
        let found = import_doccano(&[first.clone(), second.clone()], &Taxonomy::opp115()).unwrap();
        assert_eq!(found[0].annotators, Some(2));
        assert_eq!(found[0].annotations[&first.display().to_string()], ["Data Retention"]);
        assert_eq!(found[0].annotations[&second.display().to_string()], ["Data Security"]);
        let error = import_doccano(&[first.clone(), first], &Taxonomy::opp115()).unwrap_err();
        assert!(error.to_string().contains("is named twice"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_told() {
        let told = |content: &str| {
            let (_folder, path) = file("export.json", content);
            import_label_studio(&path, &Taxonomy::opp115()).unwrap_err().to_string()
        };
        assert!(told("{}").contains("not a list of tasks"));
        assert!(told("[]").contains("holds no task"));
        let nobody = r#"[{"data":{"text":"We keep logs."},"annotations":[]}]"#;
        assert!(told(nobody).contains("nobody annotated any task yet"));
        assert!(told(r#"[{"data":{}}]"#).contains("task 0 has no \"text\""));
        assert!(told(&TASKS.replace("Data Security", "Fees")).contains("unknown label \"Fees\""));
    }
}
