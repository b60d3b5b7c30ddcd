//! A report as tables of text, the same for every format that people read.

use super::{
    Certificate, Certified, Comparison, Confusion, Difference, Errors, Figures, HumanFigures,
    Paired, Report, counted,
};

/// Pairs of labels that the confusion table shows.
const CONFUSIONS: usize = 20;

/// One table: a title, what to know of it, a header and rows of cells.
pub struct Section {
    /// Empty for the figures themselves, which need none.
    pub title: String,
    pub lead: String,
    pub header: Vec<&'static str>,
    /// The first cell is a name. A row without cells parts what comes before from what follows.
    pub rows: Vec<Vec<String>>,
}

/// What a report is about, in one line.
pub fn heading(report: &Report) -> String {
    format!(
        "{} on {}: {} of {}",
        report.model,
        report.dataset,
        counted(report.clauses, "clause", "clauses"),
        counted(report.documents, "policy", "policies")
    )
}

/// The tables of a report in the order of their importance, lists of clauses left out.
pub fn sections(report: &Report) -> Vec<Section> {
    let mut all = vec![figures(report)];
    all.extend(report.comparison.as_ref().map(comparison));
    all.extend(report.certified.as_ref().map(certified));
    all.extend(calibration(report));
    all.extend(agreement(report));
    all.extend(report.errors.as_ref().map(confusion));
    all
}

/// One row a report, to see several side by side.
pub fn summary(reports: &[Report]) -> Section {
    let row = |report: &Report| {
        let ten = report.ten_categories.as_ref();
        let (micro, macro_) = (&report.micro_avg, &report.macro_avg);
        let mut row =
            vec![report.dataset.clone(), report.documents.to_string(), report.clauses.to_string()];
        row.extend([micro.precision, micro.recall, micro.f1].map(number));
        row.push(number(macro_.f1));
        row.push(number(ten.and_then(|ten| ten.micro_avg.f1)));
        row.push(number(ten.and_then(|ten| ten.macro_avg.f1)));
        row
    };
    Section {
        title: "All data sets".to_owned(),
        lead: String::new(),
        header: vec![
            "data set",
            "policies",
            "clauses",
            "micro P",
            "micro R",
            "micro F1",
            "macro F1",
            "ten, micro F1",
            "ten, macro F1",
        ],
        rows: reports.iter().map(row).collect(),
    }
}

fn figures(report: &Report) -> Section {
    let row = |name: &str, figures: &Figures| {
        vec![
            name.to_owned(),
            number(figures.precision),
            number(figures.recall),
            number(figures.f1),
            figures.support.to_string(),
            figures.predicted.to_string(),
            interval(figures.precision_ci),
        ]
    };
    let mut rows: Vec<_> =
        report.per_category.iter().map(|(label, figures)| row(label, figures)).collect();
    rows.push(Vec::new());
    rows.push(row("micro avg", &report.micro_avg));
    rows.push(row("macro avg", &report.macro_avg));
    rows.push(row("weighted avg", &report.weighted_avg));
    rows.push(row("samples avg", &report.samples_avg));
    if let Some(ten) = &report.ten_categories {
        rows.push(Vec::new());
        rows.push(row("micro avg, ten categories", &ten.micro_avg));
        rows.push(row("macro avg, ten categories", &ten.macro_avg));
    }
    Section {
        title: String::new(),
        lead: String::new(),
        header: vec![
            "category",
            "precision",
            "recall",
            "f1-score",
            "support",
            "predicted",
            "precision 95 %",
        ],
        rows,
    }
}

fn calibration(report: &Report) -> Option<Section> {
    let found = report.calibration.as_ref()?;
    let row =
        |name: &str, precision, error| vec![name.to_owned(), number(precision), number(error)];
    let mut rows: Vec<_> = (found.per_category.iter())
        .map(|(label, of)| row(label, of.average_precision, of.calibration_error))
        .collect();
    let (micro, macro_) = (&found.micro_avg, &found.macro_avg);
    rows.push(Vec::new());
    rows.push(row("micro avg", micro.average_precision, micro.calibration_error));
    rows.push(row("macro avg", macro_.average_precision, macro_.calibration_error));
    Some(Section {
        title: "Scores".to_owned(),
        lead: "average precision: how well scores rank; calibration error: how far they lie from \
               the share that is right (0 is best)"
            .to_owned(),
        header: vec!["category", "average precision", "calibration error"],
        rows,
    })
}

fn agreement(report: &Report) -> Option<Section> {
    let human = report.human.as_ref()?;
    let row = |name: &str, figures: &HumanFigures| {
        let model = match name {
            "micro avg" => report.micro_avg.f1,
            "macro avg" => report.macro_avg.f1,
            label => report.per_category.get(label).and_then(|figures| figures.f1),
        };
        vec![name.to_owned(), number(figures.kappa), number(figures.f1), number(model)]
    };
    let mut rows: Vec<_> =
        human.per_category.iter().map(|(label, figures)| row(label, figures)).collect();
    rows.push(Vec::new());
    rows.push(row("micro avg", &human.micro_avg));
    rows.push(row("macro avg", &human.macro_avg));
    Some(Section {
        title: format!(
            "Annotators on {}, {:.1} a clause",
            counted(human.clauses, "clause", "clauses"),
            human.annotators
        ),
        lead: "f1-score: of one annotator against another; beside it the model's against the gold"
            .to_owned(),
        header: vec!["category", "kappa", "f1-score", "model"],
        rows,
    })
}

fn comparison(found: &Comparison) -> Section {
    let row = |name: &str, paired: &Paired| {
        let test = paired.mcnemar.as_ref();
        vec![
            name.to_owned(),
            number(paired.f1.this),
            number(paired.f1.other),
            signed(paired.f1.difference),
            signed_interval(&paired.f1),
            signed(paired.precision.difference),
            signed(paired.recall.difference),
            test.map_or(String::new(), |t| {
                format!("{} : {}", t.only_this_right, t.only_other_right)
            }),
            test.map_or(String::new(), |t| format!("{:.3}", t.p_holm)),
        ]
    };
    let mut rows: Vec<_> =
        found.per_category.iter().map(|(label, paired)| row(label, paired)).collect();
    rows.push(Vec::new());
    rows.push(row("micro avg", &found.micro_avg));
    rows.push(row("macro avg", &found.macro_avg));
    let verdict = match found.worse.as_slice() {
        [] => "nowhere worse beyond chance".to_owned(),
        worse => format!("worse beyond chance: {}", worse.join("; ")),
    };
    Section {
        title: format!("Against {}", found.other),
        lead: format!(
            "{verdict}; differences are this minus the other, right alone: clauses where only this \
             : only the other is right, p: McNemar's test, corrected for all categories"
        ),
        header: vec![
            "category",
            "f1",
            "other",
            "diff",
            "diff 95 %",
            "prec diff",
            "recall diff",
            "right alone",
            "p",
        ],
        rows,
    }
}

fn certified(found: &Certified) -> Section {
    let row = |(label, certificate): (&str, &Certificate)| match certificate {
        Certificate::Point(point) => vec![
            label.to_owned(),
            format!("{:.2}", point.threshold),
            number(Some(point.precision)),
            number(Some(point.lower_bound)),
            number(point.recall),
            number(point.coverage),
            point.predicted.to_string(),
        ],
        Certificate::NotEnough { evidence } => {
            let mut row = vec![label.to_owned(), "not enough evidence".to_owned(), String::new()];
            row.push(number(evidence.lower_bound));
            row.extend([String::new(), String::new(), evidence.predicted.to_string()]);
            row
        }
    };
    Section {
        title: format!("Certified precision of {}", found.min_precision),
        lead: format!(
            "lowest threshold whose precision is at least {} with {:.0} % confidence, each \
             category by itself; coverage: share of the labels usually given that stay",
            found.min_precision,
            found.confidence * 100.0
        ),
        header: vec![
            "category",
            "threshold",
            "precision",
            "at least",
            "recall",
            "coverage",
            "predicted",
        ],
        rows: found.per_category.iter().map(row).collect(),
    }
}

fn confusion(errors: &Errors) -> Section {
    let name = |label: &Option<String>| label.clone().unwrap_or_else(|| "(nothing)".to_owned());
    let row = |confusion: &Confusion| {
        vec![name(&confusion.missed), name(&confusion.given), confusion.clauses.to_string()]
    };
    Section {
        title: "Confusion".to_owned(),
        lead: counted(errors.wrong, "clause", "clauses") + " with at least one wrong decision",
        header: vec!["missed", "given instead", "clauses"],
        rows: errors.confusion.iter().take(CONFUSIONS).map(row).collect(),
    }
}

/// A share with three decimals; `-` where there is none.
pub fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

/// An interval of shares.
pub fn interval(bounds: Option<[f64; 2]>) -> String {
    bounds.map_or_else(|| "-".to_owned(), |[low, high]| format!("{low:.3} to {high:.3}"))
}

fn signed(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:+.3}"))
}

fn signed_interval(difference: &Difference) -> String {
    let text = |[low, high]: [f64; 2]| format!("{low:+.3} to {high:+.3}");
    difference.ci.map_or_else(|| "-".to_owned(), text)
}
