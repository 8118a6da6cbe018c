"""`kezhi value run` from outside: what it prints, what it leaves, how it ends."""

import json
import subprocess
import sys

import pytest

from trading import trading_company

RUN = [sys.executable, "-m", "kezhi.cli", "--lang", "en", "value", "run"]


@pytest.fixture(scope="module")
def company(django_db_setup, tmp_path_factory):
    with trading_company("value_run", tmp_path_factory.mktemp("data")) as found:
        yield found


def call(company, *arguments):
    return subprocess.run(
        [*RUN, *arguments], env=company[1], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_a_run_is_told_as_json_and_published(company):
    connection, _environment = company
    done = call(company, "--as-of", "2026-11-20", "--backfill", "2", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["as_of"], told["customers"], told["backfilled"]) == ("2026-11-20", 60, 2)
    assert sum(told["tiers"].values()) == 57
    standing = connection.execute(
        "SELECT sum(potential_value), count(run_id) FROM customers_standing"
    ).fetchone()
    assert float(standing[0]) == pytest.approx(told["totals"]["potential_value"], abs=1)
    assert standing[1] == 60


@pytest.mark.slow
def test_a_day_to_come_is_refused_in_one_sentence(company):
    done = call(company, "--as-of", "2999-01-01")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["Kezhi: A run can't look at a day to come."]
    assert done.stdout == ""


@pytest.mark.slow
def test_an_engine_that_is_none_is_refused_in_one_sentence(company):
    done = call(company, "--engine", "dask://10.0.0.7:8786")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Kezhi: KEZHI_ENGINE is dask://10.0.0.7:8786, which names no engine: write local, or "
        "spark://HOST:PORT."
    ]
