"""A need taken up, passed on, answered or declined."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezhi.accounts.models import User
from kezhi.core.ids import record_id
from kezhi.core.refusal import Refused
from kezhi.customers.answering import (
    answer_need,
    decline_need,
    pass_on_need,
    reopen_need,
    start_need,
)
from kezhi.customers.models import Need
from kezhi.web.answering import done_with
from kezhi.web.requests import PersonRequest


@require_POST
def start(request: PersonRequest, pk: int) -> HttpResponse:
    return done_with(
        request,
        "need",
        pk,
        lambda need: start_need(need, actor=request.actor, on=request.today),
        _("Taken up"),
    )


@require_POST
def pass_on(request: PersonRequest, pk: int) -> HttpResponse:
    """POST handler (a colleague) and reason."""
    chosen = record_id(request.POST.get("handler", ""))
    handler = User.objects.active().filter(pk=chosen).first()
    reason = request.POST.get("reason", "").strip()[:300]

    def deed(need: Need) -> None:
        if handler is None:
            raise Refused(_("Choose a colleague who works here to see to it."))
        pass_on_need(need, handler, reason=reason, actor=request.actor, on=request.today)

    return done_with(request, "need", pk, deed, _("Passed on"))


@require_POST
def answer(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reply: what the customer was told."""
    reply = request.POST.get("reply", "")[:20_000]
    return done_with(
        request,
        "need",
        pk,
        lambda need: answer_need(need, reply, actor=request.actor, on=request.today),
        _("Answered"),
    )


@require_POST
def decline(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reason."""
    reason = request.POST.get("reason", "")
    return done_with(
        request,
        "need",
        pk,
        lambda need: decline_need(need, reason=reason, actor=request.actor, on=request.today),
        _("Declined"),
    )


@require_POST
def reopen(request: PersonRequest, pk: int) -> HttpResponse:
    return done_with(
        request,
        "need",
        pk,
        lambda need: reopen_need(need, actor=request.actor, on=request.today),
        _("Open again"),
    )
