"""The page of one customer: for those who may see it, whatever is known so far."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import NOW, TODAY, today_here
from kezhi.audit.models import Entry
from kezhi.customers.creating import create_contact
from kezhi.customers.following_up import complete_follow_up, log_interaction, plan_follow_up
from kezhi.customers.models import Customer, FollowUp, Interaction, Standing
from kezhi.insight.models import TierMove, ValueRun
from kezhi.insight.ruling import current_settings
from kezhi.ledger.models import CostEntry, Order

pytestmark = pytest.mark.django_db


def address(customer, part=""):
    return f"/customers/{customer.pk}/{part}"


def an_order(customer, number, days_ago, amount="1000"):
    return Order.objects.create(
        number=number,
        customer=customer,
        ordered_on=TODAY - timedelta(days=days_ago),
        amount=Decimal(amount),
        lines_count=1,
        currency="CNY",
        owner_id=customer.owner_id,
    )


def test_a_stranger_gets_a_404_whatever_they_try(web, anhui_tea, chen_jing):
    client = web(chen_jing)
    assert client.get(address(anhui_tea)).status_code == 404
    for part in ("interactions/", "owner/", "plans/"):
        assert client.post(address(anhui_tea, part), {"subject": "x"}).status_code == 404


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_customer_without_any_history_has_a_page(web, anhui_tea, li_wei, language):
    page = web(li_wei, language).get(address(anhui_tea))
    assert page.status_code == 200
    assert "安徽茶业有限公司" in page.content.decode()
    assert ("Not measured yet" if language == "en" else "尚未计算") in page.content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_measured_customer_shows_worth_and_why(web, trading, measure, owner, language):
    measure()
    best = Standing.objects.exclude(score=None).order_by("-score").first()
    text = web(owner, language).get(f"/customers/{best.pk}/").content.decode()
    assert 'class="vbar"' in text
    assert 'class="why-tree root"' in text
    assert f"w=customer.eq.{best.pk}" in text
    assert ("not measured" if language == "en" else "未测量") in text
    assert text.count('class="fig est') >= 4
    scores = (best.recency_score, best.frequency_score, best.monetary_score)
    assert "RFM {}-{}-{}".format(*scores) in text


def test_the_whole_page_takes_as_many_queries_however_much_happened(web, anhui_tea, li_wei):
    client = web(li_wei)

    def queries():
        client.get(address(anhui_tea))
        with CaptureQueriesContext(connection) as counted:
            page = client.get(address(anhui_tea))
        assert b"&lt;" not in page.content  # no text that was meant for the program
        return len(counted)

    _some_of_everything(anhui_tea, li_wei, 2)
    few = queries()
    assert few <= 31
    _some_of_everything(anhui_tea, li_wei, 7)
    assert queries() == few


def _some_of_everything(customer, actor, times):
    rules = current_settings()
    for turn in range(times):
        an_order(customer, f"O-{times}-{turn}", turn)
        log_interaction(customer, "call", "谈了价格", actor=actor, at=NOW)
        create_contact({"customer": customer, "name": "陈立群"}, actor=actor, on=TODAY)
        fields = {"customer": customer, "subject": "报价", "due_on": TODAY}
        plan_follow_up(fields, actor=actor, on=TODAY)
        complete_follow_up(plan_follow_up(fields, actor=actor, on=TODAY), actor=actor, at=NOW)
        run = ValueRun.objects.create(as_of=TODAY, state="failed", value_settings=rules)
        TierMove.objects.create(customer=customer, run=run, moved_on=TODAY, before="B", after="A")


def test_a_contact_is_logged_with_its_next_step(web, anhui_tea, li_wei):
    tomorrow = today_here() + timedelta(days=2)
    answer = web(li_wei).post(
        address(anhui_tea, "interactions/"),
        {"kind": "visit", "text": "看了仓库\n需要报价", "next_on": tomorrow.isoformat()},
    )
    assert answer.status_code == 302
    assert (Interaction.objects.get().channel, Interaction.objects.get().author) == (
        "visit",
        li_wei,
    )
    follow_up = FollowUp.objects.get()
    assert (follow_up.subject, follow_up.due_on) == ("Follow up: 看了仓库", tomorrow)
    page = web(li_wei).get(address(anhui_tea)).content.decode()
    assert "需要报价" in page
    assert "Follow up: 看了仓库" in page


@pytest.mark.parametrize(
    "typed",
    [
        {"kind": "call", "text": "  "},
        {"kind": "call", "text": "谈了", "next_on": "2020-01-01"},
        {"kind": "call", "text": "谈了", "next_on": "soon"},
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(web, anhui_tea, li_wei, typed):
    for headers in ({}, {"HX-Request": "true", "HX-Target": "story"}):
        answer = web(li_wei).post(address(anhui_tea, "interactions/"), typed, headers=headers)
        assert answer.status_code == 422
        assert b'aria-invalid="true"' in answer.content
        assert typed["text"].strip() in answer.content.decode()
    assert not Interaction.objects.exists()
    assert not FollowUp.objects.exists()


def test_saving_by_htmx_answers_with_the_new_story(web, anhui_tea, li_wei):
    answer = web(li_wei).post(
        address(anhui_tea, "interactions/"),
        {"kind": "call", "text": "谈了价格"},
        headers={"HX-Request": "true", "HX-Target": "story"},
    )
    assert "谈了价格" in answer.content.decode()
    assert b"<html" not in answer.content
    assert "toast" in answer["HX-Trigger"]
    assert "follow-up-changed" in answer["HX-Trigger"]


def test_who_only_reads_has_no_composer(web, anhui_tea, analyst):
    page = web(analyst).get(address(anhui_tea))
    assert b'id="composer"' not in page.content
    answer = web(analyst).post(address(anhui_tea, "interactions/"), {"text": "x", "kind": "note"})
    assert answer.status_code == 409


def test_the_timeline_goes_on_where_it_ended_and_shows_everything_once(web, anhui_tea, li_wei):
    for day in range(30):
        an_order(anhui_tea, f"O-{day:03d}", day // 3)
    log_interaction(anhui_tea, "note", "同一天", actor=li_wei, at=NOW)
    client, seen, link = web(li_wei), "", address(anhui_tea)
    for _page in range(4):
        text = client.get(link, headers={"HX-Request": "true", "HX-Target": "older"}).content
        seen += text.decode()
        if b'hx-get="' not in text:
            break
        link = text.decode().split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert [seen.count(f"O-{day:03d}<") for day in range(30)] == [1] * 30
    assert seen.count("同一天") == 1


def test_a_tab_shows_its_own_kind_only(web, anhui_tea, li_wei):
    an_order(anhui_tea, "O-1", 3)
    CostEntry.objects.create(
        customer=anhui_tea,
        activity="visit",
        incurred_on=TODAY,
        amount=100,
        entry_key="c1",
        owner_id=li_wei.pk,
    )
    part = {"HX-Request": "true", "HX-Target": "timeline"}
    orders = web(li_wei).get(address(anhui_tea, "?show=orders"), headers=part).content
    assert b"O-1" in orders
    assert b"Cost to serve:" not in orders
    costs = web(li_wei).get(address(anhui_tea, "?show=costs"), headers=part).content
    assert b"Cost to serve: Visits" in costs


@pytest.mark.parametrize("before", ["x", "20261120~~9~9~9", "20261120~nan~1~1", "99999999~~1~1"])
def test_a_broken_place_in_the_timeline_starts_at_the_top(web, anhui_tea, li_wei, before):
    assert web(li_wei).get(address(anhui_tea, f"?before={before}")).status_code == 200


def test_a_manager_gives_a_customer_away_with_a_reason(web, anhui_tea, manager, li_wei):
    new = {"owner": str(manager.pk), "reason": "换区"}
    answer = web(manager).post(address(anhui_tea, "owner/"), new)
    assert answer.url == address(anhui_tea)
    assert Customer.objects.get().owner == manager
    assert Entry.objects.get(deed="customer.reassigned").reason == "换区"
    assert web(li_wei).get(address(anhui_tea)).status_code == 404


def test_a_salesperson_gives_nobody_away(web, anhui_tea, li_wei, chen_jing):
    assert b'id="owner"' not in web(li_wei).get(address(anhui_tea)).content
    answer = web(li_wei).post(address(anhui_tea, "owner/"), {"owner": str(chen_jing.pk)})
    assert answer.status_code == 403
    assert Customer.objects.get().owner == li_wei


def test_a_colleague_who_left_gets_no_customer(web, anhui_tea, manager, chen_jing):
    chen_jing.is_active = False
    chen_jing.save()
    assert "陈静" not in web(manager).get(address(anhui_tea, "owner/")).content.decode()
    answer = web(manager).post(address(anhui_tea, "owner/"), {"owner": str(chen_jing.pk)})
    assert answer.status_code == 422
    assert b"Choose a colleague who works here." in answer.content


def test_a_follow_up_is_done_put_off_and_undone(web, anhui_tea, li_wei):
    fields = {"customer": anhui_tea, "subject": "报价", "due_on": TODAY}
    follow_up = plan_follow_up(fields, actor=li_wei, on=TODAY)
    client, part = web(li_wei), {"HX-Request": "true"}
    done = client.post(f"/follow-ups/{follow_up.pk}/completion/", headers=part)
    assert f"/follow-ups/{follow_up.pk}/reopening/" in done["HX-Trigger"]
    follow_up.refresh_from_db()
    assert follow_up.done_by == li_wei
    client.post(f"/follow-ups/{follow_up.pk}/reopening/", headers=part)
    client.post(f"/follow-ups/{follow_up.pk}/postponement/", headers=part)
    follow_up.refresh_from_db()
    assert not follow_up.is_done
    assert follow_up.due_on > TODAY
    client.post(f"/follow-ups/{follow_up.pk}/postponement/?to={TODAY.isoformat()}", headers=part)
    follow_up.refresh_from_db()
    assert follow_up.due_on == TODAY


def test_a_colleagues_follow_up_does_not_exist_for_others(web, anhui_tea, li_wei, chen_jing):
    fields = {"customer": anhui_tea, "subject": "报价", "due_on": TODAY}
    follow_up = plan_follow_up(fields, actor=li_wei, on=TODAY)
    for part in ("completion", "reopening", "postponement", "plan", "removal"):
        assert web(chen_jing).post(f"/follow-ups/{follow_up.pk}/{part}/").status_code == 404


def test_a_suggestion_is_planned_and_taken_back(web, anhui_tea, li_wei):
    client = web(li_wei)
    answer = client.post(
        address(anhui_tea, "plans/"), {"subject": "询问订单", "next": address(anhui_tea)}
    )
    assert answer.url == address(anhui_tea)
    client.post(f"/follow-ups/{FollowUp.objects.get().pk}/plan/")
    assert not FollowUp.objects.exists()


def test_nobody_is_led_to_another_site(web, anhui_tea, li_wei):
    elsewhere = {"subject": "x", "next": "https://example.com/"}
    assert web(li_wei).post(address(anhui_tea, "plans/"), elsewhere).url == "/"


@pytest.fixture
def three(anhui_tea, li_wei):
    """B, A and C by name, B the oldest."""
    from kezhi.customers.creating import create_customer

    anhui_tea.delete()
    return [
        create_customer({"name": f"{name} 茶行"}, actor=li_wei, on=TODAY)
        for name in ("B", "A", "C")
    ]


def test_neighbours_are_those_of_the_list_one_came_from(web, three, li_wei):
    b, a, c = three
    came_from = {"Referer": "http://testserver/customers/?sort=name"}
    text = web(li_wei).get(address(b), headers=came_from).content.decode()
    before, after = f'href="/customers/{a.pk}/?in=', f'href="/customers/{c.pk}/?in='
    assert before in text
    assert after in text
    onwards = web(li_wei).get(address(c, "?in=sort%3Dname")).content.decode()
    assert f'href="/customers/{b.pk}/?in=' in onwards
    assert "data-next" not in onwards


@pytest.mark.parametrize(
    "came_from",
    ["http://elsewhere.example/customers/", "http://testserver/value/", "", "http://[broken"],
)
def test_who_came_from_elsewhere_has_no_neighbours(web, three, li_wei, came_from):
    page = web(li_wei).get(address(three[0]), headers={"Referer": came_from})
    assert b"data-next" not in page.content


@pytest.mark.parametrize(
    "query", ["view%3D999", "w%3Dname.contains.zzz", "sort%3Dnonsense", "q%3D%2500"]
)
def test_a_list_that_is_not_there_gives_no_neighbours(web, three, li_wei, query):
    page = web(li_wei).get(address(three[0], f"?in={query}"))
    assert page.status_code == 200
    assert b"data-next" not in page.content


def test_a_customer_served_at_a_loss_is_named_with_the_money(web, anhui_tea, li_wei):
    Standing.objects.filter(customer=anhui_tea).update(contribution_12m=Decimal("-86000"))
    text = web(li_wei).get(address(anhui_tea)).content.decode()
    assert "Served at a loss of ¥86<small>K</small> in 12 months" in text
    assert "Agree on prices or on service that pays" in text


def test_the_page_that_asks_before_a_follow_up_is_deleted_is_there(web, anhui_tea, li_wei):
    client = web(li_wei)
    client.post(address(anhui_tea, "plans/"), {"subject": "询问订单"})
    asked = client.get(f"/follow-ups/{FollowUp.objects.get().pk}/removal/")
    assert asked.status_code == 200
    assert "询问订单" in asked.content.decode()
