"""Broken promises, the latest first: filtered, leafed through, taken out as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.accounts.models import Department, Team, User
from kezhi.audit.recording import record
from kezhi.core.ids import record_id
from kezhi.customers.models.standing import Tier
from kezhi.service.models import Clock, Ticket
from kezhi.web.requests import PersonRequest, must_may, page_number
from kezhi.workbench.exporting import Cell, csv_lines

A_PAGE = 50
MOST_EXPORTED = 20_000
MOST_PEOPLE = 500
FILTERS = ("person", "team", "department", "tier", "kind", "type", "open")


@require_safe
def listed(request: PersonRequest) -> HttpResponse:
    """By person, team, department, tier, clock and type; with `open`, only promises that still run."""
    must_may(request, "read", "ticket")
    number = page_number(request)
    wanted = {name: request.GET.get(name, "")[:20] for name in FILTERS}
    rows = list(_found(request, wanted)[(number - 1) * A_PAGE : number * A_PAGE + 1])
    asked = {name: entry for name, entry in wanted.items() if entry}
    people = User.objects.order_by("name_key").values_list("pk", "name")[:MOST_PEOPLE]
    about = {
        "rows": rows[:A_PAGE],
        "wanted": wanted,
        "now": timezone.now(),
        "has_filter": bool(asked),
        "people": _options(people),
        "teams": _options(Team.objects.order_by("name").values_list("pk", "name")),
        "departments": _options(Department.objects.order_by("path").values_list("pk", "name")),
        "tiers": Tier.choices,
        "kinds": Clock.Kind.choices,
        "types": Ticket.Type.choices,
        "first_page": f"?{urlencode(asked)}" if number > 1 else "",
        "next_page": f"?{urlencode({**asked, 'page': number + 1})}" if len(rows) > A_PAGE else "",
        "may_export": request.actor.may("export", "ticket"),
    }
    return render(request, "service_levels/breaches.html", about)


@require_POST
def export(request: PersonRequest) -> StreamingHttpResponse:
    """POST the filters: what the list shows, as CSV."""
    must_may(request, "export", "ticket")
    wanted = {name: request.POST.get(name, "")[:20] for name in FILTERS}
    rows = list(_found(request, wanted, "export")[:MOST_EXPORTED])
    record("clock_breach.exported", actor=request.actor, rows=len(rows), filters=wanted)
    headings = [_("Ticket"), _("Subject"), _("Customer"), _("Tier"), _("Promise"), _("Due"), _("Ended"),
                _("Person"), _("Department")]  # fmt: skip
    response = StreamingHttpResponse(
        csv_lines(headings, _cells(rows)), content_type="text/csv; charset=utf-8"
    )
    name = f"breaches-{request.today.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _found(request: PersonRequest, wanted: dict[str, str], action: str = "read") -> Any:
    seen = Ticket.objects.visible_to(request.actor, action)
    rows = Clock.objects.filter(is_breached=True)
    if request.actor.scope(action, "ticket").name != "ALL":
        rows = rows.filter(ticket__in=seen)
    person, team = record_id(wanted["person"]), record_id(wanted["team"])
    department = record_id(wanted["department"])
    if person is not None:
        rows = rows.filter(person_id=person)
    if team is not None:
        rows = rows.filter(person__team_id=team)
    if department is not None:
        within = Department.objects.within(department).values("pk")
        rows = rows.filter(department_id__in=within)
    if wanted["tier"] in Tier.values:
        rows = rows.filter(tier=wanted["tier"])
    if wanted["kind"] in Clock.Kind.values:
        rows = rows.filter(kind=wanted["kind"])
    if wanted["type"] in Ticket.Type.values:
        rows = rows.filter(ticket_type=wanted["type"])
    if wanted["open"]:
        rows = rows.open()
    related = ("ticket__customer", "person", "department")
    return rows.select_related(*related).order_by("-breached_at", "-pk")


def _cells(rows: list[Clock]) -> Iterator[list[Cell]]:
    for each in rows:
        ticket = each.ticket
        yield [
            ticket.number,
            ticket.subject,
            ticket.customer.name if ticket.customer else ticket.requester_name,
            each.tier,
            str(each.get_kind_display()),
            each.breached_at,
            each.ended_at,
            each.person.name if each.person else "",
            each.department.name if each.department else "",
        ]


def _options(rows: Any) -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in rows]
