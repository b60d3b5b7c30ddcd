//! Thresholds whose precision is certain enough.
//!
//! For each category the lowest threshold of a fixed grid that has a precision of at least p, at
//! 95 % confidence. That a threshold's precision falls short is tested exactly (the binomial tail
//! behind Clopper and Pearson's bound, Biometrika 1934). The choice among thresholds is corrected
//! for by fixed sequences with several starts (Angelopoulos, Bates, Candès, Jordan and Lei,
//! "Learn then Test", Annals of Applied Statistics 2025, section 2.3): each start has an equal part of
//! the 5 % and goes down the grid until a test fails. Neither grid nor starts look at the data.
//!
//! Clauses of one policy resemble each other, so the tests count no more clauses than independent
//! ones would say as much (Korn and Graubard, Survey Methodology 1998): their number divided by
//! the design effect over policies, never by less than one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::taxonomy::Taxonomy;

use super::binomial::{at_least, lower_bound};
use super::{EvalError, LabelMap, Scored};

/// What a category's certificate may be wrong.
const ALPHA: f64 = 0.05;
/// The grid: thresholds in hundredths, from the first start down to this one.
const LOWEST: u32 = 5;
/// Where sequences begin, in hundredths.
const STARTS: [u32; 5] = [95, 90, 80, 65, 50];
/// Policies that must have a predicted clause: fewer say nothing of how policies differ.
const MIN_POLICIES: usize = 5;

/// For each category, from which score on its precision is certified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certified {
    /// The precision that is certified.
    pub min_precision: f64,
    /// Each category alone is wrong with at most 1 minus this.
    pub confidence: f64,
    pub per_category: LabelMap<Certificate>,
}

/// What is certified of one category.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Certificate {
    /// From this score on the precision is high enough.
    Point(CertifiedPoint),
    /// Not enough evidence for any threshold.
    NotEnough { evidence: Evidence },
}

/// A certified threshold and what it gives on the clauses it was found on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CertifiedPoint {
    pub threshold: f32,
    /// As observed.
    pub precision: f64,
    /// Lower bound of the precision at this threshold alone, at the confidence left to it.
    pub lower_bound: f64,
    /// Of the gold clauses.
    pub recall: Option<f64>,
    /// Share of the labels that the ordinary thresholds give which are still given.
    pub coverage: Option<f64>,
    pub predicted: u64,
}

/// The best that the clauses say of a category without certificate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The highest lower bound among the starts; `None` when nothing was predicted there.
    pub lower_bound: Option<f64>,
    /// Clauses predicted there.
    pub predicted: u64,
}

impl Certificate {
    /// The certified threshold.
    pub fn threshold(&self) -> Option<f32> {
        match self {
            Self::Point(point) => Some(point.threshold),
            Self::NotEnough { .. } => None,
        }
    }
}

impl Certified {
    /// Looks for the lowest threshold of each category; `rows` must not have served to train the
    /// model. Coverage is of the labels in [`Scored::predicted`].
    ///
    /// # Errors
    /// [`EvalError::MinPrecision`] unless it lies strictly between 0 and 1.
    pub fn of(taxonomy: &Taxonomy, rows: &[Scored], min_precision: f64) -> Result<Self, EvalError> {
        if !(min_precision > 0.0 && min_precision < 1.0) {
            return Err(EvalError::MinPrecision);
        }
        let category = |class| Sample::of(rows, class).certify(min_precision);
        Ok(Self {
            min_precision,
            confidence: 1.0 - ALPHA,
            per_category: LabelMap::new(taxonomy, (0..taxonomy.len()).map(category)),
        })
    }
}

/// The clauses of one category, sorted so that each threshold's are a prefix.
struct Sample {
    /// Score, gold, policy, from the highest score down.
    clauses: Vec<(f32, bool, usize)>,
    policies: usize,
    positives: u64,
    /// Scores of the clauses that the ordinary threshold gives the label to.
    given: Vec<f32>,
}

/// What a threshold gives, as the tests count it.
#[derive(Clone, Copy)]
struct Outcome {
    hits: u64,
    predicted: u64,
    /// Independent clauses that would say as much.
    effective: f64,
    policies: usize,
}

impl Sample {
    fn of(rows: &[Scored], class: usize) -> Self {
        let mut policies: BTreeMap<&str, usize> = BTreeMap::new();
        let mut clauses = Vec::with_capacity(rows.len());
        for row in rows {
            let next = policies.len();
            let policy = *policies.entry(&row.group).or_insert(next);
            let score = row.scores.get(class).copied().unwrap_or(0.0);
            clauses.push((score, row.gold.get(class) == Some(&true), policy));
        }
        clauses.sort_by(|a, b| b.0.total_cmp(&a.0));
        let given = rows.iter().filter(|row| row.predicted.get(class) == Some(&true));
        Self {
            policies: policies.len(),
            positives: clauses.iter().filter(|clause| clause.1).count() as u64,
            given: given.filter_map(|row| row.scores.get(class).copied()).collect(),
            clauses,
        }
    }

    fn certify(&self, min_precision: f64) -> Certificate {
        let alpha = ALPHA / STARTS.len() as f64;
        let passes = |step: &u32| self.outcome(hundredths(*step)).passes(min_precision, alpha);
        let sequences =
            STARTS.iter().map(|&start| (LOWEST..=start).rev().take_while(passes).last());
        match sequences.flatten().min() {
            Some(step) => Certificate::Point(self.point(hundredths(step), alpha)),
            None => Certificate::NotEnough { evidence: self.evidence(alpha) },
        }
    }

    fn point(&self, threshold: f32, alpha: f64) -> CertifiedPoint {
        let outcome = self.outcome(threshold);
        let kept = self.given.iter().filter(|&&score| score >= threshold).count();
        let share = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
        CertifiedPoint {
            threshold,
            precision: outcome.precision(),
            lower_bound: outcome.bound(alpha),
            recall: share(outcome.hits as f64, self.positives as f64),
            coverage: share(kept as f64, self.given.len() as f64),
            predicted: outcome.predicted,
        }
    }

    fn evidence(&self, alpha: f64) -> Evidence {
        let outcomes = STARTS.iter().map(|&start| self.outcome(hundredths(start)));
        let used = outcomes.filter(|outcome| outcome.predicted > 0);
        let best = used.max_by(|a, b| a.bound(alpha).total_cmp(&b.bound(alpha)));
        Evidence {
            lower_bound: best.map(|outcome| outcome.bound(alpha)),
            predicted: best.map_or(0, |outcome| outcome.predicted),
        }
    }

    fn outcome(&self, threshold: f32) -> Outcome {
        let end = self.clauses.partition_point(|clause| clause.0 >= threshold);
        let mut policies = vec![(0_u32, 0_u32); self.policies];
        for &(_, gold, policy) in &self.clauses[..end] {
            policies[policy].0 += u32::from(gold);
            policies[policy].1 += 1;
        }
        policies.retain(|(_, predicted)| *predicted > 0);
        let hits: u64 = policies.iter().map(|(hits, _)| u64::from(*hits)).sum();
        let predicted = end as u64;
        let effective = predicted as f64 / design_effect(&policies, hits, predicted);
        Outcome { hits, predicted, effective, policies: policies.len() }
    }
}

impl Outcome {
    /// Whether a precision below `min_precision` is refuted.
    fn passes(&self, min_precision: f64, alpha: f64) -> bool {
        let hits = self.precision() * self.effective;
        self.policies >= MIN_POLICIES && at_least(hits, self.effective, min_precision) <= alpha
    }

    fn bound(&self, alpha: f64) -> f64 {
        lower_bound(self.precision() * self.effective, self.effective, alpha)
    }

    fn precision(&self) -> f64 {
        if self.predicted == 0 { 0.0 } else { self.hits as f64 / self.predicted as f64 }
    }
}

/// How many times larger the variance of the precision is than among independent clauses: that of
/// a ratio over policies by linearisation, against the binomial one. At least 1; 1 where there is
/// no variance to see.
fn design_effect(policies: &[(u32, u32)], hits: u64, predicted: u64) -> f64 {
    let (count, n) = (policies.len() as f64, predicted as f64);
    let ratio = hits as f64 / n.max(1.0);
    let binomial = n * ratio * (1.0 - ratio);
    if count < 2.0 || binomial <= 0.0 {
        return 1.0;
    }
    let residual =
        |&(hits, predicted): &(u32, u32)| (f64::from(hits) - ratio * f64::from(predicted)).powi(2);
    let between = policies.iter().map(residual).sum::<f64>() * count / (count - 1.0);
    (between / binomial).max(1.0)
}

fn hundredths(step: u32) -> f32 {
    step as f32 / 100.0
}

#[cfg(test)]
mod tests;
