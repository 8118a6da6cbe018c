"""Automated judgement for programs: who is taken out of it, and what the person is told about theirs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy

from kezhi.api.calling import Call, answered
from kezhi.api.leafing import only_parameters
from kezhi.api.members import Action, on, words
from kezhi.api.problems import Problem
from kezhi.api.records import visible
from kezhi.api.taking import take
from kezhi.api.writing import named
from kezhi.customers.models import Exemption, Standing
from kezhi.insight.exempting import end_exemption, exempt_customer
from kezhi.records import registry
from kezhi.rights.deadlines import rules
from kezhi.rights.explaining import Judgement, judgement_of

DECIDES = (("edit", "customer"), ("edit", "data_right"))
EXEMPTION = Action(
    "exemption",
    gettext_lazy("Nothing is judged automatically about it any more; the reason is kept"),
    "read",
    on(exempt_customer, "reason", "channel"),
    {"reason": words(300, is_required=True), "channel": words(40)},
    either=DECIDES,
)
END = Action(
    "exemption-end",
    gettext_lazy("The next value run judges it again; the reason is kept"),
    "read",
    on(end_exemption, "reason"),
    {"reason": words(300, is_required=True)},
    either=DECIDES,
)


def judgement(call: Call) -> HttpResponse:
    """What the person is told who asks how they are judged."""
    only_parameters(call)
    customer = visible(call, call.kind("customer"))
    if not call.actor.sees("customer", "value"):
        raise Problem("forbidden")
    take(1, call)
    return answered(_told(judgement_of(customer)))


def _told(found: Judgement) -> dict[str, Any]:
    run = found.run
    return {
        "customer": named(found.customer, registry.declared("customer")),
        "is_judged": found.is_judged,
        "exemption": _exemption(found.exemption),
        "measured_on": found.measured_on.isoformat() if found.measured_on else None,
        "judged": _judged(found.standing) if found.is_judged else None,
        "factors": [
            {"measure": each.label, "points": round(each.points, 2)} for each in found.factors
        ],
        "data": list(found.data),
        "model": {
            "name": found.model,
            "as_of": run.as_of.isoformat(),
            "program_version": run.code_version,
        }
        if run is not None and found.is_judged
        else None,
        "officer": rules().officer or None,
    }


def _judged(standing: Standing | None) -> dict[str, Any] | None:
    if standing is None:
        return None
    return {
        "tier": standing.tier or None,
        "score": _number(standing.score),
        "stage": standing.stage or None,
        "p_purchase_12m": _number(standing.p_purchase_12m),
    }


def _number(number: float | None) -> float | None:
    return round(number, 6) if number is not None else None


def _exemption(exemption: Exemption | None) -> dict[str, Any] | None:
    if exemption is None:
        return None
    return {
        "since": exemption.since.isoformat(),
        "reason": exemption.reason,
        "channel": exemption.channel or None,
    }
