//! A tiny random model, so that tests depend on no shipped weights.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fineprint::model::{Config, Decision, Tensor, Weights, encoder_shapes};
use fineprint::taxonomy::Taxonomy;
use serde_json::{Value, json};

/// Longest input of the tiny model, in tokens.
pub const MAX_TOKENS: usize = 64;

/// Writes a model of one layer, 16 wide, whose weights `seed` decides.
pub fn write_tiny_model(folder: &Path, seed: u64) {
    let tokenizer = tokenizer();
    let vocabulary = tokenizer["model"]["vocab"].as_object().unwrap().len();
    let config = config(vocabulary);
    let weights = random_weights(&config, seed);
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("config.json"), serde_json::to_vec_pretty(&config).unwrap()).unwrap();
    fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    fs::write(folder.join("model.safetensors"), weights.to_half().unwrap()).unwrap();
}

fn config(vocabulary: usize) -> Config {
    let base = json!({
        "model_type": "bert", "vocab_size": vocabulary, "hidden_size": 16,
        "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32,
        "max_position_embeddings": MAX_TOKENS, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
    });
    let decision = Decision {
        name: "tiny".to_owned(),
        max_tokens: MAX_TOKENS,
        segment_thresholds: BTreeMap::from([("Data Security".to_owned(), 0.0)]),
        ..Decision::default()
    };
    let config = Config::parse(base.to_string().as_bytes()).unwrap();
    config.with_classifier(&Taxonomy::opp115(), decision)
}

fn random_weights(config: &Config, seed: u64) -> Weights {
    let labels = config.id2label.len();
    let mut shapes = encoder_shapes(config);
    shapes.push(("classifier.weight".to_owned(), vec![labels, config.hidden_size]));
    shapes.push(("classifier.bias".to_owned(), vec![labels]));
    let mut state = seed;
    let mut next = || {
        // Knuth's MMIX generator; its upper bits are random enough for weights.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    let tensors = shapes.into_iter().map(|(name, shape)| {
        let is_gamma = name.ends_with("LayerNorm.weight");
        let size = shape.iter().product();
        let value = || if is_gamma { 1.0 } else { next() };
        let data = std::iter::repeat_with(value).take(size).collect();
        (name, Tensor::new(shape, data))
    });
    Weights(tensors.collect())
}

/// WordPiece over letters, digits, some words and punctuation.
pub fn tokenizer() -> Value {
    let specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    let mut pieces: Vec<String> = specials.map(str::to_owned).to_vec();
    let letters = || ('a'..='z').chain('0'..='9');
    pieces.extend(letters().map(String::from));
    pieces.extend(letters().map(|letter| format!("##{letter}")));
    pieces.extend(".,:;()&\"'>-".chars().map(String::from));
    pieces.extend(["we", "data", "you", "##ing", "##ed", "keep", "share"].map(str::to_owned));
    let vocabulary: BTreeMap<&str, usize> =
        pieces.iter().enumerate().map(|(id, piece)| (piece.as_str(), id)).collect();
    let added: Vec<Value> = specials
        .iter()
        .enumerate()
        .map(|(id, content)| {
            json!({"id": id, "content": content, "special": true, "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false})
        })
        .collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": true,
            "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": null,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary},
    })
}
