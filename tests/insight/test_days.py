"""Days over time: cohorts add up to the whole for everybody who looks, and a large company's days are kept."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from kezhi.insight import figures
from kezhi.insight.figures import days
from kezhi.insight.models import KeptFigure, Snapshot, ValueRun
from kezhi.insight.thinning import thin_history

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_months(trading, measure, as_if_on):
    measure()
    as_if_on(TODAY - timedelta(days=45))


def runs():
    return figures.month_ends(ValueRun.objects.readable())


@pytest.fixture
def large(monkeypatch):
    monkeypatch.setattr("kezhi.insight.figures.keeping.MANY", 10)


def test_a_month_is_told_by_its_last_measured_day(trading, measure, as_if_on):
    measure()
    first_of_month = TODAY.replace(day=1)
    for days_before in (20, 2):
        as_if_on(first_of_month - timedelta(days=days_before))
    assert [run.as_of for run in runs()] == [first_of_month - timedelta(days=2), TODAY]


def test_cohorts_add_up_to_the_snapshots_of_those_one_may_see(two_months, owner, chen_jing):
    for actor in (owner, chen_jing):
        for run, day in zip(runs(), figures.measured_days(actor, runs()), strict=True):
            rows = Snapshot.objects.visible_to(actor).filter(run=run, occasions__gt=0)
            assert day.as_of == run.as_of
            assert day.value.customers == rows.count() > 0
            for name, column in (
                ("realised", "realised_value"),
                ("contribution", "contribution_12m"),
                ("expected", "potential_value"),
            ):
                whole = float(sum(rows.values_list(column, flat=True)))
                assert getattr(day.value, name) == pytest.approx(whole)
                parts = sum(getattr(one, name) for one in day.value.cohorts)
                assert parts == pytest.approx(whole)
            assert sum(one.customers for one in day.value.cohorts) == day.value.customers
            assert day.value.low <= day.value.expected <= day.value.high


def test_the_leaders_of_a_cohort_are_those_with_the_most(two_months, owner, chen_jing):
    run = runs()[-1]
    rows = Snapshot.objects.filter(run=run, occasions__gt=0, first_on__year=TODAY.year - 1)
    quarters = [f"{TODAY.year - 1}-Q{quarter}" for quarter in range(1, 5)]
    best = rows.order_by("-potential_value", "customer_id").values_list("customer_id", flat=True)
    found = figures.leaders_of_day(owner, run, "expected", quarters)
    assert [each.customer_id for each in found] == list(best[:20])
    hers = figures.leaders_of_day(chen_jing, run, "realised")
    assert hers
    assert {each.owner_name for each in hers} == {chen_jing.name}


def test_a_large_company_reads_what_is_kept_and_the_run_adds_what_is_missing(
    two_months, owner, li_wei, large
):
    assert figures.measured_days(owner, runs()) == []
    own = figures.measured_days(li_wei, runs())
    assert len(own) == 2
    assert days.keep_days() == 2
    assert days.keep_days() == 0
    kept = figures.measured_days(owner, runs())
    assert [day.as_of for day in kept] == [run.as_of for run in runs()]
    assert kept[-1].value.customers > own[-1].value.customers
    with CaptureQueriesContext(connection) as caught:
        leaders = figures.leaders_of_day(owner, runs()[-1], "both")
    assert len(leaders) == 20
    assert not any("insight_snapshot" in query["sql"] for query in caught)


def test_kept_and_read_days_are_the_same(two_months, owner, monkeypatch):
    read = figures.measured_days(owner, runs())
    by = [figures.leaders_of_day(owner, runs()[0], measure) for measure in days.MEASURES]
    monkeypatch.setattr("kezhi.insight.figures.keeping.MANY", 10)
    days.keep_days()
    assert figures.measured_days(owner, runs()) == read
    assert [figures.leaders_of_day(owner, runs()[0], m) for m in days.MEASURES] == by


def test_past_days_stay_kept_until_their_snapshots_go(two_months, owner, measure, as_if_on, large):
    before = TODAY - timedelta(days=45)
    days.keep_days()
    measure()  # takes the place of the other run of the same day
    assert figures.measured_days(owner, runs())[0].as_of == before
    as_if_on(before + timedelta(days=1))
    thin_history(actor=owner, on=TODAY)
    assert not KeptFigure.objects.filter(run__as_of=before).exists()


def test_whoever_sees_very_many_sees_fewer_days(trading, measure, as_if_on, owner, monkeypatch):
    measure()
    for months in (3, 2, 1):
        as_if_on(figures.months_before(TODAY, months))
    monkeypatch.setattr(days, "LIVE_ROWS", 150)
    found = figures.measured_days(owner, runs())
    assert [day.as_of for day in found] == [figures.months_before(TODAY, 1), TODAY]
