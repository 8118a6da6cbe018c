"""A worker that is lost while a run is under way."""

import threading
import time

import pytest

from clusters import AS_OF, a_company, alike
from kezhi.value.compute.cluster import SparkEngine
from kezhi.value.measure import COLUMNS, measure

pytestmark = pytest.mark.slow


def test_a_worker_that_is_killed_in_the_middle_changes_nothing(cluster, engine):
    """The killed one had finished partitions and was at work on another."""

    def kill_when_at_work():
        until = time.monotonic() + 60
        while time.monotonic() < until and not stopped.is_set():
            if any(shared.glob("value-run-*/figures-1/_temporary/*/task_*")):
                cluster.kill_worker()
                killed.set()
                return
            stopped.wait(0.005)

    facts, shared = a_company(), cluster.shared / "apart"
    shared.mkdir()
    here = measure(facts, as_of=AS_OF)
    killed, stopped = threading.Event(), threading.Event()
    with SparkEngine(cluster.master, shared, at_least=20) as engine:
        watching = threading.Thread(target=kill_when_at_work)
        watching.start()
        try:
            found = measure(facts, as_of=AS_OF, engine=engine)
        finally:
            stopped.set()
            watching.join()
            cluster.add_worker()
    assert killed.is_set()
    assert list(shared.iterdir()) == []  # nothing is left behind
    for column in COLUMNS:
        alike(found.customers[column].to_pylist(), here.customers[column].to_pylist(), column)
