"""The company's list of causes, under the four categories."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.service.models import Complaint, ComplaintCause

SAID = ("category", "name", "name_en", "is_active")


@audited("complaint_cause.created")
def create_cause(fields: dict[str, Any], *, actor: Actor, on: date) -> ComplaintCause:
    if not actor.may("create", "complaint_cause"):
        raise NotAllowed(_("Your role doesn’t change the list of causes."))
    cause = ComplaintCause(created_by_id=actor.pk)
    _put(cause, fields)
    cause.save()
    return cause


@audited("complaint_cause.edited")
def edit_cause(
    cause: ComplaintCause,
    changes: dict[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
) -> ComplaintCause:
    """A cause that complaints have stays in its category: their history would be told anew."""
    cause = claim(cause, actor=actor, action="edit", version=version)
    before = cause.category
    note(fields=sorted(changes))
    _put(cause, changes)
    if cause.category != before and Complaint.objects.filter(cause=cause).exists():
        raise Refused(_("Complaints have this cause. Set it out of use and add a new one."))
    cause.version += 1
    cause.save()
    return cause


def _put(cause: ComplaintCause, entries: dict[str, Any]) -> None:
    for name, entry in entries.items():
        if name not in SAID:
            raise Refused(_("A cause has no field “%(name)s”.") % {"name": name[:60]})
        setattr(cause, name, entry)
    cause.name_en = " ".join((cause.name_en or "").split())[:80]
    cause.name = " ".join(cause.name.split())[:80]
    if cause.category not in ComplaintCause.Category.values:
        raise Refused(_("Choose what kind of complaint it is."))
    if not cause.name:
        raise Refused(_("Name the cause in a few words."))
    same = ComplaintCause.objects.filter(category=cause.category, name=cause.name)
    if same.exclude(pk=cause.pk).exists():
        raise Refused(_("This cause is on the list already."))
