"""Markup that people store stays text on every page: nothing runs, nothing becomes part of the page.

A slice of fifty texts; `./kezhi bench security_markup` takes all five hundred through every entrance.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Error

TESTS = Path(__file__).parents[1]
CASES = int(os.environ.get("KEZHI_SECURITY_CASES", "50"))
FIRST = int(os.environ.get("KEZHI_SECURITY_FROM", "0"))
AT_ONCE = 125  # texts between two looks at every page
PAGES = int(os.environ.get("KEZHI_SECURITY_PAGES", "70"))
BECAME = """() => [...document.querySelectorAll(
    "[id^=xss], base, [href^='javascript:' i], [href^='data:' i], [src='x'], [onerror], [onload], [onfocus]"
)].map(element => element.outerHTML.slice(0, 200))"""


def store(site, first: int, many: int) -> dict:
    paths = [TESTS, TESTS / "access", TESTS / "security"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "storing", str(first), str(many)],
        env=site.environment | {"PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_what_people_store_never_runs(empty_site, visit):
    visitor = None
    end = FIRST + CASES
    for first in range(FIRST, end, AT_ONCE):
        stored = store(empty_site, first, min(AT_ONCE, end - first))
        assert stored["kept"] >= 60
        if visitor is None:
            visitor = visit(empty_site)
            session = {"name": "sessionid", "value": stored["session"], "url": empty_site.address}
            visitor.context.add_cookies([session])
        look_at(visitor, stored["pages"])


def look_at(visitor, addresses: list[str]) -> None:
    ran, became = [], []
    visitor.page.on("dialog", lambda dialog: (ran.append(visitor.page.url), dialog.dismiss()))
    assert len(addresses) > 60
    for address in addresses[:PAGES] if CASES <= 50 else addresses:
        try:
            visitor.page.goto(visitor.address + address, wait_until="load")
        except Error as error:
            if "Download is starting" not in str(error):
                raise
            continue  # a file is saved, never shown
        became += [f"{address}: {element}" for element in visitor.page.evaluate(BECAME)]
    broken = [line for line in visitor.complaints if "Failed to load resource" not in line]
    assert (ran, became, broken) == ([], [], [])
