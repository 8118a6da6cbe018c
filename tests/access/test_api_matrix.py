"""Every operation of the API × everybody and every sort of key: who may, and that a refusal writes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from addresses import undone
from kezhi.accounts import integrating
from kezhi.accounts.models import Integration, Token, User
from kezhi.api.operations import Operation, operations
from kezhi.records import registry
from kezhi.workbench.models import Attachment
from world import ACTORS, Actor, World, bring_files, build
from writes import written

pytestmark = pytest.mark.django_db

ASKED = [
    actor
    for actor in ACTORS
    if actor.name
    in (
        "owner",
        "manager elsewhere",
        "li_wei",
        "chen_jing",
        "analyst",
        "worker on a share",
        "without a role",
    )
]
# What the traffic itself keeps, whoever asks.
TRAFFIC = {"accounts_bucket", "accounts_token", "accounts_rowstaken"}
# Deeds with a rule of their own: only who wrote an entry changes it, a merge needs its choices …
FURTHER = {
    *("interaction_edit", "interaction_delete", "customer_explanation", "event_changes"),
    "data_request_package",  # which is there only while a file is ready
}
GUESSED = 987_654_321


@dataclass
class Key:
    """A token and what it was given."""

    secret: str
    grants: dict[str, list[str]]

    def gives(self, action: str, kind: str) -> bool:
        return action in self.grants.get(kind, ())


@pytest.fixture
def world(db: None, settings: Any, tmp_path: Any) -> World:
    settings.API_BURST = settings.API_RATE = 1_000_000
    settings.MEDIA_ROOT = tmp_path
    world = build()
    bring_files(world)
    return world


def everything() -> dict[str, list[str]]:
    return {kind: list(actions) for kind, actions in integrating.givable().items()}


def key_of(person: User, grants: dict[str, list[str]] | None = None, **fields: Any) -> Key:
    grants = everything() if grants is None else grants
    integration = Integration.objects.create(
        name="ERP", purpose="x", owner=person, grants=grants, rows_a_day=10**8, **fields
    )
    secret = f"kz_{integration.pk:043d}"
    digest = integrating._digest(secret)
    Token.objects.create(
        integration=integration, prefix="kz_", digest=digest, created_at=timezone.now()
    )
    return Key(secret, grants)


def address_of(operation: Operation, world: World) -> str:
    path = operation.path.replace("{figure}", "p_alive")
    record = world.records.get(operation.kind)
    if "{file}" in path and record is not None:
        path = path.replace("{file}", str(file_of(operation, record)))
    path = path.replace("{file}", str(GUESSED))
    return f"/api/v1{path}".replace("{id}", str(record.pk if record is not None else GUESSED))


def file_of(operation: Operation, record: Any) -> int:
    """A file on the record; for what brings one back, one that was removed."""
    is_gone = operation.path.endswith("/restoration")
    rows = Attachment.objects.filter(kind=operation.kind, object_id=record.pk)
    return int(rows.get(removed_at__isnull=not is_gone).pk)


def ask(client: Client, operation: Operation, address: str, secret: str) -> Any:
    body = {} if operation.method == "GET" else {"data": "{}", "content_type": "application/json"}
    headers = {"Authorization": f"Bearer {secret}", "If-Match": "*"}
    if operation.takes_file:
        body["content_type"] = "application/octet-stream"
        headers["Content-Disposition"] = 'attachment; filename="a.txt"'
    return getattr(client, operation.method.lower())(address, **body, headers=headers)


def expected(operation: Operation, actor: Actor, key: Key, world: World) -> str:
    """`allowed`, `refused` or `absent`, worked out from the roles' table and the key's grants alone."""

    def may(action: str, kind: str) -> bool:
        return actor.may(action, kind) and key.gives(action, kind)

    if not all(may(*need) for need in operation.needs):
        return "refused"
    if operation.either and not any(may(*need) for need in operation.either):
        return "refused"
    if not operation.is_on_record:
        return "allowed"
    kind = operation.kind
    if kind not in world.records:
        return "absent"
    belongs = kind == "customer" or hasattr(registry[kind].model, "customer_id")
    # A relation is seen by who sees both its ends: a share is of one customer.
    is_shared_alone = kind == "relation" and actor.shared
    if not actor.reaches("read", kind, belongs) or is_shared_alone:
        return "absent"
    wanted = [action for action, of in (*operation.needs, *operation.either) if of == kind]
    if not all(actor.reaches(action, kind, belongs) for action in wanted):
        return "refused"
    return "allowed"


@pytest.mark.parametrize("actor", ASKED, ids=lambda actor: actor.name)
def test_everybody_does_by_key_what_they_may_and_nothing_else(world: World, actor: Actor):
    _compare(world, actor, key_of(world.people[actor.name]))


READS = {kind: ["read"] for kind in ("customer", "contact", "order", "product", "need", "tag")}
NARROW = {"customer": ["read", "edit"], "follow_up": ["read", "create"]}


@pytest.mark.parametrize("grants", [READS, NARROW], ids=["read-only", "narrower than its owner"])
def test_a_key_does_no_more_than_it_was_given(world: World, grants: dict[str, list[str]]):
    owner = next(actor for actor in ACTORS if actor.name == "owner")
    _compare(world, owner, key_of(world.people["owner"], grants))


def _compare(world: World, actor: Actor, key: Key) -> None:
    client, wrong = Client(raise_request_exception=False), []
    before = _business()
    for operation in operations():
        address, meant = address_of(operation, world), expected(operation, actor, key, world)
        with undone():
            response = ask(client, operation, address, key.secret)
            after = _business()
        fault = _fault(meant, response, operation)
        if not fault and response.status_code in (403, 404) and after != before:
            fault = f"refused, and yet wrote {set(after.items()) - set(before.items())}"
        if fault:
            wrong.append(f"{operation.method} {address} ({operation.name}): {fault}")
        before = after
    assert not wrong, "\n".join(wrong)


def _business() -> dict[str, int]:
    return {table: rows for table, rows in written().items() if table not in TRAFFIC}


def _fault(meant: str, response: Any, operation: Operation) -> str:
    status = response.status_code
    content = b"a file" if response.streaming else response.content
    told = f"{status}, {meant}: {content[:200].decode(errors='replace')}"
    if status >= 500 or status == 401:
        return told
    if operation.name in FURTHER and meant == "allowed":
        return ""
    is_right = {
        "allowed": status not in (403, 404),
        "refused": status in (403, 404),
        "absent": status in (403, 404),
    }[meant]
    if is_right and meant == "absent" and status == 403:
        # Whoever may do the deed at all learns nothing of a stranger's record.
        is_right = False
    return "" if is_right else told


@pytest.mark.parametrize("how", ["none", "expired", "revoked", "owner deactivated", "elsewhere"])
def test_a_dead_key_opens_nothing(world: World, how: str):
    owner = world.people["owner"]
    key = key_of(owner, **({"networks": ["203.0.113.0/24"]} if how == "elsewhere" else {}))
    if how == "none":
        key = Key("", {})
    elif how == "expired":
        Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif how == "revoked":
        integrating.revoke_integration(Integration.objects.get(), actor=owner, at=timezone.now())
    elif how == "owner deactivated":
        User.objects.filter(pk=owner.pk).update(is_active=False)
    client, before = Client(raise_request_exception=False), _business()
    for operation in operations():
        response = ask(client, operation, address_of(operation, world), key.secret)
        assert response.status_code == 401, operation.name
    assert _business() == before


def test_no_guessed_id_tells_anything(world: World):
    """Every operation on a record, with an id that isn't there and with keys of every form."""
    client, key = Client(raise_request_exception=False), key_of(world.people["owner"])
    before = _business()
    for operation in operations():
        if not operation.is_on_record or operation.name == "order_put":
            continue
        for guess in (str(GUESSED), "key:GUESSED", "0", "key:", "9" * 30, "a", "%00"):
            path = operation.path.replace("{figure}", "p_alive").replace("{id}", guess)
            path = path.replace("{file}", "1")
            response = ask(client, operation, f"/api/v1{path}", key.secret)
            assert response.status_code in (404, 400), (operation.name, guess, response.content)
    assert _business() == before


def test_only_what_is_written_by_name_changes(world: World):
    """Every column of every table, sent to every operation that creates or edits: only the known are taken."""
    from kezhi.api.writes import writes_of

    client, key = Client(raise_request_exception=False), key_of(world.people["owner"])
    asked = 0
    for operation in operations():
        if operation.body not in ("create", "edit"):
            continue
        if operation.body == "edit" and operation.kind not in world.records:
            continue
        kind = registry[operation.kind]
        writes = writes_of(kind)
        known = writes.names if operation.body == "create" else writes.changeable
        columns = {
            name
            for column in kind.model._meta.concrete_fields
            for name in (column.name, column.attname)
        }
        foreign = sorted((columns | {"pk", "custom", "is_staff", "_state"}) - set(known))
        response = client.generic(
            operation.method,
            address_of(operation, world),
            json.dumps(dict.fromkeys(foreign, 1)),
            content_type="application/json",
            headers={"Authorization": f"Bearer {key.secret}"},
        )
        assert response.status_code == 422, operation.name
        refused = {error["pointer"][1:] for error in response.json()["errors"]}
        assert set(foreign) <= refused, operation.name
        asked += len(foreign)
    assert asked > 150
