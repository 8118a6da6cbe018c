"""Who works here, in which team, and the tags that records have."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from kezhi.accounts.models import Team, User
from kezhi.api.calling import Call, answered
from kezhi.api.leafing import leafed
from kezhi.api.service.clocks import department
from kezhi.api.writing import who
from kezhi.workbench.models import Tag


def people(call: Call) -> HttpResponse:
    """Everybody, also who left; `key` is the sign-in name by which a person is told."""
    rows = User.objects.select_related("team", "department", "team__department")
    page = leafed(call, rows)
    return answered({"items": [_person(each) for each in page.rows], "next": page.next})


def teams(call: Call) -> HttpResponse:
    page = leafed(call, Team.objects.select_related("department", "lead"))
    items = [
        {
            "id": each.pk,
            "name": each.name,
            "department": department(each.department),
            "lead": who(each.lead),
        }
        for each in page.rows
    ]
    return answered({"items": items, "next": page.next})


def tags(call: Call) -> HttpResponse:
    page = leafed(call, Tag.objects.all())
    items = [{"id": each.pk, "name": each.name, "colour": each.colour} for each in page.rows]
    return answered({"items": items, "next": page.next})


def _person(person: User) -> dict[str, Any]:
    place = person.team.department if person.team is not None else person.department
    team = person.team
    return {
        "id": person.pk,
        "key": person.login,
        "name": person.name,
        "is_active": person.is_active,
        "team": {"id": team.pk, "name": team.name} if team is not None else None,
        "department": department(place) if place is not None else None,
    }
