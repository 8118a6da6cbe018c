"""Spellings of addresses inside, by every feature that asks addresses which people typed.

./kezhi bench security_ssrf [--from 0] [--count N] [--seed 20261122]
"""

from __future__ import annotations

from security.in_full import run

if __name__ == "__main__":
    run("tests/security/test_ssrf.py", 2_000, "spellings", 1_000)
