#!/usr/bin/env bash
# Trains the stages that all models share (data/labels), then five models, each with a fifth of the
# policies held out, and judges each on the policies that it has not seen: the out-of-fold figures of
# eval/reports, and the scores that the default model's thresholds are tuned on. Goes on where it
# stopped when it is run again.
#
#   FINEPRINT_DATA=DIR BASE=DIR models/folds.sh
#
# FINEPRINT_DATA holds opp115/, modern/ and unlabelled/; BASE is the folder of
# sentence-transformers/all-MiniLM-L6-v2 (or its hub id).
set -euo pipefail
cd "$(dirname "$0")/.."
: "${FINEPRINT_DATA:?folder of the corpora}" "${BASE:=sentence-transformers/all-MiniLM-L6-v2}"
cargo build --release --no-default-features
run=target/release/fineprint
data=target/data
folds=target/folds
reports=eval/reports
mkdir -p $data $folds
$run import opp115 "$FINEPRINT_DATA/opp115" --unit segment --output $data/opp115-segments.jsonl
$run import opp115 "$FINEPRINT_DATA/opp115" --unit clause --output $data/opp115-clauses.jsonl
$run import clauses "$FINEPRINT_DATA/modern/clauses.jsonl" \
    --documents "$FINEPRINT_DATA/unlabelled" --output $data/modern.jsonl

for set in clauses segments-a segments-b; do
    $run import places data/labels/$set.jsonl --documents "$FINEPRINT_DATA/unlabelled" \
        --output $data/$set.jsonl
done

# train RECIPE BASE OUT [OPTION…]: nothing when the model is there, whose weights are written last.
train() {
    if [ ! -e "$folds/$3/model.safetensors" ]; then
        $run train --recipe "models/recipes/$1.toml" --base "$2" --out "$folds/$3" "${@:4}"
    fi
}

train clauses "$BASE" clauses
# The labels of segments-a were made after gold of fold 4, those of segments-b after fold 0.
segments_a=$data/segments-a.jsonl,targets=votes,after_fold=4
segments_b=$data/segments-b.jsonl,targets=votes,after_fold=0
train segments $folds/clauses a --data $segments_a
train segments $folds/clauses b --data $segments_b
train segments $folds/a ab --data $segments_b
from=(a ab ab ab b)
for fold in 0 1 2 3 4; do
    name=fineprint-minilm-fold-$fold
    train default $folds/${from[$fold]} fold-$fold --hold-out $fold --name $name
    for set in modern opp115-segments opp115-clauses; do
        $run eval $data/$set.jsonl --fold $fold --model $folds/fold-$fold \
            --save-predictions $folds/$set-$fold.jsonl --output $folds/$set-$fold.txt
    done
done

# report NAME SET [OPTION…]: the five folds as one, thresholds from the other half of the policies.
report() {
    $run eval $data/$2.jsonl --predictions $folds/$2-{0..4}.jsonl --cross-fit "${@:3}" \
        --format json --output $reports/$1.json
}
report five-folds-modern modern --without headings
report five-folds-modern-no-furniture modern --without headings --without unlabelled
report five-folds-opp115-segments opp115-segments
report five-folds-opp115-clauses opp115-clauses
