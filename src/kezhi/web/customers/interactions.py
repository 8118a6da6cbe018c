"""What a person writes on a customer's timeline, and what becomes of it: put right, pinned, taken away."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.drafting import keep_draft
from kezhi.customers.following_up import (
    delete_interaction,
    edit_interaction,
    log_interaction,
    pin_interaction,
    plan_follow_up,
)
from kezhi.customers.models import Customer, Interaction, Promise
from kezhi.customers.promising import contradicting, make_promise
from kezhi.records import registry
from kezhi.web.customers import page
from kezhi.web.customers.composer import KINDS, Writing
from kezhi.web.customers.follow_ups import CHANGED
from kezhi.web.customers.own_fields import own_fields
from kezhi.web.records.forms import RecordForm
from kezhi.web.requests import PersonRequest
from kezhi.web.toasts import toast
from kezhi.workbench.attaching import attach
from kezhi.workbench.customizing.entering import changed


@require_POST
def create(request: PersonRequest, pk: int) -> HttpResponse:
    """POST kind, text, contact, at, next_on, promise…, file (several): an interaction and what goes with it."""
    customer = get_object_or_404(Customer.objects.visible_to(request.actor), pk=pk)
    own = own_fields(request)
    if "find" in request.POST:
        writing = Writing.typed(request.POST)
        return _answer(request, customer, writing, own.searching(request.POST))
    writing, own = Writing.posted(request, customer), own.read(request.POST)
    if writing.errors or not own.is_valid:
        return _answer(request, customer, writing, own, status=422)
    try:
        promise = _save(request, customer, writing, own.entries)
    except Refused as refusal:
        writing.errors["text"] = str(refusal)
        return _answer(request, customer, writing, own, status=409)
    told = _("Saved on the timeline")
    against = contradicting(promise) if promise else []
    if against:
        told = _("Saved. The promise contradicts another: “%(other)s”") % {"other": against[0].what}
    if not request.htmx:
        (messages.warning if against else messages.success)(request, told)
        return HttpResponseRedirect(registry["customer"].url_of(customer))
    response = _answer(request, customer, Writing(channel=writing.channel))
    changed = trigger_client_event(toast(response, told), CHANGED)
    return trigger_client_event(changed, page.KNOWN_CHANGED)


def _save(
    request: PersonRequest, customer: Customer, writing: Writing, entries: dict[str, Any]
) -> Promise | None:
    now = timezone.now()
    contact = writing.chosen_contact(customer, request.actor)
    promise = None
    with transaction.atomic():
        interaction = log_interaction(
            customer,
            writing.channel,
            writing.text,
            actor=request.actor,
            at=writing.moment or now,
            contact=contact,
            entries=entries,
        )
        if writing.due_on:
            about = Truncator(writing.text.splitlines()[0]).chars(80)
            subject = _("Follow up: %(about)s") % {"about": about}
            fields = {
                "customer": customer,
                "subject": subject,
                "due_on": writing.due_on,
                "despite": writing.despite,
            }
            plan_follow_up(fields, actor=request.actor, on=request.today)
        if writing.promise:
            promise = make_promise(
                {
                    "customer": customer,
                    "what": writing.promise,
                    "topic": writing.promise_topic,
                    "due_on": writing.promise_due,
                    "contact": contact,
                },
                actor=request.actor,
                on=request.today,
            )
        for upload in request.FILES.getlist("file")[:20]:
            attach(
                interaction,
                upload.name or "",
                upload.chunks(),
                kind="interaction",
                actor=request.actor,
                at=now,
            )
        keep_draft(request.actor, customer, "", {})
    return promise


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    """The form of one's own entry; POST kind, text and the version that was read."""
    interaction = _own(request, pk)
    own = own_fields(request, interaction)
    if request.method != "POST":
        return _edit_form(request, interaction, interaction.text, own)
    channel, text = request.POST.get("kind", ""), request.POST.get("text", "")[:20_000]
    if "find" in request.POST:
        return _edit_form(request, interaction, text, own.searching(request.POST))
    if not own.read(request.POST).is_valid:
        return _edit_form(request, interaction, text, own, status=422)
    changes: dict[str, Any] = {"text": text, **changed("interaction", interaction, own.entries)}
    if channel in Interaction.Channel.values:
        changes["channel"] = channel
    version = request.POST.get("version", "")
    try:
        edit_interaction(
            interaction,
            changes,
            actor=request.actor,
            at=timezone.now(),
            version=int(version) if version.isdecimal() and len(version) < 10 else 0,
        )
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        fresh = Interaction.objects.get(pk=pk)
        return _edit_form(request, fresh, text, own, str(refusal), 409)
    messages.success(request, _("The entry is changed"))
    return HttpResponseRedirect(_home(interaction))


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """A page that asks; POST deletes."""
    interaction = _visible(request, pk)
    if not Interaction.objects.visible_to(request.actor, "delete").filter(pk=pk).exists():
        raise PermissionDenied
    about = {"interaction": interaction, "home": _home(interaction), "kind": registry["customer"]}
    if request.method != "POST":
        return render(request, "customers/entry_removal.html", about)
    try:
        delete_interaction(interaction, actor=request.actor, on=request.today)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    messages.success(request, _("The entry is gone"))
    return HttpResponseRedirect(_home(interaction))


@require_POST
def pin(request: PersonRequest, pk: int) -> HttpResponse:
    """POST `pinned` (1 or nothing)."""
    interaction = _visible(request, pk)
    is_pinned = bool(request.POST.get("pinned"))
    try:
        pin_interaction(interaction, actor=request.actor, is_pinned=is_pinned)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        messages.error(request, str(refusal))
    return HttpResponseRedirect(_home(interaction))


def _visible(request: PersonRequest, pk: int) -> Interaction:
    rows = Interaction.objects.visible_to(request.actor).select_related("customer")
    found: Interaction = get_object_or_404(rows, pk=pk)
    # Who may read entries but not the customer has no page to go back to.
    get_object_or_404(Customer.objects.visible_to(request.actor), pk=found.customer_id)
    return found


def _own(request: PersonRequest, pk: int) -> Interaction:
    interaction = _visible(request, pk)
    if interaction.author_id != request.actor.pk:
        raise PermissionDenied
    return interaction


def _home(interaction: Interaction) -> str:
    return f"{registry['customer'].url_of(interaction.customer)}#timeline"


def _edit_form(
    request: PersonRequest,
    interaction: Interaction,
    text: str,
    own: RecordForm,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    about = {
        "interaction": interaction,
        "text": text,
        "own": own,
        "kinds": KINDS,
        "refusal": refusal,
        "home": _home(interaction),
        "kind": registry["customer"],
    }
    return render(request, "customers/entry_form.html", about, status=status)


def _answer(
    request: PersonRequest,
    customer: Customer,
    writing: Writing,
    own: RecordForm | None = None,
    status: int = 200,
) -> HttpResponse:
    if request.htmx:
        about = page.story(request, customer, writing, own)
        return render(request, "customers/_story.html", about, status=status)
    return page.whole(request, customer, writing=writing, own=own, status=status)
