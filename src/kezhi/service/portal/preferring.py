"""What a contact agrees to, said by themselves: each purpose and channel alone, with the words they saw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited
from kezhi.core.refusal import Refused
from kezhi.customers.consenting import REACHED, give_consent, refuse
from kezhi.customers.models import Consent, ConsentText, Customer
from kezhi.customers.models.consent import REACHING, ConsentChannel, ConsentSource, Purpose
from kezhi.customers.reaching import Person
from kezhi.service.portal.actors import PortalActor, clerk

# Asked for in writing and by people, not by a switch: sensitive data, passing on, transfer abroad.
OFFERED = (Purpose.MARKETING, Purpose.SURVEY, Purpose.PROFILING)


@dataclass(frozen=True, slots=True)
class Choice:
    """One channel of a purpose as it stands: `since`: when it was given or refused, if it was."""

    channel: str
    label: str
    is_given: bool
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A purpose with the words that ask for it; without words it can be taken back, not given."""

    purpose: str
    label: str
    words: str
    version: int
    digest: str
    choices: list[Choice]


def asked_of(actor: PortalActor) -> list[Asked]:
    """What they may agree to here, and what they agreed to wherever it was."""
    texts = _texts()
    standing: dict[tuple[str, str], Consent] = {}
    for consent in Consent.objects.filter(_whose(actor)).order_by("pk"):
        standing[consent.purpose, consent.channel] = consent
    found = []
    for purpose in Purpose:
        channels = REACHED if purpose in REACHING else [ConsentChannel.NONE]
        known = [standing.get((purpose, channel)) for channel in channels]
        text = texts.get(purpose) if purpose in OFFERED else None
        if text is None and not any(known):
            continue
        choices = [
            Choice(
                str(channel),
                str(ConsentChannel(channel).label),
                consent is not None and consent.is_standing,
                (consent.withdrawn_at or consent.given_at) if consent else None,
            )
            for channel, consent in zip(channels, known, strict=True)
        ]
        words = _words(text) if text else ""
        about = (text.version, text.digest) if text else (0, "")
        found.append(Asked(str(purpose), str(purpose.label), words, *about, choices))
    return found


@audited("portal.consent_given")
def agree(
    purpose: str,
    channel: str,
    *,
    actor: PortalActor,
    at: datetime,
    on: date,
    digest: str,
    address: str = "",
) -> Consent:
    """A yes to the words that were on the screen: `digest` names them. Other words than those in force are
    asked again."""
    _demand_known(purpose, channel)
    text = _texts().get(purpose) if purpose in OFFERED else None
    if text is None:
        raise Refused(_("We don’t ask for this at present."))
    if text.digest != digest:
        raise Refused(_("The text has changed meanwhile. Read it again, then decide."))
    standing = Consent.objects.standing().filter(_whose(actor), purpose=purpose, channel=channel)
    if (known := standing.first()) is not None:
        return known
    proof = _(
        "Switched on in the portal, signed in as %(login)s, from %(address)s, under: %(words)s"
    )
    return give_consent(
        {
            "customer": actor.customer,
            "contact": actor.contact,
            "purpose": purpose,
            "channel": channel,
            "text": text,
            "source": ConsentSource.FORM,
            "source_detail": _("Portal, preferences"),
            "proof": proof
            % {"login": actor.account.login, "address": address or "—", "words": _words(text)},
            "given_at": at,
        },
        actor=clerk(actor),
        on=on,
    )


@audited("portal.consent_withdrawn")
def decline(purpose: str, channel: str, *, actor: PortalActor, at: datetime) -> int:
    """A no, which counts at once and for their addresses, whether they ever said yes."""
    _demand_known(purpose, channel)
    persons: list[Person] = [actor.contact]
    is_private = actor.customer.form == Customer.Form.PERSON
    own = Consent.objects.standing().filter(
        customer=actor.customer, contact__isnull=True, purpose=purpose, channel=channel
    )
    if is_private and own.exists():
        persons.append(actor.customer)
    ended = 0
    for person in persons:
        ended += refuse(
            person,
            purpose,
            actor=clerk(actor),
            at=at,
            channel=channel,
            by=ConsentSource.FORM,
            detail=_("Portal, preferences"),
        )
    return ended


def _texts() -> dict[str, ConsentText]:
    """The words in force, by purpose."""
    rows = ConsentText.objects.filter(purpose__in=OFFERED).order_by("purpose", "version")
    return {row.purpose: row for row in rows}


def _words(text: ConsentText) -> str:
    return text.chinese if (get_language() or "").startswith("zh") else text.english


def _whose(actor: PortalActor) -> Q:
    own = Q(contact=actor.contact)
    if actor.customer.form == Customer.Form.PERSON:
        own |= Q(customer=actor.customer, contact__isnull=True)
    return own


def _demand_known(purpose: str, channel: str) -> None:
    if purpose not in Purpose.values or channel not in ConsentChannel.values:
        raise Refused(_("There is no such purpose or channel."))
    if (purpose in REACHING) == (channel == ConsentChannel.NONE):
        raise Refused(_("There is no such purpose or channel."))
