"""The page of one customer: who they are, what they are worth and why, what happened, what comes next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from kezhi.accounts.models import User
from kezhi.audit.sightings import note_sighting
from kezhi.customers.models import Contact, Customer, Draft, Promise
from kezhi.customers.models.standing import Stage
from kezhi.insight import figures
from kezhi.insight.exempting import with_exemption
from kezhi.ledger.models import Order
from kezhi.records import Condition, registry
from kezhi.web.accounts import shares
from kezhi.web.accounts.deeds import LABELS
from kezhi.web.attachments.panel import File
from kezhi.web.attachments.panel import shown as files_shown
from kezhi.web.complaints import trouble
from kezhi.web.customers import (
    answered,
    experience,
    filled,
    next_steps,
    owner,
    panels,
    people,
    tier,
    timeline,
    worth,
)
from kezhi.web.customers.composer import KINDS, Writing
from kezhi.web.customers.own_fields import own_fields
from kezhi.web.customers.reach import reaches
from kezhi.web.customers.whole_form import whole_form
from kezhi.web.messaging.marks import marks_of
from kezhi.web.records import history, neighbours
from kezhi.web.records.cells import properties
from kezhi.web.records.forms import RecordForm
from kezhi.web.records.record import tags_about
from kezhi.web.records.sightings import seen_of
from kezhi.web.requests import PersonRequest
from kezhi.web.value import offers
from kezhi.workbench import tagging
from kezhi.workbench.attaching import attachments_of

LAST_ORDERS = 5
LAST_CHANGES = 5
# Told to the page when what it knows of the party has changed.
KNOWN_CHANGED = "known-changed"


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """The whole page, or the part that htmx asks for by the id of its target."""
    rows = Customer.objects.visible_to(request.actor).select_related("standing", "owner")
    told = answered.told_with(tier.told_with(with_exemption(rows)), request.actor)
    told = filled.told_with(told, request.actor)
    customer: Customer = get_object_or_404(told, pk=pk)
    target = request.htmx.target if request.htmx else None
    if target in ("timeline", "older"):
        return render(request, f"customers/_{target}.html", _timeline(request, customer))
    if target == "next-steps":
        return render(
            request,
            "customers/_next_steps.html",
            _next_steps(request, customer, figures.basis_for(request.actor)),
        )
    return whole(request, customer)


def whole(
    request: PersonRequest,
    customer: Customer,
    *,
    writing: Writing | None = None,
    own: RecordForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, with what was typed and refused if there is something."""
    actor = request.actor
    basis = figures.basis_for(actor)
    kind = registry["customer"].seen_by(actor)
    contact_kind = registry["contact"].seen_by(actor)
    contacts = people.of(customer, actor)
    shown = (kind.field(name) for name in kind.properties)
    people_shown = [each.contact for each in contacts]
    seen = [
        *seen_of(kind, [customer], shown),
        *seen_of(contact_kind, people_shown, contact_kind.fields),
    ]
    note_sighting(seen, actor=actor, on=request.today, where="page")
    known = panels.of(request, customer)
    if not filled.holds(customer, "tag"):
        tagging.know(customer, [])
    about = {
        **story(request, customer, writing, own, contacts=people_shown),
        **known,
        **_next_steps(request, customer, basis),
        "tier_told": tier.of(request, customer),
        "worth": worth.of(customer, actor, basis) if basis else None,
        "answered": answered.of(customer, actor),
        "experience": experience.of(customer, actor, request.today),
        "contacts": contacts,
        "may_add_contact": known["may_add"]["contact"],
        "may_edit": reaches(actor, "edit", "customer", customer),
        "contradictory": panels.contradictory(known["promises"]),
        **trouble.of(customer, actor),
        "role_labels": dict(Customer.Role.choices),
        "owner_options": owner.options() if reaches(actor, "assign", "customer", customer) else [],
        "reason": "",
        "orders": Order.objects.visible_to(actor)
        .filter(customer=customer)
        .order_by("-ordered_on", "-pk")[:LAST_ORDERS],
        "orders_url": registry["order"].list_url(Condition("customer", "eq", str(customer.pk))),
        "kind": kind,
        **shares.panel(customer, actor),
        "sees_value": actor.sees("customer", "value"),
        "offers": _offers(actor, customer) if basis else [],
        "may_answer_offers": reaches(actor, "create", "follow_up", customer),
        **offers.words(),
        "neighbours": neighbours.of(request, kind, customer.pk),
        "properties": [
            each
            for each in properties(kind, customer, may_reveal=actor.may("read", "reveal"))
            if each.field.name != tagging.FIELD
        ],
        "history": history.of(request, kind, customer, most=LAST_CHANGES),
        **tags_about(request, kind, customer, reaches(actor, "edit", "customer", customer)),
        "contact_kind": contact_kind,
        "refusal": "",
    }
    return render(request, "customers/page.html", about, status=status)


def _offers(actor: User, customer: Customer) -> list[figures.Suggestion]:
    return figures.offers_of(actor, customer.pk) if filled.holds(customer, "offer") else []


def story(
    request: PersonRequest,
    customer: Customer,
    writing: Writing | None,
    own: RecordForm | None = None,
    *,
    contacts: list[Contact] | None = None,
) -> dict[str, Any]:
    """The composer, with what the person left unfinished, and the timeline under it."""
    actor = request.actor
    may_log = reaches(actor, "create", "interaction", customer)
    draft = None
    if writing is None and may_log and filled.holds(customer, "draft"):
        draft = Draft.objects.filter(person_id=actor.pk, customer=customer).first()
    if contacts is None:
        contacts = [each.contact for each in people.of(customer, actor)]
    known = {"customer": customer.pk, "next": registry["customer"].url_of(customer)}
    return {
        **_timeline(request, customer),
        "writing": writing or Writing.restored(draft),
        "why_not_now": trouble.why_not_now(customer),
        "draft": draft,
        "own": own or own_fields(request),
        "kinds": KINDS,
        "topics": Promise.Topic.choices,
        "writable_contacts": contacts,
        "may_log": may_log,
        "may_promise": reaches(actor, "create", "promise", customer),
        "plan_form": whole_form("follow_up", **known),
        "promise_form": whole_form("promise", **known),
    }


def _timeline(request: PersonRequest, customer: Customer) -> dict[str, Any]:
    tab = request.GET.get("show", "")
    tab = tab if tab in timeline.TABS else ""
    before = request.GET.get("before", "")
    counts = timeline.counts(customer, request.actor)
    by_tab = counts.by_tab
    shown = timeline.timeline(customer, request.actor, tab=tab, before=before, known=counts)
    rows = [entry.record for entry in shown.entries if entry.source == "interaction"]
    pinned = (
        timeline.pinned(customer, request.actor) if counts.pinned and not (before or tab) else []
    )
    rows += pinned
    address = registry["customer"].url_of(customer)
    return {
        "customer": customer,
        "page": shown,
        "pinned": pinned,
        "entry_files": _entry_files([row.pk for row in rows]),
        "entry_mail": marks_of(rows, request.actor),
        "may_pin": reaches(request.actor, "edit", "interaction", customer),
        "deed_labels": LABELS,
        "kind_of": registry.declared,
        "tab": tab,
        "is_older": bool(before),
        "stage_labels": dict(Stage.choices),
        "order_kind": registry["order"],
        "address": address,
        "tabs": [
            {
                "label": label,
                "href": f"{address}?show={name}" if name else address,
                "count": by_tab[name] if name else None,
                "current": name == tab,
            }
            for name, (label, _sources) in timeline.TABS.items()
            if not name or by_tab[name] or name == tab
        ],
    }


def _next_steps(
    request: PersonRequest, customer: Customer, basis: figures.Basis | None
) -> dict[str, Any]:
    return {
        "customer": customer,
        "steps": next_steps.of(customer, request.actor, basis),
        "why_not_now": trouble.why_not_now(customer),
        "may_plan": reaches(request.actor, "create", "follow_up", customer),
        "quick_plan_form": _plan_form(request, customer),
        "address": registry["customer"].url_of(customer),
    }


def _plan_form(request: PersonRequest, customer: Customer) -> str:
    return whole_form(
        "follow_up",
        customer=customer.pk,
        due_on=request.today + timedelta(days=1),
        next=registry["customer"].url_of(customer),
    )


def _entry_files(ids: list[int]) -> dict[int, list[File]]:
    """The files of the entries shown, by entry."""
    found: dict[int, list[File]] = {}
    if ids:
        for file in files_shown(attachments_of("interaction", *ids)):
            found.setdefault(file.attachment.object_id, []).append(file)
    return found
