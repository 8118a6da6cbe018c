"""What comes in by IMAP: kept once, filed with whom it belongs to, and harmless."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

import correspondents
from cast import NOW, TODAY
from hostile_mail import CORPUS, letter
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed
from kezhi.customers.consenting import give_consent
from kezhi.customers.corresponding import send_letter
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.models import Interaction, Mention
from kezhi.customers.reaching import may_reach
from kezhi.messaging import filing
from kezhi.messaging.delivering import deliver
from kezhi.messaging.fetching import fetch, keep_letter
from kezhi.messaging.models import Incoming, MailAccount, Notice, Outgoing
from kezhi.messaging.reading import file_of
from kezhi.messaging.storing import stored
from kezhi.service.intake.desks import open_desk
from mail_servers import SECRET

pytestmark = pytest.mark.django_db


def a_mailbox(**more):
    """Of the sales people; letters only come to it."""
    nothing_sent = {"smtp_host": "", "smtp_user": ""}
    about = {"name": "销售", "address": "sales@yuanhang.example", **nothing_sent, **more}
    return correspondents.a_mailbox(**about)


@pytest.fixture
def mailbox(imap_server, company):
    return a_mailbox(imap_port=imap_server.port)


@pytest.fixture
def box(company):
    return a_mailbox()


def arrive(account, raw, uid=1):
    return keep_letter(account, uid, raw, NOW, NOW)


def test_a_letter_of_a_known_contact_stands_on_the_timeline(mailbox, imap_server, chen, li_wei):
    imap_server.put(letter(subject="订单问题", text="什么时候发货？"))
    assert fetch(mailbox.pk, NOW) == 1
    [came] = Incoming.objects.all()
    [entry] = Interaction.objects.all()
    assert (came.state, came.customer_id, came.about_id) == ("filed", chen.customer_id, entry.pk)
    assert (entry.text, entry.contact, entry.channel) == (
        "订单问题\n\n什么时候发货？",
        chen,
        "email",
    )
    assert Notice.objects.get().person == li_wei
    assert b"Subject" in stored(came.stored_as)


@pytest.mark.parametrize("is_desk", [False, True])
def test_a_no_counts_for_all_who_have_the_address_whoever_takes_the_letter(
    box, chen, li_wei, is_desk
):
    if is_desk:
        open_desk(box, {}, actor=SYSTEM, at=NOW.replace(hour=0))
    other = create_customer({"name": "黄山毛峰合作社"}, actor=li_wei, on=TODAY)
    fields = {"customer": other, "name": "陈立群", "email": chen.email}
    people = [chen, create_contact(fields, actor=li_wei, on=TODAY)]
    asked = [(person, purpose) for person in people for purpose in ("marketing", "survey")]
    for person, purpose in asked:
        fields = {"customer": person.customer, "contact": person, "source": "written"}
        fields |= {"purpose": purpose, "channel": "email"}
        give_consent(fields, actor=li_wei, on=TODAY - timedelta(days=3))
    noon = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    noon += timedelta(days=1)
    assert all(may_reach(person, purpose, "email", noon) for person, purpose in asked)
    came = arrive(box, letter(text="退订"))
    assert came.state == ("filed" if is_desk else "several")
    assert not any(may_reach(person, purpose, "email", noon) for person, purpose in asked)


def test_nothing_is_fetched_twice_and_big_folders_come_in_steps(
    mailbox, imap_server, monkeypatch, settings
):
    monkeypatch.setattr("kezhi.messaging.fetching.STEP", 4)
    for number in range(10):
        imap_server.put(letter(subject=f"n{number}", message_id=f"<{number}@x.example>"))
    kept = [fetch(mailbox.pk, NOW) for _round in range(4)]
    assert kept == [4, 4, 2, 0]
    mailbox.refresh_from_db()
    assert (mailbox.waiting_count, mailbox.fetching_problem, mailbox.fetched_at) == (0, "", NOW)
    MailAccount.objects.update(uid_validity=1)  # the server renumbered
    again = [fetch(mailbox.pk, NOW) for _round in range(3)]
    assert (again, Incoming.objects.count()) == ([0, 0, 0], 10)


def test_the_server_keeps_what_it_has_as_it_is(mailbox, imap_server):
    imap_server.put(letter())
    fetch(mailbox.pk, NOW)
    with imap_server.client() as client:
        client.select_folder("INBOX", readonly=True)
        [flags] = client.get_flags(client.search()).values()
    assert b"\\Seen" not in flags


def test_a_killed_worker_loses_and_doubles_nothing(mailbox, imap_server, monkeypatch):
    for number in range(3):
        imap_server.put(letter(message_id=f"<{number}@x.example>"))

    class Killed(BaseException):
        pass

    def die(*_args):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("kezhi.messaging.fetching.settle_new", die)
        with pytest.raises(Killed):
            fetch(mailbox.pk, NOW)
    assert fetch(mailbox.pk, NOW) == 0  # who died may still be at it
    assert fetch(mailbox.pk, NOW + timedelta(minutes=6)) == 3
    assert Incoming.objects.count() == 3


def test_trouble_is_told_with_its_remedy_and_tried_again(mailbox, imap_server, caplog):
    mailbox.imap_password = "wrong"
    mailbox.save()
    fetch(mailbox.pk, NOW)
    mailbox.refresh_from_db()
    assert (mailbox.fetching_problem, mailbox.failures) == ("password", 1)
    assert mailbox.next_fetch_at > NOW
    mailbox.imap_password = SECRET
    mailbox.folder, mailbox.next_fetch_at = "Nowhere", None
    mailbox.save()
    fetch(mailbox.pk, NOW)
    mailbox.refresh_from_db()
    assert mailbox.fetching_problem == "folder"
    assert SECRET not in caplog.text + repr(list(MailAccount.objects.values()))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::ffff:127.0.0.1", "10.1.2.3"])
def test_no_mailbox_is_fetched_from_our_own_network(mailbox, settings, host):
    settings.PRIVATE_HOSTS = []
    MailAccount.objects.update(imap_host=host, imap_security="tls")
    fetch(mailbox.pk, NOW)
    mailbox.refresh_from_db()
    assert mailbox.fetching_problem == "unreachable"


def test_several_customers_of_one_address_are_left_to_people(box, chen, li_wei, owner):
    other = create_customer(
        {"name": "黄山茶庄", "email": "chen@tea.example"}, actor=li_wei, on=TODAY
    )
    came = arrive(box, letter())
    assert (came.state, sorted(came.candidates)) == (
        "several",
        sorted([chen.customer_id, other.pk]),
    )
    filing.assign(came, filing.Match(other.pk), actor=owner, at=NOW)
    assert Interaction.objects.get().customer == other
    filing.take_off(came, actor=owner, at=NOW)
    assert (Interaction.objects.count(), Incoming.objects.get().state) == (0, "unknown")


def test_an_unknown_sender_waits_until_somebody_says(box, anhui_tea, li_wei, chen_jing):
    came = arrive(box, letter(sender="who@new.example"))
    assert came.state == "unknown"
    with pytest.raises(NotAllowed):  # chen_jing may not see this customer
        filing.assign(came, filing.Match(anhui_tea.pk), actor=chen_jing, at=NOW)
    filing.assign(came, filing.Match(anhui_tea.pk), actor=li_wei, at=NOW)
    assert Interaction.objects.get().customer == anhui_tea


@pytest.fixture
def written(chen, li_wei, company):
    """A letter of Li Wei's to Chen, sent from the shared mailbox."""
    account = a_mailbox(smtp_host="127.0.0.1")
    entry = send_letter(
        chen.customer, [chen], "报价", "九折", actor=li_wei, at=NOW, account=account
    )
    return account, Outgoing.objects.get(about_id=entry.pk)


def test_an_answer_joins_the_thread_of_those_who_took_part(written, chen):
    account, sent = written
    came = arrive(account, letter(subject="Re: 报价", references=sent.message_id))
    assert (came.customer_id, came.answers_id) == (chen.customer_id, sent.pk)


SPOOFS = [
    {"sender": "stranger@evil.example", "references": "{id}"},
    {"sender": "stranger@evil.example", "subject": "Re: 报价 [{id}]"},
    {"sender": "stranger@evil.example", "reply_to": "chen@tea.example", "references": "{id}"},
    {"sender": "stranger@evil.example", "cc": "chen@tea.example", "references": "{id}"},
    {"sender": "stranger@evil.example", "to": "chen@tea.example", "references": "{id}"},
    {"sender": '"chen@tea.example" <stranger@evil.example>', "references": "{id}"},
    {"sender": "chen@tea.example <stranger@evil.example>", "references": "{id}"},
    {"sender": "chen@tea.example, stranger@evil.example", "references": "{id}"},
    {"sender": "stranger@evil.example, chen@tea.example", "references": "{id}"},
    {
        "sender": "chen@tea.example",
        "extra": "Authentication-Results: mx; dmarc=fail",
        "references": "{id}",
    },
    {"sender": "chen@tea.example", "extra": "Authentication-Results: mx;\r\n\tdmarc=fail (p=none)"},
    {"sender": "chen@tеa.example", "references": "{id}"},  # a Cyrillic letter
    {"sender": "chen@tea.example.evil.example", "references": "{id}"},
    {"sender": "chen%tea.example@evil.example", "references": "{id}"},
    {"sender": "<chen@tea.example>@evil.example", "references": "{id}"},
    {"sender": "stranger@evil.example", "extra": "Sender: chen@tea.example", "references": "{id}"},
    {"sender": "stranger@evil.example", "extra": "Return-Path: <chen@tea.example>"},
    {"sender": "", "references": "{id}"},
    {"sender": "undisclosed", "references": "{id}"},
    {"sender": "stranger@evil.example", "extra": "X-Original-From: chen@tea.example"},
]


@pytest.mark.parametrize("mark", [b"X-Mailer: x", b"Auto-Submitted: auto-replied"])
@pytest.mark.parametrize("number", range(len(SPOOFS)))
def test_a_spoofed_letter_joins_nobody_and_tells_nobody(written, chen, number, mark):
    account, sent = written
    spoof = {name: words.replace("{id}", sent.message_id) for name, words in SPOOFS[number].items()}
    before = Interaction.objects.count()
    raw = letter(**spoof).replace(b"MIME-Version", mark + b"\r\nMIME-Version", 1)
    came = arrive(account, raw)
    assert came.state in ("unknown", "several")
    assert (Interaction.objects.count(), Notice.objects.count()) == (before, 0)


def test_a_letter_that_came_back_fails_the_one_that_was_sent(written, smtp_server, li_wei):
    account, sent = written
    Outgoing.objects.update(state="sent")
    report = letter(
        sender="MAILER-DAEMON@mx.example",
        subject="Undelivered",
        text=f"550 5.1.1 unknown user\n\nMessage-ID: {sent.message_id}\n",
    )
    came = arrive(account, report)
    sent.refresh_from_db()
    assert (came.nature, came.state) == ("bounce", "ignored")
    assert (sent.state, sent.problem, sent.said) == ("failed", "bounced", "550 5.1.1 unknown user")
    assert Notice.objects.get().person == li_wei


@pytest.mark.parametrize(
    ("extra", "nature"),
    [
        ("Auto-Submitted: auto-replied", "automatic"),
        ("X-Autoreply: yes", "automatic"),
        ("Precedence: auto_reply", "automatic"),
        ("Return-Path: <>", "automatic"),
        ("List-Id: <news.example>", "list"),
        ("Precedence: bulk", "list"),
        ("Auto-Submitted: no", "letter"),
    ],
)
def test_what_no_person_wrote_tells_nobody(box, chen, extra, nature):
    came = arrive(box, letter(extra=extra))
    assert came.nature == nature
    assert Notice.objects.count() == (nature == "letter")


def test_a_notice_that_comes_round_ends_there(box, chen, li_wei, smtp_server, post_office):
    """Li Wei's own address is the shared mailbox: each notice by mail would cause the next."""
    post_office(smtp_server.port)
    li_wei.email = box.address
    li_wei.save()
    from kezhi.messaging.models import NoticePreference

    NoticePreference.objects.create(
        person=li_wei, ways={"mail.received": "mail"}, quiet_from=0, quiet_until=0
    )
    arrive(box, letter())
    for _round in range(5):
        for pk in Outgoing.objects.filter(state="waiting").values_list("pk", flat=True):
            deliver(pk, NOW)
        while smtp_server.taken:
            arrive(box, smtp_server.taken.pop().as_bytes(), uid=9)
    assert Outgoing.objects.count() == 1


def test_nobody_outside_calls_a_colleague(box, chen, chen_jing, li_wei):
    arrive(box, letter(text="@李伟 @陈静 请看"))
    assert Mention.objects.count() == 0
    assert {notice.person_id for notice in Notice.objects.all()} == {li_wei.pk}


@pytest.mark.parametrize("name", CORPUS)
def test_hostile_mail_is_kept_and_does_nothing(box, chen, name, settings):
    raw = CORPUS[name]()
    came = arrive(box, raw)
    assert came is not None
    assert stored(came.stored_as) == raw
    html = came.html.lower()
    for bad in (
        "<script",
        "<iframe",
        "<object",
        "<embed",
        "<form",
        "<meta",
        "<link",
        "<style",
        "<svg",
        "<base",
        " src=",
        "srcset",
        " style=",
        " on",
        "javascript:",
        "vbscript:",
        "data:",
        "url(",
    ):
        assert bad not in html.replace(" one", ""), (bad, html[:300])
    assert "\0" not in came.text + came.html + came.subject
    for file in came.files:
        assert file_of(raw, file["number"])[0].name == file["name"]
        assert "/" not in file["name"]


@pytest.mark.parametrize(
    ("name", "subject", "text"),
    [
        ("gb18030 header", "关于报价的问题", "什么时候发货？"),
        ("raw gb18030 header", "关于报价的问题", "正文"),
        ("no charset", "hello", "没有字符集"),
        ("wrong charset", "hello", "价格"),
        ("gb2312 label", "报价", "镕基"),
    ],
)
def test_chinese_is_read_whatever_the_sender_did(box, name, subject, text):
    came = arrive(box, CORPUS[name]())
    assert (came.subject, came.text) == (subject, text)


def test_others_see_nothing_of_a_personal_mailbox(company, li_wei, chen_jing, owner, manager):
    private = a_mailbox(purpose="personal", owner=li_wei)
    arrive(private, letter(sender="who@new.example"))
    seen = [
        Incoming.objects.visible_to(person).count()
        for person in (li_wei, chen_jing, owner, manager)
    ]
    assert seen == [1, 0, 0, 0]
