//! Scores of inputs seen before: policies repeat each other's clauses word for word.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use crate::model::Tokens;

/// Ids of an input, and where its second part begins.
type Key = Box<[u32]>;

/// Remembers the scores of up to twice `capacity` inputs; what was not asked for lately goes.
#[derive(Debug)]
pub struct Cache {
    generations: Mutex<Generations>,
    capacity: usize,
}

/// The younger half takes new entries; once it is full it becomes the older half, which goes.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Key, Vec<f32>>,
    old: HashMap<Key, Vec<f32>>,
}

impl Cache {
    /// A cache for at least `capacity` inputs; with 0 it remembers nothing.
    pub fn new(capacity: usize) -> Self {
        Self { generations: Mutex::default(), capacity }
    }

    /// The scores of an input seen before.
    pub fn get(&self, tokens: &Tokens) -> Option<Vec<f32>> {
        if self.capacity == 0 {
            return None;
        }
        let key = key(tokens);
        let mut generations = self.lock();
        if let Some(scores) = generations.young.get(&key) {
            return Some(scores.clone());
        }
        let scores = generations.old.remove(&key)?;
        self.put(&mut generations, key, scores.clone());
        Some(scores)
    }

    /// Remembers the scores of an input.
    pub fn insert(&self, tokens: &Tokens, scores: &[f32]) {
        if self.capacity > 0 {
            self.put(&mut self.lock(), key(tokens), scores.to_vec());
        }
    }

    fn put(&self, generations: &mut Generations, key: Key, scores: Vec<f32>) {
        if generations.young.len() >= self.capacity {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(key, scores);
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn key(tokens: &Tokens) -> Key {
    let first = u32::try_from(tokens.first).unwrap_or(u32::MAX);
    tokens.ids.iter().copied().chain([first]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(id: u32, first: usize) -> Tokens {
        Tokens { ids: vec![101, id, 102], first, truncated: false }
    }

    #[test]
    fn an_input_is_remembered_with_its_second_part() {
        let cache = Cache::new(10);
        cache.insert(&tokens(7, 3), &[0.5]);
        assert_eq!(cache.get(&tokens(7, 3)), Some(vec![0.5]));
        assert_eq!(cache.get(&tokens(7, 2)), None);
        assert_eq!(cache.get(&tokens(8, 3)), None);
    }

    #[test]
    fn it_stays_within_bounds_and_keeps_what_is_asked_for() {
        let cache = Cache::new(10);
        for id in 0..1000 {
            cache.insert(&tokens(id, 3), &[id as f32]);
            assert!(cache.get(&tokens(0, 3)).is_some(), "{id}");
        }
        let generations = cache.lock();
        assert!(generations.young.len() + generations.old.len() <= 20);
    }

    #[test]
    fn without_capacity_nothing_is_remembered() {
        let cache = Cache::new(0);
        cache.insert(&tokens(7, 3), &[0.5]);
        assert_eq!(cache.get(&tokens(7, 3)), None);
    }
}
