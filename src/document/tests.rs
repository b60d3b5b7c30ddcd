//! What holds for every format.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn options(format: Format) -> ReadOptions {
    ReadOptions { format, ..ReadOptions::default() }
}

fn read_text(text: &str, name: &str) -> Result<Document, ReadError> {
    read(text.as_bytes(), Some(name), &ReadOptions::default())
}

fn kind(bytes: &[u8]) -> &'static str {
    read(bytes, None, &ReadOptions::default()).map_or_else(|error| error.kind(), |_| "read")
}

/// Blocks are ordered, apart and inside the file; copied characters are those of the file.
fn check_places(bytes: &[u8], document: &Document) {
    let text = std::str::from_utf8(bytes).ok();
    let mut after = 0;
    for block in &document.blocks {
        let whole = block.text.span(0..block.text.len());
        assert!(after <= whole.start && whole.start < whole.end && whole.end <= bytes.len());
        after = whole.end;
        let mut last = whole.start;
        for (at, c) in block.text.as_str().char_indices() {
            let span = block.text.span(at..at + c.len_utf8());
            assert!(last <= span.start && span.start < span.end && span.end <= whole.end);
            last = span.start;
            if let Some(text) = text {
                let source = text.get(span.start..span.end).expect("not on a character boundary");
                let copied = source.len() == c.len_utf8() && !c.is_whitespace() && c != '\u{fffd}';
                assert!(!copied || source.chars().eq([c]), "{source:?} is not {c:?}");
            }
        }
    }
}

/// Letters and digits: a part without any is left out, and what is a part depends on what stands
/// around it.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The source of every block, read again by itself, gives its text.
fn check_round_trip(source: &str, document: &Document) {
    for block in &document.blocks {
        let span = block.text.span(0..block.text.len());
        let watch = Watch::start(Duration::MAX);
        let again = html::read(&source[span.start..span.end], Boilerplate::Keep, &watch);
        let again: String =
            (again.drafts.iter()).map(|draft| squeezed(draft.text.as_str())).collect();
        assert_eq!(again, squeezed(block.text.as_str()), "{}", &source[span.start..span.end]);
    }
}

#[test]
fn errors_have_kinds() {
    assert_eq!(kind(b""), "empty");
    assert_eq!(kind(b" \r\n\t"), "empty");
    assert_eq!(kind(b"\xef\xbb\xbf \n"), "empty");
    let pdf = if cfg!(feature = "pdf") { "pdf-broken" } else { "without-pdf" };
    assert_eq!(kind(b"%PDF-1.4"), pdf);
    assert_eq!(kind(b"<html><p></p></html>"), "no-text");
    assert_eq!(kind(b"<html><script>var policy = 1</script><p></p></html>"), "javascript-shell");
    let small = ReadOptions { max_bytes: 3, ..ReadOptions::default() };
    assert_eq!(read(b"long", None, &small).unwrap_err().kind(), "too-large");
}

const GERMAN: &str = "Wir verarbeiten Ihre Daten nur, soweit das zur Bereitstellung einer \
    funktionsfähigen Seite sowie unserer Inhalte und Leistungen erforderlich ist. Die Verarbeitung \
    erfolgt regelmäßig nur nach Einwilligung der Nutzer. Eine Ausnahme gilt in solchen Fällen, in \
    denen eine vorherige Einholung einer Einwilligung aus tatsächlichen Gründen nicht möglich ist.";

#[test]
fn other_languages_are_refused_and_mixed_documents_pass() {
    assert_eq!(kind(GERMAN.as_bytes()), "language");
    let english = "We keep your name and your address for as long as your account is open, and we \
        delete both of them within thirty days after you have closed it. We do not sell your personal \
        data. ";
    assert_eq!(kind(format!("{GERMAN}\n\n{}", english.repeat(3)).as_bytes()), "read");
}

#[test]
fn places_are_those_of_the_file_in_every_encoding() {
    let text = "Our café keeps “logs” for a year.\n\n- names;\n- mail — and so on.";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (narrow, ..) = encoding_rs::WINDOWS_1252.encode(text);
    for (bytes, per_char) in [(wide.as_slice(), 2), (&narrow, 1)] {
        let document = read(bytes, Some("policy.txt"), &ReadOptions::default()).unwrap();
        check_places(bytes, &document);
        assert_eq!(document.blocks.len(), 3);
        let item = &document.blocks[1].text;
        let at = text.chars().take_while(|c| *c != '\n').count() + 2;
        assert_eq!(
            item.span(0..item.len()),
            Span { start: at * per_char, end: (at + 8) * per_char }
        );
    }
}

#[test]
fn huge_lines_are_read() {
    let sentence = "We collect your name;  (b) and we “keep” it. ";
    let line = sentence.repeat(2 << 20 >> 5);
    for name in ["a.txt", "a.md", "a.html"] {
        let document = read_text(&line, name).unwrap();
        let bytes: usize = document.blocks.iter().map(|block| block.text.len()).sum();
        assert!(bytes > line.len() * 9 / 10, "{name}");
    }
}

const HTML_TOKENS: &[&str] = &[
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<b>",
    "</b>",
    "<br>",
    "<ul>",
    "<li>",
    "</ul>",
    "<table>",
    "<tr>",
    "<td>",
    "<th>",
    "</table>",
    "<h2>",
    "</h2>",
    "<script>x</script>",
    "<!-- c -->",
    "<nav>",
    "</nav>",
    "<span hidden>",
    "</span>",
    "&amp;",
    "&amp",
    "&nbsp;",
    "&shy;",
    "&#8220;",
    "&notit;",
    "&",
    "<",
    "<a href=#x>",
    "</a>",
    "words of text ",
    "Title",
    "é",
    "“",
    "\r\n",
    "\r",
    "\n\n",
    "  ",
    "(a) ",
    "• ",
    "<dl><dt>",
    "<dd>",
    "</",
    "<!",
    "<?x>",
    "<pre>",
    "</pre>",
    "]]>",
    "<svg><title>",
];

const MARKDOWN_TOKENS: &[&str] = &[
    "# ",
    "\n",
    "\n\n",
    "**",
    "*",
    "_",
    "1\\. ",
    "- ",
    "1. ",
    "> ",
    "| a | b |\n|---|---|\n| ",
    " | ",
    "[",
    "](u)",
    "![",
    "<b>",
    "</b>",
    "<div>",
    "<br>",
    "  \n",
    "`",
    "```\n",
    "    ",
    "&amp;",
    "&",
    "text ",
    "Title",
    "é",
    "  ",
    "(a) ",
    "(b) ",
    "~~",
    "<http://a.b>",
    "\\",
    "\u{200b}",
    "===\n",
    "\t",
    "\r\n",
    ": ",
];

fn of_tokens(tokens: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(tokens), 0..60).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for format in [Format::Auto, Format::Html, Format::Markdown, Format::Text] {
            if let Ok(document) = read(&bytes, None, &options(format)) {
                check_places(&bytes, &document);
            }
        }
    }

    #[test]
    fn damaged_text_is_read(text in ".{0,200}", bytes in prop::collection::vec(128u8.., 0..20)) {
        let bytes = [text.as_bytes(), &bytes, text.as_bytes()].concat();
        if let Ok(document) = read(&bytes, None, &ReadOptions::default()) {
            check_places(&bytes, &document);
        }
    }

    #[test]
    fn any_html_keeps_its_places(text in of_tokens(HTML_TOKENS)) {
        for boilerplate in [Boilerplate::Drop, Boilerplate::Keep] {
            let options = ReadOptions { boilerplate, ..options(Format::Html) };
            if let Ok(document) = read(text.as_bytes(), None, &options) {
                check_places(text.as_bytes(), &document);
                // Tags inside a title are text there, and tags again when read by themselves.
                if !text.to_ascii_lowercase().contains("<title") {
                    check_round_trip(&text, &document);
                }
            }
        }
    }

    #[test]
    fn any_markdown_keeps_its_places(text in of_tokens(MARKDOWN_TOKENS)) {
        for format in [Format::Markdown, Format::Text] {
            if let Ok(document) = read(text.as_bytes(), None, &options(format)) {
                check_places(text.as_bytes(), &document);
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
#[ignore = "needs FINEPRINT_DATA"]
fn real_files_keep_their_places() {
    let data =
        PathBuf::from(std::env::var_os("FINEPRINT_DATA").expect("FINEPRINT_DATA is not set"));
    let mut outcomes = std::collections::BTreeMap::<&str, usize>::new();
    for folder in ["opp115/original_policies", "seeds", "unlabelled"] {
        for path in files(&data.join(folder)) {
            let bytes = std::fs::read(&path).expect("a readable file");
            // Other documents than policies keep their places, too.
            let options = ReadOptions { gate: Gate::Off, ..ReadOptions::default() };
            let outcome = match read(&bytes, path.to_str(), &options) {
                Ok(document) => {
                    check_places(&bytes, &document);
                    "read"
                }
                Err(error) => {
                    println!("{}: {error}", path.display());
                    error.kind()
                }
            };
            *outcomes.entry(outcome).or_default() += 1;
        }
    }
    println!("{outcomes:?}");
    assert!(outcomes["read"] > 1000);
}
