"""The first page: what waits for whom, the latest orders, what else there is."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from kezhi.satisfaction.linking import path_of
from kezhi.service.models import Ticket
from kezhi.service.portal.matters import orders_of, surveys_of, tickets_of
from kezhi.web.portal.visiting import PortalRequest, page

SHOWN = 5


@page
@require_safe
def show(request: PortalRequest) -> HttpResponse:
    actor = request.portal
    open_ones = tickets_of(actor).filter(state__in=Ticket.OPEN_STATES)
    asked = open_ones.filter(state=Ticket.State.WAITING).order_by("-answered_at", "-pk")
    ours = open_ones.exclude(state=Ticket.State.WAITING).order_by("-opened_at", "-pk")
    is_chinese = (translation.get_language() or "").startswith("zh")
    about = {
        "now": timezone.now(),
        "welcome": request.shop.welcome_zh if is_chinese else request.shop.welcome_en,
        "asked": list(asked[:SHOWN]),
        "ours": list(ours[:SHOWN]),
        "surveys": [
            # Whoever has the address answers in the contact's name.
            (
                each.survey.title("zh" if is_chinese else "en"),
                path_of(each) if actor.viewer is None else "",
                each.expires_at,
            )
            for each in surveys_of(actor, at=timezone.now())
        ],
        "orders": list(orders_of(actor).order_by("-ordered_on", "-pk")[:SHOWN]),
    }
    return render(request, "portal/home.html", about)
