"""Macros after a "/" in the composer: by keys, by pinyin, and where the "/" stood."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import kezhi.web

SCRIPT = Path(kezhi.web.__file__).parent / "static" / "js" / "ticket.js"
COMPOSER = """
<form id="composer"><textarea id="ticket-text">{words}</textarea>
<div id="macro-list" role="listbox" aria-label="Macros" hidden></div>
<select id="ticket-macro" data-url="/t/"><option value="">Use</option>
<option value="7" data-spelled="bufa bf">补发</option>
<option value="8" data-spelled="thankyou ty">Thank you</option></select>
<input name="minutes"><input type="checkbox" name="by_phone"><input type="file" name="file"></form>
"""
# What the server would send: the composer with the macro's words.
HTMX = """
window.htmx = { ajax: async (verb, address) => {
  window.asked = address;
  document.querySelector("#composer").outerHTML = %r;
} };
"""


@pytest.fixture
def page(browser: Browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def text(page: Page):
    page.set_content(COMPOSER.format(words=""))
    page.add_script_tag(content=HTMX % COMPOSER.format(words="已补发。"))
    page.add_script_tag(content=SCRIPT.read_text())
    page.fill("[name=minutes]", "12")
    return page.locator("#ticket-text")


def test_keys_choose_a_macro_and_what_was_typed_stays(page, text):
    text.press_sequentially("你好：\n/")
    expect(page.locator("#macro-list [role=option]")).to_have_count(2)
    expect(text).to_have_attribute("aria-activedescendant", "macro-7")
    text.press("ArrowDown")
    expect(text).to_have_attribute("aria-activedescendant", "macro-8")
    text.press_sequentially("bf")
    expect(page.locator("#macro-list [role=option]")).to_have_text(["补发"])
    text.press("Enter")
    expect(text).to_have_value("你好：\n已补发。")
    assert page.evaluate("window.asked") == "/t/?macro=7"
    assert page.input_value("[name=minutes]") == "12"


def test_a_slash_between_figures_asks_for_nothing_and_escape_closes(page, text):
    text.press_sequentially("1/2")
    expect(page.locator("#macro-list")).to_be_hidden()
    text.press_sequentially(" /thank y")
    expect(page.locator("#macro-list [role=option]")).to_have_text(["Thank you"])
    text.press("Escape")
    expect(page.locator("#macro-list")).to_be_hidden()
    expect(text).to_have_value("1/2 /thank y")
