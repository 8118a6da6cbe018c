"""The contact's rights on their data: ask, follow the clock, fetch what was put together."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from kezhi.core.refusal import Refused
from kezhi.customers.models import Customer
from kezhi.insight.exempting import exemption_of
from kezhi.rights import asking
from kezhi.rights.deadlines import rules
from kezhi.rights.models import DataRequest
from kezhi.service.portal.signing_in import is_fresh
from kezhi.web.portal.visiting import PortalRequest, must_confirm, page
from kezhi.web.requests import typed

Sort = DataRequest.Sort
# In the words of who asks.
WISHES = (
    (Sort.ACCESS, gettext_lazy("See what you keep about me")),
    (Sort.EXPORT, gettext_lazy("Take a copy of my data along")),
    (Sort.CORRECT, gettext_lazy("Correct something")),
    (Sort.DELETE, gettext_lazy("Delete my data")),
    (Sort.RESTRICT, gettext_lazy("Keep my data but don’t use it")),
    (Sort.OBJECT, gettext_lazy("Don’t judge me automatically")),
    (Sort.EXPLAIN, gettext_lazy("Explain how I am judged")),
)


@page
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PortalRequest) -> HttpResponse:
    """POST sort, wish: a request; the password must have been typed within ten minutes."""
    sort, wish, refusal = typed(request, "sort", 12), typed(request, "wish", asking.LONGEST), ""
    if request.method == "POST":
        if (led := must_confirm(request, "/portal/data/")) is not None:
            return led
        try:
            asking.ask(sort, wish, actor=request.portal, on=request.today)
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, _("We have it. You see here how far we are."))
            return HttpResponseRedirect("/portal/data/")
    actor = request.portal
    about = {
        "wishes": WISHES,
        "words": dict(WISHES),
        "sort": sort,
        "wish": wish,
        "refusal": refusal,
        "requests": asking.followed_by(actor, at=timezone.now(), on=request.today),
        "officer": rules().officer,
        "is_private": actor.customer.form == Customer.Form.PERSON,
        "is_exempt": exemption_of(actor.customer) is not None,
        "is_fresh": is_fresh(request.visit, at=timezone.now()),
        "packed": [str(sort) for sort in (Sort.ACCESS, Sort.EXPORT)],
    }
    return render(request, "portal/data.html", about, status=422 if refusal else 200)


@page
@require_safe
def fetch(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The file with their data, by who typed their password within ten minutes."""
    if (led := must_confirm(request, "/portal/data/")) is not None:
        return led
    try:
        path = asking.fetch(pk, actor=request.portal, at=timezone.now())
    except Refused as refusal:
        raise Http404 from refusal
    if path is None:
        raise Http404
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"data-{pk}.zip",
        content_type="application/zip",
    )
