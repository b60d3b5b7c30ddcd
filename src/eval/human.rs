//! What people reach on the same clauses, from the votes of the annotators.

use serde::{Deserialize, Serialize};

use crate::taxonomy::Taxonomy;

use super::agreement::{fleiss_kappa, pairwise_f1};
use super::{LabelMap, Scored, Votes, mean};

/// Agreement of the annotators on the clauses that at least two of them read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Human {
    /// Clauses that at least two annotators read.
    pub clauses: usize,
    /// Annotators a clause, on average.
    pub annotators: f64,
    pub per_category: LabelMap<HumanFigures>,
    /// All categories pooled.
    #[serde(rename = "micro avg")]
    pub micro_avg: HumanFigures,
    /// Mean over the categories for which the figure is defined.
    #[serde(rename = "macro avg")]
    pub macro_avg: HumanFigures,
}

/// Agreement on one category.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HumanFigures {
    /// Fleiss' kappa: agreement beyond chance.
    pub kappa: Option<f64>,
    /// Expected F1 of one annotator against another.
    pub f1: Option<f64>,
}

impl Human {
    /// The agreement on these clauses; `None` when no clause has the votes of two people.
    pub fn of(taxonomy: &Taxonomy, rows: &[Scored]) -> Option<Self> {
        let votes: Vec<&Votes> = rows
            .iter()
            .filter_map(|row| row.votes.as_ref())
            .filter(|v| v.annotators >= 2)
            .collect();
        if votes.is_empty() {
            return None;
        }
        let items: Vec<Vec<(u32, u32)>> =
            (0..taxonomy.len()).map(|class| items(&votes, class)).collect();
        let figures: Vec<_> = items.iter().map(|items| HumanFigures::of(items)).collect();
        let readers: f64 = votes.iter().map(|v| f64::from(v.annotators)).sum();
        Some(Self {
            clauses: votes.len(),
            annotators: readers / votes.len() as f64,
            micro_avg: HumanFigures::of(&items.concat()),
            macro_avg: HumanFigures {
                kappa: mean(figures.iter().filter_map(|f| f.kappa)),
                f1: mean(figures.iter().filter_map(|f| f.f1)),
            },
            per_category: LabelMap::new(taxonomy, figures),
        })
    }
}

impl HumanFigures {
    fn of(items: &[(u32, u32)]) -> Self {
        Self { kappa: fleiss_kappa(items), f1: pairwise_f1(items) }
    }
}

/// (votes, annotators) of each clause for one class.
fn items(votes: &[&Votes], class: usize) -> Vec<(u32, u32)> {
    votes.iter().map(|v| (v.counts.get(class).copied().unwrap_or(0), v.annotators)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_only_clauses_two_people_read() {
        let taxonomy = Taxonomy::new(vec!["A".into(), "B".into()]);
        let row = |counts: &[u32], annotators| Scored {
            votes: Some(Votes { counts: counts.to_vec(), annotators }),
            ..Scored::default()
        };
        let rows =
            [row(&[3, 0], 3), row(&[0, 0], 3), row(&[2, 0], 2), row(&[1, 1], 1), Scored::default()];
        let human = Human::of(&taxonomy, &rows).unwrap();
        assert_eq!(human.clauses, 3);
        assert!((human.annotators - 8.0 / 3.0).abs() < 1e-12);
        let figures = |label| *human.per_category.get(label).unwrap();
        assert_eq!(figures("A"), HumanFigures { kappa: Some(1.0), f1: Some(1.0) });
        assert_eq!(figures("B"), HumanFigures { kappa: None, f1: None });
        assert_eq!(human.macro_avg.kappa, Some(1.0));
        assert_eq!(Human::of(&taxonomy, &rows[3..]), None);
    }
}
