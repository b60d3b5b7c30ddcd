//! The shipped model gives the scores that `transformers` gives (tests/reference/make.py).
#![cfg(feature = "embedded-model")]

use std::collections::BTreeMap;

use fineprint::label::{Classifier, Input, Unit};
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
    let classifier = Classifier::new(Model::parse(&embedded()).unwrap()).unwrap();
    let inputs: Vec<Input> =
        references.iter().map(|r| Input { text: &r.text, context: &r.context }).collect();
    let found = classifier.classify(&inputs, Unit::Clause, 2).unwrap();
    for (reference, found) in references.iter().zip(found) {
        assert_eq!(reference.scores.len(), classifier.taxonomy().len());
        for (name, score) in classifier.taxonomy().names().iter().zip(found.scores) {
            let expected = reference.scores[name];
            assert!(
                (score - expected).abs() < 1e-3,
                "{}: {name} {score} {expected}",
                reference.text
            );
        }
    }
}
