#!/usr/bin/env bash
# Trains three seeds on the published split's training part, after labels of other policies
# (data/labels), and judges each, and the mean of their weights, on its test part with the thresholds
# of its validation part. For comparison with published figures only; the default model is
# models/train.sh's. Goes on where it stopped when it is run again.
#
#   FINEPRINT_DATA=DIR BASE=DIR models/published-split.sh
#
# FINEPRINT_DATA holds polisis-benchmark/ and unlabelled/; BASE is the folder of
# sentence-transformers/all-MiniLM-L6-v2 (or its hub id).
set -euo pipefail
cd "$(dirname "$0")/.."
: "${FINEPRINT_DATA:?folder of the corpora}" "${BASE:=sentence-transformers/all-MiniLM-L6-v2}"
cargo build --release --no-default-features
run=target/release/fineprint
data=target/data/polisis
out=target/published
mkdir -p $data $out

$run import polisis-benchmark "$FINEPRINT_DATA/polisis-benchmark/Majority" --output $data
$run import places data/labels/clauses.jsonl --documents "$FINEPRINT_DATA/unlabelled" \
    --output target/data/clauses.jsonl
$run import places data/labels/segments-published.jsonl \
    --documents "$FINEPRINT_DATA/unlabelled" --output $data/segments-published.jsonl

# train RECIPE BASE OUT [OPTION…]: nothing when the model is there, whose weights are written last.
train() {
    if [ ! -e "$3/model.safetensors" ]; then
        $run train --recipe "models/recipes/$1.toml" --base "$2" --out "$3" "${@:4}"
    fi
}

# The first stage is that of models/folds.sh.
train clauses "$BASE" target/folds/clauses
train published-split/segments target/folds/clauses $out/segments
for seed in 1 2 3; do
    train published-split/labels $out/segments $out/seed-$seed --seed $seed
done
$run model average $out/seed-{1,2,3} --out $out/mean --name fineprint-minilm-published-split
$run tune $data/validation.jsonl --model $out/mean
for model in seed-1 seed-2 seed-3 mean; do
    $run eval $data/test.jsonl --model $out/$model --unit segment --format json \
        --output eval/reports/published-split-test-$model.json
done
