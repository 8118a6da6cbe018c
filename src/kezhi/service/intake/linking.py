"""Links by which a customer follows one ticket without signing in: signed, for some time, and revocable.

A link names a row by a random key and is signed with the installation's secret, so that neither a copy of the
database nor a guess opens a ticket. Whoever opens the link that stood in a letter reads that address's mail.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core import signing
from django.db.models import Q
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import Refused
from kezhi.messaging.noticing import address as page_address
from kezhi.service.models import IntakeSettings, Ticket, TicketLink

SALT = "kezhi.service.ticket_link"
LONGEST = 120
RENEWED_BEFORE = timedelta(days=30)
SEEN_AGAIN = timedelta(minutes=5)


def link_for(ticket: Ticket, address: str, at: datetime) -> TicketLink:
    """The living link of this address to this ticket, which goes on when it would end soon.

    The address "" stands for the screen of who filled in a form.
    """
    ends = at + timedelta(days=IntakeSettings.current().link_days)
    link, is_new = TicketLink.objects.get_or_create(
        ticket=ticket,
        address=address.lower(),
        revoked_at=None,
        defaults={"expires_at": ends},
    )
    if not is_new and link.expires_at < min(ends, at + RENEWED_BEFORE):
        link.expires_at = ends
        link.save(update_fields=["expires_at"])
    return link


def token_of(link: TicketLink) -> str:
    return _signer().sign(link.key)


def path_of(link: TicketLink) -> str:
    """The address of its page, without the host."""
    return f"/case/{token_of(link)}/"


def full_path_of(link: TicketLink) -> str:
    """As a letter names it."""
    return page_address(path_of(link))


def link_by(token: str, at: datetime) -> TicketLink | None:
    """The living link with this token; None for any other, whatever is wrong with it."""
    if len(token) > LONGEST:
        return None
    try:
        key = _signer().unsign(token)
    except signing.BadSignature:
        return None
    rows = TicketLink.objects.select_related("ticket__customer", "ticket__contact")
    found: TicketLink | None = rows.filter(
        key=key, revoked_at__isnull=True, expires_at__gt=at
    ).first()
    return found


def note_opening(link: TicketLink, at: datetime) -> None:
    """When it was opened last, to some minutes."""
    stale = Q(opened_at__isnull=True) | Q(opened_at__lt=at - SEEN_AGAIN)
    TicketLink.objects.filter(stale, pk=link.pk).update(opened_at=at)


def links_of(ticket: Ticket) -> list[TicketLink]:
    """Those that lead to this ticket, revoked ones too."""
    return list(TicketLink.objects.filter(ticket=ticket).order_by("-pk")[:20])


@audited("ticket_link.revoked")
def revoke_links(ticket: Ticket, *, actor: Actor, at: datetime) -> int:
    """Every link to this ticket is dead; the next letter brings a new one."""
    ticket = claim(ticket, actor=actor, action="edit")
    ended = TicketLink.objects.filter(ticket=ticket, revoked_at__isnull=True).update(revoked_at=at)
    if not ended:
        raise Refused(_("No link leads to this ticket."))
    note(links=ended)
    return int(ended)


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT, sep=".")
