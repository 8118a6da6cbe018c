"""Five hundred hostile texts stored through every entrance, then every page in Chromium.

./kezhi bench security_markup [--from 0] [--count N] [--seed 20261122]
"""

from __future__ import annotations

from security.in_full import run

if __name__ == "__main__":
    run("tests/browser/test_hostile_markup.py", 500, "texts", 125)
