"""A need taken up, passed on, answered or declined; and what products customers ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, Q, Sum
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.accounts.models import User
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.answering import (
    answer_need,
    decline_need,
    pass_on_need,
    reopen_need,
    start_need,
)
from kezhi.customers.models import Need
from kezhi.records import Condition, registry
from kezhi.web.requests import PersonRequest, must_may

MOST_PRODUCTS = 100


@require_POST
def start(request: PersonRequest, pk: int) -> HttpResponse:
    return _do(request, pk, lambda need: start_need(need, **_by(request)), _("Taken up"))


@require_POST
def pass_on(request: PersonRequest, pk: int) -> HttpResponse:
    """POST handler (a colleague) and reason."""
    chosen = record_id(request.POST.get("handler", ""))
    handler = User.objects.active().filter(pk=chosen).first()
    reason = request.POST.get("reason", "").strip()[:300]

    def deed(need: Need) -> None:
        if handler is None:
            raise Refused(_("Choose a colleague who works here to see to it."))
        pass_on_need(need, handler, reason=reason, **_by(request))

    return _do(request, pk, deed, _("Passed on"))


@require_POST
def answer(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reply: what the customer was told."""
    reply = request.POST.get("reply", "")[:20_000]
    return _do(request, pk, lambda need: answer_need(need, reply, **_by(request)), _("Answered"))


@require_POST
def decline(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reason."""
    reason = request.POST.get("reason", "")
    return _do(
        request, pk, lambda need: decline_need(need, reason=reason, **_by(request)), _("Declined")
    )


@require_POST
def reopen(request: PersonRequest, pk: int) -> HttpResponse:
    return _do(request, pk, lambda need: reopen_need(need, **_by(request)), _("Open again"))


@require_safe
def demand(request: PersonRequest) -> HttpResponse:
    """What products customers ask for, those most asked for first: for who plans products."""
    must_may(request, "read", "need")
    rows = Need.objects.visible_to(request.actor).filter(product__isnull=False)
    asked = (
        rows.values("product_id", "product__name", "product__unit")
        .annotate(
            needs=Count("pk"),
            customers=Count("customer_id", distinct=True),
            quantity=Sum("quantity"),
            unanswered=Count("pk", filter=Q(state__in=Need.OPEN_STATES)),
            declined=Count("pk", filter=Q(state=Need.State.DECLINED)),
            due_on=Min("reply_due_on", filter=Q(state__in=Need.OPEN_STATES)),
        )
        .order_by("-needs", "product_id")
    )
    kind = registry["need"]
    lines = [
        {
            **row,
            "href": kind.list_url(Condition("product", "eq", str(row["product_id"])), view="all"),
        }
        for row in asked[:MOST_PRODUCTS]
    ]
    return render(
        request,
        "customers/demand.html",
        {"lines": lines, "kind": kind, "most": MOST_PRODUCTS, "today": request.today},
    )


def _by(request: PersonRequest) -> dict[str, Any]:
    return {"actor": request.actor, "on": request.today}


def _do(request: PersonRequest, pk: int, deed: Callable[[Need], Any], told: str) -> HttpResponse:
    need: Need = get_object_or_404(Need.objects.visible_to(request.actor), pk=pk)
    if not Need.objects.visible_to(request.actor, "edit").filter(pk=pk).exists():
        raise PermissionDenied
    try:
        deed(need)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, told)
    kind = registry["need"]
    # Who passed a need on may not see it any more.
    stays = Need.objects.visible_to(request.actor).filter(pk=pk).exists()
    return HttpResponseRedirect(kind.url_of(need) if stays else kind.list_url())
