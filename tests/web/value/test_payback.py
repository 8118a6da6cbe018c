"""Acquisition payback: costs beside what the customers of a source have brought since."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from kezhi.customers.models import Customer
from kezhi.insight import figures, paying_back
from kezhi.ledger.acquiring import enter_acquisition_cost
from kezhi.ledger.models import AcquisitionCost

pytestmark = pytest.mark.django_db
PAGE = "/value/payback/"


@pytest.fixture
def won(trading):
    """Half of the customers came from a fair, half from the web."""
    for place, customer in enumerate(trading):
        customer.source = "展会" if place % 2 else "官网"
    Customer.objects.bulk_update(trading, ["source"])
    return trading


@pytest.fixture
def spend(owner):
    def one(source, amount, begins=date(TODAY.year - 3, 1, 1), ends=TODAY, campaign=""):
        fields = {
            "source": source,
            "campaign": campaign,
            "begins_on": begins,
            "ends_on": ends,
            "amount": Decimal(amount),
        }
        return enter_acquisition_cost(fields, actor=owner, on=TODAY)

    return one


def test_it_says_what_to_do_first(web, company, owner, trading, measure):
    assert b"Not measured yet" in web(owner).get(PAGE).content
    measure()
    assert b"What does winning a customer cost?" in web(owner).get(PAGE).content


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_sources_are_compared_and_open_their_customers(web, won, measure, owner, spend, language):
    measure()
    spend("展会", 9_000_000, campaign="春季展")
    spend("官网", 900)
    text = web(owner, language).get(PAGE).content.decode()
    assert "官网" in text
    assert "/customers/?" in text
    assert "春季展" in text
    by_source = {one.source: one for one in paying_back.paybacks(figures.basis(), None)}
    fair, site = by_source["展会"], by_source["官网"]
    assert fair.customers + site.customers == 57
    assert site.cost_each == pytest.approx(900 / site.customers)
    assert site.paid.months is not None
    assert fair.paid.months is None
    assert site.ratio > 1 > fair.ratio
    assert ("never at this pace" in text) == (language == "en")
    chosen = web(owner, language).get(PAGE, {"source": "官网", "time": "12"})
    assert chosen.status_code == 200


def test_costs_count_by_the_days_within_the_time(won, measure, spend):
    measure()
    spend("展会", 3650, begins=date(TODAY.year - 2, 1, 1), ends=date(TODAY.year - 2, 12, 31))
    spend("展会", 100, begins=TODAY, ends=TODAY)
    basis = figures.basis()
    assert paying_back.paybacks(basis, None)[0].cost == 3750
    lately = paying_back.paybacks(basis, 12)
    assert {one.source: one.cost for one in lately}["展会"] == 100
    assert all(one.since >= date(TODAY.year - 1, 1, 1) for one in lately)


def test_customers_and_margins_are_those_of_the_facts(won, measure, spend):
    from kezhi.insight.models import Snapshot

    run = measure()
    spend("展会", 1000)
    kept = paying_back.won(figures.basis())
    rows = Snapshot.objects.filter(run=run, customer__source="展会", occasions__gt=0)
    own = [each for each in kept.worth if each.source == "展会"]
    assert sum(each.realised for each in own) == pytest.approx(
        float(sum(row.realised_value for row in rows)), abs=1
    )
    assert sum(each.customers for each in kept.months if each.source == "展会") == rows.count()


def test_it_is_a_file_and_on_record(web, won, measure, owner, spend):
    from kezhi.audit.models import Entry

    measure()
    spend("展会", 90_000)
    answer = web(owner).post(f"{PAGE}export/", {"time": "all"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Source,Since,Cost")
    assert any(line.startswith("展会") for line in lines[1:])
    assert Entry.objects.filter(deed="acquisition_payback.exported").exists()


def test_who_may_not_see_what_winning_costs_sees_nothing(web, won, measure, li_wei, spend):
    measure()
    spend("展会", 90_000)
    assert web(li_wei).get(PAGE).status_code == 403
    assert web(li_wei).post(f"{PAGE}export/").status_code == 403
    assert PAGE.encode() not in web(li_wei).get("/").content


def test_the_questions_asked_do_not_grow_with_sources(web, won, measure, owner, spend):
    measure()
    spend("展会", 90_000)
    page = web(owner)
    page.get(PAGE)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page.get(PAGE)
    for number in range(8):
        spend(f"来源{number}", 100)
    with CaptureQueriesContext(connection) as more:
        page.get(PAGE)
    assert len(more) == len(few)


def test_a_cost_is_entered_corrected_and_deleted_on_its_pages(web, company, owner):
    page = web(owner)
    typed = {
        "source": "展会",
        "begins_on": "2026-03-01",
        "ends_on": "2026-02-01",
        "amount": "100",
    }
    assert page.post("/acquisition-costs/new/", typed).status_code in (409, 422)
    assert not AcquisitionCost.objects.exists()
    assert (
        page.post("/acquisition-costs/new/", typed | {"ends_on": "2026-03-31"}).status_code == 302
    )
    assert AcquisitionCost.objects.get().amount == 100
    assert "展会" in page.get("/acquisition-costs/").content.decode()
