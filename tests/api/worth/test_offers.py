"""Offers by program: listed with their money, planned, rejected, taken back, as on the page."""

import pytest

from insight.test_offering import searched, without  # noqa: F401
from kezhi.audit.models import Entry
from kezhi.customers.models import FollowUp
from kezhi.insight import figures
from kezhi.insight.models import Offer, OfferAnswer, OfferRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(searched, trading, li_wei):  # noqa: F811
    """A customer of Li Wei's and what he should offer it."""
    customer = next(c for c in without(trading, searched) if c.owner_id == li_wei.pk)
    return customer, figures.offers_of(li_wei, customer.pk)[0]


def all_of(erp, path):
    rows, after = [], ""
    while True:
        page = erp.get(f"{path}{'&' if '?' in path else '?'}limit=7{after}").json
        rows += page["items"]
        if page["next"] is None:
            return rows
        after = f"&after={page['next']}"


def test_page_by_page_they_are_those_that_the_owner_sees_by_money(program, mine, owner, li_wei):
    run = figures.offer_run()
    for person in (owner, li_wei):
        told = all_of(program(person), "/offers")
        seen = figures.suggestions(person, run, limit=10_000)
        assert [(e["customer"]["id"], e["product"]["id"]) for e in told] == [
            (e.customer_id, e.product_id) for e in seen
        ]
        assert [e["expected"] for e in told] == [f"{e.expected:.2f}" for e in seen]
    product = mine[1].product_id
    only = all_of(program(owner), f"/offers?product={product}")
    assert {e["product"]["id"] for e in only} == {product}
    erp = program(owner)
    assert erp.get("/offers?product=x").status == 400
    assert erp.get("/offers?tier=S").status == 400
    assert erp.get("/offers?after=987654321").json == {"items": [], "next": None}


def test_strangers_learn_nothing_of_an_offer(program, mine, chen_jing):
    customer, offer = mine
    erp = program(chen_jing)
    assert customer.pk not in {e["customer"]["id"] for e in all_of(erp, "/offers")}
    for deed in ("plan", "rejection", "reconsideration"):
        sent = {"product": offer.product_id}
        assert erp.post(f"/customers/{customer.pk}/offers/{deed}", sent).status == 404
    assert not OfferAnswer.objects.exists()


def test_an_offer_is_planned_once_taken_back_and_rejected(program, mine, li_wei):
    customer, offer = mine
    erp, one = program(li_wei), f"/customers/{customer.pk}/offers"
    sent = {"product": {"key": f"P-{offer.product[-1]}"}}
    for _again in range(2):
        planned = erp.post(f"{one}/plan", sent, idempotency_key="o-1")
    assert (planned.status, planned.json["state"]) == (200, "planned")
    follow_up = FollowUp.objects.get()
    assert (planned.json["follow_up"], follow_up.customer_id) == (follow_up.pk, customer.pk)
    assert Entry.objects.filter(deed="offer.planned").count() == 1
    assert erp.post(f"{one}/plan", sent).status == 409
    told = erp.get(one).json
    assert offer.product_id not in {e["product"]["id"] for e in told["items"]}
    assert [e["state"] for e in told["answered"]] == ["planned"]
    assert erp.post(f"{one}/reconsideration", sent).status == 204
    assert erp.post(f"{one}/reconsideration", sent).status == 409
    assert erp.post(f"{one}/rejection", {**sent, "reason": "dear"}).status == 422
    rejected = erp.post(f"{one}/rejection", {**sent, "reason": "price", "remark": "贵一成"})
    assert (rejected.json["reason"], rejected.json["remark"]) == ("price", "贵一成")
    assert [e["id"] for e in erp.get("/offer-answers").json["items"]] == [rejected.json["id"]]


def test_a_program_without_the_permission_reads_and_does_not_answer(program, mine, li_wei):
    customer, offer = mine
    erp = program(li_wei, {"customer": ["read"], "product": ["read"]})
    assert erp.get(f"/customers/{customer.pk}/offers").json["items"]
    sent = {"product": offer.product_id}
    assert erp.post(f"/customers/{customer.pk}/offers/plan", sent).status == 403
    hidden = program(li_wei, field_rules={"value": "hidden"})
    for path in ("/offers", "/offer-answers", f"/customers/{customer.pk}/offers"):
        assert hidden.get(path).status == 403, path
    assert hidden.post(f"/customers/{customer.pk}/offers/plan", sent).status == 403


def test_the_search_is_started_watched_and_stopped(program, trading, measure, owner, li_wei):
    boss = program(owner)
    assert boss.get("/offers").json == {"items": [], "next": None}
    assert boss.get("/offer-search").json == {"search": None}
    assert boss.post("/offer-search").status == 409
    measure()
    begun = boss.post("/offer-search")
    assert (begun.status, begun.json["search"]["state"]) == (201, "running")
    assert boss.post("/offer-search").status == 409
    assert program(li_wei).post("/offer-search/cancellation").status == 403
    assert boss.post("/offer-search/cancellation").json["search"]["state"] == "cancelled"
    assert boss.post("/offer-search/cancellation").status == 409
    assert OfferRun.objects.get().state == OfferRun.State.CANCELLED
    assert not Offer.objects.exists()
