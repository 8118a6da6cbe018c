"""Surveys leave after events: drawn by share, held back by quota, cap and consent, reminded of once.

An app tells of events by registering them: `register(Event("ticket.solved", …))`. Then it either calls
`happened` within its deed, or gives `find`, which is asked every few minutes for what came since.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import translation
from django.utils.translation import gettext as _

from kezhi.accounts.models import Company
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.customers.matching import phones
from kezhi.customers.models import Contact, Customer, SegmentMember, Standing
from kezhi.customers.models.consent import ConsentChannel, Purpose
from kezhi.customers.reaching import Person, home_zone, may_reach
from kezhi.messaging import outbox
from kezhi.messaging.models import Outgoing
from kezhi.records.fields import Label
from kezhi.satisfaction.linking import seal
from kezhi.satisfaction.models import AskingChannel, SurveyInvitation, SurveyRule, SurveyVersion

State = SurveyInvitation.State
BY_HAND = "hand"
AT_ONCE = 200  # letters in one transaction
TOO_LATE = timedelta(days=7)  # nobody remembers what the question was about
FOUND_AT_ONCE = 5_000
HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a customer. `key` is unique among all; `type` is one of the event's."""

    key: str
    customer_id: int
    contact_id: int | None = None
    about_kind: str = ""
    about_id: int | None = None
    agent_id: int | None = None
    department_id: int | None = None
    type: str = ""


@dataclass(frozen=True)
class Event:
    """After which a survey may be sent. `find(since, until)` gives what happened in between, where asked."""

    name: str
    label: Label
    types: Sequence[tuple[str, Label]] = ()
    find: Callable[[datetime, datetime], Iterable[Happening]] | None = None


EVENTS: dict[str, Event] = {}


def register(event: Event) -> None:
    EVENTS[event.name] = event


def happened(event: str, happening: Happening, at: datetime) -> list[SurveyInvitation]:
    """Plan what the rules of this event ask for; the same happening is planned once."""
    rules = SurveyRule.objects.filter(event=event, is_active=True, survey__is_active=True)
    planned = []
    for rule in rules.select_related("survey"):
        if is_meant(rule, happening) and (found := _plan(rule, happening, at)) is not None:
            planned.append(found)
    return planned


def taken_back(event: str, key: str) -> int:
    """It didn't happen after all: what was planned for it isn't sent, and may be planned again. How many."""
    rules = SurveyRule.objects.filter(event=event).values_list("pk", flat=True)
    keys = [_key(rule, key) for rule in rules]
    planned = SurveyInvitation.objects.filter(key__in=keys, state=State.PLANNED)
    return int(planned.delete()[0])


def _key(rule: int, happening: str) -> str:
    return f"rule:{rule}:{happening}"[:120]


def look_for_events(at: datetime) -> int:
    """Ask each event that is looked for what happened since the rules looked last."""
    planned = 0
    rules = SurveyRule.objects.filter(is_active=True, survey__is_active=True)
    for rule in rules.select_related("survey"):
        event = EVENTS.get(rule.event)
        if event is None or event.find is None:
            continue
        since = rule.looked_until or rule.created_at
        for number, happening in enumerate(event.find(since, at)):
            if number >= FOUND_AT_ONCE:
                break
            if is_meant(rule, happening):
                planned += _plan(rule, happening, at) is not None
        SurveyRule.objects.filter(pk=rule.pk).update(looked_until=at)
    return planned


def is_meant(rule: SurveyRule, happening: Happening) -> bool:
    """Whether the rule's conditions hold, and the draw hit."""
    if rule.types and happening.type not in rule.types:
        return False
    if not is_drawn(rule, happening.key):
        return False
    if rule.tiers:
        standing = Standing.objects.filter(customer_id=happening.customer_id, tier__in=rule.tiers)
        if not standing.exists():
            return False
    if rule.segment_id is not None:
        inside = SegmentMember.objects.filter(
            segment_id=rule.segment_id, customer_id=happening.customer_id
        )
        return inside.exists()
    return True


def is_drawn(rule: SurveyRule, key: str) -> bool:
    """The same seed draws the same cases, whenever it is asked."""
    drawn = hashlib.blake2b(f"{rule.seed}:{key}".encode(), digest_size=8).digest()
    return int.from_bytes(drawn) / 2**64 < float(rule.share)


def _plan(rule: SurveyRule, happening: Happening, at: datetime) -> SurveyInvitation | None:
    customer = Customer.objects.filter(pk=happening.customer_id).first()
    version = rule.survey.published
    if customer is None or version is None:
        return None
    contact = None
    if happening.contact_id is not None:
        contact = customer.contacts.filter(pk=happening.contact_id).first()
    contact = contact or usual_contacts([customer]).get(customer.pk)
    invitation = invitation_for(rule, version, customer, contact, at)
    invitation.key = _key(rule.pk, happening.key)
    invitation.due_at = at + timedelta(hours=rule.delay_hours)
    if not rule.survey.is_anonymous:
        invitation.about_kind, invitation.about_id = happening.about_kind, happening.about_id
        invitation.agent_id = happening.agent_id
        invitation.handling_department_id = happening.department_id
    if SurveyInvitation.objects.filter(key=invitation.key).exists():
        return None
    invitation.save()
    return invitation


def invitation_for(
    rule: SurveyRule,
    version: SurveyVersion,
    customer: Customer,
    contact: Contact | None,
    at: datetime,
) -> SurveyInvitation:
    """Not yet saved, and without a key."""
    invitation = SurveyInvitation(
        survey=rule.survey,
        survey_version=version,
        rule=rule,
        customer=customer,
        contact=contact,
        channel=AskingChannel.EMAIL,
        language=language_of(contact or customer),
        due_at=at,
        **customer.place,
    )
    seal(invitation)
    return invitation


def usual_contacts(customers: Sequence[Customer]) -> dict[int, Contact]:
    """Who is asked where nobody is named, by customer: the main contact with an address.

    A customer who is a person with an address is asked themselves.
    """
    wanted = [c.pk for c in customers if c.form != Customer.Form.PERSON or not c.email]
    rows = Contact.objects.filter(customer_id__in=wanted, has_left=False).exclude(email="")
    rows = rows.order_by("customer_id", "-is_primary", "pk").distinct("customer_id")
    return {row.customer_id: row for row in rows}


def language_of(person: Person) -> str:
    """English for a foreign number or a name in Latin letters; else Chinese."""
    numbers = phones(person.phone)
    if any(
        n.startswith("+") and not n.startswith(("+86", "+852", "+853", "+886")) for n in numbers
    ):
        return "en"
    if HAN.search(person.name):
        return "zh-hans"
    company = Company.current()
    return "en" if re.search(r"[A-Za-z]", person.name) else (company.language if company else "")


# ---- letters leave ----


def is_due(at: datetime) -> bool:
    """Whether there is anything to send, to remind of or to end: asked often, answered from indexes."""
    rows = SurveyInvitation.objects
    return (
        rows.filter(state=State.PLANNED, due_at__lte=at).exists()
        or rows.filter(state__in=SurveyInvitation.WAITING, expires_at__lte=at).exists()
        or _to_remind(at).exists()
    )


@audited("survey.sent")
def send_due(*, actor: Actor, at: datetime) -> int:
    """Send what is due, remind once, end what is too old; how many letters left."""
    sent = held = 0
    due = SurveyInvitation.objects.filter(state=State.PLANNED, due_at__lte=at)
    rows = due.select_for_update(of=("self",), skip_locked=True)
    rows = rows.select_related("rule", "survey", "customer", "contact").order_by("due_at", "pk")
    left = _quotas(at)
    company = Company.current()
    # Why somebody isn't asked is kept in words: the company's.
    with translation.override(company.language if company else None):
        for invitation in rows[:AT_ONCE]:
            reason = _send(invitation, left, actor, at)
            sent += not reason
            held += bool(reason)
    reminded = _remind(actor, at)
    note(letters=sent, kept_back=held, reminders=reminded, ended=_end(at))
    return sent + reminded


def why_not(invitation: SurveyInvitation, at: datetime) -> tuple[str, datetime | None]:
    """Why this person isn't written to now, and from when on it may be tried again; empty when they are."""
    person = invitation.person
    if not invitation.survey.is_active:
        return _("The survey was taken out of use."), None
    if not person.email:
        return _("There is no e-mail address."), None
    days = _cap(invitation)
    if asked_lately([invitation], days, at):
        return _("They were asked within the last %(days)s days.") % {"days": days}, None
    answer = may_reach(person, Purpose.SURVEY, ConsentChannel.EMAIL, at)
    return ("", None) if answer else (answer.reason, answer.again_at)


def asked_lately(rows: Sequence[SurveyInvitation], days: int, at: datetime) -> set[int]:
    """The places of those in `rows` whose person got any survey within so many days."""
    if not days or not rows:
        return set()
    recent = SurveyInvitation.objects.filter(sent_at__gt=at - timedelta(days=days))
    recent = recent.filter(customer_id__in={row.customer_id for row in rows})
    recent = recent.exclude(pk__in=[row.pk for row in rows if row.pk is not None])
    asked = set(recent.values_list("customer_id", "contact_id"))
    return {place for place, row in enumerate(rows) if (row.customer_id, row.contact_id) in asked}


def _cap(invitation: SurveyInvitation) -> int:
    return invitation.rule.cap_days if invitation.rule else 30


def _send(invitation: SurveyInvitation, left: dict[int, int], actor: Actor, at: datetime) -> str:
    """Sent now, tried again later, or never: the reason, empty when it left."""
    reason, again_at = why_not(invitation, at)
    rule = invitation.rule
    if not reason and rule is not None and left.get(rule.pk, 1) <= 0:
        reason, again_at = _("The letters of this day were used up."), _next_morning(at)
    if (
        reason
        and again_at is not None
        and again_at < invitation.created_at + TOO_LATE + _delay(rule)
    ):
        invitation.due_at = again_at
        invitation.save(update_fields=["due_at"])
        return reason
    if reason:
        invitation.state, invitation.reason = State.KEPT_BACK, reason[:200]
        invitation.save(update_fields=["state", "reason"])
        return reason
    days = rule.expires_after_days if rule else 21
    invitation.state, invitation.sent_at = State.SENT, at
    invitation.expires_at = at + timedelta(days=days)
    letter = _letter(invitation, f"survey:{invitation.pk}", actor, at)
    invitation.outgoing_id = letter.pk if letter else None
    invitation.save()
    if rule is not None and rule.pk in left:
        left[rule.pk] -= 1
    return ""


def _delay(rule: SurveyRule | None) -> timedelta:
    return timedelta(hours=rule.delay_hours if rule else 0)


def _letter(invitation: SurveyInvitation, key: str, actor: Actor, at: datetime) -> Outgoing | None:
    return outbox.send(
        to=[invitation.person.email],
        subject=invitation.survey.title(invitation.language),
        purpose=Outgoing.Purpose.LETTER,
        customer_id=invitation.customer_id,
        key=key,
        maker="survey",
        details={"invitation": invitation.pk},
        language=invitation.language,
        is_automatic=True,
        expires_at=invitation.expires_at,
        actor=actor,
        at=at,
    )


def _quotas(at: datetime) -> dict[int, int]:
    """What each rule with a quota may still send this day of the company."""
    rules = dict(
        SurveyRule.objects.filter(quota_per_day__isnull=False).values_list("pk", "quota_per_day")
    )
    zone = home_zone()
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    used = SurveyInvitation.objects.filter(rule_id__in=rules, sent_at__gte=midnight)
    counts: dict[int, int] = dict(used.values_list("rule").annotate(Count("pk")))
    return {pk: most - counts.get(pk, 0) for pk, most in rules.items()}


def _next_morning(at: datetime) -> datetime:
    local = at.astimezone(home_zone()) + timedelta(days=1)
    return local.replace(hour=9, minute=0, second=0, microsecond=0)


def _to_remind(at: datetime) -> Any:
    rows = SurveyInvitation.objects.filter(
        state__in=SurveyInvitation.WAITING,
        reminded_at__isnull=True,
        expires_at__gt=at,
        rule__remind_after_days__isnull=False,
        survey__is_active=True,
    )
    days = SurveyRule.objects.filter(remind_after_days__isnull=False)
    wanted = Q(pk__in=[])
    for pk, after in days.values_list("pk", "remind_after_days"):
        wanted |= Q(rule_id=pk, sent_at__lte=at - timedelta(days=after))
    return rows.filter(wanted)


def _remind(actor: Actor, at: datetime) -> int:
    """One reminder, asked anew whether the person may be written to; a no ends it."""
    reminded = 0
    rows = _to_remind(at).select_for_update(of=("self",), skip_locked=True)
    for invitation in rows.select_related("survey", "customer", "contact").order_by("pk")[:AT_ONCE]:
        person = invitation.person
        answer = may_reach(person, Purpose.SURVEY, ConsentChannel.EMAIL, at)
        if not answer and answer.again_at is not None:
            continue
        invitation.reminded_at = at
        invitation.save(update_fields=["reminded_at"])
        if answer and person.email:
            _letter(invitation, f"survey:{invitation.pk}:again", actor, at)
            reminded += 1
    return reminded


def _end(at: datetime) -> int:
    rows = SurveyInvitation.objects.filter(state__in=SurveyInvitation.WAITING, expires_at__lte=at)
    ended = list(rows.values_list("pk", flat=True)[:FOUND_AT_ONCE])
    return int(SurveyInvitation.objects.filter(pk__in=ended).update(state=State.EXPIRED))


def count_letters(persons: Sequence[Person], since: datetime) -> dict[int, int]:
    """How many survey letters each of them got, for the limit over all departments."""
    contacts = {p.pk: place for place, p in enumerate(persons) if isinstance(p, Contact)}
    customers = {p.pk: place for place, p in enumerate(persons) if isinstance(p, Customer)}
    rows = SurveyInvitation.objects.filter(sent_at__gt=since)
    found: dict[int, int] = {}
    for pk, count in (
        rows.filter(contact_id__in=contacts).values_list("contact").annotate(Count("pk"))
    ):
        found[contacts[pk]] = count
    own = rows.filter(customer_id__in=customers, contact__isnull=True)
    for pk, count in own.values_list("customer").annotate(Count("pk")):
        found[customers[pk]] = count
    return found
