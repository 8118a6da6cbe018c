"""Who brings others, who leads the network, who tells us most; and the rules all that is measured by."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from kezhi.core.actor import Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight import figures
from kezhi.insight.influence_rules import (
    SHARES,
    InfluencePolicy,
    InvalidInfluence,
    influence_policy,
    publish_influence_rules,
)
from kezhi.insight.models import InfluenceRules, ValueRun
from kezhi.records import registry
from kezhi.web import numbers
from kezhi.web.requests import PersonRequest, must_may, must_see, page_number, typed, typed_number
from kezhi.web.value.dashboard import scope_words
from kezhi.web.value.source import is_stale

PAGE = 50
SHOWN_VERSIONS = 20
LONGEST = 40
LISTS = {
    "referrals": figures.bringers,
    "network": figures.leaders,
    "warnings": figures.warners,
    "information": figures.tellers,
}
PERCENT = SHARES


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?show=referrals|network|warnings|information`, `?page=` further ones."""
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    actor = request.actor
    basis = figures.basis()
    totals = figures.influence_totals(actor, basis) if basis else None
    shown = request.GET.get("show", "")
    shown = shown if shown in LISTS else next(iter(LISTS))
    sees_all = actor.scope("read", "customer") is Scope.ALL
    number = page_number(request)
    found = LISTS[shown](actor, basis, PAGE + 1, (number - 1) * PAGE) if basis else []
    about: dict[str, Any] = {
        "basis": basis,
        "totals": totals,
        "scope": scope_words(actor),
        "finding": _finding(totals, shown, found),
        "shown": shown,
        "rows": found[:PAGE],
        "next_page": f"?show={shown}&page={number + 1}" if len(found) > PAGE else "",
        "previous_page": f"?show={shown}&page={number - 1}" if number > 1 else "",
        "tabs": [
            {
                "label": label,
                "href": f"?show={name}",
                "count": count if totals else None,
                "current": name == shown,
            }
            for name, label, count in _tabs(totals, sees_all=sees_all)
        ],
        "sees_all": sees_all,
        "told": _told(totals),
        "is_stale": basis is not None and is_stale(basis.run),
        "may_edit": actor.may("edit", "value_settings"),
        "may_measure": actor.may("measure", "value_run"),
        "may_relate": actor.may("create", "relation"),
        "under_way": ValueRun.objects.under_way(),
        "kind": registry["customer"],
    }
    return render(request, "value/influence/index.html", about)


def _tabs(
    totals: figures.InfluenceTotals | None, *, sees_all: bool
) -> list[tuple[str, str, int | None]]:
    warnings = ("warnings", _("Who warns others"), totals.heard if totals else None)
    return [
        ("referrals", _("Who brings others"), totals.bringers if totals else None),
        ("network", _("Who leads the network"), totals.network if totals else None),
        *([warnings] if sees_all else []),
        ("information", _("Who tells us most"), None),
    ]


TOLD = {
    "need": (gettext_lazy("Needs told"), gettext_lazy("answered")),
    "feedback": (gettext_lazy("Survey responses"), gettext_lazy("led to an improvement")),
    "complaint": (gettext_lazy("Complaints"), gettext_lazy("led to an improvement")),
    "idea": (gettext_lazy("Ideas"), gettext_lazy("carried out")),
}


def _told(totals: figures.InfluenceTotals | None) -> list[dict[str, Any]]:
    """Contributions by kind with the points of each: the whole company's."""
    if totals is None or not totals.told:
        return []
    points = totals.policy.points
    return [
        {
            "label": label,
            "used_label": used_label,
            "told": totals.told.get(kind, (0, 0))[0],
            "used": totals.told.get(kind, (0, 0))[1],
            "points": points[kind],
            "used_points": points[f"{kind}_used"],
        }
        for kind, (label, used_label) in TOLD.items()
    ]


def _finding(
    totals: figures.InfluenceTotals | None, shown: str, rows: list[figures.Bringer]
) -> str:
    """What the list says, in a sentence."""
    if totals is None or not rows:
        return ""
    first = {"name": rows[0].name}
    if shown == "network":
        return _("%(name)s leads the network") % first
    if shown == "warnings":
        return _("%(name)s may take most along by its warnings") % first
    if shown == "information":
        return _("%(name)s tells us most") % first
    return _("%(name)s brings most: %(amount)s came through it") % {
        **first,
        "amount": numbers.money(rows[0].brought_all, plain=True),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: PersonRequest) -> HttpResponse:
    """GET: the rules in force, or `?version=` an earlier one to start from. POST: a new version."""
    must_may(request, "edit", "value_settings")
    if request.method != "POST":
        versions = _versions()
        chosen = next((row for row in versions if str(row.pk) == request.GET.get("version")), None)
        policy = InfluencePolicy.from_json(chosen.rules) if chosen else influence_policy()
        return _rules_page(request, _written(policy), versions, chosen=chosen)
    shown = {name: typed(request, name, LONGEST) for name in _names()}
    shown["reason"] = typed(request, "reason", 300)
    read: dict[str, float] = {}
    errors: dict[str, str] = {}
    for name in _names():
        number = _number(shown[name])
        if number is None:
            errors[name] = _("Enter a number.")
        else:
            read[name] = number / 100 if name in PERCENT else number
    if errors:
        return _rules_page(request, shown, _versions(), errors=errors, status=422)
    try:
        publish_influence_rules(
            InfluencePolicy(**read),
            actor=request.actor,
            on=request.today,
            reason=shown["reason"],
        )
    except InvalidInfluence as invalid:
        return _rules_page(request, shown, _versions(), errors=invalid.errors, status=422)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _rules_page(request, shown, _versions(), refusal=str(refusal), status=409)
    messages.success(request, _("Published. The next value run goes by it."))
    return redirect("value-influence")


def _names() -> list[str]:
    return [field.name for field in fields(InfluencePolicy)]


def _written(policy: InfluencePolicy) -> dict[str, str]:
    return {
        name: f"{number * (100 if name in PERCENT else 1):.10g}"
        for name, number in policy.as_json().items()
    }


def _number(text: str) -> float | None:
    number = typed_number(text, may_be_percent=True)
    return float(number) if number is not None and abs(number) < 10**12 else None


def _versions() -> list[InfluenceRules]:
    rows = InfluenceRules.objects.select_related("published_by").order_by("-pk")
    return list(rows[:SHOWN_VERSIONS])


def _rules_page(
    request: PersonRequest,
    shown: dict[str, str],
    versions: list[InfluenceRules],
    *,
    chosen: InfluenceRules | None = None,
    errors: dict[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    about: dict[str, Any] = {
        "typed": {"reason": "", **shown},
        "errors": errors or {},
        "refusal": refusal,
        "versions": versions,
        "is_old": chosen is not None and chosen != versions[0],
        "currency": numbers.reading().currency,
        "anyway": influence_policy().anyway,
    }
    return render(request, "value/influence/rules.html", about, status=status)
