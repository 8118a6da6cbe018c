"""A ticket on its way: who works on it, its state, and what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import Department, User
from kezhi.audit.recording import audited, note, traced_by
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.messaging.noticing import notify
from kezhi.service.models import Ticket
from kezhi.service.tickets import hooks
from kezhi.service.tickets.happening import happened, moment
from kezhi.service.tickets.opening import (
    SAID,
    check_parts,
    check_worker,
    may_place,
    place,
    priority_of,
)
from kezhi.workbench.customizing.entering import columns_of, demand_only, put, settle

State = Ticket.State
SETTLED = (State.SOLVED, State.CLOSED)
# What people choose by hand; merged is what merging makes of a ticket.
CHOSEN = (State.NEW, State.OPEN, State.WAITING, State.SOLVED, State.CLOSED, State.SPAM)
CHANGEABLE = SAID - {"channel"} | {"solution"}


@audited("ticket.changed")
def change_ticket(
    ticket: Ticket,
    changes: Mapping[str, Any],
    *,
    actor: Actor,
    on: date | None = None,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """What it is about: subject, type, priority, customer, contact, product, order, cause, own fields. Who
    works on it and its state change by their own deeds, which this one calls."""
    at = moment(at)
    ticket = claim(ticket, actor=actor, action="edit", version=version)
    changes = dict(changes)
    worker = changes.pop("assignee", ticket.assignee)
    wanted = changes.pop("state", ticket.state)
    if "text" in changes:
        raise Refused(_("What was said stays as it was said. Add a note."))
    demand_only(CHANGEABLE, changes, Ticket)
    if "priority" in changes:
        changes["priority"] = priority_of(changes["priority"])
    own = columns_of(Ticket)
    before = {name: getattr(ticket, name) for name in changes if name in own}
    _demand_customer(ticket, changes, actor)
    note(fields=sorted(changes))
    put("ticket", ticket, changes, actor)
    ticket.subject = " ".join(ticket.subject.split())[:300]
    if not ticket.subject:
        raise Refused(_("Say in a few words what it is about."))
    check_parts(ticket)
    if "customer" in changes or "contact" in changes:
        place(ticket)
    settle("ticket", ticket)
    ticket.version += 1
    ticket.save()
    _tell_changes(ticket, before, actor, at)
    if worker != ticket.assignee:
        ticket = assign_ticket(ticket, worker, actor=actor, at=at)
    if wanted != ticket.state:
        ticket = set_state(ticket, wanted, actor=actor, at=at)
    return ticket


@audited("ticket.assigned")
def assign_ticket(
    ticket: Ticket,
    worker: User | None,
    *,
    actor: Actor,
    on: date | None = None,
    at: datetime | None = None,
    reason: str = "",
) -> Ticket:
    """Give the ticket to a colleague, or back to the queue of its department with None.

    Who works on it may hand it to another; whoever may change it takes what nobody has; else the role must
    permit giving tickets away.
    """
    at = moment(at)
    ticket = claim(ticket, actor=actor, action="edit")
    _demand_open(ticket)
    if worker is not None:
        check_worker(worker)
    if worker == ticket.assignee:
        return ticket
    is_own = ticket.assignee_id in actor.own_ids
    is_taking = ticket.assignee_id is None and worker is not None and worker.pk == actor.pk
    if not (is_own or is_taking or _may_give(ticket, actor)):
        raise NotAllowed(_("Your role doesn’t give tickets away."))
    note(before=ticket.assignee_id, after=worker.pk if worker else None)
    ticket.assignee = worker
    if worker is not None:
        ticket.handling_department_id = worker.department_id or ticket.handling_department_id
    ticket.version += 1
    ticket.save()
    if is_taking:
        happened(ticket, "taken", actor=actor, at=at)
    else:
        to = worker.name if worker else _department(ticket)
        happened(ticket, "assigned", actor=actor, at=at, to=to, reason=reason.strip())
    _tell_worker(ticket, actor, at)
    for hear in hooks.ON_ASSIGNED:
        hear(ticket, actor, at)
    return ticket


@audited("ticket.passed_on")
def pass_on_ticket(
    ticket: Ticket,
    department: Department,
    *,
    actor: Actor,
    at: datetime,
    reason: str,
    worker: User | None = None,
) -> Ticket:
    """To another department, with the reason; to somebody there, or to its queue, which its head is told of."""
    ticket = claim(ticket, actor=actor, action="edit")
    _demand_open(ticket)
    if not reason.strip():
        raise Refused(_("Say why it is passed on: who gets it starts from there."))
    if worker is not None:
        check_worker(worker)
        if department.pk not in (worker.department.path if worker.department else ()):
            raise Refused(_("Choose a colleague of that department."))
    if worker is None and department.pk == ticket.handling_department_id:
        raise Refused(_("The ticket is with this department already. Choose a colleague."))
    is_own = ticket.assignee_id in (None, *actor.own_ids)
    if not is_own and not _may_give(ticket, actor):
        raise NotAllowed(_("Your role doesn’t give tickets away."))
    note(
        before=ticket.handling_department_id,
        after=department.pk,
        assignee_before=ticket.assignee_id,
        assignee_after=worker.pk if worker else None,
    )
    ticket.handling_department, ticket.assignee = department, worker
    ticket.version += 1
    ticket.save()
    to = f"{department.name}: {worker.name}" if worker else department.name
    happened(ticket, "passed_on", actor=actor, at=at, to=to, reason=reason.strip())
    _tell_worker(ticket, actor, at)
    for hear in hooks.ON_ASSIGNED:
        hear(ticket, actor, at)
    return ticket


@audited("ticket.state_set")
def set_state(
    ticket: Ticket,
    state: str,
    *,
    actor: Actor,
    at: datetime | None = None,
    on: date | None = None,
    solution: str = "",
    reason: str = "",
) -> Ticket:
    """The ticket is in progress, waits for the customer, is solved, closed, or was never one.

    Solving and closing ask `hooks.MAY_CLOSE`; `solution` says what helped.
    """
    at = moment(at)
    ticket = claim(ticket, actor=actor, action="edit")
    if state not in CHOSEN:
        raise Refused(_("Choose the state from the list."))
    if ticket.state == State.MERGED:
        raise Refused(_("This ticket was merged. Work on the one that goes on."))
    if solution.strip():
        ticket.solution = solution.strip()[:20_000]
    note(before=ticket.state, after=state)
    return move(ticket, state, actor=actor, at=at, reason=reason)


@traced_by("the deed that calls it")
def move(
    ticket: Ticket,
    state: str,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    is_told: bool = True,
) -> Ticket:
    """A step within a deed that has claimed the ticket: its state with the moments that belong to it."""
    before = ticket.state
    if state == before:
        ticket.save()
        return ticket
    if state in SETTLED and before not in SETTLED:
        if obstacles := hooks.closing_obstacles(ticket):
            raise Refused(" ".join(obstacles))
        ticket.solved_at = at
    if state == State.CLOSED:
        ticket.closed_at = at
    if state in Ticket.OPEN_STATES:
        ticket.solved_at = ticket.closed_at = None
    if state not in Ticket.OPEN_STATES:
        ticket.snoozed_until = None
    if state == State.SPAM:
        ticket.closed_at = at
    ticket.state = state
    ticket.version += 1
    ticket.save()
    if is_told:
        happened(
            ticket, "state", actor=actor, at=at, before=before, after=state, reason=reason.strip()
        )
    for hear in hooks.ON_STATE:
        hear(ticket, actor, at, before)
    return ticket


@audited("ticket.deleted")
def delete_ticket(ticket: Ticket, *, actor: Actor, on: date | None = None) -> None:
    """With everything that was said on it; those merged into it go along."""
    claim(ticket, actor=actor, action="delete").delete()


def _may_give(ticket: Ticket, actor: Actor) -> bool:
    return bool(Ticket.objects.visible_to(actor, "assign").filter(pk=ticket.pk).exists())


def _demand_open(ticket: Ticket) -> None:
    if not ticket.is_open:
        raise Refused(_("This ticket is settled. Open it again to give it to somebody."))


def _demand_customer(ticket: Ticket, changes: Mapping[str, Any], actor: Actor) -> None:
    """A ticket goes only to a customer that the actor may open tickets for."""
    contact = changes.get("contact")
    customer = changes.get("customer", contact.customer if contact is not None else ticket.customer)
    if customer == ticket.customer or customer is None:
        return
    if not may_place(actor, "create", customer):
        raise NotAllowed(_("Your role doesn’t open tickets of this customer."))


def _tell_changes(ticket: Ticket, before: Mapping[str, Any], actor: Actor, at: datetime) -> None:
    changed = frozenset(name for name, old in before.items() if getattr(ticket, name) != old)
    for name in ("priority", "type"):
        if name in changed:
            old, new = str(before[name]), str(getattr(ticket, name))
            happened(ticket, name, actor=actor, at=at, before=old, after=new)
    if "customer" in changed and ticket.customer is not None:
        happened(ticket, "customer", actor=actor, at=at, to=ticket.customer.name)
    if changed:
        for hear in hooks.ON_CHANGED:
            hear(ticket, actor, at, changed)


def _tell_worker(ticket: Ticket, actor: Actor, at: datetime) -> None:
    department = ticket.handling_department
    head = department.head_id if department is not None else None
    to = ticket.assignee_id if ticket.assignee_id is not None else head
    words = {"what": str(ticket)}
    notify([to], "ticket.assigned", at=at, by=actor, about=ticket, words=words)


def _department(ticket: Ticket) -> str:
    department = ticket.handling_department
    return department.name if department is not None else "—"
