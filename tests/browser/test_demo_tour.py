"""The demo company looked at page by page: both languages, light and dark, desk and phone.

With `KEZHI_PICTURES=docs/pictures` it also makes the pictures of the README.
"""

from __future__ import annotations

import os
import re
from html import unescape
from pathlib import Path

import pytest

from kezhi.demo.people import SIGN_INS

pytestmark = pytest.mark.browser

OWNER, PASSWORD = SIGN_INS[0][:2]
# Beside the places of the navigation, the settings, and the first record of every list.
FURTHER = (
    "/customers/new/",
    "/duplicates/merges/",
    "/value/over-time/equity/",
    "/value/over-time/cohorts/",
    "/value/influence/?show=warnings",
    "/value/influence/?show=information",
    "/value/influence/rules/",
    "/value/offers/look-alikes/",
    "/value/delivered/weights/",
    "/value/tiers/policies/",
    "/value/tiers/moves/",
    "/value/tiers/by-hand/",
    "/value/at-risk/survival/",
    "/segments/1/",
    "/settings/roles/",
    "/settings/audit/",
    "/settings/demo/",
)
# Beneath the first customer's page, and the first draft of the index system.
OF_A_CUSTOMER = (
    "figures/potential_value/",
    "figures/realised_value/",
    "figures/value_at_risk/",
    "payment/",
)
OF_A_DRAFT = ("", "weights/", "comparison/", "sensitivity/")
FIRST_RECORD = r"<a[^>]*\bdata-open\b[^>]*>"
FOUND: dict[str, list[str]] = {}


@pytest.fixture
def tour(demo_site, visit):
    def start(language: str, *, width: int, theme: str):
        visitor = visit(demo_site, width=width, theme=theme)
        visitor.sign_in(OWNER, PASSWORD)
        visitor.speak(language)
        return visitor

    return start


def _pages(visitor) -> list[str]:
    """Every page that can be gone to from the navigation and the settings, and one record of each list."""
    if not FOUND:
        visitor.open("/")
        found = dict.fromkeys(FURTHER) | dict.fromkeys(_links(visitor, "nav"))
        visitor.open("/settings/")
        found |= dict.fromkeys(_links(visitor, "main"))
        for path in list(found):
            answer = visitor.page.request.get(visitor.address + path)
            first = re.search(FIRST_RECORD, answer.text())
            if first is not None:
                tag = unescape(first.group(0))
                found[re.search(r'href="([^"#]+)', tag).group(1)] = None
        customer = next(path for path in found if re.fullmatch(r"/customers/\d+/", path))
        found |= dict.fromkeys(customer + further for further in OF_A_CUSTOMER)
        drafts = visitor.page.request.get(f"{visitor.address}/value/index/").text()
        draft = re.search(r"/value/index/drafts/\d+/", drafts)
        assert draft is not None
        found |= dict.fromkeys(draft.group(0) + further for further in OF_A_DRAFT)
        FOUND["pages"] = list(found)
    return FOUND["pages"]


def _first_record(visitor, path: str) -> str:
    return visitor.open(path).locator("main a[data-open]").first.get_attribute("href")


def _links(visitor, within: str) -> list[str]:
    links = visitor.page.locator(f"{within} a[href^='/']").all()
    paths = (link.get_attribute("href").partition("#")[0] for link in links)
    return [path for path in paths if "?" not in path and not path.endswith((".csv", ".xlsx"))]


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize(("language", "width"), [("zh-hans", 1440), ("en", 390)])
def test_every_page_fits_is_accessible_and_keeps_the_content_policy(tour, language, width, part):
    """Each page at both widths and in both languages and themes; by axe at one of the widths."""
    theme = ("light", "dark")[(width == 390) ^ part]
    visitor = tour(("zh-hans", "en")[(language == "en") ^ part], width=width, theme=theme)
    faults = []
    for number, path in enumerate(_pages(visitor)):
        if number % 2 != part:
            continue
        try:
            visitor.open(path)
            visitor.must_be_titled()
            visitor.must_fit()
            if (number // 2) % 2 == (width == 390):
                visitor.must_be_accessible()
        except AssertionError as fault:  # all faults of the tour are told at once
            faults.append(str(fault))
    assert faults == []
    visitor.must_have_no_complaints()


def test_a_page_of_figures_is_full(tour):
    visitor = tour("zh-hans", width=1440, theme="light")
    page = visitor.open("/value/")
    assert "¥" in page.locator("h1").inner_text()
    assert page.locator(".pyr li").count() == 5
    assert page.locator("table.heat tbody tr").count() >= 6
    assert page.locator(".chart svg").count() >= 3


def test_every_figure_of_the_dashboard_opens_a_list(tour):
    visitor = tour("zh-hans", width=1440, theme="light")
    page = visitor.open("/value/")
    paths = {link.get_attribute("href") for link in page.locator("main a[href*='w=']").all()}
    assert len(paths) >= 12
    for path in sorted(paths):
        # A filter that can't be used is answered by 422.
        assert page.request.get(visitor.address + path).status == 200, path
    wrong = page.request.get(f"{visitor.address}/customers/?w=stage.is.nothing")
    assert wrong.status == 422


def test_a_salesperson_sees_less_than_the_owner(demo_site, visit, tour):
    everything = (
        tour("zh-hans", width=1440, theme="light").open("/value/").locator("h1").inner_text()
    )
    login, password = next(s[:2] for s in SIGN_INS if "salesperson" in s[2])
    visitor = visit(demo_site)
    visitor.sign_in(login, password)
    visitor.speak("zh-hans")
    assert visitor.open("/value/").locator("h1").inner_text() != everything
    visitor.must_have_no_complaints()


def test_the_same_pages_work_without_script(demo_site, browser):
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(demo_site.address + "/sign-in/")
    page.fill("[name=login]", OWNER)
    page.fill("[name=password]", PASSWORD)
    page.click("form[action='/sign-in/'] button.primary")
    for path in ("/customers/?w=tier.in.S,A", "/value/", "/follow-ups/", "/imports/"):
        answer = page.goto(demo_site.address + path)
        assert answer.status == 200, path
        assert page.locator("h1, .crumbs b").first.is_visible(), path
    assert page.goto(demo_site.address + "/customers/?w=tier.in.S,A").ok
    page.locator("a[data-open]").first.click()
    assert page.locator("h1").is_visible()
    context.close()


@pytest.mark.skipif("KEZHI_PICTURES" not in os.environ, reason="pictures are made when asked for")
def test_pictures(tour):
    folder = Path(os.environ["KEZHI_PICTURES"])
    folder.mkdir(parents=True, exist_ok=True)
    visitor = tour("zh-hans", width=1440, theme="light")
    pages = {
        "today": "/",
        "customers": "/customers/",
        "value": "/value/",
        "customer": _first_record(visitor, "/customers/"),
        "run": _first_record(visitor, "/value/runs/"),
    }
    for name, path in pages.items():
        visitor.open(path)
        visitor.page.screenshot(path=folder / f"{name}.png")
        assert (folder / f"{name}.png").stat().st_size > 20_000
    _check_a_file_with_mistakes(visitor)
    visitor.page.screenshot(path=folder / "import.png")


def test_an_offer_is_planned_from_the_customers_page(tour):
    visitor = tour("en", width=390, theme="light")
    page = visitor.open("/value/offers/")
    page.locator("tbody a.b").first.click()
    page.wait_for_load_state("networkidle")
    offers = page.locator("#offers li")
    product = offers.first.locator(".t span").first.inner_text()
    offers.first.get_by_role("button", name="Plan it").click()
    page.wait_for_load_state("networkidle")
    page.locator("#next-steps").get_by_text(f"Offer {product}").wait_for()
    assert product not in page.locator("#offers .t").all_inner_texts()
    visitor.must_fit()
    visitor.must_be_accessible()
    visitor.must_have_no_complaints()


CUSTOMER_FILE = """单位名称,客户编号,联系电话,所属行业,城市,业务员,账期天数
常熟市东吴五金经营部,N-0001,0512-52810066,机械制造,常熟,王浩然,30
昆山恒润机电有限公司,N-0002,13700128812,机械制造,昆山,王浩然,60
太仓宏达化工有限公司,N-0003,15900210034,化工材料,太仓,李工,45
张家港保税区远达贸易,N-0004,13912345678,国际贸易,张家港,王浩然,三十天
苏州锦程纺织有限公司,N-0005,0512-65920010,纺织服装,苏州,陈嘉怡,30
"""


def _check_a_file_with_mistakes(visitor) -> None:
    page = visitor.open("/imports/")
    page.check("[name=kind][value=customer]")
    file = {"name": "经销商名录_2026.csv", "mimeType": "text/csv", "buffer": CUSTOMER_FILE.encode()}
    page.set_input_files("input[type=file]", file)
    page.click("form[enctype] button.primary")
    page.wait_for_url(re.compile(r"/imports/\d+/"))
    page.wait_for_load_state("networkidle")


def test_a_reason_becomes_a_follow_up_and_a_cause_a_verdict(tour):
    """The work list, winning back, cost to serve, and a figure that opens."""
    visitor = tour("zh-hans", width=390, theme="dark")
    for path in (
        "/value/at-risk/survival/",
        "/value/costs/",
        "/value/costs/rates/",
        "/value/win-back/rules/",
    ):
        visitor.open(path)
        visitor.must_fit()
        visitor.must_be_accessible()
    page = visitor.open("/value/at-risk/?show=open")
    visitor.must_be_accessible()
    row = page.locator("#work .acts > li").first
    name = row.locator(".t").inner_text()
    row.locator(".do button").click()
    page.wait_for_function(
        "name => !document.querySelector('#work').innerText.includes(name)", arg=name
    )
    page.locator("#work small a").first.click()
    page.wait_for_url(re.compile("/figures/value_at_risk/"))
    visitor.must_fit()
    visitor.must_be_accessible()
    page = visitor.open("/value/win-back/?show=unexplained")
    visitor.must_be_accessible()
    form = page.locator("#lost .acts form:has(select)").first
    address = form.get_attribute("action")
    form.locator("select").select_option("insolvent")
    form.locator("button").click()
    page.wait_for_load_state()
    assert page.locator(f"#lost a[href='{address}']").count() == 0
    assert "0%" in visitor.open(address).locator("main").inner_text()
    visitor.must_have_no_complaints()
