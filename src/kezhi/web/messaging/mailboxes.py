"""Mailboxes: how mail leaves and comes in, whether it does, and what to do when it doesn't."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.accounts.models import Department
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.messaging import mailboxes, problems
from kezhi.messaging.models import MailAccount, Sender
from kezhi.messaging.signing import change_signature
from kezhi.web.messaging.mail_tabs import tabs_of
from kezhi.web.requests import PersonRequest, must_may, typed

Purpose = MailAccount.Purpose
NUMBERS = ("smtp_port", "imap_port", "hourly_limit", "domain_hourly_limit")
TEXTS = tuple(name for name in mailboxes.SETTINGS if name not in NUMBERS and name != "department")


@dataclass(slots=True)
class Form:
    """What is shown and typed, as text; passwords are never among it."""

    entries: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, account: MailAccount) -> Form:
        shown = {name: str(getattr(account, name)) for name in (*TEXTS, *NUMBERS)}
        return cls({**shown, "department": str(account.department_id or "")})

    @classmethod
    def typed(cls, request: PersonRequest) -> Form:
        names = (*TEXTS, *NUMBERS, "department")
        return cls({name: typed(request, name, 300) for name in names})

    def settings(self) -> dict[str, Any]:
        """As the deed takes them; a number that is none is noted in `errors`."""
        found: dict[str, Any] = {name: self.entries[name] for name in TEXTS}
        for name in NUMBERS:
            text = self.entries[name]
            if text.isascii() and text.isdecimal() and len(text) < 8:
                found[name] = int(text)
            else:
                self.errors[name] = _("Enter a number.")
        chosen = record_id(self.entries["department"])
        found["department"] = Department.objects.filter(pk=chosen).first() if chosen else None
        return found


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """Those the reader works with, and those they keep; with how each of them is."""
    must_may(request, "read", "mail")
    actor = request.actor
    mine = MailAccount.objects.visible_to(actor) | MailAccount.objects.visible_to(actor, "edit")
    rows = mine.filter(is_active=True).select_related("owner", "department").distinct()
    kept = set(MailAccount.objects.visible_to(actor, "edit").values_list("pk", flat=True))
    signature = Sender.objects.filter(person=actor).values_list("signature", flat=True).first()
    about = {
        "rows": [
            (row, row.pk in kept, mailboxes.waiting_in(row))
            for row in rows.order_by("purpose", "pk")
        ],
        "may_keep": actor.may("create", "mail_account"),
        "may_add": actor.may("create", "mail"),
        "words_of": problems.words,
        "signature": signature or "",
        "tabs": tabs_of(request, "mailboxes"),
    }
    return render(request, "messaging/mailboxes.html", about)


@sensitive_post_parameters("smtp_password", "imap_password")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: PersonRequest, purpose: str) -> HttpResponse:
    """The form of a new one."""
    if purpose not in Purpose.values:
        raise Http404
    must_may(request, "create", "mail" if purpose == Purpose.PERSONAL else "mail_account")
    account = MailAccount(purpose=purpose)
    if request.method != "POST":
        usual = {"address": request.actor.email} if purpose == Purpose.PERSONAL else {}
        form = Form.of(account)
        form.entries.update(usual)
        return _form(request, account, form)
    form = Form.typed(request)
    entries = {**form.settings(), **_passwords(request)}
    if form.errors:
        return _form(request, account, form, status=422)
    try:
        made = mailboxes.add_mailbox(purpose, entries, actor=request.actor, on=request.today)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        return _form(request, account, form, str(refusal), 422)
    messages.success(request, _("The mailbox is set up. Try it now."))
    return redirect("mailbox", made.pk)


@sensitive_post_parameters("smtp_password", "imap_password")
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """One mailbox: its state, and its settings for who keeps it."""
    account, is_kept = _mailbox(request, pk)
    if request.method != "POST":
        return _form(request, account, Form.of(account), is_kept=is_kept)
    if not is_kept:
        raise PermissionDenied
    form = Form.typed(request)
    entries = {**form.settings(), **_passwords(request)}
    if form.errors:
        return _form(request, account, form, status=422)
    version = request.POST.get("version", "")
    try:
        mailboxes.change_mailbox(
            account,
            entries,
            actor=request.actor,
            on=request.today,
            version=int(version) if version.isdecimal() and len(version) < 10 else 0,
        )
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        return _form(request, account, form, str(refusal), 409)
    messages.success(request, _("Saved."))
    return redirect("mailbox", pk)


@require_POST
def trial(request: PersonRequest, pk: int) -> HttpResponse:
    """Both servers are tried; the page says what came of it."""
    account, is_kept = _mailbox(request, pk)
    if not is_kept:
        raise PermissionDenied
    found = mailboxes.try_mailbox(account, actor=request.actor, at=timezone.now())
    if found.is_good:
        messages.success(request, _("Both servers let us in."))
    else:
        messages.error(request, _("It doesn’t work yet: see below."))
    return redirect("mailbox", pk)


@require_POST
def pause(request: PersonRequest, pk: int) -> HttpResponse:
    """POST `paused` (1 or nothing)."""
    is_paused = bool(request.POST.get("paused"))
    return _done(
        request,
        pk,
        lambda account: mailboxes.pause_mailbox(account, actor=request.actor, is_paused=is_paused),
        _("Nothing leaves or comes in until you take the pause off.")
        if is_paused
        else _("It goes on."),
    )


@require_POST
def retire(request: PersonRequest, pk: int) -> HttpResponse:
    account, is_kept = _mailbox(request, pk)
    if not is_kept:
        raise PermissionDenied
    try:
        mailboxes.retire_mailbox(account, actor=request.actor)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    messages.success(request, _("The mailbox is out of use."))
    return redirect("mailboxes")


@require_POST
def fetch(request: PersonRequest, pk: int) -> HttpResponse:
    account, _is_kept = _mailbox(request, pk)
    mailboxes.fetch_now(account, actor=request.actor)
    messages.success(request, _("Looking into the mailbox."))
    return redirect("mailbox", pk)


@require_POST
def signature(request: PersonRequest) -> HttpResponse:
    """POST `signature`: what one's own letters end with."""
    must_may(request, "create", "mail")
    change_signature(typed(request, "signature", 1000), actor=request.actor)
    messages.success(request, _("Saved."))
    return redirect("mailboxes")


def _done(request: PersonRequest, pk: int, deed: Any, told: str) -> HttpResponse:
    account, is_kept = _mailbox(request, pk)
    if not is_kept:
        raise PermissionDenied
    try:
        deed(account)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    messages.success(request, told)
    return redirect("mailbox", pk)


def _mailbox(request: PersonRequest, pk: int) -> tuple[MailAccount, bool]:
    """The mailbox, and whether the reader keeps it."""
    actor = request.actor
    kept = MailAccount.objects.visible_to(actor, "edit").filter(is_active=True)
    mine = MailAccount.objects.visible_to(actor).filter(is_active=True)
    account = get_object_or_404((kept | mine).distinct(), pk=pk)
    return account, kept.filter(pk=pk).exists()


def _passwords(request: PersonRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "")[:500] for name in mailboxes.SECRETS}


def _form(
    request: PersonRequest,
    account: MailAccount,
    form: Form,
    refusal: str = "",
    status: int = 200,
    *,
    is_kept: bool = True,
) -> HttpResponse:
    departments = Department.objects.order_by("name").values_list("pk", "name")
    about = {
        "account": account,
        "form": form,
        "refusal": refusal,
        "is_kept": is_kept,
        "departments": [(str(pk), name) for pk, name in departments],
        "securities": MailAccount.Security.choices,
        "timelines": MailAccount.Timeline.choices,
        "sending": problems.words(account.sending_problem),
        "fetching": problems.words(account.fetching_problem),
        "waiting": mailboxes.waiting_in(account) if account.pk else 0,
    }
    return render(request, "messaging/mailbox.html", about, status=status)
