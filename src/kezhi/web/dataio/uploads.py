"""The first step of an import: what the file contains, and the file; below it all imports so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.accounts.models import User
from kezhi.core.actor import Actor
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.registry import kinds
from kezhi.dataio.uploading import upload
from kezhi.records import registry
from kezhi.web.dataio import stepping, words
from kezhi.web.dataio.checking import check_now_or_later
from kezhi.web.requests import PersonRequest

PAGE = 30
SIGNS = {name: sign for sign, name in words.DELIMITERS.items()}


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest) -> HttpResponse:
    """GET: the upload form (`?kind=` preselected) and the imports, newest first, `?before=` older ones.

    POST: `kind`, `file`, perhaps `encoding` and `delimiter`; leads to the page of the import.
    """
    if not importable(request.actor):
        raise PermissionDenied
    return _take_in(request) if request.method == "POST" else _page(request, {})


def importable(actor: Actor) -> list[str]:
    """The kinds that the actor may import."""
    return [name for name in kinds() if actor.may("import", name)]


def chosen(request: PersonRequest) -> dict[str, Any]:
    """What the person said about the file; whatever is left open is found out."""
    row = request.POST.get("heading_row", "").strip()
    known = {
        "encoding": request.POST.get("encoding", ""),
        "delimiter": SIGNS.get(request.POST.get("delimiter", ""), ""),
        "sheet": request.POST.get("sheet", "")[:200],
        "heading_row": int(row) if row.isdecimal() and len(row) < 6 else 0,
    }
    if known["encoding"] not in words.ENCODING_LABELS:
        known["encoding"] = ""
    return {name: choice for name, choice in known.items() if choice}


def _take_in(request: PersonRequest) -> HttpResponse:
    kind, file = request.POST.get("kind", ""), request.FILES.get("file")
    if not kind:
        return _page(request, {"kind": _("Choose what the file contains.")})
    if kind not in importable(request.actor):
        raise PermissionDenied
    if file is None:
        return _page(request, {"file": _("Choose a file first.")})
    try:
        batch = upload(
            kind,
            file.name or "",
            file.chunks(),
            actor=request.actor,
            on=request.today,
            choices=chosen(request),
        )
        check_now_or_later(batch, request)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _page(request, {"file": str(refusal)})
    return HttpResponseRedirect(reverse("import", args=[batch.pk]))


def _page(request: PersonRequest, errors: dict[str, str]) -> HttpResponse:
    names = importable(request.actor)
    before = record_id(request.GET.get("before", ""))
    rows = ImportBatch.objects.visible_to(request.actor)
    rows = rows.defer("causes", "preview", "mapping", "facts").order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    said = {name: request.POST.get(name, "") for name in ("kind", "encoding", "delimiter")}
    said["kind"] = said["kind"] or request.GET.get("kind", "")
    if said["kind"] not in names:
        # Orders carry customers and products along: a new company begins with them.
        said["kind"] = "order" if "order" in names else names[0]
    first_day = stepping.first_day(request.actor)
    about = {
        "kinds": [(name, str(registry[name].label_plural)) for name in names],
        "labels": {kind.name: kind.label_plural for kind in registry},
        "said": said,
        "errors": errors,
        "encodings": words.choices(words.ENCODING_LABELS),
        "delimiters": words.choices(words.DELIMITER_LABELS),
        "batches": shown,
        "people": _names(batch.actor_id for batch in shown),
        "older": f"?before={shown[-1].pk}" if len(found) > PAGE else "",
        "newest": reverse("imports") if before else "",
        "first_day": first_day,
        "is_ready": bool(first_day) and first_day[-1]["state"] == "current",
        "steps": first_day or stepping.wizard("upload"),
        "may_measure": request.actor.may("measure", "value_run"),
    }
    return render(request, "dataio/index.html", about, status=422 if errors else 200)


def _names(actor_ids: Iterable[int | None]) -> dict[int, str]:
    """Names of people by their number; the system has none."""
    return dict(
        User.objects.filter(pk__in={pk for pk in actor_ids if pk}).values_list("pk", "name")
    )
