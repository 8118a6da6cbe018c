"""Customer equity and its concentration on the last measured day of each month, and who is behind a day."""

from __future__ import annotations

from collections.abc import Sequence
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
from kezhi.records import registry
from kezhi.value.measure import Settings
from kezhi.web import numbers
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest, must_may, must_see
from kezhi.web.value.over_time import head, month_ends

MEASURES = ("expected", "contribution")


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?of=expected|contribution`: whose concentration; `?day=&by=` the customers behind a day."""
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    asked = request.GET.get("of", "")
    of = asked if asked in MEASURES else "expected"
    runs = month_ends()
    days = figures.measured_days(request.actor, runs)
    about = {**head(request, "value-equity"), "days": days}
    if not days:
        return render(request, "value/over_time/equity.html", about)
    rules = Settings.from_json(runs[-1].value_settings.rules)
    about |= {
        "finding": _finding(days),
        "now": days[-1].value,
        "as_of": days[-1].as_of,
        "before": days[0].value if len(days) > 1 else None,
        "horizon": round(rules.horizon_months),
        "level": rules.interval_level,
        "columns": _columns(days),
        "has_growth": any(day.value.growth is not None for day in days),
        "missing": len(runs) - len(days),
        "of": of,
        "choices": [
            {"label": label, "href": f"?of={name}#spread", "current": name == of}
            for name, label in (
                ("expected", _("Of what is expected")),
                ("contribution", _("Of what was brought")),
            )
        ],
        "spread": [(day, _spread(day, of)) for day in days],
        "spread_finding": _spread_finding(days, of),
        "shares": _shares(days, of),
        "gini": _gini(days, of),
        "address": address,
        "kind": registry["customer"],
        "may_export": request.actor.may("export", "customer"),
        **_who(request, runs),
    }
    return render(request, "value/over_time/equity.html", about)


def address(day: date, by: str) -> str:
    """The customers behind a day."""
    return f"{reverse('value-equity')}?{urlencode({'day': day.isoformat(), 'by': by})}#who"


def _who(request: PersonRequest, runs: Sequence[ValueRun]) -> dict[str, Any]:
    run = next((run for run in runs if run.as_of.isoformat() == request.GET.get("day")), None)
    by = request.GET.get("by", "")
    if run is None or by not in MEASURES:
        return {"who": None}
    title = (
        _("Expected to bring the most on %(day)s")
        if by == "expected"
        else _("Had brought the most in the 12 months until %(day)s")
    )
    return {
        "who": figures.leaders_of_day(request.actor, run, by),
        "who_title": title % {"day": numbers.day(run.as_of, "full", plain=True)},
        "list_url": registry["customer"].list_url(
            sort="-potential_value" if by == "expected" else "-contribution_12m"
        )
        if run == runs[-1]
        else "",
    }


def _columns(days: Sequence[MeasuredDay]) -> list[dict[str, Any]]:
    """Two bars a day, in per cent of the tallest; below zero a bar has no height."""
    ends = [max(day.value.expected, day.value.high or 0.0) for day in days]
    tallest = max([*ends, *(day.value.contribution for day in days)]) or 1.0

    def high(amount: float | None) -> float:
        return round(max(amount or 0.0, 0.0) / tallest * 100, 2) if tallest > 0 else 0.0

    return [
        {
            "as_of": day.as_of,
            "value": day.value,
            "label": _month(day.as_of),
            "year": day.as_of.year if day == days[0] or day.as_of.month == 1 else "",
            "brought": high(day.value.contribution),
            "expected": high(day.value.expected),
            "low": high(day.value.low) if day.value.low is not None else None,
            "high": high(day.value.high) if day.value.high is not None else None,
        }
        for day in days
    ]


def _month(day: date) -> str:
    return f"{day.month} 月" if numbers.language() == "zh" else date_format(day, "M")


def _finding(days: Sequence[MeasuredDay]) -> Markup | str:
    now = days[-1].value
    if not now.expected:
        return ""
    return told(
        _(
            "The customers are expected to bring %(expected)s; in 12 months they brought %(brought)s"
        ),
        expected=numbers.money(now.expected),
        brought=numbers.money(now.contribution),
    )


def _spread(day: MeasuredDay, of: str) -> Any:
    return day.value.of_expected if of == "expected" else day.value.of_contribution


def _spread_finding(days: Sequence[MeasuredDay], of: str) -> Markup | str:
    """What the best tenth holds now, and whether that is more than on the first day shown."""
    now, then = _spread(days[-1], of).top_tenth, _spread(days[0], of).top_tenth
    if now is None:
        return ""
    shown = {"share": numbers.percent(now, 1), "day": numbers.day(days[0].as_of, "full")}
    if len(days) == 1 or then is None:
        sentence = (
            _("The best tenth of the customers holds %(share)s of what is expected")
            if of == "expected"
            else _("The best tenth of the customers made %(share)s of the contribution")
        )
        return told(sentence, **shown)
    sentence = (
        _(
            "The best tenth of the customers holds %(share)s of what is expected, %(then)s on %(day)s"
        )
        if of == "expected"
        else _(
            "The best tenth of the customers made %(share)s of the contribution, %(then)s on %(day)s"
        )
    )
    return told(sentence, **shown, then=numbers.percent(then, 1))


def _shares(days: Sequence[MeasuredDay], of: str) -> dict[str, Any]:
    """For the chart of lines: what is expected is dashed."""
    kind = "predicted" if of == "expected" else "fact"
    names = (
        ("top_fifth", pgettext("concentration", "Best fifth")),
        ("top_tenth", pgettext("concentration", "Best tenth")),
    )
    return {
        "x": _axis(days),
        "series": [
            {
                "name": label,
                "data": [getattr(_spread(day, of), name) for day in days],
                "kind": kind,
                "end": label,
            }
            for name, label in names
        ],
        "y_format": "percent",
    }


def _gini(days: Sequence[MeasuredDay], of: str) -> dict[str, Any]:
    line = {
        "name": _("Gini coefficient"),
        "data": [_rounded(_spread(day, of).gini) for day in days],
        "kind": "predicted" if of == "expected" else "fact",
    }
    return {"x": _axis(days), "series": [line], "y_format": "number"}


def _rounded(gini: float | None) -> float | None:
    return None if gini is None else round(gini, 3)


def _axis(days: Sequence[MeasuredDay]) -> list[str]:
    return [numbers.day(day.as_of, "full", plain=True) for day in days]
