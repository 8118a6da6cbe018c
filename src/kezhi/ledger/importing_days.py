"""When the orders of a file were to be paid and delivered, and when they were.

An empty cell says nothing: what is known already stays. Of several days in one order the last counts: it is
paid when its last part is, and delivered likewise. A file without these columns costs nothing more.
"""

# ruff: noqa: S608  # columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from kezhi.dataio.staging import Work

DATES = ("due_on", "paid_on", "promised_on", "delivered_on")


def reject_dates_before_the_order(work: Work) -> None:
    """Nothing is due, paid or delivered before it was ordered; what was paid in advance is paid with it."""
    for name in _given(work):
        work.reject(
            "before_the_order",
            name,
            f"SELECT s.row, s.{name}::text,"
            f" jsonb_build_object('day', s.{name}::text, 'ordered', s.ordered_on::text)"
            f" FROM import_staging s WHERE s.{name} < s.ordered_on",
        )


def of_rows(work: Work) -> str:
    """The columns of the staged rows, to be selected beside others."""
    return "".join(f", s.{name}" for name in _given(work))


def of_orders(work: Work) -> str:
    """The columns of an order, to be selected beside others where its rows are grouped."""
    return "".join(
        f", max({name}) AS {name}" if work.has(name) else f", NULL::date AS {name}"
        for name in DATES
    )


def find_changed(work: Work) -> None:
    """Rows of orders that say another day than is known count as updates."""
    if work.has(*DATES):
        work.run(
            f"""UPDATE import_lines l SET outcome = 'updated'
               FROM import_orders i JOIN ledger_order o ON o.id = i.order_id
               WHERE i.ref = l.order_ref AND l.outcome = 'unchanged'
                 AND ({_each("coalesce(i.{0}, o.{0})")}) IS DISTINCT FROM ({_each("o.{0}")})"""
        )


def write_changed(work: Work, touched: str) -> None:
    """Into the orders whose ids the query `touched` gives."""
    if work.has(*DATES):
        work.run(
            f"""UPDATE ledger_order o SET {_each("{0} = coalesce(i.{0}, o.{0})")}
                FROM import_orders i WHERE i.order_id = o.id AND o.id IN ({touched})
                  AND coalesce({_each("i.{0}")}) IS NOT NULL"""
        )


def _each(words: str) -> str:
    return ", ".join(words.format(name) for name in DATES)


def _given(work: Work) -> list[str]:
    return [name for name in DATES if work.has(name)]
