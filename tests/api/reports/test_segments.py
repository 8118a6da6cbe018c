"""Segments by program: found, counted, made, frozen, and their customers read as far as one sees them."""

import pytest

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Segment

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_hefei(company, li_wei, chen_jing):
    """Three of Li Wei's and two of Chen Jing's in Hefei, one elsewhere."""
    return [
        create_customer({"name": f"客户{n}", "code": f"C-{n}", "city": city}, actor=who, on=TODAY)
        for n, (who, city) in enumerate(
            [(li_wei, "合肥")] * 3 + [(chen_jing, "合肥")] * 2 + [(li_wei, "苏州")]
        )
    ]


def all_of(erp, path):
    rows, after = [], ""
    while True:
        page = erp.get(f"{path}?limit=2{after}").json
        rows += page["items"]
        if page["next"] is None:
            return rows
        after = f"&after={page['next']}"


def test_a_segment_of_a_filter_is_found_counted_and_used(program, in_hefei, owner, li_wei):
    erp, boss = program(li_wei), program(owner)
    sent = {"name": "合肥", "audience": "everyone", "where": ["city.eq.合肥"]}
    assert erp.post("/segments", sent).status == 403
    made = boss.post("/segments", sent, idempotency_key="s-1")
    assert boss.post("/segments", sent, idempotency_key="s-1").json == made.json
    one = f"/segments/{made.json['id']}"
    assert (made.status, made.json["size"], made.json["is_frozen"]) == (201, 5, False)
    assert made.headers["Location"] == f"/api/v1{one}"
    assert [e["id"] for e in erp.get("/segments").json["items"]] == [made.json["id"]]
    assert erp.get(one).json["size"] == 3
    assert [e["id"] for e in all_of(erp, f"{one}/members")] == [e.pk for e in in_hefei[:3]]
    assert [e["key"] for e in all_of(boss, f"{one}/members")] == [e.code for e in in_hefei[:5]]
    found = erp.get(f"/customers?w=segment.in.{made.json['id']}&fields=code").json["items"]
    assert {e["id"] for e in found} == {e.pk for e in in_hefei[:3]}
    assert Entry.objects.filter(deed="segment.created").count() == 1


def test_a_segment_of_chosen_customers_holds_those_that_one_sees(program, in_hefei, owner, li_wei):
    erp = program(li_wei)
    mine, hers = in_hefei[0], in_hefei[4]
    sent = {"name": "展会", "customers": [{"key": mine.code}, in_hefei[5].pk]}
    refused = erp.post("/segments", {**sent, "customers": [hers.pk]})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/customers")
    assert erp.post("/segments", {**sent, "where": ["city.eq.合肥"]}).status == 422
    assert erp.post("/segments", {"name": "空"}).status == 422
    made = erp.post("/segments", sent)
    assert (made.status, made.json["is_frozen"], made.json["size"]) == (201, True, 2)
    one = f"/segments/{made.json['id']}"
    changed = erp.post(f"{one}/members", {"add": [in_hefei[1].pk], "remove": [{"key": mine.code}]})
    assert changed.json["size"] == 2
    assert {e["id"] for e in all_of(erp, f"{one}/members")} == {in_hefei[1].pk, in_hefei[5].pk}
    assert program(owner).get(one).status == 404
    assert erp.post(f"{one}/freezing").status == 409


def test_it_is_frozen_let_live_renamed_and_deleted(program, in_hefei, li_wei):
    erp = program(li_wei)
    made = erp.post("/segments", {"name": "合肥", "where": ["city.eq.合肥"]})
    one = f"/segments/{made.json['id']}"
    frozen = erp.post(f"{one}/freezing")
    assert (frozen.json["is_frozen"], frozen.json["size"]) == (True, 3)
    in_hefei[0].city = "南京"
    in_hefei[0].save()
    assert erp.get(one).json["size"] == 3
    assert erp.post(f"{one}/thawing").json["size"] == 2
    assert erp.post(f"{one}/members", {"add": [in_hefei[0].pk]}).status == 409
    assert erp.patch(one, {"name": "省会"}, if_match='"1"').status == 412
    renamed = erp.patch(one, {"name": "省会", "description": "安徽"})
    assert (renamed.json["name"], renamed.json["description"]) == ("省会", "安徽")
    refiltered = erp.put(f"{one}/filter", {"where": ["city.eq.苏州"]})
    assert refiltered.json["size"] == 1
    assert erp.put(f"{one}/filter", {"where": ["colour.eq.red"]}).status == 409
    assert erp.delete(one).status == 428
    assert erp.delete(one, if_match="*").status == 204
    assert not Segment.objects.exists()


def test_what_asks_for_hidden_fields_is_closed(program, in_hefei, owner):
    sent = {"name": "重点", "audience": "everyone", "where": ["tier.in.S,A"]}
    made = program(owner).post("/segments", sent)
    one = f"/segments/{made.json['id']}"
    hidden = program(owner, field_rules={"value": "hidden"})
    told = hidden.get(one).json
    assert (told["is_closed"], told["size"]) == (True, None)
    assert hidden.get(f"{one}/members").status == 403
    assert hidden.post("/segments", {**sent, "name": "又"}).status == 409
    reads = program(owner, {"customer": ["read"], "segment": ["read"]})
    assert reads.post(f"{one}/freezing").status == 403
    assert program(owner, {"customer": ["read"]}).get("/segments").status == 403
