//! One more layer that starts out as mean pooling.
//!
//! Sentence encoders are trained for the mean over all tokens, a BERT classifier reads `[CLS]`
//! alone. A further encoder layer bridges the two within the standard architecture: its attention
//! starts (nearly) uniform with the identity as value, so that `[CLS]` leaves it as the mean over
//! the tokens, and the pooler starts as a tanh of that. All of it is then trained.

use serde_json::Value;

use crate::model::{Config, Tensor, Weights};
use crate::random::Random;

/// Weight of the mean against the token's own state.
const MEAN: f32 = 4.0;

/// Slope of the pooler at the start: layer norm gives values around 1, tanh is linear below.
const POOLER: f32 = 0.5;

/// Standard deviation of the weights that start near zero (at zero, queries and keys would have
/// no gradient).
const NOISE: f32 = 0.02;

/// The encoder with one more layer, drawn from `seed`.
pub fn with_mean_layer(config: &Config, weights: &Weights, seed: u64) -> (Config, Weights) {
    let (mut config, mut weights) = (config.clone(), weights.clone());
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    let layer = config.num_hidden_layers;
    config.num_hidden_layers += 1;
    config.rest.insert("mean_layer".to_owned(), Value::Bool(true));
    let mut random = Random::new(seed);
    let mut noise = |rows: usize, cols: usize| {
        let values = (0..rows * cols).map(|_| random.normal() * NOISE).collect();
        Tensor::new(vec![rows, cols], values)
    };
    let matrices = [
        ("attention.self.query", noise(hidden, hidden)),
        ("attention.self.key", noise(hidden, hidden)),
        ("attention.self.value", diagonal(hidden, 1.0)),
        ("attention.output.dense", diagonal(hidden, MEAN)),
        ("intermediate.dense", noise(inner, hidden)),
        ("output.dense", constant(&[hidden, inner], 0.0)),
    ];
    let mut set = |name: String, tensor: Tensor| weights.0.insert(name, tensor);
    for (part, matrix) in matrices {
        let name = format!("encoder.layer.{layer}.{part}");
        set(format!("{name}.bias"), constant(&matrix.shape()[..1], 0.0));
        set(format!("{name}.weight"), matrix);
    }
    for part in ["attention.output.LayerNorm", "output.LayerNorm"] {
        let name = format!("encoder.layer.{layer}.{part}");
        set(format!("{name}.weight"), constant(&[hidden], 1.0));
        set(format!("{name}.bias"), constant(&[hidden], 0.0));
    }
    set("pooler.dense.weight".to_owned(), diagonal(hidden, POOLER));
    set("pooler.dense.bias".to_owned(), constant(&[hidden], 0.0));
    (config, weights)
}

fn constant(shape: &[usize], value: f32) -> Tensor {
    Tensor::new(shape.to_vec(), vec![value; shape.iter().product()])
}

fn diagonal(size: usize, value: f32) -> Tensor {
    let mut values = vec![0.0; size * size];
    for i in 0..size {
        values[i * size + i] = value;
    }
    Tensor::new(vec![size, size], values)
}
