#!/usr/bin/env bash
# Trains the default model from the corpora: imports them, trains with fold 0 held out (figures
# and thresholds), then on everything. Goes on where it stopped when it is run again.
#
#   FINEPRINT_DATA=DIR BASE=DIR models/train.sh
#
# FINEPRINT_DATA holds opp115/, modern/ and unlabelled/; BASE is the folder of
# sentence-transformers/all-MiniLM-L6-v2 (or its hub id).
set -euo pipefail
cd "$(dirname "$0")/.."
: "${FINEPRINT_DATA:?folder of the corpora}" "${BASE:=sentence-transformers/all-MiniLM-L6-v2}"
cargo build --release --no-default-features
run=target/release/fineprint
mkdir -p target/data
$run import opp115 "$FINEPRINT_DATA/opp115" --unit segment --output target/data/opp115-segments.jsonl
$run import opp115 "$FINEPRINT_DATA/opp115" --unit clause --output target/data/opp115-clauses.jsonl
$run import clauses "$FINEPRINT_DATA/modern/clauses.jsonl" \
    --documents "$FINEPRINT_DATA/unlabelled" --output target/data/modern.jsonl
if [ ! -e target/held-out/config.json ]; then
    $run train --recipe models/recipes/held-out.toml --base "$BASE" --out target/held-out
fi
$run train --recipe models/recipes/default.toml --base target/held-out \
    --thresholds-from target/held-out --out models/default
