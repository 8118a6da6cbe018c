"""RFM by the company's own parts and weights, and the days between purchases."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import Refused
from kezhi.customers.models import Standing
from kezhi.insight import figures, rhythm
from kezhi.insight.rhythm import find_rhythm_and_intervals
from kezhi.insight.ruling import InvalidRules, current_settings, publish_value_settings
from kezhi.ledger.models import OrderLine
from kezhi.value.measure import Settings
from kezhi.value.rfm import RFMSettings

pytestmark = pytest.mark.django_db


def publish(owner, **rfm):
    rules = replace(Settings.from_json(current_settings().rules), rfm=RFMSettings(**rfm))
    return publish_value_settings(rules.as_json(), actor=owner, on=TODAY, reason="Three parts do")


def test_a_run_divides_buyers_into_as_many_parts_as_the_company_says(trading, measure, owner):
    measure()
    basis = figures.basis()
    assert figures.rfm(SYSTEM, basis).bins == 5
    publish(owner, bins=3)
    assert figures.rfm_rules(basis.run).bins == 5  # the run keeps the rules it was made by
    measure()
    picture = figures.rfm(SYSTEM, figures.basis())
    assert (picture.bins, len(picture.cells)) == (3, 9)
    bought = Standing.objects.exclude(recency_score=None)
    scores = set(bought.values_list("recency_score", flat=True))
    assert scores == {1, 2, 3}
    counts = [bought.filter(recency_score=score).count() for score in (1, 2, 3)]
    assert max(counts) - min(counts) <= 3
    assert picture.measured == bought.count()
    best = [cell for cell in picture.cells if (cell.recency, cell.frequency) == (3, 3)]
    assert picture.best == tuple(best)


def test_the_weights_make_the_score_of_a_customer(web, trading, measure, owner):
    publish(owner, bins=5, weights=(0.0, 0.0, 2.0))
    measure()
    standing = Standing.objects.filter(monetary_score=4).exclude(recency_score=4).first()
    text = web(owner).get(f"/customers/{standing.pk}/").content.decode()
    assert "Together 75 of 100" in text


@pytest.mark.parametrize(
    ("rfm", "where"),
    [
        ({"bins": 10, "weights": [1, 1, 1]}, "rfm.bins"),
        ({"bins": 1, "weights": [1, 1, 1]}, "rfm.bins"),
        ({"bins": 2.5, "weights": [1, 1, 1]}, "rfm.bins"),
        ({"bins": 5, "weights": [1, -1, 1]}, "rfm.weights.1"),
        ({"bins": 5, "weights": [0, 0, 0]}, "rfm.weights.0"),
    ],
)
def test_rules_that_cannot_be_are_refused(company, owner, rfm, where):
    rules = Settings().as_json() | {"rfm": rfm}
    with pytest.raises(InvalidRules) as invalid:
        publish_value_settings(rules, actor=owner, on=TODAY, reason="x")
    assert set(invalid.value.errors) == {where}


def test_a_version_from_before_holds_the_usual_ones(company, owner):
    held = current_settings()
    held.rules.pop("rfm", None)
    held.save()
    with pytest.raises(Refused):
        publish(owner)


def test_days_between_purchases_are_counted_and_kept(trading, measure):
    measure()
    found = rhythm.kept_intervals(figures.basis())
    days = {}
    for pk, day in OrderLine.objects.filter(amount__gt=0).values_list("customer", "ordered_on"):
        days.setdefault(pk, set()).add(day)
    gaps = [
        (later - earlier).days
        for own in days.values()
        for earlier, later in zip(sorted(own), sorted(own)[1:], strict=False)
    ]
    assert found.whole == len(gaps)
    assert found.counts[0] == sum(gap <= 7 for gap in gaps)
    assert found.counts[2] == sum(14 < gap <= 30 for gap in gaps)
    assert found.counts[-1] == sum(gap > 365 for gap in gaps)
    assert found.median == np.median(gaps)


def test_who_never_came_back_leaves_no_interval():
    day = TODAY - timedelta(days=3)
    lines = {"customer": [1, 2, 3], "day": [day, day, TODAY], "amount": [5.0, 5.0, -5.0]}
    assert find_rhythm_and_intervals(pa.table(lines))[1] is None


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_shows_them_to_who_sees_all(web, trading, measure, owner, li_wei, language):
    measure()
    page = "/value/at-risk/survival/"
    text = web(owner, language).get(page).content.decode()
    section = text.split('id="intervals"')[1].split("</section>")[0]
    assert section.count("<li>") == 8
    assert ("to 30 days" if language == "en" else "至 30 天") in section
    assert 'id="intervals"' not in web(li_wei, language).get(page).content.decode()


def test_the_form_publishes_and_says_what_is_wrong(web, trading, owner):
    from kezhi.web.settings.value_form import RulesForm

    typed = RulesForm.of(current_settings(), None).typed
    client = web(owner)
    wrong = client.post("/settings/value/", {**typed, "rfm-bins": "12", "reason": "x"})
    assert wrong.status_code == 422
    assert b'name="rfm-bins"' in wrong.content
    given = {**typed, "rfm-bins": "4", "rfm-monetary": "2", "reason": "Four parts"}
    assert client.post("/settings/value/", given).status_code == 302
    assert current_settings().rules["rfm"] == {"bins": 4, "weights": [1.0, 1.0, 2.0]}
    assert "RFM" in client.get("/settings/value/").content.decode().split('id="versions"')[1]
