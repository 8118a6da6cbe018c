"""A stranger's first five minutes: set up, import the published CDNOW sample, measure, look."""

from __future__ import annotations

import re
from importlib.metadata import files
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

DAY = "1998-06-30"
MINUTE = 60_000


@pytest.fixture(scope="module")
def orders_file(tmp_path_factory) -> Path:
    """As a shop would export it: customer, date and amount, and no names or order numbers."""
    listed = next(one for one in files("lifetimes") or () if one.name == "CDNOW_sample.txt")
    lines = ["客户编号,订单日期,数量,金额"]
    for row in Path(str(listed.locate())).read_text().splitlines():
        customer, _in_sample, day, quantity, amount = row.split()
        lines.append(f"{customer},{day[:4]}-{day[4:6]}-{day[6:]},{quantity},{amount}")
    path = tmp_path_factory.mktemp("cdnow") / "订单.csv"
    path.write_text("\n".join(lines) + "\n", encoding="gb18030")
    return path


def _looked_at(visitor):
    visitor.must_fit()
    visitor.must_be_accessible()


def test_from_nothing_to_what_each_customer_is_worth(empty_site, visit, orders_file):
    visitor = visit(empty_site)
    page = visitor.page

    page.goto(f"{empty_site.address}/setup/?token=browser")
    _looked_at(visitor)
    page.fill("[name=name]", "光盘商店")
    page.select_option("[name=currency]", "USD")
    page.select_option("[name=time_zone]", "America/New_York")
    page.fill("[name=owner_name]", "王敏")
    page.fill("[name=login]", "wangmin")
    page.fill("[name=password]", "longjing-2026-spring")
    page.click("form[action='/setup/'] button.primary")
    page.wait_for_url("**/imports/")
    _looked_at(visitor)

    page.check("[name=kind][value=order]")
    page.set_input_files("input[type=file]", orders_file)
    page.click("form[enctype] button.primary")
    page.wait_for_url(re.compile(r"/imports/\d+/"))
    expect(page.locator("h1")).to_contain_text("6,919", timeout=MINUTE)
    _looked_at(visitor)
    page.click(".wiz-foot button.primary")
    expect(page.locator("h1")).to_contain_text("6,919", timeout=MINUTE)
    expect(page.locator(".strip")).to_contain_text("2,357", timeout=MINUTE)
    _looked_at(visitor)

    page.goto(f"{empty_site.address}/value/")
    _looked_at(visitor)
    page.click(f"form:has(input[value='{DAY}']) button")
    page.wait_for_url(re.compile(r"/value/runs/\d+/"))
    expect(page.locator(".tag.good").first).to_be_visible(timeout=3 * MINUTE)
    _looked_at(visitor)
    parameters = page.locator("main").inner_text()
    assert "MBG/NBD" in parameters or "BG/NBD" in parameters

    visitor.open("/value/")
    _looked_at(visitor)
    assert "USD" in page.locator("main").inner_text()
    page.locator(".pyr a").first.click()
    page.wait_for_url("**/customers/**")
    _looked_at(visitor)
    page.locator("a[data-open]").first.click()
    page.wait_for_url(re.compile(r"/customers/\d+/"))
    _looked_at(visitor)
    expect(page.locator(".tier").first).to_be_visible()

    visitor.speak("en")
    page.reload()
    _looked_at(visitor)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    visitor.must_have_no_complaints()
