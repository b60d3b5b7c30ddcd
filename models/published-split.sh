#!/usr/bin/env bash
# Trains on the published split's training part alone, and judges on its test part: three models,
# then one that learns from their scores on policies that nobody labelled. Goes on where it stopped
# when it is run again. For comparison with published figures only; the default model is
# models/train.sh's.
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
$run import polisis-benchmark "$FINEPRINT_DATA/polisis-benchmark/Majority" \
    --union "$FINEPRINT_DATA/polisis-benchmark/Union" --output $data
teachers=()
for seed in 1 2 3; do
    teacher=target/published/teacher-$seed
    teachers+=(--model $teacher)
    if [ ! -e $teacher/config.json ]; then
        $run train --recipe models/recipes/published-split.toml --seed $seed --base "$BASE" \
            --out $teacher
    fi
done
# Nothing that shares eight words in a row with the parts to judge on is learned from.
$run import pseudo-labels "$FINEPRINT_DATA/unlabelled" "${teachers[@]}" --unit segment \
    --without-context --shortest 100 --keep-common 0.4 \
    --unseen $data/validation.jsonl --unseen $data/test.jsonl --output $data/pseudo.jsonl
student=target/published/student
$run train --recipe models/recipes/published-split-student.toml --base "$BASE" --out $student
$run eval $data/test.jsonl --model $student --unit segment
