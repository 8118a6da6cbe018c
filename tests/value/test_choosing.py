"""Model choice by segment: where segments buy otherwise, each is foretold by what fits it."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from kezhi.value.choosing import LEAST_IN_SEGMENT, SHARED, with_segments
from kezhi.value.datasets.simulated import simulate
from kezhi.value.measure import Facts, Settings, measure
from kezhi.value.potential.covariates import fit_of
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.reading import Unreadable

SPEND = GammaGamma(6.25, 3.74, 15.44)
AS_OF = date(2025, 6, 30)


def bought(model, customers, seed, offset):
    table = simulate(
        model, SPEND, customers=customers, first=date(2022, 1, 1), joining_days=400, until=AS_OF,
        rng=np.random.default_rng(seed),
    ).table()  # fmt: skip
    return table.set_column(0, "customer", pa.compute.add(table["customer"], offset))


@pytest.fixture(scope="module")
def facts():
    shops = bought(MBGNBD(3.0, 12.0, 0.3, 12.0), 500, 1, 0)
    people = bought(MBGNBD(0.4, 4.0, 1.2, 1.5), 1500, 2, 10_000)
    few = bought(MBGNBD(1.0, 6.0, 0.5, 3.0), 60, 3, 50_000)
    lines = pa.concat_tables([shops, people, few])
    customers = sorted(set(lines["customer"].to_pylist()))
    named = {0: "shop", 1: "person", 5: None}
    segments = [named[own // 10_000] if own % 10 or own < 50_000 else "few" for own in customers]
    return Facts(lines, segments=pa.table({"customer": customers, "segment": segments}))


@pytest.fixture(scope="module")
def measured(facts):
    return measure(facts, as_of=AS_OF)


def test_large_segments_have_a_contest_with_the_naive_rule_and_the_model_of_all(measured):
    told = {one["segment"]: one for one in measured.run.model["segments"]}
    assert set(told) == {"shop", "person"}
    for one in told.values():
        assert {"naive", "all", SHARED, "mbg-nbd", "pareto-nbd"} <= set(one["models"])
        assert one["customers"] > LEAST_IN_SEGMENT


def test_a_segment_that_buys_otherwise_is_foretold_by_its_own_model(measured, facts):
    plain = measure(Facts(facts.lines), as_of=AS_OF)
    told = {one["segment"]: one for one in measured.run.model["segments"]}
    assert not told["person"]["is_of_all"]
    scores = {name: own["log_score"] for name, own in told["person"]["models"].items()}
    assert max(own for name, own in scores.items() if own is not None) > scores["all"]
    mine, theirs = (np.array(found.customers["expected_purchases"]) for found in (measured, plain))
    ids = np.array(measured.customers["customer"])
    assert (
        mine[(ids >= 10_000) & (ids < 50_000)] != theirs[(ids >= 10_000) & (ids < 50_000)]
    ).all()
    # Nobody is lost on the way, and who has no segment of its own keeps the model of all.
    assert np.isfinite(mine).all()
    assert mine[ids >= 50_000] == pytest.approx(theirs[ids >= 50_000])
    assert measured.run.model["parameters"] == plain.run.model["parameters"]
    assert plain.run.model["segments"] == []


def test_a_model_that_segments_share_tells_them_apart_where_they_differ():
    rng = np.random.default_rng(4)
    segment = np.repeat(np.array([0, 1], dtype=np.int32), 1500)
    rate = rng.gamma(0.8, 1 / 6.0, 3000) * np.where(segment == 1, 2.0, 1.0)
    T = rng.uniform(40, 100, 3000)
    x = rng.poisson(rate * T).astype(float)
    t_x = np.where(x > 0, T * rng.beta(np.maximum(x, 1), 1.0), 0.0)
    shared = with_segments(segment, [0, 1], x, t_x, T)
    assert shared.model.names == ("1",)
    slow, quick = (fit_of(shared, {"1": own}) for own in (0.0, 1.0))
    assert slow.model.alpha / quick.model.alpha == pytest.approx(2.0, rel=0.15)
    assert slow.model.parameters == pytest.approx(dict(shared.model.base))
    for name in ("r", "alpha", "a", "b"):
        known = shared.diagnostics.standard_errors[name]
        assert slow.diagnostics.standard_errors[name] == pytest.approx(known)
    assert with_segments(segment[:1500], [0], x[:1500], t_x[:1500], T[:1500]) is None


def test_the_total_of_segments_lies_within_its_interval(measured):
    totals = measured.run.totals
    assert totals["continuation_low"] < totals["continuation_value"] < totals["continuation_high"]


def test_a_named_model_is_used_for_all_segments(facts):
    found = measure(facts, Settings(model="mbg-nbd"), as_of=AS_OF)
    assert found.run.model["segments"] == []


def test_among_many_customers_a_part_chooses_and_all_are_reported_on(facts, measured, monkeypatch):
    monkeypatch.setattr("kezhi.value.choosing.MOST_JUDGED", 700)
    found = measure(facts, as_of=AS_OF)
    told, whole = found.run.as_json(), measured.run.as_json()
    assert told["evaluation"]["customers"] == 700 < whole["evaluation"]["customers"]
    assert told["report"]["actual"] == whole["report"]["actual"] > 0
    for name, own in told["evaluation"]["models"].items():
        if own["log_score"] is not None:
            all_of_them = whole["evaluation"]["models"][name]["log_score"]
            assert own["log_score"] == pytest.approx(all_of_them, rel=0.15)
    shuffled = facts.lines.take(np.random.default_rng(1).permutation(facts.lines.num_rows))
    again = measure(Facts(shuffled, segments=facts.segments), as_of=AS_OF)
    assert again.run.as_json()["evaluation"] == told["evaluation"]


def test_segments_without_their_columns_are_refused(facts):
    with pytest.raises(Unreadable, match="segment"):
        measure(Facts(facts.lines, segments=pa.table({"customer": [1]})), as_of=AS_OF)
