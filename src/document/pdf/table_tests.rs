//! Tables of PDFs that the tests write themselves.

use super::super::{BlockKind, Gate, ReadOptions, read};
use super::tests::{FONT, minimal};

/// Lines of ten points, twelve apart, from this place downwards.
fn text(x: f64, y: f64, lines: &[&str]) -> String {
    let shown: Vec<String> = lines.iter().map(|line| format!("({line}) Tj T*")).collect();
    format!("BT /F 10 Tf 12 TL {x} {y} Td {} ET\n", shown.join(" "))
}

/// The same around the middle of a cell.
fn centred(x: f64, middle: f64, lines: &[&str]) -> String {
    text(x, middle + 6.0 * (lines.len() as f64 - 1.0) - 3.0, lines)
}

/// Lines along these heights and these left edges.
fn ruled(heights: &[f64], lefts: &[f64]) -> String {
    let (bottom, top) = (heights[heights.len() - 1], heights[0]);
    let (left, right) = (lefts[0], lefts[lefts.len() - 1]);
    // Those across as thin areas, those down as lines: files have both.
    let across = heights.iter().map(|y| format!("{left} {y} {} 0.5 re f\n", right - left));
    let down = lefts.iter().map(|x| format!("{x} {bottom} m {x} {top} l S\n"));
    across.chain(down).collect()
}

fn shown(content: &str) -> Vec<String> {
    blocks(&minimal(content.as_bytes(), "", &[FONT]))
}

/// The blocks of a file: of a cell its text and what heads it.
fn blocks(bytes: &[u8]) -> Vec<String> {
    let options = ReadOptions { gate: Gate::Off, ..ReadOptions::default() };
    let document = read(bytes, None, &options).unwrap();
    super::tests::check(&document);
    let block = |block: &super::super::Block| match block.kind {
        BlockKind::Cell => {
            format!("{} <{}>", block.text.as_str(), document.headers_of(block).join(" / "))
        }
        _ => block.text.as_str().to_owned(),
    };
    document.blocks.iter().map(block).collect()
}

/// What tables of three rows and columns, however they are aligned, are read as.
const READ: [&str; 9] = [
    "Category of data <>",
    "Purpose <>",
    "Sold <>",
    "Names and addresses <Category of data>",
    "To bring you what you ordered from us, and to answer you <Names and addresses / Purpose>",
    "No <Names and addresses / Sold>",
    "Logs <Category of data>",
    "To find errors <Logs / Purpose>",
    "No, but shown to those who mend our servers <Logs / Sold>",
];

/// The cells of this table around the middles of its rows.
fn centred_cells() -> String {
    [
        centred(54.0, 680.0, &["Category", "of data"]),
        centred(154.0, 680.0, &["Purpose"]),
        centred(304.0, 680.0, &["Sold"]),
        centred(54.0, 630.0, &["Names and", "addresses"]),
        centred(154.0, 630.0, &["To bring you what", "you ordered from us,", "and to answer you"]),
        centred(304.0, 630.0, &["No"]),
        centred(54.0, 570.0, &["Logs"]),
        centred(154.0, 570.0, &["To find errors"]),
        centred(304.0, 570.0, &["No, but shown", "to those who", "mend our", "servers"]),
    ]
    .concat()
}

#[test]
fn centred_cells_between_lines() {
    let lines = ruled(&[700.0, 660.0, 600.0, 540.0], &[50.0, 150.0, 300.0, 400.0]);
    let before = text(50.0, 720.0, &["We collect the following kinds of data:"]);
    let after = text(50.0, 500.0, &["We keep nothing else than what stands in this table."]);
    let found = shown(&[before, lines, centred_cells(), after].concat());
    assert_eq!(found[0], "We collect the following kinds of data:");
    assert_eq!(found[1..10], READ);
    assert_eq!(found[10], "We keep nothing else than what stands in this table.");
}

#[test]
fn centred_cells_without_lines() {
    let before = text(50.0, 740.0, &["We collect the following kinds of data:"]);
    let found = shown(&(before + &centred_cells()));
    assert_eq!(found[1..], READ);
}

#[test]
fn cells_at_the_bottom_of_their_rows() {
    let content = [
        text(50.0, 700.0, &["Kind"]),
        text(200.0, 700.0, &["Kept for"]),
        text(200.0, 676.0, &["a year after", "your last", "order"]),
        text(50.0, 652.0, &["Names"]),
        text(50.0, 628.0, &["Server", "logs"]),
        text(200.0, 616.0, &["a day"]),
    ];
    let expected = [
        "Kind <>",
        "Kept for <>",
        "Names <Kind>",
        "a year after your last order <Names / Kept for>",
        "Server logs <Kind>",
        "a day <Server logs / Kept for>",
    ];
    assert_eq!(shown(&content.concat()), expected);
}

#[test]
fn a_cell_of_two_rows_and_one_of_all_columns() {
    let content = [
        "50 560 250 140 re S 50 675 m 300 675 l S 50 650 m 300 650 l S 150 605 m 300 605 l S "
            .to_owned(),
        "150 560 m 150 675 l S 230 560 m 230 675 l S\n".to_owned(),
        text(54.0, 684.0, &["What we share"]),
        text(54.0, 659.0, &["Data"]),
        text(154.0, 659.0, &["With"]),
        text(234.0, 659.0, &["Why"]),
        centred(54.0, 605.0, &["Your name", "and your", "address"]),
        centred(154.0, 627.0, &["Carriers"]),
        centred(234.0, 627.0, &["To deliver"]),
        centred(154.0, 582.0, &["Banks"]),
        centred(234.0, 582.0, &["To be paid"]),
    ];
    let row = "Your name and your address";
    let expected = [
        "What we share <>".to_owned(),
        "Data <>".to_owned(),
        "With <>".to_owned(),
        "Why <>".to_owned(),
        format!("{row} <Data>"),
        format!("Carriers <{row} / With>"),
        format!("To deliver <{row} / Why>"),
        format!("Banks <{row} / With>"),
        format!("To be paid <{row} / Why>"),
    ];
    assert_eq!(shown(&content.concat()), expected);
}

#[test]
fn a_line_divides_what_stands_close() {
    let content = [
        ruled(&[700.0, 680.0, 660.0], &[50.0, 100.0, 160.0]),
        text(53.0, 686.0, &["Categories"]),
        text(103.0, 686.0, &["Examples"]),
        text(53.0, 666.0, &["Identifiers"]),
        text(103.0, 666.0, &["Your name"]),
    ];
    let expected = [
        "Categories <>",
        "Examples <>",
        "Identifiers <Categories>",
        "Your name <Identifiers / Examples>",
    ];
    assert_eq!(shown(&content.concat()), expected);
}

#[test]
fn frames_and_underlines_are_no_tables() {
    let content = [
        "40 40 520 700 re S 50 695 m 500 695 l S 50 645 m 500 645 l S 50 595 m 500 595 l S\n"
            .to_owned(),
        text(50.0, 700.0, &["What we keep"]),
        text(50.0, 670.0, &["We keep your name until you close your account with us."]),
        text(50.0, 650.0, &["What we share"]),
        text(50.0, 620.0, &["We share nothing that you have told us with any third party."]),
        text(50.0, 600.0, &["Your rights"]),
        text(50.0, 570.0, &["You may ask us at any time for a copy of what we keep."]),
    ];
    let found = shown(&content.concat());
    assert!(found.iter().all(|block| !block.ends_with('>')), "{found:#?}");
}

#[test]
fn a_table_goes_on_on_the_next_page() {
    let first = [
        ruled(&[120.0, 100.0, 80.0, 60.0], &[50.0, 150.0, 300.0]),
        text(54.0, 106.0, &["Data"]),
        text(154.0, 106.0, &["Kept for"]),
        text(54.0, 86.0, &["Names"]),
        text(154.0, 86.0, &["A year"]),
        text(54.0, 66.0, &["Orders"]),
        text(154.0, 66.0, &["Ten years"]),
    ];
    let second = [
        ruled(&[720.0, 700.0, 680.0], &[50.0, 150.0, 300.0]),
        text(54.0, 706.0, &["Logs"]),
        text(154.0, 706.0, &["A day"]),
        text(54.0, 686.0, &["Mail"]),
        text(154.0, 686.0, &["A month"]),
    ];
    let second = second.concat();
    let stream = format!("<</Length {}>>stream\n{second}\nendstream ", second.len());
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 8 0 R/Resources<<\
        /Font<</F 5 0 R>>>>>>";
    let objects = [FONT, "<<>>", page, &stream];
    let file = String::from_utf8(minimal(first.concat().as_bytes(), "", &objects)).unwrap();
    let file = file.replace("/Kids[3 0 R]/Count 1", "/Kids[3 0 R 7 0 R]/Count 2");
    let found = blocks(file.as_bytes());
    let expected =
        ["Logs <Data>", "A day <Logs / Kept for>", "Mail <Data>", "A month <Mail / Kept for>"];
    assert_eq!(found[6..], expected, "{found:#?}");
}
