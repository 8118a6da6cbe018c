"""Reports on paper: PDF with Chinese and Latin letters, bars where bars say more than rows."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import (
    Flowable,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from kezhi.workbench.reporting import wording
from kezhi.workbench.reporting.report import Answer
from kezhi.workbench.reporting.writing import Cell, grid

FONT = "STSong-Light"
# Viewers without that font take another for its hanzi, and lose digits and Latin letters on the way.
LATIN = "Helvetica"
RUNS = re.compile(r"[\x20-\x7e\xa1-\xff]+|[^\x20-\x7e\xa1-\xff]+")
INK, QUIET, LINE, FACT = (colors.HexColor(c) for c in ("#131a1c", "#5f6c72", "#cdd5d5", "#0e6377"))
MOST_COLUMNS = 8  # of figures beside each other on one sheet
MOST_BARS = 30


def pdf_file(answers: Sequence[tuple[str, Answer]], *, by: str, on: str) -> bytes:
    """One page or more a report; `by` and `on` say at the foot who may see these figures, and of which day."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=landscape(A4),
        leftMargin=16 * mm,
        rightMargin=16 * mm,
        topMargin=14 * mm,
        bottomMargin=16 * mm,
        title=answers[0][0] if answers else "",
        author=by,
        creator="Kezhi",
    )
    story: list[Any] = []
    for place, (title, answer) in enumerate(answers):
        if place:
            story.append(PageBreak())
        story += _pages(title, answer, document.width)
    foot = _("As %(person)s may see it, %(day)s") % {"person": by, "day": on}

    def footed(canvas: Any, _document: Any) -> None:
        canvas.setFillColor(QUIET)
        drawn(canvas, 16 * mm, 9 * mm, foot, 8)
        number, edge = str(canvas.getPageNumber()), landscape(A4)[0] - 16 * mm
        drawn(canvas, edge, 9 * mm, number, 8, right=True)

    document.build(story, onFirstPage=footed, onLaterPages=footed)
    return file.getvalue()


def runs(text: str) -> list[tuple[str, str]]:
    """The text in pieces, each with the font that has its letters."""
    return [(LATIN if run[0] <= "\xff" else FONT, run) for run in RUNS.findall(text)]


def said(text: str) -> str:
    """As a paragraph takes it, nothing of it being markup."""
    return "".join(f'<font name="{font}">{escape(run)}</font>' for font, run in runs(text))


def drawn(canvas: Any, x: float, y: float, text: str, size: float, *, right: bool = False) -> None:
    if right:
        x -= width_of(text, size)
    for font, run in runs(text):
        canvas.setFont(font, size)
        canvas.drawString(x, y, run)
        x += pdfmetrics.stringWidth(run, font, size)


def width_of(text: str, size: float) -> float:
    return float(sum(pdfmetrics.stringWidth(run, font, size) for font, run in runs(text)))


def style(size: float, color: Any = INK, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(
        f"k{size}{color}{more}", fontName=FONT, fontSize=size, leading=size * 1.45,
        textColor=color, wordWrap="CJK", **more,
    )  # fmt: skip


def _pages(title: str, answer: Answer, width: float) -> list[Any]:
    told = str(wording.said(answer))
    story: list[Any] = [Paragraph(said(told or title), style(16))]
    if told:
        story.append(Paragraph(said(title), style(10, QUIET)))
    story += [Paragraph(said(line), style(9, QUIET)) for line in wording.about(answer)]
    story.append(Spacer(1, 5 * mm))
    if answer.problems:
        return [*story, Paragraph(said(" ".join(answer.problems)), style(10))]
    if answer.is_empty:
        return [
            *story,
            Paragraph(said(_("No records in this period and with these filters.")), style(10)),
        ]
    if _has_bars(answer):
        story += [Bars(answer, width), Spacer(1, 5 * mm)]
    return [*story, *_tables(answer, width)]


def _has_bars(answer: Answer) -> bool:
    return (
        len(answer.dimensions) == 1
        and answer.spec.picture in ("bar", "line", "stack")
        and len(answer.buckets[0]) <= MOST_BARS
    )


class Bars(Flowable):
    """One bar a group, as long as its figure."""

    def __init__(self, answer: Answer, width: float) -> None:
        super().__init__()
        measure = answer.measure
        self.rows = []
        for each in answer.buckets[0]:
            entry = answer.figures.at(each.group)
            # The others together would make all bars beside them invisible.
            length = 0.0 if each.is_others else abs(float(entry or 0))
            self.rows.append((each.label, length, wording.figure(measure, entry)))
        self.width, self.height = width, 15.0 * len(self.rows)

    def draw(self) -> None:
        canvas: Any = self.canv
        largest = max((length for _label, length, _shown in self.rows), default=0) or 1
        left, right = 150.0, 110.0
        for place, (label, length, shown) in enumerate(self.rows):
            y = self.height - 15.0 * (place + 1) + 3
            canvas.setFillColor(INK)
            drawn(canvas, 0, y, _cut(label, left - 8), 9)
            if length:
                canvas.setFillColor(FACT)
                wide = max((self.width - left - right) * length / largest, 0.6)
                canvas.rect(left, y - 1, wide, 9, stroke=0, fill=1)
            canvas.setFillColor(INK)
            drawn(canvas, self.width, y, shown, 9, right=True)


def _cut(text: str, width: float) -> str:
    if width_of(text, 9) <= width:
        return text
    while text and width_of(f"{text}…", 9) > width:
        text = text[:-1]
    return f"{text}…"


def _tables(answer: Answer, width: float) -> list[Any]:
    """The grid; columns that find no place beside each other follow in tables below."""
    table = grid(answer)
    every = [*table.rows, *([table.total] if table.total else [])]
    story: list[Any] = []
    for start in range(0, len(table.headings), MOST_COLUMNS):
        stop = start + MOST_COLUMNS
        head = [table.corner, *table.headings[start:stop]]
        rows = [
            [Paragraph(said(label), style(9)), *(_figure(cell) for cell in cells[start:stop])]
            for label, cells in every
        ]
        first = 62 * mm
        others = (width - first) / max(len(head) - 1, 1)
        body = [
            [
                Paragraph(said(text), style(9, QUIET, alignment=2 if at else 0))
                for at, text in enumerate(head)
            ]
        ]
        laid = Table(
            body + rows,
            colWidths=[first, *([min(others, 60 * mm)] * (len(head) - 1))],
            repeatRows=1,
            hAlign="LEFT",
        )
        laid.setStyle(
            TableStyle(
                [
                    ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                    ("LINEABOVE", (0, -1), (-1, -1), 0.8, QUIET),
                    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                    ("TOPPADDING", (0, 0), (-1, -1), 2),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
                ]
            )
        )
        story += [laid, Spacer(1, 5 * mm)]
    return story


def _figure(cell: Cell) -> Paragraph:
    return Paragraph(said(wording.figure(cell.measure, cell.entry)), style(9, alignment=2))
