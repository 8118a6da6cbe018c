"""The index system: a judgement is mended while one judges, the draft compared on customers and published."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect

MEASURED = """
import django
django.setup()
from cast import TODAY
from kezhi.accounts.models import User
from kezhi.core.actor import SYSTEM
from kezhi.insight.measuring import begin_value_run, run_value
from trading import trade

trade(*(User.objects.create(login=login, name=login) for login in ("liwei", "chenjing")))
run_value(begin_value_run(actor=SYSTEM, on=TODAY, backfill_months=0).pk)
"""


def test_a_judgement_is_mended_and_the_draft_published(empty_site, visit):
    visitor = visit(empty_site)
    page = visitor.page
    visitor.set_up()
    tests = str(Path(__file__).parents[1])
    environment = empty_site.environment | {"PYTHONPATH": tests}
    subprocess.run([sys.executable, "-c", MEASURED], env=environment, check=True)

    visitor.open("/value/index/")
    visitor.must_be_accessible()
    page.get_by_label("Title of a new draft").fill("Judged in pairs")
    page.get_by_role("button", name="Begin a draft").click()
    visitor.must_be_accessible()
    draft = page.url

    page.goto(f"{draft}weights/?at=0")
    page.get_by_label("Judged in pairs (AHP)").check()
    visitor.must_be_accessible()
    page.get_by_role("button", name="Save in the draft").click()

    # While one judges, the ratio is told, and what doesn't fit; nothing is saved yet.
    judged = page.locator("#judged")
    for name, grade in (("pair-0-1", "2"), ("pair-0-2", "1/9"), ("pair-1-2", "4")):
        page.locator(f"select[name={name}]").select_option(grade)
    expect(judged).to_contain_text("CR 2.069")
    expect(judged).to_contain_text("fits the others least")
    visitor.must_be_accessible()
    page.get_by_role("button", name="Take 1/8").click()
    expect(page.locator("#judged")).to_contain_text("consistent")
    page.get_by_role("button", name="Save my judgement").click()
    expect(page.locator("#judged")).to_contain_text("CR 0.000")

    page.goto(f"{draft}comparison/")
    expect(page.locator("h1")).to_contain_text("would change tier")
    visitor.must_be_accessible()
    page.get_by_role("link", name="Sensitivity").click()
    expect(page.get_by_role("heading", name="Customers who change tier")).to_be_visible()
    visitor.must_be_accessible()

    page.goto(draft)
    page.get_by_label("Why", exact=True).fill("Payment counts less")
    page.get_by_role("button", name="Publish").click()
    expect(
        page.get_by_text("Published. The next value run goes by this index system.")
    ).to_be_visible()
    page.goto(f"{empty_site.address}/value/index/")
    expect(page.locator("#versions-h + ul > li").first).to_contain_text("Payment counts less")

    page.set_viewport_size({"width": 390, "height": 900})
    visitor.context.add_cookies(
        [{"name": "kezhi_theme", "value": "dark", "url": empty_site.address}]
    )
    for path in ("/value/index/", "/value/index/sensitivity/"):
        visitor.open(path)
        visitor.must_fit()
        visitor.must_be_accessible()
    visitor.must_have_no_complaints()
