"""Scores of models/default as `transformers` gives them; tests/reference.rs compares.

    pip install torch transformers
    python3 tests/reference/make.py > tests/reference/scores.json
"""
import json
import pathlib

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "models" / "default"
INPUTS = [
    ("We encrypt your messages in transit and at rest.", []),
    ("For as long as your account is open;", ["Data retention", "We keep your data:"]),
    ("You may ask us for a copy of everything we hold about you.", ["Your rights"]),
    ("We do not sell personal details, and advertisers never see them.", []),
    ("Our servers ignore Do Not Track signals.", ["Signals from your browser"]),
    ("Menu Home Cart Help", []),
    ("This notice was last changed on 3 March 2024; we announce changes by e-mail.", []),
    ("Kids under 13 may not open an account — parents can write to kids@example.com.", ["Children"]),
    ("Ünïcode, naïve café: 日本語 text", []),
    ("Cookies remember your basket, and you can switch them off in the browser.", ["Cookies"]),
]

tokenizer = AutoTokenizer.from_pretrained(FOLDER)
model = AutoModelForSequenceClassification.from_pretrained(FOLDER, dtype=torch.float32).eval()
rows = []
for text, context in INPUTS:
    pair = (text, " > ".join(context)) if context else (text,)
    with torch.no_grad():
        logits = model(**tokenizer(*pair, return_tensors="pt")).logits[0]
    scores = torch.sigmoid(logits).tolist()
    labels = model.config.id2label
    rows.append({
        "text": text,
        "context": context,
        "scores": {labels[i]: round(score, 6) for i, score in enumerate(scores)},
    })
print(json.dumps(rows, ensure_ascii=False, indent=1))
