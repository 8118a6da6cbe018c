"""A worker is killed in the middle of a value run: the run is done all the same, once."""

import signal
import subprocess
import sys
import time

import pytest

from trading import trading_company

KEZHI = [sys.executable, "-m", "kezhi.cli", "--lang", "en"]


@pytest.fixture
def place(django_db_setup, tmp_path):
    """A company whose first run waits for a worker, in a database of its own."""
    with trading_company(
        "killed_worker", tmp_path, "start_value_run(actor=SYSTEM, on=TODAY, backfill_months=6)"
    ) as found:
        yield found


def ask(connection, question):
    return connection.execute(question).fetchone()[0]


def until(condition, patience=60):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_run_outlives_its_worker(place):
    connection, environment = place
    worker = [*KEZHI, "worker", "--given-up-after", "1"]
    measured = "SELECT count(*) FROM insight_valuerun WHERE state = 'measured'"
    first = subprocess.Popen(worker, env=environment)
    until(lambda: ask(connection, measured) >= 2)
    first.kill()
    first.wait()
    assert ask(connection, "SELECT count(*) FROM insight_valuerun WHERE state = 'published'") == 0
    assert ask(connection, "SELECT count(*) FROM insight_tiermove") == 0
    kept = ask(connection, "SELECT array_agg(id ORDER BY id) FROM insight_valuerun")
    second = subprocess.Popen(worker, env=environment)
    try:
        until(lambda: ask(connection, "SELECT state FROM core_jobrun") == "done")
    finally:
        second.send_signal(signal.SIGTERM)
        assert second.wait(30) == 0
    runs = ask(connection, "SELECT array_agg(id ORDER BY id) FROM insight_valuerun")
    assert set(kept) <= set(runs)
    assert ask(connection, "SELECT count(*) FROM insight_valuerun WHERE state <> 'published'") == 0
    assert len(runs) == 7
    assert ask(connection, "SELECT count(*) FROM insight_snapshot WHERE as_of = '2026-11-20'") == 60
    assert ask(connection, "SELECT count(*) FROM customers_standing WHERE run_id IS NOT NULL") == 60
