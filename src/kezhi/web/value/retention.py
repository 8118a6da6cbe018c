"""What keeping more customers would bring: a what-if on the company's own model."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from kezhi.core.actor import Actor, Scope
from kezhi.insight import contests, economics, figures, paying_back, tenure
from kezhi.insight.economics import Kept, Retention, Unknown
from kezhi.value.economics.what_if import LITERATURE_5_POINTS
from kezhi.web import numbers
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest, must_may, must_see, typed_number
from kezhi.web.value import retention_pictures as pictures
from kezhi.web.value.heads import page_head
from kezhi.web.value.source import is_stale, source

KIND = "acquisition_cost"
USUAL_POINTS = 5
MOST_MONEY = Decimal(10) ** 12


@dataclass
class Asked:
    """The question as it was typed, what it comes to, and what is wrong with it."""

    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    points: int = USUAL_POINTS
    months: int = 36
    rate: float = 0.1
    cost: float | None = None
    cost_of_new: float | None = None
    conversion: float | None = None


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?points=&months=&rate=&cost=&new=&conversion=`; 422 with what is wrong in them."""
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    actor = request.actor
    basis = figures.basis()
    rules = basis.run.value_settings.rules if basis else {}
    asked = _asked(request.GET, rules)
    about = page_head(actor, basis) | {
        "asked": asked,
        "currency": numbers.reading().currency,
        "found": None,
        "unknown": None if basis else Unknown.NOT_MEASURED,
        "point_options": [(str(n), _points(n)) for n in range(1, 11)],
        "least": economics.LEAST,
        "literature": LITERATURE_5_POINTS,
        "tenure": None,
    }
    if basis is not None:
        model = contests.model_words(basis.run)
        about |= {"source": source(basis.run), "model": model, "is_stale": is_stale(basis.run)}
        about |= {"tenure": _tenure(actor, basis, asked)}
    if basis is None or asked.errors:
        return render(request, "value/retention.html", about, status=422 if asked.errors else 200)
    found = economics.retention(actor, basis, asked.months, asked.rate)
    if isinstance(found, Unknown):
        return render(request, "value/retention.html", {**about, "unknown": found})
    one = found.by(asked.points)
    net = one.net(asked.cost) if one and asked.cost is not None else None
    about |= {
        "found": found,
        "one": one,
        "net": net,
        "relative": net[0] / found.profit if net and found.profit > 0 else one and one.relative,
        "finding": _finding(asked, one),
        "chart": pictures.columns(found, asked.points, asked.cost or 0.0),
        "ruler": pictures.ruler(found, LITERATURE_5_POINTS),
        "usual": found.by(USUAL_POINTS),
        "rows": _rows(found),
        "winning": _winning(asked, found),
    }
    return render(request, "value/retention.html", about)


def _points(count: int) -> str:
    return ngettext("%(num)d point", "%(num)d points", count) % {"num": count}


def _finding(asked: Asked, one: Kept | None) -> Any:
    if one is None:
        return ""
    shown = {
        "points": numbers.number(asked.points),
        "months": numbers.number(asked.months),
    }
    if asked.cost is not None and one.net(asked.cost)[0] < 0:
        amount = numbers.money(-one.net(asked.cost)[0])
        sentence = ngettext(
            "%(points)s point less churn would not pay for the measure: %(amount)s short in %(months)s months",
            "%(points)s points less churn would not pay for the measure: %(amount)s short in %(months)s months",
            asked.points,
        )
        return told(sentence, amount=amount, **shown)
    amount = numbers.money(one.change if asked.cost is None else one.net(asked.cost)[0])
    sentence = ngettext(
        "%(points)s point less churn a year would bring %(amount)s more over %(months)s months",
        "%(points)s points less churn a year would bring %(amount)s more over %(months)s months",
        asked.points,
    )
    return told(sentence, amount=amount, **shown)


def _rows(found: Retention) -> list[list[Any]]:
    """The numbers behind the picture."""
    return [
        [
            f"−{one.points}",
            numbers.percent(one.churn, 1),
            numbers.money(one.change),
            _between(one.low, one.high),
            numbers.percent(one.relative, 1),
            numbers.money(one.break_even),
        ]
        for one in found.kept
    ]


def _between(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return numbers.none()
    ends = {"low": numbers.money(low, plain=True), "high": numbers.money(high, plain=True)}
    return _("%(low)s–%(high)s") % ends


def _tenure(actor: Actor, basis: figures.Basis, asked: Asked) -> dict[str, Any] | None:
    """Profit by year of tenure, over the whole company: for who sees all its customers."""
    if actor.scope("read", "customer") is not Scope.ALL:
        return None
    found = tenure.tenure(basis)
    cost = asked.cost_of_new
    if cost is None and actor.may("read", KIND) and actor.sees(KIND, "money"):
        cost = paying_back.cost_of_one(basis)
    if found is not None:
        found = found.with_cost_of_one(cost)
    return pictures.tenure(found, cost)


def _winning(asked: Asked, found: Retention) -> economics.Winning | None:
    if asked.cost_of_new is None:
        return None
    return economics.winning(found, asked.points, asked.cost_of_new, asked.conversion)


def _asked(given: QueryDict, rules: dict[str, Any]) -> Asked:
    asked = Asked()
    usual = {
        "points": str(USUAL_POINTS),
        "months": f"{rules.get('horizon_months', 36):.0f}",
        "rate": f"{rules.get('annual_rate', 0.1) * 100:g}",
    }
    names = ("points", "months", "rate", "cost", "new", "conversion")
    for name in names:
        asked.typed[name] = (given.get(name) or usual.get(name, "")).replace("\0", "").strip()[:30]
    points, months = _within(asked, "points", 1, 10), _within(asked, "months", 1, 120)
    rate = _within(asked, "rate", 0, 100)
    cost = _within(asked, "cost", 0, MOST_MONEY)
    cost_of_new = _within(asked, "new", 0, MOST_MONEY)
    conversion = _within(asked, "conversion", Decimal("0.01"), 100)
    for name, whole in (("points", points), ("months", months)):
        if whole is not None and whole != int(whole):
            asked.errors[name] = _("Type a whole number.")
    if asked.errors or points is None or months is None or rate is None:
        return asked
    asked.points, asked.months = int(points), int(months)
    asked.rate = float(round(rate, 1)) / 100
    asked.cost = None if cost is None else float(cost)
    asked.cost_of_new = None if cost_of_new is None else float(cost_of_new)
    asked.conversion = None if conversion is None else float(conversion) / 100
    return asked


def _within(asked: Asked, name: str, low: Decimal | int, high: Decimal | int) -> Decimal | None:
    """The number typed; None where nothing was, or where it is wrong and said so."""
    text = asked.typed[name]
    if not text:
        return None
    number = typed_number(text)
    if number is not None and low <= number <= high:
        return number
    ends = {
        "low": numbers.number(low, plain=True),
        "high": numbers.number(high, plain=True),
    }
    asked.errors[name] = _("Type a number from %(low)s to %(high)s.") % ends
    return None
