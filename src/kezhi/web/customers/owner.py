"""A customer given to another colleague."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezhi.accounts.models import User
from kezhi.core.refusal import Refused
from kezhi.customers.creating import reassign_customer
from kezhi.customers.models import Customer
from kezhi.records import registry
from kezhi.web.customers import page
from kezhi.web.requests import PersonRequest


@require_POST
def change(request: PersonRequest, pk: int) -> HttpResponse:
    """POST owner (empty for nobody) and reason."""
    customer = get_object_or_404(Customer.objects.visible_to(request.actor), pk=pk)
    chosen = request.POST.get("owner", "")
    owner = User.objects.active().filter(pk=chosen).first() if chosen.isdecimal() else None
    if chosen and owner is None:
        return page.refused(request, customer, _("Choose a colleague who works here."), status=422)
    try:
        reassign_customer(
            customer,
            owner,
            actor=request.actor,
            on=request.today,
            reason=request.POST.get("reason", "").strip()[:300],
        )
    except Refused as refusal:
        return page.refused(request, customer, str(refusal), status=409)
    told = (
        _("%(customer)s now belongs to %(owner)s")
        % {"customer": customer.name, "owner": owner.name}
        if owner
        else _("%(customer)s now belongs to nobody") % {"customer": customer.name}
    )
    messages.success(request, told)
    kind = registry["customer"]
    # Who gave the customer away may not see it any more.
    stays = Customer.objects.visible_to(request.actor).filter(pk=pk).exists()
    return HttpResponseRedirect(kind.url_of(customer) if stays else kind.list_url())
