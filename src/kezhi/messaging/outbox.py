"""Mail leaves by the outbox: a row in the transaction that causes it, sent by a job once that is committed.

    outbox.send(to=["a@b.cn"], subject=…, text=…, purpose=Outgoing.Purpose.LETTER, actor=actor, at=now)

Sent once: the same `key` is queued once, the Message-ID is fixed here, and whether it may leave is asked again
when it does. `delivering` does the sending.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note, traced_by
from kezhi.core import queue
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import Refused
from kezhi.messaging.letters import Part, as_html, as_text
from kezhi.messaging.models import MailAccount, Outgoing, OutgoingFile
from kezhi.messaging.storing import store
from kezhi.records import registry

State = Outgoing.State
MOST_RECIPIENTS = 50
MOST_FILE_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Made:
    """What a maker writes at the moment of sending."""

    subject: str
    parts: Sequence[Part]
    files: Sequence[File] = field(default=())


# Who writes a mail when it is sent: None when there is nothing to tell, or nobody who may hear it.
MAKERS: dict[str, Callable[[Outgoing, datetime], Made | None]] = {}
# What apps above ask before a mail leaves: the name of a problem, or nothing.
CHECKS: list[Callable[[Outgoing, datetime], str]] = []
# Who is told when a mail changes its state for good.
ON_SETTLED: list[Callable[[Outgoing, datetime], None]] = []


@audited("mail.queued")
def send(
    *,
    subject: str,
    purpose: str,
    actor: Actor,
    at: datetime,
    to: Sequence[str] = (),
    cc: Sequence[str] = (),
    person: User | None = None,
    text: str = "",
    parts: Sequence[Part] = (),
    account: MailAccount | None = None,
    about: models.Model | None = None,
    customer_id: int | None = None,
    files: Iterable[File] = (),
    key: str = "",
    in_reply_to: str = "",
    references: Sequence[str] = (),
    is_automatic: bool = False,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
    maker: str = "",
    details: dict[str, Any] | None = None,
    language: str = "",
) -> Outgoing | None:
    """Queue a mail to a colleague (`person`: address and rights as they are when it leaves) or to addresses.

    Without an account it leaves by the company's mailbox for notices. `about` is the record it speaks of: a
    colleague who may not see it then gets nothing. `parts` make plain text and HTML, `text` plain text alone.
    None when `key` was queued before.
    """
    if person is None and not to:
        raise Refused(_("Say to whom the mail goes."))
    if len(to) + len(cc) > MOST_RECIPIENTS:
        raise Refused(_("A mail goes to %(most)s people at most.") % {"most": MOST_RECIPIENTS})
    spoken = language or (person.language if person else "") or get_language() or ""
    first = person.email if person else to[0]
    outgoing = Outgoing(
        account=account,
        purpose=purpose,
        message_id=new_message_id(account.address if account else ""),
        key=key or None,
        person=person,
        to=list(to),
        cc=list(cc),
        domain=domain_of(first),
        subject=one_line(subject)[:300],
        text=as_text(parts) if parts else text,
        html=as_html(parts, language=spoken) if parts else "",
        language=spoken,
        maker=maker,
        details=details or {},
        in_reply_to=one_line(in_reply_to)[:998],
        references=[one_line(each) for each in references][-20:],
        is_automatic=is_automatic,
        about_kind=kind_of(about) if about else "",
        about_id=about.pk if about else None,
        customer_id=customer_id,
        next_try_at=not_before or at,
        expires_at=expires_at,
        created_at=at,
        **_place(person or actor),
    )
    try:
        with transaction.atomic():
            outgoing.save()
    except IntegrityError:
        if key and Outgoing.objects.filter(key=key).exists():
            return None
        raise
    _keep_files(outgoing, files)
    note(purpose=purpose, recipients=len(to) + len(cc) + (person is not None))
    queue.defer("messaging.send", outgoing=outgoing.pk)
    return outgoing


@audited("mail.sent_again")
def send_again(outgoing: Outgoing, *, actor: Actor, at: datetime) -> Outgoing:
    """Try a failed mail once more, or one of which nobody knows whether it arrived: it may arrive twice."""
    outgoing = _mine(outgoing, actor, State.FAILED, State.UNCERTAIN)
    outgoing.state, outgoing.problem, outgoing.said = State.WAITING, "", ""
    outgoing.attempts, outgoing.next_try_at, outgoing.handed_over_at = 0, at, None
    outgoing.created_at = at  # the days of trying begin anew
    outgoing.save()
    queue.defer("messaging.send", outgoing=outgoing.pk)
    return outgoing


@audited("mail.confirmed")
def confirm_arrival(outgoing: Outgoing, *, actor: Actor, at: datetime) -> Outgoing:
    """Somebody asked: the uncertain mail did arrive."""
    outgoing = _mine(outgoing, actor, State.UNCERTAIN)
    outgoing.state, outgoing.problem = State.SENT, ""
    outgoing.sent_at = outgoing.handed_over_at or at
    outgoing.save()
    return outgoing


@audited("mail.taken_back")
def take_back(outgoing: Outgoing, *, actor: Actor, at: datetime) -> Outgoing:
    """A mail that waits doesn't leave."""
    outgoing = _mine(outgoing, actor, State.WAITING)
    outgoing.state, outgoing.problem = State.DROPPED, "cancelled"
    outgoing.save()
    return outgoing


@traced_by("mail.queued")
def may_settle(outgoing: Outgoing, *, actor: Actor) -> bool:
    """Whether the actor decides what becomes of the mail."""
    return bool(Outgoing.objects.visible_to(actor, "edit").filter(pk=outgoing.pk).exists())


def kind_of(record: models.Model) -> str:
    """The name under which a kind of record is declared; for tables without one, the model's."""
    declared = (kind.name for kind in registry if kind.model is type(record))
    return next(declared, record._meta.model_name or "")


def _mine(outgoing: Outgoing, actor: Actor, *states: str) -> Outgoing:
    outgoing = claim(outgoing, actor=actor, action="edit")
    if outgoing.state not in states:
        raise Refused(_("The mail isn’t in that state any more. Load the page again."))
    return outgoing


def _place(who: Actor) -> dict[str, int | None]:
    return {
        "owner_id": who.pk,
        "team_id": who.team_id,
        "department_id": who.department_id if isinstance(who, User) else None,
    }


def _keep_files(outgoing: Outgoing, files: Iterable[File]) -> None:
    kept = list(files)
    if sum(len(file.content) for file in kept) > MOST_FILE_BYTES:
        most = MOST_FILE_BYTES // 1024 // 1024
        raise Refused(_("The files of a mail hold %(most)s MB at most.") % {"most": most})
    for file in kept:
        row = OutgoingFile(
            outgoing=outgoing,
            name=one_line(file.name)[:150] or "file",
            media_type=file.media_type[:100],
            size=len(file.content),
        )
        store(row.stored_as, file.content)
        row.save()


def new_message_id(address: str) -> str:
    host = domain_of(address) or domain_of(f"@{settings.ORIGIN.partition('://')[2]}") or "kezhi"
    return f"<{uuid.uuid4().hex}@{host}>"


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].partition(":")[0].strip().lower()[:253]


def one_line(text: str) -> str:
    """As a header may hold it: nothing typed becomes another header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
