"""A field defined, a form laid out by hand and by keyboard, and both in a form that is filled in."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_a_company_adds_a_field_and_lays_out_its_form(empty_site, visit):
    visitor = visit(empty_site)
    page = visitor.page
    visitor.set_up()

    page.goto(f"{empty_site.address}/settings/fields/product/")
    visitor.must_be_accessible()
    page.get_by_role("link", name="Add a field").click()
    visitor.must_be_accessible()
    page.get_by_role("link", name="Number With decimals").click()
    visitor.must_be_accessible()
    page.get_by_label("Name in English").fill("Storage area")
    page.get_by_label("What it is for").fill("How much fits in")
    page.get_by_label("No: it is about the business").check()
    page.get_by_label("Unit").fill("m²")
    page.get_by_role("button", name="Save field").click()
    expect(page.get_by_role("link", name="Storage area")).to_be_visible()

    # The arrows, by keyboard: focus stays on the button that was pressed.
    page.goto(f"{empty_site.address}/settings/layouts/product/")
    rows = page.locator(".layout-part").first.locator("[data-row]")
    up = page.get_by_role("button", name="Move Storage area up")
    up.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    expect(rows.last).to_contain_text("Storage area")
    expect(up).to_be_focused()
    visitor.must_be_accessible()

    # By dragging: to the place of the first field.
    page.locator("[data-row]", has_text="Storage area").first.drag_to(
        rows.first, target_position={"x": 40, "y": 4}
    )
    expect(rows.first).to_contain_text("Storage area")
    page.get_by_role("button", name="Save layout").last.click()
    expect(page.get_by_text("The layout is saved")).to_be_visible()

    page.goto(f"{empty_site.address}/products/new/")
    controls = page.locator("form.form input.input, form.form select.select")
    expect(controls.first).to_have_attribute("name", "c_storage_area")
    page.get_by_role("textbox", name="Storage area").fill("1,250.5")
    page.get_by_label("Product name").fill("毛峰")
    page.get_by_role("button", name="Save").last.click()
    page.wait_for_url(re.compile(r"/products/\d+/"))
    expect(page.locator(".kv")).to_contain_text("1,250.50")
    visitor.must_have_no_complaints()
