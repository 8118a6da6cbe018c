"""Mail is fetched from a mailbox in steps, each letter committed with how far we are.

The folder is read only: nothing is marked, moved or deleted on the server. After a renumbering there the month
is read again, and what is known by its content isn't kept twice.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from imapclient import IMAPClient

from kezhi.accounts.models import User
from kezhi.core import queue
from kezhi.messaging import connecting
from kezhi.messaging.connecting import MailTrouble, trouble
from kezhi.messaging.filing import settle_new
from kezhi.messaging.models import Incoming, MailAccount
from kezhi.messaging.noticing import notify
from kezhi.messaging.proving import results
from kezhi.messaging.reading import Read, read
from kezhi.messaging.storing import path_of, store

logger = logging.getLogger(__name__)

STEP = 200
STEP_BYTES = 40 * 1024 * 1024
MOST_BYTES = 25 * 1024 * 1024
LEASE = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=1)
TOLD_AFTER = 3
MOST_ASKED = 2000


def queue_fetches(at: datetime) -> int:
    """Every minute: a job for each mailbox that is due."""
    due = Q(next_fetch_at__isnull=True) | Q(next_fetch_at__lte=at)
    rows = MailAccount.objects.active().exclude(imap_host="").filter(due, is_paused=False)
    for pk in (found := list(rows.values_list("pk", flat=True))):
        queue.defer("messaging.fetch", queueing_lock=f"fetch-{pk}", account=pk)
    return len(found)


def fetch(account_id: int, at: datetime) -> int:
    """Take in what is new, at most a step of it. How many letters were kept."""
    account = _take_up(account_id, at)
    if account is None:
        return 0
    try:
        kept = _fetched(account, at)
    except MailTrouble as problem:
        _note_trouble(account, problem, at)
        return 0
    except Exception as error:
        _note_trouble(account, trouble(error, account.imap_secret), at)
        return 0
    MailAccount.objects.filter(pk=account.pk).update(
        fetched_at=at, fetching_problem="", fetching_said="", failures=0, next_fetch_at=None
    )
    if account.waiting_count:
        queue.defer("messaging.fetch", queueing_lock=f"fetch-{account.pk}", account=account.pk)
    return kept


def _take_up(account_id: int, at: datetime) -> MailAccount | None:
    """One worker at a time; one that dies lets the mailbox go after some minutes."""
    due = Q(next_fetch_at__isnull=True) | Q(next_fetch_at__lte=at)
    rows = MailAccount.objects.active().exclude(imap_host="")
    rows = rows.filter(due, pk=account_id, is_paused=False)
    if not rows.update(next_fetch_at=at + LEASE):
        return None
    return MailAccount.objects.get(pk=account_id)


def _fetched(account: MailAccount, at: datetime) -> int:
    server = connecting.imap(account)
    try:
        if not server.folder_exists(account.folder):
            raise MailTrouble("folder")
        about = server.select_folder(account.folder, readonly=True)
        validity = int(about[b"UIDVALIDITY"])
        if account.uid_validity != validity:
            account.uid_validity, account.last_uid = validity, 0
        waiting = _new_uids(server, account)
        kept = 0
        for uid in _within_a_step(server, waiting):
            kept += _keep(server, account, uid, at)
        _end(account, sum(uid > account.last_uid for uid in waiting))
    finally:
        _part(server)
    return kept


def _new_uids(server: IMAPClient, account: MailAccount) -> list[int]:
    if account.last_uid:
        # "n:*" always names the last letter, even if its number is smaller.
        found = server.search(["UID", f"{account.last_uid + 1}:*"])
    else:
        since = account.fetches_since
        found = server.search(["SINCE", since] if since else ["ALL"])
    return sorted(uid for uid in found if uid > account.last_uid)


def _within_a_step(server: IMAPClient, waiting: list[int]) -> Iterator[int]:
    """The next letters, until there are enough or they are large."""
    step = waiting[:STEP]
    sizes = server.fetch(step, ["RFC822.SIZE"]) if step else {}
    total = 0
    for uid in step:
        total += int(sizes.get(uid, {}).get(b"RFC822.SIZE", 0))
        yield uid
        if total > STEP_BYTES:
            return


def _keep(server: IMAPClient, account: MailAccount, uid: int, at: datetime) -> int:
    size = server.fetch([uid], ["RFC822.SIZE", "INTERNALDATE"]).get(uid)
    if size is None:  # deleted meanwhile
        return _passed(account, uid)
    is_large = int(size.get(b"RFC822.SIZE", 0)) > MOST_BYTES
    part = b"BODY[HEADER]" if is_large else b"BODY[]"
    answer = server.fetch([uid], [part.replace(b"BODY[", b"BODY.PEEK[").decode()]).get(uid, {})
    raw = answer.get(part)
    if raw is None:
        return _passed(account, uid)
    received = _instant(size.get(b"INTERNALDATE"), at)
    problems = ["too_large"] if is_large else []
    return int(keep_letter(account, uid, bytes(raw), received, at, problems) is not None)


def keep_letter(
    account: MailAccount,
    uid: int,
    raw: bytes,
    received_at: datetime,
    at: datetime,
    problems: list[str] | None = None,
) -> Incoming | None:
    """One letter, and that we are past it, in one transaction. None when it was kept before."""
    digest = hashlib.sha256(raw).hexdigest()
    if Incoming.objects.filter(account=account, sha256=digest).exists():
        _passed(account, uid)
        return None
    letter = _understood(raw)
    incoming = Incoming(
        account=account,
        uid_validity=account.uid_validity or 0,
        uid=uid,
        sha256=digest,
        size=len(raw),
        received_at=received_at,
        **_columns(letter, [*(problems or []), *letter.problems, *_unproven(raw)]),
    )
    store(incoming.stored_as, raw)
    try:
        with transaction.atomic():
            incoming.save()
            _settled(incoming, raw, at)
            _passed(account, uid)
    except BaseException:
        path_of(incoming.stored_as).unlink(missing_ok=True)
        raise
    return incoming


def _settled(incoming: Incoming, raw: bytes, at: datetime) -> None:
    """A letter that can't be filed by itself is left to people; it holds up no other."""
    try:
        with transaction.atomic():
            settle_new(incoming, raw, at)
    except Exception:
        logger.exception("A letter could not be filed")
        Incoming.objects.filter(pk=incoming.pk).update(state=Incoming.State.UNKNOWN)


def _understood(raw: bytes) -> Read:
    try:
        return read(raw)
    except Exception:
        logger.exception("A letter could not be read")
        return Read(problems=["broken"])


def _columns(letter: Read, problems: list[str]) -> dict[str, Any]:
    return {
        "message_id": letter.message_id,
        "in_reply_to": letter.in_reply_to,
        "references": letter.references,
        "from_address": letter.from_address,
        "from_name": letter.from_name,
        "reply_to": letter.reply_to,
        "to": letter.to,
        "cc": letter.cc,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "files": [
            {"number": f.number, "name": f.name, "media_type": f.media_type, "size": f.size}
            for f in letter.files
        ],
        "nature": letter.nature,
        "problems": list(dict.fromkeys(problems)),
    }


def _unproven(raw: bytes) -> list[str]:
    """What the receiving server found about the sender."""
    return ["unproven"] if "dmarc=fail" in results(raw) else []


def _instant(given: Any, at: datetime) -> datetime:
    if not isinstance(given, datetime):
        return at
    instant = given.astimezone(at.tzinfo)
    return min(instant, at)


def _passed(account: MailAccount, uid: int) -> int:
    account.last_uid = max(account.last_uid, uid)
    MailAccount.objects.filter(pk=account.pk).update(
        last_uid=account.last_uid, uid_validity=account.uid_validity
    )
    return 0


def _end(account: MailAccount, waiting: int) -> None:
    account.waiting_count = waiting
    MailAccount.objects.filter(pk=account.pk).update(
        waiting_count=waiting, uid_validity=account.uid_validity
    )


def _note_trouble(account: MailAccount, problem: MailTrouble, at: datetime) -> None:
    failures = account.failures + 1
    wait = min(timedelta(minutes=2 ** min(failures, 6)), LONGEST_WAIT)
    MailAccount.objects.filter(pk=account.pk).update(
        fetching_problem=problem.problem,
        fetching_said=problem.said,
        failures=F("failures") + 1,
        next_fetch_at=at + wait,
    )
    if failures == TOLD_AFTER:
        _tell_keepers(account, at)


def _tell_keepers(account: MailAccount, at: datetime) -> None:
    """Its owner, or those who keep the company's mailboxes: once, until it works again."""
    keepers = [account.owner_id]
    if account.owner_id is None:
        people = User.objects.active().prefetch_related("roles")[:MOST_ASKED]
        keepers = [person.pk for person in people if person.may("edit", "mail_account")]
    notify(keepers, "mailbox.trouble", at=at, about=account, words={"what": account.name})


def _part(server: IMAPClient) -> None:
    try:
        server.logout()
    except Exception:
        server.shutdown()
