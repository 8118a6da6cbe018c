"""Contracts come from a file with mistakes in it, and the page of renewals leads from them to a follow-up."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import expect

from cast import today_here

MINUTE = 60_000
CUSTOMERS = "编号,客户名称\nC-1,苏州恒泰\nC-2,昆山恒润\n"
HEADINGS = "合同编号,合同名称,客户编号,生效日期,合同到期日,合同周期,合同金额,合同状态,流失原因\n"


def rows():
    """Of 24 contracts 8 weren't renewed the first time, 3 the second; three run; three rows are wrong."""
    today = today_here()

    def row(number, customer, begins, ends, amount, state, cause=""):
        return f"HT-{number:03},冷库保养,{customer},{begins},{ends},12,{amount},{state},{cause}\n"

    year = timedelta(days=365)
    before, soon = today - timedelta(days=40), today + timedelta(days=30)
    lines = [row(n, "C-1", before - year, before, 20_000, "流失", "价格") for n in range(8)]
    lines += [row(n, "C-1", before - 2 * year, before, 20_000, "未续约") for n in range(8, 11)]
    lines += [row(n, "C-2", before - 3 * year, before, 20_000, "已完成") for n in range(11, 21)]
    lines += [row(n, "C-2", soon - 2 * year, soon, 90_000 + n, "履行中") for n in range(21, 23)]
    lines.append(row(23, "C-1", soon - year, soon, 70_000, "审批中"))
    lines.append(row(24, "C-9", soon - year, soon, 70_000, "履行中"))
    lines.append(row(25, "C-1", soon, soon - year, 70_000, "履行中"))
    return "".join(lines)


def bring_in(page, site, kind, path):
    page.goto(f"{site.address}/imports/?kind={kind}")
    page.set_input_files("input[type=file]", path)
    page.click("form[enctype] button.primary")
    page.wait_for_url(re.compile(r"/imports/\d+/"))


def test_contracts_from_a_file_with_mistakes_lead_to_a_follow_up(empty_site, visit, tmp_path):
    (tmp_path / "客户.csv").write_text(CUSTOMERS, encoding="utf-8")
    (tmp_path / "合同.csv").write_text(HEADINGS + rows(), encoding="gb18030")
    visitor = visit(empty_site)
    page, heading = visitor.page, visitor.page.locator("h1")
    visitor.set_up()
    visitor.open("/value/renewals/")
    expect(page.locator("main")).to_contain_text("No contracts yet")
    visitor.must_be_accessible()

    bring_in(page, empty_site, "customer", tmp_path / "客户.csv")
    page.click("#import-foot button.primary")
    expect(heading).to_have_text("2 rows are in", timeout=MINUTE)
    bring_in(page, empty_site, "contract", tmp_path / "合同.csv")
    expect(heading).to_contain_text("3 rows need correction", timeout=MINUTE)
    page.select_option("[name=means-7-0]", "running")
    expect(heading).to_contain_text("2 rows need correction", timeout=MINUTE)
    page.click("#import-foot button.primary")
    expect(heading).to_contain_text("24 rows are in", timeout=MINUTE)

    visitor.open("/value/renewals/")
    expect(heading).to_contain_text("hangs on 3 renewals due within 3 months")
    expect(page.locator(".acts li")).to_have_count(3)
    expect(page.locator("#years")).to_contain_text("Few contracts ended")
    expect(page.locator("#years .chart svg")).to_be_visible()
    expect(page.locator("#due .est").first).to_be_visible()
    visitor.must_be_accessible()
    visitor.must_fit()

    first = page.locator(".acts li").first
    first.locator("form button").click()
    expect(first.locator(".do")).to_contain_text("Talk about renewing")
    expect(first.locator("form")).to_have_count(0)
    visitor.open("/value/renewals/?show=open")
    expect(page.locator(".acts")).to_contain_text("昆山恒润")
    expect(page.locator(".acts")).not_to_contain_text("苏州恒泰")
    visitor.must_have_no_complaints()
