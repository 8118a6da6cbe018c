"""Figures of value over time as files; that they were taken is recorded first."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kezhi.audit.recording import record
from kezhi.insight import figures
from kezhi.insight.figures import MeasuredDay
from kezhi.web.requests import PersonRequest, must_may, must_see
from kezhi.web.value.over_time import month_ends
from kezhi.workbench.exporting import Cell, csv_lines

Rows = Iterator[list[Cell]]


@require_POST
def export(request: PersonRequest) -> StreamingHttpResponse | HttpResponse:
    """POST part (equity, concentration, cohorts): that figure of every month, exact, as CSV."""
    must_may(request, "export", "customer")
    must_see(request, "customer", "value")
    part = request.POST.get("part", "")
    if part not in PARTS:
        return HttpResponse(status=400)
    headings, rows_of = PARTS[part]
    days = figures.measured_days(request.actor, month_ends())
    rows = list(rows_of(days))
    record("value_over_time.exported", actor=request.actor, part=part, rows=len(rows))
    lines = csv_lines([str(heading) for heading in headings], rows)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"{part}-{request.today.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _equity(days: list[MeasuredDay]) -> Rows:
    for day in days:
        own = day.value
        figures_of_day = (own.realised, own.contribution, own.continuation, own.growth)
        yield [day.as_of, own.customers, *figures_of_day, own.expected, own.low, own.high]


def _concentration(days: list[MeasuredDay]) -> Rows:
    for day in days:
        row: list[Cell] = [day.as_of, day.value.customers]
        for spread in (day.value.of_expected, day.value.of_contribution):
            row += [spread.top_tenth, spread.top_fifth, spread.gini]
        yield row


def _cohorts(days: list[MeasuredDay]) -> Rows:
    for day in days:
        for one in day.value.cohorts:
            amounts = (one.realised, one.contribution, one.expected)
            yield [day.as_of, one.quarter, one.customers, *amounts]


DAY, CUSTOMERS = gettext_lazy("Day"), gettext_lazy("Customers")
PARTS: dict[str, tuple[tuple[Promise, ...], Callable[[list[MeasuredDay]], Rows]]] = {
    "equity": (
        (
            DAY,
            CUSTOMERS,
            gettext_lazy("Realised until then"),
            gettext_lazy("Of it in 12 months"),
            gettext_lazy("Continuation value"),
            gettext_lazy("Growth potential"),
            gettext_lazy("Customer asset"),
            gettext_lazy("Low end"),
            gettext_lazy("High end"),
        ),
        _equity,
    ),
    "concentration": (
        (
            DAY,
            CUSTOMERS,
            gettext_lazy("Expected: best tenth"),
            gettext_lazy("Expected: best fifth"),
            gettext_lazy("Expected: Gini coefficient"),
            gettext_lazy("Brought in 12 months: best tenth"),
            gettext_lazy("Brought in 12 months: best fifth"),
            gettext_lazy("Brought in 12 months: Gini coefficient"),
        ),
        _concentration,
    ),
    "cohorts": (
        (
            DAY,
            gettext_lazy("First purchase"),
            CUSTOMERS,
            gettext_lazy("Realised until then"),
            gettext_lazy("Of it in 12 months"),
            gettext_lazy("Expected from then on"),
        ),
        _cohorts,
    ),
}
