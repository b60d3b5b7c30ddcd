use super::*;
use crate::eval::curve;
use crate::eval::report::tests::{full, rows, sample};
use crate::taxonomy::Taxonomy;

fn curves() -> LabelMap<Vec<Point>> {
    let rows = rows(12);
    LabelMap::new(&Taxonomy::opp115(), (0..12).map(|class| curve(&rows, class)))
}

/// Tags that are opened and not closed, in order; void elements have no end.
fn unclosed(page: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    for part in page.split('<').skip(1) {
        let tag = part.split('>').next().unwrap();
        let name: String =
            tag.trim_start_matches('/').chars().take_while(|c| c.is_alphanumeric()).collect();
        if ["meta", "br"].contains(&name.as_str()) || tag.ends_with('/') || tag.starts_with('!') {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name.as_str()), "</{tag}>");
        } else {
            open.push(name);
        }
    }
    open
}

#[test]
fn the_page_is_whole_and_needs_nothing_else() {
    let (report, curves) = (full(), curves());
    let page = html(&[Sheet { report: &report, curves: &curves }]);
    let without_script = page.split("<script>").next().unwrap().to_owned() + "</body></html>";
    assert_eq!(unclosed(&without_script), Vec::<String>::new());
    for outside in ["http:", "https:", "src=", "@import", "url(", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for part in ["<svg", "Certified precision of 0.9", "Against old", "Worst clauses", "Confusion"]
    {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn text_of_a_policy_is_no_markup() {
    let (mut report, curves) = (full(), curves());
    report.dataset = "</title><script>alert(1)</script>".into();
    let page = html(&[Sheet { report: &report, curves: &curves }]);
    assert!(!page.contains("<script>alert"));
    assert!(page.contains("Contact &lt;us&gt;") && page.contains("Call us &amp; wait."));
    assert!(!page.contains('\u{1b}'), "no control characters");
}

#[test]
fn several_reports_begin_with_a_table_of_all() {
    let (first, second, curves) = (sample(2), sample(3), curves());
    let page = html(&[
        Sheet { report: &first, curves: &curves },
        Sheet { report: &second, curves: &curves },
    ]);
    assert!(page.contains("<h2 id=\"all\">All data sets</h2>"));
    assert_eq!(page.matches("<main").count(), 2);
    let ids: Vec<&str> =
        page.split(" id=\"").skip(1).map(|part| part.split('"').next().unwrap()).collect();
    let distinct: std::collections::HashSet<&&str> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
}

#[test]
fn nothing_to_draw_is_no_drawing() {
    let report = sample(1);
    let page = html(&[Sheet { report: &report, curves: &LabelMap::default() }]);
    for broken in ["NaN", "\"inf", "=\"-inf"] {
        assert!(!page.contains(broken), "{page}");
    }
}
