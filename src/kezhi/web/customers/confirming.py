"""The data of a customer confirmed: somebody looked, they are still right."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezhi.core.refusal import NotAllowed
from kezhi.customers.completing import confirm_customer
from kezhi.customers.models import Customer
from kezhi.records import registry
from kezhi.web.requests import PersonRequest


@require_POST
def confirm(request: PersonRequest, pk: int) -> HttpResponse:
    customer = get_object_or_404(Customer.objects.visible_to(request.actor), pk=pk)
    try:
        confirm_customer(customer, actor=request.actor, on=request.today)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    messages.success(request, _("Confirmed: the data are right as of today"))
    return HttpResponseRedirect(registry["customer"].url_of(customer))
