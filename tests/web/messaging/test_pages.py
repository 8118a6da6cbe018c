"""The pages of mail and notices: what stands there, who may come, and what letters can't do."""

from email.message import EmailMessage
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from cast import NOW, TODAY
from hostile_mail import CORPUS, letter
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.outbound import Answer, Unreachable
from kezhi.customers.following_up import log_interaction, plan_follow_up
from kezhi.customers.models import Contact, Interaction
from kezhi.messaging import merging, picturing
from kezhi.messaging.delivering import deliver
from kezhi.messaging.fetching import keep_letter
from kezhi.messaging.models import (
    Incoming,
    MailAccount,
    MailTemplate,
    Notice,
    NoticePreference,
    Outgoing,
    PicturedSender,
)
from kezhi.messaging.proving import is_proven
from mail_servers import SECRET

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"


@pytest.fixture
def shared(company):
    account = MailAccount.objects.create(
        name="销售",
        address="sales@yuanhang.example",
        purpose="shared",
        imap_host="mail.yuanhang.example",
        smtp_host="mail.yuanhang.example",
    )
    account.imap_password = account.smtp_password = SECRET
    account.save()
    return account


SETTINGS = {
    "name": "我的邮箱",
    "address": "li@yuanhang.example",
    "sender_name": "李伟",
    "folder": "INBOX",
    "timeline": "whole",
    "hourly_limit": "100",
    "domain_hourly_limit": "50",
    "smtp_host": "mail.yuanhang.example",
    "smtp_port": "465",
    "smtp_security": "tls",
    "smtp_user": "li",
    "smtp_password": SECRET,
    "imap_host": "",
    "imap_port": "993",
    "imap_security": "tls",
    "imap_user": "",
}


def test_a_person_sets_up_a_mailbox_and_its_password_is_seen_nowhere(web, li_wei, owner):
    from kezhi.audit.models import Change, Entry

    page = web(li_wei)
    made = page.post("/settings/mail/new/personal/", SETTINGS, follow=True)
    account = MailAccount.objects.get()
    assert (account.owner, account.smtp_password) == (li_wei, SECRET)
    assert SECRET not in made.content.decode()
    changed = {**SETTINGS, "smtp_password": "", "name": "李伟", "version": "1"}
    page.post(f"/settings/mail/{account.pk}/", changed)
    account.refresh_from_db()
    assert (account.name, account.smtp_password) == ("李伟", SECRET)
    sealed = account.smtp_sealed
    elsewhere = {**changed, "smtp_host": "evil.example", "version": "2"}
    page.post(f"/settings/mail/{account.pk}/", elsewhere)
    account.refresh_from_db()
    assert account.smtp_password == ""
    kept = repr(list(Change.objects.values())) + repr(list(Entry.objects.values()))
    assert SECRET not in kept
    assert sealed
    assert sealed not in kept
    assert SECRET not in web(owner).get("/settings/mail/").content.decode()


def test_the_test_button_says_what_is_wrong(web, li_wei, settings):
    settings.PRIVATE_HOSTS = []
    page = web(li_wei)
    page.post("/settings/mail/new/personal/", {**SETTINGS, "smtp_host": "127.0.0.1"})
    pk = MailAccount.objects.get().pk
    told = page.post(f"/settings/mail/{pk}/trial/", follow=True).content.decode()
    assert "The mail server doesn’t answer" in told


def test_only_who_keeps_the_companys_mailboxes_sets_one_up(web, li_wei, owner):
    shared = {**SETTINGS, "department": ""}
    assert web(li_wei).post("/settings/mail/new/shared/", shared).status_code == 403
    assert web(owner).post("/settings/mail/new/shared/", shared).status_code == 302
    assert (
        web(li_wei).post(f"/settings/mail/{MailAccount.objects.get().pk}/", shared).status_code
        == 403
    )


def test_a_letter_is_written_from_a_template_sent_and_stands_on_the_timeline(
    web, li_wei, chen, smtp_server, post_office
):
    account = post_office(
        smtp_server.port, purpose="personal", owner=li_wei, address="li@yuanhang.example"
    )
    template = merging.add_template(
        {
            "name": "问候",
            "language": "zh-hans",
            "subject": "致{{contact.name}}",
            "text": "{{ customer.name }}，{{sender.title}}您好",
        },
        actor=SYSTEM,
    )
    at = f"/customers/{chen.customer_id}/letter/"
    page = web(li_wei)
    page.post("/settings/mail/signature/", {"signature": "李伟 敬上"})
    shown = page.get(f"{at}?template={template.pk}").content.decode()
    assert "致陈立群" in shown
    assert "安徽茶业有限公司，您好" in shown
    assert "Nothing is known for Your position" in shown
    sent = page.post(
        at,
        {
            "subject": "致陈立群",
            "text": "您好",
            "contact": chen.pk,
            "account": account.pk,
            "file": SimpleUploadedFile("a.pdf", b"x"),
        },
    )
    assert sent.status_code == 302
    mail, entry = Outgoing.objects.get(), Interaction.objects.get()
    assert (mail.about_id, entry.text) == (entry.pk, "致陈立群\n\n您好")
    timeline = page.get(f"/customers/{chen.customer_id}/").content.decode()
    assert f"/outbox/{mail.pk}/" in timeline
    assert deliver(mail.pk, mail.created_at) == "sent"
    [arrived] = smtp_server.taken
    assert "李伟 敬上" in arrived.get_body(("plain",)).get_content()
    assert [file.get_filename() for file in arrived.iter_attachments()] == ["a.pdf"]


def test_no_letter_goes_to_a_contact_of_somebody_else_or_with_gaps(
    web, li_wei, chen, shared, sun_yue
):
    at = f"/customers/{chen.customer_id}/letter/"
    wanted = {"subject": "x", "text": "y", "account": shared.pk}
    page = web(li_wei)
    assert page.post(at, {**wanted, "contact": 999_999}).status_code == 422
    assert (
        page.post(at, {**wanted, "contact": chen.pk, "text": "{{customer.name}}"}).status_code
        == 422
    )
    assert web(sun_yue).post(at, {**wanted, "contact": chen.pk}).status_code == 404
    assert Outgoing.objects.count() == 0


def test_a_contact_that_left_gets_no_letter_that_waits(chen, li_wei, smtp_server, post_office):
    from kezhi.customers.corresponding import send_letter

    account = post_office(smtp_server.port, purpose="personal", owner=li_wei)
    send_letter(chen.customer, [chen], "x", "y", actor=li_wei, at=NOW, account=account)
    Contact.objects.update(has_left=True)
    deliver(Outgoing.objects.get().pk, NOW)
    assert Outgoing.objects.get().problem == "not_to_be_reached"
    assert smtp_server.taken == []


def test_a_letter_that_came_is_read_and_answered(web, li_wei, chen, shared):
    came = keep_letter(shared, 1, letter(subject="订单问题"), NOW, NOW)
    page = web(li_wei)
    timeline = page.get(f"/customers/{chen.customer_id}/").content.decode()
    assert f"/mail/{came.pk}/" in timeline
    assert "chen@tea.example" in page.get(f"/mail/{came.pk}/").content.decode()
    page.post(
        f"/customers/{chen.customer_id}/letter/",
        {
            "subject": "Re",
            "text": "y",
            "contact": chen.pk,
            "account": shared.pk,
            "answers": came.pk,
        },
    )
    assert Outgoing.objects.get().in_reply_to == came.message_id


def test_an_unknown_sender_becomes_a_contact(web, li_wei, anhui_tea, shared):
    came = keep_letter(shared, 1, letter(sender="Wu <wu@new.example>"), NOW, NOW)
    page = web(li_wei)
    assert "wu@new.example" in page.get("/mail/").content.decode()
    assert "安徽茶业" in page.get(f"/mail/{came.pk}/?q=安徽").content.decode()
    page.post(f"/mail/{came.pk}/customer/", {"customer": anhui_tea.pk, "new_contact": "吴"})
    contact = Contact.objects.get()
    assert (contact.email, Interaction.objects.get().contact) == ("wu@new.example", contact)


@pytest.mark.parametrize("name", [n for n in CORPUS if n.startswith("script")][:24:3])
def test_a_hostile_letter_is_shown_in_a_frame_that_can_do_nothing(web, li_wei, shared, name):
    came = keep_letter(shared, 1, CORPUS[name](), NOW, NOW)
    page = web(li_wei)
    frame = page.get(f"/mail/{came.pk}/frame/")
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "<script" not in frame.content.decode().lower()
    whole = page.get(f"/mail/{came.pk}/").content.decode()
    assert "alert(1)" not in whole.replace("&lt;script&gt;alert(1)", "")
    for file in came.files:
        kept = page.get(f"/mail/{came.pk}/files/{file['number']}/")
        assert kept.headers["Content-Disposition"].startswith("attachment")
        assert kept.headers["Content-Type"] == "application/octet-stream"


def a_picture(size=(8, 8), format_="PNG"):
    content = BytesIO()
    Image.new("RGB", size, "green").save(content, format_)
    return content.getvalue()


def an_illustrated_letter(html):
    message = EmailMessage()
    message["From"], message["To"] = "chen@tea.example", "sales@yuanhang.example"
    message["Message-ID"], message["Date"] = "<p@tea.example>", "Fri, 20 Nov 2026 09:00:00 +0800"
    message.set_content("see the picture")
    message.add_alternative(html, subtype="html")
    body = message.get_payload()[1]
    body.add_related(a_picture(), "image", "png", cid="<leaf@tea.example>")
    return message.as_bytes()


def test_pictures_come_when_they_are_asked_for_and_never_from_the_readers_browser(
    web, li_wei, shared, monkeypatch
):
    html = (
        '<p>Tea</p><img src="cid:leaf@tea.example" alt="leaf"><img src="http://tea.example/a.png">'
        '<img src="https://tea.example/a.svg" onerror="x()"><img src="https://spy.example/?me" width="1">'
        '<img src="https://tea.example/gone.png" alt="gone">'
    )
    came = keep_letter(shared, 1, an_illustrated_letter(html), NOW, NOW)
    page, asked = web(li_wei), []

    def answered(url, **how):
        asked.append((url, how["is_strangers"]))
        if url.endswith("gone.png"):
            raise Unreachable
        return Answer(200, a_picture((2000, 10), "JPEG") if url.endswith("png") else b"<svg/>")

    monkeypatch.setattr(picturing, "fetch", answered)
    frame = f"/mail/{came.pk}/frame/"
    assert "img-src 'none'" in page.get(frame).headers["Content-Security-Policy"]
    assert "src=" not in page.get(frame).content.decode()
    assert asked == []
    told = page.post(f"/mail/{came.pk}/pictures/", follow=True).content.decode()
    assert "Pictures shown: 2." in told
    assert sorted(asked) == [
        (f"https://tea.example/{name}", True) for name in ("a.png", "a.svg", "gone.png")
    ]
    shown = page.get(frame)
    policy, html = shown.headers["Content-Security-Policy"], shown.content.decode()
    assert "img-src data:" in policy
    assert "sandbox" in policy
    assert html.count('src="data:image/jpeg;base64,') == 2
    assert "http" not in html
    assert "onerror" not in html
    page.get(frame)
    assert len(asked) == 3


PROOF = b"Authentication-Results: mx.example; dkim=pass; dmarc=pass header.from=tea.example\r\n"


def proven(html, proof=PROOF, subject=b"see"):
    return proof + b"X-About: " + subject + b"\r\n" + an_illustrated_letter(html)


def test_pictures_of_a_chosen_sender_come_by_themselves_for_who_chose(
    web, li_wei, manager, shared, monkeypatch
):
    html = '<img src="https://tea.example/a.png">'
    came = keep_letter(shared, 1, proven(html), NOW, NOW)
    later = keep_letter(shared, 2, proven(html, subject=b"again"), NOW, NOW)
    forged = keep_letter(
        shared, 3, proven(html, PROOF.replace(b"dmarc=pass", b"dmarc=fail")), NOW, NOW
    )
    unchecked = keep_letter(shared, 4, proven(html, b""), NOW, NOW)
    by_itself = 'hx-trigger="load" hx-target="#layout"'
    page = web(li_wei)
    for each in (came, later):
        assert by_itself not in page.get(f"/mail/{each.pk}/").text
    page.post(f"/mail/{came.pk}/pictures/sender/")
    assert by_itself in page.get(f"/mail/{came.pk}/").text
    assert by_itself in page.get(f"/mail/{later.pk}/").text
    for each in (forged, unchecked):
        said = page.get(f"/mail/{each.pk}/").text
        assert by_itself not in said
        assert "pictures/sender/" not in said
        refused = page.post(f"/mail/{each.pk}/pictures/sender/", follow=True)
        assert "didn’t prove the sender" in refused.text
    assert PicturedSender.objects.count() == 1
    answer = Answer(200, a_picture())
    monkeypatch.setattr(picturing, "fetch", lambda *_args, **_how: answer)
    shown = page.post(f"/mail/{later.pk}/pictures/", headers={"hx-request": "true"})
    assert shown.status_code == 200
    assert '<details class="mt4" id="layout" open>' in shown.text
    assert by_itself not in shown.text
    assert by_itself not in web(manager).get(f"/mail/{came.pk}/").text
    assert Entry.objects.filter(deed="mail.pictures_always").count() == 1


def test_pictures_that_are_nowhere_are_asked_for_once_on_a_page(web, li_wei, shared, monkeypatch):
    came = keep_letter(shared, 1, proven('<img src="https://tea.example/a.png">'), NOW, NOW)
    page = web(li_wei)
    page.post(f"/mail/{came.pk}/pictures/sender/")
    monkeypatch.setattr(picturing, "fetch", lambda *_args, **_how: Answer(404, b""))
    answer = page.post(f"/mail/{came.pk}/pictures/", headers={"hx-request": "true"})
    assert "None of its pictures could be fetched." in answer.text
    assert 'hx-trigger="load" hx-target="#layout"' not in answer.text


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_own_list_of_senders_is_on_the_profile_and_nobody_elses(
    web, li_wei, manager, shared, language
):
    came = keep_letter(shared, 1, proven('<img src="https://tea.example/a.png">'), NOW, NOW)
    web(li_wei, language).post(f"/mail/{came.pk}/pictures/sender/")
    kept = PicturedSender.objects.get()
    removal = f"/settings/senders/{kept.pk}/removal/"
    assert removal in web(li_wei, language).get("/settings/profile/").text
    assert removal not in web(manager, language).get("/settings/profile/").text
    assert web(manager).post(removal).status_code == 404
    assert web(li_wei, language).post(removal).status_code == 302
    assert not PicturedSender.objects.exists()
    assert Entry.objects.filter(deed="mail.pictures_asked").exists()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("mx.example; dmarc=pass header.from=tea.example", True),
        ("mx.example;\r\n\tspf=fail smtp.mailfrom=a@b.example;\r\n\tdmarc=pass (p=NONE)", True),
        ("mx.example; spf=pass; dkim=pass", False),
        ("mx.example; dmarc=none", False),
        ("mx.example; dmarc=pass header.from=evil.example", False),
        ("mx.example; dmarc=passed header.from=tea.example", False),
        (
            "mx.example; spf=pass (dmarc=pass; header.from=tea.example) smtp.mailfrom=a@e.example",
            False,
        ),
        ('mx.example; spf=pass smtp.mailfrom="x; dmarc=pass "@evil.example', False),
        ("mx.example; spf=pass smtp.mailfrom=x;dmarc=pass@evil.example", False),
        ("mx.example; dmarc=pass; dmarc=temperror", False),
        ("mx.example; spf=none\r\nAuthentication-Results: mx.example; dmarc=pass", False),
    ],
)
def test_only_what_the_receiving_server_itself_proved_is_proven(shared, said, expected):
    head = f"Authentication-Results: {said}\r\n".encode()
    assert is_proven(keep_letter(shared, 1, proven("<p>tea</p>", head), NOW, NOW)) is expected


def test_letters_of_others_are_not_fetched_for_anybody(
    web, li_wei, chen_jing, company, monkeypatch
):
    private = MailAccount.objects.create(
        name="p", address="p@y.example", purpose="personal", owner=li_wei, imap_host="m.example"
    )
    html = '<img src="https://a.example/">'
    came = keep_letter(private, 1, an_illustrated_letter(html), NOW, NOW)
    monkeypatch.setattr(picturing, "fetch", None)
    assert web(chen_jing).post(f"/mail/{came.pk}/pictures/").status_code == 404
    assert not picturing.page_of(came)


PAYLOADS = [
    "{{7*7}}",
    "${7*7}",
    "{%for x in y%}",
    "#{7*7}",
    "<%= 7*7 %>",
    "{{config}}",
    "{{self.__class__}}",
    "{{''.__class__.__mro__}}",
    "{{request.user}}",
    "{{customer.password}}",
    "{{customer.owner.password}}",
    "{{customer._state}}",
    "{{customer.__class__}}",
    "@(7*7)",
    "*{7*7}",
    "[[${7*7}]]",
    "{{constructor}}",
    "{{customer.name|upper}}",
    "{{customer.name()}}",
    "{{ customer . name }}",
]


def test_two_hundred_payloads_stay_literal(anhui_tea, li_wei, chen):
    words = merging.words_for(anhui_tea, chen, li_wei, TODAY)
    for number in range(10):
        for payload in PAYLOADS:
            text = f"{'x' * number}{payload}{'{' * number}"
            assert merging.fill(text, words).text == text
    assert (
        merging.fill("{{customer.name}}", {"customer.name": "{{contact.name}}"}).text
        == "{{contact.name}}"
    )
    long = "{{customer.name}}" * 60_000
    assert len(merging.fill(long, {"customer.name": "x" * 10_000}).text) <= merging.MOST_FILLED


def test_a_template_names_the_field_that_isnt_there(web, owner, anhui_tea):
    page = web(owner)
    wanted = {"name": "a", "language": "en", "subject": "x", "text": "{{customer.nmae}}"}
    refused = page.post("/settings/mail/templates/new/", wanted)
    assert refused.status_code == 422
    assert "There is no field {{customer.nmae}}" in refused.content.decode()
    preview = page.post(
        "/settings/mail/templates/new/",
        {**wanted, "text": "{{customer.name}}", "preview": "1", "customer": "C-AHTEA"},
    )
    assert "安徽茶业有限公司" in preview.content.decode()
    assert MailTemplate.objects.count() == 0


def test_what_concerns_a_person_is_told_with_a_count(web, li_wei, manager, anhui_tea):
    plan_follow_up(
        {"customer": anhui_tea, "subject": "回访", "due_on": TODAY, "assignee": li_wei},
        actor=manager,
        on=TODAY,
    )
    log_interaction(anhui_tea, "note", "@李伟 请看", actor=manager, at=NOW)
    page = web(li_wei)
    assert ">2<" in page.get("/notices/count/").content.decode().replace(" ", "")
    shown = page.get("/notices/").content.decode()
    assert "周启明 gave you the follow-up 回访" in shown
    assert "周启明 called you: @李伟 请看" in shown
    mention = Notice.objects.get(kind="mention")
    assert f"/customers/{anhui_tea.pk}/" in page.get(f"/notices/{mention.pk}/").headers["Location"]
    page.post("/notices/reading/", {"all": "1"})
    assert Notice.objects.unread().count() == 0


def test_nobody_is_told_of_what_they_may_not_see_any_more(web, li_wei, manager, anhui_tea, sun_yue):
    from kezhi.customers.creating import reassign_customer

    plan_follow_up(
        {"customer": anhui_tea, "subject": "回访", "due_on": TODAY, "assignee": li_wei},
        actor=manager,
        on=TODAY,
    )
    log_interaction(anhui_tea, "note", "@李伟 机密", actor=manager, at=NOW)
    reassign_customer(anhui_tea, sun_yue, actor=manager, on=TODAY)
    shown = web(li_wei).get("/notices/").content.decode()
    assert "机密" not in shown
    assert web(sun_yue).get(f"/notices/{Notice.objects.first().pk}/").status_code == 404


def test_everybody_chooses_how_they_are_told(web, li_wei, manager, anhui_tea):
    li_wei.email = "li@yuanhang.example"
    page = web(li_wei)
    page.post(
        "/settings/notices/",
        {
            "digest": "daily",
            "digest_hour": "7",
            "quiet_from": "0",
            "quiet_until": "0",
            "way-mention": "none",
            "way-follow_up.assigned": "mail",
        },
    )
    log_interaction(anhui_tea, "note", "@李伟 请看", actor=manager, at=NOW)
    plan_follow_up(
        {"customer": anhui_tea, "subject": "回访", "due_on": TODAY, "assignee": li_wei},
        actor=manager,
        on=TODAY,
    )
    assert [notice.kind for notice in Notice.objects.all()] == ["follow_up.assigned"]
    assert Outgoing.objects.get().person == li_wei
    assert NoticePreference.objects.get().digest == "daily"
    assert page.post("/settings/notices/", {"digest": "hourly"}).status_code == 422


@pytest.mark.parametrize(
    "path", ["/mail/", "/mail/?view=all", "/outbox/", "/notices/", "/settings/mail/"]
)
def test_the_lists_ask_as_much_for_many_rows_as_for_few(web, li_wei, manager, shared, chen, path):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    page = web(li_wei)
    counts = []
    for round_ in range(2):
        for number in range(1 + 5 * round_):
            keep_letter(shared, number, letter(text=f"{round_}-{number}"), NOW, NOW)
            sender = f"who{round_}{number}@new.example"
            keep_letter(shared, number, letter(sender=sender), NOW, NOW)
            page.post(
                f"/customers/{chen.customer_id}/letter/",
                {"subject": "x", "text": "y", "contact": chen.pk, "account": shared.pk},
            )
        page.get(path)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert page.get(path).status_code == 200
        counts.append(len(asked))
    assert counts[0] >= counts[1]


def test_strangers_find_nothing(web, chen_jing, li_wei, chen, shared, analyst):
    private = MailAccount.objects.create(
        name="私",
        address="p@y.example",
        purpose="personal",
        owner=li_wei,
        imap_host="m.example",
        timeline="subject",
    )
    came = keep_letter(private, 1, letter(), NOW, NOW)
    filed = keep_letter(shared, 2, letter(text="filed"), NOW, NOW)
    page = web(chen_jing)
    for path in ("", "frame/", "source/"):
        assert page.get(f"/mail/{came.pk}/{path}").status_code == 404
    assert page.get(f"/settings/mail/{private.pk}/").status_code == 404
    assert page.get(f"/customers/{chen.customer_id}/letter/").status_code == 404
    assert web(analyst).get("/mail/").status_code == 403
    assert web(analyst).get(f"/mail/{filed.pk}/source/").status_code in (403, 404)
    assert Incoming.objects.count() == 2
