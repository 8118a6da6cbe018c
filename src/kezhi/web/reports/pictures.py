"""What a report shows: its finding, its picture, and the table behind it, ready for the templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.core.refusal import Refused
from kezhi.records import FieldKind
from kezhi.web import numbers
from kezhi.web.findings import told
from kezhi.workbench.reporting import wording
from kezhi.workbench.reporting.dimensions import following
from kezhi.workbench.reporting.finding import finding
from kezhi.workbench.reporting.groups import Bucket, day_label
from kezhi.workbench.reporting.measures import Measure
from kezhi.workbench.reporting.report import Answer
from kezhi.workbench.reporting.writing import Grid, grid

K = FieldKind
MOST_SERIES = 6
MOST_POINTS = 400
MOST_TICKS = 7
WIDTH, HEIGHT = 720.0, 220.0  # of a line's box
TOP, BOTTOM = 10.0, 6.0


@dataclass(frozen=True)
class Picture:
    """`kind` names the macro that draws; `data` is what it reads. `trouble` stands in place of both."""

    answer: Answer
    kind: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    table: Grid | None = None
    finding: Any = ""
    trouble: str = ""

    @property
    def about(self) -> str:
        return " · ".join(wording.about(self.answer))


def picture(answer: Answer) -> Picture:
    """All that is shown of a report, asked for once; a report that can't be answered says why."""
    if answer.problems:
        return Picture(answer, trouble=" ".join(answer.problems))
    try:
        if answer.is_empty:
            return Picture(answer, kind="empty")
        told_ = finding(answer, short, lambda share: numbers.percent(share, 1))
    except Refused as refusal:
        return Picture(answer, trouble=str(refusal))
    kind = suited(answer)
    sentence = told(told_.sentence, **told_.figures) if told_.sentence else ""
    return Picture(answer, kind, _DRAWN[kind](answer), grid(answer), sentence)


def suited(answer: Answer) -> str:
    """The picture that was wished for, or the nearest that says something with these dimensions."""
    wanted, many = answer.spec.picture, len(answer.dimensions)
    if many == 0:
        return "number"
    if wanted == "number":
        wanted = "table"
    if wanted == "line" and not any(each.is_time for each in answer.dimensions):
        wanted = "bar"
    if wanted == "heat" and many != 2:
        wanted = "bar"
    if wanted in ("stack", "bar") and many == 2:
        return "stack" if answer.measure.is_additive else "heat"
    return "bar" if wanted == "stack" else wanted


def short(measure: Measure | None, entry: Any) -> str:
    """In a sentence or beside a bar."""
    kind = measure.kind if measure is not None else K.SHARE
    if kind is K.MONEY:
        return numbers.money(entry)
    if kind in (K.SHARE, K.PROBABILITY):
        return numbers.percent(entry, 1)
    if kind is K.INTEGER:
        return numbers.number(entry)
    return numbers.quantity(entry, 2)


def exact(measure: Measure | None, entry: Any) -> str:
    """In a table: to the cent."""
    kind = measure.kind if measure is not None else K.SHARE
    if kind is K.MONEY:
        return numbers.money(entry, exact=True)
    if kind is K.INTEGER:
        return numbers.number(entry, 0)
    return short(measure, entry)


def _number(answer: Answer) -> dict[str, Any]:
    figures = []
    for at, measure in enumerate(answer.measures):
        now, then = answer.now_and_before(None, at)
        figures.append(
            {
                "label": measure.label(answer.kind),
                "shown": short(measure, now),
                "exact": exact(measure, now) if measure.kind is K.MONEY else "",
                "change": answer.change_of(None, at),
                "before": short(measure, then) if answer.before is not None else "",
                "is_predicted": measure.is_predicted,
                "href": answer.drill(),
            }
        )
    return {"figures": figures}


def _bars(answer: Answer) -> dict[str, Any]:
    measure = answer.measure
    rows = []
    for each in answer.buckets[0]:
        entry = answer.figures.at(each.group)
        change = answer.change_of(each)
        rows.append(
            {
                "label": each.label,
                # The others together would make all bars beside them invisible.
                "amount": None if each.is_others else entry,
                "shown": short(measure, entry),
                "href": answer.drill(each),
                "kind": "predicted" if measure.is_predicted else "fact",
                "note": _("%(change)s to before") % {"change": numbers.delta(change)}
                if change is not None
                else "",
            }
        )
    return {"rows": rows, "is_predicted": measure.is_predicted}


def _stack(answer: Answer) -> dict[str, Any]:
    """A bar a group of the first dimension, parted by the second; small parts are put together."""
    figures, (first, second) = answer.figures, answer.buckets
    ranked = second
    if not answer.dimensions[1].is_ordered:
        ranked = sorted(second, key=lambda each: -float(figures.at(None, each.group) or 0))
        ranked = [each for each in ranked if not each.is_others]
    kept = ranked[: MOST_SERIES - 1] if len(second) > MOST_SERIES else second
    rest = [each for each in second if each not in kept]
    single = [row for row in first if not row.is_others]
    widest = max((_positive(answer, row) for row in single), default=0) or 1
    rows = []
    for row in first:
        x, parts = 0.0, []
        for place, column in enumerate(kept if row in single else (), start=1):
            entry = figures.at(row.group, column.group)
            if entry and entry > 0:
                colour, href = _colour(answer, column, place), answer.drill(row, column)
                parts.append(_part(answer, colour, x, entry, widest, column.label, href))
                x += float(entry) / float(widest) * 100
        more = sum(figures.at(row.group, each.group) or 0 for each in rest)
        if more > 0 and row in single:
            parts.append(_part(answer, MOST_SERIES, x, more, widest, _("Others"), ""))
        rows.append(
            {
                "label": row.label,
                "parts": parts,
                "shown": short(answer.measure, figures.at(row.group, None)),
                "href": answer.drill(row),
            }
        )
    key: list[tuple[Any, str]] = [
        (_colour(answer, each, place), each.label) for place, each in enumerate(kept, start=1)
    ]
    return {"rows": rows, "key": [*key, (MOST_SERIES, _("Others"))] if rest else key}


def _colour(answer: Answer, column: Bucket, place: int) -> Any:
    """A tier has its own colour on every page."""
    is_tier = answer.dimensions[1].field.kind is K.TIER
    return column.group.entry if is_tier and column.group.entry else place


def _positive(answer: Answer, row: Bucket) -> Any:
    entries = (answer.figures.at(row.group, each.group) for each in answer.buckets[1])
    return sum(entry for entry in entries if entry and entry > 0)


def _part(
    answer: Answer, place: Any, x: float, entry: Any, widest: Any, label: str, href: str
) -> dict[str, Any]:
    return {
        "colour": place,
        "x": round(x, 2),
        "width": round(max(float(entry) / float(widest) * 100, 0.2), 2),
        "title": f"{label}: {wording.figure(answer.measure, entry)}",
        "href": href,
    }


def _line(answer: Answer) -> dict[str, Any]:
    """A line for each group of the other dimension over the time; days without records are nothing."""
    at = next(place for place, each in enumerate(answer.dimensions) if each.is_time)
    times = [each for each in answer.buckets[at] if isinstance(each.group.entry, date)]
    axis = _axis([each.group.entry for each in times], answer.dimensions[at].grain)
    by_day = {each.group.entry: each for each in times}
    others: list[Bucket | None] = [None]
    if len(answer.dimensions) == 2:
        others = []
        others += [each for each in answer.buckets[1 - at] if not each.is_others][:MOST_SERIES]
    series = []
    for other in others:
        entries = [_entry(answer, at, by_day.get(day), other) for day in axis]
        series.append((other, entries))
    known = [float(e) for _other, entries in series for e in entries if e is not None]
    low, high = min([*known, 0.0]), max([*known, 0.0]) or 1.0
    drawn = [
        _drawn(answer, at, place, other, entries, axis, by_day, low, high)
        for place, (other, entries) in enumerate(series, start=1)
    ]
    many = min(MOST_TICKS, len(axis))
    places = {round(tick * (len(axis) - 1) / max(many - 1, 1)) for tick in range(many)}
    grain = answer.dimensions[at].grain
    labels = [day_label(axis[place], grain) for place in sorted(places)]
    return {
        "series": drawn,
        "labels": labels,
        "top": short(answer.measure, high),
        "low": short(answer.measure, low),
        "zero": round(_y(0.0, low, high), 1),
        "is_predicted": answer.measure.is_predicted,
    }


def _axis(days: list[date], grain: str) -> list[date]:
    """Every day, month … from the first to the last, those without records too."""
    if not days:
        return []
    axis: list[date] = []
    day, last = min(days), max(days)
    while day <= last and len(axis) < MOST_POINTS:
        axis.append(day)
        day = following(day, grain)
    return axis


def _entry(answer: Answer, at: int, time: Bucket | None, other: Bucket | None) -> Any:
    nothing = 0 if answer.measure.is_additive else None
    if time is None:
        return nothing
    key = [time.group] if len(answer.dimensions) == 1 else _crossed(at, time, other)
    entry = answer.figures.at(*key)
    return nothing if entry is None else entry


def _crossed(at: int, time: Bucket, other: Bucket | None) -> list[Any]:
    group = other.group if other else None
    return [time.group, group] if at == 0 else [group, time.group]


def _drawn(
    answer: Answer, at: int, place: int, other: Bucket | None, entries: list[Any],
    axis: list[date], by_day: dict[date, Bucket], low: float, high: float,
) -> dict[str, Any]:  # fmt: skip
    points, path, is_open = [], [], False
    for number, (day, entry) in enumerate(zip(axis, entries, strict=True)):
        if entry is None:
            is_open = False
            continue
        x, y = _x(number, len(axis)), round(_y(float(entry), low, high), 1)
        path.append(f"{'L' if is_open else 'M'}{x:g} {y:g}")
        is_open = True
        bucket = by_day.get(day)
        if bucket is not None:
            pair = (bucket, other) if at == 0 else (other, bucket)
            points.append(
                {
                    "x": x,
                    "y": y,
                    "title": f"{bucket.label}: {wording.figure(answer.measure, entry)}",
                    "href": answer.drill(*(each for each in pair if each is not None)),
                }
            )
    name = other.label if other else answer.measure.label(answer.kind)
    return {
        "colour": place,
        "key": (place, name),
        "label": name,
        "path": "".join(path),
        "points": points,
    }


def _x(place: int, many: int) -> float:
    return round(8 + place * (WIDTH - 16) / max(many - 1, 1), 1)


def _y(entry: float, low: float, high: float) -> float:
    return TOP + (high - entry) / ((high - low) or 1) * (HEIGHT - TOP - BOTTOM)


def _heat(answer: Answer) -> dict[str, Any]:
    table = grid(answer)
    entries = [
        float(cell.entry)
        for bucket, (_label, cells) in zip(answer.buckets[0], table.rows, strict=True)
        for cell in cells[:-1]
        if cell.entry is not None and not bucket.is_others
    ]
    return {"low": min(entries, default=0), "high": max(entries, default=0)}


def _table(answer: Answer) -> dict[str, Any]:
    return {}


_DRAWN = {
    "number": _number,
    "bar": _bars,
    "stack": _stack,
    "line": _line,
    "heat": _heat,
    "table": _table,
}
