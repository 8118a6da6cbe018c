"""The palette by keyboard alone: opened, typed into, walked, and what is chosen is opened."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_everything_is_reached_by_keyboard(empty_site, visit):
    visitor = visit(empty_site)
    page = visitor.page
    visitor.set_up()
    page.goto(f"{empty_site.address}/")

    # C and C: a new customer.
    page.keyboard.press("c")
    page.keyboard.press("c")
    page.wait_for_url("**/customers/new/")
    page.fill("[name=name]", "安徽茶业有限公司")
    page.press("[name=name]", "Enter")
    page.wait_for_url(re.compile(r"/customers/\d+/$"))
    customer = page.url

    # Ctrl K: it was opened last; typed by initials it is found, Enter opens it.
    page.goto(f"{empty_site.address}/")
    page.keyboard.press("Control+k")
    palette, box = page.locator("#palette"), page.get_by_role("combobox")
    expect(box).to_be_focused()
    expect(page.get_by_role("group", name="Opened last").get_by_role("option")).to_have_count(1)
    visitor.must_be_accessible()
    page.keyboard.type("ahcy")
    chosen = palette.locator('[role=option][aria-selected="true"]')
    expect(chosen).to_contain_text("安徽茶业有限公司")
    expect(box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id"))
    page.keyboard.press("ArrowDown")
    expect(chosen).not_to_contain_text("安徽茶业有限公司")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(customer)

    # What isn't there is suggested or created; Escape closes; / opens where no list has a search box.
    page.goto(f"{empty_site.address}/")
    page.keyboard.press("/")
    page.keyboard.type("安微茶业")
    expect(page.get_by_role("group", name="Did you mean")).to_contain_text("安徽茶业有限公司")
    expect(palette).to_contain_text("Create the customer “安微茶业”")
    page.keyboard.press("Escape")
    expect(palette).not_to_be_visible()

    # A command: the screen becomes dark, nothing is loaded anew.
    page.keyboard.press("Control+k")
    page.keyboard.type("dark")
    expect(chosen).to_contain_text("Switch between light and dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", re.compile("dark|light"))
    expect(palette).not_to_be_visible()

    # Single keys can be turned off; Ctrl K stays.
    page.goto(f"{empty_site.address}/settings/profile/")
    page.click("#single-keys ~ form button")
    page.goto(f"{empty_site.address}/")
    page.keyboard.press("/")
    expect(palette).not_to_be_visible()
    page.keyboard.press("Control+k")
    expect(palette).to_be_visible()
    visitor.must_have_no_complaints()
