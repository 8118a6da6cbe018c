"""What is at stake on an open ticket: the customer's value at risk, as the last value run measured it."""

from __future__ import annotations

from django.db import connection

STAKES = """
    UPDATE service_ticket t SET at_stake = coalesce(s.value_at_risk, 0)
    FROM customers_standing s
    WHERE s.customer_id = t.customer_id AND t.state IN ('new', 'open', 'waiting')
        AND t.at_stake <> coalesce(s.value_at_risk, 0)
"""


def keep_stakes() -> int:
    """After a run: every open ticket says what is at stake now; how many changed."""
    with connection.cursor() as cursor:
        cursor.execute(STAKES)
        return int(cursor.rowcount)
