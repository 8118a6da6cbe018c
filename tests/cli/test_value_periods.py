"""`kezhi value periods`, `contracts` and `season`, as people call them."""

import json
from datetime import date

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from kezhi.cli.value import value
from kezhi.value.datasets.simulated import simulate
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.potential.mbg_nbd import MBGNBD


def run(*words):
    return CliRunner().invoke(value, [str(word) for word in words])


@pytest.fixture
def donations(tmp_path):
    lines = ["donor,day"]
    for donor in range(60):
        lines += [f"d{donor:02},{2015 + step}-03-0{1 + donor % 9}" for step in range(1 + donor % 7)]
    lines.append("late,2021-05-01")
    path = tmp_path / "donations.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_periods_tells_who_is_still_a_donor(donations):
    done = run(
        "periods", donations, "--customer", "donor", "--date", "day", "--every", "year",
        "--until", "2021-12-31", "--ahead", 5, "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    found = {row["customer"]: row for row in json.loads(done.stdout)}
    assert len(found) == 61
    assert found["d06"]["repeats"] == found["d06"]["last_period"] == found["d06"]["periods"] == 6
    assert found["d06"]["p_alive"] > found["d02"]["p_alive"] > found["d00"]["p_alive"]
    assert found["late"]["periods"] == 0
    assert found["d06"]["dert"] > found["d06"]["expected_purchases"] > 0
    assert "bg-bb" in done.stderr
    assert "weak_penalty" in done.stderr


def test_periods_says_why_it_cannot(tmp_path):
    path = tmp_path / "once.csv"
    path.write_text("c,d\na,2020-01-05\nb,2020-02-07\n")
    done = run("periods", path, "--customer", "c", "--date", "d", "--until", "2020-12-31")
    assert done.exit_code == 1
    assert "bought again" in done.stderr


def cohorts(folder, text):
    path = folder / "contracts.csv"
    path.write_text(text)
    return path


REGULAR = (1000, 631, 468, 382, 326, 289, 262, 241)


def test_contracts_gives_retention_and_the_rest_of_the_life(tmp_path):
    rows = "".join(f"{k},{own}\n" for k, own in enumerate(REGULAR))
    path = cohorts(tmp_path, "renewal,count\n" + rows)
    done = run("contracts", path, "--price", 120, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert len(found) == 12
    assert found[0]["retention"] == pytest.approx(0.6267, abs=1e-4)
    assert found[0]["actual_retention"] == pytest.approx(0.631)
    assert found[11]["actual_retention"] is None
    assert found[4]["derl"] == pytest.approx(5.894, abs=2e-3)
    assert found[4]["residual_value"] == pytest.approx(120 * found[4]["derl"])
    assert "alpha 0.7041 ± 0.0656" in done.stderr


def test_contracts_of_several_cohorts_and_the_other_model(tmp_path):
    text = "signed,renewal,count\n" + "".join(
        f"{year},{k},{own}\n"
        for year, length in ((2019, 8), (2021, 5))
        for k, own in enumerate(REGULAR[:length])
    )
    done = run("contracts", cohorts(tmp_path, text), "--cohort", "signed", "--model", "bdw")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0].count(",") == 4
    assert len(done.stdout.splitlines()) == 13
    assert "bdw of 2000 customers" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("renewal,count\n0,10\n2,8\n", "without a gap"),
        ("renewal,count\n0,10\n0,8\n", "there twice"),
        ("renewal,count\n0,10\n1,12\n", "can't grow"),
        ("renewal,count\n0,10\n1,8\n", "it takes 2"),
        ("renewal,count\n", "no cohort"),
    ],
)
def test_contracts_that_make_no_sense_are_refused(tmp_path, text, said):
    done = run("contracts", cohorts(tmp_path, text))
    assert done.exit_code == 1
    assert said in done.stderr


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    path = tmp_path_factory.mktemp("orders") / "orders.parquet"
    bought = simulate(
        MBGNBD(0.7, 8.0, 0.4, 3.0), GammaGamma(6.25, 3.74, 15.44), customers=300,
        first=date(2021, 1, 1), joining_days=500, until=date(2024, 6, 30),
        rng=np.random.default_rng(9),
    )  # fmt: skip
    pq.write_table(bought.table(), path)
    return path


NAMED = ("--customer", "customer", "--date", "day", "--amount", "amount")


@pytest.mark.parametrize(("by", "parts"), [("month", 12), ("week", 52)])
def test_season_gives_an_index_for_each_part_of_the_year(orders, by, parts):
    done = run("season", orders, *NAMED, "--by", by, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [row[by] for row in found] == list(range(1, parts + 1))
    assert all(0.4 < row["index"] < 1.8 and row["years"] == 3 for row in found)


def test_a_score_by_season_and_a_history_too_short_for_one(orders):
    whole = run("score", orders, *NAMED, "--season", "month", "--json")
    assert whole.exit_code == 0, whole.output
    assert "season_unknown" not in whole.stderr
    short = run("score", orders, *NAMED, "--season", "week", "--until", "2022-06-30", "--json")
    assert "season_unknown" in short.stderr
    refused = run("season", orders, *NAMED, "--until", "2022-06-30")
    assert refused.exit_code == 1
    assert "it takes 2" in refused.stderr
