"""Everyone is found by what people type, and only by those who may know of them."""

import pytest

from cast import TODAY
from kezhi.customers.creating import (
    create_customer,
)
from kezhi.workbench.searching import find

pytestmark = pytest.mark.django_db


def names(text, by, **options):
    """The titles of what is found, by kind, in order."""
    from kezhi.records import registry

    found = find(text, by=by, **options)
    titles = {}
    for group in found.groups:
        rows = registry[group.kind.name].model._base_manager.in_bulk([p.pk for p in group.places])
        titles[group.kind.name] = [str(rows[place.pk]) for place in group.places]
    return titles


def customers(text, by, **options):
    return names(text, by, kinds=["customer"], **options).get("customer", [])


@pytest.fixture
def tea(li_wei):
    return create_customer(
        {
            "name": "安徽茶业（集团）有限公司",
            "code": "C-00042",
            "credit_code": "91340100MA2N0T7C0M",
            "tax_id": "340100-7788",
            "phone": "0551-62820000 / +86 138 1234 6027",
            "email": "Cai.Gou@anhuitea.example",
        },
        actor=li_wei,
        on=TODAY,
    )


@pytest.mark.parametrize(
    "typed",
    [
        "茶业",
        "安徽茶业",
        "茶业集团",
        "安徽茶业（集团）有限公司",
        "安徽茶業",
        "anhui",
        "anhuichaye",
        "chaye",
        "anh",
        "ahcy",
        "cyjt",
        "AHCY",
        "ａｎｈｕｉ",
        "C-00042",
        "c00042",
        "42",
        "13812346027",
        "138 1234 6027",
        "+86 13812346027",
        "1234",
        "6027",
        "62820000",
        "cai.gou@anhuitea.example",
        "@anhuitea",
        "anhuitea.example",
        "gou",
        "91340100MA2N0T7C0M",
        "91340100ma2n",
        "340100-77",
        "安徽 6027",
        "茶业 cai",
    ],
)
def test_a_customer_is_found_by_any_part_of_it(tea, li_wei, typed):
    assert customers(typed, li_wei) == [tea.name]


@pytest.mark.parametrize(
    "typed", ["茶叶", "安徽 9999", "zzz", "", "   ", "（）", "?", "%", "_", "'"]
)
def test_what_isnt_there_isnt_found(tea, li_wei, typed):
    assert customers(typed, li_wei) == []
