//! The trainable network against finite differences and against candle's own BERT.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config as CandleConfig};

use super::Random;
use super::module::{Network, Packed};
use super::ops::{self, Dropout};
use crate::encoder::kernel::{Kernel, Precision, select};
use crate::model::{self, Config, Decision, Tokens, Weights, encoder_shapes};
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
        weights.0.insert(name, model::Tensor { shape, data });
    }
    weights
}

fn inputs() -> Vec<Tokens> {
    let tokens = |ids: &[u32], first| Tokens { ids: ids.to_vec(), first, truncated: false };
    vec![tokens(&[2, 7, 9, 3], 4), tokens(&[2, 5, 3, 30, 31, 3], 3), tokens(&[2, 3], 2)]
}

fn kernel() -> Arc<dyn Kernel> {
    Arc::from(select(Precision::Full))
}

fn loss(network: &Network) -> Tensor {
    let inputs = inputs();
    let packed = Packed::new(&inputs.iter().collect::<Vec<_>>());
    let logits = network.forward(&packed, Dropout { rate: 0.1, seed: 5 }, &kernel()).unwrap();
    let targets = vec![1.0, 0.0, 0.3, 0.0, 1.0, 0.0, 0.7, 0.0, 1.0];
    let weights = vec![0.5, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 0.3, 1.0];
    ops::binary_cross_entropy(&logits, targets, weights).unwrap()
}

#[test]
fn gradients_match_finite_differences() {
    let config = config(8, 2);
    let weights = weights(&config);
    let network = Network::new(&config, &weights, 1).unwrap();
    let gradients = loss(&network).backward().unwrap();
    let step = 4e-3f32;
    let mut worst = BTreeMap::new();
    for (name, var) in network.variables() {
        let gradient: Vec<f32> =
            gradients.get(var.as_tensor()).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let size = gradient.iter().map(|g| g * g).sum::<f32>().sqrt().max(1e-3);
        for index in (0..gradient.len()).step_by(gradient.len() / 12 + 1) {
            let at = |delta: f32| {
                let mut moved = weights.clone();
                moved.0.get_mut(name).unwrap().data[index] += delta;
                let network = Network::new(&config, &moved, 1).unwrap();
                loss(&network).to_scalar::<f32>().unwrap()
            };
            let numeric = (at(step) - at(-step)) / (2.0 * step);
            let error = (numeric - gradient[index]).abs() / size;
            let entry: &mut f32 = worst.entry(name.clone()).or_default();
            *entry = entry.max(error);
        }
    }
    for (name, error) in worst {
        // A key's bias moves all scores of a row alike, so its gradient is 0 and noise remains.
        assert!(error < 2e-2 || name.ends_with("key.bias"), "{name}: {error}");
    }
}

#[test]
fn every_variable_moves() {
    let config = config(8, 2);
    let network = Network::new(&config, &weights(&config), 1).unwrap();
    let before = network.weights().unwrap();
    let store = loss(&network).backward().unwrap();
    let gradients = (network.variables().iter())
        .map(|(name, var)| {
            let gradient = store.get(var.as_tensor()).unwrap().flatten_all().unwrap();
            (name.clone(), gradient.to_vec1().unwrap())
        })
        .collect();
    let mut optimizer = super::optimizer::AdamW::new(0.0, 1.0);
    optimizer.step(network.variables(), &gradients, 1e-2, 1.0).unwrap();
    let after = network.weights().unwrap();
    for name in network.variables().keys() {
        assert_ne!(before.0[name], after.0[name], "{name} did not move");
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
    let encoder = crate::encoder::Network::load(&config, &weights).unwrap();
    let with = |ids: &[u32]| {
        let tokens = Tokens { ids: ids.to_vec(), first: ids.len(), truncated: false };
        encoder.logits(&[&tokens], &*kernel())
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
            let tensor = Tensor::from_vec(t.data.clone(), t.shape.clone(), &Device::Cpu).unwrap();
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
    let config = config(32, 3);
    let weights = weights(&config);
    let network = Network::new(&config, &weights, 1).unwrap();
    let encoder = crate::encoder::Network::load(&config, &weights).unwrap();
    let inputs = inputs();
    let all: Vec<&Tokens> = inputs.iter().collect();
    let trained = network.forward(&Packed::new(&all), Dropout::NONE, &kernel()).unwrap();
    let trained: Vec<Vec<f32>> = trained.to_vec2().unwrap();
    let packed = encoder.logits(&all, &*kernel());
    for (i, tokens) in inputs.iter().enumerate() {
        let reference = candle_logits(&config, &weights, tokens);
        for (label, reference) in reference.iter().enumerate() {
            assert!((trained[i][label] - reference).abs() < 1e-5, "training, input {i}");
            assert!((packed[i * 3 + label] - reference).abs() < 1e-5, "encoder, input {i}");
        }
    }
}
