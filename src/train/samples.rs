//! Examples → tokenised samples, and the order in which an epoch sees them.

use super::{Source, Targets, TrainError};
use crate::dataset::Example;
use crate::label::Input;
use crate::model::{TokenEncoder, Tokens};
use crate::random::Random;
use crate::taxonomy::Taxonomy;

/// Votes that make a majority of three annotators.
const MAJORITY: f32 = 2.0;

/// Batches whose examples are drawn together and sorted by length.
const POOL: usize = 48;

/// One example, ready for the encoder.
#[derive(Debug, Clone)]
pub struct Sample {
    /// With context.
    pub tokens: Tokens,
    /// Without.
    pub bare: Tokens,
    /// Target per label, 0 to 1.
    pub targets: Vec<f32>,
    /// Weight in the loss.
    pub weight: f32,
}

/// Tokenises examples as `source` says.
///
/// # Errors
/// [`TrainError`] when the tokenizer fails, or votes are asked for and missing.
pub fn samples(
    examples: &[Example],
    source: &Source,
    taxonomy: &Taxonomy,
    encoder: &TokenEncoder,
) -> Result<Vec<Sample>, TrainError> {
    examples
        .iter()
        .map(|example| {
            let blank = if example.labels.is_empty() { source.unlabelled } else { 1.0 };
            Ok(Sample {
                tokens: encoder.encode(&Input::from(example))?,
                bare: encoder.encode(&Input { text: &example.text, ..Input::default() })?,
                targets: targets(example, source.targets, taxonomy)?,
                weight: source.weight * blank,
            })
        })
        .collect()
}

fn targets(
    example: &Example,
    targets: Targets,
    taxonomy: &Taxonomy,
) -> Result<Vec<f32>, TrainError> {
    let mut values = vec![0.0; taxonomy.len()];
    let mut set = |label: &str, value: f32| match taxonomy.resolve(label) {
        Some(index) => {
            values[index] = value;
            Ok(())
        }
        None => Err(TrainError::Data(format!("example {}: unknown label {label:?}", example.id))),
    };
    if targets == Targets::Labels {
        for label in &example.labels {
            set(label, 1.0)?;
        }
        return Ok(values);
    }
    let annotators = example.annotators.filter(|n| *n > 0).ok_or_else(|| {
        let message = format!("example {}: targets from votes need `annotators`", example.id);
        TrainError::Data(message)
    })?;
    let whole = if targets == Targets::Votes { annotators as f32 } else { MAJORITY };
    for (label, votes) in &example.votes {
        set(label, (*votes as f32 / whole).min(1.0))?;
    }
    Ok(values)
}

/// The batches of one epoch as sample indices: every sample once, samples of a batch alike in
/// length, batches in random order. The same seed and epoch give the same plan.
pub fn plan(lengths: &[usize], batch: usize, random: &mut Random) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    random.shuffle(&mut order);
    let mut batches = Vec::with_capacity(lengths.len() / batch + 1);
    for pool in order.chunks_mut(batch * POOL) {
        pool.sort_by_key(|index| lengths[*index]);
        batches.extend(pool.chunks(batch).map(<[usize]>::to_vec));
    }
    random.shuffle(&mut batches);
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn example(labels: &[&str], votes: &[(&str, u32)]) -> Example {
        Example {
            id: "a/1".into(),
            group: "a".into(),
            text: "We keep it.".into(),
            labels: labels.iter().map(|l| l.to_string()).collect(),
            votes: votes.iter().map(|(l, n)| (l.to_string(), *n)).collect::<BTreeMap<_, _>>(),
            annotators: Some(3),
            ..Example::default()
        }
    }

    #[test]
    fn targets_follow_labels_or_votes() {
        let taxonomy = Taxonomy::opp115();
        let example = example(&["Data Retention"], &[("Data Retention", 3), ("Data Security", 1)]);
        let at = |kind| {
            let values = targets(&example, kind, &taxonomy).unwrap();
            (values[4], values[5], values.iter().sum::<f32>())
        };
        assert_eq!(at(Targets::Labels), (1.0, 0.0, 1.0));
        assert_eq!(at(Targets::Votes), (1.0, 1.0 / 3.0, 1.0 + 1.0 / 3.0));
        assert_eq!(at(Targets::MajorityVotes), (1.0, 0.5, 1.5));
    }

    #[test]
    fn unknown_labels_name_the_example() {
        let error = targets(&example(&["Fees"], &[]), Targets::Labels, &Taxonomy::opp115());
        assert!(error.unwrap_err().to_string().contains("a/1"));
    }

    #[test]
    fn a_plan_holds_every_sample_once_in_batches_of_like_length() {
        let lengths: Vec<usize> = (0..1000).map(|i| 5 + (i * 7919) % 200).collect();
        let batches = plan(&lengths, 16, &mut Random::new(5));
        let mut all: Vec<usize> = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
        let spread = |b: &Vec<usize>| {
            let lengths = b.iter().map(|i| lengths[*i]);
            lengths.clone().max().unwrap() - lengths.min().unwrap()
        };
        let mean = batches.iter().map(spread).sum::<usize>() / batches.len();
        assert!(mean < 20, "{mean}");
        assert_eq!(batches, plan(&lengths, 16, &mut Random::new(5)));
        assert_ne!(batches, plan(&lengths, 16, &mut Random::new(6)));
    }
}
