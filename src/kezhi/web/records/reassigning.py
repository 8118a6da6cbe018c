"""Several customers given to another colleague in one step."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kezhi.accounts.models import User
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import reassign_customer
from kezhi.customers.models import Customer
from kezhi.web.requests import PersonRequest, must_may

MOST = 200


@require_POST
def change(request: PersonRequest) -> HttpResponse:
    """POST `selected` ids: the form; with `owner` and `reason` too: the change, of all or of none."""
    actor = request.actor
    must_may(request, "assign", "customer")
    keys = [int(pk) for pk in request.POST.getlist("selected") if pk.isdecimal() and len(pk) < 19]
    rows = Customer.objects.visible_to(actor, "assign").filter(pk__in=keys[:MOST])
    customers = list(rows.select_related("owner", "standing").order_by("name_key"))
    if not customers:
        messages.error(request, _("Select customers that you may give to somebody else."))
        return HttpResponseRedirect(_back(request))
    if "owner" not in request.POST:
        return _page(request, customers)
    chosen = request.POST["owner"]
    owner = User.objects.active().filter(pk=chosen).first() if chosen.isdecimal() else None
    if owner is None:
        return _page(request, customers, error=_("Choose a colleague."), status=422)
    reason = request.POST.get("reason", "").strip()[:300]
    try:
        with transaction.atomic():
            for customer in customers:
                reassign_customer(customer, owner, actor=actor, on=request.today, reason=reason)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        return _page(request, customers, refusal=str(refusal), status=409)
    count = len(customers)
    told = ngettext(
        "%(count)d customer now belongs to %(owner)s",
        "%(count)d customers now belong to %(owner)s",
        count,
    )
    messages.success(request, told % {"count": count, "owner": owner.name})
    return HttpResponseRedirect(_back(request))


def _page(
    request: PersonRequest,
    customers: list[Customer],
    *,
    error: str = "",
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    people = User.objects.active().order_by("name_key").values_list("pk", "name")
    about = {
        "customers": customers,
        "people": [(str(pk), name) for pk, name in people],
        "owner": request.POST.get("owner", ""),
        "reason": request.POST.get("reason", ""),
        "error": error,
        "refusal": refusal,
        "next": _back(request),
    }
    return render(request, "records/reassignment.html", about, status=status)


def _back(request: PersonRequest) -> str:
    wanted = request.POST.get("next", "")
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, None)
    return wanted if is_ours else "/customers/"
