"""The tiers on screen: who stands where, what they are promised, who moved, and tiers set by hand."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from insight.test_policies import policies, publish
from kezhi.accounts.models import Role
from kezhi.audit.models import Entry
from kezhi.customers.models import Standing
from kezhi.insight.models import TierOverride, TierPolicies
from kezhi.insight.overriding import approve_override, request_override
from kezhi.insight.ruling import current_settings
from kezhi.web.settings.value_form import RulesForm

pytestmark = pytest.mark.django_db
NEXT_MONTH = TODAY + timedelta(days=30)


@pytest.fixture
def measured(trading, measure):
    measure(TODAY - timedelta(days=90))
    measure()
    return trading


def customer_of(person, tier="D"):
    return Standing.objects.filter(tier=tier, owner_id=person.pk).order_by("pk").first().customer


def asked(customer, actor, tier="S"):
    return request_override(
        customer, tier, actor=actor, on=TODAY, until=NEXT_MONTH, reason="战略合作"
    )


def typed(**changed):
    form = {"reason": "年度标准"}
    for tier in "SABCD":
        form |= {
            f"{tier}-owner_level": "客户经理",
            f"{tier}-care_days": "30",
            f"{tier}-response_hours": "8",
            f"{tier}-discount_limit": "5",
            f"{tier}-channels": ["call", "visit"],
            f"{tier}-meaning": "每月联系一次。",
        }
    return form | changed


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pages_are_there_before_anything_is_measured(web, owner, language):
    client = web(owner, language)
    for path in ("", "policies/", "moves/", "by-hand/"):
        assert client.get(f"/value/tiers/{path}").status_code == 200


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_each_tier_shows_customers_border_and_policy(web, owner, measured, language):
    publish(owner)
    text = web(owner, language).get("/value/tiers/").content.decode()
    for tier in "SABCD":
        assert f"tier.eq.{tier}" in text
    assert text.count("每月联系一次。") == 5
    assert text.count("5.0%") >= 5


def test_the_discount_is_told_to_those_who_see_money(web, owner, agent, measured):
    publish(owner)
    Role.objects.filter(key="service_agent").update(field_rules={"customer": {"money": "hidden"}})
    standing = Standing.objects.exclude(tier="").first()
    page = f"/customers/{standing.pk}/"
    assert "discount up to 5" in web(owner).get(page).content.decode()
    text = web(agent).get(page).content.decode()
    assert "contact every 30 days" in text
    assert "discount up to" not in text
    assert "Discount up to" not in web(agent).get("/value/tiers/").content.decode()


def test_an_owner_publishes_policies(web, owner):
    answer = web(owner).post("/value/tiers/policies/", typed())
    assert answer.status_code == 302
    assert TierPolicies.objects.get().policies == {
        tier: policy.as_json() for tier, policy in policies().items()
    }
    assert Entry.objects.filter(deed="tier_policies.published", actor_id=owner.pk).exists()
    again = web(owner).post("/value/tiers/policies/", typed())
    assert again.status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"S-care_days": "x"},
        {"S-care_days": "1.5"},
        {"S-response_hours": "9999"},
        {"S-discount_limit": "NaN"},
        {"S-discount_limit": "1e999999"},
        {"S-channels": ["pigeon"]},
        {"S-meaning": ""},
        {"reason": ""},
    ],
)
def test_what_makes_no_sense_comes_back_with_the_reason(web, owner, wrong):
    page = web(owner).post("/value/tiers/policies/", typed(**wrong))
    assert page.status_code == 422
    assert page.content.decode().count('class="err"') == 1
    assert not TierPolicies.objects.exists()


def test_nobody_else_edits_policies(web, manager, li_wei):
    for person in (manager, li_wei):
        assert web(person).get("/value/tiers/policies/").status_code == 403
        assert web(person).post("/value/tiers/policies/", typed()).status_code == 403
    assert not TierPolicies.objects.exists()


def test_from_request_to_approval_to_the_end(web, measured, li_wei, manager):
    customer = customer_of(li_wei)
    page = f"/customers/{customer.pk}/tier/"
    form = {"tier": "S", "until": NEXT_MONTH.isoformat(), "reason": "战略合作"}
    assert web(li_wei).post(page, form).status_code == 302
    override = TierOverride.objects.get()
    one = f"/value/tiers/by-hand/{override.pk}/"
    assert web(li_wei).post(f"{one}approval/").status_code == 403
    assert customer.name in web(manager).get("/value/tiers/by-hand/").content.decode()
    assert web(manager).post(f"{one}approval/").status_code == 302
    assert Standing.objects.get(pk=customer.pk).tier == "S"
    text = web(li_wei).get(f"/customers/{customer.pk}/").content.decode()
    assert "tier by hand until" in text
    assert web(manager).post(f"{one}approval/").status_code == 409
    assert web(li_wei).post(f"{one}end/").status_code == 302
    assert Standing.objects.get(pk=customer.pk).tier == "D"
    assert "Withdrawn" in web(li_wei).get(page).content.decode()


def test_a_rejection_needs_its_reason(web, measured, li_wei, manager):
    override = asked(customer_of(li_wei), li_wei)
    one = f"/value/tiers/by-hand/{override.pk}/"
    assert web(manager).post(f"{one}rejection/").status_code == 422
    assert web(manager).post(f"{one}rejection/", {"reason": "还没有订单"}).status_code == 302
    assert "还没有订单" in web(li_wei).get(one).content.decode()


@pytest.mark.parametrize(
    "wrong", [{"tier": "X"}, {"until": "morgen"}, {"until": "2199-01-01"}, {"reason": " "}]
)
def test_a_faulty_request_comes_back_with_the_reason(web, measured, li_wei, wrong):
    form = {"tier": "S", "until": NEXT_MONTH.isoformat(), "reason": "战略合作"}
    page = web(li_wei).post(f"/customers/{customer_of(li_wei).pk}/tier/", form | wrong)
    assert page.status_code == 422
    assert not TierOverride.objects.exists()


def test_strangers_find_nothing(web, measured, li_wei, chen_jing):
    customer = customer_of(li_wei)
    override = asked(customer, li_wei)
    client = web(chen_jing)
    one = f"/value/tiers/by-hand/{override.pk}/"
    form = {"tier": "A", "until": NEXT_MONTH.isoformat(), "reason": "x"}
    assert client.get(f"/customers/{customer.pk}/tier/").status_code == 404
    assert client.post(f"/customers/{customer.pk}/tier/", form).status_code == 404
    assert client.get(one).status_code == 404
    for deed in ("approval", "rejection", "end"):
        assert client.post(f"{one}{deed}/", {"reason": "x"}).status_code == 404
    assert customer.name not in client.get("/value/tiers/by-hand/").content.decode()
    assert TierOverride.objects.get().is_waiting


def named_in(page):
    """The customers of the cell."""
    _matrix, _head, who = page.content.decode().partition('id="who"')
    return {int(pk) for pk in re.findall(r'href="/customers/(\d+)/"', who)}


def test_the_matrix_counts_everybody_and_leads_to_them(web, measured, owner):
    client = web(owner)
    text = client.get("/value/tiers/moves/").content.decode()
    cells = re.findall(r'<a href="(/value/tiers/moves/\?[^"#]+)#who">.*?<b>(.*?)</b>', text)
    counted = {}
    for address, shown in cells:
        who = named_in(client.get(address.replace("&amp;", "&")))
        assert len(who) == int(re.sub(r"<[^>]+>", "", shown))
        counted |= dict.fromkeys(who)
    assert set(counted) == set(Standing.objects.exclude(tier="").values_list("pk", flat=True))


def test_a_cell_names_only_whom_the_reader_may_see(web, measured, chen_jing, li_wei):
    client = web(chen_jing)
    shown = set()
    for tier in "SABCD":
        shown |= named_in(client.get(f"/value/tiers/moves/?was={tier}&now={tier}"))
    others = Standing.objects.exclude(owner_id=chen_jing.pk).values_list("pk", flat=True)
    assert shown
    assert not shown & set(others)


@pytest.mark.parametrize("asked", ["since=x&until=y", "was=Q&now=A", "was=A&now=A&beyond=nan~1"])
def test_addresses_of_no_meaning_show_the_usual(web, measured, owner, asked):
    assert web(owner).get(f"/value/tiers/moves/?{asked}").status_code == 200


def test_queries_do_not_grow_with_the_rows(web, measured, owner, manager, li_wei):
    publish(owner)
    customers = [row.customer for row in Standing.objects.filter(owner_id=li_wei.pk, tier="D")]

    def count(path):
        client = web(manager)
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    asked(customers[0], li_wei)
    paths = (
        "/value/tiers/",
        "/value/tiers/by-hand/?show=waiting",
        "/value/tiers/moves/?was=D&now=D",
    )
    few = [count(path) for path in paths]
    for customer in customers[1:6]:
        asked(customer, li_wei)
    assert [count(path) for path in paths] == few


def test_policies_and_hands_cost_the_customers_page_no_query(web, measured, owner, li_wei):
    customer = customer_of(li_wei)
    client = web(owner)

    def count():
        client.get(f"/customers/{customer.pk}/")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/customers/{customer.pk}/")
        return len(queries)

    before = count()
    publish(owner)
    asked(customer, li_wei)
    assert count() == before


def rules(**changed):
    """The unchanged page of rules as a browser sends it, with some controls typed over."""
    return {**RulesForm.of(current_settings(), None).typed, "reason": "换一种分法", **changed}


def previewed(page):
    """Customers by tier that the preview tells."""
    found = re.findall(r'<td class="n"><b>(.*?)</b> <span class="note">', page.content.decode())
    return [int(re.sub(r"<[^>]+>|,", "", count)) for count in found]


def test_the_preview_tells_how_many_each_tier_would_hold(web, measured, owner):
    shares = zip("SABC", (10, 10, 20, 30), strict=True)
    form = rules(preview="1", **{f"tiers-share-{tier}": str(share) for tier, share in shares})
    page = web(owner).post("/settings/value/", form)
    scored = Standing.objects.exclude(score=None).count()
    held = previewed(page)
    assert (page.status_code, sum(held), len(held)) == (200, scored, 5)
    assert held[0] == round(scored * 0.1)
    assert current_settings().rules["tiers"]["borders"][0]["until"] == 0.01


@pytest.mark.parametrize("cut", ["value", "clusters", "threshold"])
def test_every_cut_is_previewed_published_and_measured_by(web, measured, owner, measure, cut):
    client, form = web(owner), rules(**{"tiers-by": cut})
    held = previewed(client.post("/settings/value/", {**form, "preview": "1"}))
    assert sum(held) == Standing.objects.exclude(score=None).count()
    assert client.post("/settings/value/", form).status_code == 302
    assert current_settings().rules["tiers"]["by"] == cut
    measure()
    assert Standing.objects.exclude(tier="").exists()
    again = client.get("/settings/value/").content.decode()
    assert re.search(rf'value="{cut}"[^>]* checked', again)


def test_a_preview_names_what_is_wrong_with_the_borders(web, measured, owner):
    form = rules(preview="1", **{"tiers-by": "value", "tiers-worth-S": "x"})
    wrong = web(owner).post("/settings/value/", form)
    assert wrong.status_code == 422
    assert "tiers-worth-S-e" in wrong.content.decode()


def test_a_salesperson_previews_nothing(web, measured, li_wei, manager):
    for person in (li_wei, manager):
        assert web(person).post("/settings/value/", {"preview": "1"}).status_code == 403


def test_a_manager_ends_what_another_asked_for(web, measured, li_wei, manager):
    override = asked(customer_of(li_wei), li_wei)
    approve_override(override, actor=manager, on=TODAY)
    answer = web(manager).post(f"/value/tiers/by-hand/{override.pk}/end/", {"reason": "合同终止"})
    assert answer.status_code == 302
    assert TierOverride.objects.get().state == TierOverride.State.WITHDRAWN
