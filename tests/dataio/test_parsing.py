"""What the text of a cell means."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.dataio.fields import ImportField, Reading
from kezhi.dataio.parsing import Bad, credit_code_check, day_comes_first, parse
from kezhi.dataio.typing import typed_column
from kezhi.records import FieldKind as K


def meaning(kind: K, text: str, reading: Reading | None = None, **more: object) -> str | None:
    field = ImportField("f", "Field", kind, **more)  # type: ignore[arg-type]
    try:
        return parse(text, field, reading or Reading())
    except Bad as bad:
        return f"! {bad.code}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("￥1,234.50", "1234.50"), ("¥-12", "-12.00"), ("RMB 5", "5.00"), ("12元", "12.00"), ("(120)",
        "-120.00"),
        ("（120）", "-120.00"), ("120-", "-120.00"), ("１２０．５", "120.50"), ("1.5万", "15000.00"),
        ("3亿", "300000000.00"),
        ("1 234.50", "1234.50"), ("0.005", "0.01"), ("-", None), ("—", None), ("N/A", None), ("", None),
        ("1.234,56", "! decimal_comma"), ("1234,56", "! decimal_comma"), ("12,34", "! decimal_comma"),
        ("abc", "! not_a_number"), ("NaN", "! not_a_number"), ("1_000", "! not_a_number"), ("-(5)",
        "! not_a_number"),
        ("$12", "! other_currency"), ("99999999999999", "! too_large"), ("1.5E+20", "! digits_lost"),
        ("#REF!", "! formula_error"), ("=A1", "! formula"),
    ],
)  # fmt: skip
def test_money(text, expected):
    assert meaning(K.MONEY, text) == expected


def test_the_unit_of_the_heading_counts():
    assert meaning(K.MONEY, "1,860", Reading(factor=Decimal(10_000))) == "18600000.00"


def test_a_dollar_is_at_home_in_a_company_of_dollars():
    assert meaning(K.MONEY, "$1,200", Reading(currency="USD")) == "1200.00"


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-31", "2025/1/31", "2025.1.31", "20250131", "2025年1月31日", "31.01.2025", "45688", "45688.35",
        "2025-01-31 08:30:00", "2025-01-31T08:30:00Z", "2025/1/31 8:30", "Jan 31, 2025", "31-Jan-2025",
        "31 January 2025", "31/01/2025", "01/31/2025", "２０２５－０１－３１", "'2025-01-31",
    ],
)  # fmt: skip
def test_many_ways_to_write_one_day(text):
    assert meaning(K.DATE, text) == "2025-01-31"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2025/13/40", "no_such_date"), ("2025-02-30", "no_such_date"), ("20.9.17", "two_digit_year"),
        ("25/1/3", "two_digit_year"), ("去年底", "not_a_date"), ("2025/1", "not_a_date"), ("03/04/2025",
        "day_or_month"),
        ("1025-01-01", "date_out_of_range"), ("2999-01-01", "date_out_of_range"),
    ],
)  # fmt: skip
def test_dates_that_are_none(text, code):
    assert meaning(K.DATE, text) == f"! {code}"


def test_a_day_to_come_is_no_day_of_an_order():
    reading = Reading(today=date(2025, 6, 1))
    assert meaning(K.DATE, "2025-06-02", reading, not_after_today=True) == "! in_future"
    assert meaning(K.DATE, "2025-06-01", reading, not_after_today=True) == "2025-06-01"


def test_a_column_tells_whether_the_day_comes_first():
    assert day_comes_first(["03/04/2025", "13/04/2025"]) is True
    assert day_comes_first(["03/04/2025", "04/13/2025"]) is False
    assert day_comes_first(["03/04/2025"]) is None
    assert day_comes_first(["13/04/2025", "04/13/2025"]) is None
    assert meaning(K.DATE, "03/04/2025", Reading(day_first=True)) == "2025-04-03"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13812345678", "13812345678"), ("138 1234 5678", "13812345678"), ("+86 138-1234-5678", "13812345678"),
        ("8613812345678", "13812345678"), ("(010)12345678", "010-12345678"), ("0512-58201234", "0512-58201234"),
        ("021-12345678转88", "021-12345678-88"), ("400-800-1234", "4008001234"), ("+1 415 555 0100",
        "+14155550100"),
        ("1391234", "! phone_length"), ("0512-5820", "! phone_length"), ("13812345678/13912345678",
        "! several_phones"),
        ("1.38E+10", "! digits_lost"), ("无", None), ("王经理", "! not_a_phone"),
    ],
)  # fmt: skip
def test_phone_numbers(text, expected):
    assert meaning(K.PHONE, text) == expected


def test_the_check_character_of_a_credit_code():
    assert meaning(K.TAX_ID, "91350100m000100y43") == "91350100M000100Y43"
    assert credit_code_check("91350100M000100Y4") == "3"
    assert meaning(K.TAX_ID, "91350100M000100Y44") == "! credit_code_check"
    assert meaning(K.TAX_ID, "91350100M000") == "! credit_code_length"
    assert meaning(K.TAX_ID, "9.13501E+17") == "! digits_lost"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" 　安徽 ", "安徽"), ("\u200b安徽\ufeff", "安徽"), ("一行\n两行", "一行 两行"), ('="007"',
        "007"), ("'-5", "-5"),
        ("=1+1", "! formula"), ("a\0b", "! nul"), ("a\ufffd", "! undecodable"), ("x" * 201, "! too_long"),
        ("#N/A", "! formula_error"), ("-", "-"),
    ],
)  # fmt: skip
def test_text(text, expected):
    assert meaning(K.TEXT, text) == expected


def test_codes_are_kept_as_codes():
    assert meaning(K.CODE, "００17") == "0017"
    assert meaning(K.CODE, "1E05") == "1E05"
    assert meaning(K.CODE, "9.13E+17") == "! digits_lost"


def test_words():
    choices = (("company", "Company"), ("person", "Person"))
    more = {"choices": choices, "words": {"企业": "company"}}
    assert meaning(K.CHOICE, "企业", **more) == "company"
    assert meaning(K.CHOICE, "PERSON", **more) == "person"
    assert meaning(K.CHOICE, "散户", **more) == "! unknown_choice"
    assert meaning(K.CHOICE, "散户", Reading(words={"散户": "person"}), **more) == "person"
    wide = {"choices": (("calls", "统计：上门（次）"),)}
    assert meaning(K.CHOICE, "统计：上门（次）", **wide) == "calls"
    assert meaning(K.CHOICE, "统计:上门(次)", **wide) == "calls"
    assert meaning(K.BOOLEAN, "是") == "t"
    assert meaning(K.BOOLEAN, "maybe") == "! not_yes_or_no"
    assert meaning(K.EMAIL, "王@公司.中国") == "王@公司.中国"
    assert meaning(K.EMAIL, "a@b") == "! not_an_email"
    assert meaning(K.INTEGER, "30 天") == "30"
    assert meaning(K.INTEGER, "1.5") == "! not_whole"


KINDS = [K.TEXT, K.LONG_TEXT, K.CODE, K.MONEY, K.QUANTITY, K.DATE, K.PHONE]
CELLS = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"-?\d{1,14}(\.\d{0,5})?", fullmatch=True),
    st.from_regex(r"(19|20)\d\d[-/](0?[1-9]|1[0-9])[-/]\d{1,2}", fullmatch=True),
    st.sampled_from(["", " ", "—", "=1", "'=", "1.5E+10", "é", "e\u0301", "豈", "ＡＢ",
                     "a\0", "中 ", "\ufeff"]),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=8), st.sampled_from(KINDS))
def test_the_quick_path_and_the_exact_one_agree(texts, kind):
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    field = ImportField("f", "Field", kind, places=2)
    values, faults = typed_column(pa.array(texts, pa.string()), field, Reading())
    codes = {position: code for position, code, _params in faults}
    for position, text in enumerate(texts):
        expected = meaning(kind, text)
        if expected is not None and expected.startswith("! "):
            assert codes[position] == expected[2:]
        elif kind in {K.MONEY, K.QUANTITY} and expected is not None:
            assert Decimal(values[position].as_py()) == Decimal(expected)
        else:
            assert values[position].as_py() == expected


@pytest.mark.parametrize("kind", [K.PHONE, K.EMAIL, K.MONEY, K.DATE, K.INTEGER])
def test_a_megabyte_that_is_no_text_is_refused_before_it_is_read(kind):
    assert meaning(kind, "1" * 1_000_000) == "! too_long"
