//! The encoder on plain slices: packed tokens in, scores out.

pub mod attention;
mod forward;
pub mod kernel;
pub mod math;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub use forward::Network;

use crate::model::Tokens;
use kernel::Kernel;

/// Tokens of one forward pass: enough to keep the products busy, little enough for the cache.
const CHUNK_TOKENS: usize = 768;

/// Scores by input and label, 0 to 1.
///
/// Inputs are sorted by length, cut into chunks, and run on `threads` threads; a score depends on
/// its own input alone.
pub fn scores(
    network: &Network,
    inputs: &[&Tokens],
    kernel: &dyn Kernel,
    threads: usize,
) -> Vec<Vec<f32>> {
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    order.sort_by_key(|index| inputs[*index].ids.len());
    let chunks = chunks(&order, inputs);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![Vec::new(); inputs.len()]);
    let work = || {
        while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let batch: Vec<&Tokens> = chunk.iter().map(|index| inputs[*index]).collect();
            let logits = network.logits(&batch, kernel);
            let labels = logits.len() / batch.len();
            let mut results = results.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            for (index, logits) in chunk.iter().zip(logits.chunks_exact(labels)) {
                results[*index] = logits.iter().map(|z| math::sigmoid(*z)).collect();
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.max(1).min(chunks.len().max(1)) {
            scope.spawn(work);
        }
        work();
    });
    results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Cuts inputs into runs of about [`CHUNK_TOKENS`] tokens.
fn chunks<'a>(order: &'a [usize], inputs: &[&Tokens]) -> Vec<&'a [usize]> {
    let mut chunks = Vec::new();
    let (mut first, mut tokens) = (0, 0);
    for (i, index) in order.iter().enumerate() {
        let len = inputs[*index].ids.len();
        if tokens > 0 && tokens + len > CHUNK_TOKENS {
            chunks.push(&order[first..i]);
            (first, tokens) = (i, 0);
        }
        tokens += len;
    }
    if first < order.len() {
        chunks.push(&order[first..]);
    }
    chunks
}
