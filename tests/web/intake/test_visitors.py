"""The public form and the page of a ticket: for everybody, and nothing of anybody else on them."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from cast import NOW
from kezhi.accounts.models import VisitorBucket
from kezhi.core.actor import SYSTEM
from kezhi.core.ids import LARGEST
from kezhi.messaging.models import Outgoing
from kezhi.service.intake.linking import link_for, path_of, revoke_links
from kezhi.service.intake.publishing import change_form
from kezhi.service.intake.visiting import settle_visitor
from kezhi.service.models import Ticket, TicketLink
from kezhi.service.tickets.answering import answer
from kezhi.service.tickets.noting import note_on_ticket
from kezhi.workbench.models import Attachment

pytestmark = pytest.mark.django_db


def main_of(page):
    """What the page says, without the token of its form for the language."""
    return re.search(r"<main.*</main>", page.content.decode(), re.DOTALL).group(0)


def begun_in(page):
    return re.search(r'name="begun" value="([^"]+)"', page.content.decode()).group(1)


def test_a_form_becomes_a_ticket_with_its_number_state_and_files(client, fill):
    sent = fill(company="新茶坊", file=SimpleUploadedFile("photo.txt", "破".encode()))
    [ticket] = Ticket.objects.all()
    assert sent.status_code == 302
    assert (ticket.channel, ticket.type, ticket.requester_email) == (
        "form",
        "fault",
        "wang@new.example",
    )
    entry = ticket.entries.get(sort="received")
    assert "新茶坊" in entry.text
    assert Attachment.objects.get(kind="ticket", object_id=ticket.pk).name == "photo.txt"
    page = client.get(sent["Location"])
    body = page.content.decode()
    assert ticket.number in body
    assert "昨天到的箱子坏了" in body
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert page["Cache-Control"].startswith("max-age=0")
    assert "sessionid" not in client.cookies


def test_sent_twice_it_is_one_ticket_and_faults_are_told(client, fill):
    first = fill()
    again = fill(begun=begun_in(client.get("/ask/help/")))
    assert Ticket.objects.count() == 2
    key = begun_in(client.get("/ask/help/"))
    assert fill(begun=key)["Location"] == fill(begun=key)["Location"]
    assert Ticket.objects.count() == 3
    assert first["Location"] != again["Location"]
    faulty = fill(email="nobody", text="")
    assert faulty.status_code == 422
    assert faulty.content.decode().count('aria-invalid="true"') == 2
    with_file = fill(email="nobody", file=SimpleUploadedFile("photo.txt", b"x"))
    assert "请重新选择文件" in with_file.content.decode()


def test_machines_and_floods_get_no_ticket(client, fill, monkeypatch):
    assert fill(website="http://spam.example").status_code == 422
    assert fill(begun="forged:1:x").status_code == 422
    with monkeypatch.context() as patch:
        patch.setattr("kezhi.web.intake.visitors.SHORTEST_SECONDS", 60)
        assert fill().status_code == 422
    assert Ticket.objects.count() == 0
    answers = [fill(email=f"a{number}@b.example").status_code for number in range(11)]
    assert answers == [302] * 10 + [429]
    VisitorBucket.objects.all().delete()
    assert [fill().status_code for _ in range(6)] == [302] * 5 + [429]
    large = client.post(
        "/ask/help/", b"", content_type="multipart/form-data; boundary=b", CONTENT_LENGTH=str(2**40)
    )
    assert large.status_code == 413


def test_known_and_unknown_addresses_are_answered_alike(
    client, fill, chen, django_assert_num_queries
):
    def shown(address):
        sent = fill(email=address)
        ticket = Ticket.objects.latest("pk")
        page = client.get(sent["Location"]).content.decode()
        for changing in (ticket.number, sent["Location"].split("/")[2].split("?")[0]):
            page = page.replace(changing, "·")
        return re.sub(r'value="[^"]{40,}"', "", page), ticket

    known, ticket = shown("chen@tea.example")
    unknown, _other = shown("zhao@new.example")
    assert known == unknown
    assert ticket.customer is None
    settle_visitor(ticket, actor=SYSTEM, at=timezone.now())
    ticket.refresh_from_db()
    assert (ticket.customer, ticket.contact) == (chen.customer, chen)
    assert Outgoing.objects.get().to == ["chen@tea.example"]


def test_who_typed_the_address_of_another_reads_no_answer(client, fill, chen, agent):
    agent.email = "he.jing@yuanhang.example"
    agent.save()
    screen = fill(email="chen@tea.example")["Location"]
    ticket = Ticket.objects.get()
    settle_visitor(ticket, actor=SYSTEM, at=timezone.now())
    answer(ticket, "你的欠款是 4,210 元", actor=agent, at=timezone.now())
    note_on_ticket(ticket, "内部：客户很急", actor=agent, at=timezone.now())
    Ticket.objects.update(due_at=timezone.now() + timedelta(hours=3))
    seen = client.get(screen).content.decode()
    assert "4,210" not in seen
    assert "You hear from us" not in seen
    theirs = link_for(ticket, "chen@tea.example", timezone.now())
    proven = client.get(path_of(theirs)).content.decode()
    assert "4,210" in proven
    for page in (seen, proven):
        assert "内部" not in page
        assert agent.email not in page
        assert agent.name not in page
        assert "tea.example" not in page


def test_what_was_written_to_others_on_the_ticket_is_not_theirs(client, fill, chen, agent):
    fill()
    ticket = Ticket.objects.get()
    answer(ticket, "请承运人赔付", actor=agent, at=timezone.now(), to=["carrier@move.example"])
    answer(ticket, "我们在处理", actor=agent, at=timezone.now())
    link = link_for(ticket, "wang@new.example", timezone.now())
    page = client.get(path_of(link)).content.decode()
    assert "我们在处理" in page
    assert "承运人" not in page


def test_the_customer_answers_says_unsolved_and_solved(client, fill, agent):
    path = fill()["Location"].split("?")[0]
    ticket = Ticket.objects.get()
    key = begun_in(client.get(path))
    words = {"begun": key, "text": "还有一张照片", "file": SimpleUploadedFile("b.txt", b"b")}
    assert client.post(f"{path}words/", words).status_code == 302
    assert client.post(f"{path}words/", {"begun": key, "text": "again"}).status_code == 302
    assert ticket.entries.filter(sort="received").count() == 2
    client.post(f"{path}verdict/", {"solved": "yes"})
    ticket.refresh_from_db()
    assert ticket.state == "solved"
    client.post(f"{path}verdict/", {"solved": "no"})
    ticket.refresh_from_db()
    assert (ticket.state, ticket.reopened_count) == ("open", 1)
    Ticket.objects.update(state="solved", solved_at=timezone.now() - timedelta(days=40))
    client.post(f"{path}words/", {"begun": begun_in(client.get(path)), "text": "又坏了"})
    assert Ticket.objects.latest("pk").parent == ticket


def test_links_end_and_guesses_tell_nothing(client, fill, agent):
    path = fill()["Location"].split("?")[0]
    ticket = Ticket.objects.get()
    link = TicketLink.objects.get()
    other = path.replace(link.key, "0" * 32)
    dead = client.get(other)
    assert dead.status_code == 404
    TicketLink.objects.update(expires_at=NOW - timedelta(days=400))
    assert main_of(client.get(path)) == main_of(dead)
    TicketLink.objects.update(expires_at=timezone.now() + timedelta(days=9))
    assert client.get(path).status_code == 200
    revoke_links(ticket, actor=agent, at=timezone.now())
    assert main_of(client.get(path)) == main_of(dead)
    for token in (link.key, str(LARGEST), "x" * 4000, f"{link.key}.", "%00"):
        assert client.get(f"/case/{token}/").status_code == 404


def test_visitors_are_led_back_only_to_sites_of_the_form(client, fill, form):
    good = fill("?back=https://www.yuanhang.example/contact")
    assert "https://www.yuanhang.example/contact" in client.get(good["Location"]).content.decode()
    for bad in (
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "https://www.yuanhang.example@evil.example/",
        "https://www.yuanhang.example\\@evil.example/",
        "https://www.yuanhang.example.evil.example/",
    ):
        page = client.get("/ask/help/", {"back": bad}).content.decode()
        assert "Back to our site" not in page, bad
    change_form(form, {"is_active": False}, actor=SYSTEM, version=form.version)
    assert client.get("/ask/help/").status_code == 404
