"""Runs a test of `tests/` in the program's own environment with as many cases as its check asks for, in parts.

Each part is a run of its own, noted in `bench/results/`: what was stopped goes on where it stood, and cases can
be divided between evenings or machines. A case follows from the seed and its number alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "bench" / "results"


def run(test: str, cases: int, what: str, part: int) -> None:
    """Ask for `cases` in parts of `part`; ends with 1 if a part doesn't hold."""
    asked = _asked(test, cases, part)
    noted = RESULTS / f"{Path(test).stem}-{asked.seed}.json"
    done: list[dict[str, Any]] = []
    if noted.exists() and not asked.anew:
        done = json.loads(noted.read_text())
    end = asked.first + asked.cases
    for first, many in _open(asked.first, end, asked.part, done):
        began = time.monotonic()
        holds = _part(test, first, many, asked.seed)
        seconds = round(time.monotonic() - began)
        done.append({"from": first, "count": many, "seconds": seconds, "holds": holds})
        noted.parent.mkdir(exist_ok=True)
        noted.write_text(json.dumps(done, indent=1))
        print(f"{what} {first:,} to {first + many - 1:,}: ", end="")
        print("holds" if holds else "does not hold", f"({seconds} s)", flush=True)
    parts = [each for each in done if asked.first <= each["from"] < end]
    report = {
        what: sum(each["count"] for each in parts),
        "seed": asked.seed,
        "seconds": sum(each["seconds"] for each in parts),
        "all_held": all(each["holds"] for each in parts),
    }
    print(json.dumps(report, ensure_ascii=False))
    raise SystemExit(not report["all_held"])


def _asked(test: str, cases: int, part: int) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"{test} in full")
    parser.add_argument(
        "--from", dest="first", type=int, default=0, help="number of the first case"
    )
    parser.add_argument("--count", "--cases", dest="cases", type=int, help="all that are left")
    parser.add_argument("--part", type=int, default=part, help="cases in one run")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--anew", action="store_true", help="what was done before counts no more")
    asked = parser.parse_args()
    if asked.cases is None:
        asked.cases = max(0, cases - asked.first)
    return asked


def _open(first: int, end: int, size: int, done: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """The parts that haven't held yet."""
    held = {(each["from"], each["count"]) for each in done if each["holds"]}
    parts = [(at, min(size, end - at)) for at in range(first, end, size)]
    return [part for part in parts if part not in held]


def _part(test: str, first: int, many: int, seed: int) -> bool:
    told = {"FROM": first, "CASES": many, "SEED": seed}
    ran = subprocess.run(
        [ROOT / "kezhi", "test", test, "--show-capture=no"],
        cwd=ROOT,
        env=os.environ | {f"KEZHI_SECURITY_{name}": str(said) for name, said in told.items()},
    )
    return ran.returncode == 0
