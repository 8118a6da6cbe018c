"""CDNOW as a stranger would measure it: one file, three commands."""

import json

import pytest
from click.testing import CliRunner

from kezhi.cli.value import value


@pytest.fixture
def run(cdnow_csv):
    def call(*command, **options):
        words = [*command, str(cdnow_csv), "--customer", "customer", "--date", "day", "--json"]
        for name, said in {"amount": "amount", "unit": "week", **options}.items():
            words += [f"--{name}", said]
        done = CliRunner().invoke(value, words)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return call


def test_the_published_parameters(run):
    buying = run("fit", "bg-nbd", until="1997-09-30")
    assert buying["parameters"] == pytest.approx(
        {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}, rel=3e-4
    )
    assert buying["log_likelihood"] == pytest.approx(-9582.429, abs=1e-3)
    spending = run("fit", "gamma-gamma", until="1997-09-30")
    assert spending["parameters"] == pytest.approx(
        {"p": 6.249, "q": 3.745, "gamma": 15.448}, rel=1e-3
    )


def test_the_hold_out_of_39_weeks(run):
    found = run("evaluate", holdout="39w")
    assert found["chosen"] == "mbg-nbd"
    assert {figures["actual"] for figures in found["models"].values()} == {1882}


def test_every_customer_gets_a_score(run):
    rows = run("score")
    assert len(rows) == 2357
    assert {row["tier"] for row in rows} == set("SABCD")
    assert all(row["potential_low"] <= row["potential_value"] for row in rows)
