"""Promises: made by anybody who serves the customer, compared, settled."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_contact, create_customer, reassign_customer
from kezhi.customers.models import Promise
from kezhi.customers.promising import (
    change_promise,
    contradicting,
    delete_promise,
    make_promise,
    reopen_promise,
    settle_promise,
)

pytestmark = pytest.mark.django_db


def a_promise(customer, actor, **fields):
    given = {
        "customer": customer,
        "topic": "price",
        "subject": "普洱 357g",
        "what": "每饼 95 元",
        "figure": Decimal("95"),
        "unit": "元",
        "due_on": TODAY + timedelta(days=30),
    }
    return make_promise({**given, **fields}, actor=actor, on=TODAY)


def test_a_promise_knows_who_made_it_and_follows_the_customer(anhui_tea, li_wei, chen_jing):
    promise = a_promise(anhui_tea, li_wei)
    assert (promise.made_by, promise.made_on, promise.state) == (li_wei, TODAY, "open")
    assert not Promise.objects.visible_to(chen_jing).exists()
    reassign_customer(anhui_tea, chen_jing, actor=SYSTEM, on=TODAY)
    assert Promise.objects.visible_to(chen_jing).get() == promise


def test_a_stranger_promises_nothing(anhui_tea, chen_jing):
    with pytest.raises(NotAllowed):
        a_promise(anhui_tea, chen_jing)
    assert not Promise.objects.exists()


def test_another_figure_about_the_same_contradicts_and_both_are_marked(anhui_tea, li_wei, agent):
    first = a_promise(anhui_tea, li_wei)
    second = a_promise(anhui_tea, agent, what="每饼 92 元", figure=Decimal("92"))
    assert contradicting(second) == [first]
    assert all(Promise.objects.values_list("is_contradicted", flat=True))
    made = Entry.objects.filter(deed="promise.made").latest("pk")
    assert made.detail["contradicts"] == [first.pk]


@pytest.mark.parametrize(
    "other",
    [
        {"subject": "白茶"},
        {"topic": "quality"},
        {"figure": Decimal("95.0000")},
        {"due_on": TODAY + timedelta(days=60)},
    ],
)
def test_what_can_hold_together_is_no_contradiction(anhui_tea, li_wei, other):
    a_promise(anhui_tea, li_wei)
    second = a_promise(anhui_tea, li_wei, **other)
    assert contradicting(second) == []
    assert not Promise.objects.filter(is_contradicted=True).exists()


def test_two_days_of_delivery_contradict(anhui_tea, li_wei):
    delivery = {"topic": "delivery", "figure": None, "unit": ""}
    a_promise(anhui_tea, li_wei, **delivery)
    later = a_promise(anhui_tea, li_wei, **delivery, due_on=TODAY + timedelta(days=35))
    assert len(contradicting(later)) == 1


def test_the_subject_is_compared_by_its_sound_not_its_writing(anhui_tea, li_wei):
    a_promise(anhui_tea, li_wei, subject="Pu Er  357G")
    assert contradicting(a_promise(anhui_tea, li_wei, subject="pu er 357g", figure=Decimal("9")))


@pytest.mark.parametrize("way_out", ["settled", "changed", "deleted"])
def test_without_the_other_nothing_is_contradicted_any_more(anhui_tea, li_wei, owner, way_out):
    first = a_promise(anhui_tea, li_wei)
    second = a_promise(anhui_tea, li_wei, figure=Decimal("92"))
    if way_out == "settled":
        settle_promise(second, "withdrawn", actor=li_wei, on=TODAY, reason="记错了")
    elif way_out == "changed":
        change_promise(second, {"figure": Decimal("95")}, actor=li_wei, on=TODAY)
    else:
        delete_promise(second, actor=owner, on=TODAY)
    first.refresh_from_db()
    assert not first.is_contradicted


def test_what_was_not_kept_says_why(anhui_tea, li_wei):
    promise = a_promise(anhui_tea, li_wei)
    for state in ("broken", "withdrawn"):
        with pytest.raises(Refused):
            settle_promise(promise, state, actor=li_wei, on=TODAY)
    kept = settle_promise(promise, "kept", actor=li_wei, on=TODAY)
    assert (kept.state, kept.settled_by, kept.settled_on) == ("kept", li_wei, TODAY)
    with pytest.raises(Refused):
        settle_promise(promise, "kept", actor=li_wei, on=TODAY)
    with pytest.raises(Refused):
        change_promise(kept, {"what": "别的"}, actor=li_wei, on=TODAY)
    assert reopen_promise(promise, actor=li_wei, on=TODAY).is_open


def test_a_promise_stays_with_its_customer_and_its_contacts(anhui_tea, li_wei):
    other = create_customer({"name": "黄山茶行"}, actor=li_wei, on=TODAY)
    stranger = create_contact({"customer": other, "name": "王敏"}, actor=li_wei, on=TODAY)
    with pytest.raises(Refused):
        a_promise(anhui_tea, li_wei, contact=stranger)
    with pytest.raises(Refused):
        change_promise(a_promise(anhui_tea, li_wei), {"customer": other}, actor=li_wei, on=TODAY)
    with pytest.raises(Refused):
        a_promise(anhui_tea, li_wei, due_on=TODAY - timedelta(days=1))
