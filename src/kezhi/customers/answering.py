"""Needs of customers: registered by anybody, always with somebody who sees to them, until they are answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.customers.models import Need
from kezhi.messaging.noticing import notify
from kezhi.workbench.customizing.entering import put, settle

State = Need.State
REPLY_WITHIN = timedelta(days=3)
# Who finds the colleague to see to a need when nobody is named; the first that finds one decides.
FINDERS: list[Callable[[Need, Actor], User | None]] = []
# Who works on needs elsewhere hears, in the deed's transaction, what was done: its word, as in "need.answered".
HEARERS: list[Callable[[Need, str, Actor, date], None]] = []


@audited("need.registered")
def register_need(fields: dict[str, Any], *, actor: Actor, on: date) -> Need:
    """What a customer asks. It goes to the handler named, or whom `FINDERS` find, or stays with whoever
    registers it; a reply is due in three days unless another day is."""
    fields = {"raised_on": on, "reply_due_on": on + REPLY_WITHIN, **fields}
    handler = fields.pop("handler", None)
    need = Need(created_by_id=actor.pk)
    put("need", need, fields, actor)
    if not may_reach(actor, "create", "need", need.customer):
        raise NotAllowed(_("Your role doesn't register needs of this customer."))
    for name, entry in need.customer.place.items():
        setattr(need, name, entry)
    _give(need, handler or _found(need, actor) or actor)
    _check(need)
    settle("need", need)
    need.save()
    _tell_handler(need, actor)
    _tell(need, "registered", actor, on)
    return need


@audited("need.edited")
def change_need(
    need: Need, changes: dict[str, Any], *, actor: Actor, on: date, version: int | None = None
) -> Need:
    need = claim(need, actor=actor, action="edit", version=version)
    if "customer" in changes and changes["customer"] != need.customer:
        raise Refused(_("A need stays with the customer who has it."))
    changes = dict(changes)
    if "handler" in changes:
        _pass(need, changes.pop("handler"))
    note(fields=sorted(changes))
    put("need", need, changes, actor)
    _check(need)
    settle("need", need)
    need.version += 1
    need.save()
    _tell(need, "edited", actor, on)
    return need


@audited("need.passed_on")
def pass_on_need(need: Need, handler: User, *, actor: Actor, on: date, reason: str = "") -> Need:
    """To somebody who works here, in whatever department; who had it stays in the history."""
    need = claim(need, actor=actor, action="edit")
    if not need.is_open:
        raise Refused(_("This need is settled already."))
    _pass(need, handler)
    need.version += 1
    need.save()
    _tell_handler(need, actor)
    _tell(need, "passed_on", actor, on)
    return need


@audited("need.started")
def start_need(need: Need, *, actor: Actor, on: date) -> Need:
    """Somebody works on it."""
    need = claim(need, actor=actor, action="edit")
    if need.state != State.OPEN:
        raise Refused(_("This need isn't waiting to be taken up."))
    need.state = State.IN_PROGRESS
    need.version += 1
    need.save()
    _tell(need, "started", actor, on)
    return need


@audited("need.answered")
def answer_need(need: Need, reply: str, *, actor: Actor, on: date) -> Need:
    """The reply that went to the customer."""
    need = claim(need, actor=actor, action="edit")
    if not need.is_open:
        raise Refused(_("This need is settled already."))
    if not reply.strip():
        raise Refused(_("Write what the customer was told."))
    need.state, need.reply, need.replied_on = State.ANSWERED, reply.strip(), on
    need.version += 1
    need.save()
    _tell(need, "answered", actor, on)
    return need


@audited("need.declined")
def decline_need(need: Need, *, actor: Actor, on: date, reason: str) -> Need:
    """We won't; the customer is told why."""
    need = claim(need, actor=actor, action="edit")
    if not need.is_open:
        raise Refused(_("This need is settled already."))
    if not reason.strip():
        raise Refused(_("Say why: the customer will ask."))
    need.state, need.reason, need.replied_on = State.DECLINED, reason.strip()[:300], on
    need.version += 1
    need.save()
    _tell(need, "declined", actor, on)
    return need


@audited("need.reopened")
def reopen_need(need: Need, *, actor: Actor, on: date) -> Need:
    """The undo of an answer or a refusal; the reply stays to be corrected."""
    need = claim(need, actor=actor, action="edit")
    if need.is_open:
        raise Refused(_("This need is open."))
    need.state, need.reason, need.replied_on = State.IN_PROGRESS, "", None
    need.version += 1
    need.save()
    _tell(need, "reopened", actor, on)
    return need


@audited("need.deleted")
def delete_need(need: Need, *, actor: Actor, on: date) -> None:
    claim(need, actor=actor, action="delete").delete()


def _found(need: Need, actor: Actor) -> User | None:
    return next((found for find in FINDERS if (found := find(need, actor)) is not None), None)


def _tell(need: Need, deed: str, actor: Actor, on: date) -> None:
    for hear in HEARERS:
        hear(need, deed, actor, on)


def _pass(need: Need, handler: User | None) -> None:
    before = need.handler
    _give(need, handler)
    if need.handler_id != before.pk:
        note(
            handler_before=before.pk,
            handler_before_name=before.name,
            handler_after=need.handler_id,
            handler_after_name=need.handler.name,
        )


def _give(need: Need, handler: Any) -> None:
    """Nobody can pass a need on into nothing."""
    if not isinstance(handler, User) or not handler.is_active:
        raise Refused(_("Choose a colleague who works here to see to it."))
    need.handler = handler
    need.handling_department_id = handler.department_id


def _tell_handler(need: Need, actor: Actor) -> None:
    notify([need.handler_id], "need.assigned", by=actor, about=need, words={"what": need.what})


def _check(need: Need) -> None:
    contact = need.contact
    if contact is not None and contact.customer_id != need.customer_id:
        raise Refused(_("Choose a contact of this customer."))
    if need.reply_due_on < need.raised_on:
        raise Refused(_("A reply can't be due before the need was raised."))
