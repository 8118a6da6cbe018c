"""The builder of filters by keyboard, and a segment made of what it finds."""

from __future__ import annotations

import subprocess
import sys

import pytest
from playwright.sync_api import expect

PASSWORD = "longjing-2026-spring"
COMPANY = f"""
import datetime, django
django.setup()
from kezhi.accounts.models import Company
from kezhi.accounts.organising import create_person
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import create_contact, create_customer
Company.objects.get_or_create(
    pk=1, defaults={{"name": "远航供应链", "currency": "CNY", "time_zone": "Asia/Shanghai"}}
)
lin = create_person(
    {{"login": "lin", "name": "林晓雯", "roles": ["analyst"], "password": "{PASSWORD}"}}, actor=SYSTEM
)
day = datetime.date(2026, 11, 20)
for n in range(30):
    city = "合肥" if n % 3 else "上海"
    row = create_customer({{"name": f"客户 {{n:03}}", "city": city}}, actor=SYSTEM, on=day)
    if n < 10:
        create_contact({{"customer": row, "name": "陈立群"}}, actor=SYSTEM, on=day)
"""


@pytest.fixture(scope="module")
def site(empty_site):
    subprocess.run([sys.executable, "-c", COMPANY], env=empty_site.environment, check=True)
    return empty_site


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_a_filter_is_built_by_keyboard_and_kept_as_a_segment(site, visit, width, theme):
    visitor = visit(site, width=width, theme=theme)
    visitor.sign_in("lin", PASSWORD)
    visitor.speak("en")
    page = visitor.open("/customers/?w=")
    page.keyboard.press("Shift+F")
    expect(page.locator("#n_1_f")).to_be_focused()
    page.select_option("#n_1_f", "city")
    page.fill("#n_1_v", "上海")
    expect(page.locator("#filter-matches")).to_contain_text("10")
    page.get_by_role("button", name="Related records").click()
    expect(page.locator("#n_2_c")).to_be_focused()
    page.select_option("#n_2_c", "contacts")
    expect(page.locator("#filter-matches")).to_contain_text("4")
    page.get_by_role("button", name="Condition", exact=True).last.click()
    expect(page.locator("#n_3_f")).to_be_focused()
    page.keyboard.press("Backspace")
    expect(page.locator("#n_3_f")).to_have_count(0)
    visitor.must_be_accessible()
    page.get_by_role("button", name="Show these records").click()
    expect(page.locator(".chip", has_text="has contacts")).to_be_visible()
    address = page.url.split("?", 1)[1]
    for path in (f"/customers/filters/?{address}", f"/segments/new/?{address}"):
        visitor.open(path)
        visitor.must_be_titled()
        visitor.must_fit()
        visitor.must_be_accessible()
    page.fill("[name=name]", f"上海 {width}")
    page.get_by_role("button", name="Save the segment").click()
    expect(page.locator("h1")).to_have_text(f"上海 {width}")
    for path in (page.url.removeprefix(site.address), "/segments/"):
        visitor.open(path)
        visitor.must_fit()
        visitor.must_be_accessible()
    visitor.must_have_no_complaints()
