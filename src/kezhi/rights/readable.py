"""What concerns a person as a page and as a PDF: for people, in the language that is active."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import HRFlowable, Paragraph, SimpleDocTemplate, Spacer

from kezhi.records import registry
from kezhi.workbench.reporting.printing import FONT, LINE, QUIET, drawn, said, style

Tables = Mapping[str, Sequence[Mapping[str, Any]]]
# A sheet for each of thousands of rows is read by nobody: the file of data beside it has them all.
MOST_ROWS = 100
LONGEST_ENTRY = 3_000


@dataclass(frozen=True)
class Section:
    """One sort of records: each as pairs of a label and what stands there."""

    heading: str
    count: int
    rows: Iterator[list[tuple[str, str]]]


def title_of(name: str) -> str:
    return _("Data about %(name)s") % {"name": name}


def as_html(name: str, tables: Tables, at: datetime) -> str:
    """A page that needs nothing but a browser, with every row."""
    title, when = html.escape(title_of(name)), html.escape(_as_of(at))
    parts = [
        f"<!doctype html><html lang='{translation.get_language()}'><meta charset='utf-8'>",
        f"<title>{title}</title><h1>{title}</h1><p>{when}</p>",
    ]
    for section in _sections(tables):
        parts.append(f"<h2>{html.escape(section.heading)} ({section.count})</h2>")
        for row in section.rows:
            items = "".join(
                f"<tr><th align='left'>{html.escape(label)}</th><td>{html.escape(text)}</td></tr>"
                for label, text in row
            )
            parts.append(f"<table>{items}</table><hr>")
    return "\n".join(parts) + "</html>\n"


def as_pdf(name: str, tables: Tables, at: datetime) -> bytes:
    """The same to be printed or filed: of each sort the first hundred, of each entry the beginning."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    file, title, edge = io.BytesIO(), title_of(name), 18 * mm
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=edge,
        rightMargin=edge,
        topMargin=edge,
        bottomMargin=edge,
        title=title,
        creator="Kezhi",
    )
    story: list[Any] = [
        Paragraph(said(title), style(16)),
        Paragraph(said(_as_of(at)), style(9, QUIET)),
    ]
    for section in _sections(tables):
        story += _printed(section)

    def footed(canvas: Any, _document: Any) -> None:
        canvas.setFillColor(QUIET)
        drawn(canvas, edge, 10 * mm, title, 8)
        drawn(canvas, A4[0] - edge, 10 * mm, str(canvas.getPageNumber()), 8, right=True)

    document.build(story, onFirstPage=footed, onLaterPages=footed)
    return file.getvalue()


def _printed(section: Section) -> list[Any]:
    story: list[Any] = [
        Spacer(1, 6 * mm),
        Paragraph(said(f"{section.heading} ({section.count})"), style(12)),
    ]
    for number, row in enumerate(section.rows):
        if number == MOST_ROWS:
            more = _("%(count)d more are in data.json.") % {"count": section.count - number}
            story.append(Paragraph(said(more), style(9, QUIET)))
            break
        story.append(HRFlowable(width="100%", thickness=0.4, color=LINE, spaceBefore=2 * mm))
        for label, text in row:
            shown = text if len(text) <= LONGEST_ENTRY else f"{text[:LONGEST_ENTRY]}…"
            told = f'<font color="{QUIET.hexval()}">{said(label)}</font>{said("  ")}{said(shown)}'
            story.append(Paragraph(told, style(9)))
    return story


def _as_of(at: datetime) -> str:
    said_when = _("As of %(day)s. The same rows are in data.json and in the folder tables.")
    return said_when % {"day": f"{at:%Y-%m-%d %H:%M} UTC"}


def _sections(tables: Tables) -> Iterator[Section]:
    kinds = {kind.model._meta.db_table: kind for kind in registry}
    for table, rows in tables.items():
        kind = kinds.get(table)
        heading = str(kind.label_plural) if kind else _log_name(table)
        labels = {each.path.split("__")[0]: str(each.label) for each in kind.fields} if kind else {}
        yield Section(heading, len(rows), (_told(row, labels) for row in rows))


def _told(row: Mapping[str, Any], labels: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (labels.get(name.removesuffix("_id"), name), harmless_cell(entry))
        for name, entry in row.items()
        if entry not in (None, "", [], {})
    ]


def _log_name(table: str) -> str:
    names = {
        "audit_entry": _("What was done"),
        "audit_change": _("What was changed"),
        "audit_sighting": _("Who saw it"),
    }
    return names.get(table, table)


def harmless_cell(entry: Any) -> str:
    """As a spreadsheet may open it: nothing that begins a formula."""
    text = (
        ""
        if entry is None
        else entry
        if isinstance(entry, str)
        else json.dumps(entry, ensure_ascii=False)
    )
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
