"""What a contact does in the portal, and what is never shown to them."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cast import NOW, PASSWORD, TODAY
from kezhi.audit.models import Entry
from kezhi.catalog.models import Product
from kezhi.core.actor import SYSTEM
from kezhi.customers.consenting import publish_text
from kezhi.customers.models import Consent, Customer, DoNotContact, Exemption
from kezhi.ledger.models import Order, OrderLine
from kezhi.rights.models import DataRequest, Package
from kezhi.rights.packaging import path_of_package
from kezhi.service.intake.linking import link_for, path_of
from kezhi.service.models import Idea, IdeaVote, Ticket, TicketEntry, TicketRating
from kezhi.service.portal.proposing import comment, moderate
from kezhi.service.tickets.answering import answer
from kezhi.service.tickets.changing import set_state
from kezhi.service.tickets.noting import note_on_ticket
from kezhi.service.tickets.opening import open_ticket
from kezhi.workbench.attaching import remove_attachment
from kezhi.workbench.models import Attachment
from portal_people import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"


def ask(client, **entries):
    wanted = {"type": "fault", "subject": "茶叶受潮", "text": "三箱受潮，请处理。", "key": "k1"}
    answer = client.post("/portal/tickets/new/", {**wanted, **entries})
    assert answer.status_code == 302, answer.content.decode()
    return Ticket.objects.latest("pk")


def text_of(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_a_matter_is_asked_answered_solved_and_rated(portal, zhang, agent):
    file = SimpleUploadedFile("受潮.txt", b"three boxes", "text/html")
    ticket = ask(zhang, file=file)
    assert (ticket.channel, ticket.type, ticket.customer, ticket.contact) == (
        "portal", "fault", portal.customer, portal.contacts.zhang,
    )  # fmt: skip
    ask(zhang)  # the same form again
    assert Ticket.objects.count() == 1
    note_on_ticket(ticket, "客户价值高，先安抚，成本 900 元", actor=agent, at=NOW)
    ask(zhang, file=SimpleUploadedFile("受潮.txt", b"three boxes"))  # sent twice, kept once
    assert Attachment.objects.count() == 1
    answer(ticket, "我们今天补发三箱。", actor=agent, at=timezone.now(), state="waiting")
    page = text_of(zhang, f"/portal/tickets/{ticket.pk}/")
    assert "我们今天补发三箱。" in page
    assert "先安抚" not in page
    download = zhang.get(re.search(r"/portal/tickets/\d+/files/\d+/", page)[0])
    assert b"".join(download.streaming_content) == b"three boxes"
    assert download["Content-Disposition"].startswith("attachment")
    assert "sandbox" in download["Content-Security-Policy"]
    assert "We wait for your word" in text_of(zhang, "/portal/")
    zhang.post(f"/portal/tickets/{ticket.pk}/words/", {"text": "好的，谢谢", "key": "k2"})
    ticket.refresh_from_db()
    assert ticket.state == "open"
    early = zhang.post(f"/portal/tickets/{ticket.pk}/rating/", {"score": "5"})
    assert early.status_code == 409
    assert "when it is solved" in early.content.decode()
    zhang.post(f"/portal/tickets/{ticket.pk}/solution/")
    ticket.refresh_from_db()
    assert ticket.state == "solved"
    unrated = zhang.post(f"/portal/tickets/{ticket.pk}/rating/", {"remark": "说了半句"})
    assert unrated.status_code == 409
    assert "from very good to bad" in unrated.content.decode().split("How was it?")[1]
    assert 'value="说了半句"' in unrated.content.decode()
    for score in ("4", "2"):
        zhang.post(f"/portal/tickets/{ticket.pk}/rating/", {"score": score, "remark": "有点慢"})
    assert TicketRating.objects.get().score == 2
    # Every deed of theirs names them; inside the company nobody else has done it.
    deeds = Entry.objects.filter(deed__startswith="portal.ticket")
    assert {entry.actor_name for entry in deeds} == {"张敏 (portal)"}
    zhang.post(f"/portal/tickets/{ticket.pk}/words/", {"text": "又受潮了", "key": "k3"})
    ticket.refresh_from_db()
    assert (ticket.state, ticket.reopened_count) == ("open", 1)


def test_files_of_answers_are_the_customers_and_files_of_notes_are_not(
    portal, web, zhang, bai, agent
):
    """In the portal and behind the link in the mail, with the same authority as the words beside them."""
    ticket = ask(zhang)
    client = web(agent)

    def written(mode, name, text):
        fields = {"mode": mode, "text": text, "by_phone": "1"}
        file = SimpleUploadedFile(name, name.encode(), "text/html")
        answer = client.post(f"/tickets/{ticket.pk}/words/", {**fields, "file": file})
        assert answer.status_code == 302, answer.content.decode()
        return Attachment.objects.latest("pk")

    reply = written("reply", "换货单.html", "换货单在这里")
    hidden = [written("note", "成本.xlsx", "内部"), written("said", "录音.mp3", "客户来电")]
    link = link_for(ticket, "zhang@tea.example", timezone.now())
    screen = link_for(ticket, "", timezone.now())
    own, mailed = f"/portal/tickets/{ticket.pk}/", path_of(link)
    for visitor, root in ((zhang, own), (Client(), mailed)):
        page = text_of(visitor, root)
        assert "换货单.html" in page
        assert not [name for name in ("成本.xlsx", "录音.mp3") if name in page]
        answer = visitor.get(f"{root}files/{reply.pk}/")
        assert b"".join(answer.streaming_content) == "换货单.html".encode()
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        assert {visitor.get(f"{root}files/{each.pk}/").status_code for each in hidden} == {404}
    # Another customer's session, the screen of a form, and a link that is none.
    assert bai.get(f"{own}files/{reply.pk}/").status_code == 404
    for root in (path_of(screen), "/case/none.x/"):
        assert Client().get(f"{root}files/{reply.pk}/").status_code == 404
    # A file of another matter isn't this one's, and a removed one is nobody's.
    other = ask(zhang, key="k9", subject="另一件")
    assert zhang.get(f"/portal/tickets/{other.pk}/files/{reply.pk}/").status_code == 404
    remove_attachment(reply, actor=agent, at=timezone.now())
    assert zhang.get(f"{own}files/{reply.pk}/").status_code == 404


def test_files_alone_are_words_too_many_are_refused_and_too_large_ones_not_even_read(portal, zhang):
    ticket = ask(zhang)
    address = f"/portal/tickets/{ticket.pk}/words/"
    files = [SimpleUploadedFile(f"{each}.txt", b"x") for each in range(6)]
    refused = zhang.post(address, {"text": "多", "key": "a", "file": files})
    assert refused.status_code == 422
    assert "Choose the files once more" in refused.content.decode()
    refused = zhang.post(address, {"text": "", "key": "b"})
    assert refused.status_code == 422
    assert "Choose the files once more" not in refused.content.decode()
    file = SimpleUploadedFile("0.txt", b"x")
    assert zhang.post(address, {"key": "c", "file": file}).status_code == 302
    assert [each.name for each in Attachment.objects.all()] == ["0.txt"]
    large = zhang.post(address, {"text": "x"}, headers={"Content-Length": str(30 * 2**20)})
    assert large.status_code == 413
    assert ticket.entries.filter(sort="received").count() == 2


def test_a_promise_that_has_passed_is_told_no_more(portal, zhang):
    ticket = ask(zhang)
    for days, is_told in ((2, True), (-2, False)):
        due = timezone.now() + timedelta(days=days)
        Ticket.objects.filter(pk=ticket.pk).update(due_at=due)
        told = [
            "nswer by" in text_of(zhang, address)
            for address in ("/portal/", "/portal/tickets/", f"/portal/tickets/{ticket.pk}/")
        ]
        assert told == [is_told] * 3


def test_an_account_sees_its_own_matters_and_the_whole_customer_only_where_that_is_set(
    portal, zhang
):
    wu = signed_in(portal.wu)
    mine = ask(zhang, subject="张敏的事")
    theirs = ask(wu, subject="吴涛的事", key="k2")
    for quiet in ({"type": "internal"}, {"channel": "rule"}, {"channel": "colleague"}):
        fields = {
            "subject": "内部", "customer": portal.customer, "contact": portal.contacts.zhang,
            "channel": "portal", "type": "inquiry",
        }  # fmt: skip
        open_ticket({**fields, **quiet}, actor=SYSTEM, at=NOW)
    page = text_of(zhang, "/portal/tickets/")
    assert "张敏的事" in page
    assert "吴涛的事" not in page
    assert "内部" not in page
    assert zhang.get(f"/portal/tickets/{theirs.pk}/").status_code == 404
    assert {"张敏的事", "吴涛的事"} <= set(
        re.findall("[张吴][敏涛]的事", text_of(wu, "/portal/tickets/"))
    )
    set_state(mine, "spam", actor=SYSTEM, at=NOW)
    assert wu.get(f"/portal/tickets/{mine.pk}/").status_code == 404


def test_orders_show_what_was_bought_and_nothing_of_ours(portal, zhang):
    product = Product.objects.create(code="P-1", name="龙井")
    order = Order.objects.create(
        number="SO-7", customer=portal.customer, ordered_on=TODAY - timedelta(days=9), currency="CNY",
        amount=Decimal("8848.50"), lines_count=1, remark="最低折扣", channel="直销渠道",
        promised_on=TODAY - timedelta(days=2), delivered_on=TODAY, **portal.customer.place,
    )  # fmt: skip
    OrderLine.objects.create(
        order=order, customer=portal.customer, ordered_on=TODAY, line_key="l", product=product,
        quantity=3, amount=Decimal("8848.50"), cost=Decimal("7123.45"),
    )  # fmt: skip
    wu = signed_in(portal.wu)
    assert "SO-7" in text_of(wu, "/portal/") + text_of(wu, "/portal/orders/")
    page = text_of(wu, f"/portal/orders/{order.pk}/")
    assert "龙井" in page
    assert "8,848.50" in page
    assert "2 days late" in page
    Order.objects.filter(pk=order.pk).update(delivered_on=None)
    assert "Late: was due on" in text_of(wu, "/portal/orders/")
    assert "Credit note" not in page
    Order.objects.filter(pk=order.pk).update(amount=Decimal("-8848.50"))
    assert "Credit note" in text_of(wu, "/portal/orders/")
    assert not [word for word in ("7,123", "7123", "最低折扣", "直销渠道") if word in page]
    # Only their own matters: no orders.
    assert "SO-7" not in text_of(zhang, "/portal/orders/")
    assert zhang.get(f"/portal/orders/{order.pk}/").status_code == 404
    ticket = ask(wu, order=str(order.pk))
    assert ticket.order == order
    answer = zhang.post(
        "/portal/tickets/new/", {"type": "fault", "text": "x", "order": str(order.pk)}
    )
    assert answer.status_code == 404


def test_on_a_phone_too_the_way_to_the_account_has_a_name(portal, zhang):
    # The name beside the picture is hidden there.
    assert 'href="/portal/account/" aria-label="张敏, My account"' in text_of(zhang, "/portal/")


def test_ideas_are_read_first_then_voted_for_once_and_answered(portal, zhang, bai, owner):
    for _press in range(2):
        zhang.post("/portal/ideas/", {"title": "小包装", "text": "给茶馆用"})
    idea = Idea.objects.get()
    assert bai.get(f"/portal/ideas/{idea.pk}/").status_code == 404
    assert "小包装" in text_of(zhang, "/portal/ideas/?show=mine")
    moderate(idea, {"is_published": True, "state": "planned"}, actor=owner, on=TODAY)
    for _again in range(2):
        bai.post(f"/portal/ideas/{idea.pk}/vote/")
    zhang.post(f"/portal/ideas/{idea.pk}/vote/")
    bai.post(f"/portal/ideas/{idea.pk}/vote/", {"back": "1"})
    idea.refresh_from_db()
    assert (idea.votes_count, IdeaVote.objects.count()) == (1, 1)
    comment(idea, "正在打样", actor=owner, at=NOW)
    page = text_of(bai, f"/portal/ideas/{idea.pk}/")
    assert "正在打样" in page
    assert not [word for word in ("张敏", "安徽茶业") if word in page]  # whose it is stays with us


def test_a_consent_is_given_to_the_words_that_were_read_and_taken_back_at_once(portal, zhang):
    text = publish_text(
        "marketing", "我同意接收新品资讯。", "I agree to news.", actor=SYSTEM, on=TODAY
    )
    assert "I agree to news." in text_of(zhang, "/portal/preferences/")
    fields = {"purpose": "marketing", "channel": "email", "wanted": "yes"}
    assert zhang.post("/portal/preferences/choice/", {**fields, "digest": "old"}).status_code == 409
    assert not Consent.objects.exists()
    zhang.post("/portal/preferences/choice/", {**fields, "digest": text.digest})
    consent = Consent.objects.get()
    assert (consent.contact, consent.text, consent.source, consent.state) == (
        portal.contacts.zhang, text, "form", "given",
    )  # fmt: skip
    assert "zhang@tea.example" in consent.proof
    assert "Take it back" in text_of(zhang, "/portal/preferences/")
    zhang.post("/portal/preferences/choice/", {**fields, "wanted": "no"})
    consent.refresh_from_db()
    assert (consent.state, consent.withdrawn_by) == ("withdrawn", "form")
    assert DoNotContact.objects.filter(purpose="marketing", channel="email").exists()
    odd = {"purpose": "sensitive", "channel": "none", "wanted": "yes", "digest": text.digest}
    for each in (
        odd,
        {**fields, "channel": "none"},
        {**fields, "purpose": "all"},
        {**fields, "wanted": "?"},
    ):
        assert zhang.post("/portal/preferences/choice/", each).status_code == 409
    assert Consent.objects.count() == 1


def test_data_is_asked_for_with_the_password_followed_and_fetched(portal, zhang, bai):
    assert "answered by" not in text_of(zhang, "/portal/data/")
    zhang.post("/portal/data/", {"sort": "export"})
    request = DataRequest.objects.get()
    assert (request.contact, request.channel, request.state) == (
        portal.contacts.zhang, "portal", "received",
    )  # fmt: skip
    assert zhang.post("/portal/data/", {"sort": "export"}).status_code == 422  # once at a time
    assert "answered by" in text_of(zhang, "/portal/data/")
    package = Package.objects.create(
        request=request, stored_as=uuid.uuid4(), size=4, sha256="", made_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    path = path_of_package(package.stored_as)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"data")
    address = f"/portal/data/{request.pk}/file/"
    assert zhang.get(address).status_code == 404  # not released yet
    DataRequest.objects.update(state="done")
    assert b"".join(zhang.get(address).streaming_content) == b"data"
    assert bai.get(address).status_code == 404
    assert Entry.objects.get(deed="package.fetched").actor_name == "张敏 (portal)"
    portal.zhang.sessions.update(confirmed_at=timezone.now() - timedelta(minutes=11))
    assert zhang.get(address).url.startswith("/portal/confirm/")
    assert zhang.post("/portal/data/", {"sort": "delete"}).url.startswith("/portal/confirm/")
    assert zhang.post("/portal/confirm/", {"password": "wrong"}).status_code == 422
    zhang.post("/portal/confirm/", {"password": PASSWORD})
    assert zhang.post("/portal/data/", {"sort": "delete"}).status_code == 302


def test_a_private_person_who_objects_is_not_judged_from_then_on(portal, bai):
    Customer.objects.filter(pk=portal.other.pk).update(form="person")
    bai.post("/portal/data/", {"sort": "object"})
    assert Exemption.objects.filter(customer=portal.other, ended_on=None).exists()
    assert DataRequest.objects.get().state == "done"
    assert "Not judged automatically" in text_of(bai, "/portal/data/")


def test_pages_ask_as_often_for_many_rows_as_for_few(portal):
    wu, product = signed_in(portal.wu), Product.objects.create(code="P-1", name="龙井")

    def fill(number):
        for each in range(number):
            order = Order.objects.create(
                number=f"SO-{number}-{each}", customer=portal.customer, ordered_on=TODAY,
                currency="CNY", amount=1,
            )  # fmt: skip
            OrderLine.objects.create(
                order=order, customer=portal.customer, ordered_on=TODAY, line_key="l",
                product=product, amount=1,
            )  # fmt: skip
            fields = {
                "subject": f"问 {each}",
                "channel": "portal",
                "contact": portal.contacts.zhang,
            }
            ticket = open_ticket(fields, actor=SYSTEM, at=NOW, text="?")
            answer(ticket, "答", actor=SYSTEM, at=NOW)
            Idea.objects.create(
                customer=portal.customer, title="小包装", is_published=True, published_on=TODAY,
                submitted_on=TODAY,
            )  # fmt: skip
        return Order.objects.latest("pk"), Ticket.objects.latest("pk")

    def counts(order, ticket):
        addresses = [
            "/portal/", "/portal/tickets/", f"/portal/tickets/{ticket.pk}/", "/portal/orders/",
            f"/portal/orders/{order.pk}/", "/portal/ideas/", "/portal/account/",
        ]  # fmt: skip
        found = {}
        for address in addresses:
            wu.get(address)
            with CaptureQueriesContext(
                connection,
            ) as asked:
                text_of(wu, address)
            found[re.sub(r"\d+", "", address)] = len(asked)
        return found

    few = counts(*fill(2))
    assert counts(*fill(9)) == few
    assert max(few.values()) <= 9


def test_colleagues_invite_end_and_answer_on_their_own_pages(portal, web, owner, li_wei, chen_jing):
    account, idea = (
        portal.zhang,
        Idea.objects.create(
            customer=portal.customer, title="小包装", submitted_on=TODAY, **portal.customer.place
        ),
    )
    client = web(li_wei)
    assert account.contact.name in text_of(client, "/portal-accounts/")
    assert "End the account" in text_of(client, f"/portal-accounts/{account.pk}/")
    client.post(f"/ideas/{idea.pk}/comments/", {"text": "我们看看"})
    assert "我们看看" in text_of(client, f"/ideas/{idea.pk}/")
    answer = client.post(
        f"/ideas/{idea.pk}/edit/", {"state": "declined", "answer": "", "version": "1"}
    )
    assert answer.status_code in (409, 422)
    client.post(f"/portal-accounts/{account.pk}/end/", {"reason": "换人"})
    account.refresh_from_db()
    assert (account.state, account.end_reason) == ("ended", "换人")
    assert client.post("/settings/portal/", {}).status_code == 403
    client = web(owner)
    client.post("/settings/portal/", {"is_open": "1", "title": "远航客户中心", "version": ""})
    assert "远航客户中心" in text_of(signed_in(portal.wu), "/portal/")
    client = web(chen_jing)
    for address in (f"/portal-accounts/{account.pk}/", f"/ideas/{idea.pk}/"):
        assert client.get(address).status_code == 404


def test_words_of_others_come_out_as_words(portal, zhang):
    hostile = "<script>alert(1)</script>"
    ticket = ask(zhang, subject=hostile, text=hostile)
    zhang.post("/portal/ideas/", {"title": hostile, "text": hostile})
    for address in (f"/portal/tickets/{ticket.pk}/", "/portal/", "/portal/ideas/?show=mine"):
        assert hostile not in text_of(zhang, address)
    assert TicketEntry.objects.filter(text=hostile).exists()
    assert not Attachment.objects.exists()
