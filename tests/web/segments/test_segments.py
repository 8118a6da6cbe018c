"""The pages of segments: made from a list or a selection, read by whom they concern."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.http import urlencode

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.customers.counting_segments import count_segments
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Customer, Segment, Standing
from kezhi.customers.segmenting import Wording, create_segment
from kezhi.workbench.filtering import Asking

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
FOOD = "industry.eq.食品"


def a_segment(actor, *conditions, name="食品客户", audience="private", **more):
    return create_segment(
        Wording(name, "说明", audience),
        actor=actor,
        on=TODAY,
        asking=Asking(actor, TODAY, SHANGHAI),
        **({"conditions": conditions or [FOOD]} if "chosen" not in more else {}),
        **more,
    )


def test_a_filtered_list_becomes_a_segment(web, li_wei, anhui_tea):
    browser = web(li_wei)
    address = f"/segments/new/?{urlencode({'w': FOOD})}"
    assert (
        f"/segments/new/?{urlencode({'w': FOOD})}" in browser.get("/customers/", {"w": FOOD}).text
    )
    assert "食品" in browser.get(address).text
    response = browser.post(
        address, {"name": "食品客户", "description": "做食品的", "audience": "private"}
    )
    page = browser.get(response["Location"]).text
    assert "食品客户" in page
    assert "做食品的" in page
    segment = Segment.objects.get()
    assert "安徽茶业" in browser.get("/customers/", {"w": f"segment.in.{segment.pk}"}).text


def test_a_faulty_segment_says_why_and_keeps_what_was_typed(web, li_wei, anhui_tea):
    browser = web(li_wei)
    response = browser.post(
        f"/segments/new/?{urlencode({'w': FOOD})}", {"name": "", "description": "写了很多"}
    )
    assert response.status_code == 422
    assert "写了很多" in response.text
    assert browser.post("/segments/new/?w=phone.eq.1", {"name": "a"}).status_code == 422
    assert not Segment.objects.exists()


def test_an_existing_segment_takes_another_filter(web, li_wei, anhui_tea):
    segment = a_segment(li_wei)
    browser = web(li_wei)
    browser.post(f"/segments/new/?{urlencode({'w': 'city.eq.合肥'})}", {"into": segment.pk})
    segment.refresh_from_db()
    assert segment.conditions == ["city.eq.合肥"]


def test_a_selection_is_put_into_a_frozen_segment_and_taken_out(web, li_wei, chen_jing, anhui_tea):
    strange = create_customer({"name": "陈静的客户"}, actor=chen_jing, on=TODAY)
    other = create_customer({"name": "合肥食品"}, actor=li_wei, on=TODAY)
    browser = web(li_wei)
    chosen = {"selected": [anhui_tea.pk, strange.pk]}
    assert "1 customer is selected" in browser.post("/segments/selection/", chosen).text
    browser.post("/segments/selection/", {**chosen, "do": "create", "name": "名单"})
    segment = Segment.objects.get()
    assert segment.is_frozen
    assert list(segment.members.values_list("customer_id", flat=True)) == [anhui_tea.pk]
    browser.post("/segments/selection/", {"selected": other.pk, "do": "add", "into": segment.pk})
    assert segment.members.count() == 2
    browser.post(
        "/segments/selection/", {"selected": anhui_tea.pk, "do": "remove", "into": segment.pk}
    )
    assert list(segment.members.values_list("customer_id", flat=True)) == [other.pk]
    whole = browser.post("/segments/selection/?" + urlencode({"w": "city.eq.合肥"}), {"all": "1"})
    assert "1 customer is selected" in whole.text


def test_a_segment_is_frozen_and_lives_again(web, li_wei, anhui_tea):
    segment = a_segment(li_wei)
    browser = web(li_wei)
    browser.post(f"/segments/{segment.pk}/freezing/")
    Customer.objects.update(industry="化工")
    assert "安徽茶业" in browser.get("/customers/", {"w": f"segment.in.{segment.pk}"}).text
    browser.post(f"/segments/{segment.pk}/thawing/")
    assert "安徽茶业" not in browser.get("/customers/", {"w": f"segment.in.{segment.pk}"}).text


def test_the_page_tells_size_value_overlap_and_movement(web, owner, li_wei, anhui_tea):
    Standing.objects.filter(customer=anhui_tea).update(
        tier="S", stage="stable", realised_value=50_000, potential_value=120_000
    )
    segment = a_segment(owner)
    a_segment(owner, "tier.eq.S", name="顶级客户")
    count_segments(actor=SYSTEM, on=TODAY - timedelta(days=1), zone=SHANGHAI)
    create_customer({"name": "新来的", "industry": "食品"}, actor=li_wei, on=TODAY)
    count_segments(actor=SYSTEM, on=TODAY, zone=SHANGHAI)
    browser = web(owner)
    page = browser.get(f"/segments/{segment.pk}/").text
    for told in (
        "12",
        "S Platinum",
        "Stable",
        "顶级客户",
        "Entered last",
        "新来的",
        "more than on",
    ):
        assert told in page, told
    assert "食品客户" in browser.get("/segments/").text


def test_a_large_segment_is_capped_and_counted_on_demand(web, owner, anhui_tea, monkeypatch):
    from kezhi.customers import describing_segments

    monkeypatch.setattr(describing_segments, "CAP", 1)
    create_customer({"name": "又一家", "industry": "食品"}, actor=owner, on=TODAY)
    segment = a_segment(owner)
    browser = web(owner)
    page = browser.get(f"/segments/{segment.pk}/").text
    assert "Counting stopped at 1" in page
    exact = browser.get(f"/segments/{segment.pk}/?exact=1").text
    assert "Counting stopped" not in exact
    fragment = browser.get(f"/segments/{segment.pk}/?exact=1", headers={"HX-Request": "true"}).text
    assert "<html" not in fragment
    assert 'id="figures"' in fragment


PATHS = ["", "edit/"]
DEEDS = ["edit/", "freezing/", "thawing/", "removal/"]


def test_a_strangers_segment_does_not_exist(web, li_wei, chen_jing, anhui_tea):
    segment = a_segment(li_wei)
    before = list(Segment.objects.values())
    browser = web(chen_jing)
    for path in PATHS:
        assert browser.get(f"/segments/{segment.pk}/{path}").status_code == 404
    for path in DEEDS:
        assert browser.post(f"/segments/{segment.pk}/{path}", {"name": "x"}).status_code == 404
    sent = {"selected": anhui_tea.pk, "do": "add", "into": segment.pk}
    assert browser.post("/segments/selection/", sent).status_code in (302, 404)
    into = browser.post(f"/segments/new/?{urlencode({'w': FOOD})}", {"into": segment.pk})
    assert into.status_code == 404
    assert "食品客户" not in browser.get("/segments/").text
    assert list(Segment.objects.values()) == before


def test_what_is_shared_may_be_read_but_not_changed(web, li_wei, owner, anhui_tea):
    segment = a_segment(owner, audience="everyone")
    before = list(Segment.objects.values())
    browser = web(li_wei)
    assert browser.get(f"/segments/{segment.pk}/").status_code == 200
    for path in DEEDS:
        assert browser.post(f"/segments/{segment.pk}/{path}", {"name": "x"}).status_code == 403
    assert list(Segment.objects.values()) == before


def test_who_reads_no_segments_has_none(web, li_wei, owner, anhui_tea):
    segment = a_segment(owner, audience="everyone")
    role = li_wei.roles.get()
    role.grants = {kind: grant for kind, grant in role.grants.items() if kind != "segment"}
    role.save()
    browser = web(type(li_wei).objects.get(pk=li_wei.pk))
    for path in ("/segments/", f"/segments/{segment.pk}/", "/segments/new/"):
        assert browser.get(path).status_code == 403
    unknown = browser.get("/customers/", {"w": f"segment.in.{segment.pk}"})
    assert unknown.status_code == 422


def test_a_hidden_field_closes_the_page(web, li_wei, owner, anhui_tea):
    """Two worlds that differ in the hidden score only."""
    segment = a_segment(owner, "score.gte.50", audience="everyone", name="高分")
    role = li_wei.roles.get()
    role.field_rules = {"customer": {"value": "hidden"}}
    role.save()

    def told():
        count_segments(actor=SYSTEM, on=TODAY, zone=SHANGHAI)
        browser = web(type(li_wei).objects.get(pk=li_wei.pk))
        pages = []
        for path in (
            f"/segments/{segment.pk}/",
            "/segments/",
            f"/customers/?w=segment.in.{segment.pk}",
        ):
            page = browser.get(path).text
            start = page.index("<main")
            shown = page[start : page.index("</main>")]
            pages.append(re.sub(r'(csrfmiddlewaretoken" value=)"\w+"', r"\1", shown))
        return pages

    first = told()
    assert "can’t open this segment" in first[0]
    Standing.objects.update(score=99)
    assert told() == first


def test_an_edit_tells_of_a_conflict(web, li_wei, anhui_tea):
    segment = a_segment(li_wei)
    Segment.objects.filter(pk=segment.pk).update(version=5)
    browser = web(li_wei)
    sent = {"name": "新名字", "version": 1, "audience": "private"}
    assert browser.post(f"/segments/{segment.pk}/edit/", sent).status_code == 409
    assert browser.post(f"/segments/{segment.pk}/edit/", {**sent, "version": 5}).status_code == 302
    assert browser.post(f"/segments/{segment.pk}/removal/").status_code == 302
    assert not Segment.objects.exists()


def test_the_pages_ask_no_more_for_more_rows(web, owner, li_wei, anhui_tea):
    browser = web(owner)

    def asked(count):
        for number in range(count):
            create_customer(
                {"name": f"客户{Customer.objects.count()}", "industry": "食品"},
                actor=li_wei,
                on=TODAY,
            )
            a_segment(owner, chosen=[anhui_tea.pk], name=f"{count}-{number}")
            mine = (f"owner.eq.{li_wei.pk}", f"segment.in.{segment.pk}")
            a_segment(owner, *mine, name=f"{count}+{number}")
        count_segments(actor=SYSTEM, on=TODAY, zone=SHANGHAI)
        queries = []
        for path in ("/segments/", f"/segments/{segment.pk}/"):
            browser.get(path)
            with CaptureQueriesContext(connection) as context:
                assert browser.get(path).status_code == 200
            queries.append(len(context))
        return queries

    segment = a_segment(owner)
    asked(1)
    assert asked(2) == asked(9)
