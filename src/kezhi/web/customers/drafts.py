"""What is being written, kept on the server as one types."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezhi.customers.drafting import keep_draft
from kezhi.customers.models import Customer
from kezhi.records import registry
from kezhi.web.customers.composer import Writing
from kezhi.web.customers.reach import reaches
from kezhi.web.requests import PersonRequest


@require_POST
def keep(request: PersonRequest, pk: int) -> HttpResponse:
    """POST the composer's controls: kept until the entry is saved, or nothing stands there any more."""
    customer = get_object_or_404(Customer.objects.visible_to(request.actor), pk=pk)
    if not reaches(request.actor, "create", "interaction", customer):
        return HttpResponse(status=403)
    writing = Writing.typed(request.POST)
    text = "" if "drop" in request.POST else writing.text
    keep_draft(request.actor, customer, text, writing.controls)
    if not request.htmx:
        return HttpResponseRedirect(registry["customer"].url_of(customer))
    return HttpResponse(_("Draft kept") if text else "", content_type="text/plain; charset=utf-8")
