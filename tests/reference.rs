//! The shipped model gives the scores that `transformers` gives (tests/reference/make.py).
#![cfg(feature = "embedded-model")]

use std::collections::BTreeMap;

use fineprint::encoder::Choice;
use fineprint::label::{Classifier, EngineOptions, Input, Unit};
use fineprint::model::{Model, embedded};

#[derive(serde::Deserialize)]
struct Reference {
    text: String,
    context: Vec<String>,
    scores: BTreeMap<String, f32>,
}

#[test]
fn scores_are_those_of_transformers() {
    let references: Vec<Reference> =
        serde_json::from_str(include_str!("reference/scores.json")).unwrap();
    // f32 to rounding errors; bf16 as far as labels may differ from those of f32.
    for (kernel, tolerance) in [(Choice::Portable, 1e-3), (Choice::Auto, 0.02)] {
        let options = EngineOptions { kernel, ..EngineOptions::default() };
        let model = Model::parse(&embedded()).unwrap();
        let classifier = Classifier::with_options(model, options).unwrap();
        agrees(&references, &classifier, tolerance);
    }
}

fn agrees(references: &[Reference], classifier: &Classifier, tolerance: f32) {
    let inputs: Vec<Input> = references
        .iter()
        .map(|r| Input { text: &r.text, context: &r.context, previous: None })
        .collect();
    let found = classifier.classify(&inputs, Unit::Clause, 2).unwrap();
    for (reference, found) in references.iter().zip(found) {
        assert_eq!(reference.scores.len(), classifier.taxonomy().len());
        for (name, score) in classifier.taxonomy().names().iter().zip(found.scores) {
            let expected = reference.scores[name];
            assert!(
                (score - expected).abs() < tolerance,
                "{}: {name} {score} {expected}",
                reference.text
            );
        }
    }
}
