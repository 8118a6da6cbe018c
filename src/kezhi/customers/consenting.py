"""The consent register: a yes with its words, source and proof; a no that counts at once and for good."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext as _

from kezhi.accounts.models import Company
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.normal_form import normal_form
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach as may_work_on
from kezhi.customers.marking import MARKS, digest, digests, entries_of, marks_of
from kezhi.customers.models import (
    Consent,
    ConsentText,
    Contact,
    ContactPolicy,
    Customer,
    DoNotContact,
)
from kezhi.customers.models.consent import REACHING, ConsentChannel, ConsentSource, Purpose
from kezhi.customers.reaching import Person
from kezhi.workbench.customizing.entering import put

State = Consent.State
# Whole replies that mean no: what the rules for text messages name, and what people write.
OPT_OUT_WORDS = frozenset(
    {
        "td", "t", "n", "stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "remove",
        "退订", "退", "取消", "取消订阅", "拒收", "不要再发", "不要发了", "别发了", "停止", "停止发送",
        "请勿打扰", "不再接收",
    }
)  # fmt: skip
NOT_LETTERS = re.compile(r"[\W_]+")
MOST_ADDRESSES = 100_000
WRITTEN = frozenset({ConsentSource.FORM, ConsentSource.WRITTEN, ConsentSource.VERBAL})


def is_opt_out(text: str) -> bool:
    """Whether a reply to a message says no: `TD`, `退订`, `Stop.`, `t`. A sentence that merely has the word
    in it is read by people."""
    bare = NOT_LETTERS.sub("", normal_form("NFKC", text[:200])).lower().removeprefix("回复")
    return not OPT_OUT_WORDS.isdisjoint((bare, bare.removeprefix("请").removesuffix("please")))


@audited("consent.given")
def give_consent(fields: dict[str, Any], *, actor: Actor, on: date) -> Consent:
    """Keep a yes. `text_version` or `text_digest` says which words were shown; without them the newest of
    the purpose are meant, where people were shown any."""
    consent = Consent(created_by_id=actor.pk, source=ConsentSource.WRITTEN)
    given = {name: entry for name, entry in fields.items() if entry is not None}
    shown = {name: given.pop(name, None) for name in ("text_version", "text_digest")}
    put("consent", consent, given, actor)
    _demand_person(consent)
    if not may_work_on(actor, "create", "consent", consent.customer):
        raise NotAllowed(_("Your role doesn't add this to that customer."))
    for name, entry in consent.customer.place.items():
        setattr(consent, name, entry)
    _settle_channel(consent)
    if any(shown.values()):
        consent.text = shown_text(consent.purpose, shown["text_version"], shown["text_digest"])
    if consent.text is None and consent.source in WRITTEN:
        consent.text = latest_text(consent.purpose)
    if consent.text is not None:
        if consent.text.purpose != consent.purpose:
            raise Refused(_("This text asks for another purpose."))
        consent.text_digest = consent.text.digest
    if consent.source == ConsentSource.VERBAL and not consent.source_detail.strip():
        raise Refused(_("Say who heard it and where: a word of mouth is proven by its witness."))
    _date(consent, on)
    consent.state = State.GIVEN
    consent.save()
    if consent.source != ConsentSource.IMPORT:
        _lift(consent)
    note(purpose=consent.purpose, channel=consent.channel, source=consent.source)
    return consent


@audited("consent.withdrawn")
def withdraw_consent(
    consent: Consent,
    *,
    actor: Actor,
    at: datetime,
    by: str = ConsentSource.WRITTEN,
    detail: str = "",
) -> Consent:
    """A no to this one consent, and to its address; nothing has to be said."""
    consent = claim(consent, actor=actor, action="edit")
    if not consent.is_standing:
        raise Refused(_("This consent was withdrawn already."))
    _withdraw(consent, at, by, detail)
    _stop(_person_of(consent), consent.purpose, consent.channel, at, by)
    return consent


@audited("consent.refused")
def refuse(
    person: Person,
    purpose: str,
    *,
    actor: Actor,
    at: datetime,
    channel: str = "",
    by: str = ConsentSource.REPLY,
    detail: str = "",
) -> int:
    """A no of the person, whether they ever said yes: to a channel, or to all of a purpose.

    Returns how many consents it ended. A person without any is kept as having refused.
    """
    customer = person.customer if isinstance(person, Contact) else person
    if not may_work_on(actor, "edit", "consent", customer):
        raise NotAllowed(_("Your role doesn't change consents of this customer."))
    if purpose not in Purpose.values or (channel and channel not in ConsentChannel.values):
        raise Refused(_("There is no such purpose or channel."))
    whose = (
        Q(contact=person)
        if isinstance(person, Contact)
        else Q(customer=person, contact__isnull=True)
    )
    rows = Consent.objects.select_for_update(of=("self",)).filter(whose, purpose=purpose)
    rows = rows.standing().filter(channel=channel) if channel else rows.standing()
    ended = list(rows)
    for row in ended:
        _withdraw(row, at, by, detail)
    if not ended:
        reached = purpose in REACHING
        for each in [channel] if channel else (REACHED if reached else [ConsentChannel.NONE]):
            Consent.objects.create(
                customer=customer,
                contact=person if isinstance(person, Contact) else None,
                purpose=purpose,
                channel=each,
                state=State.REFUSED,
                source=by,
                source_detail=detail[:200],
                withdrawn_at=at,
                withdrawn_by=by,
                withdrawn_detail=detail[:200],
                created_by_id=actor.pk,
                **customer.place,
            )
    _stop(person, purpose, channel, at, by)
    note(purpose=purpose, channel=channel, ended=len(ended))
    return len(ended)


REACHED = [each for each in ConsentChannel.values if each != ConsentChannel.NONE]


@audited("consent.text_published")
def publish_text(
    purpose: str, chinese: str, english: str, *, actor: Actor, on: date
) -> ConsentText:
    """A new version of the words that ask for a purpose; earlier ones stay as they were agreed to."""
    if not actor.may("edit", "data_right"):
        raise NotAllowed(_("Your role doesn't change the texts of consents."))
    if purpose not in Purpose.values:
        raise Refused(_("There is no such purpose or channel."))
    chinese, english = chinese.strip(), english.strip()
    if not chinese or not english:
        raise Refused(_("Write the text in both languages: people agree to what they can read."))
    last = ConsentText.objects.filter(purpose=purpose).order_by("-version").first()
    code = text_digest(chinese, english)
    if last is not None and last.digest == code:
        raise Refused(_("This is the text in force."))
    return ConsentText.objects.create(
        purpose=purpose,
        version=last.version + 1 if last else 1,
        chinese=chinese,
        english=english,
        digest=code,
        published_on=on,
        published_by_id=actor.pk,
    )


def text_digest(chinese: str, english: str) -> str:
    return hashlib.sha256(f"{chinese}\0{english}".encode()).hexdigest()


def latest_text(purpose: str) -> ConsentText | None:
    return ConsentText.objects.filter(purpose=purpose).order_by("-version").first()


def shown_text(purpose: str, version: int | None, code: str | None) -> ConsentText:
    """The words of the purpose by their number, by their hash, or by both where they belong together."""
    rows = ConsentText.objects.filter(purpose=purpose)
    rows = rows.filter(version=version) if version else rows
    text = (rows.filter(digest=code.strip().lower()) if code else rows).order_by("-version").first()
    if text is None:
        raise Refused(_("There is no such text for this purpose."))
    return text


@audited("contact_policy.changed")
def change_contact_policy(
    open_from: int, open_until: int, most_per_week: int, *, actor: Actor
) -> ContactPolicy:
    """From which hour to which people may be reached for marketing and surveys, and how often a week."""
    if not actor.may("edit", "data_right"):
        raise NotAllowed(_("Your role doesn't change when people may be reached."))
    if not 0 <= open_from < open_until <= 24:
        raise Refused(_("The day has to end after it begins, between 0 and 24."))
    if not 1 <= most_per_week <= 50:
        raise Refused(_("Between 1 and 50 messages a week."))
    policy = ContactPolicy.objects.first() or ContactPolicy()
    policy.open_from, policy.open_until = open_from, open_until
    policy.most_per_week = most_per_week
    policy.save()
    return policy


@audited("do_not_contact.added")
def add_do_not_contact(
    addresses: Iterable[str], *, actor: Actor, at: datetime, channel: str = "", by: str = "import"
) -> int:
    """Numbers and addresses from a do-not-call list: nobody who has one is reached. How many are new."""
    if not actor.may("edit", "data_right"):
        raise NotAllowed(_("Your role doesn't change the list of refused addresses."))
    added = _stop_marks(_marks_in(addresses), "", channel, at, by)
    note(added=added)
    return added


@audited("do_not_contact.lifted")
def lift_do_not_contact(
    addresses: Iterable[str], *, actor: Actor, at: datetime, reason: str, channel: str = ""
) -> int:
    """Off the list again: what a list brought by mistake. How many.

    What people refused themselves stays, by purpose; only they lift it, by agreeing anew.
    """
    if not actor.may("edit", "data_right"):
        raise NotAllowed(_("Your role doesn't change the list of refused addresses."))
    if not reason.strip():
        raise Refused(_("Say why these may be reached again."))
    found = DoNotContact.objects.filter(
        digest__in=digests(_marks_in(addresses)),
        purpose="",
        channel=channel,
        lifted_at__isnull=True,
    )
    lifted = int(found.update(lifted_at=at))
    note(lifted=lifted)
    return lifted


# ---- what the deeds share ----


def _marks_in(addresses: Iterable[str]) -> set[str]:
    marks: set[str] = set()
    for text in addresses:
        marks |= marks_of({"email": text} if "@" in text else {"phone": text})
        if len(marks) > MOST_ADDRESSES:
            raise Refused(
                _("At most %(most)s addresses at a time.") % {"most": f"{MOST_ADDRESSES:,}"}
            )
    return marks


def _demand_person(consent: Consent) -> None:
    if consent.customer_id is None:
        raise Refused(_("Choose the customer whose record this is."))
    contact = consent.contact
    if contact is not None and contact.customer_id != consent.customer_id:
        raise Refused(_("Choose a contact of this customer."))
    if contact is None and consent.customer.form != Customer.Form.PERSON:
        raise Refused(_("Choose the contact who agreed: only people consent, not companies."))


def _settle_channel(consent: Consent) -> None:
    if consent.purpose not in Purpose.values:
        raise Refused(_("Choose what was agreed to."))
    if consent.purpose in REACHING:
        if consent.channel == ConsentChannel.NONE:
            raise Refused(_("Choose the channel: each is agreed to by itself."))
    else:
        consent.channel = ConsentChannel.NONE


def _date(consent: Consent, on: date) -> None:
    company = Company.current()
    zone = company.zone if company else ZoneInfo("Asia/Shanghai")
    if consent.given_at is None:
        consent.given_at = datetime.combine(consent.given_on or on, time(), zone)
    consent.given_on = consent.given_at.astimezone(zone).date()
    if consent.given_on > on:
        raise Refused(_("A consent can't be dated in the future."))


def _person_of(consent: Consent) -> Person:
    return consent.contact or consent.customer


def _withdraw(consent: Consent, at: datetime, by: str, detail: str) -> None:
    consent.state, consent.withdrawn_at = State.WITHDRAWN, at
    consent.withdrawn_by, consent.withdrawn_detail = by, detail.strip()[:200]
    consent.version += 1
    consent.save()


def _marks(person: Person, channel: str) -> set[str]:
    letters = MARKS.get(channel, "pewa" if not channel else "")
    return {mark for mark in marks_of(entries_of(person)) if mark[0] in letters}


def _stop(person: Person, purpose: str, channel: str, at: datetime, by: str) -> None:
    """Their addresses go on the list: another record with the same address is not reached either."""
    if purpose in REACHING:
        _stop_marks(_marks(person, channel), purpose, channel, at, by)


def _stop_marks(marks: set[str], purpose: str, channel: str, at: datetime, by: str) -> int:
    wanted = {digest(mark) for mark in marks}
    known = DoNotContact.objects.filter(
        digest__in=wanted, purpose=purpose, channel=channel, lifted_at__isnull=True
    )
    new = wanted - set(known.values_list("digest", flat=True))
    DoNotContact.objects.bulk_create(
        (
            DoNotContact(digest=each, purpose=purpose, channel=channel, since=at, source=by)
            for each in sorted(new)
        ),
        batch_size=2_000,
    )
    return len(new)


def _lift(consent: Consent) -> None:
    """Who agrees anew, by themselves, is no longer on the list for that purpose and channel."""
    if consent.purpose not in REACHING:
        return
    found = digests(_marks(_person_of(consent), consent.channel))
    DoNotContact.objects.filter(
        Q(channel=consent.channel) | Q(channel=""),
        Q(purpose=consent.purpose),
        digest__in=found,
        lifted_at__isnull=True,
    ).update(lifted_at=consent.given_at)
