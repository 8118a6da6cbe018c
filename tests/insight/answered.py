"""Answers of the trading company's customers: the happier, the likelier they bought again."""

from datetime import timedelta

import numpy as np

from asked import CONSTRUCTS, PARTS, QUESTIONS
from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Customer
from kezhi.ledger.models import Order
from kezhi.satisfaction.models import SurveyAnswer, SurveyItem
from kezhi.satisfaction.questioning import create_item

ASKED_ON = TODAY - timedelta(days=200)


def ask(customers=None, rival="恒达", seed=5):
    """Everybody answers every question about us, and the parts of delivered value about a rival."""
    for fields in QUESTIONS:
        if not SurveyItem.objects.filter(code=fields["code"]).exists():
            create_item(dict(fields), actor=SYSTEM, on=TODAY)
    items = {item.code: item for item in SurveyItem.objects.all()}
    rng = np.random.default_rng(seed)
    rows = []
    later = Order.objects.filter(amount__gt=0, ordered_on__gt=ASKED_ON)
    buyers = set(later.values_list("customer", flat=True))
    for customer in customers or Customer.objects.order_by("pk"):
        came = customer.pk in buyers
        mood = rng.normal(0.9 if came else -0.9)
        said = {part: _on(mood * (1 if part in PARTS[:4] else -1), 1, 10, rng) for part in PARTS}
        said["price"] = round(12 + rng.normal(0, 0.5), 2)
        path = {"perceived_value": mood + rng.normal(0, 0.4), "switching_cost": rng.normal()}
        path["satisfaction"] = 0.7 * path["perceived_value"] + rng.normal(0, 0.6)
        path["intention"] = 0.6 * path["satisfaction"] + 0.3 * path["switching_cost"]
        for name in CONSTRUCTS:
            said |= {f"{name}_{n}": _on(path[name], 1, 7, rng) for n in (1, 2, 3)}
        theirs = {part: _on(0.2, 1, 10, rng) for part in PARTS}
        theirs["price"] = round(10 + rng.normal(0, 0.5), 2)
        for about, given in (("", said), (rival, theirs)):
            rows += [
                _answer(customer, items[code], about, answer) for code, answer in given.items()
            ]
    return SurveyAnswer.objects.bulk_create(rows)


def _on(feeling, low, high, rng):
    middle, step = (low + high) / 2, (high - low) / 5
    return int(np.clip(round(middle + step * feeling + rng.normal(0, 0.3)), low, high))


def _answer(customer, item, about, answer):
    return SurveyAnswer(
        customer=customer,
        respondent=f"R{customer.pk}",
        item=item,
        about=about,
        answer=answer,
        answered_on=ASKED_ON,
        **customer.place,
    )
