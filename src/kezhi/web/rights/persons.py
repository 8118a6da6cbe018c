"""What a person agreed to and refused, who saw their data, what they asked, and how they are judged."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.audit.models import Sighting
from kezhi.customers.consenting import refuse, withdraw_consent
from kezhi.customers.models import Consent, Contact, Customer
from kezhi.customers.models.consent import ConsentChannel, Purpose
from kezhi.insight.exempting import end_exemption, exempt_customer, exemption_of
from kezhi.records import registry
from kezhi.rights.deadlines import rules
from kezhi.rights.explaining import judgement_of
from kezhi.rights.models import DataRequest
from kezhi.web.answering import done
from kezhi.web.customers.reach import reaches
from kezhi.web.requests import PersonRequest, must_may, must_see, typed

KINDS: dict[str, Any] = {"contacts": Contact, "customers": Customer}
SHOWN = 50


@require_safe
def show(request: PersonRequest, address: str, pk: int) -> HttpResponse:
    """Consents, requests, access log, exemption."""
    must_may(request, "read", "consent")
    person = _person(request, address, pk)
    customer = person.customer if isinstance(person, Contact) else person
    actor = request.actor
    about = {
        "person": person,
        "customer": customer,
        "is_contact": isinstance(person, Contact),
        "is_person": isinstance(person, Contact) or customer.form == Customer.Form.PERSON,
        "address": reverse("person-rights", args=[address, pk]),
        "record_url": registry["contact" if address == "contacts" else "customer"].url_of(person),
        "consents": _consents(request, person),
        "may_give": reaches(actor, "create", "consent", customer),
        "may_refuse": reaches(actor, "edit", "consent", customer),
        "purposes": Purpose.choices,
        "channels": [each for each in ConsentChannel.choices if each[0] != ConsentChannel.NONE],
        "requests": _requests(request, person),
        "may_request": actor.may("create", "data_request"),
        "sightings": _sightings(request, person),
        "kind_of": registry.declared,
        "exemption": exemption_of(customer),
        "may_exempt": reaches(actor, "edit", "customer", customer)
        or actor.may("edit", "data_right"),
    }
    return render(request, "rights/person.html", about)


@require_POST
def say_no(request: PersonRequest, address: str, pk: int) -> HttpResponse:
    """POST purpose, channel (empty: all), detail."""
    person = _person(request, address, pk)
    return done(
        request,
        lambda: refuse(
            person,
            typed(request, "purpose", 20),
            actor=request.actor,
            at=timezone.now(),
            channel=typed(request, "channel", 10),
            by="written",
            detail=typed(request, "detail", 200),
        ),
        _("The refusal counts from now on."),
        reverse("person-rights", args=[address, pk]),
    )


@require_POST
def withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    consent = get_object_or_404(
        Consent.objects.visible_to(request.actor).select_related("contact", "customer"), pk=pk
    )
    return done(
        request,
        lambda: withdraw_consent(
            consent, actor=request.actor, at=timezone.now(), detail=typed(request, "detail", 200)
        ),
        _("The withdrawal counts from now on."),
        registry["consent"].url_of(consent),
    )


@require_POST
def exempt(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reason; with `end`, the exemption ends."""
    customer = _person(request, "customers", pk)
    back = reverse("person-rights", args=["customers", pk])
    reason = typed(request, "reason", 300)
    if "end" in request.POST:
        return done(
            request,
            lambda: end_exemption(customer, actor=request.actor, on=request.today, reason=reason),
            _("The next value run judges this customer again."),
            back,
        )
    return done(
        request,
        lambda: exempt_customer(customer, actor=request.actor, on=request.today, reason=reason),
        _("Nothing is judged automatically about this customer any more."),
        back,
    )


@require_safe
def explanation(request: PersonRequest, pk: int) -> HttpResponse:
    """A page to print or send: what was judged, from what, what it means, how to object."""
    must_see(request, "customer", "value")
    customer = _person(request, "customers", pk)
    return render(
        request,
        "rights/explanation.html",
        {
            "told": judgement_of(customer),
            "officer": rules().officer,
            "company": request.company,
            "kind_of": registry.declared,
        },
    )


def _person(request: PersonRequest, address: str, pk: int) -> Any:
    model = KINDS.get(address)
    if model is None:
        raise Http404
    return get_object_or_404(model.objects.visible_to(request.actor), pk=pk)


def _consents(request: PersonRequest, person: Contact | Customer) -> list[Consent]:
    rows = Consent.objects.visible_to(request.actor).select_related("contact", "text")
    mine = (
        rows.filter(contact=person) if isinstance(person, Contact) else rows.filter(customer=person)
    )
    return list(mine.order_by("-pk")[:SHOWN])


def _requests(request: PersonRequest, person: Contact | Customer) -> list[DataRequest]:
    rows = DataRequest.objects.visible_to(request.actor)
    mine = (
        rows.filter(contact=person) if isinstance(person, Contact) else rows.filter(customer=person)
    )
    return list(mine.order_by("-pk")[:SHOWN])


def _sightings(request: PersonRequest, person: Contact | Customer) -> list[Sighting] | None:
    """Who saw the person's data, on which day; None for those who don't read the log."""
    if not request.actor.may("read", "audit"):
        return None
    kind = "contact" if isinstance(person, Contact) else "customer"
    return list(
        Sighting.objects.filter(kind=kind, object_id=person.pk).order_by("-day", "-pk")[:SHOWN]
    )
