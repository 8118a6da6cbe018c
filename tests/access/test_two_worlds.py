"""Two databases that differ only in what a person may not see answer that person alike, whatever is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from cast import TODAY
from world import World, build

pytestmark = pytest.mark.django_db

HIDDEN_NAME, HIDDEN_PHONE, HIDDEN_CODE = "徽州茶行有限公司", "13976544321", "91347654"
RULED = ("reach", "identity", "value", "remarks")
ALIKE = (
    (re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"'), ""),
    (re.compile(r'<meta name="csrf-token" content="[^"]+">'), ""),
    (re.compile(r"(after|before)=[^&\"']+"), r"\1="),
    (re.compile(r"undo/[^/\"]+/"), "undo/"),
)


@pytest.fixture
def world(db: None) -> World:
    return build()


def test_strangers_customers_leave_no_trace(world: World):
    """Chen Jing, who sees none of Li Wei's."""
    _index()
    asked = list(_questions(world))
    chen_jing = _browser(world.people["chen_jing"])
    before = [_answer(chen_jing, address) for address in asked]
    _enrich_li_wei(world)
    _index()
    _assert_alike(asked, before, [_answer(chen_jing, address) for address in asked])


@pytest.mark.parametrize("rule", ["masked", "hidden"])
def test_fields_that_a_role_may_not_read_decide_nothing(world: World, rule: str):
    """An analyst reads all customers, but not how to reach them, nor their numbers, nor their value."""
    _give_rules("analyst", dict.fromkeys(RULED, rule))
    _set_hidden_fields("A")
    asked = list(_questions(world))
    analyst = _browser(world.people["analyst"])
    before = [_answer(analyst, address) for address in asked]
    _set_hidden_fields("B")
    _assert_alike(asked, before, [_answer(analyst, address) for address in asked])


@pytest.mark.parametrize("rule", ["masked", "hidden"])
def test_files_that_are_taken_away_differ_in_nothing_that_a_role_may_not_read(
    world: World, rule: str
):
    """All fields of every kind as CSV; all records, and those found by what is hidden."""
    _give_rules("analyst", dict.fromkeys(RULED, rule))
    _set_hidden_fields("A")
    analyst = _browser(world.people["analyst"])
    before = _files(analyst)
    assert sum(status == 200 for status, _text in before.values()) >= 3
    assert "安徽" in before["customer "][1]
    _set_hidden_fields("B")
    after = _files(analyst)
    _assert_alike(list(before), list(before.values()), list(after.values()))


def _files(client: Client) -> dict[str, tuple[int, str]]:
    """What the person is given of every kind: all of it, and what is asked for by what is hidden."""
    from kezhi.records import registry

    files = {}
    for kind in registry:
        for asked in ("", "phone.contains.1397654", "tax_id.contains.91347654"):
            address = f"/{kind.address}/export/?{urlencode({'w': asked})}"
            answer = client.post(address, {"format": "csv", "all_fields": "1"})
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            files[f"{kind.name} {asked}"] = answer.status_code, content.decode()
    return files


def _questions(world: World) -> Iterator[str]:
    """Lists, filters by every field and operator, sorts, searches, totals, choosers, and the pages."""
    from kezhi.records import registry
    from kezhi.workbench.filtering.comparing import OPERATORS

    for kind in registry:
        at = f"/{kind.address}/"
        yield from (at, f"{at}totals/", f"{at}tabs/", f"{at}options/?x_search=茶")
        for word in ("茶", HIDDEN_PHONE, "1397654", HIDDEN_CODE, HIDDEN_NAME, "C-HIDE", "hzch"):
            yield f"{at}?{urlencode({'q': word})}"
            yield f"{at}options/?{urlencode({'x_search': word})}"
        asked: set[tuple[str, str]] = set()
        for field in kind.fields:
            yield f"{at}?sort=-{field.name}"
            for operator in OPERATORS.get(field.kind, ()):
                if _is_ordinary(field) and (field.kind, operator) in asked:
                    continue
                asked.add((field.kind, operator))
                for operand in _operands(operator):
                    condition = f"{field.name}.{operator}.{operand}"
                    yield f"{at}?{urlencode({'w': condition})}"
            yield f"{at}totals/?{urlencode({'w': f'{field.name}.filled', 'columns': field.name})}"
    for word in ("茶", HIDDEN_PHONE, HIDDEN_CODE, HIDDEN_NAME, "huizhou"):
        yield f"/search/?{urlencode({'q': word})}"
        yield f"/search/palette/?{urlencode({'q': word})}"
    yield from ("/", "/value/", "/views/pinned/")
    similar = urlencode({"name": HIDDEN_NAME[:-2]})
    yield f"/duplicates/hint/customer/?{similar}"


def _is_ordinary(field: Any) -> bool:
    """A column that everybody reads is compared by the same code as the others of its sort."""
    return (
        field.expression is None
        and not field.derived_from
        and not field.is_custom
        and field.group not in RULED
    )


def _operands(operator: str) -> tuple[str, ...]:
    return {
        "empty": ("",),
        "filled": ("",),
        "within": ("12m",),
        "contains": ("1397654", "徽"),
        "gte": ("5000",),
        "lte": ("5000",),
    }.get(operator, ("A",))


def _enrich_li_wei(world: World) -> None:
    """More customers of his, and other contents of those he has."""
    from kezhi.customers.creating import create_contact, create_customer, edit_customer
    from kezhi.customers.following_up import log_interaction
    from kezhi.customers.models import Standing
    from kezhi.ledger.models import Order

    owner = world.people["li_wei"]
    for number in range(3):
        customer = create_customer(
            {
                "name": f"{HIDDEN_NAME}{number or ''}",
                "code": f"C-HIDE{number}",
                "phone": HIDDEN_PHONE,
            },
            actor=owner,
            on=TODAY,
        )
        create_contact(
            {"customer": customer, "name": "江小茶", "phone": HIDDEN_PHONE}, actor=owner, on=TODAY
        )
        Order.objects.create(
            number=f"SO-H{number}",
            customer=customer,
            ordered_on=TODAY,
            currency="CNY",
            amount=Decimal(5000),
            **customer.place,
        )
        log_interaction(customer, "call", "茶叶涨价", actor=owner, at=_noon())
        Standing.objects.filter(customer=customer).update(tier="S", potential_value=9_000_000)
    edit_customer(world.records["customer"], {"name": HIDDEN_NAME + "总店"}, actor=owner, on=TODAY)


def _set_hidden_fields(which: str) -> None:
    """Contents that differ between the worlds wherever the mask doesn't show them."""
    from kezhi.customers.models import Contact, Customer, Standing

    middle, value = {"A": ("1111", 1_000), "B": ("7654", 9_000_000)}[which]
    for customer in Customer.objects.all():
        customer.phone, customer.tax_id = f"139{middle}4321", f"9134{middle}"
        customer.email, customer.wechat = f"hi{middle}@example.com", f"h{middle}"
        customer.remark = f"徽{middle}"
        customer.save()
    for contact in Contact.objects.all():
        contact.phone, contact.email = f"139{middle}4321", f"hi{middle}@example.com"
        contact.remark = f"徽{middle}"
        contact.save()
    worse = which == "B"
    Standing.objects.update(
        tier="S" if worse else "D",
        score=88 if worse else 11,
        potential_value=value,
        value_at_risk=value,
        p_alive=0.2 if worse else 0.9,
        stage="decline" if worse else "stable",
        loyalty="loyal" if worse else "new",
    )
    _index()


def _index() -> None:
    from kezhi.workbench.searching import filling

    filling.close_gaps()


def _give_rules(role: str, rules: dict[str, str]) -> None:
    from kezhi.accounts.models import Role
    from kezhi.records import registry

    found = Role.objects.get(key=role)
    found.field_rules = {kind.name: rules for kind in registry}
    found.save()


def _noon() -> Any:
    from cast import NOW

    return NOW


def _browser(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def _answer(client: Client, address: str) -> tuple[int, str]:
    from django.core.cache import cache

    cache.clear()  # counts are kept for a minute
    # What is around the rows of a list is the same for each filter: one page of each kind shows it.
    rows_only = {"HX-Request": "true", "HX-Target": "results"} if "/?" in address else {}
    response = client.get(address, headers=rows_only)
    body = response.content.decode()
    for pattern, instead in ALIKE:
        body = pattern.sub(instead, body)
    return response.status_code, body


def _assert_alike(asked: list[str], before: list[Any], after: list[Any]) -> None:
    differ = [
        f"{address}: {_difference(one, other)}"
        for address, one, other in zip(asked, before, after, strict=True)
        if one != other
    ]
    assert not differ, "\n".join(differ[:40])
    assert not any(status >= 500 for status, _body in after)


def _difference(one: tuple[int, str], other: tuple[int, str]) -> str:
    if one[0] != other[0]:
        return f"{one[0]} and {other[0]}"
    place = next(
        (at for at, (a, b) in enumerate(zip(one[1], other[1], strict=False)) if a != b),
        min(len(one[1]), len(other[1])),
    )
    return f"…{one[1][place - 30 : place + 50]!r} and …{other[1][place - 30 : place + 50]!r}"
