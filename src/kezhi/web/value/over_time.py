"""Value over time: what changed the customer asset between two measured days, and who is behind it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from kezhi.core.actor import Actor
from kezhi.insight import figures
from kezhi.insight.models import ValueRun
from kezhi.records import registry
from kezhi.value.measure import Settings
from kezhi.web import numbers
from kezhi.web.requests import PersonRequest, must_may, must_see
from kezhi.web.value import over_time_pictures as pictures
from kezhi.web.value.dashboard import scope_words

SPANS = (1, 3, 12)
USUAL_MONTHS = 3


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?months=1|3|12` back from the latest day, or `?since=&until=` days of kept runs; `?step=` whose list."""
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    actor = request.actor
    runs = list(
        ValueRun.objects.readable()
        .defer("diagnostics", "summary", "tree")
        .select_related("value_settings")
    )
    basis = _chosen(request, runs)
    about = {**head(request, "value-over-time"), "bridge": None}
    bridge = figures.asset_bridge(actor, basis) if basis else None
    if basis is None or bridge is None:
        return render(request, "value/over_time.html", about)
    points = pictures.by_month(figures.trend(actor, figures.basis_between(runs[0], None)))
    days = [(run.as_of.isoformat(), numbers.day(run.as_of, "full", plain=True)) for run in runs]
    about |= {
        "days": days,
        "since": bridge.starts_on.isoformat(),
        "until": bridge.ends_on.isoformat(),
        "spans": _spans(request, basis, runs),
        "bridge": bridge,
        "finding": pictures.finding(bridge),
        "rows": pictures.waterfall(bridge, lambda part: _address(basis, part)),
        "unchanged": bridge.step("unchanged").customers,
        "trend": points,
        "pictures": pictures,
        "horizon": _horizon(basis.run),
        "rules_differ": _differences(basis),
        "kind": registry["customer"],
        **_who(request, actor, bridge),
    }
    return render(request, "value/over_time.html", about)


def tabs(current: str) -> list[dict[str, Any]]:
    """The pages about value over time."""
    pages = {
        "value-over-time": _("What changed it"),
        "value-equity": _("Equity and concentration"),
        "value-cohorts": _("By first purchase"),
    }
    return [
        {"label": label, "href": reverse(name), "current": name == current}
        for name, label in pages.items()
    ]


def head(request: PersonRequest, current: str) -> dict[str, Any]:
    """What each of these pages begins with."""
    return {
        "scope": scope_words(request.actor),
        "tabs": tabs(current),
        "finding": "",
        "may_measure": request.actor.may("measure", "value_run"),
        "under_way": ValueRun.objects.under_way(),
    }


def month_ends() -> list[ValueRun]:
    """The runs of the last measured day of each month, the oldest first."""
    rows = ValueRun.objects.readable().defer("diagnostics", "summary", "parameters", "tree")
    return figures.month_ends(rows.select_related("value_settings"))


def _chosen(request: PersonRequest, runs: list[ValueRun]) -> figures.Basis | None:
    """The days asked for, if runs of them are kept; else the last one and the one nearest to the span."""
    if not runs:
        return None
    by_day = {run.as_of.isoformat(): run for run in reversed(runs)}
    run = by_day.get(request.GET.get("until", ""), runs[0])
    compared = by_day.get(request.GET.get("since", ""))
    if compared is None or compared.as_of >= run.as_of:
        compared = _before(run, runs, _months(request) or USUAL_MONTHS)
    return figures.basis_between(run, compared)


def _months(request: PersonRequest) -> int | None:
    asked = request.GET.get("months", "")
    return next((months for months in SPANS if asked == str(months)), None)


def _before(run: ValueRun, runs: list[ValueRun], months: int) -> ValueRun | None:
    wanted = figures.months_before(run.as_of, months)
    earlier = [each for each in runs if each.as_of < run.as_of]
    return min(earlier, key=lambda each: abs(each.as_of - wanted), default=None)


def _spans(
    request: PersonRequest, basis: figures.Basis, runs: list[ValueRun]
) -> list[dict[str, Any]]:
    """How far back to look from the latest day; current is the one that was asked for or is usual."""
    asked = None if {"since", "until"} & set(request.GET) else _months(request) or USUAL_MONTHS
    return [
        {
            "label": ngettext("%(n)d month", "%(n)d months", months) % {"n": months},
            "href": f"?months={months}",
            "current": months == asked,
        }
        for months in SPANS
    ]


def _address(basis: figures.Basis, part: str) -> str:
    """The customers behind a step of this bridge."""
    asked = {
        "since": basis.compared.as_of.isoformat() if basis.compared else "",
        "until": basis.as_of.isoformat(),
        "step": part,
    }
    return f"{reverse('value-over-time')}?{urlencode(asked)}#who"


def _who(request: PersonRequest, actor: Actor, bridge: figures.AssetBridge) -> dict[str, Any]:
    """The customers behind the step asked for."""
    asked = request.GET.get("step", "")
    step = next((step for step in bridge.steps if step.part == asked), None)
    if step is None:
        return {"who": None}
    return {
        "who": figures.changers(actor, step),
        "step": step,
        "step_label": pictures.LABELS[step.part],
    }


def _horizon(run: ValueRun) -> int:
    return round(Settings.from_json(run.value_settings.rules).horizon_months)


def _differences(basis: figures.Basis) -> list[str]:
    """What the model step holds, in words."""
    if basis.compared is None:
        return []
    now, then = basis.run, basis.compared
    said = []
    if now.chosen_model != then.chosen_model:
        said.append(
            _("The model changed from %(before)s to %(after)s.")
            % {"before": then.chosen_model or "–", "after": now.chosen_model or "–"}
        )
    elif now.parameters != then.parameters:
        said.append(_("The same model was estimated anew from the later orders."))
    if now.value_settings.rules != then.value_settings.rules:
        said.append(_("The rules of the value were changed in between."))
    return said
