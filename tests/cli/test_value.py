"""`kezhi value` as people call it."""

import csv
import json
from datetime import date

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from kezhi.cli.value import value
from kezhi.value.datasets.simulated import simulate
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.gamma_gamma import GammaGamma

SUMMARY = [
    "customer",
    "first_on",
    "last_on",
    "occasions",
    "repeats",
    "recency",
    "age",
    "mean_spend",
    "total",
]
SCORES = [
    "p_alive",
    "p_purchase_12m",
    "expected_purchases",
    "expected_spend",
    "potential_value",
    "potential_low",
    "potential_high",
    "realised_value",
    "score",
    "tier",
    "dert",
    "value_without_end",
]


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    path = tmp_path_factory.mktemp("orders") / "orders.parquet"
    bought = simulate(
        BGNBD(0.5, 4.0, 0.8, 2.5),
        GammaGamma(6.25, 3.74, 15.44),
        customers=500,
        first=date(2024, 1, 1),
        joining_days=200,
        until=date(2025, 6, 30),
        rng=np.random.default_rng(9),
    )
    pq.write_table(bought.table(), path)
    return path


def run(*words):
    return CliRunner().invoke(value, [str(word) for word in words])


def of(path, *words):
    named = ("--customer", "customer", "--date", "day", "--amount", "amount")
    return (path, *named, *words)


def test_summary_as_csv_parquet_and_json(orders, tmp_path):
    text, table = tmp_path / "s.csv", tmp_path / "s.parquet"
    assert run("summary", *of(orders, "-o", text)).exit_code == 0
    assert run("summary", *of(orders, "-o", table)).exit_code == 0
    rows = list(csv.DictReader(text.open()))
    assert list(rows[0]) == SUMMARY
    found = pq.read_table(table)
    assert found.column_names == SUMMARY
    assert found.num_rows == len(rows) == 500
    printed = json.loads(run("summary", *of(orders, "--json")).stdout)
    assert printed[0]["first_on"] == rows[0]["first_on"]
    assert printed[0]["total"] == pytest.approx(float(rows[0]["total"]))
    shown = run("summary", *of(orders)).stdout.splitlines()
    assert len(shown) == 501


def test_a_week_is_seven_days(orders):
    weeks = json.loads(run("summary", *of(orders, "--unit", "week", "--json")).stdout)
    days = json.loads(run("summary", *of(orders, "--unit", "day", "--json")).stdout)
    assert [row["age"] * 7 for row in weeks] == pytest.approx([row["age"] for row in days])


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("bg-nbd", ["r", "alpha", "a", "b"]),
        ("mbg-nbd", ["r", "alpha", "a", "b"]),
        ("pareto-nbd", ["r", "alpha", "s", "beta"]),
        ("nbd", ["r", "alpha"]),
        ("gamma-gamma", ["p", "q", "gamma"]),
    ],
)
def test_fit(orders, model, names):
    done = run("fit", model, *of(orders, "--unit", "week", "--json"))
    found = json.loads(done.stdout)
    assert found["model"] == model
    assert list(found["parameters"]) == list(found["standard_errors"]) == names
    assert found["converged"] is True
    assert found["unit"] == "week"
    assert found["log_likelihood"] < 0
    assert found["customers"] > 0
    assert found["warnings"] == []
    assert f"model: {model}" in run("fit", model, *of(orders)).stdout


def test_fit_tells_the_rhythm_and_the_limit_of_a_model(orders):
    regular = json.loads(run("fit", "mbg-cnbd-k", *of(orders, "--json")).stdout)
    assert list(regular["parameters"]) == ["k", "r", "alpha", "a", "b"]
    assert regular["parameters"]["k"] >= 1
    assert list(regular["standard_errors"]) == ["r", "alpha", "a", "b"]
    ageing = json.loads(run("fit", "ggom-nbd", *of(orders, "--json")).stdout)
    assert list(ageing["parameters"]) == ["r", "alpha", "b", "s", "beta"]
    assert ageing["converged"] is True
    assert set(ageing["warnings"]) <= {"pareto_limit"}


def test_score(orders, tmp_path):
    out = tmp_path / "scores.parquet"
    done = run(
        "score",
        *of(orders, "--horizon", "36m", "--annual-rate", "0.1", "--margin", "0.3", "-o", out),
    )
    assert done.exit_code == 0, done.output
    found = pq.read_table(out)
    assert found.column_names == [*SUMMARY, *SCORES]
    for row in found.to_pylist():
        assert row["potential_low"] <= row["potential_value"] <= row["potential_high"]
        assert row["realised_value"] == pytest.approx(0.3 * row["total"])
        assert row["tier"] in "SABCD"


def test_a_longer_horizon_is_worth_more(orders):
    def total(*words):
        rows = json.loads(run("score", *of(orders, *words, "--json")).stdout)
        return sum(row["potential_value"] for row in rows)

    year, three = total("--horizon", "12m"), total("--horizon", "3y")
    assert year < three
    assert total("--horizon", "12m", "--margin", "0.6") == pytest.approx(2 * year)
    assert total("--horizon", "12m", "--annual-rate", "0.5") < year


def test_purchases_without_end_are_told_beside_those_of_the_horizon(orders):
    def rows(*words):
        words = ("--model", "pareto-nbd", *words, "--json")
        return json.loads(run("score", *of(orders, *words)).stdout)

    long, short = rows("--horizon", "50y"), rows("--horizon", "12m")
    for far, near in zip(long, short, strict=True):
        assert far["dert"] == near["dert"]
        assert near["potential_value"] <= near["value_without_end"] * 1.02 + 0.01
        # Fifty years are nearly no end; the one discounts continuously, the other by whole weeks.
        assert far["value_without_end"] == pytest.approx(far["potential_value"], rel=0.02)
        brings = far["dert"] * far["expected_spend"] * 0.3
        assert far["value_without_end"] == pytest.approx(brings)
    assert all(
        row["dert"] is row["value_without_end"] is None
        for words in (("--annual-rate", "0"), ("--model", "naive"))
        for row in json.loads(run("score", *of(orders, *words, "--json")).stdout)
    )


def test_all_columns_of_a_score_with_their_units(orders, tmp_path):
    out = tmp_path / "all.parquet"
    done = run("score", *of(orders, "--all", "--unit", "month", "-o", out))
    assert done.exit_code == 0, done.output
    found = pq.read_table(out)
    units = {
        field.name: (field.metadata or {}).get(b"unit", b"").decode() for field in found.schema
    }
    assert {
        "continuation_value", "mean_low", "mean_high", "outcome_low", "outcome_high", "growth_value",
        "quadrant", "loyalty", "lifecycle", "leaf.contribution", "dert",
    } <= set(units)  # fmt: skip
    assert all(units.values()), [name for name, unit in units.items() if not unit]
    assert (units["age"], units["dert"], units["outcome_low"]) == ("month", "purchases", "money")
    assert (
        found["customer"].to_pylist()
        == pq.read_table(orders)["customer"].unique().sort().to_pylist()
    )
    rows = found.to_pylist()
    for row in rows:
        assert row["growth_value"] is None
        assert row["mean_low"] <= row["continuation_value"] <= row["mean_high"]
    wide = {
        name: sum(row[f"{name}_high"] - row[f"{name}_low"] for row in rows)
        for name in ("mean", "outcome")
    }
    assert wide["outcome"] > 2 * wide["mean"]
    told = run("score", *of(orders, "--all", "--units", "--unit", "month")).stdout.splitlines()
    assert told[0] == "column,unit"
    assert list(csv.reader(told[1:])) == [[name, unit] for name, unit in units.items()]


@pytest.mark.parametrize(
    "command", [("summary",), ("score",), ("rfm",), ("matrix",), ("season", "--by", "month")]
)
def test_units_of_the_columns_can_be_asked_for(orders, command):
    path = regular(orders.parent / "regular.csv") if command[0] == "season" else orders
    units = json.loads(run(command[0], *of(path, *command[1:], "--units", "--json")).stdout)
    assert all(units.values()), units


def test_growth_and_segments_come_from_what_is_known_of_customers(tmp_path):
    path, about = regular(tmp_path / "orders.csv"), tmp_path / "about.csv"
    about.write_text(
        "customer,industry,trade\n"
        + "".join(
            f"{k},{'tea' if k % 3 else 'rice'},{'even' if k % 2 else 'odd'}\n" for k in range(300)
        )
    )
    known = ("--about", about, "--by", "industry", "--segment", "trade")
    rows = json.loads(run("score", *of(path, "--all", *known, "--json")).stdout)
    assert {row["segment"] for row in rows} == {"even", "odd"}
    assert sum(row["growth_value"] is not None for row in rows) > 200
    for row in rows:
        assert row["potential_value"] == pytest.approx(
            row["continuation_value"] + (row["growth_value"] or 0.0)
        )
    twice = tmp_path / "twice.csv"
    twice.write_text("customer,trade\n7,even\n7,odd\n")
    refused = run("score", *of(path, "--about", twice, "--segment", "trade"))
    assert refused.exit_code == 1
    assert "7 stands in two segments" in refused.stderr
    assert "--about" in run("score", *of(path, "--by", "industry")).stderr


def test_matrix_tells_cells_and_who_moves_for_a_border(orders):
    rows = json.loads(run("matrix", *of(orders, "--json")).stdout)
    assert len(rows) == 500
    assert list(rows[0]) == [
        "customer", "contribution_12m", "potential_value", "quadrant", "before"
    ]  # fmt: skip
    assert all(row["quadrant"] == row["before"] for row in rows)
    middle = sorted(row["potential_value"] for row in rows)[249]
    for row in rows:
        assert (row["quadrant"] in ("grow", "nurture")) == (row["potential_value"] > middle)
    moved = run("matrix", *of(orders, "--up-at", "90%", "--movers", "--json"))
    movers = json.loads(moved.stdout)
    assert len(movers) == pytest.approx(200, abs=2)
    assert {(row["before"], row["quadrant"]) for row in movers} <= {
        ("grow", "keep"),
        ("nurture", "self_service"),
    }
    assert f"{len(movers)} change the cell" in moved.stderr
    assert "such as 70%" in run("matrix", *of(orders, "--across-at", "much")).stderr
    assert "such as 70%" in run("matrix", *of(orders, "--up-at", "130%")).stderr


def test_matrix_puts_growth_up_where_it_is_measured(tmp_path):
    path, about = regular(tmp_path / "orders.csv"), tmp_path / "about.csv"
    about.write_text(
        "customer,industry\n" + "".join(f"{k},{'tea' if k % 3 else 'rice'}\n" for k in range(300))
    )
    known = ("--about", about, "--by", "industry", "--json")
    row = json.loads(run("matrix", *of(path, *known)).stdout)[0]
    assert list(row)[1:3] == ["current_value", "growth_value"]
    row = json.loads(run("matrix", *of(path, *known, "--up", "potential")).stdout)[0]
    assert list(row)[1:3] == ["current_value", "potential_value"]


def test_rfm_scores_and_segments(orders):
    rows = json.loads(run("rfm", *of(orders, "--json")).stdout)
    assert len(rows) == 500
    for row in rows:
        three = [row[f"{name}_score"] for name in ("recency", "frequency", "monetary")]
        assert row["rfm"] == "".join(map(str, three))
        assert row["combined"] == pytest.approx(100 * (sum(three) - 3) / 12)
        if row["segment"] == "champion":
            assert min(three[:2]) >= 4
    assert {"champion", "hibernating", "at_risk"} <= {row["segment"] for row in rows}
    by_money = json.loads(
        run("rfm", *of(orders, "--bins", "10", "--weights", "0", "0", "1", "--json")).stdout
    )
    assert max(row["monetary_score"] for row in by_money) == 10
    for row in by_money:
        assert row["combined"] == pytest.approx(100 * (row["monetary_score"] - 1) / 9)
        assert row["rfm"].count("-") == 2
    best = max(by_money, key=lambda row: row["total"])
    assert best["combined"] == 100
    assert "one of the three" in run("rfm", *of(orders, "--weights", "0", "0", "0")).stderr


def test_score_without_amounts_counts_purchases_only(orders):
    done = run("score", orders, "--customer", "customer", "--date", "day", "--json")
    row = json.loads(done.stdout)[0]
    assert row["potential_value"] is row["expected_spend"] is None
    assert row["p_alive"] is not None
    assert row["tier"] in "SABCD"


def test_evaluate(orders):
    found = json.loads(run("evaluate", *of(orders, "--holdout", "39w", "--json")).stdout)
    assert {"naive", "bg-nbd", "mbg-nbd", "pareto-nbd", "nbd"} <= set(found["models"])
    assert all(found["failed"].values())
    assert found["chosen"] in found["models"]
    for figures in found["models"].values():
        assert {
            "total",
            "actual",
            "mae",
            "rmse",
            "log_score",
            "spearman",
            "top10_share",
        } <= set(figures)


def regular(path, customers=300, days=1400):
    """Each buys at an own, even pace; most of all in autumn, when time runs twice as fast."""
    rng = np.random.default_rng(4)
    pace = np.where((np.arange(days) % 365) // 91 == 3, 2.0, 2 / 3)
    clock = np.concatenate([[0.0], np.cumsum(pace)])
    rows = []
    for customer in range(customers):
        at, mean = clock[rng.integers(0, 120)], rng.gamma(6.0, 8.0) + 10
        while at < clock[-1]:
            rows.append((customer, int(np.searchsorted(clock, at, side="right")) - 1))
            if rng.random() < 0.02:
                break
            at += rng.gamma(9.0, mean / 9.0)
    first = date(2021, 1, 1).toordinal()
    path.write_text(
        "customer,day,amount\n"
        + "".join(f"{who},{date.fromordinal(first + day)},10\n" for who, day in rows)
    )
    return path


def test_evaluate_judges_the_model_of_rhythm(tmp_path):
    path = regular(tmp_path / "regular.csv")
    found = json.loads(run("evaluate", *of(path, "--holdout", "26w", "--json")).stdout)
    assert found["rhythm"] > 1
    assert "mbg-cnbd-k" not in found["failed"]
    regularly, at_random = (found["models"][name] for name in ("mbg-cnbd-k", "mbg-nbd"))
    assert regularly["log_score"] > at_random["log_score"]
    assert found["chosen"] == "mbg-cnbd-k"


def test_evaluate_counts_by_the_seasons_if_asked(tmp_path):
    path = regular(tmp_path / "regular.csv")
    words = ("--holdout", "13w", "--until", "2024-10-01", "--json")
    by_calendar = json.loads(run("evaluate", *of(path, *words)).stdout)
    by_season = json.loads(run("evaluate", *of(path, *words, "--season", "month")).stdout)
    bias = [abs(found["models"]["mbg-nbd"]["bias"]) for found in (by_calendar, by_season)]
    assert bias[1] < bias[0]
    assert by_season["customers"] == by_calendar["customers"]
    assert "intervals" in by_season["failed"]["mbg-cnbd-k"]


def test_a_fault_names_file_line_and_column(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("customer,day,amount\nA,2025-01-01,1\nB,2025-13-40,2\n")
    done = run("summary", *of(path))
    assert done.exit_code == 1
    assert f"{path}, line 3, column 'day': '2025-13-40' is no date" in done.stderr
    path.write_text('customer,day,amount\nA,2025-01-01,"1,234.50"\n')
    assert f"{path}, line 2, column 'amount'" in run("score", *of(path)).stderr
    wrong = run("fit", "bg-nbd", path, "--customer", "who", "--date", "day")
    assert "no column 'who'; its columns are: customer, day, amount" in wrong.stderr


@pytest.mark.parametrize("rows", [[], ["A,2025-01-01,5"], ["A,2025-01-01,5", "A,2025-02-01,7"]])
def test_empty_one_row_and_one_customer_files(tmp_path, rows):
    path = tmp_path / "few.csv"
    path.write_text("\n".join(["customer,day,amount", *rows]) + "\n")
    for command in ("summary", "score"):
        done = run(command, *of(path, "--json"))
        assert done.exit_code == 0, done.output
        assert len(json.loads(done.stdout)) == min(1, len(rows))
    fitted = run("fit", "bg-nbd", *of(path, "--json"))
    assert fitted.exit_code == (0 if len(rows) > 1 else 1)
    if fitted.exit_code:
        assert "can't be fitted" in fitted.stderr
    evaluated = run("evaluate", *of(path))
    assert evaluated.exit_code == 1
    assert "hold-out" in evaluated.stderr


def test_what_is_misspelt_is_said(orders, tmp_path):
    assert "write it like 90d, 39w" in run("score", *of(orders, "--horizon", "soon")).stderr
    assert "ends in .csv or .parquet" in run("summary", *of(orders, "-o", "out.xlsx")).stderr
    assert (
        "--amount"
        in run("fit", "gamma-gamma", orders, "--customer", "customer", "--date", "day").stderr
    )
    assert "no such file" in run("summary", *of(tmp_path / "none.csv")).stderr
    assert "can't be written" in run("summary", *of(orders, "-o", tmp_path / "no" / "o.csv")).stderr
