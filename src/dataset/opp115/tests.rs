//! A corpus of one made-up policy, laid out as the real one.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;

const COLLECT: &str = "First Party Collection/Use";
const RETENTION: &str = "Data Retention";

/// One segment of two clauses, one of a single clause, one nobody agrees on.
const HTML: &str = "We log <strong>your</strong> visits. We drop them in May. <br> <br>|||\
                    Mail the owner. <br>|||Nothing here matters.";

/// One row: annotator, segment, category, and its attributes as (name, value, place).
type Attribute<'a> = (&'a str, &'a str, Option<(usize, usize, &'a str)>);

struct Corpus {
    dir: TempDir,
    rows: String,
    next_id: usize,
}

impl Corpus {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["annotations", "sanitized_policies", "documentation/errant_span_indexes"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        fs::write(dir.path().join("sanitized_policies/7_shop.org.html"), HTML).unwrap();
        fs::write(dir.path().join("folds.tsv"), "policy\tfold\n7_shop.org\t3\n").unwrap();
        Self { dir, rows: String::new(), next_id: 100 }
    }

    /// Adds a practice; its annotation id counts up from 100.
    fn practice(mut self, who: &str, segment: usize, what: &str, attributes: &[Attribute]) -> Self {
        let attributes = attributes.iter().map(|(name, value, place)| {
            let (start, end, text) = match place {
                Some((start, end, text)) => (*start as i64, *end as i64, *text),
                None => (-1, -1, "null"),
            };
            let attribute = serde_json::json!({"value": value, "selectedText": text,
                "startIndexInSegment": start, "endIndexInSegment": end});
            ((*name).to_owned(), attribute)
        });
        let attributes = serde_json::Value::Object(attributes.collect());
        let quoted = attributes.to_string().replace('"', "\"\"");
        let id = self.next_id;
        writeln!(self.rows, "{id},batch,{who},9,{segment},{what},\"{quoted}\",1/2/15,u\r").unwrap();
        self.next_id += 1;
        self
    }

    fn errant(self, list: &str) -> Self {
        let folder = self.dir.path().join("documentation/errant_span_indexes");
        fs::write(folder.join("list.csv"), list).unwrap();
        self
    }

    fn import(&self, unit: Unit) -> Result<Imported, String> {
        fs::write(self.dir.path().join("annotations/7_shop.org.csv"), &self.rows).unwrap();
        import_opp115(self.dir.path(), unit).map_err(|e| e.to_string())
    }
}

/// Three annotators: two see retention in the second clause, one of them twice; all see
/// collection in the first, one of them by a highlight that reaches the second.
fn corpus() -> Corpus {
    let first = (0, 36, "We log your visits.");
    let second = (37, 57, "We drop them in May.");
    let kind = |kind| [("Other Type", kind, None)];
    Corpus::new()
        .practice("a", 0, COLLECT, &[("Purpose", "x", Some(first)), ("User", "y", None)])
        .practice("b", 0, COLLECT, &[("Purpose", "x", Some(first))])
        .practice(
            "c",
            0,
            COLLECT,
            &[("Purpose", "x", Some((0, 44, "We log your visits. We drop")))],
        )
        .practice("a", 0, RETENTION, &[("Period", "x", Some(second))])
        .practice("a", 0, RETENTION, &[("Period", "z", Some(second))])
        .practice("b", 0, RETENTION, &[("Period", "x", Some((36, 57, "We drop them in May.")))])
        .practice("a", 1, "Other", &kind("Privacy contact information"))
        .practice("b", 1, "Other", &kind("Privacy contact information"))
        .practice("c", 1, "Other", &kind("Other"))
        .practice("a", 2, "Other", &kind("Introductory/Generic"))
        .practice("b", 2, "Other", &kind("Practice not covered"))
        .practice("c", 2, "Data Security", &[])
}

#[test]
fn segments_get_the_votes_of_distinct_annotators() {
    let Imported { examples, report } = corpus().import(Unit::Segment).unwrap();
    assert_eq!(examples.len(), 3);
    let first = &examples[0];
    assert_eq!((first.id.as_str(), first.group.as_str()), ("7_shop.org/0", "7_shop.org"));
    assert_eq!(first.text, "We log your visits. We drop them in May.");
    assert_eq!(first.labels, [COLLECT, RETENTION]);
    assert_eq!(first.votes, BTreeMap::from([(COLLECT.into(), 3), (RETENTION.into(), 2)]));
    assert_eq!((first.annotators, first.fold), (Some(3), Some(3)));
    assert_eq!(&HTML[examples[1].start.unwrap()..examples[1].end.unwrap()], "Mail the owner. <br>");
    assert_eq!(examples[1].labels, ["Privacy contact information"]);
    assert_eq!(examples[1].votes.len(), 1, "Other of no kind gives no vote");
    assert!(examples[2].labels.is_empty());
    assert_eq!(examples[2].votes.len(), 3);
    assert_eq!((report.policies, report.segments, report.practices), (1, 3, 12));
    assert_eq!(report.practices_dropped, 1);
    assert_eq!(report.annotators, [AnnotatorCount { annotators: 3, policies: 1 }]);
    assert_eq!((report.segments_without_label, report.segments_other_undecided), (1, 1));
    assert_eq!(report.segments_without_majority, 0);
    let collect = LabelCount { label: COLLECT.into(), count: 1 };
    assert_eq!(report.segment_labels[0], collect);
    let spans = SpanCounts { total: 6, exact: 2, trimmed: 1, stripped: 3, ..Default::default() };
    assert_eq!(report.spans, spans);
    assert!(report.clauses.is_none());
}

#[test]
fn clauses_get_the_votes_of_highlights_that_touch_them() {
    let Imported { examples, report } = corpus().import(Unit::Clause).unwrap();
    let ids: Vec<_> = examples.iter().map(|e| e.id.as_str()).collect();
    let expected = ["7_shop.org/0/0", "7_shop.org/0/1", "7_shop.org/1/0", "7_shop.org/2/0"];
    assert_eq!(ids, expected);
    assert_eq!(examples[0].labels, [COLLECT]);
    assert_eq!(examples[0].votes, BTreeMap::from([(COLLECT.into(), 3)]));
    assert_eq!(examples[1].labels, [RETENTION]);
    assert_eq!(examples[1].votes, BTreeMap::from([(COLLECT.into(), 1), (RETENTION.into(), 2)]));
    let place = examples[0].start.unwrap()..examples[0].end.unwrap();
    assert_eq!(&HTML[place], "We log <strong>your</strong> visits.");
    assert_eq!(examples[2].labels, ["Privacy contact information"], "the segment's labels");
    let clauses = report.clauses.unwrap();
    assert_eq!((clauses.clauses, clauses.without_label, clauses.without_vote), (4, 1, 0));
}

#[test]
fn errant_highlights_count_for_segments_only() {
    let corpus = corpus().errant("103,1_Period\r\n104,0_Period\r\n105,0_Other\r\n");
    let Imported { examples, report } = corpus.import(Unit::Clause).unwrap();
    assert_eq!(report.spans.errant, 2);
    assert!(examples[1].labels.is_empty());
    assert_eq!(examples[1].votes[RETENTION], 1);
    let segments = corpus.import(Unit::Segment).unwrap().examples;
    assert_eq!(segments[0].votes[RETENTION], 2);
}

#[test]
fn a_highlight_that_is_not_there_is_counted_not_used() {
    let corpus = corpus().practice("c", 0, RETENTION, &[("P", "x", Some((37, 44, "We lose")))]);
    let Imported { examples, report } = corpus.import(Unit::Clause).unwrap();
    assert_eq!(report.spans.unplaced, 1);
    assert_eq!(examples[1].votes[RETENTION], 2);
}

#[test]
fn the_report_says_what_was_met() {
    let report = corpus().import(Unit::Clause).unwrap().report;
    let shown = report.to_string();
    assert!(shown.contains("1 policies, 3 segments, 12 practices"), "{shown}");
    assert!(shown.contains("4 clauses: 1 without a label"), "{shown}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["spans"]["total"], 6);
    assert_eq!(json["clauses"]["labels"][0]["count"], 1);
}

#[test]
fn faults_of_the_corpus_are_named() {
    let fails = |corpus: Corpus| corpus.import(Unit::Segment).unwrap_err();
    let error = fails(corpus().practice("a", 3, COLLECT, &[]));
    assert!(error.contains("7_shop.org.csv:13: segment 3 of 3"), "{error}");
    let error = fails(corpus().practice("a", 0, "Fees", &[]));
    assert!(error.contains(".csv:13: unknown category \"Fees\""), "{error}");
    let error = fails(corpus().practice("a", 0, "Other", &[]));
    assert!(error.contains(".csv:13: a practice \"Other\" without"), "{error}");
    let error = fails(corpus().practice("a", 0, "Other", &[("Other Type", "Fees", None)]));
    assert!(error.contains("unknown \"Other Type\" \"Fees\""), "{error}");
    let mut short = corpus();
    short.rows.push_str("1,2,3\r\n");
    assert!(fails(short).contains(".csv:13: expected 9 columns, found 3"));
    let mut broken = corpus();
    broken.rows.push_str("1,b,a,9,0,Other,\"{\"\"x\",d,u\r\n");
    assert!(fails(broken).contains(".csv:13: attributes are not as expected"));
    assert!(fails(corpus().errant("12\r\n")).contains("list.csv:1: expected an annotation id"));
}

#[test]
fn missing_and_unreadable_files_are_named() {
    let gone = import_opp115(Path::new("no/such"), Unit::Segment).unwrap_err().to_string();
    assert!(gone.contains("annotations"), "{gone}");
    let empty = Corpus::new();
    let error = import_opp115(empty.dir.path(), Unit::Segment).unwrap_err().to_string();
    assert!(error.contains("holds no annotation file"), "{error}");
    let page = empty.dir.path().join("sanitized_policies/7_shop.org.html");
    fs::write(&page, b"caf\xe9").unwrap();
    assert!(empty.import(Unit::Segment).unwrap_err().contains("html: not valid UTF-8"));
    fs::remove_file(&page).unwrap();
    assert!(empty.import(Unit::Segment).unwrap_err().contains("7_shop.org.html"));
    let folds = corpus();
    fs::write(folds.dir.path().join("folds.tsv"), "policy\tfold\n7_shop.org three\n").unwrap();
    assert!(folds.import(Unit::Segment).unwrap_err().contains("folds.tsv:2: expected a policy"));
}

#[test]
fn policies_without_a_fold_or_text_are_counted() {
    let corpus = corpus();
    fs::remove_file(corpus.dir.path().join("folds.tsv")).unwrap();
    let page = corpus.dir.path().join("sanitized_policies/7_shop.org.html");
    fs::write(page, format!("{HTML}||| <br> ")).unwrap();
    for unit in [Unit::Segment, Unit::Clause] {
        let Imported { examples, report } = corpus.import(unit).unwrap();
        assert_eq!(examples[0].fold, None);
        assert_eq!((report.policies_without_fold, report.without_text), (1, 1));
        assert_eq!(report.segments, 4);
    }
}

#[test]
fn context_may_reach_beyond_the_segment() {
    let corpus = corpus();
    let html = "Your rights <br> <br> You may ask us to:|||<ul> <li> show your data; </li> </ul>|||\
                We answer soon.";
    let page = corpus.dir.path().join("sanitized_policies/7_shop.org.html");
    fs::write(page, html).unwrap();
    let import = |scope| {
        fs::write(corpus.dir.path().join("annotations/7_shop.org.csv"), &corpus.rows).unwrap();
        import_opp115_with(corpus.dir.path(), Unit::Clause, scope).unwrap().examples
    };
    let (near, far) = (import(ContextScope::Segment), import(ContextScope::Policy));
    let item = |set: &[Example]| set.iter().find(|e| e.id == "7_shop.org/1/0").unwrap().clone();
    assert!(item(&near).context.is_empty());
    assert_eq!(item(&far).context, ["Your rights", "You may ask us to:"]);
    let bare = |set: Vec<Example>| -> Vec<_> {
        set.into_iter().map(|e| Example { context: Vec::new(), ..e }).collect()
    };
    assert_eq!(bare(near), bare(far));
}
