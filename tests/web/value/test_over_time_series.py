"""Equity, concentration and cohorts by month: every figure leads to its customers, and leaves as a file."""

import csv
import html
import re
from datetime import timedelta

import pytest
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from kezhi.accounts.models import User
from kezhi.audit.models import Entry
from kezhi.customers.models import Customer
from kezhi.insight.models import Snapshot

pytestmark = pytest.mark.django_db

EQUITY, COHORTS = "/value/over-time/equity/", "/value/over-time/cohorts/"
EXPORT = "/value/over-time/export/"
PAGES = (EQUITY, COHORTS)


@pytest.fixture
def several_runs(trading, measure, as_if_on):
    measure()
    for days in (91, 45):
        as_if_on(TODAY - timedelta(days=days))


def text_of(page):
    assert page.status_code == 200
    return html.unescape(page.content.decode())


def listed(text):
    part = text[text.index('id="who"') :].partition("</section>")[0]
    return {int(pk) for pk in re.findall(r'href="/customers/(\d+)/"', part)}


def test_before_the_first_run_they_say_what_is_missing(web, trading, owner):
    for page in PAGES:
        assert "Nothing measured yet" in text_of(web(owner).get(page))


def test_each_month_leads_to_its_customers(web, several_runs, owner):
    for language in ("en", "zh-hans"):
        text = text_of(web(owner, language).get(EQUITY))
        addresses = set(re.findall(r'href="(/value/over-time/equity/\?day=[^"#]*)#who"', text))
        assert len(addresses) == 4  # three months by what is expected, the last by contribution too
        for address in addresses:
            assert len(listed(text_of(web(owner, language).get(address)))) == 20


def test_the_bars_say_what_was_brought_and_what_is_expected(web, several_runs, owner):
    text = text_of(web(owner).get(EQUITY))
    assert text.count('class="v-fact" x="4%"') == text.count('class="v-plan" x="52%"') == 3
    assert text.count('class="ot-range"') == 3
    assert "The customers are expected to bring" in text


def test_concentration_is_told_of_what_is_expected_or_of_what_was_brought(web, several_runs, owner):
    expected, brought = (
        text_of(web(owner).get(f"{EQUITY}?of={of}")) for of in ("expected", "contribution")
    )
    assert re.search(r"best tenth of the customers holds .* of what is expected", expected)
    assert re.search(r"best tenth of the customers made .*% of the contribution", expected) is None
    assert re.search(r"best tenth of the customers made", brought)
    assert "by=contribution#who" in brought
    assert text_of(web(owner).get(f"{EQUITY}?of=nonsense")).count("data-chart") == 2


def test_a_cell_of_the_cohorts_leads_to_its_customers(web, several_runs, owner, chen_jing):
    text = text_of(web(owner).get(f"{COHORTS}?by=year&show=expected"))
    addresses = re.findall(r'href="([^"#]*day=[^"#]*cohort=(\d{4}))#who"', text)
    address, year = addresses[-1]
    found = listed(text_of(web(owner).get(address)))
    first = Snapshot.objects.filter(customer__in=found, run__as_of=TODAY)
    assert found
    assert set(first.values_list("first_on__year", flat=True)) == {int(year)}
    hers = set(Customer.objects.visible_to(chen_jing).values_list("pk", flat=True))
    assert listed(text_of(web(chen_jing).get(address))) <= hers


def test_the_switches_of_the_cohorts_change_what_the_cells_hold(web, several_runs, owner):
    texts = {
        (show, per): text_of(web(owner).get(f"{COHORTS}?show={show}&per={per}"))
        for show in ("both", "realised", "expected")
        for per in ("total", "customer")
    }
    heats = {text[text.index("<table") : text.index("</table>")] for text in texts.values()}
    assert len(heats) == 6
    realised = texts["realised", "total"]
    assert 'class="est"' not in realised[realised.index("<table") : realised.index("</table>")]
    usual = texts["both", "total"]
    text = text_of(web(owner).get(f"{COHORTS}?show=nonsense&day=x&cohort=y"))
    assert text[text.index("<table") :].partition("</table>")[0] in usual


def test_many_quarters_stand_together(web, several_runs, owner, monkeypatch):
    monkeypatch.setattr("kezhi.web.value.over_time_cohorts.MOST_ROWS", 3)
    text = text_of(web(owner).get(COHORTS))
    address = re.search(r'href="([^"#]*cohort=earlier)#who"', text)[1]
    assert listed(text_of(web(owner).get(address)))


def test_a_figure_leaves_as_a_file_and_that_is_recorded(web, several_runs, owner, li_wei):
    widths = {"equity": 9, "concentration": 8, "cohorts": 6}
    for part, width in widths.items():
        answer = web(owner).post(EXPORT, {"part": part})
        lines = list(csv.reader(b"".join(answer).decode("utf-8-sig").splitlines()))
        assert {len(line) for line in lines} == {width}
        assert lines[-1][0] == TODAY.isoformat()
        assert Entry.objects.filter(deed="value_over_time.exported", detail__part=part).exists()
    assert web(owner).post(EXPORT, {"part": "nonsense"}).status_code == 400
    role = li_wei.roles.get()
    role.field_rules = {"customer": {"value": "hidden"}}
    role.save()
    person = User.objects.get(pk=li_wei.pk)
    assert web(person).post(EXPORT, {"part": "equity"}).status_code == 403
    for page in PAGES:
        assert web(person).get(page).status_code == 403


def test_queries_do_not_grow_with_customers(web, several_runs, owner):
    from django.db import connection

    def count(page):
        address = f"{page}?day={TODAY.isoformat()}&by=expected&cohort="
        web(owner).get(address)
        with CaptureQueriesContext(connection) as queries:
            assert web(owner).get(address).status_code == 200
        return len(queries)

    many = [count(page) for page in PAGES]
    few = Customer.objects.order_by("-pk").values("pk")[:40]
    Snapshot.objects.filter(customer__in=few).delete()
    assert [count(page) for page in PAGES] == many
