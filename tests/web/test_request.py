"""What every request carries: language, theme, day and protection; and the pages for what went wrong."""

from decimal import Decimal

import pytest
from django.db import OperationalError
from django.test import RequestFactory
from django.utils import translation

from kezhi.accounts.models import Company
from kezhi.web import errors
from kezhi.web.requests import typed_number

pytestmark = pytest.mark.django_db


def test_a_visitor_reads_the_language_of_the_company(client, company):
    assert client.get("/sign-in/").headers["Content-Language"] == "zh-hans"
    Company.objects.update(language="en")
    assert client.get("/sign-in/").headers["Content-Language"] == "en"


def test_a_choice_in_this_browser_goes_before_the_company(client, company):
    client.post("/appearance/", {"language": "en", "theme": "dark", "next": "/sign-in/"})
    page = client.get("/sign-in/")
    assert page.headers["Content-Language"] == "en"
    assert 'lang="en" data-theme="dark"' in page.text


def test_a_persons_choice_follows_them_to_another_browser(client, client_class, li_wei):
    client.force_login(li_wei)
    client.post("/appearance/", {"language": "en", "theme": "dark", "density": "compact"})
    other = client_class()
    other.force_login(li_wei)
    page = other.get("/settings/profile/")
    assert page.headers["Content-Language"] == "en"
    assert 'data-theme="dark" data-density="compact"' in page.text


@pytest.fixture
def client_class():
    from django.test import Client

    return Client


def test_an_unknown_choice_is_refused_and_the_way_back_stays_here(client, company):
    assert client.post("/appearance/", {"theme": "pink"}).status_code == 400
    assert client.post("/appearance/", {"language": "xx"}).status_code == 400
    assert client.get("/appearance/").status_code == 405
    for elsewhere in ("https://example.com/", "//example.com/", "/\\example.com"):
        assert client.post("/appearance/", {"keys": "off", "next": elsewhere}).url == "/"


def test_a_fragment_after_the_session_ended_is_not_the_sign_in_page(client, company):
    assert client.get("/settings/profile/").status_code == 302
    answer = client.get("/settings/profile/", headers={"HX-Request": "true"})
    assert answer.status_code == 401


def test_a_cookie_with_nonsense_counts_as_not_set(client, company):
    client.cookies["kezhi_theme"] = '"><script>'
    client.cookies["kezhi_language"] = "../../etc"
    page = client.get("/sign-in/")
    assert 'data-theme="auto"' in page.text


def test_pages_are_protected_and_not_kept_by_shared_caches(client, company):
    page = client.get("/sign-in/")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("view", "status", "words"),
    [
        (errors.bad_request, 400, {"en": "isn’t complete", "zh-hans": "不完整"}),
        (errors.forbidden, 403, {"en": "can’t open", "zh-hans": "无法打开"}),
        (errors.not_found, 404, {"en": "nothing at this address", "zh-hans": "没有内容"}),
        (errors.failed, 500, {"en": "broke", "zh-hans": "系统出了问题"}),
        (errors.unavailable, 503, {"en": "starting", "zh-hans": "正在启动"}),
        (errors.csrf_failure, 403, {"en": "expired", "zh-hans": "已过期"}),
    ],
)
def test_errors_are_told_in_both_languages_without_the_database(
    view, status, words, django_assert_num_queries
):
    for language, expected in words.items():
        with translation.override(language), django_assert_num_queries(0):
            page = view(RequestFactory().get("/"))
        assert page.status_code == status
        assert expected in page.text


def test_customers_who_meet_a_dead_address_arent_led_to_our_sign_in(client, company):
    for path, home in (("/help/en/KB-9999/", "/help/"), ("/ask/none/", ""), ("/s/x/y/", "")):
        page = client.get(path)
        assert page.status_code == 404
        assert 'href="/"' not in page.text
        assert f'href="{home}"' in page.text or not home
        assert "bare-brand" not in page.text


def test_without_its_database_the_product_says_so(client, monkeypatch):
    def gone():
        raise OperationalError

    monkeypatch.setattr(Company, "current", gone)
    page = client.get("/", headers={"accept-language": "en-GB,en"})
    assert page.status_code == 503
    assert "database can’t be reached" in page.text


@pytest.mark.parametrize(
    ("said", "number"),
    [("1,200.5", "1200.5"), ("１，２００．５", "1200.5"), ("-3", "-3"), ("5 %", None)],
)
def test_a_number_is_read_as_people_type_it(said, number):
    assert typed_number(said) == (None if number is None else Decimal(number))


@pytest.mark.parametrize("said", ["", "nan", "sNaN", "-inf", "1e999999999", "x" * 500])
def test_what_nobody_can_reckon_with_is_no_number(said):
    assert typed_number(said) is None


def test_a_percent_sign_is_passed_over_where_it_may_stand():
    assert typed_number(" 5 ％", may_be_percent=True) == 5
