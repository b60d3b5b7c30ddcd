//! Bad documents: a clear error, and nothing lost.

use std::fs::{self, File};

use super::work::{Work, stderr};

/// The kind and message of the error that a document gives.
fn error(work: &Work, arguments: &str) -> (String, String) {
    let found = work.records(arguments, 3);
    assert_eq!(found.len(), 1, "{found:?}");
    let error = &found[0]["error"];
    (error["kind"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
}

#[test]
fn documents_without_clauses_give_an_error_record() {
    let work = Work::new();
    let broken_pdf = if cfg!(feature = "pdf") { "pdf-broken" } else { "without-pdf" };
    let cases: [(&str, &[u8], &str); 8] = [
        ("empty.txt", b"", "empty"),
        ("blank.md", b" \n\t\r\n ", "empty"),
        ("binary.txt", b"text\0and\0more\0\0", "binary"),
        ("policy.pdf", b"%PDF-1.7\n1 0 obj", broken_pdf),
        (
            "page.html",
            b"<html><script>var text = 'We sell data.'</script></html>",
            "javascript-shell",
        ),
        ("marks.txt", b"***\n\n---\n\n. . .\n", "no-text"),
        ("german.txt", GERMAN.as_bytes(), "language"),
        ("tags.html", b"<<<<>>>><p></p><", "no-text"),
    ];
    for (name, content, kind) in cases {
        work.write(name, content);
        let (found, message) = error(&work, &format!("label {name} --model model"));
        assert_eq!(found, kind, "{name}: {message}");
        assert!(!message.is_empty());
        assert_eq!(error(&work, &format!("split {name}")).0, kind);
    }
}

const GERMAN: &str = "Wir speichern Ihre Bestellungen zehn Jahre lang, weil das Gesetz es \
verlangt. Danach werden alle Angaben gelöscht, und niemand kann sie wiederherstellen. Fragen \
beantwortet unsere Beauftragte jederzeit gern; schreiben Sie ihr einfach einen Brief oder rufen \
Sie während der Bürozeiten an.";

#[test]
fn errors_are_told_in_every_format() {
    let work = Work::new();
    work.write("empty.txt", "");
    for format in ["jsonl", "csv", "table"] {
        let output = work.run(&format!("split empty.txt --format {format}"), 3);
        let data = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(data.contains("the file is empty"), "{format}: {data}");
        assert!(stderr(&output).contains("empty.txt: the file is empty"));
    }
}

#[test]
fn invalid_utf8_is_read_as_another_encoding() {
    let work = Work::new();
    work.write("x.txt", b"The caf\xe9 keeps your orders. \xff\xfe\x80 It shares none.");
    let found = work.records("split x.txt", 0);
    assert_eq!(found.last().unwrap()["end"], 47);
}

#[test]
fn a_file_beyond_the_limit_is_refused_unread() {
    let work = Work::new();
    File::create(work.path("huge.txt")).unwrap().set_len(300 << 20).unwrap();
    let (kind, message) = error(&work, "split huge.txt");
    assert_eq!(kind, "too-large");
    assert!(message.contains("314572800"), "{message}");
    work.write("x.txt", "We keep your data.");
    assert_eq!(error(&work, "split x.txt --max-bytes 17").0, "too-large");
    work.run("split x.txt --max-bytes 18", 0);
    let piped = work.run_with("split - --max-bytes 17", "We keep your data.", 3);
    assert!(stderr(&piped).contains("limit"));
}

#[test]
fn a_hundred_megabytes_are_no_reason_to_fail() {
    let work = Work::new();
    // Few and long sentences, so that this takes seconds.
    let sentence = format!("We keep your data {}.\n\n", "for you and me ".repeat(70_000));
    work.write("big.txt", sentence.repeat(100_000_000 / sentence.len() + 1));
    let found = work.run("split big.txt --unit segment --format csv --gate off", 0).stdout;
    assert!(found.len() > 100_000_000);
}

#[test]
fn a_line_of_twenty_megabytes_is_cut() {
    let work = Work::new();
    work.write("line.txt", "We keep your data. ".repeat(20_000_000 / 19));
    let output = work.run("split line.txt --format csv --gate off", 0);
    let lines = output.stdout.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(lines, 1 + 20_000_000 / 19);
    let found = work.records("label line.txt --unit segment --gate off --model model", 0);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["truncated"], true);
}

#[test]
fn deep_nesting_is_no_reason_to_fail() {
    let work = Work::new();
    for (open, close) in [("<div>", "</div>"), ("<ul><li>", "</li></ul>"), ("<b>", "")] {
        let page = format!(
            "<html><body>{}<p>We keep your data.</p>{}",
            open.repeat(100_000),
            close.repeat(100_000)
        );
        work.write("deep.html", page);
        let found = work.records("split deep.html", 0);
        assert_eq!(found[0]["text"], "We keep your data.");
    }
    work.write("deep.md", format!("{}We keep your data.\n", "> ".repeat(100_000)));
    work.run("split deep.md", 0);
}

#[test]
fn a_folder_without_documents_is_an_error() {
    let work = Work::new();
    fs::create_dir(work.path("none")).unwrap();
    assert_eq!(error(&work, "label none --model model").0, "no-files");
    work.write("none/x.json", "{}");
    assert_eq!(error(&work, "label none --model model").0, "no-files");
    work.run("split none", 2);
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_ends() {
    let work = Work::with_documents();
    std::os::unix::fs::symlink(work.path("docs"), work.path("docs/again")).unwrap();
    let found = work.records("label docs --model model", 3);
    let errors: Vec<_> = found.iter().filter(|record| record.get("error").is_some()).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0]["error"]["kind"], "unreadable");
}

#[test]
fn output_that_cannot_be_written_is_found_before_work_starts() {
    let work = Work::with_documents();
    fs::create_dir(work.path("folder")).unwrap();
    for output in ["nowhere/x.jsonl", "folder"] {
        let run = work.run(&format!("label docs --model model --output {output}"), 5);
        assert!(stderr(&run).contains(output), "{}", stderr(&run));
        work.run(&format!("split docs/b.md --output {output}"), 5);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let work = Work::with_documents();
    let output = work.run("label docs --model model --output /dev/full", 5);
    assert!(stderr(&output).contains("cannot write /dev/full"));
}

#[test]
fn output_never_destroys_an_input() {
    let work = Work::with_documents();
    let before = work.read("docs/b.md");
    for arguments in [
        "label docs/b.md --model model --output docs/b.md",
        "label docs --model model --output docs/sub/../b.md",
        "split docs/b.md --output docs/b.md",
    ] {
        work.run(arguments, 2);
        assert_eq!(work.read("docs/b.md"), before);
    }
}
