"""Extract the text of web pages with other tools, one folder a tool.

    python reader.py PAGES OUT

writes OUT/<tool>/<page name>.txt for every .html file of PAGES; then

    fineprint eval reader --pages PAGES --gold GOLD --predictions OUT/trafilatura …

shows them beside fineprint. A page on which a tool fails gives an empty file.
"""

import sys
from pathlib import Path

import justext
import lxml.html
import trafilatura
from charset_normalizer import from_bytes
from readability import Document


def by_trafilatura(page: str) -> str:
    return trafilatura.extract(page) or ""


def by_trafilatura_recall(page: str) -> str:
    return trafilatura.extract(page, favor_recall=True) or ""


def by_readability(page: str) -> str:
    return text_of(Document(page).summary())


def by_justext(page: str) -> str:
    paragraphs = justext.justext(page.encode(), justext.get_stoplist("English"), encoding="utf-8")
    return "\n".join(p.text for p in paragraphs if not p.is_boilerplate)


def all_visible_text(page: str) -> str:
    return text_of(page)


def text_of(page: str) -> str:
    parser = lxml.html.HTMLParser(encoding="utf-8")
    tree = lxml.html.document_fromstring(page.encode(), parser=parser)
    hidden = "ancestor::script or ancestor::style or ancestor::noscript or ancestor::template"
    return "\n".join(tree.xpath(f"//body//text()[not({hidden})]"))


TOOLS = {
    "trafilatura": by_trafilatura,
    "trafilatura-recall": by_trafilatura_recall,
    "readability-lxml": by_readability,
    "justext": by_justext,
    "all-visible-text": all_visible_text,
}


def decoded(data: bytes) -> str:
    """UTF-8 where it is valid, else what the bytes look like."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        best = from_bytes(data).best()
        return str(best) if best else data.decode("cp1252", errors="replace")


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    pages, out = Path(sys.argv[1]), Path(sys.argv[2])
    for path in sorted(pages.glob("*.html")):
        page = decoded(path.read_bytes())
        for name, extract in TOOLS.items():
            try:
                text = extract(page)
            except Exception as error:  # a tool's failure is part of the comparison
                print(f"{path.name}: {name}: {error}", file=sys.stderr)
                text = ""
            folder = out / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{path.name}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
