"""The borders of the value matrix: moved by keys and by pointer, who moves is shown, saved with a reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

PASSWORD = "longjing-2026-spring"
COMPANY = f"""
import sys
import django
django.setup()
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from cast import TODAY
from kezhi.accounts.models import Company
from kezhi.accounts.organising import create_person
from kezhi.core.actor import SYSTEM
from kezhi.insight.measuring import begin_value_run, run_value
from trading import trade
Company.objects.get_or_create(
    pk=1, defaults={{"name": "远航供应链", "currency": "CNY", "time_zone": "Asia/Shanghai"}}
)
lin = create_person(
    {{"login": "lin", "name": "林晓雯", "roles": ["owner"], "password": "{PASSWORD}"}}, actor=SYSTEM
)
trade(lin, lin)
run_value(begin_value_run(actor=SYSTEM, on=TODAY, as_of=TODAY, backfill_months=0).pk)
"""


@pytest.fixture(scope="module")
def site(empty_site):
    subprocess.run([sys.executable, "-c", COMPANY], env=empty_site.environment, check=True)
    return empty_site


def test_a_border_is_dragged_shows_who_moves_and_is_saved(site, visit):
    visitor = visit(site)
    visitor.sign_in("lin", PASSWORD)
    visitor.speak("en")
    page = visitor.open("/value/matrix/?third=loyalty_index")
    visitor.must_be_accessible()
    across = page.locator("[name=across-drag]")
    across.focus()
    page.keyboard.press("PageUp")
    expect(page.locator("h1")).to_contain_text("the cell")
    expect(across).to_be_focused()
    plot, at = page.locator(".mx-plot").bounding_box(), page.locator("[name=up-drag]").input_value()
    x = plot["x"] + plot["width"] * 0.3
    page.mouse.move(x, plot["y"] + plot["height"] * (1 - float(at) / 100))
    page.mouse.down()
    page.mouse.move(x, plot["y"] + plot["height"] * 0.2, steps=4)
    page.mouse.up()
    expect(page.get_by_label("Border at").nth(1)).to_have_value("80")
    expect(page.get_by_role("heading", name="Who moves")).to_be_visible()
    visitor.must_fit()
    page.get_by_label("Why these borders").fill("经营会议通过")
    page.get_by_role("button", name="Save the borders").click()
    expect(
        page.get_by_text("Saved. The next run places customers by these borders.")
    ).to_be_visible()
    expect(page.get_by_text("Other borders are saved")).to_be_visible()
    visitor.must_have_no_complaints()


@pytest.mark.parametrize("path", ["/value/matrix/", "/value/growth/", "/value/matrix/strategies/"])
def test_the_matrices_fit_a_phone_in_the_dark(site, visit, path):
    visitor = visit(site, width=390, theme="dark")
    visitor.sign_in("lin", PASSWORD)
    visitor.open(path)
    visitor.must_be_accessible()
    visitor.must_fit()
    visitor.must_have_no_complaints()
