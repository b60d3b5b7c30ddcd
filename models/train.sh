#!/usr/bin/env bash
# Trains the default model from the corpora: five models with a fold held out each
# (models/folds.sh: out-of-fold figures and scores), the same over everything, thresholds and
# certified precisions from the out-of-fold scores. Goes on where it stopped when it is run again.
#
#   FINEPRINT_DATA=DIR BASE=DIR models/train.sh
#
# FINEPRINT_DATA holds opp115/, modern/ and unlabelled/; BASE is the folder of
# sentence-transformers/all-MiniLM-L6-v2 (or its hub id).
set -euo pipefail
cd "$(dirname "$0")/.."
models/folds.sh
run=target/release/fineprint
data=target/data
folds=target/folds
if [ ! -e $folds/default/model.safetensors ]; then
    $run train --recipe models/recipes/default.toml --base $folds/ab --out $folds/default
fi
cp $folds/default/{config.json,model.safetensors,tokenizer.json} models/default/
$run tune $data/modern.jsonl $data/opp115-segments.jsonl --model models/default \
    --predictions $folds/{modern,opp115-segments}-{0..4}.jsonl \
    --min-precision 0.8 --min-precision 0.9 --min-precision 0.95
