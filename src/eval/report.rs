//! All figures of one evaluation, as `eval --format json` writes them.

use serde::{Deserialize, Serialize};

use crate::taxonomy::Taxonomy;

use super::align::Segmentation;
use super::intervals::{Bootstrap, Interval, bootstrap};
use super::metrics::{Measures, tally_by_group};
use super::{
    Calibration, Certified, Comparison, Errors, EvalError, Human, LabelMap, Scored, check_len,
    merge_other,
};

/// Below so many policies, intervals are a rough guide and the report says so.
const FEW_GROUPS: usize = 10;

/// What an evaluation is about; [`Evaluation::report`] does it.
#[derive(Debug, Clone)]
pub struct Evaluation<'a> {
    /// Name or folder of the model.
    pub model: &'a str,
    /// Name or file of the data set.
    pub dataset: &'a str,
    pub taxonomy: &'a Taxonomy,
    /// The thresholds behind the decisions, by class index, where they are known; only reported.
    pub thresholds: Option<&'a [f32]>,
    pub bootstrap: Bootstrap,
}

/// The figures of a model on a data set. Field names are a contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub model: String,
    pub dataset: String,
    /// Policies: groups of the data set.
    pub documents: usize,
    pub clauses: usize,
    /// Empty where the decisions were read from a file.
    pub thresholds: LabelMap<f32>,
    pub per_category: LabelMap<Figures>,
    #[serde(rename = "micro avg")]
    pub micro_avg: Figures,
    #[serde(rename = "macro avg")]
    pub macro_avg: Figures,
    #[serde(rename = "weighted avg")]
    pub weighted_avg: Figures,
    #[serde(rename = "samples avg")]
    pub samples_avg: Figures,
    /// The three kinds of `Other` as one category; only for OPP-115.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ten_categories: Option<TenCategories>,
    /// Whether scores rank clauses rightly and mean what they say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// From which scores on precision is certain enough; only when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certified: Option<Certified>,
    /// The difference to another model; only when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// Clauses to look at; only when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Errors>,
    /// What the annotators reach; only when the data set has votes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human: Option<Human>,
    /// How well documents were cut into clauses; only when they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segmentation: Option<Segmentation>,
    /// What a reader must know to read the figures rightly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// The figures of a category or an average. `null` is a division by zero, which averages
/// count as 0, or an interval that nothing supports.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub precision: Option<f64>,
    pub recall: Option<f64>,
    pub f1: Option<f64>,
    pub support: u64,
    pub predicted: u64,
    pub precision_ci: Option<[f64; 2]>,
    pub recall_ci: Option<[f64; 2]>,
    pub f1_ci: Option<[f64; 2]>,
}

/// Averages of the ten-category view.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TenCategories {
    #[serde(rename = "micro avg")]
    pub micro_avg: Figures,
    #[serde(rename = "macro avg")]
    pub macro_avg: Figures,
}

impl Evaluation<'_> {
    /// The figures of these clauses. Add [`Report::segmentation`] for whole documents.
    pub fn report(&self, rows: &[Scored]) -> Result<Report, EvalError> {
        self.check(rows)?;
        let view = View::of(rows, self.taxonomy.len(), &self.bootstrap);
        let ten = merge_other(self.taxonomy, rows)
            .map(|(taxonomy, rows)| View::of(&rows, taxonomy.len(), &self.bootstrap));
        let [micro_avg, macro_avg, weighted_avg, samples_avg] = view.averages;
        Ok(Report {
            model: self.model.to_owned(),
            dataset: self.dataset.to_owned(),
            documents: view.groups,
            clauses: rows.len(),
            thresholds: LabelMap::new(
                self.taxonomy,
                self.thresholds.unwrap_or_default().iter().copied(),
            ),
            notes: self.notes(&view),
            per_category: LabelMap::new(self.taxonomy, view.categories),
            micro_avg,
            macro_avg,
            weighted_avg,
            samples_avg,
            ten_categories: ten.map(|view| {
                let [micro_avg, macro_avg, ..] = view.averages;
                TenCategories { micro_avg, macro_avg }
            }),
            calibration: Some(Calibration::of(self.taxonomy, rows)),
            certified: None,
            comparison: None,
            errors: None,
            human: Human::of(self.taxonomy, rows),
            segmentation: None,
        })
    }

    fn check(&self, rows: &[Scored]) -> Result<(), EvalError> {
        let classes = self.taxonomy.len();
        if rows.is_empty() {
            return Err(EvalError::Empty);
        }
        let found = self.thresholds.map_or(classes, <[f32]>::len);
        if found != classes {
            return Err(EvalError::Thresholds { expected: classes, found });
        }
        for (i, row) in rows.iter().enumerate() {
            check_len(i, &row.group, "gold labels", row.gold.len(), classes)?;
            check_len(i, &row.group, "scores", row.scores.len(), classes)?;
            check_len(i, &row.group, "predicted labels", row.predicted.len(), classes)?;
            if let Some(votes) = &row.votes {
                check_len(i, &row.group, "votes", votes.counts.len(), classes)?;
            }
            self.check_scores(i, row)?;
        }
        Ok(())
    }

    fn check_scores(&self, row: usize, clause: &Scored) -> Result<(), EvalError> {
        let wrong = clause.scores.iter().position(|score| !(0.0..=1.0).contains(score));
        wrong.map_or(Ok(()), |class| {
            Err(EvalError::Score {
                row,
                group: clause.group.clone(),
                label: self.taxonomy.names()[class].clone(),
                score: clause.scores[class].to_string(),
            })
        })
    }

    fn notes(&self, view: &View) -> Vec<String> {
        let mut notes = Vec::new();
        match view.groups {
            1 => notes.push("no intervals: they need at least two policies".to_owned()),
            n if n < FEW_GROUPS => {
                notes.push(format!("intervals rest on {n} policies only: a rough guide"));
            }
            _ => {}
        }
        let labels = |wanted: fn(&Figures) -> bool| {
            let pairs = self.taxonomy.names().iter().zip(&view.categories);
            let names: Vec<_> = pairs.filter(|(_, f)| wanted(f)).map(|(n, _)| n.as_str()).collect();
            (!names.is_empty()).then(|| names.join("; "))
        };
        if let Some(names) = labels(|figures| figures.support == 0) {
            notes.push(format!("no gold clause, so 0 in the macro average: {names}"));
        }
        if let Some(names) = labels(|figures| figures.support > 0 && figures.predicted == 0) {
            notes.push(format!("never predicted, so precision counts as 0: {names}"));
        }
        notes
    }
}

/// The figures of one taxonomy's view of the clauses.
struct View {
    groups: usize,
    categories: Vec<Figures>,
    averages: [Figures; 4],
}

impl View {
    fn of(rows: &[Scored], classes: usize, options: &Bootstrap) -> Self {
        let groups = tally_by_group(rows, classes);
        let intervals = bootstrap(&groups, options);
        let measures = super::Tally::of(rows, classes).measures();
        let interval =
            |i: usize| intervals.as_ref().and_then(|all| all.get(i)).copied().unwrap_or_default();
        let figures = |i: usize| Figures::new(&measures[i], &interval(i));
        Self {
            groups: groups.len(),
            categories: (0..classes).map(figures).collect(),
            averages: [0, 1, 2, 3].map(|i| figures(classes + i)),
        }
    }
}

impl Figures {
    fn new(measures: &Measures, interval: &Interval) -> Self {
        Self {
            precision: measures.precision,
            recall: measures.recall,
            f1: measures.f1,
            support: measures.support,
            predicted: measures.predicted,
            precision_ci: interval.precision,
            recall_ci: interval.recall,
            f1_ci: interval.f1,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::eval::{Place, Votes};

    /// A small evaluation with the OPP-115 labels: `groups` policies of three clauses.
    pub fn sample(groups: usize) -> Report {
        report(&rows(groups))
    }

    /// The same with everything that can be asked for.
    pub fn full() -> Report {
        let (taxonomy, rows) = (Taxonomy::opp115(), rows(12));
        let mut better = rows.clone();
        better.iter_mut().for_each(|row| row.predicted = row.gold.clone());
        let place = |i: usize| Place {
            id: format!("policy/{i}"),
            group: rows[i].group.clone(),
            context: vec!["Contact <us>".into()],
            before: (i > 0).then(|| "Call us & wait.".into()),
            text: "Mail us.\u{1b}[31m".into(),
            after: None,
        };
        let places: Vec<Place> = (0..rows.len()).map(place).collect();
        let options = Bootstrap::default();
        let comparison = Comparison::of(&taxonomy, "old", &rows, &better, &options).unwrap();
        Report {
            certified: Some(Certified::of(&taxonomy, &rows, 0.9).unwrap()),
            comparison: Some(comparison),
            errors: Some(Errors::of(&taxonomy, &rows, &places, 2).unwrap()),
            ..report(&rows)
        }
    }

    /// Three clauses a policy: one right, one confused, one half found.
    pub fn rows(groups: usize) -> Vec<Scored> {
        let label = |at: &[usize]| (0..12).map(|i| at.contains(&i)).collect::<Vec<_>>();
        let row = |group: usize, gold: &[usize], predicted: &[usize]| Scored {
            group: format!("policy {group}"),
            gold: label(gold),
            scores: label(predicted).iter().map(|&given| if given { 0.9 } else { 0.1 }).collect(),
            predicted: label(predicted),
            votes: Some(Votes {
                counts: (0..12).map(|i| if gold.contains(&i) { 3 } else { 0 }).collect(),
                annotators: 3,
            }),
        };
        let of = |g| [row(g, &[0], &[0]), row(g, &[9], &[10]), row(g, &[4, 5], &[4])];
        (0..groups).flat_map(of).collect()
    }

    fn report(rows: &[Scored]) -> Report {
        let (taxonomy, thresholds) = (Taxonomy::opp115(), [0.3; 12]);
        Evaluation {
            model: "default",
            dataset: "sample.jsonl",
            taxonomy: &taxonomy,
            thresholds: Some(&thresholds),
            bootstrap: Bootstrap::default(),
        }
        .report(rows)
        .unwrap()
    }

    #[test]
    fn scores_must_be_shares() {
        let taxonomy = Taxonomy::opp115();
        let mut rows = rows(2);
        rows[4].scores[1] = f32::NAN;
        let evaluation = Evaluation {
            model: "",
            dataset: "",
            taxonomy: &taxonomy,
            thresholds: Some(&[0.5; 12]),
            bootstrap: Bootstrap::default(),
        };
        let error = evaluation.report(&rows).unwrap_err().to_string();
        let expected = "clause 4 (of `policy 1`) has the score NaN for `Third Party";
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn merging_other_forgives_a_confusion_among_its_kinds() {
        let report = sample(12);
        assert_eq!((report.documents, report.clauses), (12, 36));
        assert_eq!(report.micro_avg.precision, Some(2.0 / 3.0));
        let ten = report.ten_categories.unwrap();
        assert_eq!(ten.micro_avg.precision, Some(1.0));
        assert_eq!(ten.micro_avg.recall, Some(0.75));
        // Three of ten categories are always right, the other seven never there.
        assert!((ten.macro_avg.f1.unwrap() - 0.3).abs() < 1e-12);
        assert_eq!(report.human.unwrap().micro_avg.f1, Some(1.0));
    }

    #[test]
    fn notes_say_what_the_figures_hide() {
        let report = sample(12);
        assert_eq!(report.notes.len(), 2, "{:?}", report.notes);
        assert!(report.notes[0].starts_with("no gold clause"), "{:?}", report.notes);
        assert!(report.notes[1].ends_with("Data Security; Introductory/Generic"));
        assert!(sample(3).notes[0].contains("3 policies only"));
    }

    #[test]
    fn one_policy_has_no_interval() {
        let report = sample(1);
        assert_eq!(report.micro_avg.precision_ci, None);
        assert_eq!(report.per_category.get("Data Retention").unwrap().f1_ci, None);
        assert!(report.notes[0].contains("at least two policies"));
    }

    #[test]
    fn rows_must_fit_the_taxonomy() {
        let taxonomy = Taxonomy::new(vec!["A".into()]);
        let evaluation = Evaluation {
            model: "",
            dataset: "",
            taxonomy: &taxonomy,
            thresholds: Some(&[0.5]),
            bootstrap: Bootstrap::default(),
        };
        assert_eq!(evaluation.report(&[]), Err(EvalError::Empty));
        let row = Scored { gold: vec![true], scores: vec![0.5], ..Scored::default() };
        let error = evaluation.report(&[row]).unwrap_err();
        assert!(error.to_string().contains("0 predicted labels"), "{error}");
        let evaluation = Evaluation { thresholds: Some(&[]), ..evaluation };
        let error = evaluation.report(&[Scored::default()]).unwrap_err();
        assert_eq!(error, EvalError::Thresholds { expected: 1, found: 0 });
    }
}
