"""A worker that is killed loses no job: another does it again."""

import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest

from kezhi.cli.launch.postgres import THROW_AWAY, EmbeddedPostgres

KEZHI = [sys.executable, "-m", "kezhi.cli", "--lang", "en"]
SETTINGS = """
from kezhi.settings import *
PROCRASTINATE_IMPORT_PATHS = ["jobs_for_a_test"]
"""
JOBS = """
import os, time
from pathlib import Path
from procrastinate.contrib.django import app

def note(file, word):
    with Path(file).open("a") as notes:
        notes.write(word + "\\n")

@app.task(name="slow_the_first_time")
def slow_the_first_time(file):
    first = not Path(file).exists()
    note(file, "begun")
    if first:
        time.sleep(600)
    note(file, "done")

@app.task(name="deadly")
def deadly(file):
    note(file, "begun")
    os.kill(os.getpid(), 9)
"""


@pytest.fixture
def place(tmp_path):
    """A migrated database and the environment in which workers know the jobs above."""
    (tmp_path / "settings_for_a_test.py").write_text(SETTINGS)
    (tmp_path / "jobs_for_a_test.py").write_text(JOBS)
    with EmbeddedPostgres(tmp_path / "data", THROW_AWAY) as addresses:
        environment = os.environ | {
            "DATABASE_URL": addresses.application,
            "DATABASE_MIGRATE_URL": addresses.owner,
            "DJANGO_SETTINGS_MODULE": "settings_for_a_test",
            "KEZHI_SECRET_KEY": "only-for-tests",
            "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
        }
        subprocess.run([*KEZHI, "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
        with psycopg.connect(addresses.owner, autocommit=True) as connection:
            yield connection, environment, tmp_path / "notes"


def a_worker(environment):
    return subprocess.Popen([*KEZHI, "worker", "--given-up-after", "1"], env=environment)


def until(condition, patience=40):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def queue(connection, task, notes):
    connection.execute(
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('default', %s, 0, NULL, NULL, "
        "jsonb_build_object('file', %s::text), NULL)]::procrastinate_job_to_defer_v1[])",
        [task, str(notes)],
    )


def words(notes):
    return notes.read_text().split() if notes.exists() else []


def status(connection):
    return connection.execute("SELECT status::text, attempts FROM procrastinate_jobs").fetchall()


def test_a_job_of_a_killed_worker_is_done_by_the_next_one(place):
    connection, environment, notes = place
    queue(connection, "slow_the_first_time", notes)
    first = a_worker(environment)
    until(lambda: words(notes) == ["begun"])
    first.kill()
    first.wait()
    second = a_worker(environment)
    try:
        until(lambda: words(notes) == ["begun", "begun", "done"])
        until(lambda: status(connection) == [])
    finally:
        second.send_signal(signal.SIGTERM)
        assert second.wait(30) == 0


def test_a_job_that_kills_its_worker_each_time_is_given_up(place):
    connection, environment, notes = place
    queue(connection, "deadly", notes)
    for _try in range(3):
        assert a_worker(environment).wait(60) == -signal.SIGKILL
    last = a_worker(environment)
    try:
        until(lambda: status(connection) == [("failed", 3)])
        assert words(notes) == ["begun"] * 3
    finally:
        last.send_signal(signal.SIGTERM)
        assert last.wait(30) == 0
