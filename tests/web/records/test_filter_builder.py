"""The builder of filters: a form in steps that ends in an address."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from kezhi.customers.creating import create_customer
from kezhi.records import registry
from kezhi.web.records.filter_draft import conditions_of, of_conditions

pytestmark = pytest.mark.django_db
ADDRESS = "/customers/filters/"


def applied(response):
    assert response.status_code == 302, response.content[:500]
    return [pair[1] for pair in parse_qsl(urlsplit(response["Location"]).query) if pair[0] == "w"]


def test_a_filter_is_built_step_by_step_without_script(web, li_wei, anhui_tea):
    browser = web(li_wei)
    assert "n_1_f" in browser.get(ADDRESS).text
    row = {
        "n_m": "any",
        "n_1_t": "row",
        "n_1_f": "industry",
        "n_1_was": "industry",
        "n_1_o": "eq",
        "n_1_v": "食品",
    }
    more = browser.post(ADDRESS, {**row, "do": "row n"}).text
    assert "n_2_f" in more
    assert "食品" in more
    city = {"n_2_t": "row", "n_2_f": "city", "n_2_was": "city", "n_2_o": "eq", "n_2_v": "上海"}
    orders = {
        "n_3_t": "has", "n_3_c": "orders", "n_3_k": "count", "n_3_o": "gte", "n_3_n": "3", "n_3_m": "all",
        "n_3_1_t": "row", "n_3_1_f": "ordered_on", "n_3_1_was": "ordered_on", "n_3_1_o": "within",
        "n_3_1_v": "90d",
    }  # fmt: skip
    (w,) = applied(browser.post(ADDRESS, {**row, **city, **orders, "apply": "1"}))
    assert json.loads(w) == {
        "any": [
            "industry.eq.食品",
            "city.eq.上海",
            {"has": "orders", "where": "ordered_on.within.90d", "count": "gte.3"},
        ]
    }
    page = browser.get("/customers/", {"w": w}).text
    assert "安徽茶业" in page
    assert (
        "Industry is 食品 or City is 上海 or orders (Order date within the last 90 days) ≥ 3"
        in page
    )


ADDRESSES = [
    ["tier.in.S,A", "city.eq.合肥"],
    ['{"any":["tier.in.S,A","city.eq.合肥"]}'],
    ['{"not":{"any":["tier.eq.S","score.empty"]}}'],
    ['{"not":"tier.eq.S"}'],
    ['{"has":"orders","where":"ordered_on.within.90d","count":"gte.3"}'],
    ['{"hasnt":"orders","where":{"any":["amount.gte.1","channel.eq.x"]}}'],
    ['{"has":"orders","sum":["amount","gte.1万"]}', "tier.eq.S"],
    ['{"any":["tier.eq.S",{"all":["city.filled",{"not":{"has":"contacts"}}]}]}'],
]


@pytest.mark.parametrize("conditions", ADDRESSES)
def test_what_an_address_says_comes_back_from_the_builder(conditions):
    again = conditions_of(of_conditions(conditions))
    assert again == conditions or conditions_of(of_conditions(again)) == again


@pytest.mark.parametrize("conditions", ADDRESSES)
def test_the_builder_finds_what_the_list_finds(web, owner, anhui_tea, conditions):
    browser = web(owner)
    page = browser.get(ADDRESS, {"w": conditions})
    assert page.status_code == 200
    again = conditions_of(of_conditions(conditions))

    def rows(of):
        return "安徽茶业" in browser.get("/customers/", {"w": of}).text

    assert rows(conditions) == rows(again)


def test_a_row_and_a_group_can_be_taken_away(web, li_wei):
    browser = web(li_wei)
    sent = {
        "n_m": "all", "n_1_t": "row", "n_1_f": "city", "n_1_was": "city", "n_1_o": "eq", "n_1_v": "甲",
        "n_2_t": "group", "n_2_m": "any", "n_2_1_t": "row", "n_2_1_f": "city", "n_2_1_was": "city",
        "n_2_1_o": "eq", "n_2_1_v": "乙",
    }  # fmt: skip
    assert applied(browser.post(ADDRESS, {**sent, "do": "remove n_1", "apply": "1"})) == [
        "city.eq.乙"
    ]
    assert applied(browser.post(ADDRESS, {**sent, "do": "remove n_2", "apply": "1"})) == [
        "city.eq.甲"
    ]
    assert applied(browser.post(ADDRESS, {**sent, "do": "remove n_2_1", "apply": "1"})) == [
        "city.eq.甲"
    ]


def test_another_field_forgets_the_operand(web, li_wei):
    sent = {"n_1_t": "row", "n_1_f": "tier", "n_1_was": "city", "n_1_o": "contains", "n_1_v": "甲"}
    page = web(li_wei).post(ADDRESS, sent).text
    assert 'value="甲"' not in page
    assert "n_1_o" in page


def test_the_count_follows_and_problems_are_told(web, li_wei, anhui_tea):
    browser = web(li_wei)
    row = {"n_1_t": "row", "n_1_f": "city", "n_1_was": "city", "n_1_o": "eq", "n_1_v": "合肥"}
    assert '<b class="num">1</b>' in browser.post(f"{ADDRESS}matches/", row).text
    bad = {"n_1_t": "row", "n_1_f": "score", "n_1_was": "score", "n_1_o": "gte", "n_1_v": "many"}
    assert "Write a number" in browser.post(f"{ADDRESS}matches/", bad).text


def test_only_what_one_may_ask_is_offered(web, li_wei, anhui_tea):
    role = li_wei.roles.get()
    role.field_rules = {"customer": {"value": "hidden"}}
    role.grants = {
        kind: grant for kind, grant in role.grants.items() if kind not in ("order", "segment")
    }
    role.save()
    page = (
        web(type(li_wei).objects.get(pk=li_wei.pk))
        .post(ADDRESS, {"n_1_t": "has", "n_2_t": "row"})
        .text
    )
    assert 'value="contacts"' in page
    assert 'value="orders"' not in page
    assert 'value="potential_value"' not in page
    assert 'value="segment"' not in page


def test_the_builder_of_every_kind_opens(web, owner, anhui_tea):
    browser = web(owner)
    for kind in registry:
        for field in kind.fields:
            if field.is_filterable:
                sent = {"n_1_t": "row", "n_1_f": field.name, "n_1_was": field.name}
                assert browser.post(f"/{kind.address}/filters/", sent).status_code == 200
        for each in kind.collections:
            for measure in ("has", "hasnt", "count", "sum"):
                sent = {"n_1_t": "has", "n_1_c": each.name, "n_1_k": measure, "n_1_1_t": "row"}
                assert browser.post(f"/{kind.address}/filters/", sent).status_code == 200


def test_a_filter_without_end_is_refused(web, li_wei):
    browser = web(li_wei)
    tree = "tier.eq.S"
    for _level in range(20):
        tree = {"not": tree}
    deep = json.dumps(tree)
    for path in (
        "/customers/",
        "/customers/totals/",
        ADDRESS,
        "/customers/tabs/",
        "/customers/views/new/",
    ):
        assert browser.get(path, {"w": deep}).status_code == 400, path
    many = {f"n_{n}_t": "row" for n in range(1, 300)}
    assert browser.post(ADDRESS, many).status_code == 400
    assert browser.post(ADDRESS, {"n_1_1_1_1_1_1_1_1_t": "row"}).status_code == 400
    assert browser.post(ADDRESS, {"n_x_t": "row"}).status_code == 400


def test_people_and_tags_are_fetched_once_for_all_rows(web, owner, anhui_tea):
    browser = web(owner)

    def asked(count):
        sent = {}
        for n in range(1, count + 1):
            sent |= {
                f"n_{n}_t": "row",
                f"n_{n}_f": "owner",
                f"n_{n}_was": "owner",
                f"n_{n}_o": "eq",
            }
        with CaptureQueriesContext(connection) as context:
            assert browser.post(ADDRESS, sent).status_code == 200
        return len(context)

    asked(1)
    assert asked(1) == asked(20)


def test_a_tree_is_kept_by_a_view(web, owner, anhui_tea):
    create_customer({"name": "别家"}, actor=owner, on=TODAY)
    browser = web(owner)
    w = '{"any":["city.eq.合肥","city.eq.上海"]}'
    sent = {"name": "两城", "audience": "private"}
    from django.utils.http import urlencode

    response = browser.post(f"/customers/views/new/?{urlencode({'w': w})}", sent)
    page = browser.get(response["Location"]).text
    assert "安徽茶业" in page
    assert "别家" not in page
