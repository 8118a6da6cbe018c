"""A promise settled, or opened again."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Promise
from kezhi.customers.promising import reopen_promise, settle_promise
from kezhi.records import registry
from kezhi.web.requests import PersonRequest


@require_POST
def settle(request: PersonRequest, pk: int) -> HttpResponse:
    """POST state (kept, broken, withdrawn) and, for what wasn't kept, reason."""
    promise = _visible(request, pk)
    state, reason = request.POST.get("state", ""), request.POST.get("reason", "")
    try:
        settled = settle_promise(
            promise, state, actor=request.actor, on=request.today, reason=reason
        )
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        told = _("%(promise)s: %(state)s")
        messages.success(
            request, told % {"promise": promise.what, "state": settled.get_state_display()}
        )
    return HttpResponseRedirect(registry["promise"].url_of(promise))


@require_POST
def reopen(request: PersonRequest, pk: int) -> HttpResponse:
    promise = _visible(request, pk)
    try:
        reopen_promise(promise, actor=request.actor, on=request.today)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    messages.success(request, _("Open again: %(subject)s") % {"subject": promise.what})
    return HttpResponseRedirect(registry["promise"].url_of(promise))


def _visible(request: PersonRequest, pk: int) -> Promise:
    found: Promise = get_object_or_404(Promise.objects.visible_to(request.actor), pk=pk)
    return found
