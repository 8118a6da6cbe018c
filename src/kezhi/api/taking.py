"""Rows that programs read count towards the day's quota of their integration."""

from __future__ import annotations

from kezhi.accounts import traffic
from kezhi.api.calling import Call
from kezhi.api.problems import Problem


def take(rows: int, call: Call) -> None:
    """Raises the problem `quota` when these are more than the integration may read on this day."""
    try:
        traffic.take_rows(rows, actor=call.actor, on=call.today)
    except traffic.TooManyRows as refusal:
        traffic.note_refused_rows(rows, actor=call.actor, on=call.today)
        raise Problem("quota", str(refusal), limit=refusal.limit) from refusal
