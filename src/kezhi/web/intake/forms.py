"""The public form: filled in, sent, and thanked for with the number and the link to its state.

Known and unknown addresses are answered alike: whose they are is looked up afterwards, by a job.
"""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import Refused
from kezhi.service.intake import visiting
from kezhi.service.intake.linking import path_of
from kezhi.service.intake.publishing import way_back
from kezhi.service.intake.visiting import Faulty, ask
from kezhi.service.knowledge.deflecting import note_shown, note_ticket
from kezhi.service.knowledge.finding import Hit
from kezhi.service.models import ServiceForm, Ticket
from kezhi.web.intake import visitors
from kezhi.web.intake.visitors import public
from kezhi.web.knowledge import help as help_pages
from kezhi.web.knowledge.faces import Face, public_face, remember, visit_of
from kezhi.web.knowledge.faces import key_of as visit_key
from kezhi.web.requests import typed
from kezhi.workbench.attaching import StoreFull

NAMES = ("name", "email", "phone", "company", "order", "product", "type", "subject", "consent")


@public
@require_http_methods(["GET", "HEAD", "POST"])
def fill_in(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: the form; `?back=` a page of one of its sites. POST: its entries, with files."""
    form = ServiceForm.objects.filter(slug=slug, is_active=True).first()
    if form is None:
        raise Http404
    if request.method != "POST":
        chosen = form.types[0] if len(form.types) == 1 else ""
        return _page(request, form, {"type": chosen})
    entries = {name: typed(request, name, 1000) for name in NAMES}
    entries["text"] = typed(request, "text", visiting.LONGEST_TEXT + 1)
    key = visitors.key_of(request, time.time())
    if visitors.fell_into_the_pot(request) or not key:
        refusal = _("Please look over your message and send it once more.")
        return _page(request, form, entries, refusal=refusal, status=422)
    if not visitors.may_send(request, entries["email"]):
        return visitors.told(request, visitors.TOO_MANY)
    if not request.FILES and (hits := _answers(request)):
        return _offered(request, form, entries, key, hits)
    return _sent(request, form, entries, key)


def _face() -> Face:
    return public_face("en" if (get_language() or "").startswith("en") else "zh")


def _answers(request: HttpRequest) -> tuple[Hit, ...]:
    """Articles that may answer it already; who has script saw them while typing."""
    return () if request.POST.get("seen") else help_pages.suggested(request, _face())


def _offered(
    request: HttpRequest,
    form: ServiceForm,
    entries: dict[str, str],
    key: str,
    hits: tuple[Hit, ...],
) -> HttpResponse:
    """The form once more, with what may answer it: sent again, it goes its way."""
    visit = visit_of(request, _face())
    note_shown(visit, at=timezone.now())
    return remember(_page(request, form, entries, key=key, hits=hits), request, visit)


def _sent(
    request: HttpRequest, form: ServiceForm, entries: dict[str, str], key: str
) -> HttpResponse:
    try:
        link = ask(
            form,
            entries,
            actor=SYSTEM,
            at=timezone.now(),
            key=key,
            language=get_language() or "zh-hans",
            files=visitors.uploads_of(request),
        )
    except Faulty as faulty:
        return _page(request, form, entries, errors=faulty.errors, key=key, status=422)
    except StoreFull as refusal:
        return _page(request, form, entries, refusal=str(refusal), key=key, status=507)
    except Refused as refusal:
        return _page(request, form, entries, refusal=str(refusal), key=key, status=422)
    note_ticket(visit_key(request), link.ticket, at=timezone.now())
    back = way_back(form, request.GET.get("back", ""))
    asked = {"new": form.slug, **({"back": back} if back else {})}
    return HttpResponseRedirect(f"{path_of(link)}?{urlencode(asked)}")


def _page(
    request: HttpRequest,
    form: ServiceForm,
    entries: dict[str, str],
    *,
    errors: dict[str, str] | None = None,
    refusal: str = "",
    key: str = "",
    hits: tuple[Hit, ...] = (),
    status: int = 200,
) -> HttpResponse:
    language = get_language() or "zh-hans"
    types = dict(Ticket.Type.choices)
    about: dict[str, Any] = {
        "form": form,
        "title": form.words("title", language),
        "intro": form.words("intro", language),
        "consent": form.words("consent", language),
        "entries": entries,
        "errors": errors or {},
        "refusal": refusal,
        "types": [(each, types[each]) for each in form.types if each in types],
        "asked": [
            (name, ServiceForm.Asked(name).label, name in form.required) for name in form.asked
        ],
        "begun": visitors.begun(key or secrets.token_hex(16)),
        "most_files": visiting.MOST_FILES,
        "lost_files": bool(request.FILES),
        "back": way_back(form, request.GET.get("back", "")),
        "hits": hits,
        "face": _face(),
        "is_seen": bool(request.POST.get("seen")),
    }
    return render(request, "intake/form.html", about, status=status)
