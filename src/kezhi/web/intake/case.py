"""The page of a ticket for its customer: where it stands, what was written, and room for an answer."""

from __future__ import annotations

import secrets
import time

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import Refused
from kezhi.service.intake import visiting
from kezhi.service.intake.following import file_of, story
from kezhi.service.intake.linking import link_by, note_opening, path_of
from kezhi.service.intake.publishing import way_back
from kezhi.service.models import ServiceForm, TicketLink
from kezhi.web.attachments.handing_out import handed_out
from kezhi.web.intake import visitors
from kezhi.web.intake.visitors import public
from kezhi.web.requests import typed
from kezhi.workbench.attaching import StoreFull


@public
@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse:
    """`?new=` the form that has just been sent."""
    now = timezone.now()
    link = link_by(token, now)
    if link is None:
        return _dead(request)
    note_opening(link, now)
    return _page(request, link)


@public
@require_POST
def write(request: HttpRequest, token: str) -> HttpResponse:
    """POST `text` and `file` (several)."""
    now = timezone.now()
    link = link_by(token, now)
    if link is None:
        return _dead(request)
    text = typed(request, "text", visiting.LONGEST_TEXT)
    key = visitors.key_of(request, time.time())
    if visitors.fell_into_the_pot(request) or not key:
        refusal = _("Please look over your message and send it once more.")
        return _page(request, link, text=text, refusal=refusal, status=422)
    if not visitors.may_send(request):
        return visitors.told(request, visitors.TOO_MANY)
    files = visitors.uploads_of(request)
    try:
        visiting.write_on(link, text, actor=SYSTEM, at=now, key=key, files=files)
    except StoreFull as refused:
        return _page(request, link, text=text, refusal=str(refused), status=507)
    except Refused as refused:
        return _page(request, link, text=text, refusal=str(refused), status=422)
    messages.success(request, _("Your message has come."))
    return HttpResponseRedirect(path_of(link))


@public
@require_POST
def judge(request: HttpRequest, token: str) -> HttpResponse:
    """POST `solved`: yes or no."""
    now = timezone.now()
    link = link_by(token, now)
    if link is None:
        return _dead(request)
    if not visitors.may_send(request):
        return visitors.told(request, visitors.TOO_MANY)
    is_solved = request.POST.get("solved") == "yes"
    try:
        visiting.judge(link, is_solved=is_solved, actor=SYSTEM, at=now)
    except Refused as refused:
        return _page(request, link, refusal=str(refused), status=409)
    told = _("Thank you for telling us.") if is_solved else _("We see to it again.")
    messages.success(request, told)
    return HttpResponseRedirect(path_of(link))


@public
@require_safe
def file(request: HttpRequest, token: str, pk: int) -> HttpResponseBase:
    """A file that went with the words on this page."""
    link = link_by(token, timezone.now())
    if link is None:
        return _dead(request)
    return handed_out(file_of(link, pk))


def _page(
    request: HttpRequest,
    link: TicketLink,
    *,
    text: str = "",
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    form = _form(request)
    about = {
        "story": story(link, timezone.now()),
        "path": path_of(link),
        "text": text,
        "refusal": refusal,
        "is_new": bool(request.GET.get("new")),
        "form": form,
        "back": way_back(form, request.GET.get("back", "")) if form is not None else "",
        "begun": visitors.begun(secrets.token_hex(16)),
        "most_files": visiting.MOST_FILES,
        "lost_files": bool(request.FILES),
        "expires_at": link.expires_at,
    }
    return render(request, "intake/case.html", about, status=status)


def _form(request: HttpRequest) -> ServiceForm | None:
    """The form that was just sent, to send another."""
    slug = request.GET.get("new", "")[:60]
    found: ServiceForm | None = (
        ServiceForm.objects.filter(slug=slug, is_active=True).first() if slug else None
    )
    return found


def _dead(request: HttpRequest) -> HttpResponse:
    """The same for a link that was revoked, ended, or never was one."""
    return render(request, "intake/trouble.html", {"status": 404}, status=404)
