"""What becomes of a queued mail: checked, handed to the mail server, and known for what it is afterwards.

A mail is sent in three steps, each committed: taken up (nothing has left, another worker may do it again),
about to hand over the text (from here on only the server's answer tells), settled. Killed in the second step
it is called uncertain and left to a person; killed in the first it is sent by the next worker.
"""

from __future__ import annotations

import logging
import smtplib
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from django.db import transaction
from django.utils import translation

from kezhi.messaging import connecting, outbox
from kezhi.messaging.connecting import MailTrouble, trouble
from kezhi.messaging.letters import as_html, as_text
from kezhi.messaging.models import MailAccount, Outgoing
from kezhi.messaging.outbox import File, domain_of
from kezhi.messaging.storing import stored
from kezhi.records import registry

logger = logging.getLogger(__name__)

State = Outgoing.State
LEASE = timedelta(minutes=15)
MOST_AT_ONCE = 200
HOUR = timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(days=3)
WAITS = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360)]
HELD = timedelta(minutes=10)


def deliver(outgoing_id: int, at: datetime) -> str:
    """Send this mail if it is due. The state it is in afterwards; empty when another worker has it."""
    taken = _take_up(outgoing_id, at)
    if taken is None:
        return ""
    outgoing, account = taken
    try:
        files = _written(outgoing, at)
        if files is None:
            return _settle(outgoing, State.DROPPED, at, "nothing")
        recipients = _recipients(outgoing)
        message = compose(outgoing, account, recipients, files, at)
        _hand_over(outgoing, account, recipients, message, at)
    except MailTrouble as problem:
        return _after_trouble(outgoing, account, problem, at)
    _note_sending(account, None)
    return _settle(outgoing, State.SENT, at)


def deliver_due(at: datetime, clock: Callable[[], datetime]) -> int:
    """What waits and is due: tries that failed, mail held back by a limit or pause, lost jobs."""
    _recover(at)
    due = Outgoing.objects.due(at).order_by("next_try_at").values_list("pk", flat=True)
    return sum(deliver(pk, clock()) == State.SENT for pk in list(due[:MOST_AT_ONCE]))


def _recover(at: datetime) -> None:
    """Workers that are gone leave their mail: to be sent when nothing had left, else uncertain."""
    gone = Outgoing.objects.abandoned(at)
    gone.filter(handed_over_at__isnull=True).update(
        state=State.WAITING, next_try_at=at, claim=None, lease_until=None
    )
    for outgoing in gone.filter(handed_over_at__isnull=False)[:MOST_AT_ONCE]:
        _settle(outgoing, State.UNCERTAIN, at, "broken_off")


def _take_up(outgoing_id: int, at: datetime) -> tuple[Outgoing, MailAccount] | None:
    """The mail under our claim, and by which account it goes; None when it isn't due or doesn't leave."""
    with transaction.atomic():
        rows = Outgoing.objects.due(at).select_for_update(skip_locked=True, of=("self",))
        outgoing = rows.select_related("account__owner", "person").filter(pk=outgoing_id).first()
        if outgoing is None:
            return None
        account = outgoing.account or MailAccount.objects.active().filter(purpose="notices").first()
        if obstacle := _obstacle(outgoing, at):
            _settle(outgoing, State.DROPPED, at, obstacle)
            return None
        if held := _held(outgoing, account, at):
            outgoing.problem, outgoing.next_try_at = held, at + HELD
            outgoing.save(update_fields=["problem", "next_try_at"])
            return None
        outgoing.state, outgoing.claim = State.SENDING, uuid.uuid4()
        outgoing.lease_until, outgoing.attempts = at + LEASE, outgoing.attempts + 1
        outgoing.handed_over_at = None
        outgoing.save()
    return (outgoing, account) if account else None


def _obstacle(outgoing: Outgoing, at: datetime) -> str:
    """Why the mail doesn't leave at all, judged by what holds now and not when it was written."""
    if outgoing.expires_at and outgoing.expires_at < at:
        return "expired"
    if outgoing.person is not None:
        if not outgoing.person.is_active:
            return "gone"
        if not outgoing.person.email:
            return "no_address"
        if not _sees(outgoing):
            return "not_seen"
    return next((found for check in outbox.CHECKS if (found := check(outgoing, at))), "")


def _sees(outgoing: Outgoing) -> bool:
    """Whether the colleague may see the record that the mail is about, today."""
    if outgoing.about_kind not in registry or outgoing.person is None:
        return True
    rows = registry[outgoing.about_kind].visible_to(outgoing.person)
    return bool(rows.filter(pk=outgoing.about_id).exists())


def _held(outgoing: Outgoing, account: MailAccount | None, at: datetime) -> str:
    """Why it waits: it isn't the mail's fault, and not counted as an attempt."""
    if account is None or not account.sends or not account.is_active:
        return "no_account"
    if account.is_paused:
        return "paused"
    sent = Outgoing.objects.filter(account=account, sent_at__gt=at - HOUR)
    if sent[: account.hourly_limit].count() >= account.hourly_limit:
        return "limit"
    to_domain = sent.filter(domain=_domain(outgoing))[: account.domain_hourly_limit]
    return "domain_limit" if to_domain.count() >= account.domain_hourly_limit else ""


def _domain(outgoing: Outgoing) -> str:
    return domain_of(outgoing.person.email) if outgoing.person else outgoing.domain


def _written(outgoing: Outgoing, at: datetime) -> list[File] | None:
    """The files; the text too, where a maker writes it now. None when there is nothing to tell."""
    if not outgoing.maker:
        return [
            File(row.name, stored(row.stored_as), row.media_type)
            for row in outgoing.files.order_by("pk")
        ]
    with translation.override(outgoing.language or "zh-hans"):
        made = outbox.MAKERS[outgoing.maker](outgoing, at)
        if made is None:
            return None
        outgoing.subject = outbox.one_line(made.subject)[:300]
        outgoing.text = as_text(made.parts)
        outgoing.html = as_html(made.parts, language=outgoing.language)
        return list(made.files)


def _recipients(outgoing: Outgoing) -> list[str]:
    return [outgoing.person.email] if outgoing.person else list(outgoing.to)


def compose(
    outgoing: Outgoing, account: MailAccount, to: list[str], files: list[File], at: datetime
) -> EmailMessage:
    """The mail as it goes over the line. Raises `MailTrouble` for an address that no header can hold."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = formataddr((account.sender_name or account.name, account.address))
        message["To"] = ", ".join(to)
        if outgoing.cc:
            message["Cc"] = ", ".join(outgoing.cc)
        message["Subject"] = outgoing.subject
    except ValueError as error:
        raise MailTrouble("recipient", is_final=True) from error
    message["Date"] = format_datetime(at)
    message["Message-ID"] = outgoing.message_id
    if outgoing.in_reply_to:
        message["In-Reply-To"] = outgoing.in_reply_to
        message["References"] = " ".join([*outgoing.references, outgoing.in_reply_to])
    if outgoing.is_automatic or outgoing.person is not None:
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
    message.set_content(outgoing.text or "\n")
    if outgoing.html:
        message.add_alternative(outgoing.html, subtype="html")
    for file in files:
        main, _slash, sub = file.media_type.partition("/")
        message.add_attachment(
            file.content, maintype=main, subtype=sub or "octet-stream", filename=file.name
        )
    return message


def _hand_over(
    outgoing: Outgoing,
    account: MailAccount,
    to: list[str],
    message: EmailMessage,
    at: datetime,
) -> None:
    server = connecting.smtp(account)
    try:
        try:
            refused = _envelope(server, account, [*to, *outgoing.cc])
        except Exception as error:
            raise trouble(error, account.smtp_secret) from error
        if not _is_still_ours(outgoing, at):
            raise MailTrouble("temporary")
        try:
            code, said = server.data(message.as_bytes())
        except smtplib.SMTPDataError as error:
            _is_not_handed_over(outgoing)
            raise trouble(error, account.smtp_secret) from error
        except Exception as error:
            raise MailTrouble("broken_off") from error
        if code != 250:
            _is_not_handed_over(outgoing)
            answer = smtplib.SMTPDataError(code, said)
            raise trouble(answer, account.smtp_secret) from answer
        outgoing.said = "; ".join(refused)[:300]
    finally:
        _part(server)


def _envelope(server: smtplib.SMTP, account: MailAccount, to: list[str]) -> list[str]:
    """Sender and recipients; who was refused where others were taken."""
    code, said = server.mail(account.address)
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, said, account.address)
    refused = {}
    for address in to:
        code, said = server.rcpt(address)
        if code not in (250, 251):
            refused[address] = (code, said)
    if len(refused) == len(to):
        raise smtplib.SMTPRecipientsRefused(refused)
    return [f"{address}: {code}" for address, (code, _said) in refused.items()]


def _is_still_ours(outgoing: Outgoing, at: datetime) -> bool:
    """Committed just before the text leaves. A worker that was thought dead finds its claim gone."""
    ours = Outgoing.objects.filter(pk=outgoing.pk, state=State.SENDING, claim=outgoing.claim)
    outgoing.handed_over_at = at
    return ours.update(handed_over_at=at) == 1


def _is_not_handed_over(outgoing: Outgoing) -> None:
    """The server answered, and not that it has it."""
    outgoing.handed_over_at = None


def _part(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()


def _after_trouble(
    outgoing: Outgoing, account: MailAccount, problem: MailTrouble, at: datetime
) -> str:
    if problem.problem == "broken_off":
        return _settle(outgoing, State.UNCERTAIN, at, "broken_off")
    if problem.problem not in ("recipient", "refused"):
        _note_sending(account, problem)
    if problem.is_final:
        return _settle(outgoing, State.FAILED, at, problem.problem, problem.said)
    if at - outgoing.created_at > GIVEN_UP_AFTER:
        return _settle(outgoing, State.FAILED, at, "too_often", problem.said)
    wait = WAITS[min(outgoing.attempts, len(WAITS)) - 1]
    changed = Outgoing.objects.filter(pk=outgoing.pk, claim=outgoing.claim).update(
        state=State.WAITING,
        problem=problem.problem,
        said=problem.said,
        next_try_at=at + wait,
        handed_over_at=None,
        claim=None,
        lease_until=None,
    )
    return State.WAITING if changed else ""


def _settle(outgoing: Outgoing, state: str, at: datetime, problem: str = "", said: str = "") -> str:
    """The end, in one transaction with what others do about it; nothing if another worker has it by now."""
    with transaction.atomic():
        rows = Outgoing.objects.filter(pk=outgoing.pk)
        if outgoing.claim is not None:
            rows = rows.filter(claim=outgoing.claim)
        outgoing.state, outgoing.problem = state, problem
        outgoing.said = said or outgoing.said
        outgoing.sent_at = at if state == State.SENT else None
        changed = rows.update(
            state=state,
            problem=problem,
            said=outgoing.said,
            sent_at=outgoing.sent_at,
            handed_over_at=outgoing.handed_over_at,
            account_id=_used_account(outgoing, state),
            subject=outgoing.subject,
            text=outgoing.text,
            html=outgoing.html,
            claim=None,
            lease_until=None,
        )
        if changed:
            for told in outbox.ON_SETTLED:
                told(outgoing, at)
    return state if changed else ""


def _used_account(outgoing: Outgoing, state: str) -> int | None:
    """By which account it went: notices learn it when they leave."""
    if outgoing.account_id is not None or state != State.SENT:
        return outgoing.account_id
    default = MailAccount.objects.active().filter(purpose="notices").first()
    return default.pk if default else None


def _note_sending(account: MailAccount, problem: MailTrouble | None) -> None:
    """On the account's page: what stands between it and its server, until a mail goes through."""
    new = (problem.problem, problem.said) if problem else ("", "")
    if (account.sending_problem, account.sending_said) != new:
        MailAccount.objects.filter(pk=account.pk).update(
            sending_problem=new[0], sending_said=new[1]
        )
