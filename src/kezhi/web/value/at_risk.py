"""Customers who may be leaving: a work list by value at risk; and how long customers stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from kezhi.core.actor import Actor, Scope
from kezhi.core.ids import record_id
from kezhi.customers.models.standing import Tier
from kezhi.insight import contests, figures, rhythm, survival
from kezhi.insight.figures import work_list
from kezhi.insight.figures.work_list import Owed, RiskTotals, WorkRow
from kezhi.insight.rhythm import NextPurchase
from kezhi.insight.survival import MARKS, Curve, HalfYear, Survivals
from kezhi.web import numbers
from kezhi.web.customers.whole_form import whole_form
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest, must_may, must_see
from kezhi.web.value import reasons
from kezhi.web.value.dashboard import scope_words
from kezhi.web.value.heads import page_head
from kezhi.web.value.source import is_stale, source

PAGE = 25
SHOWN = ("", "overdue", "falling", "declining", "owed", "open")


@dataclass(frozen=True, slots=True)
class Row:
    """A line as the page shows it; `subject` is the follow-up that its button plans, `trouble` what of the
    customer isn't settled: a reason by itself why they may leave."""

    work: WorkRow
    why: tuple[str, ...]
    next: NextPurchase | None
    subject: str
    trouble: str = ""

    @property
    def risk(self) -> figures.AtRisk:
        return self.work.risk


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?show=overdue|falling|declining|owed|open`, `?after=` a customer: those that follow it."""
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    actor, basis = request.actor, figures.basis()
    about = page_head(actor, basis)
    if basis is None:
        return render(request, "value/at_risk/index.html", about)
    asked = request.GET.get("show", "")
    shown = asked if asked in SHOWN else ""
    after = record_id(request.GET.get("after", ""))
    totals = work_list.risk_totals(actor, basis)
    found = work_list.work_list(
        actor, basis, on=request.today, reason=shown, after=after, limit=PAGE + 1
    )
    about |= {
        "totals": totals,
        "finding": _finding(totals),
        "rows": _rows(found[:PAGE], basis),
        "tabs": _tabs(shown, totals),
        "shown": shown,
        "address": _address(shown, after),
        "first_page": _address(shown, None) if after else "",
        "next_page": _address(shown, found[PAGE - 1].customer_id) if len(found) > PAGE else "",
        "source": source(basis.run),
        "model": contests.model_words(basis.run),
        "is_stale": is_stale(basis.run),
        "may_plan": actor.may("create", "follow_up"),
        "plan_form": whole_form("follow_up"),
        "level": rhythm.LEVEL,
    }
    part = request.htmx and request.htmx.target == "work"
    return render(request, f"value/at_risk/{'_work' if part else 'index'}.html", about)


def _address(shown: str, after: int | None) -> str:
    asked = {"show": shown, "after": str(after or "")}
    query = urlencode({name: given for name, given in asked.items() if given})
    return reverse("value-at-risk") + (f"?{query}" if query else "")


def _tabs(shown: str, totals: RiskTotals) -> list[dict[str, Any]]:
    labels = {
        "": _("All"),
        "overdue": _("Overdue against their own rhythm"),
        "falling": _("Less likely to be customers still"),
        "declining": _("Buying less"),
        "owed": _("We owe them something"),
        "open": _("Nothing planned"),
    }
    counts = {"": totals.customers, **totals.by_reason}
    return [
        {
            "label": label,
            "href": _address(name, None),
            "count": numbers.number(counts[name]) if name in counts else None,
            "current": name == shown,
        }
        for name, label in labels.items()
    ]


def _finding(totals: RiskTotals) -> Any:
    if not totals.customers:
        return ""
    sentence = ngettext(
        "%(amount)s of value hangs on %(count)s customer who may be leaving",
        "%(amount)s of value hangs on %(count)s customers who may be leaving",
        totals.customers,
    )
    amount = told("%(amount)s", "risk", amount=numbers.money(totals.value))
    return told(sentence, amount=amount, count=numbers.number(totals.customers))


def _rows(found: list[WorkRow], basis: figures.Basis) -> list[Row]:
    ids = [each.customer_id for each in found]
    coming = rhythm.next_purchases(ids, rhythm.kept_rhythm(basis), as_of=basis.as_of)
    return [
        Row(
            each,
            tuple(_why(each)),
            coming.get(each.customer_id),
            _subject(each),
            each.risk.trouble,
        )
        for each in found
    ]


def _why(row: WorkRow) -> Iterator[str]:
    yield from reasons.sentences(row.risk.reasons, row.risk)
    if row.owed is not None:
        yield _owed(row.owed)


def _owed(owed: Owed) -> str:
    told_by = {"what": owed.what, "day": numbers.day(owed.due_on, plain=True)}
    if owed.is_promise:
        return _("A promise wasn’t kept by %(day)s: %(what)s.") % told_by
    return _("They have waited for a reply since %(day)s: %(what)s.") % told_by


def _subject(row: WorkRow) -> str:
    """What the first reason asks for; what we owe comes before everything else."""
    if row.owed is not None:
        return _("Answer what they are waiting for")
    subjects = {
        "overdue": _("Ask about the order that is overdue"),
        "falling": _("Get in touch before they are gone"),
        "declining": _("Find out why they buy less"),
        "discontent": _("Ask what disappointed them"),
        "trouble": _("Settle what is open with them"),
        "behind": _("Go through their success plan with them"),
    }
    return subjects[row.risk.reasons[0]]


BY = ("tier", "source")


@require_safe
def stay(request: PersonRequest) -> HttpResponse:
    """How long customers stay. `?by=tier|source`."""
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    basis = figures.basis()
    asked = request.GET.get("by", "")
    by = asked if asked in BY else "tier"
    about: dict[str, Any] = {"basis": basis, "scope": scope_words(request.actor), "finding": ""}
    found = survival.survivals(request.actor, basis, by) if basis else None
    if basis is None or found is None or found.whole is None:
        return render(request, "value/at_risk/survival.html", {**about, "found": None})
    seen = [
        month for month, share in zip(MARKS, found.whole.marks, strict=True) if share is not None
    ]
    about |= {
        "found": found,
        "finding": _staying(found.whole),
        "by": by,
        "choices": [
            {"label": label, "href": f"?by={name}", "current": name == by}
            for name, label in (("tier", _("By tier")), ("source", _("By source")))
        ],
        "curve": _curve(found),
        "rows": [_segment(each, by, len(seen)) for each in found.segments],
        "columns": [_("M%(month)s") % {"month": month} for month in seen],
        "half_years": _half_years(found.half_years),
        "worst": _worst(found.half_years),
        "intervals": _intervals(request.actor, basis),
    }
    return render(request, "value/at_risk/survival.html", about)


def _staying(whole: Curve) -> Any:
    year = whole.marks[MARKS.index(12)]
    if year is None:
        return ""
    return told(
        _("%(share)s of new customers are still customers after a year"),
        share=numbers.percent(year),
    )


def _curve(found: Survivals) -> dict[str, Any]:
    """By month, from everybody at the beginning; a step holds until the next."""
    if found.whole is None:
        return {}
    steps = {int(month): (share, low, high) for month, share, low, high in found.whole.points}
    months = range(max(steps, default=0) + 1)
    held, rows = (1.0, 1.0, 1.0), []
    for month in months:
        held = steps.get(month, held)
        rows.append(held)
    names = (_("Still customers"), _("Low end"), _("High end"))
    kinds = ("fact", "compare", "compare")
    return {
        "x": [str(month) for month in months],
        "series": [
            {"name": name, "data": [round(row[place], 3) for row in rows], "kind": kind}
            for place, (name, kind) in enumerate(zip(names, kinds, strict=True))
        ],
        "y_format": "percent",
    }


def _segment(curve: Curve, by: str, columns: int) -> dict[str, Any]:
    label = str(Tier(curve.segment).label) if by == "tier" else curve.segment
    return {
        "label": label,
        "count": curve.customers,
        "cells": list(curve.marks[:columns]),
        "href": "",
    }


def _intervals(actor: Actor, basis: figures.Basis) -> dict[str, Any] | None:
    """How long customers wait between purchases: a figure of the whole company, for who sees all of it."""
    if actor.scope("read", "customer") is not Scope.ALL:
        return None
    found = rhythm.kept_intervals(basis)
    if found is None:
        return None
    ends = rhythm.UNTIL
    return {
        "finding": told(
            _("Half of the purchases follow within %(days)s days of the one before"),
            days=numbers.number(found.median, 0),
        ),
        "low": found.quarter,
        "high": found.three_quarters,
        "rows": [
            {
                "label": _bucket(place),
                "amount": count,
                "shown": numbers.percent(count / found.whole),
                "note": ngettext("%(count)s interval", "%(count)s intervals", count)
                % {"count": numbers.number(count, plain=True)},
            }
            for place, count in enumerate(found.counts[: len(ends) + 1])
        ],
    }


def _bucket(place: int) -> str:
    ends = (0, *rhythm.UNTIL)
    if place == len(rhythm.UNTIL):
        return _("more than %(days)s days") % {"days": ends[place]}
    return _("%(first)s to %(last)s days") % {"first": ends[place] + 1, "last": ends[place + 1]}


def _half_years(found: tuple[HalfYear, ...]) -> list[dict[str, Any]]:
    return [
        {
            "label": _("Months %(first)s to %(last)s")
            % {"first": each.first_month + 1, "last": each.first_month + 6},
            "amount": each.rate,
            "shown": numbers.percent(each.rate, 1),
            "note": ngettext("of %(count)s customer", "of %(count)s customers", round(each.began))
            % {"count": numbers.number(round(each.began), plain=True)},
        }
        for each in found
        if each.rate is not None
    ]


def _worst(found: tuple[HalfYear, ...]) -> Any:
    """When customers are lost most; of half-years that enough have begun."""
    known = [each for each in found if each.rate is not None and each.began >= survival.LEAST]
    if not known:
        return ""
    worst = max(known, key=lambda each: each.rate or 0.0)
    return told(
        _("Most are lost in months %(first)s to %(last)s: %(share)s of those who begin them"),
        first=worst.first_month + 1,
        last=worst.first_month + 6,
        share=numbers.percent(worst.rate),
    )
