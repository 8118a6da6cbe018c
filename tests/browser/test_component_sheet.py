"""Every component in a real browser: no complaint, no violation, no overflow; and what the script adds."""

import mimetypes
import random
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from django.template import engines
from django.test import RequestFactory
from django.utils import translation

from kezhi.web import assets, navigation, numbers

pytestmark = [pytest.mark.browser]
SHEET = Path(__file__).with_name("component_sheet.html")


def charts():
    dice = random.Random(3)
    stages = (("new", "新客"), ("growing", "成长"), ("mature", "成熟"), ("lost", "流失"))
    nodes = [
        {"key": side + stage, "name": name, "side": side, "stage": stage, "count": 100}
        for side in ("left", "right")
        for stage, name in stages
    ]
    flows = (("new", "growing", 58), ("growing", "mature", 72), ("mature", "lost", 61))
    return {
        "pareto": [[x, 100 * (1 - (1 - x / 100) ** 4)] for x in range(101)],
        "matrix": {
            "points": [
                {
                    "name": f"客户 {place}",
                    "x": dice.random() * 96,
                    "y": dice.random() * 96,
                    "size": dice.random() ** 3 * 1000,
                    "tier": dice.choice("SABCD"),
                    "risk": dice.random() < 0.1,
                    "href": "/there",
                }
                for place in range(80)
            ],
            "corners": ["培育", "深耕", "自助服务", "守住"],
            "x_label": "当前价值",
            "y_label": "潜力",
        },
        "sankey": {
            "nodes": nodes,
            "links": [
                {"source": "left" + a, "target": "right" + b, "count": n} for a, b, n in flows
            ],
        },
        "lines": {
            "x": [str(week) for week in range(40)],
            "series": [
                {
                    "name": "实际",
                    "data": [w * 31 for w in range(40)],
                    "kind": "fact",
                    "end": "实际",
                },
                {"name": "期望", "data": [w * 33 for w in range(40)], "kind": "predicted"},
            ],
        },
        "calibration": {
            "points": [{"expected": n, "actual": n + 1, "label": str(n)} for n in range(10)],
            "x_label": "期望",
            "y_label": "实际",
        },
    }


def rendered(language, theme):
    request = RequestFactory().get("/customers/")
    request.actor = SimpleNamespace(
        pk=None, name="林晓雯", stands_in_for=(), may=lambda *_: True, sees=lambda *_: True
    )
    request.theme, request.density, request.keys = theme, "comfortable", "on"
    request.company_name = "远航供应链"
    company = numbers.reading_for(
        currency="CNY", zone=ZoneInfo("Asia/Shanghai"), today=date(2026, 11, 21)
    )
    with translation.override(language), company:
        sheet = engines["jinja2"].from_string(SHEET.read_text())
        return sheet.render(charts(), request)


@pytest.fixture(scope="module")
def address():
    """The sheet under the product's own content policy, without a database."""
    from csp.middleware import CSPMiddleware
    from django.http import HttpResponse

    assets.ensure_assets()
    policy = CSPMiddleware(lambda _: HttpResponse())(RequestFactory().get("/")).headers
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            navigation, "_pinned", lambda *_: (navigation.Place("/x", "pin", "华东重点"),)
        )
        pages = {
            f"/{language}/{theme}": rendered(language, theme).encode()
            for language in ("zh-hans", "en")
            for theme in ("light", "dark", "auto")
        }

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            path = unquote(self.path)
            body = pages.get(path)
            if body is None and path.startswith("/static/"):
                body = (assets.STATIC / path.removeprefix("/static/")).read_bytes()
            self.send_response(200 if body is not None else 204)
            kind = mimetypes.guess_type(path)[0] or "text/html"
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Security-Policy", policy["Content-Security-Policy"])
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def sheet(visit, address):
    site = SimpleNamespace(address=address)

    def open_sheet(language="zh-hans", theme="light", width=1440):
        visitor = visit(site, width=width, theme=theme)
        visitor.page.goto(f"{address}/{language}/{theme}", wait_until="load")
        visitor.page.wait_for_selector('[data-chart="calibration"] svg', state="attached")
        return visitor

    return open_sheet


@pytest.mark.parametrize("width", [1440, 900, 390])
@pytest.mark.parametrize(
    ("language", "theme"), [("zh-hans", "light"), ("zh-hans", "dark"), ("en", "light")]
)
def test_every_component_is_accessible_and_fits(sheet, language, theme, width):
    visitor = sheet(language, theme, width)
    visitor.must_fit()
    visitor.must_be_accessible()
    visitor.must_have_no_complaints()


def test_the_theme_is_switched_by_key_and_remembered_for_the_server(sheet):
    page = sheet().page
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("Control+Shift+L")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    assert {"kezhi_theme": "dark"}.items() <= {
        c["name"]: c["value"] for c in page.context.cookies()
    }.items()


def test_without_a_choice_the_device_decides(sheet):
    page = sheet(theme="auto").page
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_rows_are_walked_and_selected_by_keys(sheet):
    page = sheet().page
    for key in ("j", "j", "x", "k", "x"):
        page.keyboard.press(key)
    assert page.locator("tr[aria-selected=true]").count() == 2
    assert page.locator("[data-bulk]").is_visible()
    assert page.locator("[data-bulk-count]").inner_text() == "2"
    page.keyboard.press("Escape")
    assert not page.locator("[data-bulk]").is_visible()


def test_keys_are_left_alone_while_typing_and_composing(sheet):
    page = sheet().page
    page.keyboard.press("n")
    page.keyboard.type("jx?")
    assert page.locator("[data-composer]").input_value() == "jx?"
    assert not page.locator("#keys").is_visible()
    page.evaluate("document.activeElement.blur()")
    page.evaluate(
        "dispatchEvent(new KeyboardEvent('keydown', {key: '?', isComposing: true, bubbles: true}))"
    )
    assert not page.locator("#keys").is_visible()
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()


def test_a_menu_opens_is_walked_and_closed_by_keys(sheet):
    page = sheet().page
    page.locator(".person summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent").strip() == "个人资料与密码"
    page.keyboard.press("Escape")
    assert not page.locator(".person .menu").is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_a_message_appears_and_can_be_closed(sheet):
    page = sheet().page
    detail = {"message": "<b>已分配</b>"}
    page.evaluate("detail => htmx.trigger(document.body, 'toast', detail)", detail)
    toast = page.locator("#live .toast")
    assert toast.locator("span").inner_text() == "<b>已分配</b>"
    toast.get_by_role("button", name="关闭").click()
    assert toast.count() == 0


def test_a_charts_mark_leads_to_its_customer(sheet):
    page = sheet().page
    chart = page.locator('[data-chart="matrix"]')
    chart.scroll_into_view_if_needed()
    marks = chart.locator("svg path[fill]:not([fill=none]):not([fill=transparent])")
    with page.expect_request("**/there"):
        marks.first.click(force=True)


def test_a_search_waits_for_the_input_methods_characters(sheet):
    page = sheet().page
    asked = []
    page.on("request", lambda request: asked.append(unquote(request.url)))
    page.evaluate(
        """() => {
            const search = document.createElement("input");
            search.id = "ime";
            search.name = "q";
            search.setAttribute("hx-get", "/there");
            search.setAttribute("hx-trigger", "input changed");
            document.body.append(search);
            htmx.process(search);
            search.value = "heng";
            search.dispatchEvent(new InputEvent("input", {bubbles: true, isComposing: true}));
            search.value = "恒";
            search.dispatchEvent(new InputEvent("input", {bubbles: true, isComposing: true}));
        }"""
    )
    with page.expect_request("**/there?q=*"):
        page.evaluate("ime.dispatchEvent(new CompositionEvent('compositionend', {bubbles: true}))")
    assert [url.partition("?")[2] for url in asked if "/there" in url] == ["q=恒"]
