"""A masked entry shown in full, once and on the record."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.revealing import reveal
from kezhi.records import FieldKind, registry
from kezhi.web.records.access import visible
from kezhi.web.records.cells import title_of
from kezhi.web.requests import PersonRequest, must_may


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest, kind: str, pk: int, field: str) -> HttpResponse:
    """GET asks; POST answers, as a fragment for htmx and as a page without script."""
    if kind not in registry:
        raise Http404
    must_may(request, "read", kind)
    declared = registry[kind]
    seen = declared.seen_by(request.actor)
    record = visible(request, seen, pk)
    if field not in seen:
        raise Http404
    must_may(request, "read", "reveal")
    about = {
        "kind": seen,
        "record": record,
        "title": title_of(seen, record),
        "label": seen.field(field).label,
        "address": request.path,
        "entry": None,
        "is_phone": seen.field(field).kind is FieldKind.PHONE,
        "refusal": "",
        "is_shown": False,
    }
    if request.method != "POST":
        return render(request, "accounts/reveal.html", about)
    try:
        about["entry"] = reveal(record, declared, field, actor=request.actor, at=timezone.now())
        about["is_shown"] = True
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        about["refusal"] = str(refusal)
    template = "accounts/_revealed.html" if request.htmx else "accounts/reveal.html"
    return render(request, template, about, status=409 if about["refusal"] else 200)
