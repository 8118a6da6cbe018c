"""Letters to customers by programs: sent from a mailbox of the token's owner, followed in the outbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered
from kezhi.api.entries import LARGEST
from kezhi.api.leafing import leafed, only_parameters
from kezhi.api.members import REFERENCE, Member, listed, other, whole, words
from kezhi.api.problems import Problem, not_found
from kezhi.api.records import done, visible
from kezhi.api.sending import sent
from kezhi.api.taking import take
from kezhi.api.writing import moment
from kezhi.core.ids import record_id
from kezhi.customers.corresponding import LONGEST, send_letter
from kezhi.messaging import outbox, problems
from kezhi.messaging.mailboxes import may_write_from
from kezhi.messaging.models import Incoming, MailAccount, Outgoing

MOST_CONTACTS = 20
ID = {"type": "integer", "minimum": 0}
LETTER: dict[str, Member] = {
    "mailbox": Member(whole(LARGEST).read, ID),
    "contacts": listed(other("contact"), REFERENCE, MOST_CONTACTS),
    "subject": words(200, is_required=True),
    "text": words(LONGEST, is_required=True),
    "answers": Member(whole(LARGEST).read, ID),
}


def mailboxes(call: Call) -> HttpResponse:
    """Those that the person writes from for whom the program acts."""
    page = leafed(call, may_write_from(call.actor))
    items = [{"id": each.pk, "name": each.name, "address": each.address} for each in page.rows]
    return answered({"items": items, "next": page.next})


def write(call: Call) -> HttpResponse:
    """It stands on the timeline, and leaves by the outbox."""
    customer = visible(call, call.kind("customer"))
    told = sent(call, LETTER)
    line = done(
        lambda: send_letter(
            customer,
            told["contacts"],
            told["subject"],
            told["text"],
            actor=call.actor,
            at=call.at,
            account=_mailbox(call, told.get("mailbox")),
            answers=_answered(told.get("answers"), customer.pk),
        )
    )
    mail = Outgoing.objects.filter(about_kind="interaction", about_id=line.pk).first()
    content = {"interaction": line.pk, "mail": _mail(mail, call) if mail is not None else None}
    return answered(content, 201)


def show_all(call: Call) -> HttpResponse:
    """What is to leave, what left, and what went wrong."""
    state = call.parameter("state")
    if state and state not in Outgoing.State.values:
        raise Problem("bad-request", _("state is the key of one of the states."))
    rows = Outgoing.objects.visible_to(call.actor).defer("text", "html")
    rows = rows.filter(state=state) if state else rows
    page = leafed(call, rows.select_related("person"), ("state",))
    return answered({"items": [_mail(each, call) for each in page.rows], "next": page.next})


def show(call: Call) -> HttpResponse:
    only_parameters(call)
    mail = _one(call)
    take(1, call)
    return answered(_mail(mail, call))


def send_again(call: Call) -> HttpResponse:
    """What failed, or may have failed; then it may arrive twice."""
    return _settled(call, outbox.send_again)


def take_back(call: Call) -> HttpResponse:
    """What still waits doesn't leave."""
    return _settled(call, outbox.take_back)


def confirm(call: Call) -> HttpResponse:
    """Somebody asked: it did arrive."""
    return _settled(call, outbox.confirm_arrival)


def _settled(call: Call, deed: Callable[..., Outgoing]) -> HttpResponse:
    mail = _one(call)
    call.object("")
    done(lambda: deed(mail, actor=call.actor, at=call.at))
    return answered(_mail(_one(call), call))


def _one(call: Call) -> Outgoing:
    pk = record_id(call.parts["id"])
    rows = Outgoing.objects.visible_to(call.actor).select_related("person")
    found: Outgoing | None = rows.filter(pk=pk).first() if pk is not None else None
    if found is None:
        raise not_found()
    return found


def _mailbox(call: Call, pk: int | None) -> MailAccount:
    """The one that is named; without a name the only one there is."""
    rows = may_write_from(call.actor)
    found = list(rows.filter(pk=pk)[:1] if pk is not None else rows[:2])
    if len(found) != 1:
        raise Problem(
            "invalid", errors=[("/mailbox", _("Choose the mailbox that it is sent from."))]
        )
    account: MailAccount = found[0]
    return account


def _answered(pk: int | None, customer: int) -> Incoming | None:
    """The letter it answers: one that stands on this customer's timeline."""
    if pk is None:
        return None
    rows = Incoming.objects.filter(customer_id=customer, state=Incoming.State.FILED)
    found: Incoming | None = rows.filter(pk=pk).first()
    if found is None:
        raise Problem("invalid", errors=[("/answers", _("There is no such letter here."))])
    return found


def _mail(mail: Outgoing, call: Call) -> dict[str, Any]:
    """Addresses of customers only for those who see such; the words stand on the timeline."""
    sees_addresses = mail.person is None and call.actor.sees("contact", "reach")
    return {
        "id": mail.pk,
        "purpose": mail.purpose,
        "state": mail.state,
        "problem": str(problems.words(mail.problem)) or None,
        "subject": mail.subject,
        "person": {"id": mail.person.pk, "name": mail.person.name} if mail.person else None,
        "to": [*mail.to, *mail.cc] if sees_addresses else None,
        "customer": mail.customer_id,
        "attempts": mail.attempts,
        "created_at": moment(mail.created_at),
        "sent_at": moment(mail.sent_at) if mail.sent_at else None,
    }
