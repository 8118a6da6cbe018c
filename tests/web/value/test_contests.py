"""Contests held apart: chosen in the rules, shown by the run, named wherever a model is."""

import html

import pytest

from cast import TODAY
from insight.test_contests import apart, bought, measured  # noqa: F401
from kezhi.insight import contests
from kezhi.insight.models import ValueSettings
from kezhi.insight.ruling import current_settings, publish_value_settings
from kezhi.web.settings.value_form import RulesForm

pytestmark = pytest.mark.django_db


def text_of(page):
    assert page.status_code == 200
    return html.unescape(page.content.decode())


def test_an_owner_holds_contests_apart_in_a_new_version_of_the_rules(web, company, owner):
    page = text_of(web(owner).get("/settings/value/"))
    assert '<option value="industry">Industry</option>' in page
    typed = RulesForm.of(current_settings(), None).typed
    posted = {**typed, "segment_by": "region", "reason": "各区域不同"}
    assert web(owner).post("/settings/value/", posted).status_code == 302
    assert ValueSettings.objects.current().rules["segment_by"] == "region"
    assert "Contests apart by" in text_of(web(owner).get("/settings/value/"))
    refused = web(owner).post("/settings/value/", {**posted, "model": "nbd"})
    assert refused.status_code == 422
    assert "A fixed model leaves nothing to choose" in html.unescape(refused.content.decode())


def test_the_run_tells_who_won_among_how_many(web, measured, analyst):  # noqa: F811
    for language in ("en", "zh-hans"):
        text = text_of(web(analyst, language).get(f"/value/runs/{measured.pk}/"))
        assert '<th scope="row">茶叶</th>' in text
        assert f'<td class="n">{bought(measured, "茶叶").count()}</td>' in text


def test_pages_say_that_some_have_another_model(web, measured, owner):  # noqa: F811
    words = "MBG/NBD, other models for some (Industry)"
    for address in ("/value/retention/", "/value/at-risk/", "/value/win-back/"):
        assert words in text_of(web(owner).get(address))
    for segment, told in (("茶叶", "MBG/NBD, estimated for “茶叶”, "), ("", "MBG/NBD, measured")):
        row = bought(measured, segment).first()
        page = text_of(web(owner).get(f"/customers/{row.customer_id}/figures/p_alive/"))
        assert f"By the model {told}" in page


def test_without_large_segments_the_run_says_that_the_model_of_all_holds(
    web, trading, measure, owner
):
    rules = {**current_settings().rules, "segment_by": "region"}
    publish_value_settings(rules, nightly_hour=3, reason="分区域", actor=owner, on=TODAY)
    run = measure()
    assert contests.apart(run) == ()
    text = text_of(web(owner).get(f"/value/runs/{run.pk}/"))
    assert "No segment held a contest of its own" in text
