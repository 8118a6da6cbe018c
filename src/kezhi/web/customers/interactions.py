"""What a person writes on a customer's timeline, with the day they mean to follow up."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from kezhi.core.refusal import Refused
from kezhi.customers.following_up import log_interaction, plan_follow_up
from kezhi.customers.models import Customer
from kezhi.records import registry
from kezhi.web.customers import page
from kezhi.web.customers.composer import Draft
from kezhi.web.customers.follow_ups import CHANGED
from kezhi.web.requests import PersonRequest
from kezhi.web.toasts import toast


@require_POST
def create(request: PersonRequest, pk: int) -> HttpResponse:
    """POST kind, text, next_on: an interaction and, with a day, the follow-up to come."""
    customer = get_object_or_404(Customer.objects.visible_to(request.actor), pk=pk)
    draft = Draft.posted(request)
    if draft.errors:
        return _answer(request, customer, draft, status=422)
    try:
        _save(request, customer, draft)
    except Refused as refusal:
        draft.errors["text"] = str(refusal)
        return _answer(request, customer, draft, status=409)
    told = _("Saved on the timeline")
    if not request.htmx:
        messages.success(request, told)
        return HttpResponseRedirect(registry["customer"].url_of(customer))
    response = _answer(request, customer, Draft(channel=draft.channel))
    return trigger_client_event(toast(response, told), CHANGED)


def _save(request: PersonRequest, customer: Customer, draft: Draft) -> None:
    with transaction.atomic():
        log_interaction(customer, draft.channel, draft.text, actor=request.actor, at=timezone.now())
        if draft.due_on:
            about = Truncator(draft.text.splitlines()[0]).chars(80)
            subject = _("Follow up: %(about)s") % {"about": about}
            fields = {"customer": customer, "subject": subject, "due_on": draft.due_on}
            plan_follow_up(fields, actor=request.actor, on=request.today)


def _answer(
    request: PersonRequest, customer: Customer, draft: Draft, status: int = 200
) -> HttpResponse:
    if request.htmx:
        about = page.story(request, customer, draft)
        return render(request, "customers/_story.html", about, status=status)
    return page.whole(request, customer, draft=draft, status=status)
