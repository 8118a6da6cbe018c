"""Who costs more than it brings, in words; rates and totals by form."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from kezhi.accounts.models import User
from kezhi.customers.models import Customer
from kezhi.insight.models import ActivityRate, SharedCost, Unprofitable
from kezhi.ledger.entering import enter_cost
from kezhi.web.value import costs

pytestmark = pytest.mark.django_db
PAGE, RATES, SHARED = "/value/costs/", "/value/costs/rates/", "/value/costs/shared/"


@pytest.fixture
def measured(trading, owner, measure):
    """Two customers cost more than they bring, one because of visits."""
    buyers = Customer.objects.filter(orders__isnull=False).distinct().order_by("pk")
    for customer, activity in zip(buyers[:2], ("visit", "freight"), strict=True):
        fields = {"customer": customer, "activity": activity, "incurred_on": TODAY}
        enter_cost({**fields, "amount": Decimal(80_000)}, actor=owner, on=TODAY)
    return measure()


def rate(**changes):
    return {
        "activity": "visit",
        "rate": "300",
        "since_on": "2026-01-01",
        "reason": "测算",
    } | changes


def total(**changes):
    given = {"activity": "freight", "amount": "1,000", "first_on": "2026-01-01"}
    return given | {"last_on": "2026-01-31", "driver": "revenue"} | changes


def test_before_the_first_run_it_says_what_to_do(web, company, owner):
    assert b"Not measured yet" in web(owner).get(PAGE).content


@pytest.mark.parametrize(("language", "of"), [("en", "year"), ("zh-hans", "all")])
def test_it_says_who_costs_more_because_of_what(web, measured, owner, language, of):
    worst = Unprofitable.objects.order_by("contribution").first()
    text = web(owner, language).get(PAGE, {"of": of}).content.decode()
    assert worst.customer.name in text
    assert f'action="/customers/{worst.pk}/plans/"' in text
    if language == "en":
        assert "Costs more than it brings" in text
        assert "cost more than they brought in 12 months" in text


def test_rates_are_published_in_versions_with_what_is_wrong_at_its_field(web, owner, company):
    page = web(owner)
    wrong = page.post(RATES, rate(rate="x", since_on="then", reason=""))
    assert wrong.status_code == 422
    assert wrong.content.count(b'aria-invalid="true"') == 3
    assert page.post(RATES, rate()).url == RATES
    page.post(RATES, rate(rate="350", since_on="2026-06-01"))
    text = page.get(RATES).content.decode()
    assert "¥350.00" in text
    assert ActivityRate.objects.count() == 2


def test_totals_are_entered_and_taken_back(web, owner, company):
    page = web(owner)
    assert page.post(SHARED, total(last_on="2025-01-01", amount="")).status_code == 422
    assert page.post(SHARED, total()).status_code == 302
    cost = SharedCost.objects.get()
    assert b"1,000.00" in page.get(RATES).content
    page.post(f"{SHARED}{cost.pk}/removal/")
    assert not SharedCost.objects.exists()


@pytest.mark.parametrize("said", ["nan", "-inf", "1e999999999"])
def test_what_is_no_finite_number_is_refused_at_its_field(web, owner, company, said):
    for answer in (
        web(owner).post(RATES, rate(rate=said)),
        web(owner).post(SHARED, total(amount=said)),
    ):
        assert answer.status_code == 422
        assert answer.content.count(b'aria-invalid="true"') == 1
    assert not ActivityRate.objects.exists()
    assert not SharedCost.objects.exists()


def test_who_may_not_see_costs_or_set_rules_is_refused(web, measured, li_wei):
    guest = User.objects.create(login="guest", name="客人")
    assert web(guest).get(PAGE).status_code == 403
    assert web(li_wei).post(RATES, rate()).status_code == 403
    assert web(li_wei).post(SHARED, total()).status_code == 403
    assert not ActivityRate.objects.exists()


def test_one_sees_their_own(web, measured, owner, chen_jing):
    worst = Unprofitable.objects.exclude(customer__owner=chen_jing).first()
    page = web(chen_jing).get(PAGE)
    assert page.status_code == 200
    assert worst.customer.name not in page.content.decode()


def test_queries_do_not_grow_with_the_rows(web, measured, owner, monkeypatch):
    def asked(rows):
        monkeypatch.setattr(costs, "PAGE", rows)
        with CaptureQueriesContext(connection) as caught:
            web(owner).get(PAGE)
        return len(caught)

    asked(1)
    assert asked(1) == asked(5)
