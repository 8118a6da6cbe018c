"""Two databases that differ only in what a program may not see answer it alike, to the last byte."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import test_two_worlds as worlds
from django.test import Client
from test_api_matrix import key_of

from kezhi.records import registry
from world import World, bring_files, build

pytestmark = pytest.mark.django_db
CURSOR = re.compile(rb'"next":"[^"]*"')
GROUPS = ("reach", "identity", "value", "remarks")


@pytest.fixture
def world(db: None, settings: Any, tmp_path: Any) -> World:
    settings.API_BURST = settings.API_RATE = 1_000_000
    settings.MEDIA_ROOT = tmp_path
    return build()


@pytest.mark.parametrize("level", ["masked", "hidden"])
def test_fields_that_a_program_may_not_read_decide_nothing(world: World, level: str):
    key = key_of(world.people["owner"], field_rules=dict.fromkeys(GROUPS, level))
    worlds._set_hidden_fields("A")
    asked = list(_questions(world))
    before = _answers(asked, key.secret)
    worlds._set_hidden_fields("B")
    differ = [
        address
        for address, one, other in zip(asked, before, _answers(asked, key.secret), strict=True)
        if one != other
    ]
    assert len(asked) > 100
    assert not differ
    assert sum(status == 200 for status, _body in before) > 20


def test_strangers_records_leave_no_trace(world: World):
    key = key_of(world.people["chen_jing"])
    worlds._index()
    asked = list(_questions(world))
    before = _answers(asked, key.secret)
    worlds._enrich_li_wei(world)
    bring_files(world)
    worlds._index()
    assert _answers(asked, key.secret) == before


def _questions(world: World) -> Iterator[str]:
    """Lists, searches, sorts and filters by every field that can hold something hidden, and single records."""
    from kezhi.workbench.filtering.comparing import OPERATORS

    for name in ("customer", "contact", "order"):
        kind = registry[name]
        at = f"/api/v1/{kind.address}"
        yield f"{at}?fields=*&count=true"
        yield f"{at}/{world.records[name].pk}"
        for word in ("茶", worlds.HIDDEN_PHONE, "1397654", worlds.HIDDEN_CODE, "C-HIDE"):
            yield f"{at}?{urlencode({'q': word, 'count': 'true'})}"
        for field in kind.fields:
            if field.group not in GROUPS and name != "customer":
                continue
            yield f"{at}?sort=-{field.name}"
            for operator in OPERATORS.get(field.kind, ()):
                operand = worlds._operands(operator)[0]
                yield f"{at}?{urlencode({'w': f'{field.name}.{operator}.{operand}'})}"
    for kind in registry:
        record = world.records.get(kind.name)
        # Products, articles and registers are of the company: their files are no secret of Li Wei's.
        if kind.has_attachments and record is not None and hasattr(record, "customer_id"):
            yield f"/api/v1/{kind.address}/{record.pk}/files"
            yield from (f"/api/v1/{kind.address}/{record.pk}/files/{pk}" for pk in range(1, 4))
    customer = world.records["customer"].pk
    yield f"/api/v1/customers/{customer}/files"
    yield f"/api/v1/customers/{customer}/standing"
    yield f"/api/v1/customers/{customer}/explanations/potential_value"
    yield "/api/v1/tiers"
    yield "/api/v1/openapi.json"


def _answers(asked: list[str], secret: str) -> list[tuple[int, bytes]]:
    client, found = Client(), []
    for address in asked:
        response = client.get(address, headers={"Authorization": f"Bearer {secret}"})
        assert response.status_code < 500, address
        found.append((response.status_code, CURSOR.sub(b'"next"', response.content)))
    return found
