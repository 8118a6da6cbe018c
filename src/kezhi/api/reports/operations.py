"""The operations of reports and saved views."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.utils.translation import gettext_lazy as _

from kezhi.api.operation import Operation
from kezhi.api.reports import answers, listing


def of_reports() -> Iterator[Operation]:
    """All of them."""
    of = partial(Operation, area="report", needs=(("read", "view"),))
    yield of(
        "GET", "/reports", "reports", _("The reports that one may see"), listing.reports,
        answer="Reports",
    )  # fmt: skip
    yield of(
        "GET", "/reports/{id}/answer", "report_answer",
        _("What a saved report says now, or with key: one that comes with the product"),
        answers.of_report, answer="ReportAnswer",
    )  # fmt: skip
    yield of(
        "POST", "/reports/answer", "report_ask", _("What a report says that nobody has saved"),
        answers.of_specification, answer="ReportAnswer", body="members", members=answers.SPECIFIED,
    )  # fmt: skip
    yield of(
        "GET", "/views", "views", _("The views of a kind of records that one may use"),
        listing.views, answer="Views",
    )  # fmt: skip
