"""How a customer pays, opened from its page; the rate of capital by form; the cost beside the others."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from kezhi.customers.models import Customer
from kezhi.insight.models import CapitalRate
from kezhi.insight.paying import publish_capital_rate
from kezhi.ledger.models import Order

pytestmark = pytest.mark.django_db
COSTS, RATES, CAPITAL = "/value/costs/", "/value/costs/rates/", "/value/costs/capital/"


@pytest.fixture
def late(trading, owner, measure):
    """A customer whose latest orders were paid 40 days late; one is open since 40 days."""
    customer = Customer.objects.filter(orders__amount__gt=0).order_by("pk").first()
    old = customer.orders.filter(amount__gt=0, ordered_on__lte=TODAY - timedelta(days=70))
    for order in old:
        order.due_on = order.ordered_on + timedelta(days=30)
        order.paid_on = order.due_on + timedelta(days=40)
        order.save()
    latest = old.order_by("-ordered_on").first()
    latest.due_on, latest.paid_on = TODAY - timedelta(days=40), None
    latest.save()
    since = TODAY - timedelta(days=2000)
    publish_capital_rate(Decimal("0.06"), actor=owner, on=TODAY, since_on=since, reason="贷款")
    measure()
    return customer


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_tells_what_went_in_and_the_orders_behind(web, late, owner, language):
    page = web(owner, language)
    text = page.get(f"/customers/{late.pk}/").content.decode()
    assert f'href="/customers/{late.pk}/payment/"' in text
    text = page.get(f"/customers/{late.pk}/payment/").content.decode()
    order = Order.objects.filter(customer=late, paid_on=None, due_on__isnull=False).get()
    assert order.number in text
    assert f"/orders/{order.pk}/" in text
    assert "due_on.lte." in text
    if language == "en":
        assert "of the money due was paid on time" in text
        assert "a day." in text
    assert (
        f'href="/customers/{late.pk}/payment/"'
        in page.get(f"/customers/{late.pk}/figures/cost_to_serve/").content.decode()
    )


def test_who_never_owed_anything_is_not_measured(web, late, owner):
    other = Customer.objects.exclude(pk=late.pk).filter(orders__isnull=False).first()
    assert b"Not measured" in web(owner).get(f"/customers/{other.pk}/payment/").content
    assert (
        f"/customers/{other.pk}/payment/"
        not in web(owner).get(f"/customers/{other.pk}/").content.decode()
    )


def test_the_queries_do_not_grow_with_the_orders(web, late, owner):
    page = web(owner)

    def queries():
        page.get(f"/customers/{late.pk}/payment/")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            page.get(f"/customers/{late.pk}/payment/")
        return len(seen)

    before = queries()
    order = Order.objects.filter(customer=late, paid_on__isnull=False).first()
    for number in range(5):
        order.pk, order.number = None, f"X-{number}"
        order.save(force_insert=True)
    assert queries() == before


def test_cost_to_serve_shows_late_payment_as_its_own_part(web, late, owner):
    text = web(owner).get(COSTS).content.decode()
    assert "Late payment" in text
    assert "isn’t measured" not in text
    assert "view=overdue" in text
    assert web(owner).get("/orders/?view=overdue").status_code == 200


def test_a_rate_of_capital_is_published_in_per_cent(web, owner, company):
    page = web(owner)
    wrong = page.post(CAPITAL, {"rate": "120", "since_on": "then", "reason": ""})
    assert wrong.status_code == 422
    assert wrong.content.count(b'aria-invalid="true"') == 3
    given = {"rate": "4.35%", "since_on": "2026-01-01", "reason": "LPR"}
    assert page.post(CAPITAL, given).status_code == 302
    assert CapitalRate.objects.get().rate == Decimal("0.0435")
    assert "4.35" in page.get(RATES).content.decode()


def test_only_who_sets_the_rules_publishes_it(web, company, li_wei):
    assert web(li_wei).post(CAPITAL, {"rate": "5"}).status_code == 403
    assert not CapitalRate.objects.exists()
