//! `eval` beyond its figures: comparisons, gates, certificates, errors, formats, `lint`.

use serde_json::Value;

use super::work::{Work, records, stderr, text};

/// Three clauses of each of twelve policies, all about Do Not Track.
fn data_set() -> String {
    let line = |i: usize| {
        format!(
            r#"{{"id":"{i}","group":"policy {}","text":"we keep data {i}","labels":["Do Not Track"]}}"#,
            i / 3
        )
    };
    (0..36).map(|i| line(i) + "\n").collect()
}

/// Predictions without an error and without scores.
fn perfect() -> String {
    let line = |i| {
        format!("{{\"id\":\"{i}\",\"text\":\"we keep data {i}\",\"labels\":[\"Do Not Track\"]}}\n")
    };
    (0..36).map(line).collect()
}

fn work() -> Work {
    let work = Work::new();
    work.write("perfect.jsonl", perfect());
    work.write("set.jsonl", data_set());
    work
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn a_gate_names_each_figure_below_its_floor() {
    let work = work();
    work.write("low.toml", "['micro avg']\nf1 = 0.0\n");
    work.write("high.toml", "['micro avg']\nf1 = 0.9\n[per_category.'Do Not Track']\nrecall = 1\n");
    work.run("eval set.jsonl --model model --gate low.toml", 0);
    let told = stderr(&work.run("eval set.jsonl --model model --threshold 1 --gate high.toml", 1));
    assert!(told.contains("set.jsonl: micro avg: f1 0.0000 is below 0.9"), "{told}");
    assert!(told.contains("Do Not Track: recall 0.0000 is below 1"), "{told}");
}

#[test]
fn a_wrong_gate_is_wrong_usage() {
    let work = work();
    work.write("gate.toml", "[micro]\nf1 = 0.9\n");
    work.write("folder/x.jsonl", "");
    for (arguments, fault) in [
        ("set.jsonl --gate gate.toml", "unknown field `micro`"),
        ("set.jsonl --gate none.toml", "cannot read none.toml"),
        ("set.jsonl --gate", "--against"),
        ("set.jsonl --gate folder", "is a folder"),
    ] {
        let told = stderr(&work.run(&format!("eval {arguments} --model model"), 2));
        assert!(told.contains(fault), "{arguments}: {told}");
    }
}

#[test]
fn a_model_is_compared_with_itself_and_with_better_predictions() {
    let work = work();
    let same = "eval set.jsonl --model model --against model --gate --format json";
    let found = json(&work.run(same, 0).stdout);
    assert_eq!(found["comparison"]["worse"], Value::Array(vec![]));
    assert_eq!(found["comparison"]["micro avg"]["f1"]["difference"], 0.0);
    let worse = "eval set.jsonl --model model --threshold 1 --against perfect.jsonl --gate";
    let told = stderr(&work.run(worse, 1));
    assert!(told.contains("Do Not Track: worse than perfect.jsonl"), "{told}");
    assert!(told.contains("micro avg: worse than perfect.jsonl"), "{told}");
}

#[test]
fn saved_predictions_are_those_of_the_model() {
    let work = work();
    work.run("eval set.jsonl --model model --save-predictions old.jsonl", 0);
    assert_eq!(records(&work.read("old.jsonl")).len(), 36);
    let compare = "eval set.jsonl --model model --against old.jsonl --format json";
    let found = json(&work.run(compare, 0).stdout);
    let track = &found["comparison"]["per_category"]["Do Not Track"];
    assert_eq!(track["mcnemar"]["only_other_right"], 0);
    assert_eq!(track["mcnemar"]["only_this_right"], 0);
    let first = text(&work.read("old.jsonl")).lines().next().unwrap().to_owned();
    work.write("few.jsonl", first.replace("\"id\":\"0\"", "\"id\":\"x\"").replace("data 0", "x"));
    let told = stderr(&work.run("eval set.jsonl --model model --against few.jsonl", 3));
    assert!(told.contains("no prediction for 36 clauses; the first is 0"), "{told}");
}

#[test]
fn predictions_of_several_runs_are_judged_and_tuned_on_together() {
    let work = work();
    let whole = "eval set.jsonl --model model --save-predictions all.jsonl --format json";
    let whole = json(&work.run(whole, 0).stdout);
    let all = text(&work.read("all.jsonl")).to_owned();
    let (first, second) = all.split_at(all.find("{\"id\":\"18\"").unwrap());
    work.write("first.jsonl", first);
    work.write("second.jsonl", second);
    let both = "--predictions first.jsonl second.jsonl";
    let found = json(&work.run(&format!("eval set.jsonl {both} --format json"), 0).stdout);
    assert_eq!(found["model"], "first.jsonl, second.jsonl");
    assert_eq!(found["thresholds"], serde_json::json!({}));
    for part in ["per_category", "micro avg", "calibration"] {
        assert_eq!(found[part], whole[part], "{part}");
    }
    work.run(&format!("eval set.jsonl {both} --cross-fit --against model --model model"), 0);
    let told = stderr(&work.run("eval set.jsonl --predictions first.jsonl", 3));
    assert!(told.contains("first.jsonl has no prediction for 18 clauses"), "{told}");
    let told = stderr(&work.run("eval set.jsonl --predictions perfect.jsonl --threshold 0.5", 3));
    assert!(told.contains("perfect.jsonl has predictions without scores"), "{told}");
    work.run(&format!("tune set.jsonl --model model {both}"), 0);
    let from_both = text(&work.read("model/config.json")).to_owned();
    work.run("tune set.jsonl --model model", 0);
    assert_eq!(from_both, text(&work.read("model/config.json")));
}

#[test]
fn every_format_holds_what_was_asked_for() {
    let work = work();
    let asked = "eval set.jsonl --model model --threshold 1 --errors 3 --min-precision 0.9";
    for (format, parts) in [
        ("table", ["Worst clauses (3 of 36)", "not enough evidence", "Confusion"]),
        ("markdown", ["## Worst clauses (3 of 36)", "not enough evidence", "| --- | ---:"]),
        ("html", ["Worst clauses (3 of 36)", "not enough evidence", "<svg"]),
        ("json", ["\"worst\": [", "\"min_precision\": 0.9", "\"confusion\": ["]),
    ] {
        let found = text(&work.run(&format!("{asked} --format {format}"), 0).stdout);
        for part in parts {
            assert!(found.contains(part), "{format}: no {part} in\n{found}");
        }
    }
}

#[test]
fn a_folder_is_one_data_set() {
    let work = Work::new();
    let set = data_set();
    let (first, second) = set.split_at(set.find("{\"id\":\"18\"").unwrap());
    work.write("sets/a.jsonl", first);
    work.write("sets/b.jsonl", second);
    let found = json(&work.run("eval sets --model model --format json", 0).stdout);
    assert_eq!((&found["documents"], &found["clauses"]), (&12.into(), &36.into()));
    let both = work.run("eval sets/a.jsonl sets/b.jsonl --model model", 0);
    assert!(text(&both.stdout).contains("All data sets"));
}

#[test]
fn a_certified_precision_is_stored_and_used() {
    let work = work();
    let names = [
        "First Party Collection/Use",
        "Third Party Sharing/Collection",
        "User Choice/Control",
        "User Access, Edit and Deletion",
        "Data Retention",
        "Data Security",
        "Policy Change",
        "Do Not Track",
        "International and Specific Audiences",
        "Introductory/Generic",
        "Privacy contact information",
        "Practice not covered",
    ];
    let all = data_set()
        .replace("[\"Do Not Track\"]", &serde_json::to_string(&names).unwrap())
        .replace("\"text\"", "\"kind\":\"sentence\",\"text\"");
    work.write("all.jsonl", all);
    work.write("doc.txt", "We keep your data. We share your data.");
    let told = stderr(&work.run("label doc.txt --model model --min-precision 0.5", 4));
    assert!(told.contains("fineprint tune --min-precision 0.5"), "{told}");
    let told = stderr(&work.run("tune all.jsonl --model model --min-precision 0.6", 0));
    assert!(told.contains("precision of 0.6 certified for"), "{told}");
    let config = json(&work.read("model/config.json"));
    let stored = &config["fineprint"]["certified"][0];
    assert_eq!(stored["min_precision"], 0.6);
    let certain = stored["thresholds"].as_object().unwrap();
    let found = work.records("label doc.txt --model model --min-precision 0.5", 0);
    for record in &found {
        for label in record["labels"].as_array().unwrap() {
            let label = label.as_str().unwrap();
            assert!(record["scores"][label].as_f64() >= certain[label].as_f64(), "{record}");
        }
    }
    let told = stderr(&work.run("label doc.txt --model model --min-precision 0.5", 0));
    assert!(told.contains("evidence nearest to 0.5 is for 0.6"), "{told}");
    work.run("label doc.txt --model model --min-precision 0.7", 4);
    work.run("label doc.txt --model model --min-precision 0.5 --threshold 0.5", 2);
}

#[test]
fn lint_tells_mistakes_and_notes() {
    let work = Work::new();
    let line = |id: &str, end: usize, labels: &str| {
        format!(
            r#"{{"id":"{id}","group":"g","document":"a.txt","start":0,"end":{end},"text":"We keep logs.","labels":{labels}}}"#
        )
    };
    work.write("docs/a.txt", "We keep logs. We share none.");
    work.write("good.jsonl", line("1", 13, "[]"));
    work.write("bad.jsonl", [line("1", 13, "[\"RET\"]"), line("2", 12, "[\"Fees\"]")].join("\n"));
    let told = text(&work.run("eval lint good.jsonl --documents docs", 0).stdout);
    assert!(told.starts_with("good.jsonl:1: note: no label"), "{told}");
    let told = text(&work.run("eval lint good.jsonl --quiet", 0).stdout);
    assert!(told.starts_with("1 clause of 1 policy: 0 mistakes, 1 note\n"), "{told}");
    let told = text(&work.run("eval lint bad.jsonl --documents docs", 1).stdout);
    assert!(told.starts_with("bad.jsonl:2: unknown label \"Fees\""), "{told}");
    work.run("eval lint", 2);
}

#[test]
fn a_document_outside_the_folder_is_refused() {
    let work = work();
    work.write("secret.txt", "Nobody shall read this.");
    work.write("docs/a.txt", "We keep logs.");
    for document in ["../secret.txt", &work.path("secret.txt").display().to_string()] {
        let line = serde_json::json!({"id": "1", "group": "g", "document": document, "start": 0,
            "end": 9, "text": "We keep logs.", "labels": ["RET"]});
        work.write("set.jsonl", line.to_string());
        let told = text(&work.run("eval lint set.jsonl --documents docs", 1).stdout);
        assert!(told.contains("is not below the folder of documents"), "{told}");
        assert!(!told.contains("Nobody"), "{told}");
        for part in ["splitter set.jsonl", "set.jsonl --model model"] {
            let told = stderr(&work.run(&format!("eval {part} --documents docs"), 3));
            assert!(told.contains("is not below the folder of documents"), "{part}: {told}");
        }
    }
}

#[test]
fn explanations_are_judged_by_highlights() {
    let work = Work::new();
    // The tiny model gives this label to every segment.
    let line = |i: usize| {
        format!(
            r#"{{"id":"{i}","group":"p{}","text":"we keep your data {i}","labels":["Data Security"],"highlights":{{"Data Security":[[0,7]]}}}}"#,
            i % 3
        )
    };
    work.write("set.jsonl", (0..9).map(|i| line(i) + "\n").collect::<String>());
    let run = "eval explanations set.jsonl --model model";
    let report = json(&work.run(&format!("{run} --format json"), 0).stdout);
    assert_eq!((&report["all"]["cases"], &report["policies"]), (&9.into(), &3.into()));
    let security = &report["per_category"]["Data Security"];
    // Two of five words are highlighted.
    assert!((security["chance"].as_f64().unwrap() - 0.4).abs() < 1e-9, "{security}");
    let hits = security["hits"].as_f64().unwrap();
    let [low, high] = [0, 1].map(|i| security["hits_ci"][i].as_f64().unwrap());
    assert!(low <= hits && hits <= high, "{security}");
    assert!(text(&work.run(&format!("{run} --sample 4"), 0).stdout).contains("Data Security"));

    work.write("bare.jsonl", data_set());
    let told = stderr(&work.run("eval explanations bare.jsonl --model model", 3));
    assert!(told.contains("no example has highlights"), "{told}");
}

#[test]
fn no_output_takes_the_place_of_another_file() {
    let work = work();
    work.run("eval set.jsonl --model model --save-predictions old.jsonl", 0);
    work.write("gate.toml", "['micro avg']\nf1 = 0.0\n");
    work.write("sets/a.jsonl", data_set());
    std::fs::hard_link(work.path("set.jsonl"), work.path("linked.jsonl")).unwrap();
    let kept = ["set.jsonl", "old.jsonl", "gate.toml", "sets/a.jsonl"];
    let before = kept.map(|name| work.read(name));
    for arguments in [
        "set.jsonl --model model --output set.jsonl",
        "set.jsonl --model model --output linked.jsonl",
        "set.jsonl --model model --save-predictions ./set.jsonl",
        "sets --model model --save-predictions sets/a.jsonl",
        "set.jsonl --predictions old.jsonl --output old.jsonl",
        "set.jsonl --model model --against old.jsonl --save-predictions old.jsonl",
        "set.jsonl --model model --gate gate.toml --output gate.toml",
        "set.jsonl --model model --output model/config.json",
        "set.jsonl --model model --output new.json --save-predictions new.json",
        "explanations set.jsonl --model model --output set.jsonl",
    ] {
        let told = stderr(&work.run(&format!("eval {arguments}"), 2));
        assert!(told.contains("is read or written already"), "{arguments}: {told}");
    }
    assert_eq!(kept.map(|name| work.read(name)), before);
    assert!(!work.path("new.json").exists());
}

#[test]
fn documents_are_not_written_over() {
    let work = Work::new();
    let line = r#"{"id":"1","group":"g","document":"a.txt","start":0,"end":13,"text":"We keep logs.","labels":["RET"]}"#;
    work.write("docs/a.txt", "We keep logs. We share none.");
    work.write("set.jsonl", line);
    for part in ["splitter set.jsonl", "set.jsonl --model model"] {
        work.run(&format!("eval {part} --documents docs --output docs/a.txt"), 2);
        work.run(&format!("eval {part} --documents docs --output docs/report.txt"), 0);
    }
    assert_eq!(text(&work.read("docs/a.txt")), "We keep logs. We share none.");
}

#[test]
fn a_prediction_is_of_the_text_it_was_made_for() {
    let work = work();
    work.write("other.jsonl", data_set().replace("we keep", "we share"));
    work.run("eval set.jsonl --model model --save-predictions old.jsonl", 0);
    for arguments in ["--predictions old.jsonl", "--model model --against old.jsonl"] {
        let told = stderr(&work.run(&format!("eval other.jsonl {arguments}"), 3));
        assert!(told.contains("old.jsonl: the prediction with the id 0"), "{told}");
        assert!(told.contains("is of another text"), "{told}");
    }
    // Two data sets with the same ids are told apart by their texts.
    work.run("eval set.jsonl other.jsonl --model model --save-predictions both.jsonl", 0);
    work.run("eval other.jsonl set.jsonl --predictions both.jsonl", 0);
    let twice = "eval set.jsonl ./set.jsonl --model model --save-predictions twice.jsonl";
    let told = stderr(&work.run(twice, 3));
    assert!(told.contains("both hold the clause 0 with the same text"), "{told}");
    assert!(!work.path("twice.jsonl").exists());
}

#[test]
fn labels_alone_give_no_figures_of_scores() {
    let work = work();
    let run =
        "eval set.jsonl --predictions perfect.jsonl --save-predictions out.jsonl --format json";
    let found = json(&work.run(run, 0).stdout);
    assert_eq!(found["micro avg"]["f1"], 1.0);
    assert_eq!(found.get("calibration"), None);
    assert_eq!(
        found["notes"].as_array().unwrap().last().unwrap(),
        "no scores, so no figures of them"
    );
    assert!(records(&work.read("out.jsonl")).iter().all(|line| line.get("scores").is_none()));
    let page =
        text(&work.run("eval set.jsonl --predictions perfect.jsonl --format html", 0).stdout);
    assert!(!page.contains("calibration error"));
    for option in ["--min-precision 0.9", "--errors 3"] {
        let told =
            stderr(&work.run(&format!("eval set.jsonl --predictions perfect.jsonl {option}"), 3));
        assert!(told.contains("predictions without scores"), "{told}");
    }
}

#[test]
fn one_policy_is_enough_for_a_gate_but_not_for_cross_fitting() {
    let work = work();
    let one: String = (0..12).map(|i| {
        format!("{{\"id\":\"{i}\",\"group\":\"one\",\"text\":\"we keep data {i}\",\"labels\":[\"Do Not Track\"]}}\n")
    }).collect();
    work.write("one.jsonl", one);
    let worse = "eval one.jsonl --model model --threshold 1 --against perfect.jsonl --gate";
    let told = stderr(&work.run(worse, 1));
    assert!(told.contains("Do Not Track: worse than perfect.jsonl"), "{told}");
    work.run("eval one.jsonl --model model --against model --gate", 0);
    let told = stderr(&work.run("eval one.jsonl --model model --cross-fit", 3));
    assert!(told.contains("all clauses are of one policy"), "{told}");
}

#[test]
fn an_id_stands_in_one_file_of_a_folder() {
    let work = Work::new();
    work.write("sets/a.jsonl", data_set());
    work.write("sets/b.jsonl", data_set());
    let told = stderr(&work.run("eval sets --model model", 3));
    assert!(told.contains("sets/b.jsonl: id \"0\" stands already in sets/a.jsonl"), "{told}");
    let told = text(&work.run("eval lint sets", 1).stdout);
    assert!(told.contains("sets/b.jsonl:1: id \"0\" stands already in sets/a.jsonl"), "{told}");
    work.run("eval lint sets/a.jsonl sets/b.jsonl", 0);
}

#[test]
fn gold_that_stands_elsewhere_is_not_judged() {
    let work = Work::new();
    work.write("docs/a.txt", "We keep logs.\n\nWe share none.\n");
    let line = |id: u8, start: usize, end: usize, text: &str| {
        format!(
            r#"{{"id":"{id}","group":"a","document":"a.txt","start":{start},"end":{end},"kind":"sentence","text":"{text}","labels":[]}}"#
        )
    };
    let set = [line(1, 0, 13, "We keep logs."), line(2, 15, 29, "We share none.")].join("\n");
    work.write("set.jsonl", &set);
    work.run("eval set.jsonl --documents docs --model model", 0);
    work.write("docs/a.txt", "Another text was put here.\n\nIt says nothing.\n");
    let told = stderr(&work.run("eval set.jsonl --documents docs --model model", 3));
    assert!(told.contains("a.txt: 2 of 2 clauses do not stand where"), "{told}");
}

#[test]
fn predictions_must_be_predictions() {
    let work = work();
    let told = stderr(&work.run("eval set.jsonl --predictions set.jsonl", 3));
    assert!(
        told.contains("set.jsonl:1: not a record of predictions: a clause of a data"),
        "{told}"
    );
    let told = stderr(&work.run("eval set.jsonl --model model --against none.jsonl", 3));
    assert!(told.contains("cannot read none.jsonl"), "{told}");
    work.write("percent.jsonl", r#"{"id":"0","labels":[],"scores":{"Data Security":29.4}}"#);
    let told = stderr(&work.run("tune set.jsonl --model model --predictions percent.jsonl", 3));
    assert!(told.contains("percent.jsonl:1") && told.contains("between 0 and 1"), "{told}");
}
