"""The steps of a data request, and the file that answers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import registry
from kezhi.rights import requesting
from kezhi.rights.models import DataRequest, Package
from kezhi.rights.packaging import fetch_package
from kezhi.web.answering import done
from kezhi.web.requests import PersonRequest, typed


def _found(request: PersonRequest, pk: int) -> DataRequest:
    rows = DataRequest.objects.visible_to(request.actor).select_related("contact", "customer")
    return get_object_or_404(rows, pk=pk)  # type: ignore[no-any-return]


def _step(
    request: PersonRequest, pk: int, deed: Callable[[DataRequest], Any], told: str
) -> HttpResponse:
    found = _found(request, pk)
    return done(request, lambda: deed(found), told, registry["data_request"].url_of(found))


@require_POST
def check(request: PersonRequest, pk: int) -> HttpResponse:
    """POST how, evidence."""
    how, evidence = typed(request, "how", 20), typed(request, "evidence", 300)
    return _step(
        request,
        pk,
        lambda each: requesting.check_identity(
            each, how, evidence, actor=request.actor, on=request.today
        ),
        _("The identity is checked."),
    )


@require_POST
def plan(request: PersonRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        lambda each: requesting.start_plan(each, actor=request.actor),
        _("The person is being looked for; nothing changes."),
    )


@require_POST
def propose(request: PersonRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        lambda each: requesting.propose_erasure(each, actor=request.actor, on=request.today),
        _("A second person has to approve it."),
    )


@require_POST
def approve(request: PersonRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        lambda each: requesting.approve_erasure(each, actor=request.actor, on=request.today),
        _("The person is being erased."),
    )


@require_POST
def carry_out(request: PersonRequest, pk: int) -> HttpResponse:
    """POST outcome, where there is something to tell."""
    outcome = typed(request, "outcome", 500)
    return _step(
        request,
        pk,
        lambda each: requesting.carry_out(
            each, actor=request.actor, on=request.today, outcome=outcome
        ),
        _("It is under way, or done."),
    )


@require_POST
def turn_down(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reason."""
    reason = typed(request, "reason", 500)
    return _step(
        request,
        pk,
        lambda each: requesting.refuse_request(
            each, actor=request.actor, on=request.today, reason=reason
        ),
        _("The request is refused."),
    )


@require_POST
def fetch(request: PersonRequest, pk: int) -> HttpResponse | FileResponse:
    """The file, once more until it expires."""
    packages = Package.objects.filter(request__in=DataRequest.objects.visible_to(request.actor))
    package = get_object_or_404(packages.select_related("request"), pk=pk)
    try:
        path = fetch_package(package, actor=request.actor, at=timezone.now())
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(registry["data_request"].url_of(package.request))
    name = f"data-request-{package.request_id}.zip"
    answer = FileResponse(
        path.open("rb"), as_attachment=True, filename=name, content_type="application/zip"
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer
