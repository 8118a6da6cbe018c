"""Requests between departments: the next process is my customer, with a promise, an answer and a verdict."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import Department, person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.service.clocks import keeping
from kezhi.service.models import InternalLevel, InternalRequest, Ticket
from kezhi.service.tickets.answering import receive
from kezhi.service.tickets.happening import Happening, declare, happened
from kezhi.service.tickets.opening import open_ticket

declare("rated", Happening(gettext_lazy("%(who)s gave %(rating)s of 5. %(comment)s"), "star"))


def visible_requests(actor: Actor) -> Any:
    """One's own requests, and those on tickets that one may see."""
    if actor.pk is None:
        return InternalRequest.objects.all()
    mine = Q(requester_id__in=actor.own_ids)
    return InternalRequest.objects.filter(mine | Q(ticket__in=Ticket.objects.visible_to(actor)))


def opened(ticket: Ticket, actor: Actor, at: datetime) -> None:
    """Whoever opens an internal ticket asks for their department; registered before the clocks are."""
    asker = person(actor)
    if ticket.type == Ticket.Type.INTERNAL and asker is not None:
        InternalRequest.objects.get_or_create(
            ticket=ticket, defaults={"requester": asker, "requesting": asker.department}
        )


@audited("internal_request.made")
def request_internally(
    department: Department, subject: str, text: str, *, actor: Actor, at: datetime
) -> InternalRequest:
    """Whoever works here asks a department for something; somebody there has it at once."""
    asker = person(actor)
    if asker is None or not asker.is_active:
        raise NotAllowed(_("Only colleagues ask a department for something."))
    if not subject.strip():
        raise Refused(_("Say in a few words what you need."))
    fields = {
        "type": Ticket.Type.INTERNAL,
        "channel": Ticket.Channel.COLLEAGUE,
        "subject": subject,
        "handling_department": department,
        "requester_name": asker.name,
    }
    ticket = open_ticket(
        fields, actor=actor if actor.may("create", "ticket") else SYSTEM, at=at, text=text
    )
    request, _is_new = InternalRequest.objects.get_or_create(
        ticket=ticket, defaults={"requester": asker, "requesting": asker.department}
    )
    if _is_new:
        keeping.recompute(ticket, at, keeping.Bench())
    note(to=department.pk)
    return request


@audited("internal_request.continued")
def add_words(request: InternalRequest, text: str, *, actor: Actor, at: datetime) -> None:
    """The requester says more; a request that was solved opens again."""
    _demand_requester(request, actor)
    entry = receive(
        request.ticket, text, actor=SYSTEM, at=at, channel=Ticket.Channel.COLLEAGUE,
        sender=request.requester.name,
    )  # fmt: skip
    entry.author = request.requester
    entry.save(update_fields=["author"])


@audited("internal_request.rated")
def rate_request(
    request: InternalRequest, rating: int, *, actor: Actor, at: datetime, comment: str = ""
) -> InternalRequest:
    """How content the requester is, from 1 to 5, once it is solved; a later verdict replaces the first."""
    request = InternalRequest.objects.select_for_update().get(pk=request.pk)
    _demand_requester(request, actor)
    ticket = request.ticket
    if ticket.state not in (Ticket.State.SOLVED, Ticket.State.CLOSED):
        raise Refused(_("Rate it once it is solved."))
    if rating not in range(1, 6):
        raise Refused(_("Choose from 1 to 5."))
    request.rating, request.comment, request.rated_at = rating, comment.strip()[:300], at
    request.save()
    happened(ticket, "rated", actor=actor, at=at, rating=rating, comment=request.comment)
    return request


@audited("internal_level.saved")
def save_level(
    level: InternalLevel | None, entries: dict[str, Any], *, actor: Actor
) -> InternalLevel:
    """What a department agreed to do for another, or for every other one."""
    _demand_rights(actor)
    saved = level or InternalLevel()
    for name, entry in entries.items():
        setattr(saved, name, entry)
    saved.agreement = saved.agreement.strip()[:300]
    if not saved.agreement:
        raise Refused(_("Say in a sentence what was agreed."))
    if saved.first_answer_minutes is None and saved.solution_minutes is None:
        raise Refused(_("Enter hours for the first answer or the solution."))
    if saved.providing == saved.requesting:
        raise Refused(_("Choose two departments."))
    same = InternalLevel.objects.filter(providing=saved.providing, requesting=saved.requesting)
    if same.exclude(pk=saved.pk).exists():
        raise Refused(_("There is an agreement between these departments already."))
    saved.version += 1 if saved.pk else 0
    saved.save()
    return saved


@audited("internal_level.deleted")
def delete_level(level: InternalLevel, *, actor: Actor) -> None:
    _demand_rights(actor)
    level.delete()


def _demand_rights(actor: Actor) -> None:
    if not actor.may("edit", "service_level"):
        raise NotAllowed(_("Your role doesn’t change what departments agreed."))


def _demand_requester(request: InternalRequest, actor: Actor) -> None:
    if request.requester_id not in actor.own_ids:
        raise NotAllowed(_("Only whoever asked does this."))
