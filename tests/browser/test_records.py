"""Lists by keyboard in a browser: a cell edited, a record beside its list, all of a list changed and undone."""

from __future__ import annotations

import subprocess
import sys

import pytest
from playwright.sync_api import expect

MINUTE = 60_000
PASSWORD = "longjing-2026-spring"
CUSTOMERS = 260
COMPANY = f"""
import datetime, django
django.setup()
from kezhi.accounts.models import Company
from kezhi.accounts.organising import create_person
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import create_customer
Company.objects.get_or_create(
    pk=1, defaults={{"name": "远航供应链", "currency": "CNY", "time_zone": "Asia/Shanghai"}}
)
lin = create_person(
    {{"login": "lin", "name": "林晓雯", "roles": ["owner"], "password": "{PASSWORD}"}}, actor=SYSTEM
)
for n in range({CUSTOMERS}):
    create_customer(
        {{"name": f"客户 {{n:03}}", "city": "合肥"}}, actor=lin, on=datetime.date(2026, 11, 20)
    )
"""
LIST = "/customers/?view=all&w=&sort=name&columns=name,city,payment_days,owner"


@pytest.fixture(scope="module")
def site(empty_site):
    subprocess.run([sys.executable, "-c", COMPANY], env=empty_site.environment, check=True)
    return empty_site


def test_a_cell_is_edited_by_keyboard_and_taken_back(site, visit):
    visitor = visit(site)
    visitor.sign_in("lin", PASSWORD)
    visitor.speak("en")
    page = visitor.open(LIST)
    row = page.locator("tr[data-id]").first
    height = row.bounding_box()["height"]
    page.keyboard.press("j")
    page.keyboard.press("e")
    field = page.locator("[data-cell-input]")
    expect(field).to_be_focused()
    assert row.bounding_box()["height"] == height
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)
    expect(row.locator("[data-cell=city]")).to_have_text("合肥")
    page.keyboard.press("e")
    expect(field).to_be_focused()
    page.keyboard.type("芜湖")
    page.keyboard.press("Tab")
    expect(row.locator("[data-cell=city]")).to_have_text("芜湖")
    expect(page.locator("[data-editing] [name=payment_days]")).to_be_focused()
    page.keyboard.type("soon")
    page.keyboard.press("Enter")
    expect(page.locator("[data-editing] [role=alert]")).to_be_visible()
    expect(page.locator("[data-editing] [name=payment_days]")).to_have_value("soon")
    page.keyboard.press("Escape")
    page.locator(".toast button", has_text="Undo").first.click()
    expect(row.locator("[data-cell=city]")).to_have_text("合肥")
    expect(page.locator(".toast", has_text="1 change undone")).to_be_visible()


def test_a_record_is_seen_beside_its_list_by_keyboard(site, visit):
    visitor = visit(site)
    visitor.sign_in("lin", PASSWORD)
    visitor.speak("en")
    page = visitor.open(LIST)
    page.keyboard.press("j")
    page.keyboard.press(" ")
    title = page.locator("#peek h2[data-peek-title]")
    expect(title).to_have_text("客户 000")
    page.keyboard.press("j")
    expect(title).to_have_text("客户 001")
    visitor.must_be_accessible()
    page.keyboard.press("Escape")
    expect(page.locator("#peek")).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/*/")
    expect(page.locator("[data-position]")).to_have_text(f"2 / {CUSTOMERS}")
    page.keyboard.press("j")
    page.wait_for_url("**/customers/*/?in=*")
    expect(page.locator("h1")).to_contain_text("客户 002")
    visitor.must_have_no_complaints()


def test_all_that_a_list_finds_is_changed_as_a_job_and_taken_back(site, visit):
    visitor = visit(site)
    visitor.sign_in("lin", PASSWORD)
    visitor.speak("en")
    page = visitor.open(LIST)
    page.check("[data-all]")
    bar = page.locator("[data-bulk]")
    expect(bar.locator("[data-bulk-count]")).to_have_text("50")
    page.click("[data-bulk-all]")
    expect(bar.locator("[data-bulk-count]")).to_have_text(str(CUSTOMERS))
    bar.get_by_role("button", name="Edit a field").click()
    page.select_option("#bulk-field", "payment_days")
    page.fill("[name=payment_days]", "45")
    visitor.must_be_accessible()
    page.get_by_role("button", name=f"Change {CUSTOMERS}").click()
    page.wait_for_url("**/bulk/*/")
    expect(page.locator("dl.strip")).to_contain_text(str(CUSTOMERS), timeout=MINUTE)
    visitor.must_be_accessible()
    visitor.must_fit()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("dl.strip")).to_contain_text("Undone", timeout=MINUTE)
    page = visitor.open(LIST)
    expect(page.locator("[data-cell=payment_days]").first).not_to_have_text("45")
    visitor.must_have_no_complaints()


def test_what_was_typed_and_not_saved_is_asked_about(site, visit):
    visitor = visit(site)
    visitor.sign_in("lin", PASSWORD)
    page = visitor.open("/customers/new/")
    page.fill("[name=name]", "徽州茶行")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.locator("nav.nav a[href='/customers/']").click()
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    expect(page.locator("[name=name]")).to_have_value("徽州茶行")
