"""A layout while somebody arranges it: everything is in the form, and each button changes a little of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import override

from kezhi.records import Field, Kind
from kezhi.workbench.customizing.building import must_stand, placed, sections_of
from kezhi.workbench.models import Layout

MOST = 1_000


@dataclass
class Placed:
    """A field in its place."""

    field: Field
    in_form: bool
    on_panel: bool
    may_form: bool  # computed and kept by the product: nobody types it
    must_form: bool

    @property
    def name(self) -> str:
        return self.field.name


@dataclass
class Part:
    """A section with its titles and fields."""

    zh: str = ""
    en: str = ""
    rows: list[Placed] = field(default_factory=list)


@dataclass
class LayoutForm:
    kind: Kind
    parts: list[Part]
    columns: list[str]

    @classmethod
    def of(cls, kind: Kind, layout: Layout) -> LayoutForm:
        parts = []
        for section in sections_of(kind, layout):
            rows = [_placed(kind, name, layout) for name in section.fields]
            parts.append(Part(*_both(section.title), rows))
        return cls(kind, parts or [Part()], [n for n in layout.columns if n in kind])

    @classmethod
    def read(cls, kind: Kind, data: QueryDict) -> LayoutForm:
        """`item` in order: `s` opens a section, anything else is a field; titles and ticks beside."""
        layout = Layout(kind=kind.name)
        known = set(placed(kind))
        zh, en = data.getlist("zh"), data.getlist("en")
        form, panel = set(data.getlist("in_form")), set(data.getlist("on_panel"))
        parts: list[Part] = []
        for item in data.getlist("item")[:MOST]:
            if item == "s":
                at = len(parts)
                parts.append(Part(zh[at] if at < len(zh) else "", en[at] if at < len(en) else ""))
            elif item in known and parts:
                known.discard(item)
                row = _placed(kind, item, layout)
                row.in_form = (item in form or row.must_form) and row.may_form
                row.on_panel = item in panel
                parts[-1].rows.append(row)
        rest = [name for name in placed(kind) if name in known]
        parts = parts or [Part()]
        parts[-1].rows += [_placed(kind, name, layout) for name in rest]
        columns = [name for name in dict.fromkeys(data.getlist("column")) if name in kind]
        return cls(kind, parts, columns)

    def act(self, deed: str, data: QueryDict) -> None:
        """One button: up, down, left, right or off with a field, `drop` with a section, `section`, `add`."""
        verb, _sep, what = deed.partition(":")
        if verb in ("up", "down"):
            self._shift(what, -1 if verb == "up" else 1)
        elif verb == "section":
            self.parts.append(Part())
        elif verb == "drop" and what.isdecimal() and len(what) < 4:
            self._drop(int(what))
        elif verb in ("left", "right") and what in self.columns:
            self._column(what, -1 if verb == "left" else 1)
        elif verb == "off" and what in self.columns:
            self.columns.remove(what)
        elif verb == "add":
            name = data.get("new_column", "")
            if name in self.kind and name not in self.columns:
                self.columns.append(name)

    def _shift(self, name: str, step: int) -> None:
        """One place up or down, across the border of a section where it stands at one."""
        for at, part in enumerate(self.parts):
            for place, row in enumerate(part.rows):
                if row.name != name:
                    continue
                to = place + step
                if 0 <= to < len(part.rows):
                    part.rows[place], part.rows[to] = part.rows[to], part.rows[place]
                elif 0 <= at + step < len(self.parts):
                    part.rows.remove(row)
                    other = self.parts[at + step].rows
                    other.insert(len(other) if step < 0 else 0, row)
                return

    def _drop(self, at: int) -> None:
        if len(self.parts) > 1 and at < len(self.parts):
            gone = self.parts.pop(at)
            self.parts[max(0, at - 1)].rows += gone.rows

    def _column(self, name: str, step: int) -> None:
        at = self.columns.index(name)
        to = at + step
        if 0 <= to < len(self.columns):
            self.columns[at], self.columns[to] = self.columns[to], self.columns[at]

    def given(self) -> dict[str, Any]:
        """As the deed takes it."""
        rows = [row for part in self.parts for row in part.rows]
        return {
            "sections": [
                {"zh": part.zh, "en": part.en, "fields": [row.name for row in part.rows]}
                for part in self.parts
            ],
            "not_in_form": [row.name for row in rows if row.may_form and not row.in_form],
            "not_on_panel": [row.name for row in rows if not row.on_panel],
            "columns": self.columns,
        }

    @property
    def shown_columns(self) -> list[Field]:
        return [self.kind.field(name) for name in self.columns]

    @property
    def other_columns(self) -> list[tuple[str, str]]:
        return [(f.name, str(f.label)) for f in self.kind.fields if f.name not in self.columns]


def _placed(kind: Kind, name: str, layout: Layout) -> Placed:
    each = kind.field(name)
    may_form = bool(kind.form) and each.is_editable
    return Placed(
        each,
        may_form and name not in layout.not_in_form,
        name not in layout.not_on_panel,
        may_form,
        may_form and must_stand(kind, name),
    )


def _both(title: Any) -> tuple[str, str]:
    with override("zh-hans"):
        chinese = str(title)
    with override("en"):
        return chinese, str(title)
