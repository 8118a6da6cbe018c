"""The work list of value at risk, and how long customers stay."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kezhi.accounts.models import User
from kezhi.customers.models import Customer, FollowUp
from kezhi.insight import figures
from kezhi.insight.figures import work_list
from kezhi.web.value import at_risk

pytestmark = pytest.mark.django_db
PAGE, STAYING = "/value/at-risk/", "/value/at-risk/survival/"


@pytest.fixture
def measured(trading, measure):
    return measure()


def test_before_the_first_run_it_says_what_to_do(web, company, owner):
    page = web(owner).get(PAGE)
    assert b"Not measured yet" in page.content
    assert b"Nothing to tell yet" in web(owner).get(STAYING).content


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_it_names_customers_reasons_money_and_a_next_step(web, measured, owner, language):
    basis = figures.basis()
    first = work_list.work_list(owner, basis, on=measured.as_of, limit=1)[0].risk
    text = web(owner, language).get(PAGE).content.decode()
    assert first.name in text
    assert f'action="/customers/{first.customer_id}/plans/"' in text
    assert "80%" in text
    if language == "en":
        assert "Usually orders every" in text
        assert "if they buy again" in text


def test_a_reason_taken_up_becomes_a_follow_up_and_shows_as_planned(web, measured, owner):
    found = work_list.work_list(owner, figures.basis(), on=measured.as_of, limit=1)[0]
    plans = f"/customers/{found.customer_id}/plans/"
    answer = web(owner).post(plans, {"subject": "Ask", "next": PAGE})
    assert answer.url == PAGE
    assert FollowUp.objects.get().subject == "Ask"
    text = web(owner).get(PAGE).content.decode()
    assert f'action="{plans}"' not in text


def test_each_tab_answers(web, measured, owner):
    for shown in (*at_risk.SHOWN, "nonsense"):
        page = web(owner).get(PAGE, {"show": shown, "after": "9" * 30})
        assert page.status_code == 200, shown


def test_long_lists_come_in_pages(web, measured, owner, monkeypatch):
    monkeypatch.setattr(at_risk, "PAGE", 2)
    every = work_list.work_list(owner, figures.basis(), on=measured.as_of, limit=99)
    text = web(owner).get(PAGE).content.decode()
    assert every[1].risk.name in text
    assert every[2].risk.name not in text
    after = f"after={every[1].customer_id}"
    assert after in text
    assert every[2].risk.name in web(owner).get(f"{PAGE}?{after}").content.decode()


def test_the_list_alone_is_fetched_anew(web, measured, owner):
    part = web(owner).get(PAGE, headers={"HX-Request": "true", "HX-Target": "work"})
    assert part.content.strip().startswith(b'<section id="work"')


def test_how_long_they_stay_has_finding_picture_and_numbers(web, measured, owner):
    for by in at_risk.BY:
        text = web(owner).get(STAYING, {"by": by}).content.decode()
        assert "How long customers stay" in text
        assert 'data-chart="lines"' in text
        assert "Kaplan" in text


def test_one_sees_their_own_and_who_may_not_is_refused(web, measured, chen_jing):
    hers = web(chen_jing).get(PAGE).content.decode()
    others = Customer.objects.exclude(owner=chen_jing).values_list("name", flat=True)
    assert "Your own customers" in hers
    assert not [name for name in others if f">{name}<" in hers]
    person = User.objects.create(login="guest", name="客人")
    assert web(person).get(PAGE).status_code == 403
    assert web(person).get(STAYING).status_code == 403


def test_queries_do_not_grow_with_the_rows(web, measured, owner, monkeypatch):
    def asked(rows):
        monkeypatch.setattr(at_risk, "PAGE", rows)
        with CaptureQueriesContext(connection) as caught:
            web(owner).get(PAGE)
        return len(caught)

    asked(1)
    assert asked(1) == asked(8)
