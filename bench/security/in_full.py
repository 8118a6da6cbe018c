"""Runs a test of `tests/` in the program's own environment with another number of cases and another seed."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(test: str, cases: int, what: str) -> None:
    parser = argparse.ArgumentParser(description=f"{test} in full")
    parser.add_argument("--cases", type=int, default=cases)
    parser.add_argument("--seed", type=int, default=20261122)
    asked = parser.parse_args()
    began = time.monotonic()
    done = subprocess.run(
        [ROOT / "kezhi", "test", test, "--show-capture=no"],
        cwd=ROOT,
        env=os.environ
        | {"KEZHI_SECURITY_CASES": str(asked.cases), "KEZHI_SECURITY_SEED": str(asked.seed)},
    )
    report = {
        what: asked.cases,
        "seed": asked.seed,
        "seconds": round(time.monotonic() - began),
        "all_held": done.returncode == 0,
    }
    print(json.dumps(report, ensure_ascii=False))
    raise SystemExit(done.returncode)
