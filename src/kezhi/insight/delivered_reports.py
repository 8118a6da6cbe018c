"""Reports and dashboards that come with the product: the salesperson's, the manager's, the company's."""

from __future__ import annotations

from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from kezhi.core.actor import Scope
from kezhi.workbench.reporting.delivered import DeliveredDashboard, DeliveredReport, deliver


def _asks(
    of: str, *measures: str, by: tuple[str, ...] = (), w: tuple[str, ...] = (), **more: str
) -> str:
    pairs = [("of", of), *(("measure", each) for each in measures)]
    pairs += [("by", each) for each in by] + [("w", each) for each in w]
    return urlencode([*pairs, *more.items()])


OPEN, OVERDUE = "done_at.empty", "due_on.before.today"
QUIET = ("last_order_on.before.-90d", "tier.in.S,A,B")

REPORTS = (
    DeliveredReport(
        "sales-this-month",
        _("Sales this month"),
        _asks(
            "order", "sum.amount", "count", "distinct.customer",
            during="ordered_on.this_month", compare="previous", picture="number",
        ),
    ),
    DeliveredReport(
        "sales-this-year",
        _("Sales this year"),
        _asks(
            "order", "sum.amount", "count", "distinct.customer",
            during="ordered_on.this_year", compare="year", picture="number",
        ),
    ),
    DeliveredReport(
        "sales-by-month",
        _("Sales by month"),
        _asks("order", "sum.amount", by=("ordered_on.month",), during="ordered_on.12m", picture="line"),
    ),
    DeliveredReport(
        "sales-by-person",
        _("Sales by person this year"),
        _asks(
            "order", "sum.amount", "count", by=("owner",),
            during="ordered_on.this_year", compare="year", picture="bar",
        ),
    ),
    DeliveredReport(
        "sales-by-person-and-month",
        _("Sales by person and month"),
        _asks(
            "order", "sum.amount", by=("owner", "ordered_on.month"),
            during="ordered_on.12m", picture="heat",
        ),
    ),
    DeliveredReport(
        "sales-by-tier",
        _("Sales by quarter and the customer’s tier"),
        _asks(
            "order", "sum.amount", by=("ordered_on.quarter", "customer:tier"),
            during="ordered_on.2y", picture="stack",
        ),
    ),
    DeliveredReport(
        "sales-by-category",
        _("Sales by product category"),
        _asks(
            "order_line", "sum.amount", "sum.quantity", by=("product:category",),
            during="ordered_on.12m", picture="bar",
        ),
    ),
    DeliveredReport(
        "top-customers",
        _("Customers who bought most"),
        _asks(
            "order", "sum.amount", "count", by=("customer",),
            during="ordered_on.12m", top="10", picture="bar",
        ),
    ),
    DeliveredReport(
        "overdue-payments",
        _("Overdue payments by person"),
        _asks(
            "order", "sum.amount", "count", by=("owner",),
            w=(OVERDUE, "paid_on.empty", "amount.gt.0"), picture="bar",
        ),
    ),
    DeliveredReport(
        "follow-ups-planned",
        _("Open follow-ups by week"),
        _asks("follow_up", "count", by=("due_on.week",), w=(OPEN,), picture="line"),
    ),
    DeliveredReport(
        "follow-ups-overdue",
        _("Overdue follow-ups by person"),
        _asks("follow_up", "count", by=("assignee",), w=(OPEN, OVERDUE), picture="bar"),
    ),
    DeliveredReport(
        "activity",
        _("Contacts with customers by person and kind"),
        _asks("interaction", "count", by=("author", "channel"), during="at.30d", picture="stack"),
    ),
    DeliveredReport(
        "gone-quiet",
        _("Good customers gone quiet"),
        _asks("customer", "count", "sum.value_at_risk", by=("owner",), w=QUIET, picture="bar"),
    ),
    DeliveredReport(
        "most-at-risk",
        _("Customers with most value at risk"),
        _asks(
            "customer", "sum.value_at_risk", by=("name",),
            w=("value_at_risk.gt.0",), top="10", picture="bar",
        ),
    ),
    DeliveredReport(
        "at-risk-by-person",
        _("Value at risk by person"),
        _asks("customer", "sum.value_at_risk", "sum.potential_value", by=("owner",), picture="bar"),
    ),
    DeliveredReport(
        "customers-by-tier",
        _("Customers by tier"),
        _asks("customer", "count", "sum.potential_value", by=("tier",), w=("tier.filled",), picture="bar"),
    ),
    DeliveredReport(
        "new-customers",
        _("New customers by month"),
        _asks("customer", "count", by=("first_order_on.month",), during="first_order_on.12m", picture="line"),
    ),
)  # fmt: skip

DASHBOARDS = (
    DeliveredDashboard(
        "my-work",
        _("My customers"),
        _("For salespeople: what sells, what is planned, who goes quiet. Each sees their own."),
        (
            ("sales-this-month", 3),
            ("sales-by-month", 2),
            ("follow-ups-planned", 1),
            ("most-at-risk", 2),
            ("gone-quiet", 1),
            ("top-customers", 2),
            ("customers-by-tier", 1),
        ),
    ),
    DeliveredDashboard(
        "team",
        _("My team"),
        _("For managers: sales by person, what is overdue, what is at risk, who is in touch."),
        (
            ("sales-this-year", 3),
            ("sales-by-person", 2),
            ("at-risk-by-person", 1),
            ("sales-by-person-and-month", 3),
            ("activity", 2),
            ("follow-ups-overdue", 1),
            ("gone-quiet", 1),
            ("overdue-payments", 2),
        ),
        Scope.TEAM,
    ),
    DeliveredDashboard(
        "sales",
        _("Sales"),
        _("What is bought, by whom, in which tiers and categories."),
        (
            ("sales-this-year", 3),
            ("sales-by-tier", 2),
            ("new-customers", 1),
            ("sales-by-category", 2),
            ("customers-by-tier", 1),
            ("top-customers", 3),
        ),
        Scope.TEAM,
    ),
)


def register() -> None:
    deliver(REPORTS, DASHBOARDS)
