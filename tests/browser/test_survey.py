"""From a file of answers with mistakes to what customers get from us, as an owner does it in the browser."""

from __future__ import annotations

import re

from playwright.sync_api import expect

MINUTE = 60_000
CUSTOMERS = "客户编号,客户名称\n" + "".join(f"C-{n:02d},客户{n}\n" for n in range(1, 13))
QUESTIONS = """code,question,factor,unit,low,high
P1,The product is good,product value,,1,10
T1,We wait long,time cost,,1,10
J1,What do you pay,monetary cost,money,1,10
"""
HEAD = "respondent,customer,question,answer,date,about\n"


def _answers() -> str:
    rows = []
    for n in range(1, 13):
        of = f"R{n},C-{n:02d}"
        rows += [f"{of},P1,{6 + n % 4},2026-03-05,", f"{of},T1,{2 + n % 3},2026-03-05,"]
        rows += [f"{of},J1,{20 + n % 2},2026-03-05,", f"{of},P1,{5 + n % 3},2026-03-05,Henda"]
        rows += [f"{of},J1,{19 + n % 2},2026-03-05,Henda"]
    rows[3] = "R1,C-01,P1,50,2026-03-05,Henda"  # off the scale
    rows[7] = "R2,C-99,T1,5,2026-03-05,"  # no such customer
    return HEAD + "\n".join(rows) + "\n"


def test_a_file_of_answers_with_mistakes_becomes_delivered_value(empty_site, visit, tmp_path):
    visitor = visit(empty_site)
    page, heading = visitor.page, visitor.page.locator("h1")
    visitor.set_up()

    def upload(kind: str, text: str) -> None:
        (tmp_path / f"{kind}.csv").write_text(text)
        page.goto(f"{empty_site.address}/imports/?kind={kind}")
        page.set_input_files("input[type=file]", tmp_path / f"{kind}.csv")
        page.click("form[enctype] button.primary")
        page.wait_for_url(re.compile(r"/imports/\d+/"))

    for kind, text, done in (
        ("customer", CUSTOMERS, "12 rows are in"),
        ("survey_item", QUESTIONS, "3 rows are in"),
    ):
        upload(kind, text)
        page.click("#import-foot button.primary")
        expect(heading).to_have_text(done, timeout=MINUTE)

    upload("survey_answer", _answers())
    expect(heading).to_contain_text("2 rows need correction")
    expect(page.locator("main")).to_contain_text("from 1 to 10")
    visitor.must_be_accessible()
    page.click("#import-foot button.primary")
    expect(heading).to_contain_text("58 rows are in", timeout=MINUTE)

    page.goto(f"{empty_site.address}/value/delivered/")
    page.get_by_role("button", name="Work it out").click()
    expect(heading).to_contain_text("For our price customers get", timeout=MINUTE)
    expect(page.locator(".dv-map text.dv-name")).to_have_count(2)
    visitor.must_be_accessible()
    page.goto(f"{empty_site.address}/value/loyalty-drivers/")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator("main")).to_contain_text("Not everything was asked", timeout=MINUTE)
    visitor.must_have_no_complaints()
