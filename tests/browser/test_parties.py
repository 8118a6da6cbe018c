"""A customer's page in the browser: a draft on any device, a file, an entry saved by keys."""

from __future__ import annotations

from playwright.sync_api import expect


def test_what_one_writes_is_kept_and_saved_by_keys(empty_site, visit, tmp_path):
    visitor = visit(empty_site)
    page = visitor.page
    visitor.set_up()

    page.goto(f"{empty_site.address}/customers/new/")
    page.fill("[name=name]", "安徽茶业有限公司")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="安徽茶业有限公司")).to_be_visible()
    visitor.must_be_accessible()

    page.fill("#composer-text", "客户同意先试")
    expect(page.locator("#draft-state")).to_have_text("Draft kept")
    page.reload()
    expect(page.locator("#composer-text")).to_have_value("客户同意先试")

    offer = tmp_path / "报价 2026.txt"
    offer.write_text("tea")
    page.set_input_files(".files input[type=file]", offer)
    expect(page.locator(".files .file-name")).to_contain_text("报价 2026.txt")

    page.locator("#composer-text").press("Control+Enter")
    expect(page.locator(".tl .quote").first).to_have_text("客户同意先试")
    expect(page.locator("#composer-text")).to_have_value("")
    visitor.must_be_accessible()
