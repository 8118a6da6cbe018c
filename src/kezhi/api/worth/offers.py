"""What to offer whom, and what people made of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered
from kezhi.api.leafing import after_of, id_of, leaf_of, leafed, limit_of, only_parameters
from kezhi.api.members import REFERENCE, Member, choice, other, words
from kezhi.api.problems import Problem
from kezhi.api.records import done
from kezhi.api.sending import sent
from kezhi.api.worth import seeing
from kezhi.api.writing import moment, named, who
from kezhi.customers.models import Customer
from kezhi.insight import figures
from kezhi.insight.answering_offers import Reason, plan_offer, reconsider_offer, reject_offer
from kezhi.insight.models import Offer, OfferAnswer, OfferRun
from kezhi.insight.offering import cancel_offer_run, start_offer_run
from kezhi.records import registry

_PRODUCT = {"product": Member(other("product"), REFERENCE, is_required=True)}
PLANNED: dict[str, Member] = {**_PRODUCT, "despite": words(300)}
REJECTED: dict[str, Member] = {
    **_PRODUCT,
    "reason": choice(Reason.values, is_required=True),
    "remark": words(300),
}
RECONSIDERED: dict[str, Member] = _PRODUCT


def show_all(call: Call) -> HttpResponse:
    """The open offers with the most money to expect; `?product=` only that one."""
    seeing.must_see_value(call)
    only_parameters(call, "product", "after", "limit")
    return _listed(call, product_id=id_of(call, "product"))


def of_customer(call: Call) -> HttpResponse:
    """The open offers of one customer, and what was made of others."""
    customer = seeing.customer_of(call)
    only_parameters(call, "after", "limit")
    rows = _answers(call).filter(customer=customer).order_by("-pk")
    return _listed(call, customer_id=customer.pk, answers=[_answer(each) for each in rows])


def _listed(call: Call, *, answers: Any = None, **only: int | None) -> HttpResponse:
    run, after = figures.offer_run(), after_of(call)
    limit = limit_of(call)
    if run is None:
        rows: Any = ()
    else:
        rows = figures.open_offers(call.actor, run, after=after, **only)[: limit + 1]
    page = leaf_of(call, rows, limit)
    content: dict[str, Any] = {"items": [_offer(each) for each in page.rows], "next": page.next}
    if answers is not None:
        content["answered"] = answers
    return answered(content)


def answers(call: Call) -> HttpResponse:
    """What people made of offers, the latest first."""
    seeing.must_see_value(call)
    page = leafed(call, _answers(call), is_newest_first=True)
    return answered({"items": [_answer(each) for each in page.rows], "next": page.next})


def plan(call: Call) -> HttpResponse:
    customer = seeing.customer_of(call)
    given = sent(call, PLANNED)
    more = {"despite": given["despite"]} if "despite" in given else {}
    done(lambda: plan_offer(customer, given["product"], actor=call.actor, on=call.today, **more))
    return _answered(call, customer, given["product"].pk)


def reject(call: Call) -> HttpResponse:
    customer = seeing.customer_of(call)
    given = sent(call, REJECTED)
    product = given.pop("product")
    done(lambda: reject_offer(customer, product, actor=call.actor, on=call.today, **given))
    return _answered(call, customer, product.pk)


def reconsider(call: Call) -> HttpResponse:
    """Takes the answer back; what is open again is answered."""
    customer = seeing.customer_of(call)
    product = sent(call, RECONSIDERED)["product"]
    done(lambda: reconsider_offer(customer, product, actor=call.actor, on=call.today))
    return HttpResponse(status=204)


# ---- the search that finds them ----


def search(call: Call) -> HttpResponse:
    """How the last search goes, or went."""
    call.must_may("read", "value_run")
    seeing.must_see_value(call)
    only_parameters(call)
    rows = OfferRun.objects.visible_to(call.actor).select_related("job_run", "started_by")
    return answered({"search": _run(rows.order_by("-pk").first())})


def start_search(call: Call) -> HttpResponse:
    seeing.must_see_value(call)
    sent(call, {})
    run = done(lambda: start_offer_run(actor=call.actor, on=call.today))
    return answered({"search": _run(run)}, 201)


def cancel_search(call: Call) -> HttpResponse:
    seeing.must_see_value(call)
    sent(call, {})
    under_way = OfferRun.objects.under_way()
    if under_way is None:
        raise Problem("refused", _("This isn’t under way any more."))
    done(lambda: cancel_offer_run(under_way, actor=call.actor, on=call.today))
    under_way.refresh_from_db()
    return answered({"search": _run(under_way)})


# ---- as JSON ----


def _answers(call: Call) -> Any:
    return OfferAnswer.objects.visible_to(call.actor).select_related(
        "customer", "product", "answered_by", "follow_up"
    )


def _answered(call: Call, customer: Customer, product: int) -> HttpResponse:
    row = _answers(call).get(customer=customer, product=product)
    return answered(_answer(row))


def _offer(each: Offer) -> dict[str, Any]:
    product = registry.declared("product")
    return {
        "id": each.pk,
        "customer": seeing.told(each.customer),
        "tier": each.customer.standing.tier or None,
        "product": named(each.product, product),
        "because": named(each.because, product) if each.because is not None else None,
        "probability": seeing.number(each.probability),
        "contribution": seeing.money(each.contribution),
        "expected": seeing.money(each.expected),
        "lift": seeing.number(each.lift),
        "together": each.together,
    }


def _answer(each: OfferAnswer) -> dict[str, Any]:
    follow_up = each.follow_up
    return {
        "id": each.pk,
        "customer": seeing.told(each.customer),
        "product": named(each.product, registry.declared("product")),
        "state": str(each.state),
        "reason": each.reason or None,
        "remark": each.remark or None,
        "expected": seeing.money(each.expected),
        "answered_on": seeing.on(each.answered_on),
        "answered_by": who(each.answered_by),
        "follow_up": follow_up.pk if follow_up is not None else None,
        "is_done": bool(follow_up and follow_up.is_done),
    }


def _run(run: OfferRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "id": run.pk,
        "state": str(run.state),
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at) if run.finished_at else None,
        "started_by": who(run.started_by),
        "error": run.error or None,
    }
