//! `import`, and what is wrong with data sets.

use super::common::write_tiny_model;
use super::work::{Work, records, stderr, text};

/// One line of a data set whose offsets are code points.
fn line(id: &str, start: usize, end: usize, text: &str, label: &str) -> String {
    format!(
        r#"{{"id":"{id}","group":"shop","document":"shop.txt","start":{start},"end":{end},"kind":"sentence","context":[],"text":"{text}","labels":["{label}"]}}"#
    )
}

const SHOP: &str = "The café keeps logs. It shares none.";

fn work() -> Work {
    let work = Work::new();
    work.write("docs/shop.txt", SHOP);
    work
}

#[test]
fn code_points_become_bytes() {
    let work = work();
    let good = [
        line("1", 0, 20, "The café keeps logs.", "RET"),
        line("2", 21, 36, "It shares none.", "Third Party"),
    ];
    work.write("set.jsonl", good.join("\n"));
    let output = work.run("import clauses set.jsonl --documents docs --report report.json", 0);
    let found = records(&output.stdout);
    assert_eq!(found[0]["labels"][0], "Data Retention");
    let place = (found[1]["start"].as_u64().unwrap(), found[1]["end"].as_u64().unwrap());
    assert_eq!(&SHOP[place.0 as usize..place.1 as usize], "It shares none.");
    assert!(stderr(&output).contains("2 clauses"));
    assert!(text(&work.read("report.json")).contains("\"clauses\": 2"));
}

/// Labels of the shop's document by place.
fn places(sha256: &str, places: &str) -> String {
    format!(r#"{{"document":"shop.txt","group":"shop","sha256":"{sha256}","places":[{places}]}}"#)
}

const PLACES: &str = "import places labels.jsonl --documents docs --report report.json";

#[test]
fn labels_by_place_find_the_texts_of_their_documents() {
    let work = work();
    let cut = SHOP.find(" It").unwrap();
    let second = format!(r#"{{"start":{},"end":{},"labels":["TPS"]}}"#, cut + 1, SHOP.len());
    let lost = r#"{"start":1,"end":4,"labels":["SEC"]}"#;
    work.write("labels.jsonl", places(&sha256(SHOP).to_uppercase(), &format!("{second},{lost}")));
    let output = work.run(&format!("{PLACES} --output set.jsonl"), 0);
    assert!(stderr(&output).contains("1 text of 1 document, 1 place without a clause left out"));
    assert!(text(&work.read("report.json")).contains("\"without_clause\": 1"));
    let found = records(&work.read("set.jsonl"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["text"], "It shares none.");
    assert_eq!(found[0]["labels"][0], "Third Party Sharing/Collection");
    assert_eq!(found[0]["previous"], "The café keeps logs.");
}

#[test]
fn labels_by_place_take_the_place_of_those_of_a_data_set() {
    let work = work();
    let sum = sha256(SHOP);
    let end = SHOP.find(" It").unwrap();
    let clause = |id: &str, document: &str, end: usize| {
        format!(
            r#"{{"id":"{id}","group":"shop","document":"{document}","start":0,"end":{end},"fold":3,"text":"The café keeps logs.","labels":["TPS"],"votes":{{"TPS":2}},"annotators":3}}"#
        )
    };
    let set = [clause("a", "shop.txt", end), clause("b", "shop.txt", 2), clause("c", "x", end)];
    work.write("own.jsonl", set.join("\n"));
    let first = format!(r#"{{"start":0,"end":{end},"labels":["RET"]}}"#);
    let lost = r#"{"start":1,"end":4,"labels":["SEC"]}"#;
    work.write("labels.jsonl", places(&sum, &format!("{first},{lost}")));
    let output = work.run(&format!("{PLACES} --clauses own.jsonl --output set.jsonl"), 0);
    assert!(stderr(&output).contains("1 text of 1 document, 1 place without a clause left out"));
    let found = records(&work.read("set.jsonl"));
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0]["id"], &found[0]["fold"]), (&"a".into(), &3.into()));
    assert_eq!(found[0]["labels"][0], "Data Retention");
    assert!(found[0].get("votes").is_none() && found[0].get("annotators").is_none());
    assert_eq!(
        found[0]["previous"], "",
        "the line before in the set need not be the clause before"
    );
    work.run(&format!("{PLACES} --clauses own.jsonl --output own.jsonl"), 2);
    work.write("labels.jsonl", places("00", &first));
    let told = stderr(&work.run(&format!("{PLACES} --clauses own.jsonl --output new.jsonl"), 3));
    assert!(told.contains("not the version that was labelled"), "{told}");
}

#[test]
fn labels_by_place_belong_to_one_version() {
    let work = work();
    let (sum, place) = (sha256(SHOP), r#"{"start":1,"end":4,"labels":["SEC"]}"#);
    for (labels, problem) in [
        (places("00", place), "shop.txt: not the version that was labelled"),
        (places(&sum, place).replace("shop.txt", "../a"), "is not below the folder of documents"),
        (places(&sum, place).replace("shop.txt", "b.txt"), "cannot read docs/b.txt"),
        (places(&sum, place), "no clause stands at any of its places"),
    ] {
        work.write("labels.jsonl", labels);
        let told = stderr(&work.run(&format!("{PLACES} --output set.jsonl"), 3));
        assert!(told.contains(problem), "{told}");
        assert!(!work.path("set.jsonl").exists(), "no half data set");
    }
    work.write("labels.jsonl", places(&sum, place));
    work.run(&format!("{PLACES} --output docs/shop.txt"), 2);
    work.run(&format!("{PLACES} --output labels.jsonl"), 2);
    assert_eq!(text(&work.read("docs/shop.txt")), SHOP);
}

/// Of a text, as `split` says it.
fn sha256(text: &str) -> String {
    let work = Work::new();
    work.write("text.txt", text);
    let found = work.records("split text.txt --gate off", 0);
    found[0]["source_sha256"].as_str().unwrap().to_owned()
}

#[test]
fn a_bad_line_is_named_with_its_file() {
    let good = line("1", 0, 20, "The café keeps logs.", "RET");
    for (bad, problem) in [
        ("{\"id\":".to_owned(), "not a JSON object"),
        (line("2", 21, 36, "It shares none.", "Cookies"), "unknown label \"Cookies\""),
        (r#"{"id":"2","group":"x","labels":[]}"#.to_owned(), "no \"text\""),
    ] {
        let work = work();
        work.write("set.jsonl", format!("{good}\n{bad}\n"));
        let output = work.run("import clauses set.jsonl --documents docs --output out.jsonl", 3);
        let told = stderr(&output);
        assert!(told.contains("set.jsonl:2: ") && told.contains(problem), "{told}");
        assert!(!work.path("out.jsonl").exists(), "no half data set");
    }
}

#[test]
fn training_names_a_bad_line_too() {
    let work = work();
    work.write("set.jsonl", "{\"id\":1}\n");
    let output = work.run("train --data set.jsonl --base model --out trained", 3);
    assert!(stderr(&output).contains("set.jsonl:1: "), "{}", stderr(&output));
}

#[test]
fn a_corpus_that_is_not_there_is_named() {
    let work = work();
    for arguments in [
        "import opp115 nowhere --output out.jsonl",
        "import polisis-benchmark nowhere --output out",
        "import clauses nowhere --documents docs --output out.jsonl",
        "import spans nowhere --document docs/shop.txt --output out.jsonl",
    ] {
        let told = stderr(&work.run(arguments, 3));
        assert!(told.contains("nowhere"), "{told}");
        assert_eq!(told.matches("os error").count(), 1, "{told}");
        assert!(!work.path("out.jsonl").exists());
    }
    let told = stderr(&work.run("import opp115 nowhere --output no/out.jsonl", 5));
    assert!(told.contains("no/out.jsonl"), "{told}");
}

#[test]
fn spans_become_a_data_set() {
    let work = work();
    work.write(
        "gold.json",
        r#"[{"id":"1","start":21,"end":36,"labels":["Third Party Sharing/Collection"],"text":"It shares none."}]"#,
    );
    let output = work.run("import spans gold.json --document docs/shop.txt", 0);
    let found = records(&output.stdout);
    assert_eq!(found[0]["start"], 22);
    assert_eq!(found[0]["group"], "shop");
    work.run("import spans gold.json --document docs/shop.txt --output docs/shop.txt", 2);
    assert_eq!(text(&work.read("docs/shop.txt")), SHOP);
}

#[test]
fn the_published_split_becomes_three_files() {
    let work = Work::new();
    for part in ["train", "validation", "test"] {
        work.write(
            &format!("in/{part}_dataset.csv"),
            format!("We keep {part} logs.,Data Retention\nWe keep {part} logs.,Data Security\n"),
        );
    }
    work.run("import polisis-benchmark in --output out", 0);
    for part in ["train", "validation", "test"] {
        let found = records(&work.read(&format!("out/{part}.jsonl")));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["labels"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn models_label_what_nobody_labelled() {
    let work = Work::with_documents();
    write_tiny_model(&work.path("other"), 8);
    let unseen = "Notice: we keep your orders for ten years. Your password is encrypted, always.";
    work.write(
        "unseen.jsonl",
        format!(r#"{{"id":"1","group":"x","text":"{unseen}","labels":[]}}"#),
    );
    let run = "import pseudo-labels docs --gate off --model model --model other --unit segment \
               --shortest 20 --unseen unseen.jsonl --report report.json";
    let output = work.run(run, 0);
    let found = records(&output.stdout);
    let texts: Vec<&str> = found.iter().map(|example| example["text"].as_str().unwrap()).collect();
    assert!(texts.contains(&"We collect your name. We do not sell it."), "{texts:?}");
    assert!(!texts.iter().any(|text| text.contains("ten years")), "stays unseen: {texts:?}");
    let group = |example: &serde_json::Value| example["group"].as_str().unwrap().to_owned();
    assert!(found.iter().any(|example| group(example).ends_with("b.md")));
    assert!(found.iter().all(|example| example["annotators"] == 100));

    // Votes are the mean scores of the two models.
    let one = |model: &str| {
        work.run(
            &format!("{run} --without-context").replace("--model model --model other", model),
            0,
        )
    };
    let votes = |output: &std::process::Output| {
        records(&output.stdout)[0]["votes"]["Policy Change"].as_f64().unwrap()
    };
    let (first, second) = (votes(&one("--model model")), votes(&one("--model other")));
    let both = votes(&one("--model model --model other"));
    assert!((both - (first + second) / 2.0).abs() <= 1.0, "{first} {second} {both}");
    assert!(text(&work.read("report.json")).contains("\"kept\""));

    let none = work.run(&run.replace("--shortest 20", "--shortest 900"), 3);
    assert!(stderr(&none).contains("no text of the documents is wanted"));
}

#[test]
fn an_import_never_writes_over_what_it_reads() {
    let work = work();
    work.write("set.jsonl", line("1", 0, 20, "The café keeps logs.", "RET"));
    work.write("opp/annotations/1_x.csv", "precious");
    work.write("opp/sanitized_policies/1_x.html", "precious");
    for part in ["train", "validation", "test"] {
        work.write(&format!("in/{part}_dataset.csv"), "We keep logs.,Data Retention\n");
    }
    for arguments in [
        "opp115 opp --output opp/annotations/1_x.csv",
        "opp115 opp --output opp/annotations/new.csv",
        "opp115 opp --report opp/sanitized_policies/1_x.html",
        "polisis-benchmark in --output out --report in/test_dataset.csv",
        "polisis-benchmark in --output out --report out/train.jsonl",
        "clauses set.jsonl --documents docs --output docs/shop.txt",
        "clauses set.jsonl --documents docs --output new.jsonl --report ./new.jsonl",
    ] {
        work.run(&format!("import {arguments}"), 2);
    }
    assert_eq!(text(&work.read("opp/annotations/1_x.csv")), "precious");
    assert_eq!(text(&work.read("opp/sanitized_policies/1_x.html")), "precious");
    assert_eq!(text(&work.read("docs/shop.txt")), SHOP);
    for new in ["opp/annotations/new.csv", "out/train.jsonl", "new.jsonl"] {
        assert!(!work.path(new).exists(), "{new}");
    }
}

#[test]
fn annotators_are_told_apart_and_counted() {
    let work = Work::new();
    let line = |label: &str| format!(r#"{{"text":"We keep logs.","label":["{label}"]}}"#);
    work.write("a/admin.jsonl", format!("\u{feff}{}", line("RET")));
    work.write("b/admin.jsonl", line("SEC"));
    let output = work.run("import doccano a/admin.jsonl b/admin.jsonl", 0);
    assert_eq!(records(&output.stdout)[0]["annotators"], 2);
    assert!(stderr(&output).contains("1 clause labelled by 2 people"), "{}", stderr(&output));
    let told = stderr(&work.run("import doccano a/admin.jsonl ./a/admin.jsonl", 3));
    assert!(told.contains("is named twice"), "{told}");
    work.write("tasks.json", r#"[{"data":{"text":"We keep logs."},"annotations":[]}]"#);
    let told = stderr(&work.run("import label-studio tasks.json", 3));
    assert!(told.contains("nobody annotated any task yet"), "{told}");
}

#[test]
fn label_studio_is_told_the_labels() {
    let work = Work::new();
    let config = text(&work.run("model labelling-config", 0).stdout);
    assert!(config.starts_with("<View>") && config.ends_with("</View>\n"), "{config}");
    assert_eq!(config.matches("<Choice value=").count(), 12, "{config}");
    assert!(config.contains("<Choice value=\"Do Not Track\"/>"), "{config}");
}
