"""What the generic record pages of consents, requests and incidents show beside the properties."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.urls import reverse

from kezhi.accounts.models import Integration
from kezhi.customers.models import Consent, Contact
from kezhi.records import registry
from kezhi.rights.breaches import CLOCKS, affected
from kezhi.rights.deadlines import used
from kezhi.rights.models import DataRequest, Incident, Recipient
from kezhi.rights.registering import unregistered_integrations
from kezhi.web.records import running
from kezhi.web.records.actions import TONES
from kezhi.web.records.record import PANELS, Panel
from kezhi.web.requests import PersonRequest

SHOWN = 50
MOST_COUNTED = 100_000


def _consent(request: PersonRequest, consent: Consent) -> Panel:
    may_edit = Consent.objects.visible_to(request.actor, "edit").filter(pk=consent.pk).exists()
    address, pk = (
        ("contacts", consent.contact_id)
        if consent.contact_id
        else ("customers", consent.customer_id)
    )
    about = {
        "consent": consent,
        "may_edit": may_edit,
        "person_url": reverse("person-rights", args=[address, pk]),
    }
    return Panel("rights/_consent_panel.html", about)


def _contact(request: PersonRequest, contact: Contact) -> Panel | None:
    if not request.actor.may("read", "consent"):
        return None
    rows = Consent.objects.visible_to(request.actor).filter(contact=contact)
    about = {
        "consents": list(rows.order_by("-pk")[:SHOWN]),
        "address": reverse("person-rights", args=["contacts", contact.pk]),
        "kind": registry["consent"],
    }
    return Panel("rights/_contact_panel.html", about)


def _request(request: PersonRequest, found: DataRequest) -> Panel:
    actor = request.actor
    job = found.job_run
    person = found.person
    about = {
        "request": found,
        "person_url": _rights_of(person) if person is not None else "",
        "used": used(found, request.today),
        "may_edit": actor.may("edit", "data_request"),
        "may_erase": actor.may("edit", "data_right"),
        "may_fetch": actor.may("export", "data_request"),
        "is_own": found.proposed_by_id == actor.pk,
        "steps": list(found.steps.all()[:SHOWN]),
        "packages": list(found.packages.order_by("-pk")[:SHOWN]),
        "checks": DataRequest.Check.choices,
        "job": job,
        "plan": (job.result or {}).get("plan") if job and job.name == "rights.plan" else None,
        "labels": {kind.model._meta.db_table: str(kind.label_plural) for kind in registry},
        "today": request.today,
    }
    return Panel("rights/_request_panel.html", about)


def _recipient(request: PersonRequest, recipient: Recipient) -> Panel:
    linked = Integration.objects.filter(pk=recipient.integration_id or 0).first()
    choices = [linked] if linked else []
    may_edit = request.actor.may("edit", "recipient")
    about = {
        "recipient": recipient,
        "linked": linked,
        "programs": [(each.pk, each.name) for each in (*choices, *unregistered_integrations())]
        if may_edit
        else [],
        "may_edit": may_edit,
        "transfers": recipient.transfers.filter(year=request.today.year)[:MOST_COUNTED].count(),
        "year": request.today.year,
    }
    return Panel("rights/_recipient_panel.html", about)


def _incident(request: PersonRequest, incident: Incident) -> Panel:
    actor = request.actor
    about = {
        "incident": incident,
        "affected": affected(incident),
        "clocks": [(CLOCKS[name], until) for name, until in incident.clocks],
        "may_edit": actor.may("edit", "incident"),
        "may_export": actor.may("export", "incident"),
    }
    return Panel("rights/_incident_panel.html", about)


def _rights_of(person: Any) -> str:
    address = "contacts" if isinstance(person, Contact) else "customers"
    return reverse("person-rights", args=[address, person.pk])


def _request_tones(found: DataRequest, on: date) -> dict[str, str]:
    gone = used(found, on)
    return {"due_on": "risk" if gone >= 100 else "warn"} if gone >= 80 else {}


def _job_page(job: Any) -> str:
    found = DataRequest.objects.filter(job_run=job).only("pk").first()
    return registry["data_request"].url_of(found) if found else ""


PANELS.update(
    {
        "consent": _consent,
        "contact": _contact,
        "data_request": _request,
        "incident": _incident,
        "recipient": _recipient,
    }
)
TONES["data_request"] = _request_tones
running.PAGES["rights"] = _job_page
