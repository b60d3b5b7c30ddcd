//! The trainable network against finite differences and against candle's own BERT.

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config as CandleConfig};

use super::head::Targets;
use super::network::{Network, Worker};
use super::optimizer::{AdamW, Rates};
use super::parameters::Parameters;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use crate::encoder::kernel::Amx;
use crate::encoder::kernel::{Kernel, Portable};
use crate::encoder::math::Dropout;
use crate::encoder::{Choice, load};
use crate::model::{self, Config, Decision, Tokens, Weights, encoder_shapes};
use crate::random::Random;
use crate::taxonomy::Taxonomy;

fn config(hidden: usize, layers: usize) -> Config {
    let json = format!(
        r#"{{"model_type":"bert","vocab_size":40,"hidden_size":{hidden},
        "num_hidden_layers":{layers},"num_attention_heads":2,"intermediate_size":{},
        "max_position_embeddings":64,"type_vocab_size":2}}"#,
        hidden * 2
    );
    let taxonomy = Taxonomy::new(["a", "b", "c"].map(str::to_owned).to_vec());
    Config::parse(json.as_bytes()).unwrap().with_classifier(&taxonomy, Decision::default())
}

/// Random weights, larger than a trained model's, so that every gradient is well away from 0.
fn weights(config: &Config) -> Weights {
    let mut random = Random::new(11);
    let mut weights = Weights::default();
    let mut shapes = encoder_shapes(config);
    shapes.push(("classifier.weight".into(), vec![3, config.hidden_size]));
    shapes.push(("classifier.bias".into(), vec![3]));
    for (name, shape) in shapes {
        let offset = if name.ends_with("LayerNorm.weight") { 1.0 } else { 0.0 };
        let n = shape.iter().product();
        let data = (0..n).map(|_| offset + random.normal() * 0.3).collect();
        weights.0.insert(name, model::Tensor::new(shape, data));
    }
    weights
}

fn inputs() -> Vec<Tokens> {
    let tokens = |ids: &[u32], first| Tokens { ids: ids.to_vec(), first, truncated: false };
    vec![tokens(&[2, 7, 9, 3], 4), tokens(&[2, 5, 3, 30, 31, 3], 3), tokens(&[2, 3], 2)]
}

fn network<K: Kernel>(kernel: K, config: &Config, weights: &Weights) -> Network<K> {
    Network::new(kernel, config, Parameters::new(config, weights, 1).unwrap())
}

/// Loss and gradients of three inputs.
fn run<K: Kernel>(network: &Network<K>, rate: f32) -> (f32, Vec<f32>) {
    let inputs = inputs();
    let inputs: Vec<&Tokens> = inputs.iter().collect();
    let targets = Targets {
        targets: vec![1.0, 0.0, 0.3, 0.0, 1.0, 0.0, 0.7, 0.0, 1.0],
        weights: vec![0.5, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 0.3, 1.0],
    };
    let mut worker = Worker::new(network);
    let loss = network.run(&inputs, &targets, Dropout { rate, seed: 5 }, &mut worker).unwrap();
    (loss, worker.gradients)
}

#[test]
fn gradients_match_finite_differences() {
    let config = config(8, 2);
    let weights = weights(&config);
    let network = network(Portable, &config, &weights);
    let (_, gradients) = run(&network, 0.1);
    let step = 4e-3f32;
    for entry in &network.parameters.layout.entries {
        let gradient = &gradients[entry.range.clone()];
        let size = gradient.iter().map(|g| g * g).sum::<f32>().sqrt().max(1e-3);
        for index in (0..gradient.len()).step_by(gradient.len() / 12 + 1) {
            let at = |delta: f32| {
                let mut parameters = network.parameters.clone();
                parameters.values[entry.range.start + index] += delta;
                run(&Network::new(Portable, &config, parameters), 0.1).0
            };
            let numeric = (at(step) - at(-step)) / (2.0 * step);
            let error = (numeric - gradient[index]).abs() / size;
            // A key's bias moves all scores of a row alike, so its gradient is 0 and noise remains.
            assert!(error < 2e-2 || entry.name.ends_with("key.bias"), "{}: {error}", entry.name);
        }
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[test]
fn the_gradients_of_amx_are_those_of_the_portable_kernel() {
    let Some(amx) = Amx::detect() else { return };
    // Heads of 32 values take the tiles.
    let config = config(64, 2);
    let mut weights = weights(&config);
    for tensor in weights.0.values_mut() {
        let values = tensor.values().iter().map(|value| value * 0.5).collect();
        *tensor = model::Tensor::new(tensor.shape().to_vec(), values);
    }
    let exact = network(Portable, &config, &weights);
    let ((loss, truth), (rounded, found)) =
        (run(&exact, 0.1), run(&network(amx, &config, &weights), 0.1));
    assert!((loss - rounded).abs() < 2e-2 * loss, "{loss} {rounded}");
    for entry in &exact.parameters.layout.entries {
        let (truth, found) = (&truth[entry.range.clone()], &found[entry.range.clone()]);
        let norm = |values: &[f32]| values.iter().map(|v| v * v).sum::<f32>().sqrt();
        let difference: Vec<f32> = truth.iter().zip(found).map(|(a, b)| a - b).collect();
        let error = norm(&difference) / norm(truth).max(1e-3);
        assert!(error < 5e-2 || entry.name.ends_with("key.bias"), "{}: {error}", entry.name);
    }
}

#[test]
fn every_parameter_moves() {
    let config = config(8, 2);
    let mut network = network(Portable, &config, &weights(&config));
    let before = network.parameters.weights();
    let (_, mut gradients) = run(&network, 0.1);
    let rates = Rates { weight_decay: 0.0, head_factor: 1.0, layer_decay: 1.0 };
    let mut optimizer = AdamW::new(&network.parameters.layout.entries, rates, 2);
    let values = &mut network.parameters.values;
    optimizer.step(values, &mut [&mut gradients], 1e-2, 1.0, 2).unwrap();
    let after = network.parameters.weights();
    for entry in &network.parameters.layout.entries {
        assert_ne!(before.0[&entry.name], after.0[&entry.name], "{} did not move", entry.name);
    }
    let frozen = "embeddings.word_embeddings.weight";
    assert_eq!(before.0[frozen], after.0[frozen]);
}

#[test]
fn the_mean_layer_lets_cls_see_every_token_alike() {
    let mut config = config(32, 1);
    let mut weights = weights(&config);
    (config, weights) = super::with_mean_layer(&config, &weights, 3);
    assert_eq!(config.num_hidden_layers, 2);
    weights.check(&config).unwrap();
    let engine = load(&config, weights, Choice::Portable).unwrap();
    let with = |ids: &[u32]| {
        let tokens = Tokens { ids: ids.to_vec(), first: ids.len(), truncated: false };
        engine.logits(&[&tokens])
    };
    // Another last token moves the result as far as its share of the mean allows.
    let (one, other) = (with(&[2, 7, 9, 3]), with(&[2, 7, 9, 30]));
    let moved: f32 = one.iter().zip(&other).map(|(a, b)| (a - b).abs()).sum();
    assert!(moved > 1e-3);
}

/// Logits by candle's own BERT and the pooler and classifier on top of it.
fn candle_logits(config: &Config, weights: &Weights, tokens: &Tokens) -> Vec<f32> {
    let tensors = (weights.0.iter())
        .map(|(name, t)| {
            let tensor =
                Tensor::from_vec(t.values().into_owned(), t.shape(), &Device::Cpu).unwrap();
            (name.clone(), tensor)
        })
        .collect::<std::collections::HashMap<_, _>>();
    let builder = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
    let json = serde_json::json!({
        "vocab_size": config.vocab_size, "hidden_size": config.hidden_size,
        "num_hidden_layers": config.num_hidden_layers,
        "num_attention_heads": config.num_attention_heads,
        "intermediate_size": config.intermediate_size, "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0, "max_position_embeddings": config.max_position_embeddings,
        "type_vocab_size": 2, "initializer_range": 0.02, "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    });
    let candle: CandleConfig = serde_json::from_value(json).unwrap();
    let bert = BertModel::load(builder, &candle).unwrap();
    let n = tokens.ids.len();
    let ids = Tensor::from_vec(tokens.ids.clone(), (1, n), &Device::Cpu).unwrap();
    let types: Vec<u32> = (0..n).map(|i| u32::from(i >= tokens.first)).collect();
    let types = Tensor::from_vec(types, (1, n), &Device::Cpu).unwrap();
    let hidden = bert.forward(&ids, &types, None).unwrap();
    let first = hidden.narrow(1, 0, 1).unwrap().squeeze(1).unwrap();
    let dense = |x: &Tensor, name: &str| {
        let weight = tensors[&format!("{name}.weight")].t().unwrap();
        let bias = &tensors[&format!("{name}.bias")];
        x.matmul(&weight).unwrap().broadcast_add(bias).unwrap()
    };
    let pooled = dense(&first, "pooler.dense").tanh().unwrap();
    dense(&pooled, "classifier").flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn forward_agrees_with_candle() {
    let config = config(64, 3);
    let weights = weights(&config);
    let inputs = inputs();
    let all: Vec<&Tokens> = inputs.iter().collect();
    let logits = |choice| load(&config, weights.clone(), choice).ok().map(|e| e.logits(&all));
    let (portable, amx) = (logits(Choice::Portable).unwrap(), logits(Choice::Amx));
    for (i, tokens) in inputs.iter().enumerate() {
        for (label, truth) in candle_logits(&config, &weights, tokens).iter().enumerate() {
            let at = i * 3 + label;
            assert!((portable[at] - truth).abs() < 1e-5 * truth.abs().max(1.0), "input {i}");
            if let Some(amx) = &amx {
                assert!((amx[at] - truth).abs() < 0.1, "input {i}: {} {truth}", amx[at]);
            }
        }
    }
}

/// The loss that training sees is that of the logits which labelling gives.
#[test]
fn training_and_labelling_see_the_same_network() {
    let config = config(32, 2);
    let weights = weights(&config);
    let inputs = inputs();
    let all: Vec<&Tokens> = inputs.iter().collect();
    let logits = load(&config, weights.clone(), Choice::Portable).unwrap().logits(&all);
    let targets = [1.0, 0.0, 0.3, 0.0, 1.0, 0.0, 0.7, 0.0, 1.0];
    let factors = [0.5, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 0.3, 1.0];
    let terms = logits.iter().zip(targets).zip(factors);
    let loss: f32 =
        terms.map(|((z, y), w)| w * (z.max(0.0) - z * y + (-z.abs()).exp().ln_1p())).sum();
    let (found, _) = run(&network(Portable, &config, &weights), 0.0);
    assert!((found - loss).abs() < 1e-4, "{found} {loss}");
}
