"""The rules that value is measured by: seen by who may, changed by an owner, in versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Standing
from kezhi.customers.models.standing import Loyalty, Stage, Tier
from kezhi.insight.models import ValueRun, ValueSettings
from kezhi.insight.previewing import preview_tiers
from kezhi.insight.ruling import (
    CUTS,
    InvalidRules,
    check_rules,
    current_settings,
    publish_value_settings,
)
from kezhi.value.choosing import LEAST_IN_SEGMENT
from kezhi.value.matrix import MatrixSettings
from kezhi.value.plain import from_plain, to_plain
from kezhi.value.rfm import RFMSettings
from kezhi.value.wallet.frontier import QUANTILE
from kezhi.web.requests import PersonRequest, must_may
from kezhi.web.settings import value_form
from kezhi.web.settings.value_form import RulesForm
from kezhi.web.value.tiers import cut_words

SHOWN_VERSIONS = 20


@dataclass(frozen=True)
class Version:
    """A published version as the list shows it."""

    number: int
    settings: ValueSettings
    changed: tuple[str, ...]
    is_current: bool


@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: PersonRequest) -> HttpResponse:
    """GET: the rules in force, or `?version=` an earlier one to start from. POST: a new version, or with
    `preview` how many customers each tier would hold."""
    must_may(request, "read", "value_settings")
    latest = ValueRun.objects.latest_published()
    if request.method == "POST":
        return _publish(request, latest)
    versions = _versions()
    chosen = next((v for v in versions if str(v.number) == request.GET.get("version")), None)
    form = RulesForm.of(chosen.settings if chosen else current_settings(), latest)
    return _page(request, form, versions, chosen=chosen)


def _publish(request: PersonRequest, latest: ValueRun | None) -> HttpResponse:
    must_may(request, "edit", "value_settings")
    form = RulesForm.read(request.POST.dict(), current_settings().rules, latest)
    wanted = form.rules()
    if "more" in request.POST:  # room for another rule; nothing is published yet
        form.errors.clear()
        return _page(request, form, _versions())
    if "preview" in request.POST:
        return _previewed(request, form, wanted)
    if form.errors:
        return _page(request, form, _versions(), status=422)
    try:
        publish_value_settings(
            wanted,
            actor=request.actor,
            on=request.today,
            reason=form.reason,
            nightly_hour=form.nightly_hour,
            needs_second_person=form.needs_second_person,
        )
    except InvalidRules as invalid:
        form.take(invalid.errors)
        return _page(request, form, _versions(), status=422)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _page(request, form, _versions(), refusal=str(refusal), status=409)
    messages.success(request, _("Published. The next run goes by these rules."))
    return redirect("value-rules")


def _previewed(request: PersonRequest, form: RulesForm, wanted: dict[str, Any]) -> HttpResponse:
    """How many customers each tier would hold; of errors only those of the tiers are told."""
    form.take({k: v for k, v in check_rules(wanted) if k.startswith("tiers")})
    form.errors = {name: text for name, text in form.errors.items() if name.startswith("tiers")}
    if form.errors:
        return _page(request, form, _versions(), status=422)
    return _page(request, form, _versions(), preview=preview_tiers(wanted["tiers"]))


def _versions() -> list[Version]:
    """The latest versions, newest first, with the areas that each changed."""
    current_settings()
    total = ValueSettings.objects.count()
    rows = list(
        ValueSettings.objects.select_related("published_by").order_by("-pk")[: SHOWN_VERSIONS + 1]
    )
    return [
        Version(
            number=total - place,
            settings=row,
            changed=_changed(row, rows[place + 1]) if place + 1 < len(rows) else (),
            is_current=place == 0,
        )
        for place, row in enumerate(rows[:SHOWN_VERSIONS])
    ]


def _in_tiers() -> dict[str, int]:
    """Customers by tier as they stand."""
    counted = Standing.objects.exclude(tier="").values_list("tier")
    return dict(counted.annotate(Count("pk")).order_by())


def _changed(now: ValueSettings, before: ValueSettings) -> tuple[str, ...]:
    areas = {
        "unit": _("Unit of time"),
        "model": _("Model"),
        "season": _("Seasons"),
        "segment_by": _("Contests apart by"),
        "segment_least": _("Repeat customers of a contest"),
        "horizon_months": _("Horizon"),
        "annual_rate": _("Discount rate"),
        "margin_rate": _("Margin rate"),
        "compound_rate": _("Compound rate"),
        "cost_per_occasion": _("Cost per purchase"),
        "upkeep_per_month": _("Upkeep per month"),
        "frontier_quantile": _("Frontier of growth"),
        "holdout_months": _("Hold-out"),
        "interval_level": _("Level of intervals"),
        "tiers": _("Tiers"),
        "loyalty": _("Loyalty classes"),
        "lifecycle": _("Lifecycle stages"),
        "tree": _("Index weights"),
        "matrix": _("Value matrix"),
        "rfm": _("RFM"),
    }
    usual = {
        "rfm": to_plain(RFMSettings()),
        "matrix": to_plain(MatrixSettings()),
        "season": None,
        "segment_by": "",
        "segment_least": LEAST_IN_SEGMENT,
        "frontier_quantile": QUANTILE,
    }  # versions from before it could be set
    later, earlier = (_whole({**usual, **version.rules}) for version in (now, before))
    found = [label for key, label in areas.items() if later.get(key) != earlier.get(key)]
    if now.nightly_hour != before.nightly_hour:
        found.append(_("Nightly run"))
    if now.needs_second_person != before.needs_second_person:
        found.append(_("Approval of the index system"))
    return tuple(found)


def _whole(rules: dict[str, Any]) -> dict[str, Any]:
    """With what a matrix that was saved earlier couldn't say."""
    return {**rules, "matrix": to_plain(from_plain(MatrixSettings, rules["matrix"]))}


def _page(
    request: PersonRequest,
    form: RulesForm,
    versions: list[Version],
    *,
    chosen: Version | None = None,
    refusal: str = "",
    preview: dict[str, int] | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "versions": versions,
        "chosen": chosen,
        "refusal": refusal,
        "preview": preview,
        "now_in_tiers": _in_tiers() if preview else {},
        "cuts": [(cut, cut_words(cut)) for cut in CUTS],
        "may_edit": request.actor.may("edit", "value_settings"),
        "may_measure": request.actor.may("measure", "value_run"),
        "under_way": ValueRun.objects.under_way(),
        "tiers": Tier.choices,
        "classes": (
            ("loyalty", _("Loyalty classes"), Loyalty.choices),
            ("lifecycle", _("Lifecycle stages"), Stage.choices),
        ),
        "options": value_form,
    }
    return render(request, "settings/value.html", context, status=status)
