//! Runs the cases of a folder of fixture files, for the tests of readers and splitter.

use std::path::Path;

/// Runs the cases of all `.txt` files in `tests/<folder>`, of which there must be at least
/// `least`. Cases are separated by a line `===`; lines that start with `//` are comments.
/// `failure` says what is wrong with a case, if anything.
pub fn run(folder: &str, least: usize, failure: impl Fn(&str) -> Option<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder of cases can be read")
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let mut cases = 0;
    let mut failures = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a fixture file can be read");
        let text: String = text.split_inclusive('\n').filter(|l| !l.starts_with("//")).collect();
        for case in text.split("\n===\n") {
            cases += 1;
            failures.extend(failure(case).map(|why| format!("{}:\n{why}", file.display())));
        }
    }
    let failed = failures.len();
    assert!(failures.is_empty(), "{failed} of {cases} failed\n\n{}", failures.join("\n\n\n"));
    assert!(cases >= least, "only {cases} cases found in {}", folder.display());
}
