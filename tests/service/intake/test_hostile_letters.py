"""Sixty letters that pretend, loop, nest or break: none joins another's ticket, runs, fetches or loops.

Drawn with a seed from what real attacks and real programs send; a failure names its number.
"""

import random

import pytest

from cast import NOW, TODAY
from hostile_mail import CORPUS, SCRIPTS, html, letter
from kezhi.customers.creating import create_contact, create_customer
from kezhi.messaging.models import Notice, Outgoing
from kezhi.messaging.storing import stored
from kezhi.service.models import Ticket
from kezhi.service.tickets.answering import answer

from .conftest import ticket_of

pytestmark = pytest.mark.django_db

SEED = 20261122
ATTACKER = "eve@evil.example"
# `{id}` and `{number}` are the victim's: the Message-ID of our answer to them and the number of their ticket.
SPOOFS = [
    {"sender": ATTACKER, "references": "{id}"},
    {"sender": ATTACKER, "subject": "Re: 报价 [{number}]"},
    {"sender": ATTACKER, "subject": "{number}", "references": "{id}"},
    {"sender": ATTACKER, "reply_to": "chen@tea.example", "references": "{id}"},
    {"sender": ATTACKER, "cc": "chen@tea.example", "references": "{id}"},
    {"sender": ATTACKER, "to": "chen@tea.example, service@yuanhang.example", "references": "{id}"},
    {"sender": f'"chen@tea.example" <{ATTACKER}>', "references": "{id}"},
    {"sender": f"chen@tea.example <{ATTACKER}>", "references": "{id}"},
    {"sender": f"chen@tea.example, {ATTACKER}", "references": "{id}"},
    {"sender": f"{ATTACKER}, chen@tea.example", "references": "{id}"},
    {"sender": "chen@tea.example", "extra": "Authentication-Results: mx; dmarc=fail", "references": "{id}"},
    {"sender": "chen@tеa.example", "references": "{id}"},
    {"sender": "chen@tea.example.evil.example", "references": "{id}"},
    {"sender": "chen%tea.example@evil.example", "references": "{id}"},
    {"sender": "<chen@tea.example>@evil.example", "references": "{id}"},
    {"sender": ATTACKER, "extra": "Sender: chen@tea.example", "references": "{id}"},
    {"sender": ATTACKER, "extra": "Return-Path: <chen@tea.example>", "subject": "[{number}]"},
    {"sender": "", "references": "{id}"},
    {"sender": "undisclosed", "subject": "Re: [{number}]"},
    {"sender": ATTACKER, "extra": "X-Original-From: chen@tea.example", "references": "{id}"},
    {"sender": ATTACKER, "extra": "In-Reply-To: {id}"},
    {"sender": ATTACKER, "references": "<x@y.example> {id} <z@y.example>"},
    {"sender": "rival@other.example", "references": "{id}", "subject": "Re: [{number}]"},
    {"sender": "service@yuanhang.example", "references": "{id}"},
    {"sender": ATTACKER, "extra": "Resent-From: chen@tea.example", "references": "{id}"},
    {"sender": ATTACKER, "extra": "Thread-Index: AdX\r\nThread-Topic: {number}", "references": "{id}"},
]  # fmt: skip
AUTOMATIC = [
    "Auto-Submitted: auto-replied",
    "Auto-Submitted: auto-generated",
    "X-Autoreply: yes",
    "Precedence: bulk",
    "Precedence: list",
    "List-Id: <news.example>",
    "Return-Path: <>",
    "X-Failed-Recipients: a@b.example",
]
ALWAYS = ("winmail.dat", "nested 20", "gb18030 header")
HEAVY = {"many parts", "many headers", "twenty megabytes", "nested 200", "mail in mail 60"}


def sixty():
    """(name, how to make the letter of the victim's Message-ID and number)."""
    rng = random.Random(SEED)
    made = [(f"spoof {n}", _spoof(parts)) for n, parts in enumerate(SPOOFS)]
    made += [(f"automatic {mark}", _automatic(mark)) for mark in AUTOMATIC]
    others = {name for name in CORPUS if name.startswith("script")} | {*ALWAYS, *HEAVY}
    odd = sorted(set(CORPUS) - others)
    made += [(name, _as_it_is(CORPUS[name])) for name in rng.sample(odd, 18)]
    made += [(name, _as_it_is(CORPUS[name])) for name in ALWAYS]
    scripts = rng.sample(SCRIPTS, 5)
    made += [(body[:30], _as_it_is(html(body))) for body in scripts]
    return made


def _spoof(parts):
    def make(victims_id, number):
        filled = {
            name: words.replace("{id}", victims_id).replace("{number}", number)
            for name, words in parts.items()
        }
        return letter(message_id="<evil@evil.example>", **filled)

    return make


def _automatic(mark):
    return lambda victims_id, number: letter(
        sender=ATTACKER, extra=mark, references=victims_id, subject=f"[{number}]"
    )


def _as_it_is(make):
    return lambda _id, _number: make()


def test_there_are_sixty():
    assert len(sixty()) == 60


@pytest.fixture
def victim(arrive, chen, li_wei, agent):
    """Chen's ticket, which we have answered; and a rival who is a customer, too."""
    rival = create_customer({"name": "对手茶业"}, actor=li_wei, on=TODAY)
    about = {"customer": rival, "name": "Rival", "email": "rival@other.example"}
    create_contact(about, actor=li_wei, on=TODAY)
    ticket = ticket_of(arrive(subject="报价", text="九折吗？", message_id="<chen-1@tea.example>"))
    answer(ticket, "可以。", actor=agent, at=NOW)
    return ticket, Outgoing.objects.latest("pk")


def test_sixty_hostile_letters_reach_nobody_elses_ticket(arrive, victim, settings):
    ticket, sent = victim
    before = list(ticket.entries.values_list("pk", flat=True))
    notices, letters = Notice.objects.count(), Outgoing.objects.count()
    opened = Ticket.objects.count()
    for number, (name, make) in enumerate(sixty()):
        raw = make(sent.message_id, ticket.number)
        came = arrive(raw + f"\r\n{number}".encode() if name.startswith(("spoof", "auto")) else raw)
        assert came is not None, name
        assert stored(came.stored_as), name
        assert came.about_kind == "ticket", name
        assert came.about_id != ticket.pk, name
        assert "<script" not in came.html.lower(), name
        assert " src=" not in came.html.lower(), name
    assert list(ticket.entries.values_list("pk", flat=True)) == before
    # A ticket each: nothing is lost, not even what is hostile.
    assert Ticket.objects.count() == opened + 60
    theirs = Ticket.objects.exclude(pk=ticket.pk).filter(customer=ticket.customer)
    assert not theirs.filter(entries__event="doubtful_sender").exists()
    assert not Notice.objects.filter(about_kind="ticket", about_id=ticket.pk)[notices:].exists()
    confirmations = Outgoing.objects.filter(is_automatic=True)[letters:]
    by_address = [row.to[0] for row in confirmations]
    assert len(by_address) == len(set(by_address)) <= 20
