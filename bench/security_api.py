"""Everything that can be sent to every operation of the API, for four roles with fifty examples each.

./kezhi bench security_api [--from 0] [--count N] [--seed 20261122]
"""

from __future__ import annotations

from security.in_full import run

if __name__ == "__main__":
    run("tests/security/test_api_schema.py", 640, "operations for a role", 320)
