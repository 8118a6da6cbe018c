"""Two customers in the portal × every address: nothing of the company, and nothing of each other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.db import models
from django.test import Client

from addresses import address_of, policy_of, routes, undone
from cast import NOW, PASSWORD, TODAY
from kezhi.api.operations import operations
from kezhi.customers.creating import create_contact, create_customer
from kezhi.records import registry
from kezhi.service.models import Idea, PortalAccount, Ticket
from world import World, build
from writes import written

pytestmark = pytest.mark.django_db
# A refused sign-in is counted and noted; a request by a signed-in account notes that it was seen.
COUNTED = {"accounts_signinattempt", "audit_entry", "service_portalsession", "procrastinate_jobs"}
GUESSED = 987_654_321


@pytest.fixture
def world(db: None) -> World:
    """Li Wei's customer with its account A; another customer of his with its account B."""
    built = build()
    owner = built.people["li_wei"]
    Ticket.objects.filter(pk=built.records["ticket"].pk).update(channel="portal")
    other = create_customer({"name": "徽州茶行", "code": "C-HZ"}, actor=owner, on=TODAY)
    contact = create_contact({"customer": other, "name": "程野"}, actor=owner, on=TODAY)
    built.records["account of B"] = PortalAccount.objects.create(
        contact=contact,
        customer=other,
        login="cheng@hz.example",
        password=make_password(PASSWORD),
        state="active",
        reach="customer",
        invited_at=NOW,
        **other.place,
    )
    return built


def _client(login: str) -> Client:
    client = Client(raise_request_exception=False)
    answer = client.post("/portal/sign-in/", {"login": login, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def test_a_customer_comes_to_no_page_of_the_company(world: World):
    client, wrong, before = _client("zhang@tea.example"), [], written()
    # Browsers send the portal's key to the portal alone; whoever forges sends it everywhere, as theirs too.
    key = client.cookies["kezhi_portal"].value
    client.cookies["sessionid"] = key
    client.cookies["kezhi_portal"]["path"] = "/"
    asked = 0
    for name, route in routes():
        policy = policy_of(name)
        if policy is None or policy.open or policy.portal:
            continue
        address = _address(name, route, policy, world)
        for method in ("get", "post"):
            with undone():
                response = getattr(client, method)(address)
                after = written()
            asked += 1
            led_out = response.headers.get("Location", "").startswith(("/sign-in/", "/setup/"))
            if not led_out and response.status_code not in (401, 403, 404, 405):
                wrong.append(f"{method.upper()} {address}: {response.status_code}")
            if after != before:
                wrong.append(f"{method.upper()} {address} wrote")
            before = after
    assert asked > 1_000
    assert not wrong, "\n".join(wrong)


def test_the_api_knows_no_customer(world: World):
    client, before = _client("zhang@tea.example"), written()
    key = client.cookies["kezhi_portal"].value
    for operation in operations():
        address = re.sub(r"\{\w+\}", str(GUESSED), f"/api/v1{operation.path}")
        for headers in ({}, {"Authorization": f"Bearer {key}"}):
            response = getattr(client, operation.method.lower())(address, headers=headers)
            assert response.status_code == 401, address
    assert _changed(before) <= {"accounts_bucket"}


def test_nothing_of_one_customer_is_the_others(world: World):
    """Every address of the portal with an id, with A's: as if it weren't there, for B; and nothing is done."""
    client, before, asked = _client("cheng@hz.example"), written(), 0
    for name, route in routes():
        policy = policy_of(name)
        if policy is None or not policy.portal or "<" not in route:
            continue
        address = address_of(name, route, policy, world)
        for method in ("get", "post"):
            data = {"text": "x", "score": "5", "key": "k"} if method == "post" else {}
            response = getattr(client, method)(address, data)
            asked += 1
            is_session = name == "portal-session-end" and method == "post"
            allowed = (302,) if is_session else (404, 405)
            assert response.status_code in allowed, f"{method} {address}: {response.status_code}"
    assert asked >= 20
    assert _changed(before) <= COUNTED
    # In the body and the query as well.
    order = str(world.records["order"].pk)
    fields = {"type": "inquiry", "text": "x", "order": order, "key": "k"}
    tickets = Ticket.objects.count()
    assert client.post("/portal/tickets/new/", fields).status_code == 404
    page = client.get(f"/portal/tickets/new/?order={order}").content.decode()
    assert world.records["order"].number not in page
    assert Ticket.objects.count() == tickets


def test_pages_of_one_customer_name_nothing_of_the_other_nor_of_ours(world: World):
    Idea.objects.filter(pk=world.records["idea"].pk).update(is_published=True, published_on=TODAY)
    client = _client("cheng@hz.example")
    hidden = ("安徽茶业", "张敏", "zhang@tea.example", "13812346027", "SO-1", "li_wei", "C-AHTEA")
    seen = 0
    for name, route in routes():
        policy = policy_of(name)
        if policy is None or not policy.portal or ("<" in route and name != "portal-idea"):
            continue
        response = client.get(address_of(name, route, policy, world))
        if response.status_code != 200:
            continue
        seen += 1
        page = response.content.decode()
        assert not [word for word in hidden if word in page], name
    assert seen >= 9


def test_what_a_form_doesnt_ask_for_changes_nothing(world: World):
    """Every column of every table that a portal form writes to, with foreign entries."""
    client, account = _client("cheng@hz.example"), world.records["account of B"]
    columns: dict[str, Any] = {}
    for label in ("service.Ticket", "service.Idea", "service.PortalAccount", "customers.Contact",
                  "customers.Consent", "rights.DataRequest", "service.TicketRating"):  # fmt: skip
        for column in apps.get_model(label)._meta.concrete_fields:
            columns[column.name] = columns[column.attname] = "1"
            if isinstance(column, models.CharField | models.TextField):
                columns[column.name] = "solved"
    columns |= {
        "customer": str(world.records["customer"].pk),
        "customer_id": str(world.records["customer"].pk),
        "contact": str(world.records["contact"].pk),
        "account": str(world.records["portal_account"].pk),
        "channel": "phone",
    }
    known = {"type": "inquiry", "subject": "问", "text": "问", "key": "k", "title": "小包装"}
    before = PortalAccount.objects.values().get(pk=account.pk)
    for column in ("order", "order_id"):
        del columns[column]
    assert client.post("/portal/tickets/new/", {**columns, **known}).status_code == 302
    assert client.post("/portal/ideas/", {**columns, **known}).status_code == 302
    assert (
        client.post("/portal/data/", {**columns, "sort": "access", "wish": "x"}).status_code == 302
    )
    ticket, idea = Ticket.objects.latest("pk"), Idea.objects.latest("pk")
    request = registry["data_request"].model.objects.latest("pk")
    for made in (ticket, idea, request):
        assert (made.customer_id, made.contact_id) == (account.customer_id, account.contact_id)
    assert (ticket.state, ticket.channel, ticket.priority, ticket.at_stake) == (
        "new",
        "portal",
        2,
        0,
    )
    assert (ticket.assignee_id, ticket.solution, ticket.due_at) == (None, "", ticket.due_at)
    assert (idea.state, idea.is_published, idea.votes_count, idea.answer) == ("new", False, 0, "")
    assert (request.state, request.checked_on, request.outcome) == ("received", None, "")
    after = PortalAccount.objects.values().get(pk=account.pk)
    assert {name for name in after if after[name] != before[name]} <= {"signed_in_at"}


def _address(name: str, route: str, policy: Any, world: World) -> str:
    try:
        return address_of(name, route, policy, world)
    except KeyError:  # no record of that kind in this world
        return "/" + re.sub(r"<[^>]+>", str(GUESSED), route)


def _changed(before: dict[str, int]) -> set[str]:
    after = written()
    return {table for table in after if after[table] != before.get(table)}
