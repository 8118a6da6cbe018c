"""One card: its picture or text beside what was read from it, who it may be already, and the confirmation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods

from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.carding import confirm_card, keep_reading, reopen_card, skip_card
from kezhi.customers.carding_parsing import FIELDS, cards_in, fitting
from kezhi.customers.deduplicating import Finding, look_for
from kezhi.customers.models import Card, CardBatch, Customer
from kezhi.web.duplicates.checking import Doubt
from kezhi.web.requests import PersonRequest, must_may


@dataclass(frozen=True)
class Said:
    """What stands in the form, and what is wrong with it."""

    fields: dict[str, str]
    customer: str = ""
    follow_up_on: str = ""
    reason: str = ""
    errors: dict[str, str] | None = None


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """POST `deed`: take in, read (the typed text again), skip or reopen; then the next card."""
    must_may(request, "read", "card")
    batches = CardBatch.objects.visible_to(request.actor).values("pk")
    cards = Card.objects.select_related("batch", "customer", "contact")
    card = get_object_or_404(cards, pk=pk, batch__in=batches)
    if request.method != "POST":
        return _page(request, card, Said(dict(card.fields)))
    if not CardBatch.objects.visible_to(request.actor, "edit").filter(pk=card.batch_id).exists():
        raise PermissionDenied
    try:
        return _do(request, card)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        return _page(request, card, _said(request), str(refusal), status=409)


def _do(request: PersonRequest, card: Card) -> HttpResponse:
    deed = request.POST.get("deed", "")
    if deed == "skip":
        skip_card(card, actor=request.actor, at=timezone.now())
        return _onwards(card)
    if deed == "reopen":
        reopen_card(card, actor=request.actor)
        return HttpResponseRedirect(reverse("card", args=[card.pk]))
    if deed == "read":
        text = request.POST.get("text", "")
        read = next(iter(cards_in(text)), ("", {}))[1]
        card.fields = {}
        keep_reading(card, text, read, actor=request.actor)
        return HttpResponseRedirect(reverse("card", args=[card.pk]))
    return _confirm(request, card)


def _confirm(request: PersonRequest, card: Card) -> HttpResponse:
    said = _said(request)
    errors = _errors(request, said)
    customer = None
    if said.customer:
        rows = Customer.objects.visible_to(request.actor)
        customer = rows.filter(pk=record_id(said.customer)).first()
        if customer is None:
            errors["customer"] = _("Choose one of the customers, or a new one.")
    finding = _finding(request, said.fields)
    if customer is None and not errors and finding.is_exact and not said.reason:
        errors["customer"] = _("Choose the customer that is there, or say why it is another one.")
    if errors:
        wrong = Said(said.fields, said.customer, said.follow_up_on, said.reason, errors)
        return _page(request, card, wrong, status=422)
    contact = confirm_card(
        card,
        said.fields,
        actor=request.actor,
        on=request.today,
        at=timezone.now(),
        customer=customer,
        follow_up_on=date.fromisoformat(said.follow_up_on) if said.follow_up_on else None,
        reason=said.reason,
    )
    messages.success(request, _("%(name)s is saved") % {"name": contact.name})
    return _onwards(card)


def _said(request: PersonRequest) -> Said:
    data = request.POST
    return Said(
        fitting({name: data.get(name, "") for name in FIELDS}),
        data.get("customer", "").strip()[:18],
        data.get("follow_up_on", "").strip()[:10],
        data.get("anyway_reason", "").strip()[:300],
    )


def _errors(request: PersonRequest, said: Said) -> dict[str, str]:
    errors = {}
    if not said.fields.get("name"):
        errors["name"] = _("Fill in the name of the person.")
    if mail := said.fields.get("email"):
        try:
            validate_email(mail)
        except ValidationError:
            errors["email"] = _("This is not an e-mail address.")
    if said.follow_up_on:
        try:
            if date.fromisoformat(said.follow_up_on) < request.today:
                raise ValueError
        except ValueError:
            errors["follow_up_on"] = _("Choose today or a later day for the next follow-up.")
    return errors


def _finding(request: PersonRequest, fields: dict[str, str]) -> Finding:
    """Customers with the company's name or one of the card's numbers."""
    company = fields.get("company", "")
    numbers = ";".join(filter(None, (fields.get("phone"), fields.get("company_phone"))))
    entries: dict[str, Any] = {
        "name": company,
        "form": Customer.Form.COMPANY,
        "phone": numbers,
        **{name: fields.get(name, "") for name in ("email", "wechat", "website")},
    }
    return look_for(request.actor, "customer", entries)


def _page(
    request: PersonRequest, card: Card, said: Said, refusal: str = "", status: int = 200
) -> HttpResponse:
    is_open = card.state == Card.State.OPEN
    finding = _finding(request, said.fields) if is_open else Finding()
    best = finding.seen[0].customer.pk if finding.seen else ""
    total = card.batch.cards.count()
    before = card.batch.cards.filter(position__lt=card.position).order_by("-position")
    after = card.batch.cards.filter(position__gt=card.position).order_by("position")
    about = {
        "card": card,
        "batch": card.batch,
        "said": said,
        "errors": said.errors or {},
        "doubt": Doubt("customer", finding, said.reason),
        "chosen": said.customer or (str(best) if request.method != "POST" else ""),
        "controls": _controls(said),
        "refusal": refusal,
        "total": total,
        "previous": before.values_list("pk", flat=True).first(),
        "next": after.values_list("pk", flat=True).first(),
        "is_open": is_open,
        "may_edit": CardBatch.objects.visible_to(request.actor, "edit")
        .filter(pk=card.batch_id)
        .exists(),
    }
    return render(request, "cards/card.html", about, status=status)


def _controls(said: Said) -> list[tuple[str, str, str, str, int]]:
    """Name, label, kind and entry of each field, in the order of a card."""
    labels = (
        ("name", _("Name"), "text"),
        ("title", pgettext("contact", "Position"), "text"),
        ("company", _("Company"), "text"),
        ("phone", _("Phone"), "tel"),
        ("email", _("E-mail"), "email"),
        ("wechat", _("WeChat id"), "text"),
        ("company_phone", _("Phone of the company"), "tel"),
        ("website", _("Website"), "text"),
        ("address", _("Address"), "text"),
        ("remark", _("Remark"), "textarea"),
    )
    return [
        (name, label, kind, said.fields.get(name, ""), FIELDS[name]) for name, label, kind in labels
    ]


def _onwards(card: Card) -> HttpResponse:
    """To the next card that waits, from here on and then from the start; else to the batch."""
    waiting = Card.objects.filter(batch=card.batch_id, state=Card.State.OPEN).order_by("position")
    following = waiting.filter(position__gt=card.position).first() or waiting.first()
    if following is None:
        return HttpResponseRedirect(reverse("cards-batch", args=[card.batch_id]))
    return HttpResponseRedirect(reverse("card", args=[following.pk]))
