"""Lost customers: worth winning back or let go, the cause that people note, and the rules."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kezhi.accounts.models import User
from kezhi.audit.models import Entry
from kezhi.insight.models import Loss, LostCustomer, WinBackRules
from kezhi.web.value import win_back

pytestmark = pytest.mark.django_db
PAGE, RULES = "/value/win-back/", "/value/win-back/rules/"


@pytest.fixture
def measured(trading, measure):
    return measure()


@pytest.fixture
def lost(measured):
    return LostCustomer.objects.filter(verdict="worth_it").order_by("-gain").first()


def loss_of(lost):
    return f"/customers/{lost.pk}/loss/"


def rules(**changes):
    given = {f"chance-{cause}": "20" for cause in win_back.losing.CAUSES}
    given |= {"otherwise": "10", "least_recoverability": "2", "half_life_months": "12"}
    given |= {
        "cost_of_attempt": "300",
        "cost_if_accepted": "0",
        "least_gain": "0",
        "reason": "年度",
    }
    return given | changes


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_it_says_whom_to_win_back_with_the_sum(web, lost, owner, language):
    text = web(owner, language).get(PAGE).content.decode()
    assert lost.customer.name in text
    assert "% ×" in text
    assert loss_of(lost) in text
    if language == "en":
        assert "worth winning back: attempts would bring" in text


def test_each_tab_answers(web, measured, owner):
    for shown in (*win_back.SHOWN, "nonsense"):
        assert web(owner).get(PAGE, {"show": shown, "after": "1"}).status_code == 200, shown


def test_a_cause_noted_in_the_list_changes_the_verdict(web, lost, owner):
    answer = web(owner).post(loss_of(lost), {"cause": "insolvent", "next": PAGE})
    assert answer.url == PAGE
    lost.refresh_from_db()
    assert lost.verdict == "not_recoverable"
    assert Entry.objects.filter(deed="customer.loss_noted", actor_id=owner.pk).exists()
    told = web(owner).get(loss_of(lost)).content.decode()
    assert "Hardly anybody comes back after that" in told
    web(owner).post(loss_of(lost), {"cause": ""})
    assert not Loss.objects.exists()


def test_what_makes_no_sense_is_said(web, lost, owner):
    assert web(owner).post(loss_of(lost), {"cause": "weather"}).status_code == 422
    assert web(owner).post(loss_of(lost), {"cause": ""}).status_code == 409
    assert not Loss.objects.exists()


def test_a_stranger_finds_nothing_and_who_may_only_read_changes_nothing(
    web, lost, analyst, chen_jing, li_wei
):
    stranger = chen_jing if lost.customer.owner_id == li_wei.pk else li_wei
    assert web(stranger).get(loss_of(lost)).status_code == 404
    assert web(stranger).post(loss_of(lost), {"cause": "price"}).status_code == 404
    assert web(analyst).post(loss_of(lost), {"cause": "price"}).status_code == 403
    guest = User.objects.create(login="guest", name="客人")
    assert web(guest).get(PAGE).status_code == 403
    assert not Loss.objects.exists()


def test_rules_are_published_by_owners_with_what_is_wrong_at_its_field(
    web, measured, owner, li_wei
):
    assert web(li_wei).get(RULES).status_code == 403
    assert b'name="chance-price"' in web(owner).get(RULES).content
    wrong = web(owner).post(RULES, rules(**{"chance-price": "150", "reason": ""}))
    assert wrong.status_code == 422
    assert wrong.content.count(b'aria-invalid="true"') == 2
    assert web(owner).post(RULES, rules()).status_code == 302
    assert WinBackRules.objects.get().rules["cost_of_attempt"] == 300
    assert web(owner).post(RULES, rules()).status_code == 409
    assert b"The rules have changed since" in web(owner).get(PAGE).content


def test_what_is_no_finite_number_is_refused_at_its_field(web, company, owner):
    given = {"chance-price": "nan", "cost_of_attempt": "inf", "half_life_months": "1e999999999"}
    wrong = web(owner).post(RULES, rules(**given))
    assert wrong.status_code == 422
    assert wrong.content.count(b'aria-invalid="true"') == 3
    assert not WinBackRules.objects.exists()


def test_queries_do_not_grow_with_the_rows(web, measured, owner, monkeypatch):
    def asked(rows):
        monkeypatch.setattr(win_back, "PAGE", rows)
        with CaptureQueriesContext(connection) as caught:
            web(owner).get(PAGE, {"show": "unexplained"})
        return len(caught)

    asked(1)
    assert asked(1) == asked(8)
