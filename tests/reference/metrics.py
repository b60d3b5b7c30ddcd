"""Figures of scikit-learn on 1,000 random multi-label cases; tests/metrics.rs compares.

    pip install scikit-learn
    python3 tests/reference/metrics.py > tests/reference/metrics.json

The cases themselves are not stored: both sides draw them from the same generator. `values`
holds every distinct figure once, the lists of a case are places in it.
"""
import json
import warnings

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

warnings.filterwarnings("ignore")
CASES = 1000
# Cases whose ranking and calibration figures are stored too.
RANKED = 300
BINS = 10
RATES = [0, 5, 20, 50]


class Generator:
    """Knuth's MMIX generator; the upper half of its state is drawn from."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 32) % bound


def draw(seed):
    """Gold and scores in 64ths; one of four labels is never gold, one of eight never given."""
    random = Generator(seed)
    rows, classes = 1 + random.below(30), 2 + random.below(4)
    rates = [RATES[random.below(4)] for _ in range(classes)]
    silent = [random.below(8) == 0 for _ in range(classes)]
    gold = np.zeros((rows, classes), int)
    scores = np.zeros((rows, classes))
    for i in range(rows):
        for j in range(classes):
            gold[i, j] = random.below(100) < rates[j]
            score = random.below(49) + 16 * gold[i, j]
            scores[i, j] = min(score, 31 if silent[j] else 64) / 64
    return gold, scores


values = {}


def place(figure):
    """Where the figure stands in `values`; null for one that is not defined."""
    if figure is None:
        return None
    return values.setdefault(round(float(figure), 14), len(values))


def figures(gold, predicted):
    rows = []
    each = precision_recall_fscore_support(gold, predicted, average=None, zero_division=0)
    rows += [[each[k][j] for k in range(3)] for j in range(gold.shape[1])]
    for average in ["micro", "macro", "weighted", "samples"]:
        found = precision_recall_fscore_support(gold, predicted, average=average, zero_division=0)
        rows.append(list(found[:3]))
    return [place(figure) for row in rows for figure in row]


def ranking(gold, scores):
    """Average precision, expected calibration error, then score and share of the used bins."""
    out = []
    for j in range(gold.shape[1]):
        g, s = gold[:, j], scores[:, j]
        precision = average_precision_score(g, s) if g.any() else None
        share, score = calibration_curve(g, s, n_bins=BINS, strategy="uniform")
        ids = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], s)
        counts = np.bincount(ids, minlength=BINS)
        counts = counts[counts > 0]
        error = float((counts * np.abs(share - score)).sum() / len(g))
        bins = [place(x) for pair in zip(score, share) for x in pair]
        out.append([place(precision), place(error), *bins])
    return out


cases = []
for seed in range(CASES):
    gold, scores = draw(seed)
    case = {"figures": figures(gold, (scores >= 0.5).astype(int))}
    if seed < RANKED:
        case["ranking"] = ranking(gold, scores)
    cases.append(case)
text = json.dumps({"values": list(values), "cases": cases}, separators=(",", ":"))
print(text.replace('{"figures"', '\n{"figures"'))
