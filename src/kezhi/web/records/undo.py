"""Undo: the button in the toast after a deed, and beside one's own deeds in the log."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kezhi.audit.models import Entry
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.web.requests import PersonRequest
from kezhi.web.ways import way_back
from kezhi.workbench import bulk_changing
from kezhi.workbench.models import BulkRun
from kezhi.workbench.undoing import Undone, may_undo, opened, token, undo_deeds


def undo_url(keys: Sequence[uuid.UUID], actor: Actor) -> str:
    """Where the button posts to; empty when there is nothing to take back."""
    return reverse("undo", args=[token(keys, actor)]) if keys else ""


def say(request: PersonRequest, message: str, undo: str = "") -> None:
    """A toast on the next page, with its undo."""
    messages.success(request, message, extra_tags=undo)


@require_POST
def undo(request: PersonRequest, token: str) -> HttpResponse:
    """Take back what the token names. The page is loaded anew and says what came of it."""
    try:
        keys, run = opened(token, request.actor)
        if run is not None:
            return _undo_run(request, run)
        done = undo_deeds(keys, actor=request.actor, at=timezone.now())
    except LookupError as error:
        raise Http404 from error
    except Refused as refusal:
        return _answer(request, str(refusal), is_refused=True)
    return _answer(request, _told(done))


@require_POST
def undo_entry(request: PersonRequest, pk: int) -> HttpResponse:
    """Take back a deed of one's own from the log."""
    entry = Entry.objects.filter(pk=pk, actor_id=request.actor.pk).first()
    if entry is None:
        raise Http404
    if not may_undo(entry, request.actor, timezone.now()):
        told = _("This can’t be undone any more: only within ten minutes.")
        return _answer(request, told, is_refused=True)
    try:
        done = undo_deeds([entry.key], actor=request.actor, at=timezone.now())
    except Refused as refusal:
        return _answer(request, str(refusal), is_refused=True)
    return _answer(request, _told(done))


def _undo_run(request: PersonRequest, pk: int) -> HttpResponse:
    run = BulkRun.objects.filter(pk=pk, actor_id=request.actor.pk).first()
    if run is None:
        raise Http404
    at = timezone.now()
    run = bulk_changing.start_undo(run, actor=request.actor, at=at)
    if (run.total or 0) > bulk_changing.AT_ONCE:
        return HttpResponseRedirect(reverse("bulk-run", args=[run.pk]))
    bulk_changing.undo_bulk(run, actor=request.actor, at=at)
    return _answer(request, bulk_changing.told(run))


def _told(done: Undone) -> str:
    said = ngettext("%(count)d change undone", "%(count)d changes undone", done.records) % {
        "count": done.records
    }
    return " ".join([said, *done.kept[:3]])


def _answer(request: PersonRequest, told: str, *, is_refused: bool = False) -> HttpResponse:
    (messages.error if is_refused else messages.success)(request, told)
    if request.htmx:
        # The script loads the page anew, which shows the message.
        return HttpResponse(status=409 if is_refused else 204)
    return HttpResponseRedirect(way_back(request))
