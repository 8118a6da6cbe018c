"""What is written is what the form offers, on records that the person may change: nothing by a side door."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models
from django.test import Client

from addresses import undone
from exploring import forms_of
from world import ACTORS, World, build
from writes import written

pytestmark = pytest.mark.django_db
# Who sees little or nothing of Li Wei's, or sees it and may change none of it.
OUTSIDERS = ("chen_jing", "manager elsewhere", "reader of a share", "analyst", "without a role")
OWN_WAY = {"version", "updated_at"}  # written by every change
# Nobody's own: a grant of the role reaches all or none.
OF_THE_COMPANY = {
    "product",
    "survey_item",
    "acquisition_cost",
    "care_plan",
    "article",
    "survey",
    "complaint_cause",
}
NEEDED = {"edit": "edit", "assign": "assign", "tag": "edit", "untag": "edit", "delete": "delete"}
BY_NAME = {actor.name: actor for actor in ACTORS}


@pytest.fixture
def world(db: None) -> World:
    return build()


def browser(person: Any) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return client


def planted(column: models.Field, world: World) -> str:
    """Something else than what stands there."""
    if column.is_relation:
        return str(world.people["owner"].pk)
    if isinstance(column, models.BooleanField):
        return "1"
    if isinstance(column, models.DateTimeField):
        return "1999-01-01T00:00"
    if isinstance(column, models.DateField):
        return "1999-01-01"
    if isinstance(column, models.IntegerField | models.DecimalField | models.FloatField):
        return "77"
    if isinstance(column, models.JSONField):
        return '{"c_planted": "x"}'
    return "planted"


def row(record: Any) -> dict[str, Any]:
    return type(record)._default_manager.filter(pk=record.pk).values().get()


def is_granted(name: str, verb: str, kind: Any) -> bool:
    """Whether the role gives this verb on what belongs to the whole company."""
    if kind.name not in OF_THE_COMPANY:
        return False
    return BY_NAME[name].reaches(NEEDED[verb], kind.name, belongs_to_customer=False)


def kinds_with(deed: str) -> list[Any]:
    from kezhi.records import registry

    return [kind for kind in registry if getattr(kind, deed) is not None]


def test_a_form_writes_only_what_it_offers(world):
    """Every column of the model is sent along with every edit form, cell and bulk edit."""
    tried, wrong = 0, []
    for kind in kinds_with("edit"):
        record = world.records.get(kind.name)
        if record is None:
            continue
        # What belongs to the whole company isn't Li Wei's to change, nor what his role doesn't reach.
        is_his = kind.name not in OF_THE_COMPANY and BY_NAME["li_wei"].may("edit", kind.name)
        name = "li_wei" if is_his else "owner"
        client = browser(world.people[name])
        address = f"/{kind.address}/{record.pk}/"
        page = client.get(f"{address}edit/")
        route = f"{kind.address}/<int:pk>/edit/"
        forms = forms_of(f"{address}edit/", page.content.decode())
        form = next(form for (_way, to), form in forms.items() if to.startswith(route))
        offered = {control.name for control in form.controls} | {f.name for f in kind.fields}
        columns = [c for c in kind.model._meta.concrete_fields if c.name not in offered]
        extra = {n: planted(c, world) for c in columns for n in {c.name, c.attname}}
        with (
            undone()
        ):  # what the form writes by itself: numbers in one shape, days that follow from days
            client.post(f"{address}edit/", form.entries)
            plainly = row(record)
        before = row(record)
        sends = [(f"{address}edit/", {**form.entries, **extra})]
        sends += [(f"{address}cell/{name}/", {name: said}) for name, said in extra.items()]
        bulk = f"/{kind.address}/bulk/edit/"
        sends += [
            (bulk, {"selected": record.pk, "field": name, name: said, "go": "1"})
            for name, said in extra.items()
        ]
        for to, data in sends:
            with undone():
                answer = client.post(to, data)
                after = row(record)
            tried += 1
            usual = plainly if to.endswith("edit/") and to != bulk else before
            changed = {name for name in after if after[name] != usual[name]} - OWN_WAY
            if changed or answer.status_code >= 500:
                wrong.append(f"{to} {sorted(data)[:6]}: {answer.status_code} {changed}")
    assert not wrong, "\n".join(wrong)
    assert tried > 150


def test_a_new_record_takes_nothing_that_its_form_does_not_offer(world):
    from kezhi.customers.models import Customer
    from kezhi.records import registry

    chen_jing = world.people["chen_jing"]
    client = browser(chen_jing)
    columns = Customer._meta.concrete_fields
    extra = {n: planted(c, world) for c in columns for n in {c.name, c.attname}}
    for name in registry["customer"].form:
        extra.pop(name, None)
    known = set(Customer.objects.values_list("pk", flat=True))
    client.post(
        "/customers/new/",
        {**extra, "name": "六安瓜片", "form": "company", "roles": "customer", "payment_days": "60"},
    )
    made = Customer.objects.exclude(pk__in=known).first()
    assert made is not None
    assert (made.owner_id, made.version, made.custom) == (chen_jing.pk, 1, {})
    assert made.pk != 77
    assert made.created_at.year > 1999
    assert (made.team_id, made.department_id) == (chen_jing.team_id, chen_jing.department_id)


def test_nobody_makes_more_of_themselves(world):
    """One's own profile takes no column of the account beside what it offers."""
    from kezhi.accounts.models import User

    li_wei = world.people["li_wei"]
    before = row(li_wei)
    extra = {n: planted(c, world) for c in User._meta.concrete_fields for n in {c.name, c.attname}}
    for name in ("name", "email", "language", "theme", "density", "password"):
        extra.pop(name, None)
    client = browser(li_wei)
    names = {"name": li_wei.name, "email": li_wei.email}
    for to in ("/settings/profile/", "/settings/security/", "/appearance/"):
        client.post(to, {**extra, **names, "roles": ["owner"], "role": "owner"})
    after = row(li_wei)
    assert {name for name in after if after[name] != before[name]} <= {"last_login"}
    assert [role.key for role in li_wei.roles.all()] == ["salesperson"]


def test_no_verb_for_many_touches_what_one_may_not_change(world):
    """Every kind × every verb × everybody outside, with Li Wei's records ticked."""
    from kezhi.records import registry

    ours = {kind.model._meta.db_table for kind in registry} | {"workbench_tagging"}
    tried, wrong = 0, []
    for name in OUTSIDERS:
        client = browser(world.people[name])
        for kind in registry:
            record = world.records.get(kind.name)
            if record is None:
                continue
            for verb in NEEDED:
                if is_granted(name, verb, kind):
                    continue
                before = written()
                with undone():
                    answer = client.post(
                        f"/{kind.address}/bulk/{verb}/",
                        {
                            "selected": record.pk,
                            "go": "1",
                            "field": kind.form[-1] if kind.form else "",
                            "person": world.people[name].pk,
                            "reason": "x",
                            "tags_typed": "新",
                        },
                    )
                    after = written()
                tried += 1
                touched = {t for t in after if after[t] != before.get(t, 0)} & ours
                if touched or answer.status_code >= 500:
                    wrong.append(f"{name} {verb} {kind.name}: {answer.status_code} {touched}")
    assert not wrong, "\n".join(wrong)
    assert tried >= 250


def test_no_record_is_hung_on_what_one_does_not_see(world):
    """Every link of every form, given a stranger's record: refused as one that isn't there."""
    from kezhi.records import FieldKind, registry

    client = browser(world.people["chen_jing"])
    tried, wrong = 0, []
    for kind in kinds_with("create"):
        links = [f for f in kind.fields if f.kind is FieldKind.LINK and f.name in kind.form]
        for field in links:
            foreign = world.records.get(field.link)
            if foreign is None or registry[field.link].name == "product":
                continue
            told = []
            for pk in (foreign.pk, 987_654_321):
                data = {f.name: "茶" for f in kind.fields if f.name in kind.form}
                data |= {field.name: str(pk), "due_on": "2026-12-01", "day": "2026-12-01"}
                count = kind.model._default_manager.count()
                answer = client.post(f"/{kind.address}/new/", data)
                tried += 1
                told.append(answer.status_code)
                if answer.status_code not in (403, 404, 409, 422):
                    wrong.append(f"{kind.name}.{field.name}: {answer.status_code}")
                if kind.model._default_manager.count() != count or "安徽茶业" in answer.text:
                    wrong.append(f"{kind.name}.{field.name} made or told something")
            if told[0] != told[1]:
                wrong.append(
                    f"{kind.name}.{field.name}: a stranger's {told[0]}, a missing one {told[1]}"
                )
    assert not wrong, "\n".join(wrong)
    assert tried >= 16
