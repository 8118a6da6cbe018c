"""What to offer whom in the demo company, and what the salespeople made of some of it."""

from __future__ import annotations

from datetime import date

from kezhi.accounts.models import User
from kezhi.catalog.models import Product
from kezhi.customers.models import Customer
from kezhi.insight import figures
from kezhi.insight.answering_offers import plan_offer, reject_offer
from kezhi.insight.models import OfferAnswer, OfferRun
from kezhi.insight.offering import run_offers

ANSWERS = (
    (OfferAnswer.Reason.HAS_OTHER, "已与其他物流商签了年度合同"),
    (OfferAnswer.Reason.NO_NEED, "没有这类货物"),
    (OfferAnswer.Reason.PRICE, ""),
)
TELLERS = ("wang", "emma")


def find_offers(*, today: date) -> None:
    """The search that the value run asked for, and some answers."""
    asked = OfferRun.objects.under_way()
    if asked is None:
        return
    run = run_offers(asked.pk)
    for person in User.objects.filter(login__in=TELLERS).order_by("pk"):
        made = figures.suggestions(person, run, limit=12)
        for number, one in enumerate(made[2:8]):
            offer = _found(one)
            if number % 2:
                plan_offer(*offer, actor=person, on=today)
            else:
                why, remark = ANSWERS[number // 2]
                reject_offer(*offer, actor=person, on=today, reason=why.value, remark=remark)


def _found(one: figures.Suggestion) -> tuple[Customer, Product]:
    return Customer.objects.get(pk=one.customer_id), Product.objects.get(pk=one.product_id)
