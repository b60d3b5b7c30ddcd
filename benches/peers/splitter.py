"""Where other sentence splitters start clauses, for `fineprint eval splitter --predictions`.

    pip install -r benches/peers/requirements-splitter.txt
    python benches/peers/splitter.py --documents DIR --output DIR FILE...

Each FILE is a document below --documents; each peer writes OUTPUT/<peer>.jsonl with one line
{"document": ..., "start": byte offset} a sentence. A peer reads the whole text as it lies there.
Pages of HTML are first made text of the same length, in the peers' favour: tags become spaces,
tags of blocks end a paragraph, scripts and style sheets go.
"""

import argparse
import json
import re
from importlib.metadata import version
from pathlib import Path

import pysbd
import sentencex

BLOCKS = (
    "address|article|aside|blockquote|br|dd|div|dl|dt|figure|footer|form|h[1-6]|header|hr|li|main"
    "|nav|ol|p|section|table|td|th|title|tr|ul"
)
UNREAD = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->", re.I | re.S)
TAG = re.compile(r"</?([a-z][a-z0-9]*)\b[^>]*>|<![^>]*>", re.I)


def same_length(match):
    """Blanks for a tag, with a paragraph's end for that of a block."""
    name = match.group(1) or ""
    length = len(match.group(0))
    if re.fullmatch(BLOCKS, name, re.I):
        return "\n\n" + " " * (length - 2)
    return " " * length


def readable(path):
    """The text of a document, character for character where it stands in the file."""
    text = path.read_bytes().decode("utf-8")
    if path.suffix.lower() in (".html", ".htm"):
        text = UNREAD.sub(lambda match: " " * len(match.group(0)), text)
        text = TAG.sub(same_length, text)
    return text


def after_blanks(text, start):
    """Where the words of a sentence begin: blanks may stand where a tag was."""
    rest = text[start:].lstrip()
    return len(text) - len(rest)


def starts_pysbd(text):
    segmenter = pysbd.Segmenter(language="en", clean=False, char_span=True)
    return [span.start for span in segmenter.segment(text)]


def starts_sentencex(text):
    boundaries = sentencex.get_sentence_boundaries("en", text)
    return [boundary["start_index"] for boundary in boundaries]


PEERS = {"pysbd": starts_pysbd, "sentencex": starts_sentencex}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for peer, starts in PEERS.items():
        with open(arguments.output / f"{peer}.jsonl", "w", encoding="utf-8") as out:
            for name in arguments.files:
                text = readable(arguments.documents / name)
                for start in sorted({after_blanks(text, start) for start in starts(text)}):
                    offset = len(text[:start].encode("utf-8"))
                    print(json.dumps({"document": name, "start": offset}), file=out)
        print(f"{peer} {version(peer)}: {out.name}")


if __name__ == "__main__":
    main()
