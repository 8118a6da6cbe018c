"""The pages of influence: lists, rules, and what a customer's page and network say."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from insight.test_influencing import related
from kezhi.insight.influence_rules import influence_policy
from kezhi.insight.models import InfluenceRules

pytestmark = pytest.mark.django_db
PAGE = "/value/influence/"
RULES = "/value/influence/rules/"


@pytest.fixture
def measured(trading, measure):
    """Li Wei's 4 brought his 5 and Chen Jing's 6; 5 brought his 7."""
    related(trading[4], trading[5])
    related(trading[4], trading[6])
    related(trading[5], trading[7], since=TODAY - timedelta(days=400))
    measure()
    return trading


def test_before_the_first_run_and_without_relations_it_says_what_to_do(
    web, trading, measure, owner
):
    assert b"Not measured yet" in web(owner).get(PAGE).content
    measure()
    for shown in ("referrals", "network", "information", "nonsense"):
        assert web(owner).get(PAGE, {"show": shown}).status_code == 200
    assert b"No relations yet" in web(owner).get(PAGE).content


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_it_lists_who_brings_others(web, measured, owner, language):
    text = web(owner, language).get(PAGE).content.decode()
    assert text.index(measured[4].name) < text.index(measured[5].name)
    assert web(owner).get(PAGE, {"show": "network"}).content.count(b"/network/") == 4


def test_a_teammate_sees_no_stranger_in_it(web, measured, li_wei, chen_jing):
    text = web(li_wei).get(PAGE).content.decode()
    assert measured[4].name in text
    assert measured[6].name not in text
    assert measured[4].name not in web(chen_jing).get(PAGE).content.decode()


def test_a_page_takes_as_many_queries_for_many_as_for_few(web, measured, measure, owner):
    client = web(owner)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    for elder, younger in zip(measured[10:30], measured[31:51], strict=True):
        related(elder, younger)
    measure()
    with CaptureQueriesContext(connection) as many:
        client.get(PAGE)
    assert len(many) <= len(few)


def test_the_page_of_a_customer_says_what_came_through_it(web, measured, owner, li_wei):
    text = web(owner).get(f"/customers/{measured[4].pk}/").content.decode()
    assert "Brought 2 customers" in text
    assert (
        "Brought 1 customer," in web(li_wei).get(f"/customers/{measured[4].pk}/").content.decode()
    )
    assert "brought nobody yet" in web(owner).get(f"/customers/{measured[20].pk}/").content.decode()


def test_the_network_shows_values_to_those_who_may_know_them(web, measured, owner):
    text = web(owner).get(f"/customers/{measured[4].pk}/network/").content.decode()
    assert "What comes through whom" in text
    assert "own value" in text


def test_rules_are_published_by_the_owner_with_a_reason(web, company, owner, li_wei):
    client = web(owner)
    given = {
        **{name: f"{number:g}" for name, number in influence_policy().as_json().items()},
        "share_anyway": "40",
        "generation_decay": "50",
        "reward": "1,000",
    }
    assert client.post(RULES, {**given, "reason": ""}).status_code == 422
    assert client.post(RULES, {**given, "reward": "x", "reason": "a"}).status_code == 422
    assert client.post(RULES, {**given, "reason": "转介绍政策"}).status_code == 302
    assert influence_policy().reward == 1000
    assert influence_policy().share_anyway == 0.4
    assert client.post(RULES, {**given, "reason": "again"}).status_code == 409
    assert client.get(RULES, {"version": InfluenceRules.objects.get().pk}).status_code == 200
    assert web(li_wei).get(RULES).status_code == 403
    assert InfluenceRules.objects.count() == 1
