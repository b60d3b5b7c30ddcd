"""Writes the PDF fixtures of this folder.

    pip install reportlab==5.1.0 pypdf[crypto]==7.1.0
    python make.py
"""

import pathlib

from PIL import Image
from pypdf import PdfReader, PdfWriter
from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen import canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    ListFlowable,
    PageTemplate,
    Paragraph,
    SimpleDocTemplate,
    Table,
    TableStyle,
)

# No dates and random ids: the same bytes each time.
rl_config.invariant = 1
HERE = pathlib.Path(__file__).parent

BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=11, leading=13.5, spaceAfter=6)
TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=20, leading=24, spaceAfter=10)
SECTION = ParagraphStyle("section", fontName="Helvetica-Bold", fontSize=14, leading=17, spaceBefore=8, spaceAfter=5)
RUN_IN = ParagraphStyle("run", parent=BODY, fontName="Times-Bold")


def name(file):
    return str(HERE / file)


def items(texts, kind, **options):
    return ListFlowable([Paragraph(text, BODY) for text in texts], bulletType=kind, **options)


def one_column():
    story = [
        Paragraph("Privacy Policy of the Pear Shop", TITLE),
        Paragraph(
            "This privacy policy explains which personal information the Pear Shop collects when you"
            " visit our website, how we use it, and which choices you have. It applies to everybody"
            " who orders fruit from us or who only looks around.",
            BODY,
        ),
        Paragraph("1. Information we collect", SECTION),
        Paragraph("We collect the following personal data from you:", BODY),
        items(
            [
                "your name, your e-mail address and the postal address to which we deliver your"
                " orders, also when it is not your own;",
                "your orders and how you paid for them;",
                "the pages that you visit, with the help of cookies.",
            ],
            "bullet",
            start="•",
        ),
        Paragraph("2. How we use it", SECTION),
        Paragraph("We use your personal information for three purposes:", BODY),
        items(
            [
                "to deliver what you ordered and to answer your questions about it;",
                "to improve our website;",
                "to send you our newsletter, if you asked for it.",
            ],
            "1",
            bulletFormat="%s.",
        ),
        Paragraph("Sharing", RUN_IN),
        Paragraph(
            "We share your address with the “carrier” that brings the fruit. We never sell your personal"
            " data to third parties. See Sec. 4.2 of our terms — they apply as well.",
            BODY,
        ),
    ]
    SimpleDocTemplate(name("one-column.pdf"), pagesize=A4, title="Pear Shop").build(story)


COLUMN_TEXTS = [
    ("Who we are", "We are a small library of board games in the old harbour. This privacy notice says what we do with your personal data when you borrow a game from us."),
    ("What we store", "We store your name, your telephone number and the games that you borrowed during the last two years. We need them to know who has which game, and to call you when somebody else waits for it."),
    ("How long", "We delete the list of your games two years after you brought back the last one. Your name and number we delete as soon as you leave the library."),
    ("Your rights", "You may ask us for a copy of your data, have it corrected or have it deleted. Write to us or come by on any afternoon; we are open from Tuesday to Saturday."),
    ("Security", "The list lies on a computer that is not connected to the internet, and only the three of us know its password. We encrypt its backups and keep them in a safe at another place."),
]


def two_columns():
    gap, margin = 9 * mm, 20 * mm
    width = (A4[0] - 2 * margin - gap) / 2
    height = 62 * mm
    bottom = A4[1] - margin - 20 * mm - height
    frames = [
        Frame(margin, A4[1] - margin - 18 * mm, A4[0] - 2 * margin, 18 * mm, 0, 0, 0, 0),
        Frame(margin, bottom, width, height, 0, 0, 0, 0),
        Frame(margin + width + gap, bottom, width, height, 0, 0, 0, 0),
    ]
    small = ParagraphStyle("small", parent=BODY, fontSize=9.5, leading=11.5, alignment=4)
    head = ParagraphStyle("head", parent=small, fontName="Times-Bold", spaceBefore=4, spaceAfter=1, alignment=0)
    story = [Paragraph("Privacy Notice of the Game Library", TITLE)]
    for title, text in COLUMN_TEXTS:
        story += [Paragraph(title, head), Paragraph(text, small)]
    document = BaseDocTemplate(name("two-columns.pdf"), pagesize=A4)
    document.addPageTemplates(PageTemplate(frames=frames))
    document.build(story)


RUNNING_LINES = [
    [
        ("Helvetica-Bold", 13, "Retention of Data"),
        ("Times-Roman", 11, "We keep personal information no longer than we need it for the pur-"),
        ("Times-Roman", 11, "poses of this policy. Data that we share with third-"),
        ("Times-Roman", 11, "party carriers is deleted by them after ninety days, unless a law"),
        ("Times-Roman", 11, "requires otherwise, and we check once a year that it has been de-"),
    ],
    [
        ("Times-Roman", 11, "leted. Backups are overwritten within a month."),
        ("Helvetica-Bold", 13, "Contact"),
        ("Times-Roman", 11, "Write to privacy@pears.example, and we answer within a week on"),
    ],
    [
        ("Times-Roman", 11, "working days."),
        ("Helvetica-Bold", 13, "Changes"),
        ("Times-Roman", 11, "We may change this policy and will then tell you so by e-mail."),
    ],
]


def running():
    page = canvas.Canvas(name("running.pdf"), pagesize=A4)
    for number, lines in enumerate(RUNNING_LINES, 1):
        page.setFont("Helvetica", 8)
        page.drawString(60, 810, "Pear Shop Ltd – Privacy Policy")
        page.drawRightString(540, 810, "Version 7, May 2025")
        y = 760
        for font, size, text in lines:
            y -= 24 if font == "Helvetica-Bold" else 14
            page.setFont(font, size)
            page.drawString(60, y, text)
            y -= 4 if font == "Helvetica-Bold" else 0
        page.setFont("Helvetica", 8)
        page.drawCentredString(300, 30, f"Page {number} of {len(RUNNING_LINES)}")
        # A stamp along the margin is no text of the page.
        page.saveState()
        page.rotate(90)
        page.drawString(300, -20, "Printed copy")
        page.restoreState()
        page.showPage()
    page.save()


def table():
    cell = ParagraphStyle("cell", parent=BODY, fontSize=9, leading=11, spaceAfter=0)
    rows = [
        ["Category", "Purpose", "Shared with"],
        ["Identifiers, such as your name and your address", "To deliver what you ordered", "Carriers"],
        ["Payment data", "To take the payment, and to refund it when you send your order back to us", "Banks"],
        ["Cookies", "To count visits", "Nobody"],
    ]
    grid = Table([[Paragraph(text, cell) for text in row] for row in rows], colWidths=[50 * mm, 70 * mm, 40 * mm])
    grid.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, "black"), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    story = [
        Paragraph("What we do with your personal information", TITLE),
        Paragraph("The table shows which personal information we collect, and what for.", BODY),
        grid,
        Paragraph("We do not use your personal information for anything else.", BODY),
    ]
    SimpleDocTemplate(name("table.pdf"), pagesize=A4).build(story)


def image_only():
    page = canvas.Canvas(name("image-only.pdf"), pagesize=A4)
    page.drawInlineImage(Image.new("1", (200, 100), 1), 100, 500)
    page.save()


def encrypted():
    """The first fixture again, once readable by everybody and once not."""
    for file, password in [("encrypted-open.pdf", ""), ("encrypted.pdf", "pears")]:
        writer = PdfWriter(clone_from=PdfReader(name("one-column.pdf")))
        writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
        writer.write(name(file))


if __name__ == "__main__":
    for make in [one_column, two_columns, running, table, image_only, encrypted]:
        make()
