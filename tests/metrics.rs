//! The figures are scikit-learn's, on 1,000 random multi-label cases
//! (tests/reference/metrics.py), to 1e-12.

use fineprint::eval::{Calibrated, Scored, Tally, decide};

#[derive(serde::Deserialize)]
struct Reference {
    /// Every distinct figure once; the lists of the cases are places in it.
    values: Vec<f64>,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    /// Precision, recall and F1 of each category and of the four averages.
    figures: Vec<usize>,
    /// Of each category: average precision, calibration error, score and share of each bin.
    #[serde(default)]
    ranking: Vec<Vec<Option<usize>>>,
}

/// The generator that both sides draw the cases from.
struct Generator(u64);

impl Generator {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) % bound
    }
}

/// The clauses of a case, drawn as the script draws them.
fn draw(seed: u64) -> Vec<Scored> {
    let mut random = Generator(seed);
    let (rows, classes) = (1 + random.below(30), 2 + random.below(4));
    let rates: Vec<u64> = (0..classes).map(|_| [0, 5, 20, 50][random.below(4) as usize]).collect();
    let silent: Vec<bool> = (0..classes).map(|_| random.below(8) == 0).collect();
    let mut row = || {
        let (mut gold, mut scores) = (Vec::new(), Vec::new());
        for (&rate, &silent) in rates.iter().zip(&silent) {
            let is_gold = random.below(100) < rate;
            let score = random.below(49) + if is_gold { 16 } else { 0 };
            gold.push(is_gold);
            scores.push(score.min(if silent { 31 } else { 64 }) as f32 / 64.0);
        }
        let predicted = decide(&scores, &vec![0.5; scores.len()]);
        Scored { gold, predicted, scores, ..Scored::default() }
    };
    (0..rows).map(|_| row()).collect()
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("reference/metrics.json")).unwrap()
}

fn assert_same(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() < 1e-12, "{what}: {found} is not {expected}");
}

#[test]
fn precision_recall_and_f1_are_scikit_learns() {
    let Reference { values, cases } = reference();
    assert_eq!(cases.len(), 1000);
    let (mut without_gold, mut never_given) = (0, 0);
    for (seed, case) in cases.iter().enumerate() {
        let rows = draw(seed as u64);
        let classes = rows[0].gold.len();
        let measures = Tally::of(&rows, classes).measures();
        let found: Vec<f64> = measures
            .iter()
            .flat_map(|m| [m.precision, m.recall, m.f1].map(|figure| figure.unwrap_or(0.0)))
            .collect();
        assert_eq!(found.len(), case.figures.len(), "case {seed}");
        for (i, (&found, &place)) in found.iter().zip(&case.figures).enumerate() {
            assert_same(found, values[place], &format!("case {seed}, figure {i}"));
        }
        without_gold += measures[..classes].iter().filter(|m| m.support == 0).count();
        never_given += measures[..classes].iter().filter(|m| m.predicted == 0).count();
    }
    assert!(without_gold > 300 && never_given > 300, "{without_gold} {never_given}");
}

#[test]
fn average_precision_and_calibration_are_scikit_learns() {
    let Reference { values, cases } = reference();
    let ranked = cases.iter().enumerate().filter(|(_, case)| !case.ranking.is_empty());
    let mut categories = 0;
    for (seed, case) in ranked {
        let rows = draw(seed as u64);
        for (class, expected) in case.ranking.iter().enumerate() {
            let found = Calibrated::of(rows.iter().map(|row| (row.scores[class], row.gold[class])));
            let bins = found.bins.iter().flat_map(|bin| [bin.score, bin.share]).map(Some);
            let found: Vec<_> = [found.average_precision, found.calibration_error]
                .into_iter()
                .chain(bins)
                .collect();
            assert_eq!(found.len(), expected.len(), "case {seed}, category {class}");
            for (found, expected) in found.into_iter().zip(expected) {
                let what = format!("case {seed}, category {class}");
                match (found, expected) {
                    (Some(found), Some(place)) => assert_same(found, values[*place], &what),
                    (found, expected) => assert_eq!(found.is_some(), expected.is_some(), "{what}"),
                }
            }
            categories += 1;
        }
    }
    assert!(categories > 900, "{categories}");
}
