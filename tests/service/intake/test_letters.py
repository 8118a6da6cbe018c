"""Letters become tickets, go on with the ticket of their thread, and are answered in it."""

from datetime import timedelta

import pytest

from cast import NOW
from hostile_mail import letter
from kezhi.messaging.delivering import deliver
from kezhi.messaging.fetching import fetch
from kezhi.messaging.models import MailAccount, Notice, Outgoing
from kezhi.service.intake import receiving, ruling, sweeping
from kezhi.service.intake.desks import open_desk
from kezhi.service.models import Confirmation, IntakeSettings, Ticket, TicketEntry
from kezhi.service.tickets.answering import answer
from kezhi.service.tickets.changing import change_ticket, set_state

from .conftest import a_mailbox, ticket_of

pytestmark = pytest.mark.django_db


def test_a_letter_goes_round_by_real_servers(
    imap_server, smtp_server, company, chen, agent, settings
):
    """Letter in, ticket, confirmation out, answer out with its thread, answer in: one ticket."""
    account = a_mailbox(imap_port=imap_server.port, smtp_port=smtp_server.port)
    open_desk(account, {"type": "inquiry"}, actor=agent_of(company), at=NOW - timedelta(days=1))
    imap_server.put(
        letter(subject="漏水", text="茶叶箱进水了\n\n在 2026-11-20，客服 写道：\n> 旧话")
    )
    assert fetch(account.pk, NOW) == 1
    [ticket] = Ticket.objects.all()
    assert (ticket.customer, ticket.contact, ticket.channel) == (chen.customer, chen, "email")
    assert ticket.entries.get(sort="received").text == "茶叶箱进水了"
    answer(ticket, "请发照片。", actor=agent, at=NOW)
    for pk in Outgoing.objects.order_by("pk").values_list("pk", flat=True):
        assert deliver(pk, NOW) == "sent"
    confirmation, reply = smtp_server.taken
    assert ticket.number in confirmation["Subject"]
    assert confirmation["Auto-Submitted"] == "auto-generated"
    assert f"{settings.ORIGIN}/case/" in confirmation.get_body(("plain",)).get_content()
    assert reply["Subject"] == f"Re: 漏水 [{ticket.number}]"
    assert reply["In-Reply-To"] == "<one@tea.example>"
    assert reply["Auto-Submitted"] is None
    body = reply.get_content()
    assert "请发照片。" in body
    assert "> 茶叶箱进水了" in body
    assert "旧话" not in body
    imap_server.put(
        letter(
            subject="Re: 漏水",
            text="见附件",
            references=str(reply["Message-ID"]),
            message_id="<2@t>",
        )
    )
    MailAccount.objects.update(next_fetch_at=None)
    assert fetch(account.pk, NOW + timedelta(hours=1)) == 1
    assert Ticket.objects.count() == 1
    assert [e.text for e in ticket.entries.filter(sort="received")] == ["茶叶箱进水了", "见附件"]


def agent_of(company):
    from kezhi.core.actor import SYSTEM

    return SYSTEM


def test_an_unknown_sender_gets_a_ticket_too_and_its_place_when_somebody_says_whose(
    arrive, anhui_tea, li_wei, owner
):
    came = arrive(sender="王 <who@new.example>", subject="Price list", text="Please send it")
    ticket = ticket_of(came)
    assert (ticket.customer, ticket.requester_email, ticket.language) == (
        None,
        "who@new.example",
        "en",
    )
    assert came.state == "filed"
    change_ticket(ticket, {"customer": anhui_tea}, actor=owner, at=NOW)
    ticket.refresh_from_db()
    came.refresh_from_db()
    assert (ticket.owner_id, came.customer_id) == (li_wei.pk, anhui_tea.pk)


def test_words_say_what_a_ticket_is_and_the_first_rule_counts(arrive, desk, owner):
    for words, kind in ((["投诉", "complaint"], "complaint"), (["坏了"], "fault")):
        ruling.add_rule({"words": words, "type": kind, "priority": 3}, actor=owner)
    ticket = ticket_of(arrive(subject="机器坏了", text="我要 Ｃomplaint", sender="x@y.example"))
    assert (ticket.type, ticket.priority) == ("complaint", 3)
    assert ticket_of(arrive(subject="你好", sender="x@y.example")).type == desk.type


def test_an_answer_opens_a_solved_ticket_again_and_later_a_ticket_of_its_own(arrive, chen, agent):
    first = ticket_of(arrive(message_id="<m1@tea.example>"))
    set_state(first, "solved", actor=agent, at=NOW)
    arrive(references="<m1@tea.example>", at=NOW + timedelta(days=13))
    first.refresh_from_db()
    assert (first.state, first.reopened_count) == ("open", 1)
    set_state(first, "solved", actor=agent, at=NOW + timedelta(days=13))
    late = arrive(references="<m1@tea.example>", at=NOW + timedelta(days=40))
    second = ticket_of(late)
    assert second != first
    assert (second.parent, second.customer) == (first, chen.customer)
    assert second.entries.get(event="follow_up").words == {"number": first.number}


def test_what_lay_in_the_mailbox_while_we_answered_is_unanswered(arrive, chen, agent):
    """It was sent before our answer and fetched after it."""
    first = ticket_of(arrive(message_id="<m1@tea.example>"))
    answer(first, "好的", actor=agent, at=NOW + timedelta(minutes=30))
    came = arrive(references="<m1@tea.example>", at=NOW + timedelta(minutes=10))
    first.refresh_from_db()
    assert came.about_id == first.pk
    assert first.customer_wrote_at >= first.answered_at


def test_confirmations_are_few_and_never_to_machines(arrive, chen):
    def confirmed():
        return Outgoing.objects.filter(is_automatic=True).count()

    arrive(extra="Auto-Submitted: auto-replied")
    arrive(extra="Precedence: bulk")
    arrive(extra="Authentication-Results: mx; dmarc=fail")
    assert (Ticket.objects.count(), confirmed()) == (3, 0)
    for minute in range(0, 31, 5):
        arrive(at=NOW + timedelta(minutes=minute), subject=f"{minute}")
    assert confirmed() == 3  # at 0, 10 and 20; then the day's are used up
    for number in range(30):
        arrive(sender=f"a{number}@d{number}.example")
        arrive(sender=f"victim+{number}@box.example")
    assert confirmed() == 3 + IntakeSettings().confirmations_per_hour
    assert Confirmation.objects.filter(address="victim@box.example").count() == 1
    assert Ticket.objects.count() == 3 + 7 + 60


def test_two_machines_that_answer_each_other_stop(arrive, chen):
    """Theirs answers each of our letters at once, as a new letter that admits to nothing."""
    arrive(subject="away")
    seen, at = 0, NOW
    for _round in range(10):
        ours = list(Outgoing.objects.filter(pk__gt=seen))
        if not ours:
            break
        seen = ours[-1].pk
        at += timedelta(minutes=11)
        arrive(subject="away", references=ours[-1].message_id, at=at)
    assert Outgoing.objects.count() <= 3


def test_a_letter_that_came_back_stands_on_the_ticket_and_nobody_waits(arrive, chen, agent):
    ticket = ticket_of(arrive())
    entry = answer(ticket, "请回复", actor=agent, at=NOW, state="waiting")
    sent = Outgoing.objects.get(pk=entry.outgoing_id)
    Outgoing.objects.filter(pk=sent.pk).update(state="sent")
    report = arrive(
        sender="MAILER-DAEMON@mx.example",
        text=f"550 5.1.1 unknown user\n\nMessage-ID: {sent.message_id}\n",
    )
    ticket.refresh_from_db()
    assert (report.state, ticket.state, Ticket.objects.count()) == ("ignored", "open", 1)
    assert "550 5.1.1" in ticket.entries.get(event="undelivered").words["why"]


def test_a_letter_that_could_not_be_taken_in_gets_its_ticket_all_the_same(
    arrive, desk, monkeypatch, caplog
):
    def broken(*_args, **_more):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(receiving, "judged", broken)
        came = arrive(sender="x@y.example", subject="Hello")
        assert (came.about_kind, list(sweeping.letters_without_ticket())) == ("", [came])
        assert sweeping.take_in_orphans(NOW) == 1
    came.refresh_from_db()
    assert ticket_of(came).subject == "Hello"
    assert sweeping.take_in_orphans(NOW) == 0
    assert list(sweeping.letters_without_ticket()) == []
    assert TicketEntry.objects.filter(sort="received").count() == 1


def test_who_waits_unanswered_is_told_up_the_tree(arrive, desk, organisation, owner, manager):
    department = manager.department
    department.head = manager
    department.save()
    ticket = ticket_of(arrive(sender="x@y.example"))
    Ticket.objects.filter(pk=ticket.pk).update(handling_department=department, due_at=None)
    told = []
    for hours in (23, 25, 25, 49):
        sweeping.tell_of_unanswered(NOW + timedelta(hours=hours))
        told.append(Notice.objects.filter(kind="ticket.unanswered").count())
    assert told[0] == 0
    assert told[1] == told[2] >= 1
    assert Notice.objects.filter(kind="ticket.unanswered").first().person == manager
