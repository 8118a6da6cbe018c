"""Five hundred deeds in a row, of many sorts: each leaves exactly one entry of its name, raw SQL its change."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from cast import NOW, PASSWORD, TODAY
from kezhi.accounts import arranging, granting, organising
from kezhi.accounts.models import Role, User
from kezhi.audit.models import Change, Entry
from kezhi.catalog import stocking
from kezhi.customers import creating, following_up
from kezhi.workbench import tagging

pytestmark = pytest.mark.django_db
DEEDS = 500


def test_each_deed_is_entered_once(owner, li_wei, anhui_tea, organisation):
    done = 0
    rounds = (_round(number, owner, li_wei, organisation) for number in itertools.count())
    for name, deed in itertools.islice(itertools.chain.from_iterable(rounds), DEEDS):
        before = Entry.objects.filter(deed=name).count()
        deed()
        assert Entry.objects.filter(deed=name).count() == before + 1, name
        done += 1
    assert done == DEEDS


def _round(
    number: int, owner: Any, li_wei: Any, organisation: Any
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What a few people do in a day; each step finds what the one before made."""
    made = SimpleNamespace()

    def keep(name: str, deed: Callable[..., Any], *args: Any, **more: Any) -> Callable[[], None]:
        return lambda: setattr(made, name, deed(*args, **more))

    by, on = {"actor": owner}, {"actor": owner, "on": TODAY}
    yield (
        "customer.created",
        keep("customer", creating.create_customer, {"name": f"甲{number}"}, **on),
    )
    customer = made.customer
    yield (
        "customer.edited",
        keep("customer", creating.edit_customer, customer, {"city": "黄山"}, **on),
    )
    contact = {"customer": made.customer, "name": "张敏", "phone": "13812346027"}
    yield "contact.created", keep("contact", creating.create_contact, contact, **on)
    yield (
        "contact.edited",
        keep("contact", creating.edit_contact, made.contact, {"name": "张三"}, **on),
    )
    yield (
        "interaction.logged",
        keep(
            "entry", following_up.log_interaction, made.customer, "call", "谈", actor=owner, at=NOW
        ),
    )
    plan = {"customer": made.customer, "subject": "回访", "due_on": TODAY}
    yield "follow_up.planned", keep("plan", following_up.plan_follow_up, plan, **on)
    yield (
        "follow_up.done",
        keep("plan", following_up.complete_follow_up, made.plan, actor=owner, at=NOW),
    )
    yield "tag.created", keep("tag", tagging.create_tag, f"词{number}", **by)
    yield (
        "record.tagged",
        lambda: tagging.tag_record("customer", made.customer, [made.tag], [], **by),
    )
    yield "tag.deleted", lambda: tagging.delete_tag(made.tag, **by)
    product = {"code": f"P-{number}", "name": "龙井"}
    yield "product.created", keep("product", stocking.create_product, product, **on)
    yield "product.deleted", lambda: stocking.delete_product(made.product, **on)
    yield "role.created", keep("role", granting.create_role, f"Role {number}", **by)
    yield (
        "role.changed",
        lambda: granting.change_role(made.role, {"grants": {"customer": {"read": "own"}}}, **by),
    )
    yield "role.deleted", lambda: granting.delete_role(Role.objects.get(pk=made.role.pk), **by)
    yield (
        "team.created",
        keep("team", arranging.create_team, f"组{number}", organisation.head, **by),
    )
    yield "team.deleted", lambda: arranging.delete_team(made.team, **by)
    person = {"login": f"p{number}", "name": "孙悦", "roles": ["salesperson"], "password": PASSWORD}
    yield "person.created", keep("person", organising.create_person, person, **by)
    browser = Client()
    told = {"login": f"p{number}", "password": PASSWORD}
    yield "signed_in", lambda: browser.post("/sign-in/", told)
    yield "sign_in.failed", lambda: Client().post("/sign-in/", told | {"password": "wrong"})
    yield "signed_out", lambda: browser.post("/sign-out/")
    yield "person.deactivated", lambda: organising.deactivate_person(made.person, **by)
    yield "customer.reassigned", lambda: creating.reassign_customer(made.customer, li_wei, **on)
    office = Client()
    office.force_login(User.objects.get(pk=owner.pk))
    yield (
        "customer.exported",
        lambda: b"".join(
            office.post("/customers/export/?view=all&w=", {"format": "csv"}).streaming_content
        ),
    )
    ticked = {"selected": made.customer.pk, "field": "city", "city": "芜湖", "go": "1"}
    yield "bulk.started", lambda: office.post("/customers/bulk/edit/", ticked)


def test_raw_sql_leaves_one_change_for_each_row(li_wei):
    customers = [
        creating.create_customer({"name": f"甲{n}"}, actor=li_wei, on=TODAY) for n in range(20)
    ]
    before = Change.objects.count()
    with connection.cursor() as cursor:
        ids = [customer.pk for customer in customers]
        cursor.execute("UPDATE customers_customer SET city = '深圳' WHERE id = ANY(%s)", [ids])
    rows = Change.objects.order_by("-pk")[: Change.objects.count() - before]
    assert sorted(row.row_id for row in rows if row.table_name == "customers_customer") == ids
