"""Everything that can be sent to every operation of the API, for four roles with fifty examples each.

./kezhi bench security_api [--from 0] [--count N] [--seed 20261122]
"""

from __future__ import annotations

import os

from security.in_full import run

ROLES = 4


def all_of_them() -> int:
    """Every operation there is, for each role: new ones come by themselves."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezhi.settings.testing")
    os.environ.setdefault("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")  # never asked
    import django

    django.setup()
    from kezhi.api.operations import operations

    return ROLES * len(operations())


if __name__ == "__main__":
    run("tests/security/test_api_schema.py", all_of_them(), "operations for a role", 110)
