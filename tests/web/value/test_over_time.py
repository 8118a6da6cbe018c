"""Value over time: any two measured days, in both languages, for the customers one may see."""

import html
import re
from datetime import timedelta

import pytest
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from kezhi.accounts.models import User
from kezhi.customers.models import Customer
from kezhi.insight.models import Snapshot, ValueRun

pytestmark = pytest.mark.django_db

PAGE = "/value/over-time/"


@pytest.fixture
def several_runs(trading, measure):
    """A year, a quarter and a month before today, and today."""
    for days in (365, 91, 30, 0):
        measure(TODAY - timedelta(days=days))


def text_of(page):
    assert page.status_code == 200
    return html.unescape(page.content.decode())


def chosen_days(text):
    return re.findall(r'<option value="([\d-]+)" selected', text)


def test_with_one_run_it_says_what_is_missing(web, trading, measure, owner, li_wei):
    assert "Nothing to compare yet" in text_of(web(owner).get(PAGE))
    measure()
    text = text_of(web(owner).get(PAGE))
    assert "Nothing to compare yet" in text
    assert 'action="/value/runs/"' in text
    assert 'action="/value/runs/"' not in text_of(web(li_wei).get(PAGE))


def test_it_compares_the_latest_day_with_the_nearest_so_long_before(web, several_runs, owner):
    for asked, days in {"": 91, "?months=1": 30, "?months=3": 91, "?months=12": 365}.items():
        since, until = chosen_days(text_of(web(owner).get(PAGE + asked)))
        assert until == TODAY.isoformat()
        assert since == (TODAY - timedelta(days=days)).isoformat()


def test_any_two_days_can_be_chosen_and_what_is_not_known_is_the_usual(web, several_runs, owner):
    days = [day.isoformat() for day in ValueRun.objects.readable().values_list("as_of", flat=True)]
    text = text_of(web(owner).get(f"{PAGE}?since={days[3]}&until={days[1]}"))
    assert chosen_days(text) == [days[3], days[1]]
    for asked in ("since=x&until=y", "months=7", "step=nonsense", "since=2999-01-01"):
        assert chosen_days(text_of(web(owner).get(f"{PAGE}?{asked}"))) == [days[2], days[0]]


def test_a_step_leads_to_its_customers(web, several_runs, owner):
    for language in ("en", "zh-hans"):
        text = text_of(web(owner, language).get(PAGE))
        steps = dict(re.findall(r'href="(/value/over-time/\?[^"]*step=(\w+))#who"', text))
        assert {"shrunk", "model"} <= set(steps.values())
        for address in steps:
            listed = text_of(web(owner, language).get(address))
            assert re.search(r'id="who".*?href="/customers/\d+/"', listed, re.DOTALL)


def test_a_salesperson_sees_their_own_customers_only(web, several_runs, owner, chen_jing):
    hers = set(Customer.objects.visible_to(chen_jing).values_list("pk", flat=True))
    for part in ("new", "grown", "shrunk", "lost", "dormant", "model"):
        text = text_of(web(chen_jing).get(f"{PAGE}?step={part}"))
        assert "Your own customers" in text
        assert {int(pk) for pk in re.findall(r'href="/customers/(\d+)/"', text)} <= hers


def test_the_series_by_month_and_the_concentration_are_there(web, several_runs, owner):
    text = text_of(web(owner).get(PAGE))
    assert 'data-chart="lines"' in text
    assert "Gini coefficient" in text
    assert text.count('<details class="data') == 2


def test_nobody_without_customers_reads_it(web, company, organisation):
    person = User.objects.create(login="guest", name="客人")
    assert web(person).get(PAGE).status_code == 403


def test_who_may_not_know_values_reads_nothing(web, several_runs, li_wei):
    role = li_wei.roles.get()
    role.field_rules = {"customer": {"value": "hidden"}}
    role.save()
    person = User.objects.get(pk=li_wei.pk)
    assert web(person).get(PAGE).status_code == 403


def test_who_has_no_customers_yet_sees_an_empty_bridge(web, several_runs, owner):
    Snapshot.objects.all().delete()
    text = text_of(web(owner).get(f"{PAGE}?step=grown"))
    assert "None of the customers you see." in text


def test_queries_do_not_grow_with_customers_or_runs(web, several_runs, owner):
    from django.db import connection

    def count():
        web(owner).get(f"{PAGE}?step=shrunk")
        with CaptureQueriesContext(connection) as queries:
            assert web(owner).get(f"{PAGE}?step=shrunk").status_code == 200
        return len(queries)

    many = count()
    few = Customer.objects.order_by("-pk").values("pk")[:40]
    Snapshot.objects.filter(customer__in=few).delete()
    ValueRun.objects.filter(as_of__lt=TODAY - timedelta(days=100)).update(has_snapshots=False)
    assert count() == many
