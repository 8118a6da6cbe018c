"""A letter to a customer: written or begun from a template, looked at, and sent from one's own mailbox."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.core.ids import record_id, record_ids
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.corresponding import send_letter, writable_contacts
from kezhi.customers.models import Contact, Customer
from kezhi.messaging import merging
from kezhi.messaging.mailboxes import may_write_from
from kezhi.messaging.models import Incoming, MailTemplate
from kezhi.messaging.outbox import File
from kezhi.records import registry
from kezhi.web.requests import PersonRequest, must_may, must_see, typed

MOST_FILES = 10


@dataclass(slots=True)
class Draft:
    """What is typed so far."""

    subject: str = ""
    text: str = ""
    contacts: list[int] = field(default_factory=list)
    account: str = ""
    empty: tuple[str, ...] = ()


@require_http_methods(["GET", "HEAD", "POST"])
def write(request: PersonRequest, pk: int) -> HttpResponse:
    """GET `?answers=` a letter of theirs, `?template=` to begin with. POST sends."""
    must_may(request, "create", "mail")
    must_see(request, "contact", "reach")
    customer = get_object_or_404(Customer.objects.visible_to(request.actor), pk=pk)
    contacts = writable_contacts(customer, request.actor)
    answers = _answered(request, customer)
    if request.method != "POST":
        return _form(request, customer, contacts, _begun(request, customer, contacts, answers))
    draft = _typed(request)
    if "fill" in request.POST:
        return _form(request, customer, contacts, _filled(request, customer, contacts, draft))
    account = may_write_from(request.actor).filter(pk=record_id(draft.account) or 0).first()
    if account is None:
        refusal = _("Choose the mailbox that it is sent from.")
        return _form(request, customer, contacts, draft, refusal, 422)
    files = [
        File(
            upload.name or "",
            upload.read(),
            mimetypes.guess_type(upload.name or "")[0] or "application/octet-stream",
        )
        for upload in request.FILES.getlist("file")[:MOST_FILES]
    ]
    try:
        send_letter(
            customer,
            [contact for contact in contacts if contact.pk in draft.contacts],
            draft.subject,
            draft.text,
            actor=request.actor,
            at=timezone.now(),
            account=account,
            files=files,
            answers=answers,
        )
    except NotAllowed as refused:
        raise PermissionDenied(str(refused)) from refused
    except Refused as refused:
        return _form(request, customer, contacts, draft, str(refused), 422)
    messages.success(request, _("The letter is on its way."))
    return HttpResponseRedirect(f"{registry['customer'].url_of(customer)}#timeline")


def _typed(request: PersonRequest) -> Draft:
    return Draft(
        subject=typed(request, "subject", 200),
        text=typed(request, "text", merging.LONGEST),
        contacts=record_ids(request.POST.getlist("contact")),
        account=request.POST.get("account", ""),
    )


def _begun(
    request: PersonRequest, customer: Customer, contacts: list[Contact], answers: Incoming | None
) -> Draft:
    draft = Draft(contacts=[contact.pk for contact in contacts[:1]])
    if answers is not None:
        subject = answers.subject
        draft.subject = subject if subject.lower().startswith("re:") else f"Re: {subject}"
        draft.contacts = [c.pk for c in contacts if c.email.lower() == answers.from_address][:1]
    return _filled(request, customer, contacts, draft)


def _filled(
    request: PersonRequest, customer: Customer, contacts: list[Contact], draft: Draft
) -> Draft:
    """With the words of the chosen template, for the first contact chosen."""
    chosen = record_id(request.POST.get("template") or request.GET.get("template", ""))
    template = MailTemplate.objects.visible_to(request.actor).filter(pk=chosen or 0).first()
    if template is None:
        return draft
    contact = next((each for each in contacts if each.pk in draft.contacts), None)
    words = merging.words_for(customer, contact, request.actor, request.today)
    subject, text = merging.fill(template.subject, words), merging.fill(template.text, words)
    draft.subject, draft.text = subject.text, text.text
    draft.empty = tuple(dict.fromkeys([*subject.empty, *text.empty]))
    return draft


def _answered(request: PersonRequest, customer: Customer) -> Incoming | None:
    """The letter it answers: one that stands on this customer's timeline."""
    pk = record_id(request.POST.get("answers") or request.GET.get("answers", ""))
    found: Incoming | None = Incoming.objects.filter(
        pk=pk or 0, customer_id=customer.pk, state=Incoming.State.FILED
    ).first()
    return found


def _form(
    request: PersonRequest,
    customer: Customer,
    contacts: list[Contact],
    draft: Draft,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    templates = MailTemplate.objects.visible_to(request.actor).filter(is_active=True)
    answers = _answered(request, customer)
    about: dict[str, Any] = {
        "customer": customer,
        "customer_kind": registry["customer"],
        "contacts": contacts,
        "draft": draft,
        "refusal": refusal,
        "accounts": [
            (str(row.pk), f"{row.name} <{row.address}>")
            for row in may_write_from(request.actor).order_by("-purpose", "pk")
        ],
        "templates": [
            (str(row.pk), row.name) for row in templates.order_by("name", "language")[:200]
        ],
        "template": request.POST.get("template") or request.GET.get("template", ""),
        "answers": answers,
        "labels": {name: merging.FIELDS[name] for name in draft.empty},
    }
    return render(request, "messaging/write.html", about, status=status)
