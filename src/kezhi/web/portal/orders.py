"""What the customer bought: the order, its lines, when it was promised and when it came."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kezhi.service.portal import matters
from kezhi.web.portal.visiting import PortalRequest, page
from kezhi.web.requests import page_number

A_PAGE = 20


@page
@require_safe
def index(request: PortalRequest) -> HttpResponse:
    number = page_number(request)
    start = (number - 1) * A_PAGE
    rows = matters.orders_of(request.portal).order_by("-ordered_on", "-pk")
    found = list(rows[start : start + A_PAGE + 1])
    about = {"orders": found[:A_PAGE], "number": number, "has_more": len(found) > A_PAGE}
    return render(request, "portal/orders.html", about)


@page
@require_safe
def show(request: PortalRequest, pk: int) -> HttpResponse:
    order = matters.orders_of(request.portal).filter(pk=pk).first()
    if order is None:
        raise Http404
    about = {"order": order, "lines": matters.lines_of(order)}
    return render(request, "portal/order.html", about)
