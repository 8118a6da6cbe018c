"""Numbers, money and dates read as the design says, in both languages."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from markupsafe import Markup

from kezhi.web import numbers

TODAY = date(2026, 11, 20)


@pytest.fixture
def zh():
    with translation.override("zh-hans"), in_the_company():
        yield


@pytest.fixture
def en():
    with translation.override("en"), in_the_company():
        yield


def in_the_company():
    return numbers.reading_for(currency="CNY", zone=ZoneInfo("Asia/Shanghai"), today=TODAY)


def plain(text):
    return text.replace(numbers.NBSP, " ")


@pytest.mark.parametrize(
    ("amount", "chinese", "english"),
    [
        (0, "0", "0"),
        (9_999, "9,999", "9,999"),
        (10_000, "1 万", "10K"),
        (12_300, "1.23 万", "12.3K"),
        (99_996, "10 万", "100K"),
        (32_100_000, "3,210 万", "32.1M"),
        (99_995_000, "1 亿", "100M"),
        (999_600, "100 万", "1M"),
        (186_000_000, "1.86 亿", "186M"),
        (1_860_000_000, "18.6 亿", "1.86B"),
        (Decimal("-12345.6"), "−1.23 万", "−12.3K"),
        (38.64, "38.6", "38.6"),
        (0.001, "0", "0"),
        (-0.001, "0", "0"),
    ],
)
def test_large_numbers_shorten_to_three_digits(amount, chinese, english):
    with in_the_company():
        with translation.override("zh-hans"):
            assert plain(numbers.number(amount, plain=True)) == chinese
        with translation.override("en"):
            assert numbers.number(amount, plain=True) == english


@pytest.mark.parametrize(
    ("currency", "chinese", "english"),
    [
        (None, "¥486 万", "¥4.86M"),
        ("USD", "USD 486 万", "US$4.86M"),
        ("XAF", "XAF 486 万", "XAF 4.86M"),
    ],
)
def test_money_names_its_currency(currency, chinese, english):
    with in_the_company():
        with translation.override("zh-hans"):
            assert plain(numbers.money(4_860_000, currency, plain=True)) == chinese
        with translation.override("en"):
            assert plain(numbers.money(4_860_000, currency, plain=True)) == english


def test_exact_money_keeps_the_cents_and_the_true_minus(zh):
    assert numbers.money(Decimal("38640"), exact=True, plain=True) == "¥38,640.00"
    assert numbers.money(Decimal("-38640.5"), exact=True, plain=True) == "−¥38,640.50"
    assert numbers.money(1200, "JPY", exact=True, plain=True) == "JPY 1,200"


def test_an_amount_of_something_has_only_the_decimals_that_say_something(zh):
    shown = [numbers.quantity(Decimal(text), 4, plain=True) for text in ("200.0000", "4.6000")]
    assert shown == ["200", "4.6"]
    assert numbers.quantity(Decimal("-1250.75"), 4, plain=True) == "−1,250.75"


def test_a_column_of_money_stands_in_the_unit_of_its_heading(zh):
    assert numbers.money_unit() == "万元"
    assert numbers.money_column(3_124_000, plain=True) == "312.4"


def test_a_column_of_money_in_english(en):
    assert numbers.money_unit() == "¥K"
    assert numbers.money_column(3_124_000, plain=True) == "3,124"


def test_what_is_not_known_is_a_dash_that_is_spoken(zh):
    for shown in (numbers.money, numbers.percent, numbers.day, numbers.ago, numbers.probability):
        assert shown(None, plain=True) == "—"
        assert "没有数据" in shown(None)
    assert numbers.number(float("nan"), plain=True) == "—"
    assert numbers.number(float("inf"), plain=True) == "—"


def test_percent_and_probability(zh):
    assert numbers.percent(0.7611) == "76%"
    assert numbers.percent(-0.0001) == "0%"
    assert numbers.probability(0.61) == "0.61"
    assert numbers.probability(0.9999, plain=True) == ">0.99"
    assert numbers.probability(0.001) == "&lt;0.01"
    assert numbers.probability(1) == "1.00"


def test_a_change_has_a_sign(zh):
    assert numbers.delta(0.042) == "+4.2%"
    assert numbers.delta(0.22) == "+22%"
    assert plain(numbers.delta(-0.017, "points")) == "−1.7 个百分点"
    assert numbers.delta(0) == "0%"


def test_a_change_in_english(en):
    assert plain(numbers.delta(0.017, "points")) == "+1.7 pp"
    assert numbers.delta(-12345, "money", plain=True) == "−¥12.3K"


def test_days_leave_out_this_year_and_keep_the_iso_date(zh):
    assert numbers.day(TODAY, plain=True) == "11-20"
    assert numbers.day(date(2025, 3, 1), plain=True) == "2025-03-01"
    assert numbers.day(TODAY, "full", plain=True) == "2026-11-20"
    assert numbers.day(TODAY, "long", plain=True) == "11 月 20 日 周五"
    assert numbers.day(TODAY) == '<time datetime="2026-11-20">11-20</time>'
    assert numbers.period(date(2026, 11, 1), date(2026, 11, 30)) == "11-01 ～ 11-30"


def test_days_in_english(en):
    assert numbers.day(TODAY, plain=True) == "20 Nov"
    assert numbers.day(date(2025, 3, 1), plain=True) == "1 Mar 2025"
    assert numbers.day(TODAY, "long", plain=True) == "Fri 20 Nov"


def test_instants_are_told_in_the_companys_zone(zh):
    at = datetime(2026, 11, 19, 20, 8, tzinfo=UTC)
    assert numbers.instant(at, plain=True) == "11-20 04:08"
    assert numbers.clock(at, plain=True) == "04:08"
    assert numbers.day(at, plain=True) == "11-20"


def test_how_long_since(zh, monkeypatch):
    now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    monkeypatch.setattr(numbers.timezone, "now", lambda: now)
    since = {
        timedelta(seconds=20): "刚刚",
        timedelta(minutes=5): "5 分钟前",
        timedelta(hours=3): "3 小时前",
        timedelta(days=1, hours=1): "11-19 19:00",
    }
    for elapsed, words in since.items():
        assert numbers.ago(now - elapsed, plain=True) == words
    assert numbers.ago(TODAY, plain=True) == "今天"
    assert numbers.ago(TODAY - timedelta(days=1), plain=True) == "昨天"
    assert numbers.ago(TODAY - timedelta(days=18), plain=True) == "18 天前"
    assert numbers.ago(TODAY + timedelta(days=1), plain=True) == "明天"


def test_spans_of_time(zh):
    assert plain(numbers.duration(40)) == "40 秒"
    assert plain(numbers.duration(timedelta(hours=2, minutes=14, seconds=3))) == "2 小时 14 分"
    assert plain(numbers.duration(0.84)) == "0.8 秒"
    assert numbers.tenure(date(2020, 9, 17)) == "6 年 2 个月"
    assert numbers.tenure(TODAY) == "0 个月"
    assert numbers.days(12) == "12 天"


def test_spans_of_time_in_english(en):
    assert plain(numbers.duration(192)) == "3 min 12 s"
    assert numbers.tenure(date(2025, 10, 20)) == "1 year 1 month"
    assert numbers.days(1) == "1 day"


def test_html_is_safe_and_small_units_are_marked(zh):
    shown = numbers.money(4_860_000)
    assert isinstance(shown, Markup)
    assert shown == "¥486&nbsp;<small>万</small>"
    assert "<script>" not in numbers.money(5, "<script>")
