//! The encoder on plain slices: packed tokens in, scores out.

pub mod attention;
mod cache;
mod forward;
pub mod kernel;
pub mod math;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub use cache::Cache;
pub use forward::{Engine, Network};

use crate::model::{Config, ModelError, Tokens, Weights};

/// Tokens of one forward pass: enough to keep the products busy, little enough for the cache.
const CHUNK_TOKENS: usize = 256;

/// Which kernel to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// The fastest one of this CPU.
    #[default]
    Auto,
    /// f32, on any CPU.
    Portable,
    /// bf16 factors on the AMX units of x86-64.
    Amx,
}

/// Makes a classifier ready to run.
///
/// # Errors
/// [`ModelError::Weights`] for a tensor that is missing or has another shape, and
/// [`ModelError::Kernel`] when this CPU cannot run the kernel that was asked for.
pub fn load(
    config: &Config,
    weights: Weights,
    choice: Choice,
) -> Result<Box<dyn Engine>, ModelError> {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if choice != Choice::Portable
        && let Some(amx) = kernel::Amx::detect()
    {
        return Ok(Box::new(Network::load(amx, config, weights)?));
    }
    if choice == Choice::Amx {
        return Err(ModelError::Kernel("amx"));
    }
    Ok(Box::new(Network::load(kernel::Portable, config, weights)?))
}

/// Scores by input and label, 0 to 1; a score depends on its own input alone.
///
/// Of equal inputs one is run, and those in `cache` are not run at all. The others are packed into
/// chunks, the longest first, so that the threads end together, and run on `threads` threads.
pub fn scores(
    engine: &dyn Engine,
    inputs: &[&Tokens],
    threads: usize,
    cache: Option<&Cache>,
) -> Vec<Vec<f32>> {
    let mut results: Vec<Vec<f32>> = inputs
        .iter()
        .map(|tokens| cache.and_then(|cache| cache.get(tokens)).unwrap_or_default())
        .collect();
    let mut order: Vec<usize> = (0..inputs.len()).filter(|i| results[*i].is_empty()).collect();
    // Equal inputs stand side by side, shorter ones first.
    let key = |index: &usize| (inputs[*index].ids.len(), &inputs[*index].ids, inputs[*index].first);
    order.sort_by(|a, b| key(a).cmp(&key(b)));
    let mut unique = order.clone();
    unique.dedup_by(|a, b| key(a) == key(b));
    for (index, scores) in run(engine, inputs, &unique, threads) {
        if let Some(cache) = cache {
            cache.insert(inputs[index], &scores);
        }
        results[index] = scores;
    }
    for pair in order.windows(2) {
        if results[pair[1]].is_empty() {
            results[pair[1]] = results[pair[0]].clone();
        }
    }
    results
}

/// Scores of the inputs in `order`, by index.
fn run(
    engine: &dyn Engine,
    inputs: &[&Tokens],
    order: &[usize],
    threads: usize,
) -> Vec<(usize, Vec<f32>)> {
    let chunks = chunks(order, inputs);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut results = Vec::new();
        while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let batch: Vec<&Tokens> = chunk.iter().map(|index| inputs[*index]).collect();
            let logits = engine.logits(&batch);
            let labels = logits.len() / batch.len();
            let scores = logits.chunks_exact(labels.max(1));
            results.extend(chunk.iter().zip(scores).map(|(index, logits)| {
                (*index, logits.iter().map(|z| math::sigmoid(*z)).collect())
            }));
        }
        results
    };
    thread::scope(|scope| {
        let helpers: Vec<_> =
            (1..threads.clamp(1, chunks.len().max(1))).map(|_| scope.spawn(work)).collect();
        let mut results = work();
        for helper in helpers {
            match helper.join() {
                Ok(more) => results.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}

/// Packs inputs into chunks of [`CHUNK_TOKENS`] tokens: the longest that there is still room for,
/// again and again. Products take rows by the tile, of which chunks that are not full waste some.
fn chunks(order: &[usize], inputs: &[&Tokens]) -> Vec<Vec<usize>> {
    let mut left: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &index in order {
        left.entry(inputs[index].ids.len()).or_default().push(index);
    }
    let mut chunks = Vec::new();
    while let Some((&longest, _)) = left.last_key_value() {
        let mut room = CHUNK_TOKENS.max(longest);
        let mut chunk = Vec::new();
        while let Some((&len, indices)) = left.range_mut(..=room).next_back() {
            chunk.extend(indices.pop());
            if indices.is_empty() {
                left.remove(&len);
            }
            room -= len;
        }
        chunks.push(chunk);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_filled_and_hold_every_input_once() {
        let lengths: Vec<usize> = (0..400).map(|i| 3 + i * 37 % 90).chain([500, 256]).collect();
        let tokens: Vec<Tokens> = lengths
            .iter()
            .map(|len| Tokens { ids: vec![0; *len], first: *len, truncated: false })
            .collect();
        let inputs: Vec<&Tokens> = tokens.iter().collect();
        let order: Vec<usize> = (0..tokens.len()).collect();
        let chunks = chunks(&order, &inputs);
        let mut held = chunks.concat();
        held.sort_unstable();
        assert_eq!(held, order);
        let sizes: Vec<usize> =
            chunks.iter().map(|chunk| chunk.iter().map(|i| lengths[*i]).sum()).collect();
        assert_eq!(sizes[..2], [500, 256]);
        let (last, full) = sizes[2..].split_last().unwrap();
        assert!(full.iter().all(|size| (250..=CHUNK_TOKENS).contains(size)), "{sizes:?}");
        assert!(*last <= CHUNK_TOKENS);
        assert_eq!(super::chunks(&[], &[]), Vec::<Vec<usize>>::new());
    }
}
