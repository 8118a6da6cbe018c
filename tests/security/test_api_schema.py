"""Whatever a program sends, as described or not: no fault, no unknown status, no success without the right.

A slice of operations with a few examples each; `./kezhi bench security_api` takes all of them, for four roles,
with fifty. A case is an operation for a role; it follows from the seed and its number alone.
"""

from __future__ import annotations

import json
import os
import random
from typing import Any

import hypothesis
import jsonschema_rs
import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given
from schemathesis.generation import GenerationMode
from schemathesis.openapi import from_dict
from test_api_matrix import Key, file_of, key_of

from addresses import undone
from kezhi.accounts import integrating
from kezhi.api.operations import by_name, operations
from kezhi.api.schema import described
from kezhi.core.actor import SYSTEM
from world import World, bring_files, build

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CASES = int(os.environ.get("KEZHI_SECURITY_CASES", "24"))
FIRST = int(os.environ.get("KEZHI_SECURITY_FROM", "0"))
SEED = int(os.environ.get("KEZHI_SECURITY_SEED", "20261122"))
EXAMPLES = 50 if "KEZHI_SECURITY_CASES" in os.environ else 3
ROLES = ("owner", "li_wei", "analyst", "without a role")
LIMITS = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


@pytest.fixture
def world(db: None, settings: Any, tmp_path: Any) -> World:
    settings.API_BURST = settings.API_RATE = 1_000_000
    settings.MEDIA_ROOT = tmp_path
    world = build()
    bring_files(world)
    return world


def test_nothing_that_is_sent_makes_a_fault_or_opens_what_is_closed(world: World):
    document = described(SYSTEM, operations())
    known = {result.ok().definition.raw["operationId"]: result.ok()
             for result in from_dict(document).get_all_operations()}  # fmt: skip
    pairs = [(role, name) for name in known for role in ROLES]
    random.Random(SEED).shuffle(pairs)
    keys = {role: key_of(world.people[role]) for role in ROLES}
    wrong: list[str] = []
    for number in range(FIRST, min(FIRST + CASES, len(pairs))):
        role, name = pairs[number]
        tried = Tried(document, keys[role], name, world)
        is_negative = number % 2 == 1
        mode = GenerationMode.NEGATIVE if is_negative else GenerationMode.POSITIVE
        try:
            cases = known[name].as_strategy(generation_mode=mode)
            _try_each(cases, tried, SEED + number)
        except (hypothesis.errors.Unsatisfiable, hypothesis.errors.InvalidArgument):
            continue  # nothing wrong can be sent to an operation without parameters
        wrong += [f"{role} {name}: {said}" for said in tried.wrong]
    assert not wrong, "\n".join(wrong[:20])


def _try_each(cases: Any, tried: Tried, seed: int) -> None:
    @hypothesis.seed(seed)
    @LIMITS
    @given(case=cases)
    def each(case: Any) -> None:
        tried.send(case)

    each()


class Tried:
    """Sends the cases of one operation with one key, and keeps what was wrong with the answers."""

    def __init__(self, document: dict[str, Any], key: Key, name: str, world: World) -> None:
        self.operation, self.key, self.wrong = by_name(name), key, []
        told = document["paths"][self.operation.path][self.operation.method.lower()]
        self.answers = told["responses"]
        self.actor = _actor(key)
        self.records = world.records
        self.client = Client(raise_request_exception=False)
        good = self.answers[str(self.operation.succeeds)].get("content", {})
        schema = good.get("application/json", {}).get("schema")
        self.validator = schema and jsonschema_rs.validator_for(
            {**schema, "components": document["components"]}
        )

    def send(self, case: Any) -> None:
        sent = case.as_transport_kwargs(base_url="http://testserver/api/v1")
        headers = {n: str(entry) for n, entry in (sent.get("headers") or {}).items()}
        headers = {n: e for n, e in headers.items() if e.isascii() and e.isprintable()}
        headers = {n: e for n, e in headers.items() if n != "Accept-Encoding"}
        headers["Authorization"] = f"Bearer {self.key.secret}"
        path = sent["url"].removeprefix("http://testserver")
        record = self.records.get(self.operation.kind)
        if self.operation.is_on_record and record is not None:
            # Half of the cases meet a record that is there.
            start = self.operation.path.partition("{id}")[0]
            if len(str(case.path_parameters)) % 2:
                path = f"/api/v1{start}{record.pk}" + self.operation.path.partition("{id}")[2]
                path = path.replace("{figure}", "p_alive").replace("{file}", self.file(record))
        data = sent.get("data") or (json.dumps(sent["json"]) if "json" in sent else "")
        with undone():
            response = self.client.generic(
                sent["method"],
                path,
                data if isinstance(data, str | bytes) else str(data),
                content_type=headers.pop("Content-Type", "application/json"),
                query_params={n: e for n, e in (sent.get("params") or {}).items() if e is not None},
                headers=headers,
            )
            self._judge(response, path)

    def file(self, record: Any) -> str:
        return str(file_of(self.operation, record)) if "{file}" in self.operation.path else ""

    def _judge(self, response: Any, path: str) -> None:
        status, at = response.status_code, f"{self.operation.method} {path[:80]}"
        if status >= 500:
            self.wrong.append(f"{at}: {status} {response.content[:200]!r}")
        elif str(status) not in self.answers and status not in (404, 405):
            self.wrong.append(f"{at}: {status} isn't described")
        elif status < 300 and not self.operation.is_open_to(self.actor):
            self.wrong.append(f"{at}: {status}, though it isn't permitted")
        elif status == self.operation.succeeds and self.validator:
            fault = next(self.validator.iter_errors(json.loads(response.content)), None)
            if fault is not None:
                self.wrong.append(f"{at}: not as described: {str(fault)[:300]}")


def _actor(key: Key) -> Any:
    from django.utils import timezone

    now = timezone.now()
    return integrating.actor_of_token(key.secret, at=now, on=now.date(), address="127.0.0.1")
