"""Today: what to do first, by the value that hangs on it, in sentences that fit the number."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override
from markupsafe import Markup

from cast import NOW, today_here
from kezhi.customers.following_up import complete_follow_up, log_interaction, plan_follow_up
from kezhi.customers.models import Contact, Customer, Standing
from kezhi.web.today.finding import finding, greeting
from kezhi.web.today.work import Action, Work

pytestmark = pytest.mark.django_db


def read(sentence):
    return " ".join(Markup(sentence).striptags().split())


def some_work(*worths, due=0, done=0):
    actions = tuple(
        Action(place, "A", "", "", worth, None, "") for place, worth in enumerate(worths)
    )
    return Work(actions, due, 0, done, None)


@pytest.mark.parametrize(
    ("work", "english", "chinese"),
    [
        (
            some_work(860_000.0),
            "Do 1 thing first, and you can hold ¥860K of customer value",
            "先做前 1 件事，能守住 ¥86 万客户价值",
        ),
        (
            some_work(860_000.0, 720_000.0, 280_000.0, 190_000.0),
            "Do 3 things first, and you can hold ¥1.86M of customer value",
            "先做前 3 件事，能守住 ¥186 万客户价值",
        ),
        (some_work(0.0, due=1), "1 follow-up is due today", "今天有 1 条跟进到期"),
        (some_work(None, due=2), "2 follow-ups are due today", "今天有 2 条跟进到期"),
        (
            some_work(done=1),
            "All done: 1 follow-up finished today",
            "今天的事都做完了，完成 1 条跟进",
        ),
        (
            some_work(done=5),
            "All done: 5 follow-ups finished today",
            "今天的事都做完了，完成 5 条跟进",
        ),
        (some_work(), "Today", "今日"),
    ],
)
def test_the_sentence_fits_the_number(work, english, chinese):
    with override("en"):
        assert read(finding(work)) == english
    with override("zh-hans"):
        assert read(finding(work)) == chinese


@pytest.mark.parametrize(
    ("hour", "told"),
    [(4, "Good evening"), (9, "Good morning"), (14, "Good afternoon"), (20, "Good evening")],
)
def test_the_greeting_goes_by_the_clock(hour, told):
    with override("en"):
        assert greeting(hour, "李伟") == f"{told}, 李伟"


def test_first_use_says_what_to_import(web, owner):
    page = web(owner).get("/")
    assert b"No customers yet" in page.content
    assert b'href="/imports/"' in page.content


def test_with_nothing_to_do_there_is_praise(web, anhui_tea, li_wei):
    today = today_here()
    fields = {"customer": anhui_tea, "subject": "报价", "due_on": today}
    done = plan_follow_up(fields, actor=li_wei, on=today)
    complete_follow_up(done, actor=li_wei, at=timezone.now())
    page = web(li_wei).get("/")
    assert b"You finished 1 follow-up today." in page.content


def test_what_is_due_stands_there_and_goes_when_done(web, anhui_tea, li_wei):
    today = today_here()
    fields = {"customer": anhui_tea, "subject": "回访报价", "due_on": today - timedelta(days=1)}
    follow_up = plan_follow_up(fields, actor=li_wei, on=today)
    client, part = web(li_wei), {"HX-Request": "true", "HX-Target": "work"}
    assert "回访报价" in client.get("/", headers=part).content.decode()
    client.post(f"/follow-ups/{follow_up.pk}/completion/", headers=part)
    assert "回访报价" not in client.get("/", headers=part).content.decode()


def test_what_comes_within_a_week_stands_aside(web, anhui_tea, li_wei):
    today = today_here()
    for subject, days in (("下周签约", 3), ("很久以后", 30)):
        due_on = today + timedelta(days=days)
        fields = {"customer": anhui_tea, "subject": subject, "due_on": due_on}
        plan_follow_up(fields, actor=li_wei, on=today)
    text = web(li_wei).get("/").content.decode()
    assert "下周签约" in text
    assert "很久以后" not in text


@pytest.fixture
def endangered(trading, measure):
    """Three of Li Wei's customers who may be leaving, the first with the most at stake."""
    run = measure()
    Standing.objects.update(p_alive=0.9)
    known = Customer.objects.filter(owner__login="liwei").order_by("pk")[:3]
    for place, customer in enumerate(known):
        Standing.objects.filter(customer=customer).update(
            run_id=run.pk,
            tier="A",
            p_alive=0.4,
            p_alive_before=0.8,
            value_at_risk=90_000 - 30_000 * place,
            overdue_ratio=2.5,
            occasions=9,
            last_order_on=run.as_of - timedelta(days=50),
        )
    return list(known)


def test_customers_at_risk_are_ranked_with_reason_and_money(web, endangered, li_wei):
    text = read(web(li_wei).get("/").content.decode())
    places = [text.index(f"Win back {customer.name}:") for customer in endangered]
    assert places == sorted(places)
    assert "hold ¥180K of customer value" in text
    assert "no order for 2.5 times the usual interval" in text
    assert "Usually orders every 20 days; the last order was 50 days ago." in text


def test_a_stranger_is_not_told_of_them(web, endangered, chen_jing):
    text = web(chen_jing).get("/").content.decode()
    assert not any(f"Win back {customer.name}:" in text for customer in endangered)


def test_who_was_contacted_or_planned_is_not_named_again(web, endangered, li_wei):
    today = today_here()
    log_interaction(endangered[0], "call", "谈了", actor=li_wei, at=timezone.now())
    fields = {"customer": endangered[1], "subject": "拜访", "due_on": today + timedelta(days=2)}
    plan_follow_up(fields, actor=li_wei, on=today)
    text = web(li_wei).get("/").content.decode()
    named = [f"Win back {customer.name}:" in text for customer in endangered]
    assert named == [False, False, True]


def test_an_old_contact_protects_nobody(web, endangered, li_wei):
    log_interaction(endangered[0], "call", "谈了", actor=li_wei, at=NOW - timedelta(days=400))
    assert f"Win back {endangered[0].name}:" in web(li_wei).get("/").content.decode()


def test_who_has_hardly_anything_at_stake_is_left_in_peace(web, endangered, li_wei):
    Standing.objects.filter(customer=endangered[2]).update(value_at_risk=200)
    assert f"Win back {endangered[2].name}:" not in web(li_wei).get("/").content.decode()


def test_the_person_to_call_is_one_press_away(web, endangered, li_wei):
    Contact.objects.create(
        customer=endangered[0], name="陈立群", phone="138 0000 6027", owner_id=li_wei.pk
    )
    assert b'href="tel:13800006027"' in web(li_wei).get("/").content


def test_queries_stay_the_same_however_much_there_is(web, endangered, li_wei):
    client, today = web(li_wei), today_here()

    def queries():
        client.get("/")
        with CaptureQueriesContext(connection) as counted:
            client.get("/")
        return len(counted)

    def promise(times):
        for turn in range(times):
            fields = {"customer": endangered[0], "subject": f"报价 {turn}", "due_on": today}
            plan_follow_up(fields, actor=li_wei, on=today)
            ahead = {**fields, "due_on": today + timedelta(days=2)}
            plan_follow_up(ahead, actor=li_wei, on=today)

    promise(1)
    few = queries()
    promise(6)
    assert queries() == few
