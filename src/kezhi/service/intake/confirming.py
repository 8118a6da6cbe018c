"""The first word back, by itself: the number of the ticket and the link to its state.

To each address at most once in ten minutes and three times a day, and to addresses that nobody knows so many an
hour together: neither a loop of two machines nor a flood in somebody's name gets going. What a machine sent, or
a sender who may be forged, is never confirmed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from kezhi.accounts.models import Company
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.messaging import merging, outbox
from kezhi.messaging.letters import Link, Part, Text
from kezhi.messaging.models import MailAccount, Outgoing
from kezhi.service.intake.linking import full_path_of, link_for
from kezhi.service.models import Confirmation, IntakeSettings, Ticket
from kezhi.service.tickets.happening import happened

ONCE_IN = timedelta(minutes=10)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
A_DAY_AT_MOST = 3
# Of one mail domain, also where its addresses are known.
A_DOMAIN_AN_HOUR = 20
KEPT = timedelta(days=2)
LANGUAGES = ("zh-hans", "en")
GAPS = ("ticket.number", "ticket.subject", "company.name")


@audited("ticket.confirmed")
def confirm(
    ticket: Ticket,
    address: str,
    *,
    actor: Actor,
    at: datetime,
    account: MailAccount | None,
    in_reply_to: str = "",
    references: tuple[str, ...] = (),
) -> Outgoing | None:
    """The letter, or None where it would be one too many.

    Without an `account` it leaves by the mailbox for notices.
    """
    address = address.lower()
    if not address or not _counted(ticket, address, at):
        note(held_back=True)
        return None
    language = ticket.language if ticket.language in LANGUAGES else "zh-hans"
    with translation.override(language):
        outgoing = outbox.send(
            to=[address],
            subject=_("[%(number)s] We have received: %(subject)s")
            % {"number": ticket.number, "subject": ticket.subject},
            parts=_written(ticket, address, language, at),
            purpose=Outgoing.Purpose.LETTER,
            account=account,
            about=ticket,
            customer_id=ticket.customer_id,
            key=f"confirmation:{ticket.pk}",
            in_reply_to=in_reply_to,
            references=references,
            is_automatic=True,
            language=language,
            expires_at=at + DAY,
            actor=actor,
            at=at,
        )
    if outgoing is None:
        return None
    entry = happened(ticket, "confirmed", actor=actor, at=at, to=address)
    if entry is not None:
        entry.outgoing_id = outgoing.pk
        entry.save(update_fields=["outgoing_id"])
    return outgoing


def forget_old_confirmations(*, at: datetime) -> int:
    return int(Confirmation.objects.filter(at__lt=at - KEPT).delete()[0])


def counted_address(address: str) -> str:
    """How an address is counted: what stands behind a plus leads to the same box."""
    local, _at, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _counted(ticket: Ticket, address: str, at: datetime) -> bool:
    """Whether there is room for one more, which is counted then. One at a time: two workers see each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('kezhi.service.confirming'))")
    counted, domain = counted_address(address), outbox.domain_of(address)
    is_known = ticket.customer_id is not None
    rows = Confirmation.objects.filter(at__gt=at - DAY)
    to_it = list(rows.filter(address=counted).values_list("at", flat=True)[:A_DAY_AT_MOST])
    recent = rows.filter(at__gt=at - HOUR)
    too_many = (
        len(to_it) >= A_DAY_AT_MOST
        or any(at - each < ONCE_IN for each in to_it)
        or recent.filter(domain=domain)[:A_DOMAIN_AN_HOUR].count() >= A_DOMAIN_AN_HOUR
    )
    if not is_known and not too_many:
        most = IntakeSettings.current().confirmations_per_hour
        too_many = recent.filter(is_known=False)[:most].count() >= most
    if too_many:
        return False
    Confirmation.objects.create(
        address=counted, domain=domain, ticket=ticket, is_known=is_known, at=at
    )
    return True


def _written(ticket: Ticket, address: str, language: str, at: datetime) -> list[Part]:
    settings = IntakeSettings.current()
    own = settings.text_zh if language.startswith("zh") else settings.text_en
    words = own.strip() or _(
        "We have received your message and given it the number {{ticket.number}}. Whoever sees to it will "
        "answer you here. To add something, answer this letter."
    )
    link = link_for(ticket, address, at)
    return [
        Text(merging.fill(words, words_of(ticket)).text),
        Link(_("See how it stands"), full_path_of(link)),
        Text(
            _(
                "The link is yours alone: whoever has it reads what we write each other on this matter."
            ),
            is_quiet=True,
        ),
    ]


def words_of(ticket: Ticket) -> dict[str, str]:
    """What the gaps of the company's own words hold."""
    company = Company.current()
    return {
        "ticket.number": ticket.number,
        "ticket.subject": ticket.subject,
        "company.name": company.name if company else "",
    }
