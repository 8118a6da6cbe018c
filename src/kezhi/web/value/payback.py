"""What winning customers costs by source, and when they have paid it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from kezhi.audit.recording import record
from kezhi.insight import figures, paying_back
from kezhi.insight.paying_back import SourcePayback
from kezhi.ledger.models import AcquisitionCost
from kezhi.records import Condition, registry
from kezhi.value.measure import Settings
from kezhi.web import numbers
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest, must_may, must_see
from kezhi.web.value.heads import page_head
from kezhi.web.value.source import is_stale, source
from kezhi.workbench.exporting import csv_lines

TIMES = {"all": None, "12": 12, "24": 24, "36": 36}
KIND = "acquisition_cost"
HEADINGS = (
    gettext_lazy("Source"),
    gettext_lazy("Since"),
    gettext_lazy("Cost"),
    gettext_lazy("Customers won"),
    gettext_lazy("Cost of one"),
    gettext_lazy("Month of tenure"),
    gettext_lazy("Gathered per customer"),
    gettext_lazy("Low end"),
    gettext_lazy("High end"),
    gettext_lazy("Expected"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """`months` of winning (None: as far back as costs are known) and the source whose curve is shown."""

    time: str
    source: str

    @classmethod
    def read(cls, request: PersonRequest) -> Asked:
        time = request.GET.get("time", "")
        return cls(time if time in TIMES else "all", request.GET.get("source", "")[:60])

    @property
    def months(self) -> int | None:
        return TIMES[self.time]

    def address(self, **other: str) -> str:
        asked = {"time": self.time, "source": self.source, **other}
        given = {name: own for name, own in asked.items() if own and own != "all"}
        return reverse("value-payback") + (f"?{urlencode(given)}" if given else "")


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?time=all|12|24|36`, `?source=`: whose curve stands in the picture."""
    _demand(request)
    asked, basis = Asked.read(request), figures.basis()
    about = page_head(request.actor, basis) | {
        "asked": asked,
        "kind": registry[KIND],
        "has_costs": AcquisitionCost.objects.exists(),
        "may_create": request.actor.may("create", KIND),
        "may_import": request.actor.may("import", KIND),
        "is_kept": basis is not None and paying_back.won(basis) is not None,
        "paybacks": (),
        "is_stale": False,
        "times": _times(asked),
    }
    found = _found(asked, basis)
    if basis is None or not found:
        return render(request, "value/payback.html", about)
    chosen = next((one for one in found if one.source == asked.source), found[0])
    rules = Settings.from_json(basis.run.value_settings.rules)
    about |= {
        "paybacks": [_row(one, asked) for one in found],
        "finding": _finding(found),
        "chosen": _row(chosen, asked),
        "title": _title(chosen),
        "picture": _chart(chosen),
        "curve": _curve(chosen),
        "level": rules.interval_level,
        "source": source(basis.run),
        "is_stale": is_stale(basis.run),
        "may_export": request.actor.may("export", KIND),
    }
    return render(request, "value/payback.html", about)


@require_POST
def export(request: PersonRequest) -> StreamingHttpResponse:
    """POST time: every source's curve, month by month, exact, as CSV."""
    _demand(request)
    must_may(request, "export", KIND)
    time = request.POST.get("time", "")
    asked = Asked(time if time in TIMES else "all", "")
    rows = [row for one in _found(asked, figures.basis()) for row in _exported(one)]
    record("acquisition_payback.exported", actor=request.actor, rows=len(rows))
    lines = csv_lines([str(heading) for heading in HEADINGS], rows)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"payback-{request.today.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _demand(request: PersonRequest) -> None:
    must_may(request, "read", KIND)
    must_see(request, KIND, "money")
    must_see(request, "customer", "value")


def _found(asked: Asked, basis: figures.Basis | None) -> tuple[SourcePayback, ...]:
    if basis is None:
        return ()
    rules = Settings.from_json(basis.run.value_settings.rules)
    return paying_back.paybacks(basis, asked.months, rules.interval_level)


def _row(one: SourcePayback, asked: Asked) -> dict[str, Any]:
    return {
        "payback": one,
        "paid": one.paid,
        "href": asked.address(source=one.source) + "#curve",
        "customers_href": _customers(one),
        "costs_href": registry[KIND].list_url(
            Condition("source", "eq", one.source), sort="-begins_on"
        ),
        "when": when(one),
        "is_ahead": one.paid.months is None and one.paid.months_ahead is not None,
        "gathered": one.paid.gathered[-1] if one.paid.gathered else None,
    }


def _customers(one: SourcePayback) -> str:
    """Who was won from it in that time."""
    since: date = one.since
    return str(
        registry["customer"].list_url(
            Condition("source", "eq", one.source),
            Condition("first_order_on", "gte", since.isoformat()),
            Condition("first_order_on", "lte", one.until.isoformat()),
            sort="-realised_value",
        )
    )


def when(one: SourcePayback) -> str:
    """When a customer has paid for being won, in words."""
    paid = one.paid
    if not one.cost:
        return _("no cost entered")
    if not one.customers:
        return _("nobody was won")
    if paid.months is not None:
        return _("after %(months)s months") % {"months": numbers.number(paid.months, 1, plain=True)}
    if paid.months_ahead is not None:
        return _("not yet; at this pace after %(months)s months") % {
            "months": numbers.number(paid.months_ahead, 0, plain=True)
        }
    return _("never at this pace")


def _finding(found: tuple[SourcePayback, ...]) -> Any:
    """The source that pays back first against the one that doesn't, or does last."""
    known = [one for one in found if one.cost and one.customers]
    if not known:
        return ""
    paid = sorted(
        (one for one in known if one.paid.months is not None), key=lambda one: one.paid.months or 0
    )
    open_ones = [one for one in known if one.paid.months is None]
    if open_ones:
        worst = max(open_ones, key=lambda one: one.cost)
        spent = numbers.money(worst.cost)
        if not paid:
            return told(
                _("%(source)s hasn’t paid back yet: %(spent)s spent"),
                source=worst.source,
                spent=spent,
            )
        sentence = _(
            "%(best)s has paid back after %(months)s months; %(source)s hasn’t yet: %(spent)s spent"
        )
        months = numbers.number(paid[0].paid.months, 1)
        return told(sentence, best=paid[0].source, months=months, source=worst.source, spent=spent)
    last = paid[-1]
    sentence = ngettext(
        "Every source has paid back; %(source)s took longest: %(months)s months",
        "Every source has paid back; %(source)s took longest: %(months)s months",
        len(paid),
    )
    return told(sentence, source=last.source, months=numbers.number(last.paid.months, 1))


def _title(one: SourcePayback) -> Any:
    """What the curve says."""
    return told(_("%(source)s: %(when)s"), source=one.source, when=when(one))


def _curve(one: SourcePayback) -> list[list[Any]]:
    """The numbers behind the picture."""
    paid = one.paid
    rows = []
    for k, amount in enumerate(paid.gathered):
        ends = numbers.none()
        if paid.low is not None and paid.high is not None:
            ends = _("%(low)s–%(high)s") % {
                "low": numbers.money(paid.low[k], plain=True),
                "high": numbers.money(paid.high[k], plain=True),
            }
        rows.append([numbers.number(k + 1), numbers.money(amount), ends])
    return rows


MOST_AHEAD = 24


def _chart(one: SourcePayback) -> dict[str, Any]:
    """Solid what came, dashed what is ahead; the cost of one as a line across."""
    paid = one.paid
    ahead = paid.ahead[:MOST_AHEAD]
    count, whole = len(paid.gathered), len(paid.gathered) + len(ahead)
    blank: list[float | None] = [None] * len(ahead)

    def seen(own: tuple[float, ...]) -> list[float | None]:
        return [round(amount, 2) for amount in own] + blank

    last = [round(paid.gathered[-1], 2)] if count else []
    series: list[dict[str, Any]] = [
        {"name": _("Gathered per customer"), "data": seen(paid.gathered)},
        {
            "name": _("Expected"),
            "data": [None] * max(count - 1, 0) + last + [round(amount, 2) for amount in ahead],
            "kind": "predicted",
        },
    ]
    if paid.low is not None and paid.high is not None:
        series += [
            {"name": _("Low end"), "data": seen(paid.low), "kind": "compare"},
            {"name": _("High end"), "data": seen(paid.high), "kind": "compare"},
        ]
    if one.cost_each is not None:
        cost = round(one.cost_each, 2)
        series.append(
            {
                "name": _("Cost of one"),
                "data": [cost] * whole,
                "kind": "cost",
                "end": numbers.money(cost, plain=True),
            }
        )
    return {
        "x": [str(k + 1) for k in range(whole)],
        "series": series,
        "y_format": "money",
    }


def _times(asked: Asked) -> list[dict[str, Any]]:
    labels = {
        "all": pgettext("view", "All"),
        "12": _("12 months"),
        "24": _("24 months"),
        "36": _("36 months"),
    }
    return [
        {"label": labels[time], "href": asked.address(time=time), "current": time == asked.time}
        for time in TIMES
    ]


def _exported(one: SourcePayback) -> list[list[Any]]:
    head = [one.source, one.since, one.cost, one.customers, one.cost_each]
    paid = one.paid
    rows: list[list[Any]] = []
    for k, amount in enumerate(paid.gathered):
        low = None if paid.low is None else round(paid.low[k], 2)
        high = None if paid.high is None else round(paid.high[k], 2)
        rows.append([*head, k + 1, round(amount, 2), low, high, None])
    for k, amount in enumerate(paid.ahead, len(paid.gathered)):
        rows.append([*head, k + 1, None, None, None, round(amount, 2)])
    return rows or [[*head, None, None, None, None, None]]
