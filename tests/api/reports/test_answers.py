"""Reports by program: listed, answered to the last digit as on their page, and refused as there."""

from decimal import Decimal

import pytest

from cast import TODAY
from kezhi.customers.creating import create_customer
from kezhi.ledger.models import Order
from kezhi.records import registry
from kezhi.workbench.list_query import Shape
from kezhi.workbench.models import Report
from kezhi.workbench.reporting import computing
from kezhi.workbench.reporting.keeping import save_report
from kezhi.workbench.reporting.spec import Spec
from kezhi.workbench.saving_views import save_view

pytestmark = pytest.mark.django_db
BY_CITY = {"of": "order", "measures": ["sum.amount", "count"], "by": ["customer:city"]}


@pytest.fixture
def sold(company, li_wei, chen_jing):
    """Orders of three customers; the third is Chen Jing's."""
    made = []
    for n, (who, city, amounts) in enumerate(
        [(li_wei, "合肥", (100, 50)), (li_wei, "苏州", (10,)), (chen_jing, "合肥", (7,))]
    ):
        customer = create_customer({"name": f"客户{n}", "city": city}, actor=who, on=TODAY)
        made += [
            Order.objects.create(
                number=f"SO-{n}-{at}", customer=customer, ordered_on=TODAY, currency="CNY",
                amount=Decimal(amount), **customer.place,
            )
            for at, amount in enumerate(amounts)
        ]  # fmt: skip
    return made


def told(answer):
    return {row["by"][0]["label"]: row["figures"] for row in answer["rows"]}


def test_figures_are_those_of_what_one_sees_with_their_units(program, sold, owner, li_wei):
    whole = program(owner).post("/reports/answer", BY_CITY).json
    assert told(whole) == {"合肥": ["157", 3], "苏州": ["10", 1]}
    assert whole["total"] == ["167", 4]
    mine = program(li_wei).post("/reports/answer", BY_CITY).json
    assert told(mine) == {"合肥": ["150", 2], "苏州": ["10", 1]}
    assert [(e["name"], e["unit"]) for e in mine["measures"]] == [
        *[("sum.amount", "CNY"), ("count", None)]
    ]
    assert [e["name"] for e in mine["dimensions"]] == ["customer:city"]
    assert (mine["records"], mine["is_cut"], mine["beyond"]) == (3, False, [0])


def test_the_list_behind_a_row_holds_exactly_its_records(program, sold, li_wei):
    erp = program(li_wei)
    for row in erp.post("/reports/answer", BY_CITY).json["rows"]:
        behind = erp.get(row["list"].removeprefix("/api/v1")).json["items"]
        assert len(behind) == row["figures"][1]
        assert sum(Decimal(each["amount"]) for each in behind) == Decimal(row["figures"][0])


def test_two_dimensions_have_their_pairs_and_their_sums(program, sold, owner):
    asked = {"of": "order", "measures": ["sum.amount"], "by": ["customer:city", "customer"]}
    rows = program(owner).post("/reports/answer", asked).json["rows"]
    cells = {tuple(each and each["label"] for each in row["by"]): row["figures"] for row in rows}
    assert cells["合肥", None] == ["157"]
    assert sum(Decimal(f[0]) for (city, name), f in cells.items() if city == "合肥" and name) == 157
    assert (None, None) not in cells


def test_what_is_beyond_the_first_groups_is_told(program, sold, owner):
    cut = program(owner).post("/reports/answer", {**BY_CITY, "top": 1}).json
    assert (cut["is_cut"], cut["beyond"]) == (True, [1])
    assert [row["by"][0]["is_others"] for row in cut["rows"]] == [False, True]
    assert sum(Decimal(row["figures"][0]) for row in cut["rows"]) == 167


def test_a_saved_report_is_found_and_answered(program, sold, owner, li_wei, chen_jing):
    spec = Spec("order", ("sum.amount",), ("customer:city",), during="ordered_on.12m")
    report = save_report(spec, "城市", actor=li_wei)
    erp = program(li_wei)
    (found,) = erp.get("/reports").json["items"]
    assert (found["id"], found["name"]) == (report.pk, "城市")
    answer = erp.get(f"/reports/{report.pk}/answer").json
    assert answer["report"]["name"] == "城市"
    assert told(answer) == {"合肥": ["150"], "苏州": ["10"]}
    assert answer["period"]["field"] == "ordered_on"
    again = erp.post("/reports/answer", {k: e for k, e in found["specification"].items() if e})
    assert again.json["rows"] == answer["rows"]
    assert program(chen_jing).get("/reports").json["items"] == []
    assert program(chen_jing).get(f"/reports/{report.pk}/answer").status == 404
    Report.objects.update(audience="everyone")
    assert told(program(chen_jing).get(f"/reports/{report.pk}/answer").json) == {"合肥": ["7"]}


def test_every_report_of_the_product_answers(program, sold, owner):
    erp = program(owner)
    delivered = erp.get("/reports").json["delivered"]
    assert len(delivered) > 3
    for each in delivered:
        answer = erp.get(f"/reports/key:{each['key']}/answer")
        assert (answer.status, answer.json["report"]["key"]) == (200, each["key"]), answer


def test_what_may_not_be_asked_is_refused(program, sold, owner):
    erp = program(owner)
    for wrong in (
        {"of": "order", "measures": ["sum.colour"]},
        {"of": "order", "by": ["colour"]},
        {"of": "order", "where": ["colour.eq.red"]},
        {"of": "order", "by": ["a", "b", "c"]},
        {"of": "order", "top": 51},
        {"measures": ["count"]},
    ):
        assert erp.post("/reports/answer", wrong).status == 422, wrong
    assert erp.post("/reports/answer", {"of": "moon"}).status == 403
    narrow = program(owner, {"view": ["read"], "customer": ["read"]})
    assert narrow.post("/reports/answer", BY_CITY).status == 403
    assert program(owner, {"order": ["read"]}).post("/reports/answer", BY_CITY).status == 403
    hidden = program(owner, field_rules={"value": "hidden"})
    asked = {"of": "customer", "measures": ["sum.potential_value"]}
    assert erp.post("/reports/answer", asked).status == 200
    assert hidden.post("/reports/answer", asked).status == 422


def test_a_question_that_takes_too_long_is_given_up(program, sold, owner, monkeypatch):
    def stopped(*_asked):
        raise computing.TooSlow("took longer than 15 seconds")

    monkeypatch.setattr(computing, "_asked", stopped)
    given_up = program(owner).post("/reports/answer", BY_CITY)
    assert (given_up.status, given_up.json["type"]) == (503, "urn:kezhi:problem:unavailable")
    assert given_up.headers["Retry-After"]


def test_rows_count_towards_the_quota(program, sold, li_wei):
    erp = program(li_wei, rows_a_day=3)
    assert erp.post("/reports/answer", BY_CITY).status == 200
    assert erp.post("/reports/answer", BY_CITY).json["type"] == "urn:kezhi:problem:quota"


def test_views_that_one_may_use_are_listed(program, sold, li_wei, chen_jing):
    shape = Shape(("city.eq.合肥",), sort="-created_at", columns=("name", "city"))
    kept = {"audience": "private", "is_pinned": False, "actor": li_wei}
    view = save_view(registry["customer"], "合肥的", shape, **kept)
    (found,) = program(li_wei).get("/views?of=customer").json["items"]
    assert (found["id"], found["where"], found["sort"]) == (
        *(view.pk, ["city.eq.合肥"]),
        "-created_at",
    )
    assert program(li_wei).get(f"/customers?view={view.pk}").json["items"]
    assert program(li_wei).get("/views?of=order").json["items"] == []
    assert program(chen_jing).get("/views?of=customer").json["items"] == []
    assert program(li_wei).get("/views").status == 400
    assert program(li_wei).get("/views?of=moon").status == 400
