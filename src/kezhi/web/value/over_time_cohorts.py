"""Value by cohort of the first purchase, month by month: what each brought and is expected to bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe
from markupsafe import Markup

from kezhi.insight import figures
from kezhi.insight.figures import MeasuredDay
from kezhi.insight.models import ValueRun
from kezhi.records import Condition, registry
from kezhi.web import numbers
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest, must_may, must_see
from kezhi.web.value.over_time import head, month_ends

SHOWN = ("both", "realised", "expected")
PER = ("total", "customer")
BY = ("quarter", "year")
MOST_ROWS = 12
EARLIER = "earlier"


@dataclass(frozen=True, slots=True)
class Cohort:
    """A row: its key in addresses, its label, and the quarters of the first purchase in it."""

    key: str
    label: str
    quarters: tuple[str, ...]

    def amount(self, day: MeasuredDay, shown: str) -> tuple[int, float]:
        """How many they were on the day, and what they had brought, were to bring, or both."""
        own = [each for each in day.value.cohorts if each.quarter in self.quarters]
        realised, expected = sum(e.realised for e in own), sum(e.expected for e in own)
        amounts = {"realised": realised, "expected": expected, "both": realised + expected}
        return sum(each.customers for each in own), amounts[shown]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    shown: str
    per: str
    by: str

    @classmethod
    def read(cls, request: PersonRequest) -> Asked:
        def one(name: str, known: Sequence[str]) -> str:
            asked = request.GET.get(name, "")
            return asked if asked in known else known[0]

        return cls(one("show", SHOWN), one("per", PER), one("by", BY))

    def address(self, **other: str) -> str:
        asked = {"show": self.shown, "per": self.per, "by": self.by, **other}
        return f"{reverse('value-cohorts')}?{urlencode(asked)}"


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?show=both|realised|expected`, `?per=total|customer`, `?by=quarter|year`; `?day=&cohort=` a cell."""
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    asked, runs = Asked.read(request), month_ends()
    days = figures.measured_days(request.actor, runs)
    about = {**head(request, "value-cohorts"), "days": days}
    rows = cohorts(days, asked.by)
    if not rows:
        return render(request, "value/over_time/cohorts.html", {**about, "days": []})
    grid = [_row(cohort, days, asked) for cohort in rows]
    levels = [
        cell["level"]
        for cohort, row in zip(rows, grid, strict=True)
        for cell in row["cells"]
        if cell["level"] and cohort.key != EARLIER  # of many quarters: darkest anyway
    ]
    everybody = Cohort("", _("All"), tuple(quarter for row in rows for quarter in row.quarters))
    about |= {
        "asked": asked,
        "as_of": days[-1].as_of,
        "finding": _finding(rows, days[-1]),
        "switches": _switches(asked),
        "rows": [*grid, _row(everybody, days, asked, is_coloured=False)],
        "columns": [_month(day.as_of) for day in days],
        "high": max(levels, default=0.0) or 1.0,
        "title": _title(asked),
        "latest": [_latest(cohort, days[-1]) for cohort in reversed(rows)],
        "may_export": request.actor.may("export", "customer"),
        **_who(request, runs, rows, asked),
    }
    return render(request, "value/over_time/cohorts.html", about)


def _month(day: date) -> str:
    return date_format(day, "Y-m" if numbers.language() == "zh" else "M Y")


def cohorts(days: Sequence[MeasuredDay], by: str) -> list[Cohort]:
    """The rows, the oldest first: of many quarters the oldest stand together."""
    quarters = sorted({each.quarter for day in days for each in day.value.cohorts})
    if by == "year":
        years = sorted({quarter[:4] for quarter in quarters})
        found = [
            Cohort(year, year, tuple(each for each in quarters if each.startswith(year)))
            for year in years
        ]
    else:
        found = [Cohort(each, each.replace("-", " "), (each,)) for each in quarters]
    if len(found) <= MOST_ROWS:
        return found
    old, late = found[: 1 - MOST_ROWS], found[1 - MOST_ROWS :]
    together = tuple(quarter for each in old for quarter in each.quarters)
    return [Cohort(EARLIER, pgettext("cohorts", "Earlier"), together), *late]


def _row(
    cohort: Cohort, days: Sequence[MeasuredDay], asked: Asked, *, is_coloured: bool = True
) -> dict[str, Any]:
    cells = [_cell(cohort, day, asked, is_coloured) for day in days]
    return {"label": cohort.label, "cells": cells}


def _cell(cohort: Cohort, day: MeasuredDay, asked: Asked, is_coloured: bool) -> dict[str, Any]:
    customers, amount = cohort.amount(day, asked.shown)
    if not customers:
        return {"shown": "", "note": "", "level": None, "href": "", "label": ""}
    figure = numbers.money_column(amount)
    if asked.per == "customer":
        amount /= customers
        figure = numbers.money(amount)
    if asked.shown != "realised":
        figure = Markup('<span class="est">{}</span>').format(figure)
    return {
        "shown": figure,
        "note": numbers.number(customers),
        "level": max(amount, 0.0) if is_coloured else None,
        "href": asked.address(day=day.as_of.isoformat(), cohort=cohort.key) + "#who",
        "label": _("%(cohort)s on %(day)s")
        % {"cohort": cohort.label, "day": numbers.day(day.as_of, "full", plain=True)},
    }


def _latest(cohort: Cohort, day: MeasuredDay) -> dict[str, Any]:
    """A line of the numbers: the cohort on the last day, and its customers as a list."""
    customers, realised = cohort.amount(day, "realised")
    _customers, expected = cohort.amount(day, "expected")
    return {
        "label": cohort.label,
        "customers": customers,
        "realised": realised,
        "expected": expected,
        "href": _list(cohort),
    }


def _list(cohort: Cohort) -> str:
    """The customers of a cohort today."""
    first, last = _bounds(cohort)
    since = Condition("first_order_on", "gte", first.isoformat())
    until = Condition("first_order_on", "lte", last.isoformat())
    both = [until] if cohort.key == EARLIER else [since, until]
    return str(registry["customer"].list_url(*both, sort="-potential_value"))


def _bounds(cohort: Cohort) -> tuple[date, date]:
    """The first and the last day of its quarters."""
    firsts = [date(int(each[:4]), 3 * int(each[-1]) - 2, 1) for each in cohort.quarters]
    end = max(firsts)
    last = date(end.year + end.month // 12, (end.month + 2) % 12 + 1, 1)
    return min(firsts), date.fromordinal(last.toordinal() - 1)


def _switches(asked: Asked) -> list[tuple[str, list[dict[str, Any]]]]:
    labels = {
        "both": _("Both"),
        "realised": _("Realised"),
        "expected": _("Expected"),
        "total": _("Total"),
        "customer": _("Per customer"),
        "quarter": _("Quarters"),
        "year": _("Years"),
    }

    def choices(name: str, known: Sequence[str], current: str) -> list[dict[str, Any]]:
        return [
            {
                "label": labels[each],
                "href": asked.address(**{name: each}),
                "current": each == current,
            }
            for each in known
        ]

    return [
        (_("Which value"), choices("show", SHOWN, asked.shown)),
        (_("In all or each"), choices("per", PER, asked.per)),
        (_("Cohorts by"), choices("by", BY, asked.by)),
    ]


def _title(asked: Asked) -> str:
    titles = {
        ("both", "total"): _("What each cohort brought and is expected to bring"),
        ("realised", "total"): _("What each cohort had brought until then"),
        ("expected", "total"): _("What each cohort is expected to bring from then on"),
        ("both", "customer"): _("What each customer of a cohort brought and is expected to bring"),
        ("realised", "customer"): _("What each customer of a cohort had brought until then"),
        ("expected", "customer"): _(
            "What each customer of a cohort is expected to bring from then on"
        ),
    }
    return titles[asked.shown, asked.per]


def _finding(rows: Sequence[Cohort], day: MeasuredDay) -> Markup | str:
    """Which cohort holds the most of what is expected."""
    whole = day.value.expected
    if whole <= 0:
        return ""
    amounts = {row: row.amount(day, "expected")[1] for row in rows}
    best = max(rows, key=lambda row: amounts[row])
    sentence = (
        _("Customers won before %(cohort)s hold %(share)s of what is expected")
        if best.key == EARLIER
        else _("Customers won in %(cohort)s hold %(share)s of what is expected")
    )
    label = rows[1].label if best.key == EARLIER else best.label
    return told(sentence, cohort=label, share=numbers.percent(amounts[best] / whole))


def _who(
    request: PersonRequest, runs: Sequence[ValueRun], rows: Sequence[Cohort], asked: Asked
) -> dict[str, Any]:
    """The customers of the cell asked for; of all cohorts where it names none."""
    run = next((run for run in runs if run.as_of.isoformat() == request.GET.get("day")), None)
    key = request.GET.get("cohort", "")
    cohort = next((row for row in rows if row.key == key), None)
    if run is None or (key and cohort is None):
        return {"who": None}
    shown = {"day": numbers.day(run.as_of, "full", plain=True)}
    if cohort is None:
        title = _("All who had bought by %(day)s") % shown
    elif cohort.key == EARLIER:
        title = _("Won before %(cohort)s, on %(day)s") % {**shown, "cohort": rows[1].label}
    else:
        title = _("Won in %(cohort)s, on %(day)s") % {**shown, "cohort": cohort.label}
    quarters = cohort.quarters if cohort else ()
    return {
        "who": figures.leaders_of_day(request.actor, run, asked.shown, quarters),
        "who_title": title,
        "list_url": _list(cohort) if cohort and run == runs[-1] else "",
    }
