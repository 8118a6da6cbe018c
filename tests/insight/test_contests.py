"""Contests of models held apart by an attribute: everybody is told by what foretold them, on every page."""

import copy
from datetime import timedelta

import numpy as np
import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Customer
from kezhi.insight import contests, economics, explaining, figures, winning_back
from kezhi.insight.facts import facts_folder, read_ledger
from kezhi.insight.models import LostCustomer, Snapshot
from kezhi.insight.ruling import InvalidRules, current_settings, publish_value_settings
from kezhi.value.potential.mbg_nbd import MBGNBD

pytestmark = pytest.mark.django_db

OF_ALL, OF_TEA = MBGNBD(0.8, 6.0, 1.2, 5.0), MBGNBD(2.0, 10.0, 0.4, 6.0)


@pytest.fixture
def apart(trading, owner):
    """Half of the customers are in tea; contests are held apart by industry."""
    half = Customer.objects.order_by("pk").values_list("pk", flat=True)[::2]
    Customer.objects.filter(pk__in=list(half)).update(industry="茶叶")
    rules = {**current_settings().rules, "segment_by": "industry", "segment_least": 12}
    publish_value_settings(rules, nightly_hour=3, reason="分行业", actor=owner, on=TODAY)


@pytest.fixture
def measured(apart, measure):
    """A run in which tea was foretold by a model of its own, whatever the hold-out chose."""
    return told_apart(measure())


def told_apart(run, of_all=OF_ALL, of_tea=OF_TEA):
    plain = run.parameters["model"]

    def of(model):
        size = len(model.names)
        diagnostics = plain["diagnostics"] | {
            "standard_errors": dict.fromkeys(model.names, 0.1),
            "covariance": (0.02 * np.eye(size)).tolist(),
        }
        names = {"chosen": model.name, "for_p_alive": model.name}
        return {**names, "parameters": model.parameters, "diagnostics": diagnostics}

    (tea,) = plain["segments"]
    run.parameters["model"] = {**plain, **of(of_all), "segments": [{**tea, **of(of_tea)}]}
    run.chosen_model = of_all.name
    run.save()
    for row in Snapshot.objects.filter(run=run, p_alive__isnull=False):
        model = of_tea if row.segment else of_all
        row.p_alive = float(model.p_alive(row.repeats, row.recency, row.age))
        row.save(update_fields=["p_alive"])
    return run


def bought(run, segment):
    return Snapshot.objects.filter(run=run, segment=segment, occasions__gt=0)


def test_everybody_stands_in_the_segment_of_their_industry(apart, measure):
    run = measure()
    industries = dict(Customer.objects.values_list("pk", "industry"))
    for row in Snapshot.objects.filter(run=run):
        assert row.segment == industries[row.customer_id]
    (tea,) = run.parameters["model"]["segments"]
    assert tea["segment"] == "茶叶"
    assert tea["customers"] == bought(run, "茶叶").count()
    assert {"all", "naive"} <= set(tea["models"])
    assert tea["won"] in tea["models"]


def test_another_industry_is_another_version_of_the_data(apart, measure):
    def version(by):
        ledger = read_ledger(facts_folder(), TODAY, lambda *_told: None, segment_by=by)
        return ledger.version(TODAY)

    before, whole = version("industry"), version("")
    Customer.objects.filter(industry="").first().save()
    assert version("industry") == before != whole
    Customer.objects.filter(industry="").update(industry="大米\n和面")
    assert version("industry") != before
    # What others like them buy is told by the industry, whatever the contests go by.
    assert version("") != whole


def test_only_attributes_and_models_that_are_chosen_hold_contests_apart(trading, owner):
    held = current_settings().rules
    for wrong in ({"segment_by": "name"}, {"segment_by": "industry", "model": "mbg-nbd"}):
        with pytest.raises(InvalidRules) as refusal:
            publish_value_settings({**held, **wrong}, actor=owner, on=TODAY, reason="试")
        assert set(refusal.value.errors) == {"segment_by"}


def test_what_an_order_would_change_is_told_by_the_segments_model(measured):
    for segment, model in (("茶叶", OF_TEA), ("", OF_ALL)):
        row = bought(measured, segment).filter(repeats__gt=1).first()
        found = explaining.explain(SYSTEM, row.customer_id, "p_alive", figures.basis())
        expected = model.p_alive(row.repeats + 1, row.age, row.age)
        assert found.order_today.p_alive == pytest.approx(float(expected))


def test_the_lost_are_valued_by_the_model_of_their_segment(measured):
    winning_back.keep_lost(measured)
    lost = dict(LostCustomer.objects.values_list("customer_id", "second_value"))
    assert set(lost) == set(
        Snapshot.objects.filter(run=measured, stage="lost").values_list("customer_id", flat=True)
    )
    for segment, model in (("茶叶", OF_TEA), ("", OF_ALL)):
        row = bought(measured, segment).filter(stage="lost").first()
        serving = float(row.cost_to_serve) / row.occasions
        history = [row.repeats, row.recency, row.expected_spend, row.margin_rate, row.return_rate]
        own = winning_back.second_values([[each] for each in (*history, serving)], model, measured)
        assert float(lost[row.customer_id]) == pytest.approx(own[0], abs=0.01)


def test_less_churn_is_counted_by_each_model_and_together(measured):
    whole = economics.retention(SYSTEM, figures.basis(), 36, 0.1)
    alive = sum(
        Snapshot.objects.filter(run=measured, p_alive__isnull=False).values_list(
            "p_alive", flat=True
        )
    )
    assert whole.customers == pytest.approx(alive)
    assert whole.buyers == sum(bought(measured, each).count() for each in ("茶叶", ""))
    assert whole.by(1).low < whole.by(1).change < whole.by(1).high
    told_apart(measured, OF_ALL, OF_ALL)
    assert contests.apart(measured) == ()
    assert economics.alike(SYSTEM, figures.basis()).buyers == whole.buyers


def test_customers_of_a_model_without_churn_are_left_out_and_counted(measured):
    plain = copy.deepcopy(measured.parameters)
    plain["model"]["segments"][0] |= {"chosen": "naive"}
    measured.parameters = plain
    measured.save()
    found = economics.retention(SYSTEM, figures.basis(), 36, 0.1)
    assert found.left_out == bought(measured, "茶叶").count()
    assert found.buyers == bought(measured, "").count()


def test_a_changed_model_of_a_segment_moves_its_customers_only(measured, as_if_on):
    before = as_if_on(TODAY - timedelta(days=45))
    told_apart(before, OF_ALL, MBGNBD(2.0, 10.0, 1.6, 4.0))
    rows = figures.asset_bridge(SYSTEM, figures.basis_between(measured, before)).step(figures.MODEL)
    moved = {each.customer_id for each in rows.most}
    assert moved
    tea = set(bought(measured, "茶叶").values_list("customer_id", flat=True))
    assert moved <= tea
    assert rows.customers <= len(tea)
