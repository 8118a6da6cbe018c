"""How many promises were kept: by month, clock, type and tier, with their numbers."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.accounts.models import Department, User
from kezhi.audit.recording import record
from kezhi.customers.models.standing import Tier
from kezhi.service.clocks.counting import Share, first_of, shares, visible_months, whole
from kezhi.service.models import Clock, Ticket
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench.exporting import csv_lines

SPANS = (3, 6, 12, 24, 36)
USUAL = 6
MOST_ROWS = 60


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """Of the last `?months=` months."""
    must_may(request, "read", "ticket")
    months = _months(request)
    rows = visible_months(request.actor).filter(month__gte=first_of(request.today, months - 1))
    by_month = shares(rows, "month")
    about = {
        "months": months,
        "spans": [(str(each), _("%(count)s months") % {"count": each}) for each in SPANS],
        "total": whole(by_month),
        "parts": [
            (_("By month"), [(each.key[:7], each, "") for each in by_month]),
            (_("By promise"), _named(shares(rows, "kind"), dict(Clock.Kind.choices), "kind")),
            (_("By type"), _named(shares(rows, "ticket_type"), dict(Ticket.Type.choices), "type")),
            (_("By tier"), _named(shares(rows, "tier"), dict(Tier.choices), "tier")),
            (_("By department"), _named(*_places(rows, "department_id", Department), "department")),
            (_("By person"), _named(*_places(rows, "person_id", User), "person")),
        ],
        "may_export": request.actor.may("export", "ticket"),
    }
    return render(request, "service_levels/report.html", about)


@require_POST
def export(request: PersonRequest) -> StreamingHttpResponse:
    """POST months: the counts behind the report, a row for each month, clock, type and tier, as CSV."""
    must_may(request, "export", "ticket")
    first = first_of(request.today, _months(request) - 1)
    found = visible_months(request.actor).filter(month__gte=first)
    rows = found.order_by("month", "kind", "ticket_type", "tier", "pk").values_list(
        "month", "kind", "ticket_type", "tier", "kept", "broken"
    )
    record("service_report.exported", actor=request.actor, rows=rows.count())
    headings = [_("Month"), _("Promise"), _("Type"), _("Tier"), _("Kept"), _("Broken")]
    lines = csv_lines(headings, (list(row) for row in rows))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"service-levels-{request.today.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _months(request: PersonRequest) -> int:
    asked = (request.GET or request.POST).get("months", "")
    return int(asked) if asked in {str(each) for each in SPANS} else USUAL


def _named(found: list[Share], names: Any, part: str) -> list[tuple[str, Share, str]]:
    """Rows with their labels, and the filter of the list of broken promises behind them."""
    order = {key: number for number, key in enumerate(names)}
    ranked = sorted(found, key=lambda each: order.get(each.key, len(order)))
    return [
        (str(names.get(each.key) or _("None")), each, f"?{part}={each.key}" if each.key else "")
        for each in ranked[:MOST_ROWS]
    ]


def _places(rows: Any, by: str, model: Any) -> tuple[list[Share], dict[str, str]]:
    found = sorted(shares(rows, by), key=lambda each: -each.count)[:MOST_ROWS]
    pks = [int(each.key) for each in found if each.key]
    names = dict(model.objects.filter(pk__in=pks).values_list("pk", "name"))
    return found, {str(pk): names.get(pk, "") for pk in pks}
