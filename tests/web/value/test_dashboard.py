"""The value dashboard: for the customers the reader may see, whatever has been measured so far."""

import json
import re

import pytest
from django.test.utils import CaptureQueriesContext

from cast import PASSWORD, TODAY
from kezhi.accounts.models import User
from kezhi.accounts.organising import create_person
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Customer, Standing
from kezhi.insight.models import ValueRun

pytestmark = pytest.mark.django_db


def charts(page):
    found = re.findall(
        r'data-chart="(\w+)".*?<script type="application/json">(.*?)</script>',
        page.content.decode(),
        re.DOTALL,
    )
    return {kind: json.loads(data) for kind, data in found}


def test_before_there_are_orders_it_says_what_to_import(web, owner):
    page = web(owner).get("/value/")
    assert b'href="/imports/"' in page.content
    assert b'action="/value/runs/"' not in page.content


def test_with_orders_it_offers_to_measure_to_those_who_may(web, trading, owner, li_wei):
    assert b'action="/value/runs/"' in web(owner).get("/value/").content
    assert b'action="/value/runs/"' not in web(li_wei).get("/value/").content


def test_every_figure_is_there_with_its_list(web, trading, measure, owner):
    measure(backfill_months=12)
    page = web(owner).get("/value/")
    text = page.content.decode()
    assert page.status_code == 200
    assert {"pareto", "matrix", "sankey", "lines"} <= set(charts(page))
    for condition in (
        "tier.eq.S",
        "quadrant.eq.keep",
        "stage.eq.decline",
        "first_order_on.gte",
        "recency_score.eq.5",
    ):
        assert condition in text
    assert text.count('<details class="data') >= 5


def test_a_cell_of_the_rfm_grid_leads_to_its_customers(web, trading, measure, owner):
    measure()
    text = web(owner).get("/value/").content.decode()
    cell = re.search(
        r'<a href="(/customers/[^"]*recency_score\.eq\.5[^"]*)">.*?<b>(.*?)</b>', text, re.DOTALL
    )
    listed = web(owner).get(cell[1].replace("&amp;", "&")).content.decode()
    assert listed.count("data-row") == int(re.sub(r"<[^>]+>", "", cell[2]))


def test_figures_count_only_whom_the_reader_may_see(web, trading, measure, owner, chen_jing):
    measure()
    everybody = charts(web(owner).get("/value/"))["matrix"]["points"]
    page = web(chen_jing).get("/value/")
    hers = set(Customer.objects.visible_to(chen_jing).values_list("name", flat=True))
    assert b"Your own customers" in page.content
    seen = {point["name"] for point in charts(page)["matrix"]["points"]}
    assert seen <= hers
    assert len(everybody) > len(seen)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("compare", ["1", "3", "12", "7", "x"])
def test_it_reads_in_both_languages_against_any_month(
    web, trading, measure, owner, language, compare
):
    measure()
    page = web(owner, language).get(f"/value/?compare={compare}")
    assert page.status_code == 200


def test_queries_do_not_grow_with_the_customers(web, trading, measure, owner, connection_queries):
    measure()
    few = connection_queries(lambda: web(owner).get("/value/"))
    _twice_as_many()
    assert connection_queries(lambda: web(owner).get("/value/")) == few


def _twice_as_many():
    for standing in list(Standing.objects.select_related("customer")):
        customer = standing.customer
        customer.pk, customer.code = None, f"{customer.code}-2"
        customer.save()
        standing.pk = None
        standing.customer = customer
        standing.save(force_insert=True)


def test_a_run_under_way_is_said(web, trading, measure, owner):
    measure()
    ValueRun.objects.create(as_of=TODAY, value_settings=ValueRun.objects.get().value_settings)
    page = web(owner).get("/value/")
    assert b"A value run is under way" in page.content
    assert b"Measure now" not in page.content


def test_nobody_without_customers_reads_it(web, company, organisation):
    person = User.objects.create(login="guest", name="客人")
    assert web(person).get("/value/").status_code == 403


@pytest.fixture
def connection_queries():
    from django.db import connection

    def count(ask):
        ask()
        with CaptureQueriesContext(connection) as queries:
            assert ask().status_code == 200
        return len(queries)

    return count


def test_who_has_no_customers_yet_is_told_so(web, trading, measure, organisation):
    measure()
    new = create_person(
        {"login": "newcomer", "name": "新人", "roles": ["salesperson"], "password": PASSWORD},
        actor=SYSTEM,
    )
    page = web(new).get("/value/")
    assert b"None of your customers has bought anything yet" in page.content
