"""Mail leaves once, and nobody wonders what became of it."""

from datetime import timedelta

import pytest

from cast import NOW
from kezhi.accounts.organising import deactivate_person
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.messaging import connecting, delivering, outbox
from kezhi.messaging.delivering import deliver, deliver_due
from kezhi.messaging.letters import Heading, Link, Row, Rows, Text
from kezhi.messaging.models import MailAccount, Outgoing
from mail_servers import SECRET, free_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(smtp_server, post_office):
    return post_office(smtp_server.port)


def a_letter(actor=SYSTEM, **more):
    wanted = {
        "to": ["chen@tea.example"],
        "subject": "报价",
        "text": "您好",
        "purpose": "letter",
        **more,
    }
    return outbox.send(actor=actor, at=NOW, **wanted)


def state_of(outgoing):
    return Outgoing.objects.get(pk=outgoing.pk).state


def later(**time):
    at = NOW + timedelta(**time)
    return deliver_due(at, lambda: at)


def test_a_mail_arrives_with_text_html_and_files(account, smtp_server):
    parts = [
        Heading("今天"),
        Text("你好\n<b>"),
        Rows([Row("安徽茶业", "明天", "https://k.example/1")]),
    ]
    sent = a_letter(
        parts=[*parts, Link("打开", "https://k.example/")],
        files=[outbox.File("a.txt", b"x", "text/plain")],
    )
    assert deliver(sent.pk, NOW) == "sent"
    [mail] = smtp_server.taken
    assert mail["Message-ID"] == sent.message_id
    assert (mail["Subject"], mail["To"]) == ("报价", "chen@tea.example")
    assert "安徽茶业: 明天" in mail.get_body(("plain",)).get_content()
    assert "&lt;b&gt;" in mail.get_body(("html",)).get_content()
    [file] = mail.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("a.txt", "x")
    assert Entry.objects.filter(deed="mail.queued").count() == 1


def test_the_same_key_is_queued_once(account):
    assert a_letter(key="digest:1:2026-11-20") is not None
    assert a_letter(key="digest:1:2026-11-20") is None
    assert Outgoing.objects.count() == 1


def test_a_subject_makes_no_header(account, smtp_server):
    deliver(a_letter(subject="a\r\nBcc: other@evil.example").pk, NOW)
    [mail] = smtp_server.taken
    assert mail["Bcc"] is None
    assert mail["Subject"] == "a Bcc: other@evil.example"


def test_a_mail_put_off_is_tried_again(account, smtp_server):
    smtp_server.postman.answers = ["451 Later"]
    sent = a_letter()
    assert deliver(sent.pk, NOW) == "waiting"
    assert Outgoing.objects.get().said == "451 Later"
    assert later(seconds=30) == 0
    assert later(minutes=2) == 1
    assert [mail["Message-ID"] for mail in smtp_server.taken] == [sent.message_id]


def test_a_mail_refused_for_good_fails_and_can_be_sent_again(account, smtp_server):
    smtp_server.postman.rcpt_answers = {"chen@tea.example": "550 Unknown user"}
    sent = a_letter()
    assert deliver(sent.pk, NOW) == "failed"
    failed = Outgoing.objects.get()
    assert (failed.problem, failed.said) == ("recipient", "550 Unknown user")
    smtp_server.postman.rcpt_answers = {}
    outbox.send_again(failed, actor=SYSTEM, at=NOW)
    assert deliver(sent.pk, NOW) == "sent"


def test_a_server_that_is_away_is_tried_for_three_days(account):
    MailAccount.objects.update(smtp_port=free_port())
    sent = a_letter()
    deliver(sent.pk, NOW)
    account.refresh_from_db()
    assert (state_of(sent), account.sending_problem) == ("waiting", "unreachable")
    later(days=3, hours=1)
    assert (state_of(sent), Outgoing.objects.get().problem) == ("failed", "too_often")


def test_a_wrong_password_is_told_and_never_shown(account, smtp_server, caplog):
    smtp_server.passwords = {"kezhi": "another"}
    deliver(a_letter().pk, NOW)
    smtp_server.passwords = {"kezhi": SECRET}
    account.refresh_from_db()
    assert account.sending_problem == "password"
    kept = repr(list(Outgoing.objects.values())) + repr(list(MailAccount.objects.values()))
    assert SECRET not in kept + caplog.text


class Killed(BaseException):
    """The worker dies here."""


KILLED_AT = {
    "before the connection": (delivering.connecting, "smtp"),
    "before the text": (delivering, "_is_still_ours"),
    "at the acknowledgement": (delivering, "_settle"),
}


@pytest.mark.parametrize("place", KILLED_AT)
def test_killed_anywhere_nothing_is_lost_and_nothing_doubled(
    account, smtp_server, monkeypatch, place
):
    where, name = KILLED_AT[place]

    def die(*_args, **_more):
        raise Killed

    for number in range(17):
        a_letter(subject=str(number))
    for pk in Outgoing.objects.values_list("pk", flat=True):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, die)
            with pytest.raises(Killed):
                deliver(pk, NOW)
    later(minutes=1)  # the lease still holds
    later(minutes=16)
    is_late = place == "at the acknowledgement"
    assert set(Outgoing.objects.values_list("state", flat=True)) == {
        "uncertain" if is_late else "sent"
    }
    arrived = [mail["Message-ID"] for mail in smtp_server.taken]
    assert sorted(arrived) == sorted(Outgoing.objects.values_list("message_id", flat=True))


def test_a_connection_broken_after_the_text_is_uncertain(account, smtp_server):
    smtp_server.postman.breaks_off = True
    sent = a_letter()
    assert deliver(sent.pk, NOW) == "uncertain"
    assert later(days=1) == 0
    assert len(smtp_server.taken) == 1


def test_an_uncertain_mail_is_settled_by_a_person(account, smtp_server, li_wei, chen_jing):
    sent = a_letter(li_wei)
    Outgoing.objects.update(state="uncertain", handed_over_at=NOW)
    with pytest.raises(NotAllowed):
        outbox.confirm_arrival(sent, actor=chen_jing, at=NOW)
    outbox.confirm_arrival(sent, actor=li_wei, at=NOW)
    assert state_of(sent) == "sent"
    with pytest.raises(Refused):
        outbox.send_again(sent, actor=li_wei, at=NOW)


def test_a_late_worker_finds_its_claim_gone(account, smtp_server, monkeypatch):
    """Thought dead, it wakes when another has sent the mail already."""
    sent = a_letter()
    connect = connecting.smtp

    def slow(account):
        server = connect(account)
        monkeypatch.setattr(connecting, "smtp", connect)
        later(minutes=20)
        return server

    monkeypatch.setattr(connecting, "smtp", slow)
    deliver(sent.pk, NOW)
    assert state_of(sent) == "sent"
    assert len(smtp_server.taken) == 1


def test_who_may_not_see_it_any_more_gets_nothing(
    account, smtp_server, anhui_tea, li_wei, chen_jing
):
    li_wei.email = chen_jing.email = "x@yuanhang.example"
    for person in (li_wei, chen_jing):
        person.save()
        a_letter(to=(), person=person, about=anhui_tea, purpose="notice")
    later(minutes=0)
    by_person = dict(Outgoing.objects.values_list("person__login", "problem"))
    assert by_person == {"liwei": "", "chenjing": "not_seen"}
    assert len(smtp_server.taken) == 1


def test_who_left_gets_nothing(account, smtp_server, li_wei, owner):
    li_wei.email = "li@yuanhang.example"
    li_wei.save()
    sent = a_letter(to=(), person=li_wei, purpose="notice")
    deactivate_person(li_wei, actor=owner, reason="")
    deliver(sent.pk, NOW)
    assert (state_of(sent), smtp_server.taken) == ("dropped", [])


def test_a_pause_holds_everything_until_it_ends(account, smtp_server):
    MailAccount.objects.update(is_paused=True)
    sent = a_letter()
    deliver(sent.pk, NOW)
    assert (state_of(sent), Outgoing.objects.get().problem) == ("waiting", "paused")
    MailAccount.objects.update(is_paused=False)
    assert later(minutes=11) == 1


def test_no_domain_gets_more_than_its_share_of_an_hour(account, smtp_server):
    MailAccount.objects.update(domain_hourly_limit=3)
    for number in range(5):
        a_letter(subject=str(number))
    a_letter(to=["other@elsewhere.example"])
    assert later(minutes=0) == 4
    assert later(minutes=12) == 0
    assert later(minutes=75) == 2


def test_a_notice_that_comes_too_late_is_dropped(account, smtp_server):
    sent = a_letter(expires_at=NOW + timedelta(hours=1))
    later(hours=2)
    assert (state_of(sent), Outgoing.objects.get().problem) == ("dropped", "expired")


def test_a_maker_writes_at_the_moment_of_sending(account, smtp_server, monkeypatch):
    told = {"words": "早上"}
    made = lambda outgoing, at: outbox.Made("日报", [Text(told["words"])]) if told else None  # noqa: E731
    monkeypatch.setitem(outbox.MAKERS, "test", made)
    sent, nothing = a_letter(maker="test"), a_letter(maker="test")
    told["words"] = "晚上"
    deliver(sent.pk, NOW)
    assert "晚上" in smtp_server.taken[0].get_body().get_content()
    told.clear()
    deliver(nothing.pk, NOW)
    assert Outgoing.objects.get(pk=nothing.pk).problem == "nothing"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0x7f.1",
        "[::1]",
        "::ffff:127.0.0.1",
        "10.0.0.8",
        "169.254.169.254",
        "2130706433",
    ],
)
def test_no_mailbox_reaches_into_our_network(account, smtp_server, settings, host):
    settings.PRIVATE_HOSTS = []
    MailAccount.objects.update(smtp_host=host, smtp_security="tls")
    deliver(a_letter().pk, NOW)
    assert Outgoing.objects.get().problem == "unreachable"
    assert MailAccount.objects.get().sending_problem == "unreachable"
    assert smtp_server.taken == []


def test_a_password_never_goes_over_the_line_in_the_clear(account, smtp_server, settings):
    settings.PRIVATE_HOSTS = []
    deliver(a_letter().pk, NOW)
    assert Outgoing.objects.get().problem == "not_encrypted"


def test_the_list_holds_what_ones_own_people_sent(li_wei, chen_jing, manager, analyst, account):
    a_letter(li_wei)
    seen = {
        person.login: Outgoing.objects.visible_to(person).count()
        for person in (li_wei, chen_jing, manager, analyst)
    }
    assert seen == {"liwei": 1, "chenjing": 0, "manager": 1, "analyst": 0}


@pytest.fixture
def tls_server(tmp_path, smtp_server):
    """The same, behind TLS with a certificate that nobody trusts yet; gives port and certificate."""
    import ssl

    from aiosmtpd.controller import Controller

    certificate, key = a_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    controller = Controller(
        smtp_server.postman, hostname="127.0.0.1", port=free_port(), ssl_context=context
    )
    controller.start()
    yield controller.port, certificate
    controller.stop()


def a_certificate(folder):
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=400))
        .not_valid_after(NOW + timedelta(days=4000))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, pkcs8, plain))
    return folder / "cert.pem", folder / "key.pem"


def test_a_certificate_that_nobody_vouches_for_is_refused(
    account, tls_server, smtp_server, monkeypatch
):
    port, certificate = tls_server
    MailAccount.objects.update(smtp_port=port, smtp_security="tls", smtp_user="")
    sent = a_letter()
    deliver(sent.pk, NOW)
    assert (Outgoing.objects.get().problem, smtp_server.taken) == ("certificate", [])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert later(minutes=2) == 1
