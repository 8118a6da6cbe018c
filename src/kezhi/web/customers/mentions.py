"""Colleagues called in entries: offered while one types, found again from Today."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from kezhi.customers.mentioning import mark_read, to_mention
from kezhi.customers.models import Customer, Mention
from kezhi.web.customers.reach import reaches
from kezhi.web.customers.timeline import around
from kezhi.web.requests import PersonRequest

LONGEST = 40


@require_safe
def options(request: PersonRequest, pk: int) -> HttpResponse:
    """`?q=`: colleagues who may see the customer, by name, pinyin or initials."""
    customer = get_object_or_404(Customer.objects.visible_to(request.actor), pk=pk)
    if not reaches(request.actor, "create", "interaction", customer):
        raise Http404
    typed = request.GET.get("q", "")[:LONGEST]
    people = to_mention(customer, typed, request.actor.pk)
    return render(request, "customers/_mention_options.html", {"people": people})


@require_http_methods(["GET", "POST"])
def follow(request: PersonRequest, pk: int) -> HttpResponse:
    """To the entry in which one was called; it counts as read from then on."""
    rows = Mention.objects.of(request.actor).select_related("interaction")
    mention = get_object_or_404(rows, pk=pk)
    mark_read(request.actor, [mention.interaction_id], timezone.now())
    return HttpResponseRedirect(around(mention.interaction))
