"""Tiers by hand: asked for, approved or rejected, withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse

from kezhi.api.calling import Call, answered
from kezhi.api.entries import day
from kezhi.api.leafing import id_of, leafed, one_of
from kezhi.api.members import Member, choice, words
from kezhi.api.problems import not_found
from kezhi.api.schema_forms import DAY
from kezhi.api.sending import sent, told_at
from kezhi.api.taking import take
from kezhi.api.worth import seeing
from kezhi.api.writing import who
from kezhi.core.ids import record_id
from kezhi.customers.models.standing import Tier
from kezhi.insight import overriding
from kezhi.insight.models import TierOverride
from kezhi.insight.overriding import InvalidOverride

RELATED = ("customer", "requested_by", "approved_by", "ended_by")
REQUESTED: dict[str, Member] = {
    "tier": choice(Tier.values, is_required=True),
    "until": Member(lambda call, said: day(said), DAY, is_required=True),
    "reason": words(300, is_required=True),
}
REJECTED: dict[str, Member] = {"reason": words(300, is_required=True)}
WITHDRAWN: dict[str, Member] = {"reason": words(300)}
PLACES = {name: f"/{name}" for name in REQUESTED}


def show_all(call: Call) -> HttpResponse:
    """`?state=`, `?customer=`: only those; the latest first."""
    seeing.must_see_value(call)
    rows = _seen(call)
    state = one_of(call, "state", TierOverride.State.values)
    customer = id_of(call, "customer")
    if state:
        rows = rows.filter(state=state)
    if customer is not None:
        rows = rows.filter(customer=customer)
    page = leafed(call, rows, ("state", "customer"), is_newest_first=True)
    return answered({"items": [_written(each) for each in page.rows], "next": page.next})


def show(call: Call) -> HttpResponse:
    override = _of(call)
    take(1, call)
    return answered(_written(override))


def request(call: Call) -> HttpResponse:
    """Asks for another tier of a customer; it holds once somebody has approved it."""
    customer = seeing.customer_of(call)
    given = sent(call, REQUESTED)
    tier = given.pop("tier")

    def deed() -> TierOverride:
        return overriding.request_override(customer, tier, actor=call.actor, on=call.today, **given)

    made = told_at(deed, InvalidOverride, PLACES, "")
    headers = {"Location": f"/api/v1/tier-overrides/{made.pk}"}
    return answered(_written(_seen(call).get(pk=made.pk)), 201, headers)


def approve(call: Call) -> HttpResponse:
    return _decided(call, {}, overriding.approve_override)


def reject(call: Call) -> HttpResponse:
    return _decided(call, REJECTED, overriding.reject_override)


def withdraw(call: Call) -> HttpResponse:
    return _decided(call, WITHDRAWN, overriding.withdraw_override)


def _decided(call: Call, members: dict[str, Member], deed: Callable[..., Any]) -> HttpResponse:
    override = _of(call)
    given = sent(call, members)
    told_at(
        lambda: deed(override, actor=call.actor, on=call.today, **given),
        InvalidOverride, PLACES, "/reason",
    )  # fmt: skip
    return answered(_written(_seen(call).get(pk=override.pk)))


def _seen(call: Call) -> Any:
    return TierOverride.objects.visible_to(call.actor).select_related(*RELATED)


def _of(call: Call) -> TierOverride:
    seeing.must_see_value(call)
    found: TierOverride | None = _seen(call).filter(pk=record_id(call.parts["id"])).first()
    if found is None:
        raise not_found()
    return found


def _written(each: TierOverride) -> dict[str, Any]:
    return {
        "id": each.pk,
        "customer": seeing.told(each.customer),
        "tier": each.tier,
        "tier_before": each.tier_before or None,
        "until": seeing.on(each.until),
        "reason": each.reason,
        "state": str(each.state),
        "requested_on": seeing.on(each.requested_on),
        "requested_by": who(each.requested_by),
        "approved_on": seeing.on(each.approved_on),
        "approved_by": who(each.approved_by),
        "ended_on": seeing.on(each.ended_on),
        "ended_by": who(each.ended_by),
        "decision": each.decision or None,
    }
