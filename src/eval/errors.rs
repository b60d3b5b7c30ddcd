//! Which clauses to look at: the model's errors, and the gold's likely ones.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::taxonomy::Taxonomy;

use super::{EvalError, Scored, check_len};

/// Scores closer to 0 or 1 than this count as this close: no single error outweighs all others.
const CLOSEST: f64 = 1e-4;

/// Clauses to look at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Errors {
    /// Clauses with at least one wrong decision.
    pub wrong: usize,
    /// The worst of them, worst first.
    pub worst: Vec<WrongClause>,
    /// Labels of the gold that the model confidently contradicts, most confident first. They are
    /// among the errors too: the gold is right until someone has looked.
    pub suspects: Vec<Suspect>,
    /// Labels missed and given in their place, most frequent first.
    pub confusion: Vec<Confusion>,
}

/// A clause where it stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub id: String,
    /// The policy.
    pub group: String,
    /// Heading path and list introduction, outermost first.
    pub context: Vec<String>,
    /// The clause before it in its policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    pub text: String,
    /// The clause after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A clause with wrong decisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WrongClause {
    #[serde(flatten)]
    pub place: Place,
    /// Sum of the log loss of the wrong decisions.
    pub loss: f64,
    /// Gold labels.
    pub gold: Vec<String>,
    /// Gold labels that the model does not give.
    pub missed: Vec<Decided>,
    /// Labels that the model gives and the gold does not.
    pub superfluous: Vec<Decided>,
}

/// A label and how sure the model is of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    pub label: String,
    pub score: f32,
}

/// A label of the gold that is likely wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    #[serde(flatten)]
    pub place: Place,
    pub label: String,
    /// What the gold says.
    pub gold: bool,
    pub score: f32,
    /// How many annotators gave the label, and how many there were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub votes: Option<[u32; 2]>,
}

/// How often a label was missed where another was given; `None` where there is no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    pub missed: Option<String>,
    pub given: Option<String>,
    pub clauses: u64,
}

impl Errors {
    /// At most `limit` errors and suspects among the rows; `places` says where each row stands.
    ///
    /// # Errors
    /// [`EvalError::Shape`] unless there is one place a row.
    pub fn of(
        taxonomy: &Taxonomy,
        rows: &[Scored],
        places: &[Place],
        limit: usize,
    ) -> Result<Self, EvalError> {
        check_len(0, "errors", "places", places.len(), rows.len())?;
        let wrong: Vec<(f64, usize)> = (rows.iter().enumerate())
            .filter(|(_, row)| row.gold != row.predicted)
            .map(|(i, row)| (loss(row), i))
            .collect();
        let mut worst = wrong.clone();
        worst.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        worst.truncate(limit);
        Ok(Self {
            wrong: wrong.len(),
            worst: worst
                .into_iter()
                .map(|(loss, i)| WrongClause::new(taxonomy, &rows[i], &places[i], loss))
                .collect(),
            suspects: suspects(taxonomy, rows, places, limit),
            confusion: confusion(taxonomy, rows),
        })
    }
}

impl WrongClause {
    /// Labels with a wrong decision.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.missed.iter().chain(&self.superfluous).map(|decided| decided.label.as_str())
    }

    fn new(taxonomy: &Taxonomy, row: &Scored, place: &Place, loss: f64) -> Self {
        let decided = |class: usize| Decided {
            label: taxonomy.names()[class].clone(),
            score: row.scores[class],
        };
        Self {
            place: place.clone(),
            loss,
            gold: classes(row, |gold, _| gold).map(|i| taxonomy.names()[i].clone()).collect(),
            missed: classes(row, |gold, given| gold && !given).map(decided).collect(),
            superfluous: classes(row, |gold, given| !gold && given).map(decided).collect(),
        }
    }
}

impl Suspect {
    /// What is doubtful, in words.
    pub fn sentence(&self) -> String {
        let Self { label, score, .. } = self;
        let votes = match self.votes {
            Some([given, all]) => format!(", {given} of {all} annotators gave it"),
            None => String::new(),
        };
        match self.gold {
            true => format!("{label} may be superfluous (score {score:.2}{votes})"),
            false => format!("{label} may be missing (score {score:.2}{votes})"),
        }
    }
}

/// Class indices by what gold and model say.
fn classes(row: &Scored, wanted: fn(bool, bool) -> bool) -> impl Iterator<Item = usize> {
    let pairs = row.gold.iter().zip(&row.predicted).enumerate();
    pairs.filter(move |(_, (gold, given))| wanted(**gold, **given)).map(|(i, _)| i)
}

/// The log loss of the wrong decisions of a clause.
fn loss(row: &Scored) -> f64 {
    let of = |class: usize| -sureness(row.scores[class], row.gold[class]).max(CLOSEST).ln();
    classes(row, |gold, given| gold != given).map(of).sum()
}

/// How sure the model is of what the gold says.
fn sureness(score: f32, gold: bool) -> f64 {
    if gold { f64::from(score) } else { 1.0 - f64::from(score) }
}

/// Labels that the model contradicts as surely as it is right elsewhere on average (confident
/// learning: Northcutt, Jiang and Chuang, JAIR 2021): a label is likely missing where its score
/// reaches the mean over the clauses that have it, and likely superfluous where the score is no
/// higher than the mean over those that do not.
fn suspects(taxonomy: &Taxonomy, rows: &[Scored], places: &[Place], limit: usize) -> Vec<Suspect> {
    let mut found: Vec<(f64, usize, usize)> = Vec::new();
    for class in 0..taxonomy.len() {
        let usual = [false, true].map(|gold| usual_sureness(rows, class, gold));
        for (i, row) in rows.iter().enumerate() {
            let against = 1.0 - sureness(row.scores[class], row.gold[class]);
            let usual = usual[usize::from(!row.gold[class])];
            if row.gold[class] != row.predicted[class] && usual.is_some_and(|u| against >= u) {
                found.push((against, i, class));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    found.truncate(limit);
    let suspect = |(_, i, class): (f64, usize, usize)| Suspect {
        place: places[i].clone(),
        label: taxonomy.names()[class].clone(),
        gold: rows[i].gold[class],
        score: rows[i].scores[class],
        votes: rows[i].votes.as_ref().map(|votes| [votes.counts[class], votes.annotators]),
    };
    found.into_iter().map(suspect).collect()
}

/// Mean sureness over the clauses that have the label, or have it not.
fn usual_sureness(rows: &[Scored], class: usize, gold: bool) -> Option<f64> {
    let of: Vec<f64> = (rows.iter().filter(|row| row.gold[class] == gold))
        .map(|row| sureness(row.scores[class], gold))
        .collect();
    (!of.is_empty()).then(|| of.iter().sum::<f64>() / of.len() as f64)
}

/// Each label missed in a clause is paired with each given there instead.
fn confusion(taxonomy: &Taxonomy, rows: &[Scored]) -> Vec<Confusion> {
    let mut counts: BTreeMap<(Option<usize>, Option<usize>), u64> = BTreeMap::new();
    let or_none = |classes: Vec<usize>| match classes.as_slice() {
        [] => vec![None],
        some => some.iter().copied().map(Some).collect(),
    };
    for row in rows.iter().filter(|row| row.gold != row.predicted) {
        let missed = or_none(classes(row, |gold, given| gold && !given).collect());
        let given = or_none(classes(row, |gold, given| !gold && given).collect());
        for &missed in &missed {
            for &given in &given {
                *counts.entry((missed, given)).or_default() += 1;
            }
        }
    }
    let name = |class: Option<usize>| class.map(|class| taxonomy.names()[class].clone());
    let mut all: Vec<Confusion> = counts
        .into_iter()
        .map(|((missed, given), clauses)| Confusion {
            missed: name(missed),
            given: name(given),
            clauses,
        })
        .collect();
    all.sort_by_key(|confusion| std::cmp::Reverse(confusion.clauses));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Votes, decide};

    fn row(gold: [bool; 2], scores: [f32; 2]) -> Scored {
        Scored {
            group: "shop".into(),
            gold: gold.to_vec(),
            predicted: decide(&scores, &[0.5; 2]),
            scores: scores.to_vec(),
            votes: Some(Votes { counts: gold.map(u32::from).to_vec(), annotators: 2 }),
        }
    }

    fn errors(rows: &[Scored], limit: usize) -> Errors {
        let taxonomy = Taxonomy::new(vec!["A".into(), "B".into()]);
        let place = |i: usize| Place { id: i.to_string(), ..Place::default() };
        let places: Vec<_> = (0..rows.len()).map(place).collect();
        Errors::of(&taxonomy, rows, &places, limit).unwrap()
    }

    #[test]
    fn the_worst_come_first() {
        let rows = [
            row([true, false], [0.9, 0.1]),
            row([true, false], [0.4, 0.1]),
            row([true, false], [0.1, 0.8]),
            row([false, false], [0.0, 1.0]),
        ];
        let found = errors(&rows, 2);
        assert_eq!(found.wrong, 3);
        let ids: Vec<&str> = found.worst.iter().map(|w| w.place.id.as_str()).collect();
        assert_eq!(ids, ["3", "2"], "an impossible score is bounded");
        assert!((found.worst[0].loss - -(1e-4_f64).ln()).abs() < 1e-9);
        let expected = -(0.1_f64.ln() + 0.2_f64.ln());
        assert!((found.worst[1].loss - expected).abs() < 1e-6, "{}", found.worst[1].loss);
        assert_eq!(found.worst[1].missed[0].label, "A");
        assert_eq!(found.worst[1].superfluous[0].label, "B");
        assert_eq!(found.worst[1].gold, ["A"]);
    }

    #[test]
    fn what_is_missed_is_paired_with_what_is_given() {
        let rows = [
            row([true, false], [0.1, 0.8]),
            row([true, false], [0.2, 0.7]),
            row([true, true], [0.2, 0.7]),
            row([false, false], [0.7, 0.1]),
        ];
        let pair = |missed: Option<&str>, given: Option<&str>, clauses| Confusion {
            missed: missed.map(str::to_owned),
            given: given.map(str::to_owned),
            clauses,
        };
        let expected =
            [pair(Some("A"), Some("B"), 2), pair(None, Some("A"), 1), pair(Some("A"), None, 1)];
        assert_eq!(errors(&rows, 9).confusion, expected);
    }

    #[test]
    fn confident_contradiction_is_suspect() {
        let mut rows: Vec<Scored> = (0..9).map(|_| row([true, false], [0.9, 0.1])).collect();
        rows.push(row([false, false], [0.95, 0.1]));
        rows.push(row([false, false], [0.6, 0.1]));
        rows.push(row([true, false], [0.3, 0.1]));
        rows.extend((0..9).map(|_| row([false, false], [0.1, 0.1])));
        let found = errors(&rows, 9);
        assert_eq!(found.wrong, 3);
        let [suspect] = found.suspects.as_slice() else { panic!("{:?}", found.suspects) };
        assert_eq!((suspect.place.id.as_str(), suspect.gold), ("9", false));
        assert_eq!(suspect.votes, Some([0, 2]));
    }

    #[test]
    fn places_must_fit() {
        let rows = [row([true, false], [0.9, 0.1])];
        assert!(Errors::of(&Taxonomy::new(vec!["A".into()]), &rows, &[], 3).is_err());
    }
}
