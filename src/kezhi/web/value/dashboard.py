"""What the customers are worth together, how that is spread, and where it goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Max
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from kezhi.core.actor import Actor, Scope
from kezhi.customers.models import Standing
from kezhi.customers.models.standing import Stage
from kezhi.insight import figures, naming
from kezhi.insight.models import ValueRun
from kezhi.ledger.models import Order
from kezhi.records import registry
from kezhi.web.requests import PersonRequest, must_may, must_see
from kezhi.web.value import findings, pictures
from kezhi.web.value.source import is_stale

COMPARISONS = (1, 3, 12)
SAMPLE = 120
# A file that ends longer ago than this was not exported for today's sake.
FACTS_ARE_OLD = timedelta(days=45)


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?compare=1|3|12`: how many months back the changes look."""
    actor = request.actor
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    chosen = request.GET.get("compare", "")
    months = int(chosen) if chosen in {str(known) for known in COMPARISONS} else 12
    basis = figures.basis(compare_months=months)
    about: dict[str, Any] = {
        "basis": basis,
        "scope": scope_words(actor),
        "under_way": ValueRun.objects.under_way(),
        "may_measure": actor.may("measure", "value_run"),
        "comparisons": _comparisons(months),
        "months": months,
    }
    if basis is None:
        last = Order.objects.visible_to(actor).aggregate(last=Max("ordered_on"))["last"]
        is_old = last is not None and request.today - last > FACTS_ARE_OLD
        about |= {
            "has_orders": last is not None,
            "strip": None,
            "facts_end_on": last if is_old else None,
        }
        return render(request, "value/first.html", about)
    strip = figures.strip(actor, basis)
    if not strip.buyers:
        return render(
            request,
            "value/first.html",
            {**about, "has_orders": False, "strip": strip, "facts_end_on": None},
        )
    return render(request, "value/dashboard.html", {**about, **_figures(actor, basis, strip)})


def scope_words(actor: Actor) -> str:
    """Whose customers the figures count: the reader must know that they aren't everybody's."""
    return {
        Scope.ALL: _("All customers of the company"),
        Scope.DEPARTMENT: _("Customers of your department"),
        Scope.TEAM: _("Customers of your team"),
        Scope.OWN: _("Your own customers"),
    }.get(actor.scope("read", "customer"), "")


def _comparisons(months: int) -> list[dict[str, Any]]:
    return [
        {
            "label": ngettext("%(n)d month ago", "%(n)d months ago", known) % {"n": known},
            "href": f"?compare={known}",
            "current": known == months,
        }
        for known in COMPARISONS
    ]


def _figures(actor: Actor, basis: figures.Basis, strip: figures.Strip) -> dict[str, Any]:
    pareto = figures.pareto(actor, basis)
    matrix = figures.matrix(actor, basis, sample=SAMPLE)
    rfm = figures.rfm(actor, basis)
    cohorts = figures.cohorts(actor, basis, columns="month")
    labels = [pictures.quarter(row.starts_on) for row in cohorts.rows]
    flow = figures.flow(actor, basis, of="stage") if basis.compared else None
    retained = [share for row in cohorts.rows for share in row.retained if share is not None]
    pyramid = figures.pyramid(actor, basis)
    trend = figures.trend(actor, basis)
    return {
        "strip": strip,
        "interval": figures.asset_interval(actor, basis),
        "interval_level": float(basis.run.value_settings.rules.get("interval_level", 0.8)),
        "is_stale": is_stale(basis.run),
        "headline": findings.headline(strip, pareto),
        "pyramid": pyramid,
        "pareto": pareto,
        "matrix": matrix,
        "rfm": rfm,
        "rfm_high": max((cell.contribution_12m for cell in rfm.cells), default=0.0) or 1.0,
        "cohorts": cohorts,
        "cohort_labels": labels,
        "heat_high": max(retained, default=1.0),
        "flow": flow,
        "trend": trend,
        "at_risk": figures.at_risk(actor, basis, limit=5),
        "findings": findings,
        "pictures": pictures,
        "naming": naming,
        "stage_counts": _stage_counts(actor) if flow is None else [],
        "kind": registry["customer"],
        "horizon_months": round(basis.run.value_settings.rules.get("horizon_months", 36)),
    }


def _stage_counts(actor: Actor) -> list[dict[str, Any]]:
    """Where customers stand, for want of a run to compare with."""
    counted = Standing.objects.visible_to(actor).exclude(stage="").values_list("stage")
    by_stage = dict(counted.annotate(Count("pk")).order_by())
    return [
        {"label": stage.label, "count": by_stage[stage], "href": pictures.by_stage(stage)}
        for stage in Stage
        if stage in by_stage
    ]
