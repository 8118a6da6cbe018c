"""An import whose worker is killed again and again happens once; `./kezhi bench import_killed` at full size."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from trading import trading_company

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.mark.slow
def test_an_import_killed_twice_happens_once_and_is_undone_completely(django_db_setup, tmp_path):
    with trading_company("killed_import", tmp_path) as (_connection, environment):
        done = subprocess.run(
            [sys.executable, "import_killed.py", "--rows", "2000", "--kills", "2",
             "--database", environment["DATABASE_URL"], "--data", tmp_path],
            cwd=BENCH,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["holds"], report
    assert (report["kills"], report["customers"], report["bad"]) == (2, 2000, 5)
