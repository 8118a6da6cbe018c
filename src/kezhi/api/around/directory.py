"""Who works here, in which team, and the tags that records have."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.accounts.models import Team, User
from kezhi.api.calling import Call, answered
from kezhi.api.entries import LARGEST
from kezhi.api.leafing import leafed
from kezhi.api.members import Member, whole, words
from kezhi.api.problems import Problem, not_found
from kezhi.api.records import done, expected_version
from kezhi.api.sending import sent
from kezhi.api.service.clocks import department
from kezhi.api.writing import who
from kezhi.core.ids import record_id
from kezhi.workbench.models import Tag
from kezhi.workbench.tagging import LONGEST, change_tag, delete_tag, merge_tags

COLOURS = 6
CHANGED: dict[str, Member] = {"name": words(LONGEST), "colour": whole(COLOURS)}
MERGED: dict[str, Member] = {
    "into": Member(whole(LARGEST).read, {"type": "integer", "minimum": 0}, is_required=True),
}


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
    return answered({"items": [_tag(each) for each in page.rows], "next": page.next})


def change(call: Call) -> HttpResponse:
    """Another name or colour, on every record at once."""
    tag, told = _one(call, call.parts["id"]), sent(call, CHANGED)
    wanted = {"name": tag.name, "colour": tag.colour, **told}
    return answered(_tag(done(lambda: change_tag(tag, **wanted, actor=call.actor))))


def merge(call: Call) -> HttpResponse:
    """It is gone; what carried it carries the other."""
    tag, told = _one(call, call.parts["id"]), sent(call, MERGED)
    into = Tag.objects.filter(pk=told["into"]).first()
    if into is None:
        raise Problem("invalid", errors=[("/into", _("There is no such tag."))])
    return answered(_tag(done(lambda: merge_tags(tag, into, actor=call.actor))))


def remove(call: Call) -> HttpResponse:
    """Off every record; a tag has no version, so `If-Match: *`."""
    tag = _one(call, call.parts["id"])
    expected_version(call, is_demanded=True)
    done(lambda: delete_tag(tag, actor=call.actor))
    return HttpResponse(status=204)


def _one(call: Call, told: str) -> Tag:
    pk = record_id(told)
    tag = Tag.objects.filter(pk=pk).first() if pk is not None else None
    if tag is None:
        raise not_found()
    return tag


def _tag(tag: Tag) -> dict[str, Any]:
    return {"id": tag.pk, "name": tag.name, "colour": tag.colour}


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
