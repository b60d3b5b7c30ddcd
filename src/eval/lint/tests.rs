use super::*;
use crate::document::{ReadOptions, read};

const SHOP: &str = "<p>The caf&eacute; keeps <b>logs</b>.</p><p>It shares none.</p>";

fn line(id: &str, start: usize, end: usize, text: &str, rest: &str) -> String {
    format!(
        r#"{{"id":"{id}","group":"shop","document":"shop.html","start":{start},"end":{end},"text":"{text}",{rest}}}"#
    )
}

fn linted(lines: &[String]) -> Linted {
    let open = |name: &str| match name {
        "shop.html" => read(SHOP.as_bytes(), Some(name), &ReadOptions::default())
            .map(|document| Source::new(&document, SHOP.len()))
            .map_err(|error| error.to_string()),
        _ => Err(format!("cannot read {name}")),
    };
    lint(lines.join("\n").as_bytes(), "set.jsonl", &Taxonomy::opp115(), Some(&open))
}

fn findings(lines: &[String]) -> Vec<String> {
    linted(lines).findings.iter().map(ToString::to_string).collect()
}

const RET: &str = r#""labels":["RET"]"#;

#[test]
fn a_good_set_has_no_findings() {
    let found = linted(&[
        line("1", 3, 37, "The café keeps logs.", RET),
        line(
            "2",
            44,
            59,
            "It shares none.",
            r#""labels":["TPS"],"votes":{"TPS":2},"annotators":2"#,
        ),
    ]);
    assert_eq!(found.findings, []);
    assert_eq!((found.clauses, found.policies["shop"]), (2, 2));
    assert_eq!(found.labels["Data Retention"], 1);
}

#[test]
fn every_fault_is_told_with_its_line() {
    let found = findings(&[
        line("1", 3, 37, "The café keeps logs.", RET),
        line("1", 44, 59, "It shares none.", RET),
        line("3", 44, 59, "It shares all.", RET),
        line("4", 44, 5800, "It shares none.", RET),
        line("5", 44, 59, "It shares none.", r#""labels":["Fees"]"#),
        line("6", 3, 37, "The café keeps logs.", r#""labels":[]"#),
        line(
            "7",
            44,
            59,
            "It shares none.",
            r#""labels":["RET"],"votes":{"SEC":2},"annotators":2"#,
        ),
        line("8", 1, 2, "x", RET).replace("shop.html", "none.html"),
    ]);
    let expected = [
        "set.jsonl:2: id \"1\" stands already in line 1",
        "set.jsonl:3: at 44..59 stands \"Itsharesnone.\", not the clause's text",
        "set.jsonl:4: 44..5800 is outside the file's 63 bytes",
        "set.jsonl:4: shares bytes with the clause of line 7",
        "set.jsonl:5: unknown label \"Fees\"",
        "set.jsonl:6: note: no label",
        "set.jsonl:6: note: line 1 has the same text",
        "set.jsonl:6: line 1 labels the same place",
        "set.jsonl:7: \"Data Security\" has 2 votes of 2",
        "set.jsonl:7: \"Data Retention\" has 0 votes of 2",
        "set.jsonl:7: line 3 labels the same place",
        "set.jsonl:8: cannot read none.html",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found} is not {expected}");
    }
}

#[test]
fn what_does_not_fit_together_is_told() {
    assert_eq!(findings(&[]), ["set.jsonl:1: no example at all"]);
    let votes = r#""labels":["RET"],"votes":{"SEC":1},"annotators":2"#;
    let found = findings(&[line("1", 3, 37, "The café keeps logs.", votes)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("set.jsonl:1: \"Data Retention\" has 0 votes of 2"));
    let found = findings(&[
        line("1", 3, 37, "The café keeps logs.", r#""labels":["RET"],"fold":0"#),
        line("2", 44, 59, "It shares none.", r#""labels":["TPS"],"fold":1"#),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("the policy \"shop\" is in fold 1 here and in fold 0 in line 1"));
}

#[test]
fn an_id_stands_in_one_file_of_a_data_set() {
    let set = |file: &str, id: &str| {
        lint(line(id, 3, 37, id, RET).as_bytes(), file, &Taxonomy::opp115(), None)
    };
    let mut found = set("a.jsonl", "1");
    found.join(set("b.jsonl", "2"));
    found.join(set("c.jsonl", "1"));
    let told: Vec<String> = found.findings.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["c.jsonl:1: id \"1\" stands already in a.jsonl; ids must be unique"]);
    let mut apart = set("a.jsonl", "1");
    apart.append(set("b.jsonl", "1"));
    assert_eq!(apart.findings, []);
    assert_eq!(apart.clauses, 2);
}

#[test]
fn without_documents_places_are_compared_only() {
    let lines = [line("1", 3, 36, "a", RET), line("2", 30, 40, "b", RET)].join("\n");
    let found = lint(lines.as_bytes(), "set.jsonl", &Taxonomy::opp115(), None);
    assert_eq!(found.findings.len(), 1);
    assert_eq!(found.findings[0].problem, Problem::Overlap { line: 1 });
}
