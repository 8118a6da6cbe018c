"""Customers shown to colleagues and teams by programs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import Share, Team
from kezhi.api.calling import Call, answered
from kezhi.api.entries import Wrong, day, reference
from kezhi.api.leafing import leafed
from kezhi.api.members import REFERENCE, Action, Member, or_null, person, words, yes
from kezhi.api.problems import Problem
from kezhi.api.records import visible
from kezhi.api.writing import who
from kezhi.core.ids import record_id
from kezhi.customers.sharing import end_share, may_share, share_customer, shares_of
from kezhi.records import Kind


def shares(call: Call) -> HttpResponse:
    """With whom a customer is shared; all of them for who may share it, else one's own."""
    customer = visible(call, call.kind("customer"))
    rows = shares_of(customer)
    if not may_share(customer, call.actor):
        rows = rows.filter(person_id=call.actor.pk)
    page = leafed(call, rows)
    return answered({"items": [_share(each) for each in page.rows], "next": page.next})


def _give(call: Call, kind: Kind, record: Any, told: dict[str, Any]) -> Any:
    sides = [told[name] for name in ("person", "team") if told.get(name) is not None]
    if len(sides) != 1:
        raise Problem("invalid", errors=[("/person", _("Name a person or a team."))])
    share_customer(
        record,
        sides[0],
        actor=call.actor,
        on=call.today,
        may_edit=told.get("may_edit", False),
        until=told.get("until"),
        reason=told.get("reason", ""),
    )
    return record


def _end(call: Call, kind: Kind, record: Any, told: dict[str, Any]) -> Any:
    end_share(record, told["share"], actor=call.actor, on=call.today)
    return record


def _one(call: Call, sent: Any) -> Share:
    pk = record_id(str(sent)) if isinstance(sent, int) and not isinstance(sent, bool) else None
    found: Share | None = Share.objects.filter(pk=pk).first() if pk is not None else None
    if found is None:
        raise Wrong(_("Send the id of a share of this customer."))
    return found


def _team(call: Call, sent: Any) -> Team:
    """By its id, or by its name as the key where only one has it."""
    by, wanted = reference(sent)
    found = list(Team.objects.filter(**{"pk" if by == "id" else "name": wanted})[:2])
    if len(found) != 1:
        raise Wrong(_("There is no such team, or more than one of that name."))
    return found[0]


def _share(share: Share) -> dict[str, Any]:
    team = share.team
    return {
        "id": share.pk,
        "person": who(share.person),
        "team": {"id": team.pk, "name": team.name} if team is not None else None,
        "may_edit": share.may_edit,
        "since": share.since.isoformat(),
        "until": share.until.isoformat() if share.until else None,
        "reason": share.reason or None,
        "granted_by": who(share.granted_by),
    }


SHARE = Action(
    "share",
    gettext_lazy("Let a colleague or a team see it, or work on it; once more replaces the share"),
    "read",
    _give,
    {
        "person": Member(person, REFERENCE),
        "team": Member(_team, REFERENCE),
        "may_edit": Member(yes, {"type": "boolean"}),
        "until": Member(
            or_null(lambda call, sent: day(sent)), {"type": ["string", "null"], "format": "date"}
        ),
        "reason": words(300),
    },
    needs=("create", "share"),
)
END = Action(
    "share-end",
    gettext_lazy("The share is over: taken back, or given up by the colleague who has it"),
    "read",
    _end,
    {"share": Member(_one, {"type": "integer", "minimum": 0}, is_required=True)},
    needs=("read", "share"),
)
