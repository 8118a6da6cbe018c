"""A run that counts time by seasons: what is worked out from its parameters counts by the same clock."""

from datetime import timedelta

import numpy as np
import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.insight import contests, economics, explaining, figures, winning_back
from kezhi.insight.models import LostCustomer, Snapshot
from kezhi.insight.ruling import InvalidRules, current_settings, publish_value_settings
from kezhi.ledger.models import OrderLine
from kezhi.value.durations import DAYS_PER_YEAR
from kezhi.value.kept_models import clock_of, season_of
from kezhi.value.reading import EPOCH

pytestmark = pytest.mark.django_db


@pytest.fixture
def seasonal(trading, owner):
    """Hardly anybody buys in spring; time is counted by the month."""
    spring = OrderLine.objects.filter(ordered_on__month__in=[2, 3, 4, 5])
    few = list(spring.values_list("pk", flat=True)[::6])
    spring.exclude(pk__in=few).delete()
    rules = {**current_settings().rules, "season": "month", "model": "mbg-nbd"}
    publish_value_settings(rules, nightly_hour=3, reason="淡旺季", actor=owner, on=TODAY)


@pytest.fixture
def measured(seasonal, measure):
    return measure()


def bought(run):
    return Snapshot.objects.filter(run=run, occasions__gt=0, repeats__gt=0)


def test_the_run_keeps_its_season_and_the_times_by_its_clock(measured):
    season = season_of(measured.parameters["model"])
    assert season.by == "month"
    assert max(season.factors[1:5]) < min(season.factors[5:])
    clock = clock_of(measured.parameters["model"], (TODAY - EPOCH).days)
    for row in bought(measured)[:10]:
        first, last = ((day - EPOCH).days for day in (row.first_on, row.last_on))
        assert row.recency == pytest.approx(float(clock.between(first, last)) / 7, abs=0.08)
        assert row.age == pytest.approx(float(clock.between(first, clock_day())) / 7, abs=0.08)


def clock_day():
    return (TODAY - EPOCH).days


def test_a_figure_that_opens_says_again_what_the_run_said(measured):
    for row in bought(measured)[:5]:
        found = explaining.explain(SYSTEM, row.customer_id, "potential_value", figures.basis())
        assert found.now.p_alive == pytest.approx(row.p_alive, abs=1e-4)
        assert found.now.p_purchase_12m == pytest.approx(row.p_purchase_12m, abs=1e-3)
        assert found.now.continuation == pytest.approx(float(row.continuation_value), abs=0.1)
        clock = contests.horizon_of(measured, 36, 0.1).clock
        silent = float(clock.between(clock_day(), clock_day() + explaining.SILENCE)) / 7
        model = winning_back.model_of(measured)
        later = model.p_alive(float(row.repeats), row.recency, row.age + silent)
        assert found.silent.p_alive == pytest.approx(float(later))


def test_the_lost_come_back_into_the_season_that_is_coming(measured):
    lost = LostCustomer.objects.filter(second_value__gt=0).first()
    row = Snapshot.objects.get(run=measured, customer_id=lost.pk)
    x, t_x = np.array([float(row.repeats)]), np.array([row.recency])
    horizon = contests.horizon_of(measured, 36, 0.1)
    model = winning_back.model_of(measured)
    ends = model.expected_purchases(x, t_x, t_x, horizon.times[-1:])
    worth = explaining.worth_of_purchase(row, explaining.Settings.from_json(rules_of(measured)))
    assert float(lost.second_value) < float(ends[0]) * worth
    assert float(lost.second_value) > 0.8 * float(ends[0]) * worth


def rules_of(run):
    return run.value_settings.rules


def test_less_churn_brings_over_the_horizon_what_the_run_expects(measured):
    found = economics.retention(SYSTEM, figures.basis(), 36, 0.1)
    rows = Snapshot.objects.filter(run=measured, occasions__gt=0)
    whole = sum(rows.values_list("continuation_value", flat=True))
    assert not rows.filter(continuation_value__lt=0).exists()
    assert found.profit == pytest.approx(float(whole), rel=0.02)
    horizon = contests.horizon_of(measured, 36, 0.1)
    assert horizon.after(DAYS_PER_YEAR) == pytest.approx(DAYS_PER_YEAR / 7, rel=0.01)


def test_the_same_run_under_another_clock_is_a_change_of_the_model(seasonal, measure, owner):
    before = measure(TODAY - timedelta(days=1))
    rules = {**current_settings().rules, "season": None}
    publish_value_settings(rules, nightly_hour=3, reason="不分季节", actor=owner, on=TODAY)
    now = measure()
    found = figures.asset_bridge(SYSTEM, figures.basis_between(now, before))
    behaviour = sum(step.change for step in found.steps if step.part != figures.MODEL)
    assert found.has_model_apart
    assert abs(found.step(figures.MODEL).change) > 5 * abs(behaviour)


def test_only_months_and_weeks_are_seasons(trading, owner):
    with pytest.raises(InvalidRules) as refusal:
        publish_value_settings(
            {**current_settings().rules, "season": "day"}, actor=owner, on=TODAY, reason="试"
        )
    assert set(refusal.value.errors) == {"season"}
