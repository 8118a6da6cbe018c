"""Seasons: chosen in the rules, shown by the run, said where a figure opens."""

import html

import pytest

from insight.test_seasons import bought, measured, seasonal  # noqa: F401
from kezhi.insight.models import ValueSettings
from kezhi.insight.ruling import current_settings
from kezhi.web.settings.value_form import RulesForm

pytestmark = pytest.mark.django_db


def text_of(page):
    assert page.status_code == 200
    return html.unescape(page.content.decode())


def test_an_owner_counts_time_by_seasons_in_a_new_version(web, company, owner):
    typed = RulesForm.of(current_settings(), None).typed
    posted = {**typed, "season": "week", "reason": "旺季"}
    assert web(owner).post("/settings/value/", posted).status_code == 302
    assert ValueSettings.objects.current().rules["season"] == "week"
    page = text_of(web(owner).get("/settings/value/"))
    assert '<option value="week" selected>' in page
    assert web(owner).post("/settings/value/", {**posted, "season": ""}).status_code == 302
    assert ValueSettings.objects.current().rules["season"] is None


def test_the_run_shows_its_season_and_figures_say_so(web, measured, owner):  # noqa: F811
    text = text_of(web(owner).get(f"/value/runs/{measured.pk}/"))
    assert "Customers buy most in" in text
    assert "times the average" in text
    chinese = text_of(web(owner, "zh-hans").get(f"/value/runs/{measured.pk}/"))
    assert "购买最多" in chinese
    row = bought(measured).first()
    page = text_of(web(owner).get(f"/customers/{row.customer_id}/figures/p_alive/"))
    assert "Time is counted by the seasons of the year." in page


def test_without_two_whole_years_the_run_says_that_no_season_shows(web, trading, measure, owner):
    from cast import TODAY
    from kezhi.insight.ruling import publish_value_settings
    from kezhi.ledger.models import OrderLine

    OrderLine.objects.filter(ordered_on__lt=TODAY.replace(year=TODAY.year - 1)).delete()
    rules = {**current_settings().rules, "season": "month"}
    publish_value_settings(rules, nightly_hour=3, reason="淡旺季", actor=owner, on=TODAY)
    run = measure()
    text = text_of(web(owner).get(f"/value/runs/{run.pk}/"))
    assert "No season shows in the orders" in text
    assert "Time was counted by the calendar." in text
