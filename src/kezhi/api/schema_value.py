"""The part of the description that customer value has beside the fields of a customer."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from kezhi.api.schema_forms import (
    DAY,
    LEAF,
    MOMENT,
    NAMED,
    TEXT,
    WHO,
    WHOLE,
    YES,
    an_object,
    asked,
    maybe,
    one_of,
    page,
)
from kezhi.customers.models.standing import Tier
from kezhi.insight.models import Loss, OfferAnswer, OfferRun, TierOverride, ValueRun
from kezhi.value.delivered import ATTRIBUTES
from kezhi.value.lifetime.win_back import REASONS

NUMBER = {"type": "number"}
AMOUNT = {"type": "string", "description": _("An amount of money in the company’s currency")}
ID = {"type": "integer", "minimum": 0}
VALUE_LEAVES: dict[str, list[dict[str, Any]]] = {
    "Offers": [asked("product", ID), *LEAF],
    "CustomerOffers": LEAF,
    "OfferAnswers": LEAF,
    "TierOverrides": [
        asked("state", one_of(TierOverride.State.values)),
        asked("customer", ID),
        *LEAF,
    ],
    "LostCustomers": [asked("show", one_of(("worth", "let-go", "unexplained"))), *LEAF],
    "ValueRuns": [asked("state", one_of(ValueRun.State.values)), *LEAF],
}


def value_schemas() -> dict[str, Any]:
    """By the name that operations give as their answer."""
    offer, given, override = _offer(), _offer_answer(), _override()
    lost, run = _lost(), _run()
    return {
        "Offers": page(offer),
        "CustomerOffers": page(offer, answered={"type": "array", "items": given}),
        "OfferAnswer": given,
        "OfferAnswers": page(given),
        "OfferSearch": an_object(search=_search()),
        "TierOverride": override,
        "TierOverrides": page(override),
        "Loss": an_object(customer=NAMED, noted=maybe(_noted()), win_back=maybe(lost)),
        "LostCustomers": page(
            an_object(customer=NAMED, **lost["properties"]),
            cost_of_attempt=AMOUNT,
            cost_if_accepted=AMOUNT,
        ),
        "ValueRun": an_object(
            **run,
            is_current=YES,
            data_version=maybe(TEXT),
            parameters={"type": "object", "description": _("Of the model, with standard errors")},
            diagnostics={"type": "object", "description": _("How well it foretold what was held out")},
            warnings={"type": "array", "items": TEXT},
        ),
        "ValueRuns": page(an_object(**run)),
        "CustomerInfluence": _influence(),
        "DeliveredValue": _delivered(),
    }  # fmt: skip


def _offer() -> dict[str, Any]:
    return an_object(
        id=WHOLE,
        customer=NAMED,
        tier=maybe(one_of(Tier.values)),
        product=NAMED,
        because={**maybe(NAMED), "description": _("The own product that it goes best with")},
        probability={**NUMBER, "description": _("To buy it within the window")},
        contribution={**AMOUNT, "description": _("What a buyer brings in that time")},
        expected={**AMOUNT, "description": _("Probability × contribution")},
        lift=NUMBER,
        together={**WHOLE, "description": _("Customers who have both products")},
    )


def _offer_answer() -> dict[str, Any]:
    return an_object(
        id=WHOLE,
        customer=NAMED,
        product=NAMED,
        state=one_of(OfferAnswer.State.values),
        reason=maybe(one_of(OfferAnswer.Reason.values)),
        remark=maybe(TEXT),
        expected=maybe(AMOUNT),
        answered_on=DAY,
        answered_by=WHO,
        follow_up=maybe(WHOLE),
        is_done=YES,
    )


def _search() -> dict[str, Any]:
    return maybe(
        an_object(
            id=WHOLE,
            state=one_of(OfferRun.State.values),
            started_at=MOMENT,
            finished_at=maybe(MOMENT),
            started_by=WHO,
            error=maybe(TEXT),
        )
    )


def _override() -> dict[str, Any]:
    tier = one_of(Tier.values)
    return an_object(
        id=WHOLE,
        customer=NAMED,
        tier=tier,
        tier_before=maybe(tier),
        until=DAY,
        reason=TEXT,
        state=one_of(TierOverride.State.values),
        requested_on=DAY,
        requested_by=WHO,
        approved_on=maybe(DAY),
        approved_by=WHO,
        ended_on=maybe(DAY),
        ended_by=WHO,
        decision={**maybe(TEXT), "description": _("What was said when it was rejected or withdrawn")},
    )  # fmt: skip


def _noted() -> dict[str, Any]:
    return an_object(
        cause=one_of(Loss.Cause.values),
        remark=maybe(TEXT),
        noted_on=DAY,
        noted_by=WHO,
        came_back={**YES, "description": _("Bought again since")},
    )


def _lost() -> dict[str, Any]:
    return an_object(
        last_order_on=DAY,
        cause=maybe(one_of(Loss.Cause.values)),
        verdict=one_of(REASONS),
        is_worth_it=YES,
        chance={**NUMBER, "description": _("That an attempt succeeds")},
        second_value={**AMOUNT, "description": _("What it would bring if it came back")},
        gain={**AMOUNT, "description": _("What an attempt brings on average, its costs counted")},
    )


def _run() -> dict[str, Any]:
    progress = an_object(
        state=TEXT, done=WHOLE, total=WHOLE, message=maybe(TEXT), seconds_left=maybe(WHOLE)
    )
    return {
        "id": WHOLE,
        "state": one_of(ValueRun.State.values),
        "trigger": one_of(ValueRun.Trigger.values),
        "as_of": DAY,
        "backfill_of": maybe(WHOLE),
        "started_at": MOMENT,
        "finished_at": maybe(MOMENT),
        "started_by": WHO,
        "seconds": maybe(NUMBER),
        "customers": WHOLE,
        "lines": WHOLE,
        "chosen_model": maybe(TEXT),
        "code_version": maybe(TEXT),
        "error": maybe(TEXT),
        "progress": maybe(progress),
    }


def _influence() -> dict[str, Any]:
    share = {**maybe(AMOUNT), "description": _("For whoever sees all customers")}
    after = {**maybe(AMOUNT), "description": _("Own value + received − given: the total stays")}
    found = an_object(
        own_value=maybe(AMOUNT),
        referred={**WHOLE, "description": _("Customers whom it brought")},
        brought_1={**AMOUNT, "description": _("What the customers it brought are worth")},
        brought_2={**AMOUNT, "description": _("What those brought in turn")},
        brought_3={**AMOUNT, "description": _("And those in turn")},
        received=AMOUNT,
        given=AMOUNT,
        value_after_transfers=after,
        own_coming_was_worth=maybe(AMOUNT),
        network_rank=maybe(WHOLE),
        network_value=share,
        points=NUMBER,
        information_value=maybe(AMOUNT),
    )
    return an_object(customer=NAMED, as_of=maybe(DAY), influence=maybe(found))


def _delivered() -> dict[str, Any]:
    measured: dict[str, Any] = {
        "as_of": DAY,
        "respondents": WHOLE,
        "score": maybe(NUMBER),
        "low": maybe(NUMBER),
        "high": maybe(NUMBER),
    }
    part = an_object(attribute=one_of(ATTRIBUTES), points=NUMBER, side=TEXT)
    return an_object(
        customer=NAMED,
        delivered=maybe(an_object(**measured, attributes={"type": "array", "items": part})),
        loyalty=maybe(an_object(**measured, probability=maybe(NUMBER))),
    )
