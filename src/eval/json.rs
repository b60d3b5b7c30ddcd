//! The report as JSON.

use super::Report;

/// The report as indented JSON without a final line break; fields as in the documentation of
/// `eval --format json`.
pub fn json(report: &Report) -> String {
    // Strings and numbers only: nothing in a report can fail to serialize.
    serde_json::to_string_pretty(report).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::report::tests::sample;

    fn keys(value: &serde_json::Value) -> Vec<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn field_names_are_the_contract() {
        let value: serde_json::Value = serde_json::from_str(&json(&sample(12))).unwrap();
        assert_eq!(
            keys(&value),
            [
                "model",
                "dataset",
                "documents",
                "clauses",
                "thresholds",
                "per_category",
                "micro avg",
                "macro avg",
                "weighted avg",
                "samples avg",
                "ten_categories",
                "calibration",
                "human",
                "notes"
            ]
        );
        let figures = [
            "precision",
            "recall",
            "f1",
            "support",
            "predicted",
            "precision_ci",
            "recall_ci",
            "f1_ci",
        ];
        assert_eq!(keys(&value["per_category"]["Data Security"]), figures);
        assert_eq!(keys(&value["ten_categories"]), ["micro avg", "macro avg"]);
        assert_eq!(keys(&value["ten_categories"]["macro avg"]), figures);
        assert_eq!(keys(&value["per_category"])[..2], keys(&value["thresholds"])[..2]);
        assert_eq!(value["thresholds"]["Do Not Track"].to_string(), "0.3");
    }

    #[test]
    fn undefined_figures_are_null() {
        let value: serde_json::Value = serde_json::from_str(&json(&sample(12))).unwrap();
        let track = &value["per_category"]["Do Not Track"];
        assert!(track["precision"].is_null() && track["recall"].is_null());
        assert!(track["precision_ci"].is_null());
        assert!(value["per_category"]["Data Security"]["precision"].is_null());
        assert_eq!(value["per_category"]["Data Security"]["recall"], 0.0);
    }

    #[test]
    fn a_report_can_be_read_back() {
        // Numbers with many digits come back up to their last one only.
        let report = Report { calibration: None, ..sample(2) };
        assert_eq!(serde_json::from_str::<Report>(&json(&report)).unwrap(), report);
    }
}
