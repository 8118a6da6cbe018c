"""One entry of a record on screen: what the macro in `records/_cells.html` needs, and nothing queried."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from kezhi.records import Field, FieldKind, Kind, registry
from kezhi.web import numbers
from kezhi.workbench.filtering.meaning import enumerated
from kezhi.workbench.holding import held

K = FieldKind


@dataclass(frozen=True)
class Cell:
    """`entry` as stored, `text` in words where it has some, `href` where it leads somewhere."""

    field: Field
    entry: Any = None
    text: str = ""
    href: str = ""
    reveal: str = ""  # where a masked entry is shown in full

    @property
    def is_empty(self) -> bool:
        return self.entry is None

    @property
    def label(self) -> str:
        return str(self.field.label)


def cell(field: Field, record: Any) -> Cell:
    entry = held(record, field)
    if entry is None:
        return Cell(field)
    href = _leads_to(field, entry)
    if field.opens and not field.is_masked:
        href = field.opens % record.pk
    return Cell(field, entry, _words(field, entry), href)


def title_of(kind: Kind, record: Any) -> str:
    """The record's name as people read it; a long text is cut."""
    named = cell(kind.field(kind.title), record)
    line = " ".join((named.text or str(named.entry or record)).split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def subtitle_of(kind: Kind, record: Any, besides: Collection[str] = ()) -> str:
    """A line that tells records of one name apart, without the fields that stand beside it anyway."""
    names = (name for name in kind.subtitle if name not in besides)
    shown = (cell(kind.field(name), record) for name in names)
    return " · ".join(each.text for each in shown if each.text)


def unit_of(field: Field, currency: str) -> str:
    """The unit in a column's heading. Amounts with decimals are written in full, others in 万元 or ¥K."""
    if field.kind is K.MONEY and field.decimals:
        return "元" if numbers.language() == "zh" and currency == "CNY" else currency
    return str(field.unit)


def properties(
    kind: Kind, record: Any, names: Sequence[str] = (), *, may_reveal: bool = False
) -> list[Cell]:
    """The rows of the property panel, `_properties.html`: those of the declaration, or the named ones."""
    cells = [cell(kind.field(name), record) for name in names or kind.properties]
    return [with_reveal(kind, record, each) for each in cells] if may_reveal else cells


def with_reveal(kind: Kind, record: Any, shown: Cell) -> Cell:
    """The same cell, with where it is shown in full if it is masked."""
    if not shown.field.is_masked or shown.is_empty:
        return shown
    address = reverse("reveal", args=[kind.name, record.pk, shown.field.name])
    return replace(shown, reveal=address)


def _words(field: Field, entry: Any) -> str:
    if field.kind in (K.CHOICE, K.TIER):
        return str(dict(field.choices).get(entry, entry))
    if field.kind is K.MULTI_CHOICE and isinstance(entry, list | tuple):
        names = dict(field.choices)
        return enumerated([str(names.get(each, each)) for each in entry])
    if field.kind is K.BOOLEAN:
        return _("yes") if entry else _("no")
    return str(entry)


def _leads_to(field: Field, entry: Any) -> str:
    if field.is_masked:
        return ""
    if field.kind is K.LINK:
        return registry[field.link].url_of(entry)
    if field.kind is K.PHONE:
        return f"tel:{''.join(c for c in str(entry) if c.isdigit() or c == '+')}"
    if field.kind is K.EMAIL:
        return f"mailto:{entry}"
    if field.kind is K.URL:
        return _web_address(str(entry))
    return ""


def _web_address(text: str) -> str:
    """Only addresses of the web become links; `javascript:` and the like stay text."""
    if text.lower().startswith(("http://", "https://")):
        return text
    is_bare = ("." in text and not any(c in text for c in ":/ \t")) or text.startswith("www.")
    return f"https://{text}" if is_bare else ""
