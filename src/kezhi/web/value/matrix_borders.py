"""The borders of the value matrix as somebody drags or types them: in the address and in the form."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from kezhi.insight import figures
from kezhi.records import Condition, registry
from kezhi.value.matrix import THIRDS, UPS, MatrixSettings, Split
from kezhi.web import numbers
from kezhi.web.requests import typed_number

NAMES = ("across", "up", "level")
MOST = Decimal(10) ** 12
LONGEST = 30


@dataclass
class Asked:
    """What was typed, by control, what is wrong with it, and the borders it comes to."""

    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    settings: MatrixSettings = field(default_factory=MatrixSettings)

    @classmethod
    def of(cls, settings: MatrixSettings) -> Asked:
        """The form that shows these borders."""
        asked = cls(settings=settings)
        asked.typed["third"] = settings.third
        asked.typed["measure"] = settings.up
        for name, split in zip(NAMES, splits_of(settings), strict=True):
            asked.typed[name] = f"{split.at * 100:g}" if split.by == "share" else f"{split.at:.12g}"
            asked.typed[f"{name}-by"] = split.by
        return asked

    @classmethod
    def read(cls, given: QueryDict, usual: MatrixSettings) -> Asked:
        """The form as it was sent; what isn't sent stays as usual. A border that was dragged counts before
        one that was typed; where another measure stands up, the border of the one before counts not."""
        asked = cls.of(usual)
        third = given.get("third", usual.third)
        asked.typed["third"] = third if third in ("", *THIRDS) else ""
        measure = given.get("measure", usual.up)
        asked.typed["measure"] = measure if measure in UPS else usual.up
        for name in NAMES:
            dragged = given.get(f"{name}-drag")
            if dragged is not None and dragged != given.get(f"{name}-was"):
                asked.typed |= {name: _within(dragged), f"{name}-by": "share"}
            elif name in given:
                by = given.get(f"{name}-by")
                asked.typed[name] = given.get(name, "").replace("\0", "").strip()[:LONGEST]
                asked.typed[f"{name}-by"] = "figure" if by == "figure" else "share"
        if given.get("measure-was", asked.typed["measure"]) != asked.typed["measure"]:
            asked.typed |= {"up": "50", "up-by": "share"}
        splits = [asked._split(name) for name in NAMES]
        asked.settings = MatrixSettings(
            splits[0], splits[1], asked.typed["third"], splits[2], asked.typed["measure"]
        )
        return asked

    def _split(self, name: str) -> Split:
        by = self.typed[f"{name}-by"]
        number = typed_number(self.typed[name], may_be_percent=True)
        if by == "figure":
            if number is not None and 0 <= number <= MOST:
                return Split("figure", float(number))
            self.errors[name] = _("Type a number of 0 or more.")
        else:
            if number is not None and 1 <= number <= 99:
                return Split("share", float(number) / 100)
            self.errors[name] = _("Type a share from 1 to 99 per cent.")
        return Split()

    @property
    def query(self) -> str:
        """The address of these borders, without what only the form needs."""
        return "?" + urlencode(self.typed)


def _within(dragged: str) -> str:
    """A place on the slider, whose ends are no places for a border."""
    try:
        return f"{min(99.0, max(1.0, float(dragged[:LONGEST]))):g}"
    except ValueError:
        return dragged[:LONGEST]


def splits_of(settings: MatrixSettings) -> tuple[Split, Split, Split]:
    """The borders in the order of `NAMES`."""
    return settings.current, settings.potential, settings.third_split


def list_of(
    grid: figures.Grid,
    *states: tuple[figures.Borders, tuple[bool | None, ...]],
) -> str:
    """The customers who stand on these sides of these borders; None: on either side."""
    conditions = []
    for place, axis in enumerate(grid.axes):
        low = [b.each[place] for b, sides in states if _side(sides, place) is True]
        high = [b.each[place] for b, sides in states if _side(sides, place) is False]
        if low:
            conditions.append(Condition(axis.measure, "gte", _plain(max(low))))
        if high:
            conditions.append(Condition(axis.measure, "lt", _plain(min(high))))
        if not low and not high:
            conditions.append(Condition(axis.measure, "filled"))
    return registry["customer"].list_url(*conditions, sort=f"-{grid.up.measure}")


def _side(sides: tuple[bool | None, ...], place: int) -> bool | None:
    return sides[place] if place < len(sides) else None


def _plain(border: float) -> str:
    return format(Decimal(str(border)), "f")


def measure_label(measure: str) -> str:
    """An axis by the name of its field."""
    return str(registry.declared("customer").field(measure).label)


def shown(measure: str, border: float) -> Any:
    """A border as the axis shows its figures."""
    if measure == "p_alive":
        return numbers.probability(border)
    return numbers.number(border, 1) if measure in THIRDS else numbers.money(border)
