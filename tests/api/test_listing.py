import pytest

from cast import TODAY
from kezhi.customers.creating import create_customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def five(li_wei, chen_jing):
    create_customer({"name": "别人的", "code": "X"}, actor=chen_jing, on=TODAY)
    return [
        create_customer(
            {"name": f"客户{n}", "code": f"K{n}", "city": "合肥" if n % 2 else "南京"},
            actor=li_wei,
            on=TODAY,
        )
        for n in range(5)
    ]


def test_pages_follow_one_another_by_cursor(program, li_wei, five):
    erp, seen, cursor = program(li_wei), [], ""
    for _page in range(3):
        answer = erp.get(f"/customers?limit=2&sort=code&fields=code&cursor={cursor}")
        seen += [item["code"] for item in answer.json["items"]]
        cursor = answer.json["next"]
    assert seen == ["K0", "K1", "K2", "K3", "K4"]
    assert cursor is None


def test_a_cursor_of_another_list_or_a_broken_one_is_refused(program, li_wei, five):
    erp = program(li_wei)
    cursor = erp.get("/customers?limit=2&sort=code").json["next"]
    assert erp.get(f"/customers?sort=name&cursor={cursor}").status == 400
    assert erp.get(f"/customers?sort=code&cursor={cursor[:-1]}x").status == 400


def test_filters_are_those_of_the_pages(program, li_wei, five):
    erp = program(li_wei)
    found = erp.get("/customers?w=city.eq.合肥&count=true&sort=code").json
    assert [item["name"] for item in found["items"]] == ["客户1", "客户3"]
    assert (found["count"], found["count_is_capped"]) == (2, False)
    tree = '{"any": ["code.eq.K0", "code.eq.K4"]}'
    codes = [i["code"] for i in erp.get(f"/customers?w={tree}&fields=code").json["items"]]
    assert sorted(codes) == ["K0", "K4"]
    assert erp.get("/customers?q=客户3").json["items"][0]["name"] == "客户3"


@pytest.mark.parametrize(
    "query",
    ["w=nothing.eq.1", "w=city.like.x", "sort=-nothing", "fields=nothing", "limit=0", "limit=201",
     "limit=x", "city=合肥", "count=yes", "cursor=x", "q=%00"],
)  # fmt: skip
def test_what_isnt_known_is_refused_and_not_passed_over(program, li_wei, five, query):
    assert program(li_wei).get(f"/customers?{query}").status == 400


def test_only_the_chosen_fields_are_told(program, li_wei, five):
    item = program(li_wei).get("/customers?fields=name,city&limit=1").json["items"][0]
    assert set(item) == {"id", "version", "name", "city"}
    whole = program(li_wei).get("/customers?fields=*&limit=1").json["items"][0]
    assert "tier" in whole
    assert "remark" in whole


def test_a_list_takes_as_many_queries_for_a_hundred_as_for_two(
    program, li_wei, five, django_assert_max_num_queries
):
    erp = program(li_wei)
    with django_assert_max_num_queries(9):
        erp.get("/customers?fields=*")
    with django_assert_max_num_queries(9):
        erp.get("/customers?fields=*&limit=2")


def test_every_kind_is_listed(program, owner, five):
    from kezhi.records import registry

    erp = program(owner)
    for kind in registry:
        assert erp.get(f"/{kind.address}?fields=*&count=true").status == 200, kind.name


def test_a_view_that_isnt_there_is_not_found(program, li_wei, five):
    erp = program(li_wei)
    assert erp.get("/customers?view=987654").status == 404
    assert erp.get("/customers?view=all").status == 200
