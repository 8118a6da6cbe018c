"""Files uploaded, fetched, removed and taken back.

A file is only ever saved, never shown: as an attachment, of no type that a browser would run, in a sandbox.
Each request asks anew whether the record behind it may be seen.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import registry
from kezhi.web.attachments.panel import files_of
from kezhi.web.requests import PersonRequest, must_may
from kezhi.web.toasts import toast
from kezhi.workbench.attaching import (
    StoreFull,
    attach,
    is_reachable,
    path_of,
    remove_attachment,
    restore_attachment,
    thumbnail_of,
)
from kezhi.workbench.models import Attachment

MOST_AT_ONCE = 20
INSUFFICIENT_STORAGE = 507
SANDBOX = "sandbox; default-src 'none'"


@require_http_methods(["GET", "HEAD", "POST"])
def of_record(request: PersonRequest, kind: str, pk: int) -> HttpResponse:
    """GET: the files of a record. POST `file` (several): keeps them."""
    record = _record(request, kind, pk)
    if request.method != "POST":
        return _panel(request, kind, pk)
    if not registry.declared(kind).visible_to(request.actor, "edit").filter(pk=pk).exists():
        raise PermissionDenied
    uploads = request.FILES.getlist("file")[: MOST_AT_ONCE + 1]
    if not uploads or len(uploads) > MOST_AT_ONCE:
        told = (
            _("Choose at most %(most)s files at once.") % {"most": MOST_AT_ONCE}
            if uploads
            else _("Choose a file first.")
        )
        return _answer(request, kind, pk, told, status=422)
    kept = 0
    try:
        for upload in uploads:
            attach(
                record,
                upload.name or "",
                upload.chunks(),
                kind=kind,
                actor=request.actor,
                at=timezone.now(),
            )
            kept += 1
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except StoreFull as refusal:
        return _answer(request, kind, pk, str(refusal), status=INSUFFICIENT_STORAGE)
    except Refused as refusal:
        return _answer(request, kind, pk, f"{upload.name}: {refusal}", status=409)
    told = ngettext("%(num)d file is kept", "%(num)d files are kept", kept) % {"num": kept}
    return _answer(request, kind, pk, told)


@require_safe
def download(request: PersonRequest, key: UUID) -> HttpResponse | FileResponse:
    attachment = _attachment(request, key)
    path = path_of(key)
    if not path.is_file():
        raise Http404
    response = FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=attachment.name,
        content_type=_served_as(attachment.media_type),
    )
    return sealed(response)


@require_safe
def picture(request: PersonRequest, key: UUID) -> HttpResponse | FileResponse:
    """The small picture that we drew ourselves."""
    attachment = _attachment(request, key)
    path = thumbnail_of(key)
    if not attachment.is_image or not path.is_file():
        raise Http404
    return sealed(FileResponse(path.open("rb"), content_type="image/jpeg"))


@require_POST
def remove(request: PersonRequest, key: UUID) -> HttpResponse:
    attachment = _attachment(request, key)
    try:
        remove_attachment(attachment, actor=request.actor, at=timezone.now())
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    told = _("%(name)s is removed") % {"name": attachment.name}
    undo = reverse("attachment-restoration", args=[key])
    return _answer(request, attachment.kind, attachment.object_id, told, undo=undo)


@require_POST
def restore(request: PersonRequest, key: UUID) -> HttpResponse:
    attachment = _attachment(request, key, is_removed=True)
    try:
        restore_attachment(attachment, actor=request.actor, at=timezone.now())
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        return _answer(request, attachment.kind, attachment.object_id, str(refusal), status=409)
    told = _("%(name)s is back") % {"name": attachment.name}
    return _answer(request, attachment.kind, attachment.object_id, told)


def _record(request: PersonRequest, kind_name: str, pk: int) -> Any:
    """The record, or 404 for a kind without files and for what isn't this person's to see."""
    kind = registry.declared(kind_name) if kind_name in registry else None
    if kind is None or not kind.has_attachments:
        raise Http404
    must_may(request, "read", kind_name)
    record = kind.visible_to(request.actor).filter(pk=pk).first()
    if record is None:
        raise Http404
    return record


def _attachment(request: PersonRequest, key: UUID, is_removed: bool = False) -> Attachment:
    rows = Attachment.objects.filter(stored_as=key, removed_at__isnull=not is_removed)
    attachment = rows.defer("text").first()
    if attachment is None or not is_reachable(attachment, request.actor):
        raise Http404
    return attachment


def _served_as(media_type: str) -> str:
    """Text stays plain whatever it says it is; nothing is served as HTML, SVG or XML."""
    return "text/plain; charset=utf-8" if media_type.startswith("text/") else media_type


def sealed(response: FileResponse) -> FileResponse:
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["Cache-Control"] = "private, no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _panel(request: PersonRequest, kind: str, pk: int, status: int = 200) -> HttpResponse:
    declared = registry.declared(kind)
    about = {
        "files": files_of(kind, pk, request.actor),
        "kind": declared,
        "record_url": declared.url_of(declared.model._default_manager.get(pk=pk)),
    }
    template = "attachments/_panel.html" if request.htmx else "attachments/page.html"
    return render(request, template, about, status=status)


def _answer(
    request: PersonRequest, kind: str, pk: int, told: str, *, undo: str = "", status: int = 200
) -> HttpResponse:
    """The panel as it is now and what happened; without script, the page that the person came from."""
    if request.htmx:
        response = _panel(request, kind, pk, status)
        return toast(response, told, undo=undo, tone="error" if status >= 400 else "")
    if status >= 400:
        messages.error(request, told)
        return _panel(request, kind, pk, status)
    messages.success(request, told)
    return HttpResponseRedirect(reverse("attachments", args=[kind, pk]))
