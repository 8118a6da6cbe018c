"""The pages of offers: lists, rules, look-alikes, and what can be done from them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from insight.test_offering import searched, without  # noqa: F401
from kezhi.customers.models import FollowUp, Segment
from kezhi.insight import figures
from kezhi.insight.models import LookAlike, Offer, OfferAnswer, OfferRun

pytestmark = pytest.mark.django_db
PAGE = "/value/offers/"
ALIKE = "/value/offers/look-alikes/"


@pytest.fixture
def mine(searched, trading, li_wei):  # noqa: F811
    """A customer of Li Wei's and what he should offer it."""
    customer = next(c for c in without(trading, searched) if c.owner_id == li_wei.pk)
    return customer, figures.offers_of(li_wei, customer.pk)[0]


def test_before_the_first_search_it_says_what_to_do(web, trading, measure, owner):
    assert b"Nothing searched yet" in web(owner).get(PAGE).content
    assert b"Nobody to compare yet" in web(owner).get(ALIKE).content
    assert web(owner).post(f"{PAGE}search/").status_code == 409
    assert web(owner).post(ALIKE, {"name": "x"}).status_code == 409
    measure()
    assert web(owner).post(f"{PAGE}search/").status_code == 302
    assert b"Offers are being searched" in web(owner).get(PAGE).content
    assert web(owner).post(f"{PAGE}cancellation/").status_code == 302
    assert OfferRun.objects.get().state == OfferRun.State.CANCELLED
    assert web(owner).post(f"{PAGE}cancellation/").status_code == 409


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_each_list_says_its_finding(web, searched, owner, language):  # noqa: F811
    for shown in ("offers", "together", "next", "answered", "nonsense"):
        assert web(owner, language).get(PAGE, {"show": shown}).status_code == 200
    text = web(owner, language).get(PAGE, {"show": "together"}).content.decode()
    assert "货品3" in text
    only = web(owner).get(PAGE, {"product": searched[3].pk}).content.decode()
    assert "货品3" in only
    assert "<b>货品4</b>" not in only


def test_i_see_offers_to_my_customers_only(web, mine, li_wei, chen_jing):
    customer, _offer = mine
    named = f">{customer.name}<"  # 客户4 is no part of 客户48
    assert named in web(li_wei).get(PAGE).content.decode()
    assert named not in web(chen_jing).get(PAGE).content.decode()


def test_one_click_plans_an_offer_and_another_rejects_it(web, mine, li_wei, chen_jing):
    customer, offer = mine
    base = f"/customers/{customer.pk}/offers/{offer.product_id}/"
    page = web(li_wei).get(f"/customers/{customer.pk}/").content.decode()
    assert "Offer next" in page
    assert f'action="{base}plan/"' in page
    assert web(chen_jing).post(f"{base}plan/").status_code == 404
    assert web(li_wei).post(f"{base}rejection/", {"reason": "nonsense"}).status_code == 409
    assert web(li_wei).post(f"{base}plan/").status_code == 302
    assert FollowUp.objects.get().customer_id == customer.pk
    assert web(li_wei).post(f"{base}rejection/", {"reason": "price"}).status_code == 409
    assert (
        f'action="{base}plan/"'
        not in web(li_wei).get(f"/customers/{customer.pk}/").content.decode()
    )
    assert web(li_wei).post(f"{base}reconsideration/", {"back": "answered"}).status_code == 302
    assert (
        web(li_wei).post(f"{base}rejection/", {"reason": "price", "back": "list"}).status_code
        == 302
    )
    answered = web(li_wei).get(PAGE, {"show": "answered"}).content.decode()
    assert "Too expensive for them" in answered
    assert OfferAnswer.objects.get().answered_by == li_wei


def test_look_alikes_become_a_segment_of_those_i_see(web, searched, trading, owner, li_wei):  # noqa: F811
    run = OfferRun.objects.current()
    LookAlike.objects.all().delete()
    LookAlike.objects.bulk_create(
        LookAlike(offer_run=run, customer=c, similarity=0.9, reasons=["industry", "mean_spend"])
        for c in trading[10:20]
    )
    mine = [c for c in trading[10:20] if c.owner_id == li_wei.pk]
    page = web(li_wei).get(ALIKE).content.decode()
    assert page.count("industry, size of orders") == len(mine)
    assert web(li_wei).post(ALIKE, {"name": ""}).status_code == 422
    assert web(li_wei).post(ALIKE, {"name": "像最好的"}).status_code == 302
    members = Segment.objects.get().members.values_list("customer_id", flat=True)
    assert set(members) == {c.pk for c in mine}


def test_the_list_takes_as_many_queries_for_many_as_for_few(web, searched, owner):  # noqa: F811
    client = web(owner)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as many:
        client.get(PAGE)
    product = Offer.objects.order_by("pk").values_list("product", flat=True).first()
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE, {"product": product})
    assert len(many) <= len(few)


def test_who_may_not_measure_starts_no_search(web, searched, li_wei):  # noqa: F811
    assert web(li_wei).post(f"{PAGE}search/").status_code == 403
    assert OfferRun.objects.under_way() is None
