"""How much is known of a customer, and how fresh it is."""

from datetime import UTC, datetime, timedelta

import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed
from kezhi.customers.addressing import DEEDS as ADDRESS
from kezhi.customers.completing import (
    ITEMS,
    completeness_of,
    confirm_customer,
    score_all,
    score_new,
    weights,
)
from kezhi.customers.creating import create_contact, edit_customer
from kezhi.customers.models import Customer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def touched_today(anhui_tea):
    Customer.objects.update(updated_at=datetime(2026, 11, 20, tzinfo=UTC))


def score(customer):
    return Customer.objects.get(pk=customer.pk).completeness


def test_the_weights_of_each_form_make_a_hundred():
    for weighed in weights().values():
        assert sum(weighed.values()) == 100
    assert {name for weighed in weights().values() for name in weighed} == {i.name for i in ITEMS}


def test_every_deed_keeps_the_score_and_it_is_the_one_on_the_page(anhui_tea, li_wei):
    scores = [score(anhui_tea)]
    edit_customer(anhui_tea, {"phone": "0551-62820000"}, actor=li_wei, on=TODAY)
    scores.append(score(anhui_tea))
    create_contact(
        {"customer": anhui_tea, "name": "王敏", "decision_role": "decider"},
        actor=li_wei,
        on=TODAY,
    )
    scores.append(score(anhui_tea))
    ADDRESS.create({"customer": anhui_tea, "street": "茶叶路 8 号"}, actor=li_wei, on=TODAY)
    scores.append(score(anhui_tea))
    assert scores == sorted(set(scores))
    told = completeness_of(anhui_tea, on=TODAY)
    assert told.score == scores[-1]
    assert {gap.item.name for gap in told.gaps} >= {"credit_code", "payment_days"}
    assert [gap.points for gap in told.gaps] == sorted((g.points for g in told.gaps), reverse=True)
    assert told.score + sum(gap.points for gap in told.gaps) == 100


def test_what_is_known_grows_old_until_somebody_confirms_it(anhui_tea, li_wei, chen_jing):
    fresh = score(anhui_tea)
    later = TODAY + timedelta(days=400)
    assert score_all(actor=SYSTEM, on=later) == 1
    assert score(anhui_tea) == fresh - 10
    with pytest.raises(NotAllowed):
        confirm_customer(anhui_tea, actor=chen_jing, on=later)
    confirm_customer(anhui_tea, actor=li_wei, on=later)
    assert score(anhui_tea) == fresh


def test_what_an_import_brought_is_scored_afterwards(anhui_tea):
    before = score(anhui_tea)
    Customer.objects.update(completeness=None)
    assert score_new(on=TODAY) == 1
    assert score(anhui_tea) == before
    assert score_new(on=TODAY) == 0
