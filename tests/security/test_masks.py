"""What a role sees masked stands nowhere in full: on no page, in no file, no search, no log."""

from __future__ import annotations

import io
import logging
import zipfile
from urllib.parse import quote, quote_plus

import pytest
from django.test import Client

from cast import TODAY
from exploring import explore
from world import build

pytestmark = pytest.mark.django_db
PHONE, EMAIL, CREDIT, REMARK = (
    "13976544321",
    "kanarie@tea.example",
    "91340100MA2N0CAN7Y",
    "暗语九七",
)
CANARIES = (PHONE, "139 7654 4321", "76544321", EMAIL, "kanarie", CREDIT, REMARK)


@pytest.fixture
def world(db):
    """Everything that can be masked is written, and changed once, so that the log has it twice."""
    from kezhi.accounts.models import Role
    from kezhi.customers.creating import edit_contact, edit_customer
    from kezhi.records import registry
    from kezhi.workbench.searching import filling

    world = build()
    world.people["analyst"].roles.update(
        field_rules={
            k.name: dict.fromkeys(("reach", "identity", "remarks"), "masked") for k in registry
        }
    )
    grants = dict(Role.objects.get(key="analyst").grants)
    grants["audit"] = {"read": "all", "export": "all"}
    Role.objects.filter(key="analyst").update(grants=grants)
    li_wei = world.people["li_wei"]
    for remark in ("x", REMARK):
        given = {"phone": PHONE, "email": EMAIL, "remark": remark}
        customer = type(world.records["customer"]).objects.get(pk=world.records["customer"].pk)
        edit_customer(customer, {**given, "tax_id": CREDIT}, actor=li_wei, on=TODAY)
        contact = type(world.records["contact"]).objects.get(pk=world.records["contact"].pk)
        edit_contact(contact, given, actor=li_wei, on=TODAY)
    filling.close_gaps()
    return world


def test_a_mask_holds_wherever_one_looks(world, caplog):
    from kezhi.records import registry

    caplog.set_level(logging.DEBUG)
    client = Client()
    client.force_login(world.people["analyst"])
    shown: dict[str, str] = {}

    def get(address: str) -> tuple[int, str]:
        answer = client.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        shown[address] = body.decode(errors="replace")
        return answer.status_code, shown[address]

    start = ["/", "/settings/audit/", "/settings/"]
    for kind in registry:
        start += [f"/{kind.address}/", f"/{kind.address}/{world.records[kind.name].pk}/"]
        start += [
            f"/{kind.address}/{world.records[kind.name].pk}/peek/",
            f"/{kind.address}/options/?x_search=茶",
        ]
        start += [f"/{kind.address}/?columns={','.join(f.name for f in kind.fields)}"]
    found = explore(get, tuple(start))
    assert len(found.pages) > 60
    for word in CANARIES:
        for address in ("/search/", "/search/palette/", "/customers/", "/contacts/"):
            get(f"{address}?q={word}")
            for echo in (word, quote(word), quote_plus(word)):
                shown[f"{address}?q={word}"] = shown[f"{address}?q={word}"].replace(echo, "")
    for kind in registry:
        for form in ("csv", "xlsx"):
            answer = client.post(f"/{kind.address}/export/?w=", {"format": form, "all_fields": "1"})
            if answer.status_code == 200:
                shown[f"{kind.name}.{form}"] = _text(b"".join(answer.streaming_content))
    answer = client.post("/settings/audit/export/")
    if answer.status_code == 200:
        shown["audit.csv"] = _text(b"".join(answer.streaming_content))
    assert {"customer.csv", "customer.xlsx"} <= set(shown)
    shown["log"] = caplog.text
    leaks = [f"{at}: {word}" for at, text in shown.items() for word in CANARIES if word in text]
    assert not leaks, "\n".join(leaks[:30])


def _text(content: bytes) -> str:
    if not content.startswith(b"PK"):
        return content.decode("utf-8-sig")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "\n".join(book.read(name).decode() for name in book.namelist())
