import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from kezhi.value.datasets.simulated import simulate
from kezhi.value.measure import COLUMNS, STAGES, Facts, Previous, RunFacts, Settings, measure
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.reading import Unreadable

AS_OF = date(2025, 6, 30)
PARTS = ("tiers", "matrix", "tree", "totals")


def company(customers=600, seed=1, until=AS_OF) -> pa.Table:
    bought = simulate(
        MBGNBD(1.1, 8.0, 0.6, 3.0),
        GammaGamma(6.25, 3.74, 15.44),
        customers=customers,
        first=date(2022, 7, 1),
        joining_days=900,
        until=until,
        rng=np.random.default_rng(seed),
    )
    table = bought.table()
    cost = np.round(bought.amount * 0.6, 2)
    return table.append_column("cost", pa.array(cost, mask=bought.customer % 10 == 0))


def lines_of(*rows, **other):
    customer, day, amount = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "customer": pa.array(customer, pa.int64()),
            "day": pa.array(day, pa.date32()),
            "amount": pa.array(amount, pa.float64()),
            **other,
        }
    )


def one_row(found, customer):
    return next(row for row in found.customers.to_pylist() if row["customer"] == customer)


def no_nan(entry):
    if isinstance(entry, dict):
        return all(no_nan(one) for one in entry.values())
    if isinstance(entry, list):
        return all(no_nan(one) for one in entry)
    return not (isinstance(entry, float) and np.isnan(entry))


@pytest.fixture(scope="module")
def lines():
    return company()


@pytest.fixture(scope="module")
def found(lines):
    return measure(Facts(lines), as_of=AS_OF)


def test_the_columns_are_those_promised(found):
    assert tuple(found.customers.column_names) == tuple(COLUMNS)
    kinds = {"double": "float64", "bool": "bool", "date32[day]": "date32"}
    for name, promised in COLUMNS.items():
        kind = str(found.customers.schema.field(name).type)
        if promised.startswith("fixed_size_list"):
            assert kind.startswith("fixed_size_list")
        else:
            assert kinds.get(kind, kind) == promised, name


def test_every_buyer_has_every_figure(found):
    table = found.customers
    for name in (
        "p_alive",
        "p_purchase_12m",
        "expected_purchases",
        "expected_spend",
        "continuation_value",
        "current_value",
        "potential_value",
        "value_at_risk",
        "score",
        "tier",
        "loyalty",
        "lifecycle",
        "quadrant",
        "mean_low",
        "outcome_high",
    ):
        assert table.column(name).null_count == 0, name
    assert table.column("growth_value").null_count == table.num_rows  # not measured, never 0


def test_figures_agree_with_each_other(found):
    for row in found.customers.to_pylist():
        assert row["current_value"] == pytest.approx(
            row["contribution_12m"] + row["continuation_value"]
        )
        assert row["mean_low"] <= row["continuation_value"] <= row["mean_high"]
        assert 0 <= row["p_purchase_12m"] <= row["p_alive"] <= 1
        assert 0 <= row["score"] <= 100
        assert row["realised_value"] == pytest.approx(row["total"] - row["cost_of_goods"])
        if row["expected_next_on"] is not None:
            assert row["expected_next_on"] > AS_OF
    assert found.run.totals["continuation_value"] == pytest.approx(
        sum(found.customers.column("continuation_value").to_pylist())
    )


def test_the_run_tells_of_itself_in_json(found):
    plain = json.loads(json.dumps(found.run.as_json(), allow_nan=False))
    assert set(plain) == set(RunFacts.__slots__)
    assert plain["model"]["chosen"] in ("mbg-nbd", "bg-nbd")
    assert plain["model"]["diagnostics"]["converged"] is True
    assert plain["evaluation"]["chosen_because"] == "log_score"
    assert plain["report"]["actual"] > 0
    assert len(plain["calibration"]) == 10
    assert sum(bar["actual"] for bar in plain["frequencies"]) == plain["summary"]["buyers"]
    assert sum(bar["expected"] for bar in plain["frequencies"]) == pytest.approx(
        plain["summary"]["buyers"]
    )
    last = plain["tracking"][-1]
    assert last["until"] == "2025-06-30"
    assert last["actual"] == plain["summary"]["occasions"] - plain["summary"]["buyers"]
    assert last["expected"] == pytest.approx(last["actual"], rel=0.1)
    assert plain["cohorts"][0]["retention"][0] == 1.0
    assert sum(plain["tiers"]["customers"].values()) == plain["summary"]["buyers"]
    assert [one["key"] for one in plain["warnings"]] == ["margin_estimated"]


def test_the_true_parameters_are_found_again():
    found = measure(Facts(company(20_000, seed=3)), Settings(model="mbg-nbd"), as_of=AS_OF)
    for name, truth in {"r": 1.1, "alpha": 8.0, "a": 0.6, "b": 3.0}.items():
        error = found.run.model["standard_errors"][name]
        # Purchases on one day are merged: a little fewer, a little later than simulated.
        assert found.run.model["parameters"][name] == pytest.approx(truth, abs=6 * error)


def test_the_same_facts_give_the_same_numbers(lines, found):
    shuffled = lines.take(np.random.default_rng(1).permutation(lines.num_rows))
    again = measure(Facts(shuffled), as_of=AS_OF)
    for name in ("score", "outcome_high", "continuation_value", "total"):
        assert again.customers.column(name).to_pylist() == pytest.approx(
            found.customers.column(name).to_pylist(), rel=1e-9
        )
    assert again.customers.column("tier").equals(found.customers.column("tier"))


def test_later_facts_are_left_out(lines):
    early = measure(Facts(lines), as_of=date(2025, 3, 31))
    cut = measure(Facts(company(until=date(2025, 3, 31))), as_of=date(2025, 3, 31))
    assert early.run.summary["later_lines"] > 0
    assert "later_lines" in [one["key"] for one in early.run.warnings]
    assert max(early.customers.column("last_on").to_pylist()) <= date(2025, 3, 31)
    assert cut.run.summary["later_lines"] == 0


def test_tiers_hold_and_the_tree_stays_from_run_to_run(lines, found):
    held = Previous(found.customers.select(["customer", "tier", "tier_pending"]), found.tree)
    later = measure(Facts(lines), as_of=AS_OF + timedelta(days=14), previous=held)
    assert later.tree == found.tree
    moved = [
        (one, other)
        for one, other in zip(
            found.customers.column("tier").to_pylist(),
            later.customers.column("tier").to_pylist(),
            strict=True,
        )
        if one != other
    ]
    fresh = measure(Facts(lines), as_of=AS_OF + timedelta(days=14))
    would_move = sum(
        one != other
        for one, other in zip(
            found.customers.column("tier").to_pylist(),
            fresh.customers.column("tier").to_pylist(),
            strict=True,
        )
    )
    assert len(moved) < would_move
    assert later.customers.column("tier_pending").null_count < later.customers.num_rows


def test_a_changed_tree_is_published_anew(lines, found):
    branches = found.tree.tree.branches
    changed = replace(found.tree.tree, branches=(replace(branches[0], weight=0.9), *branches[1:]))
    later = measure(
        Facts(lines), Settings(tree=changed), as_of=AS_OF, previous=Previous(tree=found.tree)
    )
    assert later.tree.version == found.tree.version + 1


def test_further_measures_enter_the_tree(lines, found):
    everybody = found.customers.column("customer")
    grade = pa.table({"customer": everybody, "satisfaction": np.linspace(1, 10, len(everybody))})
    more = measure(Facts(lines, measures=grade), as_of=AS_OF, previous=Previous(tree=found.tree))
    assert more.tree.version == 2
    place = more.tree.tree.leaf_names.index("satisfaction")
    assert np.isfinite(more.customers.column("leaves")[0].as_py()[place])
    assert np.isnan(found.customers.column("leaves")[0].as_py()[place])


def test_costs_to_serve_lower_what_is_and_what_will_be(lines, found):
    costs = pa.table(
        {
            "customer": pa.array([1, 1], pa.int64()),
            "day": [date(2025, 6, 1), date(2023, 1, 1)],
            "amount": [40.0, 10.0],
            "kind": ["service", "visit"],
        }
    )
    served = measure(Facts(lines, costs=costs), as_of=AS_OF)
    before, after = one_row(found, 1), one_row(served, 1)
    assert after["cost_to_serve"] == 50.0
    assert after["realised_value"] == pytest.approx(before["realised_value"] - 50)
    assert after["contribution_12m"] == pytest.approx(before["contribution_12m"] - 40)
    assert after["continuation_value"] < before["continuation_value"]


def test_who_never_bought_is_there_without_value():
    everybody = pa.array([1, 7, 9], pa.int64())
    costs = pa.table({"customer": [9], "day": [date(2025, 1, 1)], "amount": [30.0], "kind": ["v"]})
    found = measure(
        Facts(lines_of((1, date(2025, 1, 1), 10.0)), costs=costs, customers=everybody), as_of=AS_OF
    )
    prospect = one_row(found, 7)
    assert prospect["loyalty"] == "potential"
    assert prospect["lifecycle"] == "exploration"
    assert prospect["first_on"] is prospect["p_alive"] is prospect["score"] is None
    assert prospect["tier"] is prospect["continuation_value"] is prospect["current_value"] is None
    assert one_row(found, 9)["realised_value"] == -30.0


def test_money_back_is_value_but_no_purchase():
    found = measure(
        Facts(
            lines_of(
                (1, date(2025, 1, 1), 100.0),
                (1, date(2025, 2, 1), 100.0),
                (1, date(2025, 2, 9), -50.0),
                (2, date(2025, 2, 1), -20.0),
            )
        ),
        as_of=AS_OF,
    )
    row = one_row(found, 1)
    assert (row["occasions"], row["total"], row["returns"]) == (2, 150.0, 50.0)
    assert row["return_rate"] == pytest.approx(0.25)
    assert one_row(found, 2)["occasions"] == 0


@pytest.mark.parametrize("customers", [0, 1, 2, 30])
def test_small_companies_get_honest_answers(customers):
    lines = company(max(customers, 1), seed=5)
    if not customers:
        lines = lines.slice(0, 0)
    found = measure(Facts(lines), as_of=AS_OF)
    assert found.customers.num_rows == customers
    assert no_nan(json.loads(json.dumps(found.run.as_json())))
    keys = [one["key"] for one in found.run.warnings]
    if customers < 30:
        assert ("few_customers" in keys) or ("no_buyers" in keys)
    for name in ("continuation_value", "outcome_high", "mean_high"):
        assert found.customers.column(name).null_count == 0, name


def test_a_company_of_single_purchases_has_no_rhythm_to_foretell():
    rows = [(k, date(2025, 1, 1) + timedelta(days=k), 20.0 + k) for k in range(40)]
    found = measure(Facts(lines_of(*rows)), as_of=AS_OF)
    warnings = {one["key"]: one["detail"] for one in found.run.warnings}
    assert "no_model" in warnings
    assert found.run.model["chosen"] == "naive"
    row = one_row(found, 3)
    assert row["p_alive"] is None
    assert row["expected_purchases"] == 0
    assert row["lifecycle"] == "exploration"


def test_a_customer_with_ten_thousand_purchases_and_one_of_today():
    start = date(2022, 7, 4)
    every_day = [(5000, start + timedelta(days=k), 3.0) for k in range(1092)]
    found = measure(
        Facts(
            pa.concat_tables(
                [company(200).select(range(3)), lines_of(*every_day, (6000, AS_OF, 9.0))]
            )
        ),
        Settings(unit="day"),
        as_of=AS_OF,
    )
    busy, fresh = one_row(found, 5000), one_row(found, 6000)
    assert busy["repeats"] == 1091
    assert busy["expected_purchases"] > 100
    assert fresh["age"] == 0
    assert fresh["expected_purchases"] > 0


@pytest.mark.parametrize("model", ["naive", "bg-nbd"])
def test_the_model_can_be_named(lines, model):
    found = measure(Facts(lines), Settings(model=model), as_of=AS_OF)
    assert found.run.model["chosen"] == model
    assert found.run.model["for_p_alive"] in ("bg-nbd", "mbg-nbd")
    assert found.customers.column("p_alive").null_count == 0


@pytest.mark.parametrize("model", ["pareto-nbd", "ggom-nbd", "nbd", "mbg-cnbd-k"])
def test_every_model_gives_value_with_both_intervals(lines, model):
    found = measure(Facts(lines), Settings(model=model), as_of=AS_OF)
    assert found.run.model["chosen"] == found.run.model["for_p_alive"] == model
    assert found.run.model["rhythm"] >= 1
    columns = {
        name: found.customers.column(name).to_numpy()
        for name in (
            "p_alive",
            "p_purchase_12m",
            "continuation_value",
            "mean_low",
            "mean_high",
            "outcome_low",
            "outcome_high",
        )
    }
    for own in columns.values():
        assert np.isfinite(own).all()
    assert (columns["mean_low"] < columns["continuation_value"]).all()
    assert (columns["continuation_value"] < columns["mean_high"]).all()
    assert (columns["outcome_low"] <= columns["outcome_high"]).all()
    assert (columns["p_purchase_12m"] <= columns["p_alive"] + 1e-12).all()
    assert sum(own["expected"] for own in found.run.frequencies) == pytest.approx(
        found.run.summary["buyers"]
    )


@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_the_unit_hardly_changes_the_value(lines, found, unit):
    other = measure(Facts(lines), Settings(unit=unit, model="mbg-nbd"), as_of=AS_OF)
    assert other.run.totals["continuation_value"] == pytest.approx(
        found.run.totals["continuation_value"], rel=0.01
    )


def test_progress_is_told_in_order(lines):
    told = []
    measure(Facts(lines), as_of=AS_OF, progress=lambda stage, done: told.append((stage, done)))
    assert tuple(stage for stage, _ in told) == STAGES
    assert [done for _, done in told] == sorted(done for _, done in told)


def test_settings_go_through_json():
    settings = Settings(unit="month", margin_rate=0.4)
    assert Settings.from_json(json.loads(json.dumps(settings.as_json()))) == settings
    assert Settings.from_json({"annual_rate": 0}).annual_rate == 0.0


@pytest.mark.parametrize(
    "wrong",
    [{"unit": "year"}, {"model": "best"}, {"horizon_months": 0}, {"annual_rate": -1.0}],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError):
        Settings.from_json(wrong)


def test_tables_that_are_not_as_promised_are_refused():
    with pytest.raises(Unreadable, match="lines: there is no column 'amount'"):
        measure(Facts(pa.table({"customer": [1], "day": [AS_OF]})), as_of=AS_OF)
    with pytest.raises(Unreadable, match="row 2, column 'amount'"):
        measure(
            Facts(pa.table({"customer": [1, 2], "day": [AS_OF, AS_OF], "amount": [1.0, None]})),
            as_of=AS_OF,
        )


def test_customers_counted_twice_double_every_sum(lines):
    """Two companies alike in one: each customer is worth the same, and the totals are twice as large."""
    other = lines.set_column(0, "customer", pa.compute.add(lines["customer"], 100_000))
    one = measure(Facts(lines), as_of=AS_OF)
    two = measure(Facts(pa.concat_tables([lines, other])), as_of=AS_OF)
    assert two.run.model["chosen"] == one.run.model["chosen"]
    shared = ("continuation_low", "continuation_high")  # what isn't known of parameters is shared
    for name, total in one.run.totals.items():
        if name not in shared:
            assert two.run.totals[name] == pytest.approx(2 * total, rel=1e-5), name
    assert two.run.totals["continuation_low"] > 2 * one.run.totals["continuation_low"]
    for name in ("customers", "buyers", "repeat_customers", "occasions", "lines"):
        assert two.run.summary[name] == 2 * one.run.summary[name], name
    n = one.customers.num_rows
    for copy in (two.customers.slice(0, n), two.customers.slice(n)):
        for name, kind in COLUMNS.items():
            if kind != "float64" or name.startswith(("mean_", "outcome_")):
                continue
            mine, yours = (
                np.asarray(found[name].to_numpy(), dtype=float) for found in (one.customers, copy)
            )
            scale = np.nanmax(np.abs(mine), initial=0.0)
            assert yours == pytest.approx(mine, rel=1e-4, abs=1e-5 * scale, nan_ok=True), name
    cells = (found.run.matrix["quadrants"] for found in (one, two))
    for (name, mine), yours in zip(next(cells).items(), next(cells).values(), strict=True):
        assert yours["customers"] == pytest.approx(2 * mine["customers"], abs=2), name


def test_the_order_of_lines_changes_nothing(lines):
    mixed = lines.take(np.random.default_rng(3).permutation(lines.num_rows))
    one, other = (measure(Facts(given), as_of=AS_OF) for given in (lines, mixed))
    for name, kind in COLUMNS.items():
        mine, yours = (found.customers[name].to_pylist() for found in (one, other))
        if kind == "float64" and name not in ("total", "returns", "recency", "age"):
            # Sums of parts of the history are of floats: they differ in the last digit.
            mine, yours = (np.array(own, dtype=float) for own in (mine, yours))
            assert yours == pytest.approx(mine, rel=1e-9, abs=1e-9, nan_ok=True), name
        elif name != "leaves":
            assert mine == yours, name
    assert other.run.totals == pytest.approx(one.run.totals, rel=1e-9)
    assert other.run.model["parameters"] == one.run.model["parameters"]
