#!/usr/bin/env bash
# Trains on the published split's training part alone, and judges on its test part: four models,
# a fifth that learns from the scores of three of them on policies that nobody labelled, and the
# last one, which learns from all five. Goes on where it stopped when it is run again. For
# comparison with published figures only; the default model is models/train.sh's.
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

# train RECIPE NAME [OPTION…]: nothing when the model is there.
train() {
    if [ ! -e "$out/$2/model.safetensors" ]; then
        $run train --recipe "models/recipes/published-split/$1.toml" --base "$BASE" \
            --out "$out/$2" "${@:3}"
    fi
}

# pseudo FILE NAME…: scores of these models. Nothing that shares eight words in a row with the
# parts to judge on is learned from.
pseudo() {
    $run import pseudo-labels "$FINEPRINT_DATA/unlabelled" "${@:2}" --unit segment \
        --without-context --shortest 100 --keep-common 0.4 \
        --unseen $data/validation.jsonl --unseen $data/test.jsonl --output "$data/$1"
}

$run import polisis-benchmark "$FINEPRINT_DATA/polisis-benchmark/Majority" \
    --union "$FINEPRINT_DATA/polisis-benchmark/Union" --output $data
for seed in 1 2 3; do
    train votes votes-$seed --seed $seed
done
train labels labels
pseudo pseudo-1.jsonl --model $out/votes-1 --model $out/votes-2 --model $out/votes-3
train first-student first-student
pseudo pseudo-2.jsonl --model $out/labels --model $out/votes-1 --model $out/votes-2 \
    --model $out/votes-3 --model $out/first-student
train student student
$run eval $data/test.jsonl --model $out/student --unit segment
