"""Tiny random classifiers of every architecture, and their scores as `transformers` gives them.

    pip install torch transformers
    python3 tests/architectures/make.py

Writes a folder for each beside this file, and expected.json; tests/architectures.rs compares.
"""
import json
import pathlib
import random
import shutil

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers import trainers
from transformers import (
    DebertaV2Config, DebertaV2ForSequenceClassification, DistilBertConfig,
    DistilBertForSequenceClassification, ModernBertConfig, ModernBertForSequenceClassification,
    RobertaConfig, RobertaForSequenceClassification, XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

HERE = pathlib.Path(__file__).resolve().parent
LABELS = ["Fees", "Deliveries", "Data Security", "Returns"]
# Tokens of an input, special ones included, and those of its context; as the program counts them.
MAX_TOKENS = 48
MAX_CONTEXT = MAX_TOKENS // 3

SENTENCES = """\
We keep your order for ten years, because the tax office wants to see it.
You may return a lamp within thirty days; we pay the postage.
The carrier receives your name, your street and your telephone number.
Nobody but our two bookkeepers opens the invoices.
We encrypt the passwords, and the backups lie in a locked room.
Our newsletter comes on Mondays, and a link at its end stops it.
A parcel that was lost is sent again without any charge.
When you pay by card, the bank checks it; we never see its number.
Kids below sixteen may look around but not buy anything.
Write to us at lamps@example.com, or ring 0123 456789 between nine and five.
The cookies of this shop remember the basket and the language, nothing else.
We changed this page in May, and we will tell you before we change it again.
Bulbs, cables and switches are guaranteed for two years.
If the delivery is late, you can cancel it and get your money back.
We do not sell addresses. We do not lend them either.
Visitors from Zürich and Málaga see prices in their own currency.
""".splitlines()

INPUTS = [
    ("We never lend your address to anybody.", []),
    ("by post;", ["Contact", "You can reach the shop:"]),
    ("Returned lamps go back to the shelf, and the money comes within a week.", ["Returns"]),
    ("Ünïcode, naïve café: 日本語 & “quotes” — 5 €", []),
    ("x", []),
    ("The bank keeps the number.\nWe do not.", ["Payment", "Cards"]),
    # Too long, alone and with a context that is cut at its beginning.
    (" ".join(SENTENCES[:6]), []),
    (" ".join(SENTENCES[6:12]), ["Deliveries", "What happens to parcels, invoices and returned "
                                 "lamps when the carrier cannot find your street:"]),
]


def wordpiece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(
        vocab_size=260, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return with_classes(tokenizer)


def with_classes(tokenizer):
    """`[CLS] first [SEP] second [SEP]`, the second one of type 1."""
    ids = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=ids)
    return tokenizer


def byte_level(special, prefix):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=360, special_tokens=special, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer


def roberta_tokenizer():
    tokenizer = byte_level(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], prefix=False)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    return tokenizer


def modernbert_tokenizer():
    return with_classes(byte_level(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], prefix=False))


def unigram(special, unknown):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    trainer = trainers.UnigramTrainer(
        vocab_size=260, special_tokens=special, unk_token=unknown, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer


def xlm_roberta_tokenizer():
    tokenizer = unigram(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<unk>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)])
    return tokenizer


def deberta_tokenizer():
    return with_classes(unigram(["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"], "[UNK]"))


SIZES = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24)
DEBERTA = dict(
    SIZES, max_position_embeddings=MAX_TOKENS, type_vocab_size=0, relative_attention=True,
    pos_att_type=["p2c", "c2p"], position_biased_input=False)


def architectures():
    """Name → tokenizer, class of the configuration, its arguments, class of the model."""
    positions = MAX_TOKENS + 2
    roberta = dict(SIZES, max_position_embeddings=positions, type_vocab_size=1, pad_token_id=1,
                   bos_token_id=0, eos_token_id=2, layer_norm_eps=1e-5)
    modernbert = dict(SIZES, num_hidden_layers=5, local_attention=8,
                      max_position_embeddings=MAX_TOKENS, pad_token_id=0, bos_token_id=2,
                      cls_token_id=2, eos_token_id=3, sep_token_id=3)
    return {
        "distilbert": (
            wordpiece, DistilBertConfig,
            dict(dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=MAX_TOKENS),
            DistilBertForSequenceClassification),
        "roberta": (roberta_tokenizer, RobertaConfig, roberta, RobertaForSequenceClassification),
        "xlm-roberta": (
            xlm_roberta_tokenizer, XLMRobertaConfig, roberta, XLMRobertaForSequenceClassification),
        "modernbert": (
            modernbert_tokenizer, ModernBertConfig, dict(modernbert, classifier_pooling="cls"),
            ModernBertForSequenceClassification),
        "modernbert-mean": (
            modernbert_tokenizer, ModernBertConfig, dict(modernbert, classifier_pooling="mean"),
            ModernBertForSequenceClassification),
        # As version 3 is: keys shared, logarithmic buckets, normalised relative positions.
        "deberta-v2": (
            deberta_tokenizer, DebertaV2Config,
            dict(DEBERTA, share_att_key=True, position_buckets=8, norm_rel_ebd="layer_norm"),
            DebertaV2ForSequenceClassification),
        # As the first ones were: projections of their own, types and positions added.
        "deberta-v2-types": (
            deberta_tokenizer, DebertaV2Config,
            dict(DEBERTA, share_att_key=False, type_vocab_size=2, position_biased_input=True,
                 max_relative_positions=12),
            DebertaV2ForSequenceClassification),
    }


def encode(tokenizer, text, context):
    """The input as the program makes it: the context loses its beginning, the text its end."""
    first = tokenizer.encode(text, add_special_tokens=False)
    second = None
    if context:
        second = tokenizer.encode(" > ".join(context), add_special_tokens=False)
        second.truncate(MAX_CONTEXT, direction="left")
    special = tokenizer.num_special_tokens_to_add(second is not None)
    room = MAX_TOKENS - special - (len(second.ids) if second else 0)
    truncated = len(first.ids) > room
    first.truncate(room)
    return tokenizer.post_process(first, second), truncated


def scores(model, encodings, has_types):
    """Scores of a batch, padded to the longest."""
    longest = max(len(encoding.ids) for encoding in encodings)
    padded = lambda values, fill: values + [fill] * (longest - len(values))
    batch = {
        "input_ids": [padded(e.ids, model.config.pad_token_id) for e in encodings],
        "attention_mask": [padded([1] * len(e.ids), 0) for e in encodings],
    }
    if has_types:
        batch["token_type_ids"] = [padded(e.type_ids, 0) for e in encodings]
    with torch.no_grad():
        logits = model(**{name: torch.tensor(rows) for name, rows in batch.items()}).logits
    return torch.sigmoid(logits)


# As configurations of the hub have it that older versions wrote.
OLDER = {
    "modernbert-mean": {
        "without": ["layer_types", "rope_parameters"],
        "added": {"global_attn_every_n_layers": 3, "global_rope_theta": 160000.0,
                  "local_rope_theta": 10000.0, "layer_norm_eps": 1e-5},
    },
    "deberta-v2-types": {
        "without": ["pooler_hidden_size", "legacy"], "added": {"pos_att_type": "p2c|c2p"},
    },
}


def rewrite(path, without, added):
    config = json.loads(path.read_text())
    config = {name: value for name, value in config.items() if name not in without}
    path.write_text(json.dumps(config | added, indent=2) + "\n")


def make(name, tokenizer, config_class, arguments, model_class):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    config = config_class(
        vocab_size=tokenizer.get_vocab_size(), problem_type="multi_label_classification",
        id2label=dict(enumerate(LABELS)), label2id={label: i for i, label in enumerate(LABELS)},
        **arguments)
    torch.manual_seed(sum(name.encode()))
    model = model_class(config).eval()
    with torch.no_grad():
        # Far from the small numbers of an untrained model, which would hide errors.
        for parameter_name, values in model.named_parameters():
            centre = 1.0 if values.dim() == 1 and parameter_name.endswith("weight") else 0.0
            values.normal_(centre, 0.4)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    if name in OLDER:
        rewrite(folder / "config.json", **OLDER[name])
        model = model_class.from_pretrained(folder).eval()
        config = model.config

    has_types = getattr(config, "type_vocab_size", 0) > 1
    encodings, rows = [], []
    for text, context in INPUTS:
        encoding, truncated = encode(tokenizer, text, context)
        encodings.append(encoding)
        found = scores(model, [encoding], has_types)[0].tolist()
        rows.append({
            "text": text, "context": context, "ids": encoding.ids, "types": encoding.type_ids,
            "truncated": truncated, "scores": [round(score, 6) for score in found],
        })
    # Neighbours and padding make no difference to them.
    together = scores(model, encodings, has_types)
    alone = torch.tensor([row["scores"] for row in rows])
    assert (together - alone).abs().max() < 1e-5, name
    assert alone.std(dim=0).max() > 0.05, (name, alone)
    assert any(row["truncated"] for row in rows) and not all(row["truncated"] for row in rows)
    return rows


if __name__ == "__main__":
    random.seed(0)
    expected = {
        name: make(name, tokenizer(), *rest) for name, (tokenizer, *rest) in architectures().items()
    }
    text = json.dumps(expected, ensure_ascii=False)
    text = text.replace('{"text"', '\n{"text"')
    (HERE / "expected.json").write_text(text + "\n")
