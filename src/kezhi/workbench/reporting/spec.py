"""What a report asks, as its address says it: kind, measures, dimensions, filters, period, picture.

Nothing here is trusted: names are looked up later in what the actor may know, and what isn't there is a
problem with a sentence.

    of=order&measure=sum.amount&by=ordered_on.month&by=customer:tier&w=channel.in.电商&during=ordered_on.12m
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import pgettext_lazy

from kezhi.records.fields import Label

LONGEST = 8000
MOST_MEASURES = 3
MOST_DIMENSIONS = 2
MOST_SHOWN = 50
MOST_CONDITIONS = 12  # a list takes twenty: those of a cell come on top
USUAL_SHOWN = 12
PICTURES: dict[str, Label] = {
    "table": pgettext_lazy("picture of a report", "Table"),
    "bar": pgettext_lazy("picture of a report", "Bars"),
    "stack": pgettext_lazy("picture of a report", "Stacked bars"),
    "line": pgettext_lazy("picture of a report", "Line"),
    "heat": pgettext_lazy("picture of a report", "Heat map"),
    "number": pgettext_lazy("picture of a report", "Single number"),
}
COMPARISONS: dict[str, Label] = {
    "": pgettext_lazy("comparison of a report", "Nothing"),
    "previous": pgettext_lazy("comparison of a report", "The period before"),
    "year": pgettext_lazy("comparison of a report", "The year before"),
}


@dataclass(frozen=True)
class Named:
    """A name with what stands behind the point: `ordered_on.month`, `sum.amount`."""

    name: str
    of: str = ""

    @classmethod
    def parse(cls, text: str) -> Named:
        name, _dot, of = text.partition(".")
        return cls(name, of)

    def __str__(self) -> str:
        return f"{self.name}.{self.of}" if self.of else self.name


@dataclass(frozen=True)
class Spec:
    """One report. `during` is the field and the span of the period, `compare` with which other one."""

    kind: str
    measures: tuple[str, ...] = ("count",)
    dimensions: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    during: str = ""
    compare: str = ""
    top: int = USUAL_SHOWN
    picture: str = "table"

    @classmethod
    def read(cls, query: QueryDict) -> Spec:
        top = query.get("top", "")
        return cls(
            kind=query.get("of", ""),
            measures=_few(query.getlist("measure"), MOST_MEASURES) or ("count",),
            dimensions=_few(query.getlist("by"), MOST_DIMENSIONS),
            conditions=_few(query.getlist("w"), MOST_CONDITIONS),
            during=_during(query),
            compare=query.get("compare", "") if query.get("compare", "") in COMPARISONS else "",
            top=min(max(int(top), 1), MOST_SHOWN)
            if top.isdecimal() and len(top) < 4
            else USUAL_SHOWN,
            picture=query.get("picture", "") if query.get("picture", "") in PICTURES else "table",
        )

    @classmethod
    def parse(cls, text: str) -> Spec:
        return cls.read(QueryDict(text[:LONGEST]))

    def pairs(self) -> list[tuple[str, str]]:
        pairs = [("of", self.kind)]
        pairs += [("measure", each) for each in self.measures]
        pairs += [("by", each) for each in self.dimensions]
        pairs += [("w", each) for each in self.conditions]
        if self.during:
            pairs.append(("during", self.during))
        if self.compare:
            pairs.append(("compare", self.compare))
        if self.top != USUAL_SHOWN:
            pairs.append(("top", str(self.top)))
        return [*pairs, ("picture", self.picture)]

    def __str__(self) -> str:
        return urlencode(self.pairs())

    def without(self, condition: str) -> Spec:
        return replace(self, conditions=tuple(c for c in self.conditions if c != condition))

    def adding(self, condition: str) -> Spec:
        return replace(self, conditions=tuple(dict.fromkeys((*self.conditions, condition))))


# The span of the form that is two days to enter.
BETWEEN = "between"


def _few(texts: Iterable[str], most: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))[:most]


def _during(query: QueryDict) -> str:
    """The period as one text, or as the controls of the form say it."""
    field, span = query.get("during_field", ""), query.get("during_span", "")
    if "during_field" in query:
        if span == BETWEEN:
            span = f"{query.get('during_first', '')}..{query.get('during_last', '')}"
        return f"{field}.{span}" if field and span else ""
    return query.get("during", "")
