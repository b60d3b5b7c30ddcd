use super::*;

fn two() -> Taxonomy {
    Taxonomy::new(vec!["A".into(), "B".into()])
}

fn read(text: &str) -> Result<Predictions, PredictionError> {
    let mut found = Predictions::default();
    found.read(text.as_bytes(), "old.jsonl", &two())?;
    Ok(found)
}

#[test]
fn a_clause_is_found_by_id_place_or_text() {
    let found = read(
        r#"{"id":"1","text":"x","labels":["A"],"scores":{"A":0.9,"B":0.1}}

{"document":"in/shop.txt","index":0,"start":3,"end":9,"text":"y","labels":["B"]}
{"document":"none.txt","error":{"kind":"empty","message":"no text"}}
{"text":"z","labels":[]}
{"text":"twice","labels":["A"]}
{"text":"twice","labels":["B"]}"#,
    )
    .unwrap();
    assert_eq!(found.len(), 5);
    let labels = |wanted: &Wanted| found.find(wanted).unwrap().map(|p| p.labels.clone());
    let span = Some(Span { start: 3, end: 9 });
    let wanted = Wanted { id: "1", text: " x\n", ..Wanted::default() };
    assert_eq!(labels(&wanted), Some(vec![true, false]));
    let wanted = Wanted { document: Some("shop.txt"), span, ..Wanted::default() };
    assert_eq!(labels(&wanted), Some(vec![false, true]));
    assert_eq!(labels(&Wanted { document: Some("op.txt"), ..wanted }), None);
    assert_eq!(labels(&Wanted { text: "z", ..Wanted::default() }), Some(vec![false; 2]));
    assert_eq!(labels(&Wanted { text: "y", ..Wanted::default() }), Some(vec![false, true]));
    let elsewhere = Wanted { text: "y", document: Some("other.txt"), ..wanted };
    assert_eq!(labels(&elsewhere), None, "a clause of another document");
    assert_eq!(labels(&Wanted { text: "twice", ..Wanted::default() }), None, "ambiguous");
    let clauses = found.of_document("shop.txt");
    assert_eq!(clauses.len(), 1);
    assert_eq!(Some(clauses[0].span), span);
}

#[test]
fn what_is_written_is_found_again() {
    let prediction = Prediction { labels: vec![false, true], scores: vec![0.25, 0.75] };
    let wanted = Wanted { id: "shop/1", text: "We keep it.", ..Wanted::default() };
    let mut out = Vec::new();
    write_prediction(&mut out, &wanted, &prediction, &two()).unwrap();
    let mut found = Predictions::default();
    found.read(out.as_slice(), "new.jsonl", &two()).unwrap();
    assert_eq!(found.find(&wanted), Ok(Some(&prediction)));
    assert!(found.are_scored());
    let bare = Prediction { scores: Vec::new(), ..prediction };
    let mut out = Vec::new();
    write_prediction(&mut out, &wanted, &bare, &two()).unwrap();
    assert!(!String::from_utf8(out).unwrap().contains("scores"));
}

#[test]
fn an_id_is_of_one_text() {
    let lines = r#"{"id":"1","text":"We keep logs.","labels":["A"]}
{"id":"1","text":"We share none.","labels":["B"]}
{"id":"2","labels":["B"]}"#;
    let found = read(lines).unwrap();
    let labels = |id: &str, text: &str| {
        let wanted = Wanted { id, text, ..Wanted::default() };
        found.find(&wanted).map(|found| found.map(|p| p.labels.clone()))
    };
    assert_eq!(labels("1", "We keep logs."), Ok(Some(vec![true, false])));
    assert_eq!(labels("1", "We share none."), Ok(Some(vec![false, true])));
    assert_eq!(labels("1", "We sell all."), Err(OtherText { id: "1".into() }));
    assert_eq!(labels("2", "A record without text."), Ok(Some(vec![false, true])));
    assert_eq!(labels("3", "We keep logs."), Ok(None), "it is of another clause");
    let twice = format!("{lines}\n{{\"id\":\"1\",\"text\":\"We keep logs.\",\"labels\":[]}}");
    assert!(matches!(read(&twice), Err(PredictionError::Twice { line: 4, .. })));
}

#[test]
fn files_are_read_together_and_must_not_contradict_each_other() {
    let (one, other) = (r#"{"id":"1","labels":["A"]}"#, r#"{"id":"1","labels":["B"]}"#);
    let mut found = read(one).unwrap();
    found.read(r#"{"id":"2","labels":[]}"#.as_bytes(), "two.jsonl", &two()).unwrap();
    found.read(one.as_bytes(), "again.jsonl", &two()).unwrap();
    assert!(!found.are_scored());
    let error = found.read(other.as_bytes(), "else.jsonl", &two()).unwrap_err().to_string();
    assert!(error.starts_with("else.jsonl:1: the clause 1 has another"), "{error}");
    let error = found.read(b"".as_slice(), "none.jsonl", &two()).unwrap_err();
    assert_eq!(error.to_string(), "none.jsonl holds no prediction");
}

#[test]
fn a_file_that_is_none_is_named() {
    for (text, fault) in [
        ("{\"id\":\"1\"}", "old.jsonl:1: not a record of predictions: no \"labels\""),
        ("[1]", "old.jsonl:1"),
        ("\n{\"labels\":[\"C\"]}", "old.jsonl:2: the label \"C\""),
        ("{\"labels\":[],\"scores\":{\"C\":1}}", "the label \"C\""),
        ("{\"labels\":[],\"scores\":{\"A\":-0.2}}", "the score of \"A\" is -0.2"),
        (
            "{\"labels\":[],\"scores\":{\"A\":0.2}}",
            "old.jsonl:1: not a record of predictions: no score for \"B\"",
        ),
        ("{\"labels\":[],\"scores\":{\"A\":NaN}}", "expected value (column 28)"),
        ("{\"group\":\"shop\",\"labels\":[]}", "a clause of a data set"),
        ("\n", "old.jsonl holds no prediction"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(fault), "{error}");
    }
}
