"""How much each part of delivered value weighs and what an hour costs, as a form with its versions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight.delivering import rules_in_force
from kezhi.insight.models import DeliveredRules
from kezhi.insight.weighing import InvalidWeights, publish_weights
from kezhi.satisfaction.models import SurveyItem
from kezhi.value.delivered import ATTRIBUTES, BENEFITS, COSTS
from kezhi.web import numbers
from kezhi.web.requests import PersonRequest, must_may, typed, typed_number

VERSIONS = 20


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PersonRequest) -> HttpResponse:
    """POST: eight weights in per cent, the wage of an hour, and why. 422 with what is wrong."""
    must_may(request, "edit", "value_settings")
    if request.method != "POST":
        return _page(request, _shown(), {})
    said = {name: typed(request, name, 300) for name in (*ATTRIBUTES, "wage", "reason")}
    errors: dict[str, str] = {}
    weights = {name: _number(said[name], name, errors) / 100 for name in ATTRIBUTES}
    wage = _number(said["wage"], "wage", errors) if said["wage"] else None
    if errors:
        return _page(request, said, errors, status=422)
    try:
        publish_weights(
            {name: float(weight) for name, weight in weights.items()},
            wage,
            actor=request.actor,
            on=request.today,
            reason=said["reason"],
        )
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except InvalidWeights as refusal:
        return _page(request, said, refusal.errors, status=422)
    except Refused as refusal:
        return _page(request, said, {}, refusal=str(refusal), status=409)
    messages.success(request, _("Published. The next study goes by these weights."))
    return redirect("value-delivered")


def _shown() -> dict[str, str]:
    weights, wage = rules_in_force()
    return {
        **{name: f"{weights.get(name, 0.0) * 100:g}" for name in ATTRIBUTES},
        "wage": "" if wage is None else f"{wage:g}",
    }


def _number(text: str, name: str, errors: dict[str, str]) -> Decimal:
    number = typed_number(text, may_be_percent=True)
    if number is not None and 0 <= number < 10**7:
        return number
    errors[name] = _("Type a number of 0 or more.")
    return Decimal(0)


def _page(
    request: PersonRequest,
    said: dict[str, str],
    errors: dict[str, str],
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    labels = dict(SurveyItem.Factor.choices)
    about: dict[str, Any] = {
        "said": said,
        "errors": errors,
        "refusal": refusal,
        "sides": [
            (_("What customers get"), [(name, labels[name]) for name in BENEFITS]),
            (_("What it costs them"), [(name, labels[name]) for name in COSTS]),
        ],
        "currency": numbers.reading().currency,
        "versions": DeliveredRules.objects.select_related("published_by").order_by("-id")[
            :VERSIONS
        ],
    }
    return render(request, "value/delivered/rules.html", about, status=status)
