"""SIGKILL for web, worker and database while people write; `./kezhi bench faults` at full size."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.mark.slow
def test_nothing_that_was_acknowledged_is_lost_or_done_twice():
    done = subprocess.run(
        [sys.executable, "faults.py", "--kills", "1", "--services", "1", "--clients", "3",
         "--jobs", "20", "--seed", "20261122"],
        cwd=BENCH,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["kills"] == {"web": 1, "worker": 1, "database": 1, "cut": 1}
    assert report["acknowledged"] > 0
    assert (report["lost"], report["twice_or_half"], report["jobs_without_effect"]) == (0, 0, 0)
