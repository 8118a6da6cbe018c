"""Ten thousand hostile entries into every address, form, header and kept filter.

./kezhi bench security_injection [--from 0] [--count N] [--seed 20261122]
"""

from __future__ import annotations

from security.in_full import run

if __name__ == "__main__":
    run("tests/security/test_injection.py", 10_000, "cases", 2_500)
