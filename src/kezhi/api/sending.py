"""Objects that aren't records of a kind: read member by member, what is wrong told at each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from kezhi.api.calling import Call
from kezhi.api.entries import Wrong
from kezhi.api.members import Member
from kezhi.api.problems import Problem
from kezhi.api.records import done, expected_version
from kezhi.core.refusal import Refused

Outcome = TypeVar("Outcome")


def sent(call: Call, members: Mapping[str, Member]) -> dict[str, Any]:
    """What was sent, read."""
    body = call.object(*members) if members else call.object("")
    found, wrong = {}, []
    for name, member in members.items():
        if name not in body:
            if member.is_required:
                wrong.append((f"/{name}", _("Fill this in.")))
            continue
        try:
            found[name] = member.read(call, body[name])
        except (Wrong, Refused) as reason:
            wrong.append((f"/{name}", str(reason)))
    if wrong:
        raise Problem("invalid", errors=wrong)
    return found


def must_be_seen(call: Call, row: Any, *, is_demanded: bool = False) -> None:
    """412 where `If-Match` names another version than the row has."""
    version = expected_version(call, is_demanded=is_demanded)
    if version is not None and version != row.version:
        raise Problem("changed-meanwhile", _("Somebody changed it since. Read it again."))


def told_at(
    deed: Callable[[], Outcome], wrong: type[Refused], places: Mapping[str, str], usual: str
) -> Outcome:
    """The deed; where its refusal has `errors` by entry, each is told at its place in what was sent."""

    def asked() -> Outcome:
        try:
            return deed()
        except wrong as refusal:
            errors: Mapping[str, str] = refusal.errors  # type: ignore[attr-defined]
            at = [(places.get(name, usual), said) for name, said in errors.items()]
            raise Problem("invalid", errors=list(dict.fromkeys(at))) from refusal

    return done(asked)
