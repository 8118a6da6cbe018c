"""Mailboxes that serve tickets: which of the shared ones do, and how."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.ids import record_id
from kezhi.core.refusal import Refused
from kezhi.messaging import problems
from kezhi.messaging.models import MailAccount
from kezhi.service.intake import desks
from kezhi.service.models import ServiceMailbox
from kezhi.service.models.service_mailbox import LANGUAGES
from kezhi.web.answering import done
from kezhi.web.intake.tabs import department_of, departments, tabs_of, types, version_of
from kezhi.web.requests import PersonRequest, must_may, typed


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """Those that serve, with how they are; and those that could."""
    must_may(request, "read", "intake")
    rows = list(desks.desks_in_use()[:100])
    others = MailAccount.objects.active().filter(purpose=MailAccount.Purpose.SHARED)
    others = others.exclude(pk__in=[row.account_id for row in rows]).order_by("name")[:100]
    about = {
        "rows": rows,
        "others": [(str(row.pk), f"{row.name} ({row.address})") for row in others],
        "words_of": problems.words,
        "tabs": tabs_of("mailboxes"),
        "may_add": request.actor.may("create", "intake"),
        "may_mail": request.actor.may("create", "mail_account"),
    }
    return render(request, "intake/mailboxes.html", about)


@require_POST
def add(request: PersonRequest) -> HttpResponse:
    """POST `account`: it serves tickets from now on."""
    must_may(request, "create", "intake")
    chosen = record_id(request.POST.get("account", "")) or 0
    account = get_object_or_404(MailAccount.objects.active(), pk=chosen)
    try:
        desk = desks.open_desk(
            account,
            {"department": account.department},
            actor=request.actor,
            at=timezone.now(),
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("intake")
    messages.success(request, _("From now on its letters become tickets."))
    return redirect("intake-mailbox", desk.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "read", "intake")
    desk = get_object_or_404(desks.desks_in_use(), pk=pk)
    if request.method != "POST":
        return _form(request, desk)
    must_may(request, "edit", "intake")
    entries = {
        "department": department_of(request),
        "type": typed(request, "type", 20),
        "language": typed(request, "language", 10),
        "is_confirming": bool(request.POST.get("is_confirming")),
    }
    return done(
        request,
        lambda: desks.change_desk(desk, entries, actor=request.actor, version=version_of(request)),
        _("Saved."),
        reverse("intake-mailbox", args=[pk]),
        lambda reason: _form(request, desk, entries, reason, 409),
    )


@require_POST
def end(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "delete", "intake")
    desks.close_desk(get_object_or_404(desks.desks_in_use(), pk=pk), actor=request.actor)
    messages.success(request, _("Its letters are filed with customers again."))
    return redirect("intake")


def _form(
    request: PersonRequest,
    desk: ServiceMailbox,
    entries: dict[str, Any] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    shown = entries or {name: getattr(desk, name) for name in desks.SETTINGS}
    about = {
        "desk": desk,
        "entries": shown,
        "refusal": refusal,
        "departments": departments(),
        "types": types(),
        "languages": LANGUAGES,
        "sending": problems.words(desk.account.sending_problem),
        "fetching": problems.words(desk.account.fetching_problem),
        "may_edit": request.actor.may("edit", "intake"),
        "may_end": request.actor.may("delete", "intake"),
    }
    return render(request, "intake/mailbox.html", about, status=status)
