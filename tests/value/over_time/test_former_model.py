"""What a run keeps is enough to value its customers by the model and the rules of another run."""

from datetime import date

import numpy as np
import pytest

from kezhi.value.datasets.simulated import simulate
from kezhi.value.measure import Facts, Settings, measure
from kezhi.value.over_time.former_model import Outlook, Valued, value_by_former
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.gamma_gamma import GammaGamma

UNTIL = date(2025, 6, 30)


@pytest.fixture(scope="module")
def facts():
    bought = simulate(
        BGNBD(0.8, 6.0, 0.8, 2.5),
        GammaGamma(6.25, 3.74, 15.44),
        customers=300,
        first=date(2024, 1, 1),
        joining_days=200,
        until=UNTIL,
        rng=np.random.default_rng(3),
    )
    return Facts(bought.table())


def kept(measured):
    table = measured.customers
    margin = table["margin_rate"].to_numpy()
    names = ("continuation_value", "repeats", "recency", "age", "mean_spend", "expected_spend")
    numbers = [table[name].to_numpy().astype(float) for name in names]
    returns = np.nan_to_num(table["return_rate"].to_numpy())
    return Valued(*numbers, margin, returns, by_rule=np.ones(len(margin), dtype=bool))


def outlook(measured, settings):
    return Outlook.of_run(settings, measured.run.as_json())


@pytest.mark.parametrize(
    "other",
    [
        {"horizon_months": 12.0},
        {"annual_rate": 0.25},
        {"model": "pareto-nbd"},
        {"model": "naive"},
        {"margin_rate": 0.5},
        {"horizon_months": 24.0, "model": "mbg-nbd", "margin_rate": 0.2},
    ],
)
def test_the_value_is_what_the_former_rules_measured(facts, other):
    now, former = Settings(model="bg-nbd"), Settings(**{"model": "bg-nbd", **other})
    after, before = measure(facts, now, as_of=UNTIL), measure(facts, former, as_of=UNTIL)
    found = value_by_former(kept(after), outlook(after, now), outlook(before, former))
    known = before.customers["continuation_value"].to_numpy()
    assert np.allclose(found, known, rtol=1e-6, atol=0.01, equal_nan=True)


def test_the_same_rules_change_nothing(facts):
    rules = Settings(model="bg-nbd")
    measured = measure(facts, rules, as_of=UNTIL)
    same = outlook(measured, rules)
    valued = kept(measured)
    assert np.array_equal(value_by_former(valued, same, same), valued.value, equal_nan=True)


def test_a_model_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="no known model"):
        Outlook.of_run(Settings(), {})
    with pytest.raises(ValueError, match="no known model"):
        Outlook.of_run(Settings(), {"model": {"chosen": "oracle"}, "spend": {}})
