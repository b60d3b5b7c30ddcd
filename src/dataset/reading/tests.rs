use proptest::prelude::*;

use super::*;
use crate::dataset::write_examples;

fn read(bytes: &[u8]) -> Result<Vec<Example>, DatasetError> {
    read_examples_from(bytes, "set.jsonl", &Taxonomy::opp115())
}

fn message(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

const GOOD: &str = r#"{"id":"a/0","group":"a","text":"We keep it.","labels":["RET"]}"#;

#[test]
fn aliases_become_canonical_names() {
    let line = r#"{"id":"a/0","group":"a","text":"x","labels":["security","Retention","SEC"],
        "votes":{"SEC":2,"Data Security":1},"annotators":3,"kind":"item","extra":[1]}"#;
    let examples = read(line.replace('\n', " ").as_bytes()).unwrap();
    assert_eq!(examples[0].labels, ["Data Retention", "Data Security"]);
    assert_eq!(examples[0].votes, BTreeMap::from([("Data Security".to_owned(), 2)]));
    assert_eq!(examples[0].kind, Some(ClauseKind::Item));
}

#[test]
fn marks_and_blank_lines_are_skipped_and_lines_still_count() {
    let text = format!("\u{feff}{GOOD}\r\n\n  \n{}", GOOD.replace("a/0", "a/1"));
    assert_eq!(read(text.as_bytes()).unwrap().len(), 2);
    let error = message(format!("{text}\n\n{{").as_bytes());
    assert!(error.starts_with("set.jsonl:6: not a JSON object"), "{error}");
    assert!(!error.contains("line 1"), "{error}");
}

#[test]
fn every_bad_line_is_named_with_its_fault() {
    let cases = [
        (GOOD.replace("We keep it.", " "), "\"text\" is empty"),
        (GOOD.replace(r#""text":"We keep it.","#, ""), "no \"text\""),
        (GOOD.replace(r#""group":"a","#, ""), "no \"group\""),
        (GOOD.replace(r#""id":"a/0","#, ""), "no \"id\""),
        (GOOD.replace(r#","labels":["RET"]"#, ""), "no \"labels\""),
        (GOOD.replace("RET", "Fees"), "unknown label \"Fees\"; known are: First Party"),
        (GOOD.replace("RET", ""), "unknown label \"\""),
        (GOOD.replace('}', r#","votes":{"Fees":1}}"#), "unknown label \"Fees\""),
        (GOOD.replace('}', r#","votes":{"SEC":4},"annotators":3}"#), "4 votes for \"SEC\""),
        (GOOD.replace('}', r#","start":4,"end":3}"#), "4..3 run backwards"),
        (GOOD.replace('}', r#","highlights":{"RET":[[3,12]]}}"#), "3..12, is no part of the text"),
        (GOOD.replace('}', r#","start":-1}"#), "invalid value: integer `-1`"),
        (GOOD.replace(r#"["RET"]"#, "7"), "invalid type: integer `7`"),
        ("[]".to_owned(), "not a JSON object"),
    ];
    for (line, fault) in cases {
        let text = format!("{}\n{line}\n", GOOD.replace("a/0", "first"));
        let error = message(text.as_bytes());
        assert!(error.starts_with("set.jsonl:2: ") && error.contains(fault), "{error}");
    }
}

#[test]
fn an_id_stands_only_once() {
    let error = message(format!("\n{GOOD}\n{GOOD}").as_bytes());
    assert_eq!(error, "set.jsonl:3: id \"a/0\" stands already in line 2; ids must be unique");
}

#[test]
fn a_set_without_examples_is_an_error() {
    for nothing in [&b""[..], b"\n \n", b"\xEF\xBB\xBF"] {
        assert!(message(nothing).contains("holds no example"));
    }
}

#[test]
fn bytes_that_are_no_text_are_named() {
    let mut bytes = format!("{GOOD}\n").into_bytes();
    bytes.extend(b"{\"id\":\"\xff\"}\n");
    assert!(message(&bytes).starts_with("set.jsonl:2: not valid UTF-8"));
}

#[test]
fn a_missing_file_is_named() {
    let error = read_examples(Path::new("no/such.jsonl"), &Taxonomy::opp115()).unwrap_err();
    assert!(error.to_string().contains("such.jsonl"));
}

#[test]
fn the_reader_goes_on_after_a_bad_line() {
    let text = format!("nonsense\n{GOOD}\n");
    let taxonomy = Taxonomy::opp115();
    let results: Vec<_> = ExampleReader::new(text.as_bytes(), "x", &taxonomy).collect();
    assert!(results[0].is_err() && results[1].is_ok() && results.len() == 2);
}

#[test]
fn the_line_before_is_shown_if_it_is_of_the_same_document() {
    let line = |id: &str, document: &str, start: usize, kind: &str| {
        format!(
            r#"{{"id":"{id}","group":"g","document":"{document}","start":{start},"end":99,
            "kind":"{kind}","text":"text {id}","labels":[]}}"#
        )
        .replace('\n', "")
    };
    let lines = [
        line("1", "a", 0, "sentence"),
        line("2", "a", 9, "item"),
        line("3", "a", 5, "item"),
        line("4", "a", 7, "heading"),
        line("5", "a", 8, "item"),
        line("6", "b", 9, "item"),
        line("7", "b", 10, "item").replace("\"text\"", "\"previous\":\"own\",\"text\""),
        line("8", "b", 11, "item").replace("\"text\"", "\"previous\":\"\",\"text\""),
    ];
    let found = read(lines.join("\n").as_bytes()).unwrap();
    let previous: Vec<_> = found.iter().map(|e| e.previous.as_deref()).collect();
    let expected = [None, Some("text 1"), None, None, Some("text 4"), None, Some("own"), None];
    assert_eq!(previous, expected);
}

fn example() -> impl Strategy<Value = Example> {
    let names = Taxonomy::opp115().names().to_vec();
    let votes = proptest::collection::btree_map(proptest::sample::select(names), 1u32..4, 0..5);
    (votes, "\\PC{0,30}", proptest::collection::vec("\\PC{0,9}", 0..3), any::<Option<u32>>())
        .prop_map(|(votes, text, context, fold)| {
            let taxonomy = Taxonomy::opp115();
            let labels = votes.iter().filter(|(_, n)| **n > 1).map(|(l, _)| l.clone()).collect();
            Example {
                id: "a".into(),
                group: "b".into(),
                labels: canonical_labels(labels, &taxonomy).unwrap(),
                text: format!("x{text}"),
                annotators: (!votes.is_empty()).then_some(3),
                context,
                highlights: votes.keys().map(|l| (l.clone(), vec![(0, 1)])).collect(),
                votes,
                fold,
                ..Example::default()
            }
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(example in example()) {
        let mut bytes = Vec::new();
        write_examples(&mut bytes, std::slice::from_ref(&example)).unwrap();
        prop_assert_eq!(bytes.iter().filter(|&&b| b == b'\n').count(), 1);
        prop_assert_eq!(read(&bytes).unwrap(), [example]);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }
}
