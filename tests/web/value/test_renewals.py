"""Renewals: who renews, what hangs on it, whom it shows, and what is lacking for a forecast."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY, today_here
from kezhi.accounts.models import User
from kezhi.customers.creating import create_customer
from kezhi.customers.models import FollowUp
from kezhi.insight import renewing
from kezhi.insight.exempting import exempt_customer
from kezhi.ledger.contracting import DEEDS
from kezhi.ledger.models import Contract
from kezhi.value.potential.contract import SBG
from kezhi.web.value import renewals

pytestmark = pytest.mark.django_db
PAGE = "/value/renewals/"
YEAR = 365


def many(customer, state, renewals, count, *, days=-30, months=12, amount=1000, since=0):
    """Contracts alike; `days` from today to the last agreed one."""
    ends_on = today_here() + timedelta(days=days)
    at = Contract.objects.count()
    return Contract.objects.bulk_create(
        Contract(
            customer=customer,
            number=f"HT-{at + place:04}",
            title="冷库保养",
            starts_on=ends_on - timedelta(days=YEAR),
            ends_on=ends_on,
            period_months=months,
            amount=Decimal(amount),
            currency="CNY",
            state=state,
            renewed_before=since,
            renewals=renewals,
            ended_on=None if state == "running" else ends_on,
            **customer.place,
        )
        for place in range(count)
    )


@pytest.fixture
def history(anhui_tea):
    """Of 40 contracts 10 weren't renewed the first time, 4 the second; two are due soon, one in half a year."""
    many(anhui_tea, "lost", 0, 10)
    many(anhui_tea, "lost", 1, 4)
    many(anhui_tea, "ended", 2, 23)
    many(anhui_tea, "running", 2, 1, days=20, amount=50_000)
    many(anhui_tea, "running", 2, 1, days=60, amount=20_000)
    many(anhui_tea, "running", 1, 1, days=180, amount=90_000)
    return anhui_tea


@pytest.fixture
def found(history, owner):
    return renewing.renewing(owner, on=today_here())


def test_before_the_first_contract_it_says_what_to_do(web, company, owner):
    text = web(owner).get(PAGE).content.decode()
    assert "No contracts yet" in text
    assert "/imports/?kind=contract" in text
    assert 'href="/contracts/new/"' in text


def test_what_was_seen_stands_beside_what_is_expected(found):
    steps = renewing.steps(found, found.lengths[0])
    assert [(step.came, step.renewed) for step in steps[:2]] == [(40, 30), (29, 25)]
    assert steps[0].low < steps[0].rate < steps[0].high
    assert steps[0].expected == pytest.approx(0.75, abs=0.03)
    assert steps[-1].rate is None
    assert steps[-1].expected_low < steps[-1].expected < steps[-1].expected_high
    assert found.lengths[0].chosen.is_weak  # 14 lost ones are few


def test_sums_are_those_of_the_contracts(found):
    sums = found.sums
    assert (sums.contracts, sums.due_soon, sums.due_year) == (3, 2, 3)
    assert (sums.due_soon_amount, sums.due_year_amount) == (70_000, 160_000)
    assert sums.residual == pytest.approx(sum(each.residual for each in found.due))
    assert 0 < sums.soon < sums.year < sums.residual
    soon = [each for each in found.due if each.days <= 91]
    lost = sum(each.if_renewed - each.residual for each in soon)
    assert sums.soon == pytest.approx(lost)


def test_a_contract_is_worth_what_the_model_says(found):
    due = found.due[0]
    model = found.lengths[0].chosen.model
    assert isinstance(model, SBG)
    derl = float(model.derl(2, 0.10))
    expected = 50_000 * 0.30 * derl * 1.1 ** (-20 / 365.25)
    assert due.residual == pytest.approx(expected)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_it_names_money_reasons_and_a_next_step(web, history, owner, language):
    text = web(owner, language).get(PAGE).content.decode()
    assert history.name in text
    assert f'action="/customers/{history.pk}/plans/"' in text
    assert 'data-chart="lines"' in text
    if language == "en":
        assert "Up for renewal in" in text
        assert "pass renewal 3" in text
        assert "hangs on" in text
        assert "Few contracts ended" in text
        assert text.count("expected after it") == 2


def test_the_list_is_by_value_at_risk_and_its_tabs_answer(web, history, owner):
    many(history, "running", 0, 1, days=-5, amount=10)
    shown = web(owner).get(PAGE).content.decode()
    places = [
        shown.index(f'id="due-{Contract.objects.get(amount=amount).pk}"')
        for amount in (50_000, 20_000, 10)
    ]
    assert places == sorted(places)
    overdue = web(owner).get(PAGE, {"show": "overdue"}).content.decode()
    assert "isn’t noted" in overdue
    assert overdue.count('id="due-') == 1
    assert web(owner).get(PAGE, {"show": "year"}).content.decode().count('id="due-') == 4
    for shown in ("nonsense", "open"):
        page = web(owner).get(PAGE, {"show": shown, "after": "9" * 30, "months": "9" * 30})
        assert page.status_code == 200


def test_what_is_planned_shows_instead_of_the_button(web, history, owner):
    plans = f"/customers/{history.pk}/plans/"
    answer = web(owner).post(plans, {"subject": "Ask", "next": PAGE})
    assert answer.url == PAGE
    assert FollowUp.objects.get().subject == "Ask"
    assert f'action="{plans}"' not in web(owner).get(PAGE).content.decode()
    assert 'id="due-' not in web(owner).get(PAGE, {"show": "open"}).content.decode()


def test_the_list_alone_is_fetched_anew(web, history, owner):
    part = web(owner).get(PAGE, headers={"HX-Request": "true", "HX-Target": "due"})
    assert part.content.strip().startswith(b'<section id="due"')


def test_long_lists_come_in_pages(web, history, owner, monkeypatch):
    monkeypatch.setattr(renewals, "PAGE", 1)
    first = web(owner).get(PAGE).content.decode()
    assert first.count('id="due-') == 1
    largest = Contract.objects.get(amount=50_000)
    assert f"after={largest.pk}" in first
    second = web(owner).get(PAGE, {"after": largest.pk}).content.decode()
    assert f'id="due-{Contract.objects.get(amount=20_000).pk}"' in second


def test_one_sees_their_own_by_the_model_of_all(web, history, chen_jing, owner):
    hers = create_customer({"name": "黄山茶社"}, actor=chen_jing, on=TODAY)
    many(hers, "running", 2, 1, days=20, amount=50_000)
    text = web(chen_jing).get(PAGE).content.decode()
    assert history.name not in text
    assert "黄山茶社" in text
    mine = renewing.renewing(chen_jing, on=today_here())
    assert mine.lengths[0].contracts == 1
    assert mine.sums.contracts == 1
    whole = renewing.renewing(owner, on=today_here())
    same = next(each for each in whole.due if each.customer_id == hers.pk)
    assert mine.due[0].residual == pytest.approx(same.residual)


def test_who_may_not_is_refused(web, history):
    person = User.objects.create(login="guest", name="客人")
    assert web(person).get(PAGE).status_code == 403
    assert web(person).get(f"/customers/{history.pk}/contract-value/").status_code == 403


def test_contracts_of_another_length_have_a_model_of_their_own(history, owner):
    many(history, "lost", 0, 9, months=1)
    many(history, "lost", 3, 9, months=1)
    many(history, "running", 3, 5, months=1, days=10)
    found = renewing.renewing(owner, on=today_here())
    assert [each.months for each in found.lengths] == [12, 1]
    yearly, monthly = (each.chosen.model.parameters for each in found.lengths)
    assert yearly != monthly
    assert found.of(1).months == 1


@pytest.mark.parametrize(
    ("states", "lacking", "words"),
    [
        ([("running", 2)], "none_lost", "was lost yet"),
        ([("running", 0), ("lost", 0)], "too_early", "second renewal"),
    ],
)
def test_without_a_model_it_says_what_is_lacking_and_lists_what_is_due(
    web, anhui_tea, owner, states, lacking, words
):
    for state, times in states:
        many(anhui_tea, state, times, 3, days=20)
    found = renewing.renewing(owner, on=today_here())
    assert found.lengths[0].lacking == lacking
    assert found.due[0].residual is None
    text = web(owner).get(PAGE).content.decode()
    assert words in text
    assert text.count('id="due-') == 3


def test_a_contract_renewed_by_another_counts_as_renewed_once(anhui_tea, owner):
    many(anhui_tea, "renewed", 0, 5)
    many(anhui_tea, "lost", 1, 5, since=1)
    data = renewing.renewing(owner, on=today_here()).seen[12]
    assert data.reached.tolist() == [5, 5]
    assert data.ended.tolist() == [0, 5]


def test_who_is_exempt_is_not_foretold(web, history, owner):
    exempt_customer(history, actor=owner, on=today_here(), reason="asked")
    found = renewing.renewing(owner, on=today_here())
    assert found.sums.due_soon == 2
    assert (found.sums.foretold, found.due[0].residual) == (0, None)
    assert 'id="due-' not in web(owner).get(PAGE).content.decode()
    page = web(owner).get(f"/customers/{history.pk}/contract-value/").content.decode()
    assert "exempt from automated judgement" in page


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_customer_s_contracts_are_explained(web, history, owner, language):
    address = f"/customers/{history.pk}/contract-value/"
    page = web(owner, language).get(f"/customers/{history.pk}/").content.decode()
    assert address in page
    text = web(owner, language).get(address).content.decode()
    assert "DERL" in text
    assert text.count("HT-00") >= 3
    other = create_customer({"name": "乙公司"}, actor=owner, on=TODAY)
    assert web(owner).get(f"/customers/{other.pk}/contract-value/").status_code == 404
    assert "/contract-value/" not in web(owner).get(f"/customers/{other.pk}/").content.decode()


def test_nobody_opens_the_contracts_of_others(web, history, chen_jing):
    assert web(chen_jing).get(f"/customers/{history.pk}/contract-value/").status_code == 404


def test_queries_do_not_grow_with_the_contracts(web, history, owner):
    def asked():
        with CaptureQueriesContext(connection) as caught:
            web(owner).get(PAGE)
        return len(caught)

    asked()
    few = asked()
    for place in range(6):
        customer = create_customer({"name": f"客户 {place}"}, actor=owner, on=TODAY)
        many(customer, "running", 1, 3, days=15)
    assert asked() == few


def test_a_renewal_makes_the_next_one_more_probable(history, li_wei, owner):
    contract = Contract.objects.get(amount=50_000)
    before = renewing.of_customer(owner, history.pk, on=today_here()).due[0]
    contract.starts_on = contract.ends_on - timedelta(days=3 * YEAR)
    contract.save()
    DEEDS.edit(
        contract, {"ends_on": contract.ends_on + timedelta(days=YEAR)}, actor=li_wei, on=TODAY
    )
    found = renewing.of_customer(owner, history.pk, on=today_here()).due
    after = next(each for each in found if each.contract_id == contract.pk)
    assert after.p_renew > before.p_renew
