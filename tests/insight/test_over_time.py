"""The bridge between two runs: it adds up for everybody who looks, and names who is behind a step."""

from datetime import timedelta

import pytest

from cast import TODAY
from kezhi.insight import figures
from kezhi.insight.models import Snapshot, ValueRun
from kezhi.insight.ruling import current_settings, publish_value_settings

pytestmark = pytest.mark.django_db

SPRING = TODAY - timedelta(days=200)


@pytest.fixture
def two_runs(trading, measure):
    measure(SPRING)
    measure()


def basis():
    runs = ValueRun.objects.readable()
    return figures.basis_between(runs[0], runs[1])


def test_the_steps_lead_from_one_asset_to_the_other_to_the_cent(two_runs, owner, chen_jing):
    for actor in (owner, chen_jing):
        found = figures.asset_bridge(actor, basis())
        assert round(sum(step.change for step in found.steps), 2) == found.change
        kept = Snapshot.objects.visible_to(actor).filter(run=basis().run)
        worth = sum(float(value or 0) for value in kept.values_list("potential_value", flat=True))
        assert found.after == round(worth, 2)
        assert found.before != found.after


def test_everybody_counts_in_one_step(two_runs, owner):
    found = figures.asset_bridge(owner, basis())
    bought = Snapshot.objects.filter(run=basis().run, occasions__gt=0).count()
    counted = sum(step.customers for step in found.steps if step.part != figures.MODEL)
    assert counted == bought == found.spread_after.customers


def test_who_bought_first_after_the_earlier_day_is_new(two_runs, owner):
    found = figures.asset_bridge(owner, basis())
    first = Snapshot.objects.filter(run=basis().run, first_on__gt=SPRING)
    assert found.step("new").customers == first.count() > 0


def test_a_salesperson_finds_their_own_customers_behind_a_step(two_runs, owner, chen_jing):
    mine = figures.asset_bridge(chen_jing, basis())
    all_ = figures.asset_bridge(owner, basis())
    assert mine.spread_after.customers < all_.spread_after.customers
    for step in mine.steps:
        named = figures.changers(chen_jing, step)
        assert len(named) == len(step.most) <= 20
        assert {each.owner_name for each in named} <= {chen_jing.name}
    strangers = figures.changers(chen_jing, all_.step("shrunk"))
    assert {each.owner_name for each in strangers} <= {chen_jing.name}


def test_the_customers_behind_a_step_stand_by_how_much_they_changed(two_runs, owner):
    found = figures.asset_bridge(owner, basis())
    for step in found.steps:
        sizes = [abs(each.change) for each in step.most]
        assert sizes == sorted(sizes, reverse=True)
        assert all(sizes)


def test_what_the_rules_changed_stands_apart_from_what_customers_did(trading, measure, owner):
    measure(TODAY - timedelta(days=1))
    rules = {**current_settings().rules, "horizon_months": 12}
    publish_value_settings(rules, nightly_hour=3, reason="一年", actor=owner, on=TODAY)
    measure()
    found = figures.asset_bridge(owner, basis())
    behaviour = sum(step.change for step in found.steps if step.part != figures.MODEL)
    assert found.has_model_apart
    assert found.step(figures.MODEL).change < -0.3 * found.before
    assert abs(behaviour) < 0.1 * found.before


def test_the_same_model_and_rules_change_nothing(trading, measure, owner):
    measure(SPRING)
    measure()
    now = basis()
    now.compared.parameters = now.run.parameters
    found = figures.asset_bridge(owner, now)
    assert found.has_model_apart
    assert found.step(figures.MODEL).change == 0
    assert found.step(figures.MODEL).customers == 0


def test_without_known_parameters_the_model_is_not_told_apart(two_runs, owner):
    now = basis()
    now.compared.parameters = {}
    found = figures.asset_bridge(owner, now)
    assert not found.has_model_apart
    assert found.step(figures.MODEL).change == 0
    assert round(sum(step.change for step in found.steps), 2) == found.change


def test_large_companies_keep_the_bridge_of_a_run(two_runs, owner, django_assert_num_queries):
    now = basis()
    now.run.customers = figures.MANY
    first = figures.asset_bridge(owner, now)
    with django_assert_num_queries(1):
        assert figures.asset_bridge(owner, now) == first


def test_nobody_in_sight_is_a_bridge_of_nothing(two_runs, organisation, analyst):
    Snapshot.objects.all().delete()
    found = figures.asset_bridge(analyst, basis())
    assert (found.before, found.after, found.spread_after.gini) == (0, 0, None)


def test_there_is_no_bridge_from_nowhere(trading, measure, owner):
    measure()
    run = ValueRun.objects.readable().first()
    assert figures.asset_bridge(owner, figures.basis_between(run, None)) is None
