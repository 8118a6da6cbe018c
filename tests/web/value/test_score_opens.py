"""Every index of a score shows its figure and leads to what it rests on."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from cast import TODAY
from insight.surveyed import nps_survey, respond
from kezhi.insight import figures
from kezhi.insight.ruling import current_settings, publish_value_settings
from kezhi.service.models import Complaint, SuccessPlan, Ticket
from kezhi.value.index.tree import Branch, IndexTree, Leaf
from kezhi.value.measure import Settings

pytestmark = pytest.mark.django_db
LEAVES = (
    Leaf("contribution", 0.4, "contribution_12m"),
    Leaf("satisfaction", 0.2, "satisfaction"),
    Leaf("reputation", 0.2, "reputation"),
    Leaf("complaints", 0.1, "complaints", direction="cost"),
    Leaf("plans", 0.1, "success_health"),
)


@pytest.fixture
def measured(trading, measure, owner):
    """C-004 answered 90 and 8, complained twice, and is half-way to its goal; others differ from it."""
    tree = IndexTree((Branch("all", 1.0, LEAVES),))
    rules = replace(Settings.from_json(current_settings().rules), tree=tree).as_json()
    publish_value_settings(rules, actor=owner, on=TODAY, reason="What customers experience")
    survey = nps_survey()
    for place, customer in enumerate(trading[3:30]):
        respond(survey, customer, {"nps": place % 11}, score=(place % 11) * 10)
    for number, customer in enumerate([trading[4], trading[4], *trading[10:15] * 4]):
        at = datetime.combine(TODAY, time(3), UTC)
        ticket = Ticket.objects.create(
            number=f"T-{number}", subject="?", customer=customer, opened_at=at, **customer.place
        )
        Complaint.objects.create(
            ticket=ticket, customer=customer, step_since=at, opened_at=at, **customer.place
        )
    for place, customer in enumerate(trading[4:10]):
        SuccessPlan.objects.create(
            customer=customer,
            goal="少缺货",
            health=50 + place,
            manager=owner,
            begun_on=TODAY,
            reach_by=TODAY + timedelta(days=90),
            **customer.place,
        )
    measure()
    return trading


def leaves_of(actor, customer):
    found = figures.explanation(actor, customer.pk, figures.basis())
    return {leaf.name: leaf for branch in found.branches for leaf in branch.leaves}


def test_figures_that_no_snapshot_keeps_come_from_the_index_itself(measured, owner):
    leaves = leaves_of(owner, measured[5])  # the third who answered: 2 of 10
    assert leaves["satisfaction"].raw == pytest.approx(20, abs=0.01)
    assert (leaves["satisfaction"].unit, leaves["satisfaction"].cut) == ("points", "")
    assert leaves["reputation"].raw == pytest.approx(20, abs=0.01)
    assert leaves["complaints"].raw == pytest.approx(0)
    assert leaves_of(owner, measured[4])["complaints"].raw == pytest.approx(2)
    assert leaves["plans"].raw == pytest.approx(51, abs=0.01)
    assert leaves_of(owner, measured[40])["plans"].raw is None


def test_what_was_cut_off_says_so(measured, owner):
    least = leaves_of(owner, measured[3])["satisfaction"]
    most = leaves_of(owner, measured[13])["satisfaction"]
    assert (least.cut, most.cut) == ("<", ">")
    assert (least.raw, most.raw) == (0, 100)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_each_leads_to_its_records(web, measured, owner, language):
    customer = measured[5]
    text = web(owner, language).get(f"/customers/{customer.pk}/").content.decode()
    score = text.split('class="scoretree')[1] if 'class="scoretree' in text else text
    for address in ("survey-responses", "complaints", "success-plans"):
        assert f"/{address}/?w=customer.eq.{customer.pk}" in score, address
    assert ("20 of 100" if language == "en" else "20（满分 100）") in score
