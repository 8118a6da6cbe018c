"""Tiers by hand by program: asked for, decided by somebody else, withdrawn."""

from datetime import timedelta

import pytest

from cast import today_here
from kezhi.audit.models import Entry
from kezhi.customers.models import Standing
from kezhi.insight.models import TierOverride

pytestmark = pytest.mark.django_db


@pytest.fixture
def low(trading, measure, li_wei):
    """A customer of Li Wei's in the lowest tier."""
    measure()
    place = Standing.objects.filter(tier="D", customer__owner=li_wei).order_by("pk")
    return place.first().customer


def asked(**more):
    until = (today_here() + timedelta(days=90)).isoformat()
    return {"tier": "S", "until": until, "reason": "新签框架协议", **more}


def test_one_asks_another_approves_and_it_holds_at_once(program, low, li_wei, owner):
    erp, boss = program(li_wei), program(owner)
    made = erp.post(f"/customers/{low.pk}/tier-overrides", asked())
    one = f"/tier-overrides/{made.json['id']}"
    assert (made.status, made.json["state"], made.json["tier_before"]) == (201, "waiting", "D")
    assert made.headers["Location"] == f"/api/v1{one}"
    assert erp.post(f"/customers/{low.pk}/tier-overrides", asked(tier="A")).status == 409
    assert erp.post(f"{one}/approval").status == 403
    assert boss.post(f"{one}/approval").json["state"] == "in_force"
    assert erp.get(f"/customers/{low.pk}/standing").json["tier"] == "S"
    assert boss.post(f"{one}/rejection", {"reason": "x"}).status == 409
    ended = erp.post(f"{one}/withdrawal", {"reason": "合同没签成"}).json
    assert (ended["state"], ended["decision"]) == ("withdrawn", "合同没签成")
    assert erp.get(f"/customers/{low.pk}/standing").json["tier"] == "D"
    deeds = ("tier_override.requested", "tier_override.approved", "tier_override.withdrawn")
    assert Entry.objects.filter(deed__in=deeds).count() == 3


def test_what_is_wrong_is_told_at_its_member(program, low, li_wei):
    erp, at = program(li_wei), f"/customers/{low.pk}/tier-overrides"
    late = (today_here() + timedelta(days=400)).isoformat()
    refused = erp.post(at, asked(until=late))
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/until")
    missing = erp.post(at, {"tier": "Z"})
    assert {e["pointer"] for e in missing.json["errors"]} == {"/tier", "/until", "/reason"}
    assert not TierOverride.objects.exists()


def test_lists_are_those_that_one_sees(program, low, li_wei, chen_jing, owner):
    made = program(li_wei).post(f"/customers/{low.pk}/tier-overrides", asked()).json
    boss, her = program(owner), program(chen_jing)
    assert [e["id"] for e in boss.get("/tier-overrides?state=waiting").json["items"]] == [
        made["id"]
    ]
    assert boss.get("/tier-overrides?state=in_force").json["items"] == []
    assert boss.get(f"/tier-overrides?customer={low.pk + 1}").json["items"] == []
    assert boss.get("/tier-overrides?state=old").status == 400
    assert her.get("/tier-overrides").json["items"] == []
    assert her.get(f"/tier-overrides/{made['id']}").status == 404
    assert her.post(f"/tier-overrides/{made['id']}/withdrawal").status == 404
    rejected = boss.post(f"/tier-overrides/{made['id']}/rejection", {"reason": "先看一季"})
    assert (rejected.json["state"], rejected.json["decision"]) == ("rejected", "先看一季")


def test_a_program_that_only_reads_withdraws_nothing(program, low, li_wei):
    made = program(li_wei).post(f"/customers/{low.pk}/tier-overrides", asked()).json
    reads = program(li_wei, {"customer": ["read"], "tier_override": ["read"]})
    assert reads.get(f"/tier-overrides/{made['id']}").json["state"] == "waiting"
    assert reads.post(f"/tier-overrides/{made['id']}/withdrawal").status == 403
    assert TierOverride.objects.get().is_waiting
