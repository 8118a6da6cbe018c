"""What anybody promised a customer, in one log: no two promises contradict each other unseen."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.names import name_key
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.customers.models import Customer, Promise
from kezhi.workbench.customizing.entering import put, settle

State = Promise.State


@audited("promise.made")
def make_promise(fields: dict[str, Any], *, actor: Actor, on: date) -> Promise:
    """A promise to a customer that the actor may work on, made today by the actor unless said otherwise.

    One that contradicts an open promise is kept and both are marked: the customer has heard both.
    """
    fields = {"made_on": on, "made_by": person(actor), **fields}
    promise = Promise(created_by_id=actor.pk)
    put("promise", promise, fields, actor)
    if not may_reach(actor, "create", "promise", promise.customer):
        raise NotAllowed(_("Your role doesn't promise this customer anything."))
    for name, entry in promise.customer.place.items():
        setattr(promise, name, entry)
    _check(promise)
    settle("promise", promise)
    _lock(promise.customer_id)
    promise.save()
    note(contradicts=_compare(promise))
    return promise


@audited("promise.edited")
def change_promise(
    promise: Promise,
    changes: dict[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
) -> Promise:
    promise = claim(promise, actor=actor, action="edit", version=version)
    if not promise.is_open:
        raise Refused(_("This promise is settled. Reopen it to change it."))
    if "customer" in changes and changes["customer"] != promise.customer:
        raise Refused(_("A promise stays with the customer it was made to."))
    before = Promise(
        customer_id=promise.customer_id, topic=promise.topic, subject_key=promise.subject_key
    )
    note(fields=sorted(changes))
    put("promise", promise, changes, actor)
    _check(promise)
    settle("promise", promise)
    _lock(promise.customer_id)
    promise.version += 1
    promise.save()
    _mark(before)
    _compare(promise)
    return promise


@audited("promise.settled")
def settle_promise(
    promise: Promise, state: str, *, actor: Actor, on: date, reason: str = ""
) -> Promise:
    """Kept, broken or withdrawn. What wasn't kept says why."""
    promise = claim(promise, actor=actor, action="edit")
    if state not in (State.KEPT, State.BROKEN, State.WITHDRAWN):
        raise Refused(_("Say whether the promise was kept, broken or withdrawn."))
    if not promise.is_open:
        raise Refused(_("This promise is settled already."))
    if state != State.KEPT and not reason.strip():
        raise Refused(
            _("Say why it wasn't kept: the next who talks to the customer needs to know.")
        )
    _lock(promise.customer_id)
    promise.state, promise.reason, promise.settled_on = state, reason.strip()[:300], on
    promise.settled_by = person(actor)
    promise.version += 1
    promise.save()
    _mark(promise)
    return promise


@audited("promise.reopened")
def reopen_promise(promise: Promise, *, actor: Actor, on: date) -> Promise:
    """The undo of settling."""
    promise = claim(promise, actor=actor, action="edit")
    _lock(promise.customer_id)
    promise.state, promise.reason = State.OPEN, ""
    promise.settled_on = promise.settled_by = None
    promise.version += 1
    promise.save()
    _mark(promise)
    return promise


@audited("promise.deleted")
def delete_promise(promise: Promise, *, actor: Actor, on: date) -> None:
    promise = claim(promise, actor=actor, action="delete")
    _lock(promise.customer_id)
    gone = Promise(
        customer_id=promise.customer_id, topic=promise.topic, subject_key=promise.subject_key
    )
    promise.delete()
    _mark(gone)


def contradicting(promise: Promise) -> list[Promise]:
    """The open promises that can't hold beside this one; the customer's people see all of them."""
    if not promise.is_open:
        return []
    beside = Promise.objects.beside(promise).select_related("made_by").order_by("due_on", "pk")
    return [other for other in beside if promise.contradicts(other)]


def _check(promise: Promise) -> None:
    contact = promise.contact
    if contact is not None and contact.customer_id != promise.customer_id:
        raise Refused(_("Choose a contact of this customer."))
    if promise.made_by is None and promise.pk is None and promise.created_by_id is not None:
        raise Refused(_("Choose who promised it."))
    if promise.due_on < promise.made_on:
        raise Refused(_("It can't be due before it was made."))
    promise.subject_key = name_key(promise.subject)[:120]


def _lock(customer_id: int) -> None:
    """Two colleagues promising at once must see each other."""
    Customer.objects.select_for_update(of=("self",)).filter(pk=customer_id).first()


def _compare(promise: Promise) -> list[int]:
    """Mark what is open about the matter; the ids of those that contradict this promise."""
    _mark(promise)
    others = contradicting(promise)
    promise.is_contradicted = bool(others)
    return [other.pk for other in others]


def _mark(promise: Promise) -> None:
    """`is_contradicted` of all promises about the matter, as it is now."""
    same = Promise.objects.filter(
        customer_id=promise.customer_id, topic=promise.topic, subject_key=promise.subject_key
    )
    every = list(same)
    open_ones = [each for each in every if each.is_open]
    for each in every:
        stands_against = each.is_open and any(
            each.contradicts(other) for other in open_ones if other.pk != each.pk
        )
        if stands_against != each.is_contradicted:
            Promise.objects.filter(pk=each.pk).update(is_contradicted=stands_against)
