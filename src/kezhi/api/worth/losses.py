"""Lost customers: why they left, and whether winning them back pays."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from kezhi.api.calling import Call, answered
from kezhi.api.leafing import after_of, leaf_of, limit_of, one_of, only_parameters
from kezhi.api.members import Member, choice, words
from kezhi.api.records import done
from kezhi.api.sending import sent
from kezhi.api.taking import take
from kezhi.api.worth import seeing
from kezhi.api.writing import who
from kezhi.customers.models import Customer
from kezhi.insight import losing, winning_back
from kezhi.insight.models import Loss, LostCustomer

SHOWN = ("worth", "let-go", "unexplained")
NOTED: dict[str, Member] = {
    "cause": choice(Loss.Cause.values, is_required=True),
    "remark": words(300),
}


def show_all(call: Call) -> HttpResponse:
    """`?show=worth` (the usual), `let-go` or `unexplained`, in the order of the page."""
    seeing.must_see_value(call)
    only_parameters(call, "show", "after", "limit")
    shown = one_of(call, "show", SHOWN) or SHOWN[0]
    after, limit = after_of(call), limit_of(call)
    found = winning_back.lost_customers(call.actor, show=shown, after=after, limit=limit + 1)
    page = leaf_of(call, found, limit)
    rules = winning_back.rules_in_force()
    return answered(
        {
            "items": [{"customer": seeing.told(e.customer), **_lost(e)} for e in page.rows],
            "next": page.next,
            "cost_of_attempt": seeing.money(rules.cost_of_attempt),
            "cost_if_accepted": seeing.money(rules.cost_if_accepted),
        }
    )


def of_customer(call: Call) -> HttpResponse:
    """Why the customer was lost as people know it, and what the last run says of winning it back."""
    customer = seeing.customer_of(call)
    only_parameters(call)
    take(1, call)
    return answered(_told(customer))


def note(call: Call) -> HttpResponse:
    customer = seeing.customer_of(call, "edit")
    given = sent(call, NOTED)
    cause = given.pop("cause")
    done(lambda: losing.note_loss(customer, cause, actor=call.actor, on=call.today, **given))
    return answered(_told(customer))


def withdraw(call: Call) -> HttpResponse:
    customer = seeing.customer_of(call, "edit")
    sent(call, {})
    done(lambda: losing.withdraw_loss(customer, actor=call.actor, on=call.today))
    return answered(_told(customer))


def _told(customer: Customer) -> dict[str, Any]:
    lost = winning_back.lost_of(customer)
    loss = Loss.objects.filter(customer=customer).select_related("noted_by").first()
    noted = None
    if loss is not None:
        noted = {
            "cause": str(loss.cause),
            "remark": loss.remark or None,
            "noted_on": seeing.on(loss.noted_on),
            "noted_by": who(loss.noted_by),
            "came_back": winning_back.has_come_back(loss, customer.standing),
        }
    judged = _lost(lost) if lost is not None else None
    return {"customer": seeing.told(customer), "noted": noted, "win_back": judged}


def _lost(lost: LostCustomer) -> dict[str, Any]:
    """`gain` is chance × (second value − what an accepted offer costs) − what an attempt costs."""
    return {
        "last_order_on": seeing.on(lost.last_on),
        "cause": lost.cause or None,
        "verdict": lost.verdict,
        "is_worth_it": lost.is_worth_it,
        "chance": seeing.number(lost.chance),
        "second_value": seeing.money(lost.second_value),
        "gain": seeing.money(lost.gain),
    }
