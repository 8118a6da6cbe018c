"""A customer given to another colleague."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.accounts.models import User
from kezhi.audit.recording import listening
from kezhi.core.ids import record_id
from kezhi.core.refusal import Refused
from kezhi.customers.creating import may_reach, reassign_customer
from kezhi.customers.models import Customer
from kezhi.records import registry
from kezhi.web.records.undo import say, undo_url
from kezhi.web.requests import PersonRequest

NOBODY = "nobody"


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: PersonRequest, pk: int) -> HttpResponse:
    """GET: the form. POST owner (a person or `nobody`) and reason."""
    customer = get_object_or_404(Customer.objects.visible_to(request.actor), pk=pk)
    if not may_reach(request.actor, "assign", "customer", customer):
        raise PermissionDenied
    if request.method != "POST":
        return _form(request, customer)
    chosen = request.POST.get("owner", "")
    owner = User.objects.active().filter(pk=record_id(chosen)).first()
    if owner is None and chosen != NOBODY:
        return _form(request, customer, _("Choose a colleague who works here."), 422)
    reason = request.POST.get("reason", "").strip()[:300]
    try:
        with listening() as keys:
            reassign_customer(customer, owner, actor=request.actor, on=request.today, reason=reason)
    except Refused as refusal:
        return _form(request, customer, str(refusal), 409)
    told = (
        _("%(customer)s now belongs to %(owner)s")
        % {"customer": customer.name, "owner": owner.name}
        if owner
        else _("%(customer)s now belongs to nobody") % {"customer": customer.name}
    )
    say(request, told, undo_url(keys, request.actor))
    kind = registry["customer"]
    # Who gave the customer away may not see it any more.
    stays = Customer.objects.visible_to(request.actor).filter(pk=pk).exists()
    return HttpResponseRedirect(kind.url_of(customer) if stays else kind.list_url())


def options() -> list[tuple[object, str]]:
    """Whom a customer can be given to."""
    people = User.objects.active().order_by("name_key").values_list("pk", "name")
    return [(NOBODY, _("nobody")), *people]


def _form(
    request: PersonRequest, customer: Customer, refusal: str = "", status: int = 200
) -> HttpResponse:
    about = {
        "customer": customer,
        "kind": registry["customer"],
        "owner_options": options(),
        "reason": request.POST.get("reason", ""),
        "refusal": refusal,
    }
    return render(request, "customers/owner.html", about, status=status)
