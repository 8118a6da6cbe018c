"""Every address × everybody: who may come, who may not, and that a refusal writes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

import policies
from addresses import address_of, policy_of, routes, undone
from world import ACTORS, Actor, World, build
from writes import written

pytestmark = pytest.mark.django_db
TO_THE_DOOR = ("/sign-in/", "/setup/", "/portal/sign-in/")


def test_every_address_says_for_whom_it_is():
    unsaid = [f"{name} ({route})" for name, route in routes() if policy_of(name) is None]
    assert not unsaid


def test_no_policy_outlives_its_address():
    known = {name for name, _route in routes()}
    assert set(policies.ROUTES) <= known


@pytest.fixture
def world(db: None) -> World:
    return build()


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.name)
def test_everybody_comes_where_they_may_and_nowhere_else(world: World, actor: Actor):
    from kezhi.records import registry

    client = _client(world, actor)
    cookies = client.cookies.output()
    wrong, before = [], written()
    for name, route in routes():
        policy = policy_of(name)
        if policy is None:
            continue  # the first test names it
        belongs = policy.kind == "customer" or (
            policy.kind in registry and hasattr(registry[policy.kind].model, "customer_id")
        )
        address = address_of(name, route, policy, world)
        for method in ("get", "post"):
            expected = policy.expects(actor, method, belongs)
            with undone():
                client.cookies.clear()
                client.cookies.load(cookies.replace("Set-Cookie: ", ""))
                response = getattr(client, method)(address)
                if getattr(response, "streaming", False):
                    b"".join(response.streaming_content)
                # What was taken back is counted all the same: the next request starts from here.
                after = written()
            fault = _fault(expected, response, actor, policy)
            is_denied = response.status_code in (401, 403, 404, 405)
            if not fault and is_denied and after != before:
                fault = f"refused, and yet wrote {after.keys() - before.keys() or after}"
            if fault:
                wrong.append(f"{method.upper()} {address} ({name}): {fault}")
            before = after
    assert not wrong, "\n".join(wrong)


def _fault(expected: str, response: Any, actor: Actor, policy: policies.Policy) -> str:
    status, location = response.status_code, response.headers.get("Location", "")
    is_led_out = status == 302 and location.startswith(TO_THE_DOOR)
    if status >= 500:
        return f"{status}"
    if status == 405:
        return ""
    if expected == "outside":
        return "" if is_led_out or status in (401, 403, 404) else f"came in: {status}"
    if expected == "anything" or policy.open:
        return ""
    if expected == "allowed":
        return f"{status} {location}" if is_led_out or status in (401, 403) else ""
    if expected == "refused":
        return "" if status in (403, 404) else f"not refused: {status}"
    closed = bool(policy.kind) and not actor.may("read", policy.kind)
    return "" if status == 404 or (closed and status == 403) else f"{status}, not 404"


def _client(world: World, actor: Actor) -> Client:
    client = Client(raise_request_exception=False)
    if actor.name == "visitor":
        return client
    person = world.people[actor.name]
    if actor.name == "half signed in":
        return _half_signed_in(client, person)
    client.force_login(person)
    if actor.name == "deactivated":
        type(person).objects.filter(pk=person.pk).update(is_active=False)
    return client


def _half_signed_in(client: Client, person: Any) -> Client:
    """With the right password, before the second factor."""
    from cast import NOW, PASSWORD
    from kezhi.accounts.models import CodeApp

    CodeApp.objects.create(person=person, secret="sealed", added_at=NOW)
    client.post("/sign-in/", {"login": person.login, "password": PASSWORD})
    return client
