"""A colleague looks at the portal as a contact sees it, and can do nothing there."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cast import NOW, TODAY
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.service.models import Idea, PortalSession
from kezhi.service.tickets.noting import note_on_ticket
from kezhi.service.tickets.opening import open_ticket
from portal_people import signed_in
from writes import written

pytestmark = pytest.mark.django_db


@pytest.fixture
def matter(portal):
    fields = {"type": "fault", "subject": "茶叶受潮", "channel": "portal"}
    about = {"customer": portal.customer, "contact": portal.contacts.zhang}
    ticket = open_ticket({**fields, **about}, actor=SYSTEM, at=NOW, text="三箱")
    note_on_ticket(ticket, "先安抚，成本 900 元", actor=SYSTEM, at=NOW)
    Idea.objects.create(
        customer=portal.other,
        title="小包装",
        is_published=True,
        published_on=TODAY,
        submitted_on=TODAY,
    )
    return ticket


def root_of(account):
    return f"/portal-accounts/{account.pk}/preview/portal/"


def test_every_page_of_the_preview_is_marked_kept_in_the_log_and_writes_nothing_else(
    portal, web, owner, matter
):
    client, root = web(owner), root_of(portal.zhang)
    assert root in client.get(f"/portal-accounts/{portal.zhang.pk}/").content.decode()
    wanted, seen, before = {root}, set(), written()
    while wanted - seen:
        address = min(wanted - seen)
        seen.add(address)
        answer = client.get(address)
        page = answer.content.decode()
        assert answer.status_code == 200, address
        assert "Preview: the portal as 张敏 sees it" in page
        assert "先安抚" not in page
        assert "kezhi_portal" not in answer.cookies
        main = re.search(r"<main.*</main>", page, re.DOTALL)[0]
        assert main.index("<fieldset") < (main + "<form").index("<form")
        inner = set(re.findall(r'(?:href|action)="(/portal[^"?]*)', page))
        assert not [link for link in inner if link.startswith("/portal/")], address
        wanted |= {link for link in re.findall(r'href="([^"]+)"', page) if link.startswith(root)}
    paths = {address.removeprefix(root).split("?")[0] for address in seen}
    tried = {
        "",
        "tickets/",
        f"tickets/{matter.pk}/",
        "tickets/new/",
        "help/",
        "ideas/",
        "preferences/",
    }
    assert paths >= tried
    assert {table for table, count in written().items() if before.get(table) != count} == {
        "audit_entry"
    }
    entries = Entry.objects.filter(deed="portal_account.previewed")
    assert entries.count() == len(seen)
    assert {(entry.actor_id, entry.subject_id) for entry in entries} == {
        (owner.pk, portal.zhang.pk)
    }


def test_nothing_is_done_in_it_and_it_is_no_session_of_the_contacts(portal, web, owner, matter):
    client, root = web(owner), root_of(portal.zhang)
    client.get(root)
    before = written()
    for path in ("", "tickets/new/", f"tickets/{matter.pk}/words/", "preferences/choice/",
                 "account/password/", "sign-in/", "data/"):  # fmt: skip
        assert client.post(f"{root}{path}", {"text": "x", "key": "k"}).status_code == 405, path
    # What is the contact's alone, doors, and what is no page of the portal.
    for path in ("account/", "data/", "confirm/", "sign-in/", "sign-out/", "link/x/", "nothing/",
                 "account/second-factor/", "../../../", "tickets/987654321/"):  # fmt: skip
        assert client.get(f"{root}{path}").status_code == 404, path
    changed = {table for table, count in written().items() if before.get(table) != count}
    assert changed <= {"audit_entry"}
    assert client.get("/portal/").url.startswith("/portal/sign-in/")
    assert not PortalSession.objects.exists()
    # After it, addresses are what they were.
    assert "/preview/" not in client.get("/portal-accounts/").content.decode()
    assert 'href="/portal/tickets/"' in signed_in(portal.zhang).get("/portal/").content.decode()


def test_only_who_may_invite_looks_and_finds_nothing_that_their_role_hides(
    portal, web, owner, chen_jing, matter
):
    root = root_of(portal.zhang)
    assert web(chen_jing).get(root).status_code == 404
    client = web(owner)
    client.post("/settings/portal/", {"title": "x"})  # closed
    assert client.get(root).status_code == 404


def test_a_role_that_reads_no_tickets_reads_none_in_the_preview(portal, web, li_wei, zhang, matter):
    zhang.post(
        f"/portal/tickets/{matter.pk}/words/",
        {"text": "附件", "key": "f", "file": SimpleUploadedFile("照片.txt", b"x")},
    )
    client, root = web(li_wei), root_of(portal.zhang)
    page = client.get(f"{root}tickets/{matter.pk}/").content.decode()
    [file] = re.findall(rf"{root}tickets/\d+/files/\d+/", page)
    assert b"".join(client.get(file).streaming_content) == b"x"
    for role in li_wei.roles.all():
        role.grants = {kind: may for kind, may in role.grants.items() if kind != "ticket"}
        role.save()
    for path in ("", "tickets/", f"tickets/{matter.pk}/", file.removeprefix(root)):
        assert client.get(f"{root}{path}").status_code == 403, path
    page = client.get(f"{root}help/").content.decode()
    assert f'href="{root}tickets/"' not in page
