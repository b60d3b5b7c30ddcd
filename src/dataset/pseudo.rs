//! Texts that nobody labelled → examples whose targets are the scores of models.
//!
//! Self-training with soft targets (Hinton et al. 2015, "Distilling the knowledge in a neural
//! network"; Xie et al. 2020, "Self-training with noisy student").

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::RangeInclusive;

use super::Example;
use crate::random::Random;
use crate::taxonomy::Taxonomy;

/// Words in a row that two texts must not share when one of them is to stay unseen.
const SHARED_WORDS: usize = 8;

/// What mean scores are counted in: a vote is a hundredth.
const ANNOTATORS: u32 = 100;

/// A label that more than this share of the texts has is common.
const COMMON: f64 = 0.1;

/// Which texts are taken.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Characters of a text.
    pub length: RangeInclusive<usize>,
    /// Most texts of one group.
    pub per_group: usize,
    /// Most texts in all.
    pub limit: usize,
    /// Seed of the draw.
    pub seed: u64,
}

/// Gathers different texts that share no passage with those which must stay unseen.
#[derive(Debug)]
pub struct TextPool {
    selection: Selection,
    barred: HashSet<String>,
    known: HashSet<String>,
    examples: Vec<Example>,
}

impl TextPool {
    /// A pool without anything from `unseen`: data that models will be judged on.
    pub fn new(selection: Selection, unseen: &[Example]) -> Self {
        let barred = unseen.iter().flat_map(|example| passages(&example.text)).collect();
        Self { selection, barred, known: HashSet::new(), examples: Vec::new() }
    }

    /// Takes the example if its text is new and wanted.
    pub fn offer(&mut self, example: Example) {
        let length = example.text.chars().count();
        if self.selection.length.contains(&length)
            && self.known.insert(example.text.clone())
            && passages(&example.text).iter().all(|passage| !self.barred.contains(passage))
        {
            self.examples.push(example);
        }
    }

    /// Texts taken so far.
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.examples.is_empty()
    }

    /// Draws at random, at most so many of a group and in all as the selection says.
    pub fn draw(self) -> Vec<Example> {
        let Self { selection, mut examples, .. } = self;
        Random::new(selection.seed).shuffle(&mut examples);
        let mut of_group: HashMap<String, usize> = HashMap::new();
        examples.retain(|example| {
            let taken = of_group.entry(example.group.clone()).or_default();
            *taken += 1;
            *taken <= selection.per_group
        });
        examples.truncate(selection.limit);
        examples
    }
}

/// Every run of [`SHARED_WORDS`] words, lower case, without punctuation.
fn passages(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric() && c != '\'');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.windows(SHARED_WORDS).map(|window| window.join(" ")).collect()
}

/// Sets labels and votes of each example from the scores that each model gave it, by class index:
/// the mean in hundredths becomes the votes, and a mean of at least one half a label.
pub fn vote_by_scores(examples: &mut [Example], models: &[Vec<Vec<f32>>], taxonomy: &Taxonomy) {
    for (i, example) in examples.iter_mut().enumerate() {
        let mean = |class: usize| {
            models.iter().map(|scores| scores[i][class]).sum::<f32>() / models.len() as f32
        };
        let means: Vec<f32> = (0..taxonomy.len()).map(mean).collect();
        let named = || taxonomy.names().iter().zip(&means);
        let votes = named().map(|(name, mean)| (name.clone(), hundredths(*mean)));
        example.votes = votes.filter(|(_, votes)| *votes > 0).collect();
        example.labels = named().filter(|(_, m)| **m >= 0.5).map(|(n, _)| n.clone()).collect();
        example.annotators = Some(ANNOTATORS);
    }
}

fn hundredths(share: f32) -> u32 {
    (share * ANNOTATORS as f32).round().clamp(0.0, ANNOTATORS as f32) as u32
}

/// Keeps only the share `keep` of the examples that have nothing but common labels (or none), so
/// that rare ones weigh more.
pub fn thin_common(examples: &mut Vec<Example>, keep: f64, seed: u64) {
    let mut support: BTreeMap<String, usize> = BTreeMap::new();
    for label in examples.iter().flat_map(|example| &example.labels) {
        *support.entry(label.clone()).or_default() += 1;
    }
    let common = examples.len() as f64 * COMMON;
    let mut random = Random::new(seed);
    examples.retain(|example| {
        let rare = example.labels.iter().any(|label| support[label] as f64 <= common);
        rare || f64::from(random.uniform()) < keep
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(group: &str, text: &str) -> Example {
        Example { group: group.to_owned(), text: text.to_owned(), ..Example::default() }
    }

    fn selection() -> Selection {
        Selection { length: 10..=200, per_group: 2, limit: 3, seed: 1 }
    }

    #[test]
    fn no_passage_of_unseen_texts_is_taken() {
        let unseen = example("x", "We keep your order for ten years, as tax law asks of us.");
        let mut pool = TextPool::new(selection(), &[unseen]);
        // Other case and punctuation, but nine words in a row.
        pool.offer(example("a", "Note: we KEEP your order for ten years as tax advisers do."));
        assert!(pool.is_empty());
        pool.offer(example("a", "We keep your order for ten months, as tax law asks of us."));
        assert_eq!(pool.len(), 1);
    }

    #[test]
    fn texts_are_different_and_of_the_length_wanted() {
        let mut pool = TextPool::new(selection(), &[]);
        for text in ["We log visits.", "We log visits.", "Too short", &"long ".repeat(60)] {
            pool.offer(example("a", text));
        }
        assert_eq!(pool.draw(), [example("a", "We log visits.")]);
    }

    #[test]
    fn no_group_gives_more_than_its_share() {
        let mut pool = TextPool::new(selection(), &[]);
        for i in 0..20 {
            pool.offer(example(
                if i < 19 { "large" } else { "small" },
                &format!("sentence {i:03}"),
            ));
        }
        let drawn = pool.draw();
        let groups: Vec<&str> = drawn.iter().map(|example| example.group.as_str()).collect();
        assert_eq!(drawn.len(), 3);
        assert_eq!(groups.iter().filter(|group| **group == "large").count(), 2);
    }

    #[test]
    fn mean_scores_become_votes() {
        let taxonomy = Taxonomy::new(vec!["A".into(), "B".into(), "C".into()]);
        let mut examples = [example("a", "text")];
        let models = [vec![vec![0.9, 0.3, 0.001]], vec![vec![0.7, 0.5, 0.003]]];
        vote_by_scores(&mut examples, &models, &taxonomy);
        assert_eq!(examples[0].labels, ["A"]);
        let votes: Vec<_> = examples[0].votes.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        assert_eq!(votes, [("A", 80), ("B", 40)]);
        assert_eq!(examples[0].annotators, Some(100));
    }

    #[test]
    fn examples_with_a_rare_label_all_stay() {
        let mut examples: Vec<Example> = (0..200)
            .map(|i| {
                let labels = if i % 20 == 0 { vec!["Rare".into()] } else { vec!["Often".into()] };
                Example { labels, ..example("a", "text") }
            })
            .collect();
        thin_common(&mut examples, 0.5, 1);
        let rare = examples.iter().filter(|example| example.labels == ["Rare"]).count();
        assert_eq!(rare, 10);
        assert!((70..=120).contains(&(examples.len() - rare)), "{}", examples.len());
    }
}
