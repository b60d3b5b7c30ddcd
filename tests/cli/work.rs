//! A folder to work in, with a tiny model, and ways to run the program there.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use assert_cmd::Command as Assert;
use serde_json::Value;
use tempfile::TempDir;

use super::common::write_tiny_model;

/// A page with whatever makes offsets hard: entities, inline markup, a list, a table.
pub const PAGE: &str = "\
<!DOCTYPE html>
<html><head><title>Shop</title><style>p { color: red }</style></head><body>
<h1>Privacy at Caf&eacute; &amp; Co</h1>
<p>We keep your <b>orders</b> for ten&nbsp;years. Your password is
   <em>encrypted</em>, &quot;always&quot;.</p>
<h2>Sharing</h2>
<p>We share your address with:</p>
<ul><li>the carrier;</li><li>our bank &mdash; for payments.</li></ul>
<table><tr><td>Cookies</td><td>We set two.</td></tr></table>
<script>var hidden = \"We sell data.\";</script>
</body></html>
";

pub const NOTES: &str = "\
# Retention

We keep logs for a week. After that they go:

1. access logs;
2. error logs.

Write to *us* at any time.
";

pub const PLAIN: &str = "\
We collect your name. We do not sell it.

We may change this notice; look here again.
";

pub struct Work {
    folder: TempDir,
}

impl Work {
    /// An empty folder with a model in `model`.
    pub fn new() -> Self {
        let work = Self { folder: TempDir::new().unwrap() };
        write_tiny_model(&work.path("model"), 7);
        work
    }

    /// With the three sample documents.
    pub fn with_documents() -> Self {
        let work = Self::new();
        work.write("docs/a.html", PAGE);
        work.write("docs/b.md", NOTES);
        work.write("docs/sub/c.txt", PLAIN);
        work
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The program with these arguments, split at blanks.
    pub fn command(&self, arguments: &str) -> Assert {
        let mut command = Assert::new(assert_cmd::cargo::cargo_bin!("fineprint"));
        command.current_dir(self.folder.path()).args(arguments.split_whitespace());
        command
    }

    /// The same for processes that a test talks to.
    pub fn process(&self, arguments: &str) -> Command {
        self.prepare(Command::new(assert_cmd::cargo::cargo_bin!("fineprint")), arguments)
    }

    /// The same, begun by `nohup`.
    #[cfg(unix)]
    pub fn process_without_terminal(&self, arguments: &str) -> Command {
        let mut command = Command::new("nohup");
        command.arg(assert_cmd::cargo::cargo_bin!("fineprint"));
        self.prepare(command, arguments)
    }

    fn prepare(&self, mut command: Command, arguments: &str) -> Command {
        command.current_dir(self.folder.path()).args(arguments.split_whitespace());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program, which must end with this code.
    pub fn run(&self, arguments: &str, code: i32) -> Output {
        self.run_with(arguments, "", code)
    }

    /// The same with standard input.
    pub fn run_with(&self, arguments: &str, input: impl Into<Vec<u8>>, code: i32) -> Output {
        self.command(arguments).write_stdin(input).assert().code(code).get_output().clone()
    }

    /// The records that a run with this exit code writes to standard output.
    pub fn records(&self, arguments: &str, code: i32) -> Vec<Value> {
        records(&self.run(arguments, code).stdout)
    }
}

/// JSON Lines.
pub fn records(lines: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(lines).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    text(&output.stderr)
}

/// Checks that the bytes at `start..end`, read as a person would, are the record's text.
pub fn assert_offsets(record: &Value, source: &[u8]) {
    let at = |field: &str| usize::try_from(record[field].as_u64().unwrap()).unwrap();
    let raw = std::str::from_utf8(&source[at("start")..at("end")]).unwrap();
    assert_eq!(readable(raw), record["text"].as_str().unwrap(), "{raw:?}");
}

/// Without tags, emphasis and entities, white space folded.
fn readable(raw: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in raw.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            '*' => {}
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    let entities = [("&eacute;", "é"), ("&nbsp;", " "), ("&quot;", "\""), ("&mdash;", "—")];
    let text = entities.iter().fold(text, |text, (entity, c)| text.replace(entity, c));
    text.replace("&amp;", "&").split_whitespace().collect::<Vec<_>>().join(" ")
}
