"""What goes together, what to offer whom: searched after a value run, answered by people."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from cast import NOW, TODAY
from kezhi.audit.models import Entry
from kezhi.catalog.models import Product
from kezhi.core.actor import SYSTEM
from kezhi.core.models import JobState
from kezhi.core.progress import Stopped
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight import figures
from kezhi.insight.answering_offers import plan_offer, reconsider_offer, reject_offer
from kezhi.insight.models import LookAlike, Offer, OfferAnswer, OfferRun, ProductRule
from kezhi.insight.offering import cancel_offer_run, run_offers, start_offer_run
from kezhi.ledger.models import OrderLine

pytestmark = pytest.mark.django_db


def sell(trading):
    """Whoever buys goods 0, 1, 2 also buys 3, 4, 5 in the same basket, but for every fourth customer."""
    goods = [Product.objects.create(code=f"P-{n}", name=f"货品{n}", unit_cost=10) for n in range(7)]
    rng = np.random.default_rng(3)
    lines = []
    for line in OrderLine.objects.order_by("pk"):
        kind = line.customer_id % 3
        line.product = goods[kind]
        lines.append(line)
    OrderLine.objects.bulk_update(lines, ["product"])
    OrderLine.objects.bulk_create(
        OrderLine(
            order_id=line.order_id,
            line_key="2",
            customer_id=line.customer_id,
            ordered_on=line.ordered_on,
            product=goods[3 + line.customer_id % 3],
            quantity=1,
            amount=Decimal(500),
            cost=Decimal(200),
        )
        for line in lines
        if line.customer_id % 4 and rng.random() < 0.7
    )
    return goods


@pytest.fixture
def searched(trading, measure):
    """The goods sold, a value run and the search that follows it."""
    goods = sell(trading)
    measure()
    run_offers(OfferRun.objects.under_way().pk)
    return goods


def without(customers, goods):
    """A customer of each who has the first product but not the one that goes with it."""
    return [c for c in customers[3:] if c.pk % 4 == 0]


def test_a_value_run_asks_for_the_search_where_products_are_sold(trading, measure):
    measure()
    assert not OfferRun.objects.exists()
    sell(trading)
    measure()
    waiting = OfferRun.objects.under_way()
    assert waiting.job_run.state == JobState.QUEUED
    measure()
    assert OfferRun.objects.under_way() == waiting


def test_who_has_one_product_is_offered_the_one_that_goes_with_it(searched, trading, owner):
    lacking = without(trading, searched)
    for customer in lacking:
        first = figures.offers_of(owner, customer.pk)[0]
        assert first.product == f"货品{3 + customer.pk % 3}"
        assert first.because == f"货品{customer.pk % 3}"
        assert first.expected == pytest.approx(first.probability * first.contribution, abs=0.02)
        assert 0 < first.probability < 1
    assert not Offer.objects.exclude(customer__in=lacking).filter(product=searched[6]).exists()


def test_rules_say_what_is_bought_together(searched, owner):
    run = OfferRun.objects.current()
    found = figures.pairings(run, "together")
    rule = next(one for one in found if one.given == ("货品0",) and one.then == "货品3")
    assert rule.count / rule.of == pytest.approx(rule.confidence)
    assert rule.lift > 1
    assert figures.pairings(run, "together", searched[6].pk) == []
    assert ProductRule.objects.filter(sort="together").count() == len(found)


def test_the_customers_of_others_are_not_offered_anything_to_me(searched, li_wei, chen_jing):
    run = OfferRun.objects.current()
    mine = {one.customer_id for one in figures.suggestions(li_wei, run)}
    hers = {one.customer_id for one in figures.suggestions(chen_jing, run)}
    assert mine
    assert hers
    assert not mine & hers


def test_a_rejected_offer_is_not_made_again_until_taken_back(searched, trading, owner, li_wei):
    customer = next(c for c in without(trading, searched) if c.owner_id == li_wei.pk)
    product = Product.objects.get(pk=figures.offers_of(li_wei, customer.pk)[0].product_id)
    with pytest.raises(Refused):
        reject_offer(customer, product, actor=li_wei, on=TODAY, reason="whatever")
    reject_offer(customer, product, actor=li_wei, on=TODAY, reason="no_need", remark="自产")
    offered = [one.product_id for one in figures.offers_of(li_wei, customer.pk)]
    assert product.pk not in offered
    with pytest.raises(Refused):
        plan_offer(customer, product, actor=li_wei, on=TODAY)
    run_offers(start_offer_run(actor=owner, on=TODAY).pk)
    assert not Offer.objects.filter(customer=customer, product=product).exists()
    reconsider_offer(customer, product, actor=li_wei, on=TODAY)
    run_offers(start_offer_run(actor=owner, on=TODAY).pk)
    assert Offer.objects.filter(customer=customer, product=product).exists()
    assert Entry.objects.filter(deed="offer.rejected").exists()


def test_an_offer_becomes_a_follow_up(searched, trading, li_wei, chen_jing):
    customer = next(c for c in without(trading, searched) if c.owner_id == li_wei.pk)
    product = Product.objects.get(pk=figures.offers_of(li_wei, customer.pk)[0].product_id)
    with pytest.raises(NotAllowed):
        plan_offer(customer, product, actor=chen_jing, on=TODAY)
    follow_up = plan_offer(customer, product, actor=li_wei, on=TODAY)
    assert product.name in follow_up.subject
    assert follow_up.due_on == TODAY + timedelta(days=3)
    answer = OfferAnswer.objects.get()
    assert (answer.state, answer.follow_up) == ("planned", follow_up)
    assert figures.answered_offers(li_wei)[0].product == product.name
    assert figures.answered_offers(chen_jing) == []


def test_products_no_longer_sold_are_not_offered(trading, measure):
    goods = sell(trading)
    Product.objects.filter(pk__in=[each.pk for each in goods[3:]]).update(is_active=False)
    measure()
    run_offers(OfferRun.objects.under_way().pk)
    assert not Offer.objects.filter(product__in=goods[3:]).exists()


def test_a_cancelled_search_keeps_what_was_found_before(searched, owner, li_wei):
    before = list(Offer.objects.values_list("pk", flat=True))
    again = start_offer_run(actor=owner, on=TODAY)
    with pytest.raises(Refused):
        start_offer_run(actor=owner, on=TODAY)

    def stop(*_):
        raise Stopped

    with pytest.raises(Stopped):
        run_offers(again.pk, stop)
    again.refresh_from_db()
    assert again.state == OfferRun.State.CANCELLED
    third = start_offer_run(actor=owner, on=TODAY)
    with pytest.raises(NotAllowed):
        cancel_offer_run(third, actor=li_wei, on=TODAY)
    cancel_offer_run(third, actor=owner, on=TODAY)
    assert list(Offer.objects.values_list("pk", flat=True)) == before


def test_the_next_search_replaces_the_findings(searched, owner):
    again = run_offers(start_offer_run(actor=owner, on=TODAY).pk)
    assert OfferRun.objects.current() == again
    for model in (Offer, ProductRule, LookAlike):
        assert not model.objects.exclude(offer_run=again).exists()
    assert again.figures["offers"] == Offer.objects.count()


def test_before_the_first_value_run_there_is_nothing_to_search(company):
    with pytest.raises(Refused):
        start_offer_run(actor=SYSTEM, on=NOW.date())


def test_look_alikes_are_customers_below_the_best_tiers(searched, owner):
    found = figures.similar(owner, OfferRun.objects.current())
    assert all(one.tier not in ("S", "A") for one in found)
    assert [one.similarity for one in found] == sorted(
        (one.similarity for one in found), reverse=True
    )
