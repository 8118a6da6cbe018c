"""Recipients, assessments and incidents: entered, corrected, removed where nothing hangs on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from kezhi.accounts.models import Integration
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Contact
from kezhi.customers.reaching import home_day
from kezhi.rights.deadlines import rules
from kezhi.rights.models import Assessment, Incident, Recipient
from kezhi.rights.tracing import Person
from kezhi.workbench.customizing.entering import put

HOME = "CN"
ALARM = 0.8


@dataclass(frozen=True)
class Deeds:
    create: Callable[..., Any]
    edit: Callable[..., Any]
    delete: Callable[..., Any]


def _deeds(kind: str, model: Any, check: Callable[[Any, date], None]) -> Deeds:
    @audited(f"{kind}.created")
    def create(fields: dict[str, Any], *, actor: Actor, on: date) -> Any:
        if not actor.may("create", kind):
            raise NotAllowed(_("Your role doesn't keep this register."))
        record = model(created_by_id=actor.pk)
        put(kind, record, fields, actor)
        check(record, on)
        record.save()
        return record

    @audited(f"{kind}.edited")
    def edit(
        record: Any, changes: dict[str, Any], *, actor: Actor, on: date, version: int | None = None
    ) -> Any:
        record = claim(record, actor=actor, action="edit", version=version)
        note(fields=sorted(changes))
        put(kind, record, changes, actor)
        check(record, on)
        record.version += 1
        record.save()
        return record

    @audited(f"{kind}.deleted")
    def delete(record: Any, *, actor: Actor, on: date) -> None:
        record = claim(record, actor=actor, action="delete")
        if kind == "recipient" and record.transfers.exists():
            raise Refused(_("Data went there already. End it instead of deleting it."))
        record.delete()

    return Deeds(create, edit, delete)


def _check_recipient(recipient: Recipient, on: date) -> None:
    recipient.country = recipient.country.strip().upper()
    if len(recipient.country) != 2 or not recipient.country.isascii():
        raise Refused(_("Write the country as two letters, such as CN or DE."))
    if not recipient.contract.strip():
        raise Refused(_("Name the contract or the law that allows it."))


def _check_assessment(assessment: Assessment, on: date) -> None:
    if assessment.review_on and assessment.review_on < assessment.decided_on:
        raise Refused(_("It can't be reviewed before it was decided."))


def _check_incident(incident: Incident, on: date) -> None:
    if incident.ended_on < incident.begun_on:
        raise Refused(_("It can't end before it began."))
    if not (incident.in_china or incident.in_europe):
        raise Refused(_("Say where the people are: it decides who has to be told, and by when."))


RECIPIENT = _deeds("recipient", Recipient, _check_recipient)
ASSESSMENT = _deeds("assessment", Assessment, _check_assessment)
INCIDENT = _deeds("incident", Incident, _check_incident)


@audited("incident.reported")
def report_incident(
    incident: Incident, *, actor: Actor, at: datetime, told_people: bool
) -> Incident:
    """The authority was told, and the people if so."""
    incident = claim(incident, actor=actor, action="edit")
    if incident.state != Incident.State.OPEN:
        raise Refused(_("This incident was reported already."))
    incident.state, incident.reported_at = Incident.State.REPORTED, at
    incident.told_people_on = home_day(at) if told_people else None
    incident.version += 1
    incident.save()
    return incident


@audited("incident.closed")
def close_incident(incident: Incident, *, actor: Actor, on: date, lessons: str) -> Incident:
    """What was learnt belongs to its end."""
    incident = claim(incident, actor=actor, action="edit")
    if incident.state == Incident.State.CLOSED:
        raise Refused(_("This incident is closed already."))
    if not lessons.strip():
        raise Refused(_("Write down what was learnt from it."))
    incident.state, incident.closed_on = Incident.State.CLOSED, on
    incident.lessons = lessons.strip()[:4000]
    incident.version += 1
    incident.save()
    return incident


@audited("recipient.linked")
def link_integration(
    recipient: Recipient, integration: Integration | None, *, actor: Actor, on: date
) -> Recipient:
    """The connected program through which this recipient gets its data; None: none any more."""
    recipient = claim(recipient, actor=actor, action="edit")
    if integration is not None and recipient.ended_on is not None and recipient.ended_on < on:
        raise Refused(_("%(name)s gets no data any more.") % {"name": recipient.name})
    recipient.integration_id = integration.pk if integration else None
    recipient.version += 1
    recipient.save()
    note(integration=integration.name if integration else "")
    return recipient


# ---- what goes abroad ----


@audited("transfer.noted")
def note_transfer(
    recipient: Recipient,
    persons: Iterable[Person],
    *,
    actor: Actor,
    on: date,
    is_sensitive: bool = False,
) -> int:
    """Data of these persons goes to a recipient abroad: each counts once a year. How many are new.

    Whatever sends to a recipient (webhooks, integrations) calls it; within the country nothing is counted.
    """
    if recipient.country == HOME:
        return 0
    if recipient.ended_on is not None and recipient.ended_on < on:
        raise Refused(_("%(name)s gets no data any more.") % {"name": recipient.name})
    roots, ids = [], []
    for person in persons:
        roots.append("contact" if isinstance(person, Contact) else "customer")
        ids.append(person.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO rights_transfer (recipient_id, year, root, root_id, is_sensitive, first_on)"
            " SELECT %s, %s, root, id, %s, %s FROM unnest(%s::text[], %s::bigint[]) AS p (root, id)"
            " ON CONFLICT DO NOTHING",
            [recipient.pk, on.year, is_sensitive, on, roots, ids],
        )
        added = int(cursor.rowcount)
    note(persons=len(ids), added=added)
    return added


@dataclass(frozen=True)
class Transfers:
    """Distinct persons whose data left the country in a year, beside the limits of the law."""

    year: int
    general: int
    sensitive: int
    general_limit: int
    sensitive_limit: int

    @property
    def is_general_alarm(self) -> bool:
        return self.general >= ALARM * self.general_limit

    @property
    def is_sensitive_alarm(self) -> bool:
        return self.sensitive >= ALARM * self.sensitive_limit


def transfers_of(year: int) -> Transfers:
    """Read from one index, whatever the number of persons."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE sensitive) FROM ("
            " SELECT root, root_id, bool_or(is_sensitive) AS sensitive FROM rights_transfer"
            " WHERE year = %s GROUP BY root, root_id) AS persons",
            [year],
        )
        general, sensitive = cursor.fetchone()
    found = rules()
    return Transfers(year, general, sensitive, found.transfer_limit, found.sensitive_limit)


def unregistered_integrations() -> list[Integration]:
    """Programs connected to the company that no recipient stands for."""
    known = Recipient.objects.filter(integration_id__isnull=False, ended_on__isnull=True)
    rows = Integration.objects.filter(revoked_at__isnull=True)
    rows = rows.exclude(pk__in=known.values("integration_id"))
    return list(rows.order_by("name")[:50])
