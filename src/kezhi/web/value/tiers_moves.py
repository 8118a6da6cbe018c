"""Who went from one tier to another between two kept runs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kezhi.customers.models.standing import Tier
from kezhi.insight import figures
from kezhi.insight.models import ValueRun
from kezhi.web import numbers
from kezhi.web.findings import told
from kezhi.web.leafing import after_number
from kezhi.web.requests import PersonRequest, must_may, must_see
from kezhi.web.value.dashboard import scope_words

USUAL_MONTHS = 3
PAGE = 50
NOWHERE = "none"  # in addresses: no tier


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?since=&until=` days of kept runs; `?was=&now=` the customers of one cell, `?beyond=` further ones."""
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    runs = list(ValueRun.objects.readable().defer("diagnostics", "summary", "parameters", "tree"))
    basis = _chosen(request, runs)
    about: dict[str, Any] = {"basis": basis, "scope": scope_words(request.actor), "finding": ""}
    if basis is None or basis.compared is None:
        return render(request, "value/tiers/moves.html", about)
    matrix = figures.migration(request.actor, basis)
    days = [(run.as_of.isoformat(), numbers.day(run.as_of, "full", plain=True)) for run in runs]
    about |= {
        "days": days,
        "since": basis.compared.as_of.isoformat(),
        "until": basis.as_of.isoformat(),
        "matrix": matrix,
        "finding": _finding(matrix),
        "columns": _names(),
        "rows": _rows(basis, matrix),
        "high": max((c.customers for c in matrix.cells if c.before != c.after), default=0) or 1,
        **_cell(request, basis),
    }
    return render(request, "value/tiers/moves.html", about)


def _chosen(request: PersonRequest, runs: list[ValueRun]) -> figures.Basis | None:
    """The days asked for, if runs of them are kept; else the last one and that of three months before."""
    if not runs:
        return None
    by_day = {run.as_of.isoformat(): run for run in reversed(runs)}
    run = by_day.get(request.GET.get("until", ""), runs[0])
    earlier = [each for each in runs if each.as_of < run.as_of]
    compared = by_day.get(request.GET.get("since", ""))
    if compared is None or compared.as_of >= run.as_of:
        wanted = figures.months_before(run.as_of, USUAL_MONTHS)
        compared = min(earlier, key=lambda each: abs(each.as_of - wanted), default=None)
    return figures.basis_between(run, compared)


def _finding(matrix: figures.Migration) -> Any:
    """Empty where nobody moved."""
    if not (matrix.rose or matrix.fell):
        return ""
    return told(
        _("%(rose)s customers rose, %(fell)s fell"),
        rose=numbers.number(matrix.rose),
        fell=numbers.number(matrix.fell),
    )


def _names() -> list[str]:
    return [*Tier.values, _("No tier")]


def _rows(basis: figures.Basis, matrix: figures.Migration) -> list[dict[str, Any]]:
    """As the grid shows them: those who stayed carry no colour, they are always the most."""
    rows = []
    for before, label in zip([*Tier.values, ""], _names(), strict=True):
        cells = [
            _shown(basis, matrix.cell(before, after), after_label)
            for after, after_label in zip([*Tier.values, ""], _names(), strict=True)
        ]
        rows.append({"label": label, "cells": cells})
    return rows


def _shown(basis: figures.Basis, cell: figures.MigrationCell, label: str) -> dict[str, Any]:
    if not cell.customers:
        return {"shown": "", "note": "", "level": None, "href": "", "label": ""}
    return {
        "shown": numbers.number(cell.customers),
        "note": numbers.money_column(cell.potential_value),
        "level": None if cell.before == cell.after else cell.customers,
        "href": address(basis, cell.before, cell.after) + "#who",
        "label": _("%(before)s → %(after)s")
        % {"before": cell.before or _("No tier"), "after": label},
    }


def address(basis: figures.Basis, before: str, after: str, **more: str) -> str:
    """The customers of one cell."""
    days = {
        "since": basis.compared.as_of.isoformat() if basis.compared else "",
        "until": basis.as_of.isoformat(),
    }
    asked = {**days, "was": before or NOWHERE, "now": after or NOWHERE, **more}
    return f"{reverse('tier-moves')}?{urlencode(asked)}"


def _cell(request: PersonRequest, basis: figures.Basis) -> dict[str, Any]:
    """The customers of the cell asked for, a page of them."""
    known = {**{tier: tier for tier in Tier.values}, NOWHERE: ""}
    was, now = request.GET.get("was", ""), request.GET.get("now", "")
    if was not in known or now not in known:
        return {"who": None}
    beyond = after_number(request.GET.get("beyond", ""))
    found = figures.migrants(
        request.actor, basis, known[was], known[now], beyond=beyond, limit=PAGE + 1
    )
    last = found[PAGE - 1] if len(found) > PAGE else None
    further = f"{last.potential_value:.2f}~{last.customer_id}" if last else ""
    return {
        "who": found[:PAGE],
        "was": known[was],
        "now": known[now],
        "next_page": address(basis, known[was], known[now], beyond=further) if last else "",
        "first_page": address(basis, known[was], known[now]) if beyond else "",
    }
