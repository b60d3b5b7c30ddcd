//! The counts known of the real corpora, from the folder `FINEPRINT_DATA` names, and of the labels in
//! `data/labels`.

use std::path::{Path, PathBuf};

use super::*;
use crate::taxonomy::Taxonomy;

fn data(part: &str) -> PathBuf {
    let root = std::env::var_os("FINEPRINT_DATA").expect("FINEPRINT_DATA names the data folder");
    PathBuf::from(root).join(part)
}

#[test]
#[ignore = "needs FINEPRINT_DATA"]
fn opp115_segments_match_what_is_known() {
    let Imported { examples, report } = import_opp115(&data("opp115"), Unit::Segment).unwrap();
    assert_eq!((report.policies, report.segments, report.practices), (115, 3792, 23194));
    assert_eq!(examples.len(), 3792);
    assert_eq!(report.annotators, [AnnotatorCount { annotators: 3, policies: 115 }]);
    let counts: Vec<_> = report.segment_labels.iter().map(|l| l.count).collect();
    assert_eq!(counts, [1209, 945, 358, 149, 78, 210, 119, 31, 301, 391, 203, 129]);
    assert_eq!(report.segments_without_majority, 63);
    assert_eq!((report.segments_without_label, report.segments_other_undecided), (318, 255));
    assert_eq!(report.policies_without_fold, 0);
    let expected = SpanCounts {
        total: 77906,
        errant: 754,
        exact: 75401,
        trimmed: 110,
        stripped: 1641,
        unplaced: 0,
    };
    assert_eq!(report.spans, expected);
}

#[test]
#[ignore = "needs FINEPRINT_DATA"]
fn opp115_clauses_hold_all_text_and_point_at_it() {
    let Imported { examples, report } = import_opp115(&data("opp115"), Unit::Clause).unwrap();
    let clauses = report.clauses.unwrap();
    assert_eq!((clauses.clauses, report.without_text), (examples.len(), 0));
    // About 3.4 clauses a segment, two in five without a label.
    assert!((11_000..15_000).contains(&clauses.clauses), "{}", clauses.clauses);
    let unlabelled = clauses.without_label as f64 / clauses.clauses as f64;
    assert!((0.3..0.45).contains(&unlabelled), "{unlabelled}");
    let far = import_opp115_with(&data("opp115"), Unit::Clause, ContextScope::Policy).unwrap();
    let bare = |e: &Example| Example { context: Vec::new(), ..e.clone() };
    assert!(examples.iter().map(bare).eq(far.examples.iter().map(bare)));
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let segments = import_opp115(&data("opp115"), Unit::Segment).unwrap().examples;
    let all = |examples: &[Example]| examples.iter().map(|e| letters(&e.text)).sum::<usize>();
    assert_eq!(all(&examples), all(&segments));
}

#[test]
#[ignore = "needs FINEPRINT_DATA"]
fn the_published_split_matches_what_is_known() {
    let polisis = import_polisis(&data("polisis-benchmark/Majority")).unwrap();
    let sizes = [polisis.train.len(), polisis.validation.len(), polisis.test.len()];
    assert_eq!(sizes, [2185, 550, 697]);
    assert_eq!(polisis.report.leaked.len(), 17);
    let rows: Vec<_> = polisis.report.parts.iter().map(|p| p.rows).collect();
    assert_eq!(rows, [2639, 648, 833]);
    let union = import_polisis(&data("polisis-benchmark/Union")).unwrap();
    let sizes = [union.train.len(), union.validation.len(), union.test.len()];
    assert_eq!(sizes, [2385, 603, 749]);
}

#[test]
#[ignore = "needs FINEPRINT_DATA"]
fn gold_clauses_stand_where_they_say() {
    let taxonomy = Taxonomy::opp115();
    let seeds = data("seeds");
    for (gold, document, count) in [
        ("gold_002.json", "002_1e70487e7318b5aa.txt", 166),
        ("gold_004.json", "004_35c68ea9179091ba.txt", 134),
    ] {
        let examples = import_spans(&seeds.join(gold), &seeds.join(document), &taxonomy).unwrap();
        assert_eq!(examples.len(), count);
        let bytes = std::fs::read(seeds.join(document)).unwrap();
        for example in examples {
            let place = example.start.unwrap()..example.end.unwrap();
            let found = std::str::from_utf8(&bytes[place]).unwrap();
            assert_eq!(found.split_whitespace().collect::<Vec<_>>().join(" "), example.text);
        }
    }
}

#[test]
#[ignore = "needs FINEPRINT_DATA"]
fn modern_clauses_are_converted() {
    let taxonomy = Taxonomy::opp115();
    let set = data("modern/clauses.jsonl");
    let converted = import_clauses(&set, &data("unlabelled"), &taxonomy).unwrap();
    assert_eq!(converted.examples.len(), 15_743);
    assert_eq!(converted.without_text, [11_479]);
}

#[test]
#[ignore = "needs FINEPRINT_DATA"]
fn labels_by_place_stand_where_clauses_of_opp115_do() {
    let labels = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/labels/opp115-clauses.jsonl");
    let clauses = import_opp115(&data("opp115"), Unit::Clause).unwrap().examples;
    let (mut found, mut lost) = (0, 0);
    for labelled in read_places(&labels, &Taxonomy::opp115()).unwrap() {
        let folder = data("opp115/sanitized_policies");
        let (examples, without) = labelled.relabel(&labels, &folder, &clauses).unwrap();
        found += examples.len();
        lost += without;
    }
    assert_eq!(found + lost, 13_140);
    assert!(lost * 50 <= found, "{lost} places are no clause any more");
}

#[test]
#[ignore = "needs FINEPRINT_DATA"]
fn labels_by_place_stand_where_clauses_do() {
    for (name, places) in [
        ("clauses", 25_300),
        ("clauses-b", 25_540),
        ("segments-a", 6400),
        ("segments-b", 6239),
        ("segments-published", 5583),
    ] {
        assert_labels_stand(name, places, &data("unlabelled"));
    }
}

#[test]
fn labels_of_written_policies_stand_where_clauses_do() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/written");
    assert_labels_stand("written", 26_980, &folder);
    assert_labels_stand("written-b", 13_767, &folder);
    assert_labels_stand("written-c", 13_416, &folder);
}

/// Whoever cuts clauses otherwise than now loses labels: few, or they are to be moved.
fn assert_labels_stand(name: &str, places: usize, documents: &Path) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/labels");
    let path = folder.join(name).with_extension("jsonl");
    let (mut found, mut lost) = (0, 0);
    for labelled in read_places(&path, &Taxonomy::opp115()).unwrap() {
        let (examples, without) = labelled.find(&path, documents).unwrap();
        found += examples.len();
        lost += without;
    }
    assert_eq!(found + lost, places, "{name}");
    assert!(lost * 50 <= places, "{name}: {lost} of {places} places are no clause any more");
}
