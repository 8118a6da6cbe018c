"""Of a word that very many hold, a few are looked at; what fits best is always among them."""

import pytest
from django.db import connection

from cast import NOW, TODAY
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Customer, Interaction
from kezhi.workbench.searching import filling, find, finding

pytestmark = pytest.mark.django_db


@pytest.fixture
def few(monkeypatch):
    """As if a dozen were more than can be looked at."""
    for limit, rows in {"FENCE": 12, "GLANCE": 8, "GLANCE_OF_KIND": 6, "ENOUGH": 4}.items():
        monkeypatch.setattr(finding, limit, rows)
    monkeypatch.setattr(finding, "WORTH_READING", 8)


@pytest.fixture
def many(few, li_wei):
    """Sixty that begin with 上海 and sixty that hold it, then one that is called so."""
    names = [f"上海华谊{n}厂" for n in range(60)] + [f"国营上海{n}厂" for n in range(60)]
    Customer.objects.bulk_create(
        Customer(code=f"S-{n}", name=name, name_key="x", **place(li_wei))
        for n, name in enumerate(names)
    )
    exact = create_customer({"name": "上海"}, actor=li_wei, on=TODAY)
    learn()
    return exact


def place(person):
    return {
        "owner_id": person.pk,
        "team_id": person.team_id,
        "department_id": person.department_id,
    }


def learn():
    filling.close_gaps()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE workbench_searchdocument, customers_customer")


@pytest.mark.parametrize("typed", ["上海", "shanghai", "sh"])
@pytest.mark.parametrize("is_thorough", [False, True])
def test_who_is_called_exactly_so_stands_first(many, li_wei, typed, is_thorough):
    for actor in (SYSTEM, li_wei):
        found = find(typed, by=actor, is_thorough=is_thorough)
        assert found.groups[0].places[0].pk == many.pk
        assert found.groups[0].places[0].rank == 0


@pytest.mark.parametrize("typed", ["上海", "上", "sh", "sha", "shan", "shanghai", "shhy"])
def test_who_begins_so_stands_before_who_holds_it_somewhere(many, li_wei, typed):
    found = find(typed, by=li_wei, is_thorough=True)
    assert found.is_capped
    assert all(place.rank < 2 for place in found.groups[0].places)


def test_a_word_in_the_middle_of_very_many_names_is_found(many, li_wei):
    for typed in ("华谊", "huayi", "hy"):
        found = find(typed, by=li_wei)
        assert found.is_capped
        assert len(found.groups[0].places) == 5


def test_a_call_is_shown_although_many_names_begin_so(many, li_wei):
    call = Interaction.objects.create(
        customer=many, channel="call", text="说起上海的展会", at=NOW, **place(li_wei)
    )
    learn()
    found = find("上海", by=SYSTEM, is_thorough=True)
    assert {group.kind.name for group in found.groups} == {"customer", "interaction"}
    assert [p.pk for p in found.groups[-1].places] == [call.pk]


def test_a_stranger_finds_none_of_the_many(many, chen_jing):
    for typed in ("上海", "shanghai", "sh", "上"):
        assert find(typed, by=chen_jing).total == 0


def test_whom_a_few_of_very_many_concern_finds_just_those(many, chen_jing):
    own = create_customer({"name": "上海外滩"}, actor=chen_jing, on=TODAY)
    filling.close_gaps()
    for typed in ("上海", "上", "shanghai", "sh"):
        found = find(typed, by=chen_jing)
        assert [place.pk for group in found.groups for place in group.places] == [own.pk]


def test_a_shared_customer_is_found_among_many_of_others(many, chen_jing):
    from kezhi.accounts.models import Share, User

    Share.objects.create(customer_id=many.pk, person=chen_jing, since=TODAY)
    found = find("上海", by=User.objects.get(pk=chen_jing.pk))
    assert [place.pk for group in found.groups for place in group.places] == [many.pk]
