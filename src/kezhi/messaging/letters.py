"""Mail of our own: written once from parts, sent as plain text and as HTML that any program shows.

No template language: parts are typed, every text is escaped, and nothing is fetched when it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

INK, QUIET, LINE, ACCENT = "#1d1d1f", "#6b6b70", "#e3e3e6", "#1f4fd8"
FONT = "-apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei',sans-serif"


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs as somebody wrote them: empty lines part them."""

    words: str
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a list: what it is, what is said of it, where it leads."""

    title: str
    note: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Link:
    words: str
    address: str


@dataclass(frozen=True, slots=True)
class Points:
    """The points of a scale in a line, each a link; what the lowest and the highest mean beneath."""

    points: Sequence[tuple[str, str]]
    low: str = ""
    high: str = ""


Part = Text | Heading | Rows | Link | Points


def as_text(parts: Iterable[Part]) -> str:
    return "\n\n".join(_text(part) for part in parts).strip() + "\n"


def as_html(parts: Iterable[Part], *, language: str = "") -> str:
    """A whole document, with the few styles on the elements: many programs drop style sheets."""
    lang = "zh-CN" if language.startswith("zh") else "en"
    inner = "".join(_html(part) for part in parts)
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"></head>'
        f'<body style="margin:0;padding:16px;color:{INK};font:15px/1.6 {FONT}">'
        f'<div style="max-width:640px">{inner}</div></body></html>'
    )


def _text(part: Part) -> str:
    if isinstance(part, Heading):
        return f"{part.words}\n{'-' * min(2 * len(part.words), 60)}"
    if isinstance(part, Rows):
        return "\n".join(
            f"- {row.title}" + (f": {row.note}" if row.note else "") + _below(row.link)
            for row in part.rows
        )
    if isinstance(part, Link):
        return f"{part.words}: {part.address}"
    if isinstance(part, Points):
        # A column of addresses helps nobody: the link to the page follows.
        ends = (f"{part.points[0][0]}: {part.low}", f"{part.points[-1][0]}: {part.high}")
        return ", ".join(ends) if part.low and part.high else ""
    return part.words.strip()


def _below(link: str) -> str:
    return f"\n  {link}" if link else ""


def _html(part: Part) -> str:
    if isinstance(part, Heading):
        return f'<h2 style="font-size:16px;margin:24px 0 8px">{escape(part.words)}</h2>'
    if isinstance(part, Rows):
        return "".join(_row(row) for row in part.rows)
    if isinstance(part, Link):
        opening = f'<a href="{escape(part.address)}" style="color:{ACCENT}">'
        return f'<p style="margin:16px 0">{opening}{escape(part.words)}</a></p>'
    if isinstance(part, Points):
        return _points(part)
    colour = QUIET if part.is_quiet else INK
    return "".join(
        f'<p style="margin:0 0 12px;color:{colour}">{escape(words).replace(chr(10), "<br>")}</p>'
        for words in part.words.replace("\r\n", "\n").strip().split("\n\n")
    )


def _points(part: Points) -> str:
    links = "".join(
        f'<a href="{escape(address)}" style="display:inline-block;min-width:22px;margin:0 4px 4px 0;'
        f"padding:8px 6px;border:1px solid {LINE};border-radius:6px;text-align:center;"
        f'text-decoration:none;color:{ACCENT}">{escape(words)}</a>'
        for words, address in part.points
    )
    ends = f"{escape(part.low)} … {escape(part.high)}" if part.low or part.high else ""
    return f'<p style="margin:0 0 12px">{links}<br><span style="color:{QUIET};font-size:13px">{ends}</span></p>'


def _row(row: Row) -> str:
    title = escape(row.title)
    if row.link:
        title = f'<a href="{escape(row.link)}" style="color:{ACCENT}">{title}</a>'
    note = f'<div style="color:{QUIET};font-size:13px">{escape(row.note)}</div>' if row.note else ""
    return f'<div style="padding:8px 0;border-bottom:1px solid {LINE}">{title}{note}</div>'
