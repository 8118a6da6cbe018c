"""What keeping customers brings, from the model and the customers of a run."""

from datetime import timedelta

import numpy as np
import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.insight import economics, figures
from kezhi.insight.economics import Alike, Retention, Unknown
from kezhi.insight.models import KeptFigure, Snapshot, ValueRun
from kezhi.value.economics.what_if import churn_what_if, value_of_new_customer
from kezhi.value.potential.continuation import Horizon
from kezhi.value.potential.mbg_nbd import MBGNBD

MODEL = MBGNBD(0.8, 6.0, 1.2, 5.0)


@pytest.fixture
def measured(trading, measure):
    """A run whose model has dropout, whatever the hold-out chose."""
    run = measure()
    return with_model(run, MODEL)


def with_model(run: ValueRun, model: MBGNBD) -> ValueRun:
    size = len(model.names)
    diagnostics = run.parameters["model"]["diagnostics"] | {
        "standard_errors": dict.fromkeys(model.names, 0.1),
        "covariance": (0.02 * np.eye(size)).tolist(),
    }
    run.parameters["model"] |= {
        "chosen": model.name,
        "parameters": model.parameters,
        "diagnostics": diagnostics,
    }
    run.chosen_model = model.name
    run.save()
    for row in rows_of(run):
        row.p_alive = float(model.p_alive(row.repeats, row.recency, row.age))
        row.save(update_fields=["p_alive"])
    return run


def asked(months=36, rate=0.1, actor=SYSTEM):
    return economics.retention(actor, figures.basis(), months, rate)


def rows_of(run):
    return Snapshot.objects.filter(run=run, p_alive__isnull=False).order_by("customer_id")


@pytest.mark.django_db
def test_more_retained_is_more_profit(measured):
    found = asked()
    changes = [one.change for one in found.kept]
    assert [one.points for one in found.kept] == list(range(1, len(changes) + 1))
    assert changes[0] > 0
    assert changes == sorted(changes)
    assert found.by(0) is None
    assert found.by(5).churn == pytest.approx(found.churn - 0.05)
    assert found.by(5).years > found.by(1).years


@pytest.mark.django_db
def test_it_agrees_with_the_library_on_the_same_customers(measured):
    rows = list(rows_of(measured))
    worth = [
        row.expected_spend * row.margin_rate * (1 - row.return_rate)
        - float(row.cost_to_serve) / row.occasions
        for row in rows
    ]
    expected = churn_what_if(
        MODEL,
        [row.repeats for row in rows],
        [row.recency for row in rows],
        [row.age for row in rows],
        worth,
        Horizon.of_months(36, "week", 0.1),
        rng=np.random.default_rng(1),
        draws=0,
    )
    found = asked()
    assert found.profit == pytest.approx(expected.profit)
    assert found.churn == pytest.approx(expected.churn)
    assert [one.change for one in found.kept] == pytest.approx(
        [one.change for one in expected.effects]
    )
    assert found.buyers == len(rows)
    mean = sum(worth) / len(worth)
    assert found.new_value == pytest.approx(
        value_of_new_customer(MODEL, mean, Horizon.of_months(36, "week", 0.1))
    )


@pytest.mark.django_db
def test_the_interval_lies_around_the_effect(measured):
    one = asked().by(5)
    assert one.low < one.high
    assert one.low <= one.change * 1.1
    assert one.high >= one.change * 0.9


@pytest.mark.django_db
def test_a_measure_at_its_break_even_cost_brings_nothing(measured):
    one = asked().by(5)
    assert one.net(0) == (one.change, one.low, one.high)
    assert one.net(one.break_even)[0] == pytest.approx(0, abs=1e-6 * one.change)


@pytest.mark.django_db
def test_looking_further_ahead_brings_more_and_a_higher_rate_less(measured):
    assert asked(months=12).by(5).change < asked(months=36).by(5).change
    assert asked(rate=0.2).by(5).change < asked(rate=0.1).by(5).change


@pytest.mark.django_db
def test_the_answer_is_kept_for_the_company_until_the_next_run(
    measured, owner, li_wei, django_assert_num_queries, measure
):
    first = asked(actor=owner)
    basis = figures.basis()
    with django_assert_num_queries(2):  # the run's model and the figure
        assert economics.retention(owner, basis, 36, 0.1) == first
    asked(actor=li_wei)
    assert KeptFigure.objects.filter(key__startswith="retention|").count() == 1


@pytest.mark.django_db
def test_who_sees_a_part_is_told_about_that_part(measured, owner, li_wei):
    everybody, own = asked(actor=owner), asked(actor=li_wei)
    assert own.buyers < everybody.buyers
    assert own.by(5).change < everybody.by(5).change


@pytest.mark.django_db
def test_too_few_customers_say_nothing(measured, chen_jing, monkeypatch):
    monkeypatch.setattr(economics, "LEAST", 25)
    assert asked(actor=chen_jing) is Unknown.FEW


@pytest.mark.django_db
@pytest.mark.parametrize("chosen", ["naive", "nbd", ""])
def test_a_model_without_dropout_knows_no_churn(measured, chosen):
    measured.parameters["model"]["chosen"] = chosen
    measured.save()
    assert asked() is Unknown.NO_DROPOUT


@pytest.mark.django_db
def test_counted_by_the_database_it_is_the_same_within_a_hundredth(measured, monkeypatch):
    exact = asked()
    KeptFigure.objects.all().delete()
    monkeypatch.setattr(figures, "MANY", 10)
    near = asked()
    assert near.buyers == exact.buyers
    assert near.new == exact.new
    assert near.customers == pytest.approx(exact.customers, rel=0.01)
    assert near.by(5).change == pytest.approx(exact.by(5).change, rel=0.02)


def test_merged_customers_are_as_many_and_bring_as_much():
    rng = np.random.default_rng(4)
    T = rng.uniform(5, 150, 3000)
    x = rng.poisson(T / 8).astype(float)
    t_x = np.where(x > 0, T * rng.uniform(0.3, 1, 3000), 0.0)
    columns = [tuple(own.tolist()) for own in (x, t_x, T, rng.gamma(2, 50, 3000), np.ones(3000))]
    whole = Alike(*columns, buyers=3000, mean_worth=100.0, new=0)
    merged = economics._merged(MODEL, whole, 240)
    horizon = Horizon.of_months(24, "week", 0.1)
    assert len(merged.x) <= 240
    sides = [economics._Side(MODEL, None, each).part(each) for each in (whole, merged)]
    exact, near = (economics._what_if([each], horizon, 1, 0.0) for each in sides)
    assert near.customers_alive == pytest.approx(exact.customers_alive)
    assert near.churn == pytest.approx(exact.churn, abs=0.005)
    assert near.profit == pytest.approx(exact.profit, rel=0.02)
    assert near.effects[4].change == pytest.approx(exact.effects[4].change, rel=0.03)


@pytest.mark.django_db
def test_winning_is_set_beside_keeping(measured):
    found = asked()
    cost = found.new_value / 2
    beside = economics.winning(found, 5, cost, 0.2)
    assert beside.net_value == pytest.approx(cost)
    assert beside.as_many == pytest.approx(found.by(5).change / cost)
    assert beside.cheaper == pytest.approx(found.new * cost * 0.1)
    assert beside.better == pytest.approx(found.new / 0.2 * 0.01 * found.new_value)
    dear = economics.winning(found, 5, found.new_value * 2, None)
    assert dear.as_many is None
    assert dear.better is None


@pytest.mark.django_db
def test_new_customers_are_those_of_the_last_year(measured):
    found = asked()
    new = rows_of(measured).filter(first_on__gt=TODAY - timedelta(days=365))
    assert found.new == new.count()
    assert isinstance(found, Retention)
