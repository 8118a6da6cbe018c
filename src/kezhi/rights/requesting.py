"""What people ask of their data: taken in, the asker checked, decided by two where it can't be undone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note
from kezhi.core import queue
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.core.saying import Told
from kezhi.customers import reaching
from kezhi.customers.holdings import Holding
from kezhi.customers.models import Contact, Customer
from kezhi.insight.exempting import exempt_customer, exemption_of
from kezhi.messaging.noticing import notify
from kezhi.rights import holding_back
from kezhi.rights.deadlines import ALERTS, due_on, used
from kezhi.rights.models import DataRequest, RequestStep
from kezhi.workbench.customizing.entering import put

Sort, State = DataRequest.Sort, DataRequest.State
PACKED = (Sort.ACCESS, Sort.EXPORT)
OPEN_REQUESTS = Holding(
    "data_request",
    gettext_lazy("Open data requests"),
    lambda person: DataRequest.objects.open().filter(assignee_id=person),
    "assignee_id",
)


@audited("data_request.received")
def receive_request(fields: dict[str, Any], *, actor: Actor, on: date) -> DataRequest:
    """Take in a request; the clock runs from the day it came."""
    if not actor.may("create", "data_request"):
        raise NotAllowed(_("Your role doesn't take in data requests."))
    request = DataRequest(created_by_id=actor.pk, received_on=on)
    put("data_request", request, fields, actor)
    _settle_person(request)
    if request.received_on > on:
        raise Refused(_("A request can't come in the future."))
    request.due_on = due_on(request.law, request.received_on)
    request.save()
    _step(request, "received", actor)
    return request


@audited("data_request.assigned")
def edit_request(
    request: DataRequest,
    changes: dict[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
) -> DataRequest:
    """Who does it, whom it concerns, what is wished. The day it came and the law stay."""
    request = claim(request, actor=actor, action="edit", version=version)
    _demand_open(request)
    if {"received_on", "law", "sort"} & changes.keys() and any(
        changes[name] != getattr(request, name)
        for name in ("received_on", "law", "sort")
        if name in changes
    ):
        raise Refused(_("What was asked, and when, stays as it was taken in."))
    if request.is_checked and any(
        changes[name] != getattr(request, name)
        for name in ("contact", "customer")
        if name in changes
    ):
        raise Refused(_("The identity was checked for this person. Take in another request."))
    put("data_request", request, changes, actor)
    _settle_person(request)
    request.version += 1
    request.save()
    _step(request, "assigned", actor, request.assignee.name if request.assignee else "")
    return request


@audited("data_request.checked")
def check_identity(
    request: DataRequest, how: str, evidence: str, *, actor: Actor, on: date
) -> DataRequest:
    """Who asks is who they say: how it was checked, by whom, and what proves it."""
    request = claim(request, actor=actor, action="edit")
    _demand_open(request)
    if request.is_checked:
        raise Refused(_("The identity was checked already."))
    if request.person is None:
        raise Refused(_("Choose the contact or customer whom the request concerns."))
    if how not in DataRequest.Check.values or not evidence.strip():
        raise Refused(_("Say how the identity was checked and what proves it."))
    request.checked_how, request.checked_evidence = how, evidence.strip()[:300]
    request.checked_by_id, request.checked_on = actor.pk, on
    request.state = State.VERIFIED
    request.version += 1
    request.save()
    _step(request, "checked", actor, evidence)
    return request


@audited("data_request.planned")
def start_plan(request: DataRequest, *, actor: Actor) -> DataRequest:
    """Look what an erasure would do, in the background; nothing changes."""
    request = claim(request, actor=actor, action="edit")
    _demand_checked(request)
    title = Told(gettext_lazy("What would be erased: request %(number)s"), number=request.pk)
    request.job_run = queue.start("rights.plan", title, actor=actor, request=request.pk)
    request.save(update_fields=["job_run"])
    return request


@audited("data_request.proposed")
def propose_erasure(request: DataRequest, *, actor: Actor, on: date) -> DataRequest:
    """The first of two who agree that a person is erased."""
    request = claim(request, actor=actor, action="edit")
    _demand_checked(request)
    if request.sort != Sort.DELETE or request.state != State.VERIFIED:
        raise Refused(_("Only a deletion whose identity was checked is proposed."))
    assert request.person is not None
    if reasons := holding_back.reasons_for(request.person):
        raise Refused(_("A legal hold stands against it: %(reason)s") % {"reason": reasons[0]})
    request.state, request.proposed_by_id = State.PROPOSED, actor.pk
    request.version += 1
    request.save()
    _step(request, "proposed", actor)
    others = _officers(besides=actor.pk)
    words = {"what": _("erase the data of request %(number)s") % {"number": request.pk}}
    notify(
        others,
        "approval",
        by=actor,
        about=request,
        words=words,
        path=f"/data-requests/{request.pk}/",
    )
    return request


@audited("data_request.approved")
def approve_erasure(request: DataRequest, *, actor: Actor, on: date) -> DataRequest:
    """The second: it begins at once, in the background, and can't be undone."""
    request = claim(request, actor=actor, action="edit")
    if request.state != State.PROPOSED:
        raise Refused(_("This request doesn't wait for a second person."))
    if not actor.may("edit", "data_right"):
        raise NotAllowed(_("Your role doesn't erase people."))
    if actor.pk == request.proposed_by_id:
        raise NotAllowed(_("Somebody else has to approve what you proposed."))
    title = Told(gettext_lazy("Erase the person of request %(number)s"), number=request.pk)
    request.state, request.approved_by_id = State.WORKING, actor.pk
    request.version += 1
    request.job_run = queue.start("rights.erase", title, actor=actor, request=request.pk)
    request.save()
    _step(request, "approved", actor)
    return request


@audited("data_request.carried_out")
def carry_out(request: DataRequest, *, actor: Actor, on: date, outcome: str = "") -> DataRequest:
    """Do what is asked, where it takes one person: gather the data, restrict, exempt, or tell what was done."""
    request = claim(request, actor=actor, action="edit")
    _demand_checked(request)
    _demand_open(request)
    person = request.person
    assert person is not None
    if request.sort == Sort.DELETE:
        raise Refused(_("A deletion is proposed by one and approved by another."))
    if request.sort in PACKED and request.state != State.WORKING:
        title = Told(gettext_lazy("Data for request %(number)s"), number=request.pk)
        request.job_run = queue.start("rights.package", title, actor=actor, request=request.pk)
        request.state = State.WORKING
        request.save()
        _step(request, "working", actor)
        return request
    if request.sort == Sort.RESTRICT and request.state != State.WORKING:
        request.state, request.outcome = State.WORKING, outcome.strip()[:500]
        request.version += 1
        request.save()
        _step(request, "restricted", actor, outcome)
        return request
    if request.sort == Sort.OBJECT:
        customer = person if isinstance(person, Customer) else person.customer
        if exemption_of(customer) is None:
            reason = _("Objection, request %(number)s") % {"number": request.pk}
            exempt_customer(customer, actor=actor, on=on, reason=reason, channel=request.channel)
    elif request.sort in (Sort.CORRECT, Sort.EXPLAIN) and not outcome.strip():
        raise Refused(_("Write down what was corrected or explained, and how the person was told."))
    return close(request, actor, on, State.DONE, outcome)


@audited("data_request.refused")
def refuse_request(request: DataRequest, *, actor: Actor, on: date, reason: str) -> DataRequest:
    """The law allows it in some cases; the person is told why and where to complain."""
    request = claim(request, actor=actor, action="edit")
    _demand_open(request)
    if request.state == State.WORKING:
        raise Refused(_("This is being carried out already."))
    if not reason.strip():
        raise Refused(_("Say why: the person has a right to know, and to complain."))
    return close(request, actor, on, State.REFUSED, reason)


def close(request: DataRequest, by: Actor, on: date, state: str, outcome: str) -> DataRequest:
    """The end of a request, within the deed that ends it."""
    request.state, request.outcome, request.closed_on = state, outcome.strip()[:500], on
    request.version += 1
    request.save()
    _step(request, "done" if state == State.DONE else "refused", by, outcome)
    return request


@audited("data_request.reminded")
def remind(*, actor: Actor, on: date) -> int:
    """Tell whoever does it, or all who could, when half, four fifths and all of the time has gone."""
    told = 0
    for request in DataRequest.objects.open().order_by("due_on")[:1_000]:
        gone = used(request, on)
        passed = max((limit for limit in ALERTS if gone >= limit), default=0)
        if passed <= request.alerted:
            continue
        request.alerted = passed
        request.save(update_fields=["alerted"])
        what = _("%(gone)s %% of the time for the request of %(name)s, due on %(day)s")
        words = {"gone": passed, "name": request.person_name, "day": f"{request.due_on:%Y-%m-%d}"}
        notify(
            [request.assignee_id] if request.assignee_id else _officers(),
            "quota",
            about=request,
            words={"what": what % words},
            path=f"/data-requests/{request.pk}/",
            key=f"data_request:{request.pk}:{passed}",
        )
        told += 1
    note(told=told)
    return told


def restricted(
    persons: Sequence[reaching.Person], purpose: str, channel: str, at: datetime
) -> dict[int, str]:
    """Whose data may only be kept: they asked for it, and it hasn't been lifted."""
    contacts = [each.pk for each in persons if isinstance(each, Contact)]
    customers = {each.pk for each in persons if isinstance(each, Customer)}
    customers |= {each.customer_id for each in persons if isinstance(each, Contact)}
    rows = DataRequest.objects.filter(
        Q(contact_id__in=contacts) | Q(customer_id__in=customers, contact__isnull=True),
        sort=Sort.RESTRICT,
        state=State.WORKING,
    )
    found = set(rows.values_list("contact_id", "customer_id"))
    of_contacts = {contact for contact, _customer in found if contact}
    of_customers = {customer for contact, customer in found if not contact}
    reason = _("Their data is restricted: it is kept and not used.")
    return {
        place: reason
        for place, each in enumerate(persons)
        if (isinstance(each, Contact) and each.pk in of_contacts)
        or (each.customer_id if isinstance(each, Contact) else each.pk) in of_customers
    }


def _settle_person(request: DataRequest) -> None:
    contact = request.contact
    if contact is not None:
        if request.customer_id is None:
            request.customer = contact.customer
        elif request.customer_id != contact.customer_id:
            raise Refused(_("Choose a contact of this customer."))
    customer = request.customer
    if contact is None and customer is not None and customer.form != Customer.Form.PERSON:
        raise Refused(_("Choose the contact it is about: a company isn't a person."))
    if not request.person_name.strip():
        if request.person is None:
            raise Refused(_("Write down who asks."))
        request.person_name = str(request.person)[:150]


def _demand_open(request: DataRequest) -> None:
    if not request.is_open:
        raise Refused(_("This request is closed."))


def _demand_checked(request: DataRequest) -> None:
    if not request.is_checked or request.person is None:
        raise Refused(_("Check first who asks: data goes to nobody else."))


def _officers(besides: int | None = None) -> list[int]:
    people = User.objects.active().prefetch_related("roles")[:500]
    return [each.pk for each in people if each.pk != besides and each.may("edit", "data_right")]


def _step(request: DataRequest, what: str, by: Actor, words: str = "") -> None:
    RequestStep.objects.create(
        request=request,
        at=Now(),
        by_id=by.pk,
        by_name=by.name[:150],
        what=what,
        note=words.strip()[:500],
    )
