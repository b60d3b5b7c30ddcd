use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::document::outline::settle;

fn read(html: &str, boilerplate: Boilerplate) -> Vec<Draft> {
    super::read(html, boilerplate, &Watch::start(Duration::MAX)).drafts
}

fn blocks_of(html: &str, boilerplate: Boilerplate) -> Vec<(BlockKind, String)> {
    settle(read(html, boilerplate))
        .into_iter()
        .map(|block| {
            let text = block.text.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
            (block.kind, text)
        })
        .collect()
}

fn blocks(html: &str) -> Vec<(BlockKind, String)> {
    blocks_of(html, Boilerplate::Drop)
}

fn texts(html: &str) -> Vec<String> {
    blocks(html).into_iter().map(|(_, text)| text).collect()
}

const PARAGRAPH: BlockKind = BlockKind::Paragraph;
const LONG: &str = "We collect the name and the address of everybody who writes to us, and we keep \
                    both of them for as long as the matter takes.";

#[test]
fn paragraphs_without_end_tags() {
    assert_eq!(
        texts("<p>One <b>bold</b> text<p>Two<div>Three</div>Four"),
        ["One bold text", "Two", "Three", "Four"]
    );
}

#[test]
fn two_breaks_end_a_paragraph() {
    assert_eq!(texts("One<br>goes on<br/> <br>Two"), ["One goes on", "Two"]);
}

#[test]
fn lines_of_links_are_apart() {
    assert_eq!(
        texts("<p><a>Your data</a><br><a>Our use of it</a><br>by us"),
        ["Your data", "Our use of it by us"]
    );
}

#[test]
fn headings_by_markup_and_by_bold() {
    let found = blocks("<h1>Policy</h1><p><strong>Your data</strong></p><p>Text <b>here</b>.</p>");
    let kinds: Vec<_> = found.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(
        kinds,
        [BlockKind::Heading { level: 1 }, BlockKind::Heading { level: 2 }, PARAGRAPH]
    );
}

#[test]
fn lists_in_lists() {
    let found = blocks("<ul><li>We collect<ul><li>names<li>mail</ul>and so on<li>Logs</ul>");
    let item = |depth, text: &str| (BlockKind::Item { depth }, text.to_string());
    assert_eq!(
        found,
        [
            item(1, "We collect"),
            item(2, "names"),
            item(2, "mail"),
            item(1, "and so on"),
            item(1, "Logs")
        ]
    );
}

#[test]
fn a_bold_line_that_opens_an_item_is_a_heading() {
    let found = blocks("<ol><li><b>Cookies</b><p>We set some.</p></li></ol>");
    assert!(matches!(found[0].0, BlockKind::Heading { .. }), "{found:?}");
    assert!(matches!(found[1].0, BlockKind::Item { .. }), "{found:?}");
}

#[test]
fn data_tables_have_cells_and_layout_tables_do_not() {
    let data = "<table><tr><th>Data<th>Kept<tr><td>Name<td>One year</table>";
    assert!(blocks(data).iter().all(|(kind, _)| *kind == BlockKind::Cell));
    let layout =
        format!("<table><tr><td>Menu</td><td><p>{LONG}</p><ul><li>x</ul></td></tr></table>");
    assert!(blocks(&layout).iter().all(|(kind, _)| *kind != BlockKind::Cell));
}

#[test]
fn hidden_text_is_dropped_and_divides() {
    let html = format!(
        "<p>{LONG}<script>var x</script> And more.</p><p hidden>no</p><p \
                        style='Display: none'>no</p><svg><title>no</title></svg>"
    );
    assert_eq!(texts(&html), [LONG, "And more."]);
}

#[test]
fn icons_do_not_divide() {
    let html =
        "<p>See <a>this page <i aria-hidden=true></i></a><script src=x></script> for more.</p>";
    assert_eq!(texts(html), ["See this page for more."]);
    let html = format!("<p>{LONG} See <i hidden>now</i> here.</p>");
    assert_eq!(texts(&html)[1..], ["here."]);
}

#[test]
fn bold_by_style_is_bold() {
    let found = blocks("<h1>Policy</h1><p><span style='font-weight: bold'>Your data</span></p>");
    assert_eq!(found[1].0, BlockKind::Heading { level: 2 });
}

#[test]
fn menus_are_dropped_unless_they_hold_the_text() {
    let page = format!("<nav><a>Home</a></nav><div class='site-footer'>Us</div><p>{LONG}</p>");
    assert_eq!(texts(&page), [LONG]);
    assert_eq!(blocks_of(&page, Boilerplate::Keep).len(), 3);
    assert_eq!(texts(&format!("<nav><a>Home</a><p>{LONG}</p>")), ["Home", LONG]);
    assert_eq!(texts(&format!("<body class=menu><p>{LONG}</p>")), [LONG]);
}

#[test]
fn a_footer_inside_an_article_is_text() {
    let page = format!("<article><p>{LONG}</p><footer>Last changed in May.</footer></article>");
    assert_eq!(texts(&page).len(), 2);
}

#[test]
fn references_are_resolved_in_place() {
    let html = "<p>A&nbsp;&amp;&nbsp;B&shy;C &#8220;d&#8221;</p>";
    let drafts = read(html, Boilerplate::Drop);
    let text = &drafts[0].text;
    assert_eq!(text.as_str(), "A\u{a0}&\u{a0}BC “d”");
    let at = text.as_str().find('&').unwrap();
    let span = text.span(at..at + 1);
    assert_eq!(&html[span.start..span.end], "&amp;");
}

#[test]
fn preformatted_text_is_read_as_plain_text() {
    assert_eq!(texts("<pre>Our Policy\n\n- one\n- two</pre>").len(), 3);
}

#[test]
fn pages_nested_without_end_are_read() {
    for tag in ["div", "b", "ul", "table", "td", "li", "nav", "p hidden", "x"] {
        let html = format!("{}{LONG}", format!("<{tag}>").repeat(100_000));
        assert_eq!(texts(&html).last().map(String::as_str), Some(LONG), "{tag}");
    }
    let mixed = format!("{}{LONG}", "<b><i><font></p></div></b>".repeat(50_000));
    assert_eq!(texts(&mixed).len(), 1);
}

#[test]
fn limits_have_errors() {
    let watch = Watch::start(Duration::MAX);
    let page = |html: String| {
        read_page(&html, Boilerplate::Drop, &watch).map(|_| ()).map_err(|error| error.kind())
    };
    assert!(page("<b>".repeat(1 << 17)).is_ok());
    assert_eq!(page("<b>".repeat(1 << 21)).err(), Some("too-deep"));
    assert!(page(format!("<p{}>", " a=1".repeat(1000))).is_ok());
    assert_eq!(page(format!("<p{}>", " a=1".repeat(1 << 17))).err(), Some("too-many-attributes"));
}

/// Pieces of pages on which there is a policy to be told from what surrounds it.
const PIECES: [&str; 24] = [
    "<h1>Privacy Policy</h1>",
    "<h2>Terms of Use</h2>",
    "<p>We collect personal information about everybody who uses this site, and we share the data \
     with third parties only after they have given us their consent to that.</p>",
    "<p>You grant us a perpetual license to reproduce the materials; we disclaim all warranties, \
     liability and damages under the terms and conditions of this agreement.</p>",
    "<p>The mayor opened the new bridge on Sunday, and hundreds of people came to walk over it.</p>",
    "<div>",
    "</div>",
    "<div class=footer>",
    "<div hidden>",
    "<div class=panel hidden>",
    "<nav>",
    "</nav>",
    "<ul>",
    "<li><a href=/x>Pears</a>",
    "</ul>",
    "<p><a href=#x>Back to top</a></p>",
    "<table><tr><th>Data<th>Use<tr><td>Names<td>Mail",
    "<td rowspan=2 colspan=3>Logs",
    "</table>",
    "<dl><dt>Log",
    "<dd>A line.",
    "<p>\u{a9} 2020 Pear</p>",
    "<title>Pear",
    "<button aria-expanded=true>Logs</button>",
];

proptest! {
    #[test]
    fn dropping_takes_blocks_away_and_changes_none(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)
    ) {
        let html = pieces.concat();
        let spans = |boilerplate| -> Vec<(Span, String)> {
            let drafts = read(&html, boilerplate);
            let whole = |text: &crate::document::MappedText| text.span(0..text.len());
            drafts.iter().map(|d| (whole(&d.text), d.text.as_str().to_owned())).collect()
        };
        let (kept, all) = (spans(Boilerplate::Drop), spans(Boilerplate::Keep));
        let mut rest = all.iter();
        for block in &kept {
            prop_assert!(rest.any(|other| other == block), "{block:?} of {html}");
        }
    }
}
