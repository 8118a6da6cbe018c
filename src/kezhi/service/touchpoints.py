"""What service adds to the journey of customers: tickets, complaints, times of answers."""

# ruff: noqa: S608  # the parts of queries are the code's own; what varies goes as a parameter
from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.insight.expecting import COMMITMENTS, DAY, WITHIN, Commitment
from kezhi.insight.levelling import LEVELS, Level
from kezhi.insight.touching import TOUCHPOINTS, Touchpoint
from kezhi.satisfaction.analysing.counting import ABOUT_PRODUCTS
from kezhi.service.models.clock import Clock

# Of a ticket: hours to the first answer by its clock, else by the calendar; how often the customer wrote.
_TICKETS = f"""
    SELECT t.customer_id, {DAY.format("t.opened_at")} AS day,
           coalesce(c.elapsed_seconds / 3600.0,
             extract(epoch FROM t.first_answered_at - t.opened_at) / 3600.0) AS hours,
           (SELECT count(*) FROM service_ticketentry e
            WHERE e.ticket_id = t.id AND e.sort = 'received')::float8 AS contacts
    FROM service_ticket t
    LEFT JOIN service_clock c ON c.ticket_id = t.id AND c.kind = 'first_answer' AND c.ended_at IS NOT NULL
    WHERE t.customer_id IS NOT NULL AND t.state NOT IN ('merged', 'spam') AND t.type {{types}}
      AND {WITHIN.format("t.opened_at")}"""
_ANSWERED = f"""
    SELECT t.customer_id, avg(coalesce(c.elapsed_seconds / 3600.0,
             extract(epoch FROM t.first_answered_at - t.opened_at) / 3600.0)) AS level,
           count(*) AS cases
    FROM service_ticket t
    LEFT JOIN service_clock c ON c.ticket_id = t.id AND c.kind = 'first_answer' AND c.ended_at IS NOT NULL
    WHERE t.customer_id IS NOT NULL AND t.first_answered_at IS NOT NULL
      AND t.state NOT IN ('merged', 'spam') AND t.type NOT IN ('internal')
      AND {WITHIN.format("t.opened_at")}
    GROUP BY t.customer_id"""
_CLOCKS = f"""
    SELECT t.customer_id, c.kind AS topic, {DAY.format("c.decided_at")} AS due_on, NOT c.is_breached AS is_kept
    FROM service_clock c JOIN service_ticket t ON t.id = c.ticket_id
    WHERE {WITHIN.format("c.decided_at")}
      AND c.state <> 'stopped'"""


def register() -> None:
    TOUCHPOINTS["ticket"] = Touchpoint(
        "ticket",
        pgettext_lazy("touchpoint", "Service tickets"),
        _TICKETS.format(types="NOT IN ('complaint', 'internal')"),
        about="ticket",
        kind="ticket",
    )
    TOUCHPOINTS["complaint"] = Touchpoint(
        "complaint",
        pgettext_lazy("touchpoint", "Complaints"),
        _TICKETS.format(types="= 'complaint'"),
        about="complaint",
        kind="ticket",
        where="type=complaint",
    )
    COMMITMENTS["clock"] = Commitment(
        "clock", _("Times of answers"), _CLOCKS, dict(Clock.Kind.choices)
    )
    LEVELS["hours"] = Level(
        "hours", _("Hours to the first answer"), _ANSWERED, "hours", is_less_better=True
    )
    ABOUT_PRODUCTS["ticket"] = "SELECT t.product_id FROM service_ticket t WHERE t.id = r.about_id"
    ABOUT_PRODUCTS["complaint"] = (
        "SELECT c.product_id FROM service_complaint c WHERE c.id = r.about_id"
    )
