"""Templates of letters: written with gaps, tried on a real customer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Contact, Customer
from kezhi.messaging import merging
from kezhi.messaging.models import MailTemplate
from kezhi.web.messaging.mail_tabs import tabs_of
from kezhi.web.requests import PersonRequest, must_may, typed

MOST = 200
NAMES = ("name", "language", "subject", "text")
LANGUAGES = (("zh-hans", "中文"), ("en", "English"))


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "mail_template")
    rows = MailTemplate.objects.visible_to(request.actor).order_by("name", "language")[:MOST]
    about = {
        "rows": list(rows),
        "languages": dict(LANGUAGES),
        "may_add": request.actor.may("create", "mail_template"),
        "tabs": tabs_of(request, "templates"),
    }
    return render(request, "messaging/templates.html", about)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: PersonRequest) -> HttpResponse:
    must_may(request, "create", "mail_template")
    template = MailTemplate(language=request.LANGUAGE_CODE or "zh-hans")
    return _edited(
        request, template, lambda entries: merging.add_template(entries, actor=request.actor)
    )


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "read", "mail_template")
    template = get_object_or_404(MailTemplate.objects.visible_to(request.actor), pk=pk)
    if request.method == "POST" and "preview" not in request.POST:
        must_may(request, "edit", "mail_template")
    version = request.POST.get("version", "")
    return _edited(
        request,
        template,
        lambda entries: merging.change_template(
            template,
            entries,
            actor=request.actor,
            version=int(version) if version.isdecimal() and len(version) < 10 else 0,
        ),
    )


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "read", "mail_template")
    template = get_object_or_404(MailTemplate.objects.visible_to(request.actor), pk=pk)
    must_may(request, "delete", "mail_template")
    merging.delete_template(template, actor=request.actor)
    messages.success(request, _("The template is gone"))
    return redirect("mail-templates")


def _edited(request: PersonRequest, template: MailTemplate, save: Any) -> HttpResponse:
    """The form; POST saves, or with `preview` shows the letter to the customer of that code."""
    if request.method != "POST":
        return _form(request, template, {name: str(getattr(template, name)) for name in NAMES})
    entries = {name: typed(request, name, merging.LONGEST) for name in NAMES}
    if "preview" in request.POST:
        return _form(request, template, entries, preview=_previewed(request, entries))
    try:
        saved = save(entries)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        return _form(request, template, entries, refusal=str(refusal), status=422)
    messages.success(request, _("Saved."))
    return redirect("mail-template", saved.pk)


def _previewed(request: PersonRequest, entries: dict[str, str]) -> dict[str, Any]:
    """As the letter would be for one customer: the one whose code was typed, else the newest one's."""
    rows = Customer.objects.visible_to(request.actor)
    code = typed(request, "customer", 40)
    customer = rows.filter(code__iexact=code).first() if code else rows.order_by("-pk").first()
    if customer is None:
        return {"refusal": _("You see no customer of this code.")}
    contact = (
        Contact.objects.visible_to(request.actor)
        .filter(customer=customer, has_left=False)
        .order_by("-is_primary", "pk")
        .first()
    )
    words = merging.words_for(customer, contact, request.actor, request.today)
    subject, text = (merging.fill(entries[name], words) for name in ("subject", "text"))
    return {
        "customer": customer,
        "subject": subject.text,
        "text": text.text,
        "unknown": list(dict.fromkeys([*subject.unknown, *text.unknown])),
        "empty": list(dict.fromkeys([*subject.empty, *text.empty])),
    }


def _form(
    request: PersonRequest,
    template: MailTemplate,
    entries: dict[str, str],
    *,
    preview: dict[str, Any] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    actor = request.actor
    about = {
        "template": template,
        "entries": entries,
        "preview": preview,
        "refusal": refusal,
        "fields": [("{{" + name + "}}", label) for name, label in merging.FIELDS.items()],
        "languages": LANGUAGES,
        "code": typed(request, "customer", 40),
        "may_edit": actor.may("edit" if template.pk else "create", "mail_template"),
        "may_delete": bool(template.pk) and actor.may("delete", "mail_template"),
    }
    return render(request, "messaging/template.html", about, status=status)
