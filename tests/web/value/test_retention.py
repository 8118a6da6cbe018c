"""The what-if of retention: a question by address, an answer from the company's own model."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from insight.test_economics import MODEL, with_model
from insight.test_tenure import order
from kezhi.accounts.models import User
from kezhi.customers.models import Customer
from kezhi.insight import economics
from kezhi.insight.models import KeptFigure, Snapshot

pytestmark = pytest.mark.django_db
PAGE = "/value/retention/"


@pytest.fixture
def measured(trading, measure):
    return with_model(measure(), MODEL)


def test_before_the_first_run_it_says_what_to_do(web, company, owner):
    page = web(owner).get(PAGE)
    assert page.status_code == 200
    assert b"Not measured yet" in page.content
    assert b'href="/value/"' in page.content


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_it_answers_with_finding_picture_and_numbers(web, measured, owner, language):
    text = web(owner, language).get(PAGE).content.decode()
    assert 'class="num nowrap"' in text
    assert text.count('class="v-predicted"') >= 10
    assert '<details class="data' in text
    assert "Reichheld" in text


def test_the_costs_asked_for_are_taken_off(web, measured, owner):
    found = economics.retention(owner, economics.figures.basis(), 24, 0.1)
    dear = found.by(3).break_even * 3
    page = web(owner).get(
        PAGE, {"points": "3", "months": "24", "rate": "10", "cost": f"{dear:.0f}"}
    )
    assert b"would not pay for the measure" in page.content
    paid = web(owner).get(PAGE, {"points": "3", "months": "24", "rate": "10", "cost": "0"})
    assert b"less churn a year would bring" in paid.content


def test_winning_new_customers_stands_beside_it_when_asked(web, measured, owner):
    assert b"A new customer brings" not in web(owner).get(PAGE).content
    page = web(owner).get(PAGE, {"new": "1,000", "conversion": "20"})
    assert b"A new customer brings" in page.content
    assert b"One point more" in page.content


@pytest.mark.parametrize(
    "given",
    [
        {"points": "0"},
        {"points": "11"},
        {"points": "1.5"},
        {"months": "x"},
        {"months": "1e9"},
        {"rate": "nan"},
        {"rate": "-1"},
        {"cost": "-5"},
        {"new": "infinity"},
        {"conversion": "0"},
        {"conversion": "101"},
    ],
)
def test_what_is_wrong_is_said_at_its_field(web, measured, owner, given):
    page = web(owner).get(PAGE, given)
    assert page.status_code == 422
    assert b'aria-invalid="true"' in page.content
    assert not KeptFigure.objects.filter(key__startswith="retention").exists()


def test_a_model_without_dropout_says_how_to_choose_another(web, measured, owner):
    measured.parameters["model"]["chosen"] = measured.chosen_model = "nbd"
    measured.save()
    page = web(owner).get(PAGE)
    assert b"This model knows no churn" in page.content
    assert b'href="/settings/value/"' in page.content


def test_churn_that_is_lower_than_asked_is_said(web, measured, owner):
    with_model(measured, type(MODEL)(0.8, 6.0, 0.02, 5.0))
    page = web(owner).get(PAGE, {"points": "10"})
    assert b"Churn isn" in page.content or b"There is no churn to lower" in page.content


def test_it_counts_those_whom_the_reader_may_see(web, measured, owner, chen_jing, monkeypatch):
    monkeypatch.setattr(economics, "LEAST", 10)
    hers = web(chen_jing).get(PAGE).content.decode()
    assert "Your own customers" in hers
    seen = Snapshot.objects.filter(run=measured, p_alive__isnull=False)
    count = seen.filter(customer__in=Customer.objects.visible_to(chen_jing)).count()
    assert economics.retention(chen_jing, economics.figures.basis(), 36, 0.1).buyers == count


def test_who_may_not_read_customers_is_refused(web, measured):
    person = User.objects.create(login="guest", name="客人")
    assert web(person).get(PAGE).status_code == 403
    assert not KeptFigure.objects.filter(key__startswith="retention").exists()


def test_queries_do_not_grow_with_the_customers(web, measured, chen_jing, monkeypatch):
    monkeypatch.setattr(economics, "LEAST", 3)

    def asked():
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert web(chen_jing).get(PAGE).status_code == 200
        return len(caught)

    asked()
    Customer.objects.filter(owner=chen_jing).exclude(
        pk__in=Customer.objects.filter(owner=chen_jing)[:8]
    ).update(owner=None)
    few = asked()
    Customer.objects.filter(owner=None).update(owner=chen_jing)
    assert asked() == few


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_profit_by_year_of_tenure_stands_below(web, trading, measure, owner, language):
    for customer in trading[3:15]:
        for ago in (1000, 500):
            order(customer, TODAY - timedelta(days=ago))
    with_model(measure(), MODEL)
    text = web(owner, language).get(PAGE, {"new": "98,765"}).content.decode()
    section = text.split('id="tenure"')[1]
    assert ("in year" if language == "en" else "留下的客户第") in section
    assert section.count('class="v-compare"') == 2  # the year's piece, and its key
    assert ("98.8" if language == "en" else "9.88") in section
    without = web(owner, language).get(PAGE).content.decode().split('id="tenure"')[1]
    assert 'class="v-compare"' not in without
    assert ("Saved cost of winning" if language == "en" else "节省的获客成本") in without


def test_profit_by_tenure_is_of_the_whole_company_and_for_who_sees_it(web, measured, li_wei):
    text = web(li_wei).get(PAGE).content.decode()
    assert 'id="tenure"' not in text
    assert "What each point less churn would bring" in text


def test_a_run_from_before_profit_by_tenure_says_when_it_comes(web, measured, owner):
    KeptFigure.objects.filter(key="profit-by-tenure").delete()
    assert b"the next one brings it" in web(owner).get(PAGE).content
