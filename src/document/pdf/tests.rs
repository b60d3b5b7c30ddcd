use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::super::watch::Watch;
use super::super::{BlockKind, Boilerplate, Document, Format, Gate, ReadError, ReadOptions, read};
use crate::clause;

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pdf").join(name);
    std::fs::read(path).unwrap()
}

fn document(name: &str) -> Document {
    read(&fixture(name), Some(name), &ReadOptions { gate: Gate::Off, ..ReadOptions::default() })
        .unwrap()
}

fn failure(bytes: &[u8]) -> ReadError {
    read(bytes, None, &ReadOptions::default()).unwrap_err()
}

/// One line a block: a sign for its kind, and its text.
fn shown(document: &Document) -> Vec<String> {
    let sign = |kind| match kind {
        BlockKind::Paragraph => "P".to_owned(),
        BlockKind::Heading { level } => format!("H{level}"),
        BlockKind::Item { depth } => format!("I{depth}"),
        BlockKind::Cell => "C".to_owned(),
        BlockKind::Contents => "T".to_owned(),
    };
    let block =
        |block: &super::super::Block| format!("{} {}", sign(block.kind), block.text.as_str());
    document.blocks.iter().map(block).collect()
}

#[test]
fn headings_paragraphs_and_lists() {
    let expected = [
        "H1 Privacy Policy of the Pear Shop",
        "P This privacy policy explains which personal information the Pear Shop collects when you \
         visit our website, how we use it, and which choices you have. It applies to everybody who \
         orders fruit from us or who only looks around.",
        "H2 1. Information we collect",
        "P We collect the following personal data from you:",
        "I1 • your name, your e-mail address and the postal address to which we deliver your \
         orders, also when it is not your own;",
        "I1 • your orders and how you paid for them;",
        "I1 • the pages that you visit, with the help of cookies.",
        "H2 2. How we use it",
        "P We use your personal information for three purposes:",
        "I1 1. to deliver what you ordered and to answer your questions about it;",
        "I1 2. to improve our website;",
        "I1 3. to send you our newsletter, if you asked for it.",
        "H3 Sharing",
        "P We share your address with the “carrier” that brings the fruit. We never sell your \
         personal data to third parties. See Sec. 4.2 of our terms — they apply as well.",
    ];
    assert_eq!(shown(&document("one-column.pdf")), expected);
}

#[test]
fn columns_are_read_one_after_another() {
    let found = shown(&document("two-columns.pdf"));
    let heads: Vec<&str> =
        found.iter().filter(|block| block.starts_with('H')).map(String::as_str).collect();
    let expected = [
        "H1 Privacy Notice of the Game Library",
        "H2 Who we are",
        "H2 What we store",
        "H2 How long",
        "H2 Your rights",
        "H2 Security",
    ];
    assert_eq!(heads, expected, "{found:#?}");
    assert_eq!(found.len(), 11);
    let paragraph = "P You may ask us for a copy of your data, have it corrected or have it \
                     deleted. Write to us or come by on any afternoon; we are open from Tuesday to \
                     Saturday.";
    assert!(found.iter().any(|block| block == paragraph), "{found:#?}");
}

#[test]
fn furniture_goes_and_divided_words_are_joined() {
    let expected = [
        "H1 Retention of Data",
        "P We keep personal information no longer than we need it for the purposes of this policy. \
         Data that we share with third-party carriers is deleted by them after ninety days, unless \
         a law requires otherwise, and we check once a year that it has been deleted. Backups are \
         overwritten within a month.",
        "H1 Contact",
        "P Write to privacy@pears.example, and we answer within a week on working days.",
        "H1 Changes",
        "P We may change this policy and will then tell you so by e-mail.",
    ];
    assert_eq!(shown(&document("running.pdf")), expected);
    let options =
        ReadOptions { gate: Gate::Off, boilerplate: Boilerplate::Keep, ..ReadOptions::default() };
    let kept = shown(&read(&fixture("running.pdf"), None, &options).unwrap());
    assert!(kept.contains(&"P Page 2 of 3".to_owned()), "{kept:#?}");
    assert!(kept.contains(&"P Pear Shop Ltd – Privacy Policy".to_owned()), "{kept:#?}");
}

#[test]
fn a_clause_has_its_page() {
    let document = document("running.pdf");
    let pages = document.pages.as_ref().unwrap();
    assert_eq!(pages.count(), 3);
    let clauses = clause::split(&document);
    let clause = |start: &str| clauses.iter().find(|c| c.text.starts_with(start)).unwrap();
    let place = pages.place(clause("Write to").span);
    assert_eq!((place.page, place.end_page), (2, 3));
    let text = pages.text(3).unwrap();
    assert!(text.starts_with("Pear Shop Ltd – Privacy Policy\nVersion 7, May 2025\nworking days."));
    let end: String = text.chars().take(place.end).collect();
    assert!(end.ends_with("working days."), "{end}");
    let place = pages.place(clause("We may change").span);
    assert_eq!((place.page, place.end_page), (3, 3));
    let found: String = text.chars().skip(place.start).take(place.end - place.start).collect();
    assert_eq!(found, "We may change this policy and will then tell you so by e-mail.");
}

#[test]
fn cells_know_their_row_and_column() {
    let document = document("table.pdf");
    let cells: Vec<_> = (document.blocks.iter())
        .filter(|block| block.kind == BlockKind::Cell)
        .map(|block| (block.text.as_str(), document.headers_of(block).join(" / ")))
        .collect();
    assert_eq!(cells.len(), 12, "{cells:#?}");
    assert_eq!(cells[1], ("Purpose", String::new()));
    let identifiers = "Identifiers, such as your name and your address";
    assert_eq!(cells[3], (identifiers, "Category".to_owned()));
    assert_eq!(cells[5], ("Carriers", format!("{identifiers} / Shared with")));
    let payment = "To take the payment, and to refund it when you send your order back to us";
    assert_eq!(cells[7], (payment, "Payment data / Purpose".to_owned()));
    let last = document.blocks.last().unwrap();
    assert_eq!(last.text.as_str(), "We do not use your personal information for anything else.");
}

#[test]
fn what_cannot_be_read_says_why() {
    assert_eq!(failure(&fixture("image-only.pdf")), ReadError::PdfWithoutText { pages: 1 });
    assert_eq!(failure(&fixture("encrypted.pdf")), ReadError::EncryptedPdf);
    assert_eq!(failure(b"%PDF-1.7\n1 0 obj").kind(), "pdf-broken");
    assert_eq!(failure(b"%PDF-").kind(), "pdf-broken");
    let pdf = ReadOptions { format: Format::Pdf, ..ReadOptions::default() };
    assert_eq!(read(b"We keep nothing.", None, &pdf).unwrap_err().kind(), "pdf-broken");
}

#[test]
fn an_empty_password_is_no_hindrance() {
    assert_eq!(shown(&document("encrypted-open.pdf")), shown(&document("one-column.pdf")));
}

/// A PDF of one page with this content stream and these further objects, from number 5 on.
pub(super) fn minimal(content: &[u8], dictionary: &str, objects: &[&str]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
        2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
        3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<<\
        /Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>>>endobj\n"
        .to_vec();
    out.extend(format!("4 0 obj<</Length {}{dictionary}>>stream\n", content.len()).bytes());
    out.extend(content);
    out.extend(b"\nendstream endobj\n");
    for (number, object) in (5..).zip(objects) {
        out.extend(format!("{number} 0 obj{object}endobj\n").bytes());
    }
    out.extend(b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF");
    out
}

pub(super) const FONT: &str = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>";

#[test]
fn a_file_without_a_table_of_its_objects_is_read() {
    let bytes = minimal(b"BT /F 12 Tf 50 700 Td (We keep \\(some\\) data.) Tj ET", "", &[FONT]);
    let options = ReadOptions { gate: Gate::Off, ..ReadOptions::default() };
    assert_eq!(shown(&read(&bytes, None, &options).unwrap()), ["P We keep (some) data."]);
}

#[test]
fn forms_that_call_each_other_end() {
    let content = b"q /X Do /X Do BT /F 12 Tf 50 700 Td (We keep some data.) Tj ET Q";
    let form = "<</Type/XObject/Subtype/Form/Resources<</XObject<</X 6 0 R>>>>/Length 119>>stream\n\
                /X Do /X Do /X Do /X Do /X Do /X Do /X Do /X Do /X Do /X Do \
                /X Do /X Do /X Do /X Do /X Do /X Do /X Do /X Do /X Do /X Do\nendstream ";
    let error = failure(&minimal(content, "", &[FONT, form]));
    assert_eq!(error.kind(), "unpacked-too-large");
}

#[test]
fn a_bomb_does_not_go_off() {
    // Three layers, each of which makes 128 bytes of two.
    let mut content = Vec::new();
    for _ in 0..1000 {
        content.extend([129, 129, 129, 0]);
    }
    let filters = "/Filter[/RunLengthDecode/RunLengthDecode/RunLengthDecode]";
    let kind = failure(&minimal(&content, filters, &[FONT])).kind();
    assert_eq!(kind, "unpacked-too-large");
}

/// The letters and digits of a text.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// What holds of every document: spans in order, inside the pages, and of the right text.
pub(super) fn check(document: &Document) {
    let pages = document.pages.as_ref().unwrap();
    let mut last = 0;
    for block in &document.blocks {
        let span = block.text.span(0..block.text.len());
        assert!(last <= span.start && span.start < span.end, "{span:?} after {last}");
        last = span.end;
    }
    for clause in clause::split(document) {
        let place = pages.place(clause.span);
        let (first, end) = (pages.text(place.page).unwrap(), pages.text(place.end_page).unwrap());
        assert!(place.end <= end.chars().count());
        if place.page == place.end_page {
            let found = first.chars().skip(place.start).take(place.end - place.start);
            assert_eq!(letters(&found.collect::<String>()), letters(&clause.text));
        }
    }
}

#[test]
fn spans_give_back_the_text() {
    for name in ["one-column.pdf", "two-columns.pdf", "running.pdf", "table.pdf"] {
        check(&document(name));
    }
}

/// A watch that never ends.
fn patient() -> Watch {
    Watch::start(Duration::MAX)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Content as a hostile or a careless program may write it.
    #[test]
    fn any_content_is_read(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "BT", "ET", "q", "Q", "/F 9 Tf", "/F 0 Tf", "1 0 0 1 50 700 Tm", "0 1 -1 0 9 9 Tm",
                "10 -12 Td", "0 -14 Td", "T*", "14 TL", "(Your rights) Tj", "(We keep data.) '",
                "[(a) -900 (•) 50 (b-)] TJ", "1 2 (x) \"", "40 600 m", "440 600 l", "S", "f", "h",
                "40 600 200 100 re", "140 600 200 100 re", "40 700 200 1 re", "1 2 3 4 5 6 c", "/Artifact BMC", "EMC", "/X Do",
                "1e9 0 0 -3 0 0 cm", "99999999999 0 Td", "(", "<", "[", "BI ID", "250 0 Td",
                "(1. Use) Tj", "3 Ts", "-50 Tz", "/F -8 Tf", "(\\255\\377) Tj",
            ]),
            0..120,
        )
    ) {
        let bytes = minimal(words.join(" ").as_bytes(), "", &[FONT]);
        let options = ReadOptions { gate: Gate::Off, ..ReadOptions::default() };
        if super::read_unguarded(&bytes, Boilerplate::Keep, &patient()).is_ok()
            && let Ok(document) = read(&bytes, None, &options)
        {
            check(&document);
        }
    }

    /// Fixtures with some of their bytes changed, left out or doubled.
    #[test]
    fn damaged_files_are_read_or_refused(
        name in prop::sample::select(vec!["one-column.pdf", "running.pdf", "encrypted-open.pdf"]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4u8, any::<u8>()), 1..30),
    ) {
        let mut bytes = fixture(name);
        for (at, change, byte) in changes {
            let at = at.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                2 => bytes.insert(at, byte),
                _ => { bytes.truncate(at.max(20)); }
            }
        }
        if super::read_unguarded(&bytes, Boilerplate::Drop, &patient()).is_ok() {
            // What stands before the mark would let it pass for text.
            let format = Format::Pdf;
            let options = ReadOptions { gate: Gate::Off, format, ..ReadOptions::default() };
            if let Ok(document) = read(&bytes, None, &options) {
                check(&document);
            }
        }
    }
}
