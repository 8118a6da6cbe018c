"""An import with script: changes are checked at once, and what can't be undone is asked once."""

from __future__ import annotations

import re

from playwright.sync_api import expect

MINUTE = 60_000
FILE = (
    "客户名称,联系电话,客户类型\n苏州恒泰,13812346027,散户\n昆山恒润,1391234,企业\n太仓宏达,,企业\n"
)


def test_a_file_with_mistakes_is_put_right_imported_and_undone(empty_site, visit, tmp_path):
    (tmp_path / "客户.csv").write_text(FILE, encoding="gb18030")
    visitor = visit(empty_site)
    page, heading = visitor.page, visitor.page.locator("h1")
    visitor.set_up()

    page.goto(f"{empty_site.address}/imports/?kind=customer")
    page.set_input_files("input[type=file]", tmp_path / "客户.csv")
    page.click("form[enctype] button.primary")
    page.wait_for_url(re.compile(r"/imports/\d+/"))
    expect(heading).to_contain_text("2 rows need correction")
    visitor.must_be_accessible()

    page.select_option("[name=means-2-0]", "person")
    expect(heading).to_contain_text("1 row needs correction")
    page.focus("#field-1")
    page.select_option("#field-1", "")
    expect(heading).to_have_text("All 3 rows can be imported")
    expect(page.locator("#field-1")).to_be_focused()
    expect(page.locator("#import-foot")).to_contain_text("Import 3 rows")
    page.click("#import-foot button.primary")
    expect(heading).to_have_text("3 rows are in", timeout=MINUTE)
    visitor.must_be_accessible()

    undo = page.locator("form[action$='/undoing/'] button")
    page.once("dialog", lambda asked: asked.dismiss())
    undo.click()
    expect(heading).to_have_text("3 rows are in")
    page.once("dialog", lambda asked: asked.accept())
    undo.click()
    expect(heading).to_have_text("This import is undone")
    visitor.must_have_no_complaints()
