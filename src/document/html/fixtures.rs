//! The cases in `tests/reader`: pages, and the blocks that are read from them.

use crate::document::{
    Block, BlockKind, Boilerplate, Document, Format, Gate, ReadOptions, cases, read as read_file,
};

/// What `{policy}` stands for: enough running text to make a page a policy.
const POLICY: [&str; 3] = [
    "We collect the name and the e-mail address of everybody who opens an account with us, and we \
     use this information to answer questions.",
    "We share personal information with third parties only after you have given your consent, and \
     we never sell any of the data that we keep.",
    "You may ask us at any time to delete the personal information in your account; we then delete \
     it from our servers within thirty days.",
];

/// A block as the cases write it.
fn written(document: &Document, block: &Block) -> String {
    let kind = match block.kind {
        BlockKind::Paragraph => "paragraph".to_owned(),
        BlockKind::Heading { level } => format!("heading {level}"),
        BlockKind::Item { depth } => format!("item {depth}"),
        BlockKind::Cell => "cell".to_owned(),
        BlockKind::Contents => "contents".to_owned(),
    };
    let text = block.text.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
    let headers = document.headers_of(block).join(" > ");
    let under = if headers.is_empty() { String::new() } else { format!("\n  in: {headers}") };
    format!("{kind}: {text}{under}")
}

/// Runs one case; what is wrong with it, if anything.
fn failure(case: &str) -> Option<String> {
    let Some((input, wanted)) = case.split_once("\n---\n") else {
        return Some(format!("no line `---` in\n{case}"));
    };
    let input = input.trim_matches('\n');
    let (input, boilerplate) = match input.strip_prefix("boilerplate: keep\n") {
        Some(rest) => (rest, Boilerplate::Keep),
        None => (input, Boilerplate::Drop),
    };
    let input = input.replace("{policy}", &POLICY.map(|text| format!("<p>{text}</p>")).join("\n"));
    let wanted =
        wanted.replace("{policy}", &POLICY.map(|text| format!("paragraph: {text}")).join("\n"));
    let options = ReadOptions {
        format: Format::Html,
        boilerplate,
        gate: Gate::Off,
        ..ReadOptions::default()
    };
    let got = match read_file(input.as_bytes(), None, &options) {
        Ok(document) => {
            let blocks = document.blocks.iter().map(|block| written(&document, block));
            blocks.collect::<Vec<_>>().join("\n")
        }
        Err(error) => format!("error: {}", error.kind()),
    };
    let wanted = wanted.trim_matches('\n');
    (got != wanted).then(|| format!("{input}\nwanted\n{wanted}\n\ngot\n{got}"))
}

#[test]
fn fixtures() {
    cases::run("reader", 40, failure);
}
