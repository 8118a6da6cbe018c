"""One cell at a time: what its text means for the kind of its field, exactly, or why it means nothing.

`parse` gives the text that the database reads without doubt (`-120.50`, `2025-01-31`, `t`), None for a
blank cell. The quick path over whole columns (`typing.py`) only shortcuts texts that are in this form already.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from kezhi.core.normal_form import normal_form
from kezhi.dataio.fields import ImportField, Reading, plain_word
from kezhi.records import FieldKind
from kezhi.workbench import tagging

NO_READING = Reading()
FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2199, 12, 31)
LIMIT = Decimal(10) ** 13
BLANKS = frozenset(
    {"-", "--", "—", "——", "/", "\\", "n/a", "na", "null", "none", "nil", "无", "暂无", "空"}
)
# A joiner stays where it is part of a character: between emoji, in Arabic and Indic scripts.
INVISIBLE = re.compile(
    "[\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff\u00ad]"
    "|(?<![\u0600-\u1fff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]"
)
PROTECTED = re.compile(r"^'(?=[=+\-@\t\r＝＋－＠'])")
QUOTED_FORMULA = re.compile(r'^="([^"]*)"$')
SCIENTIFIC = re.compile(r"^[+-]?\d(\.\d+)?E\+\d{2,3}$", re.IGNORECASE)
SPREADSHEET_ERRORS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA", "#SPILL!"}
)


class Bad(Exception):
    """The cell can't be understood; carries the code of the problem."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


LONGEST_ENTRY = 1000  # of a number, a day, a phone: whatever isn't free text
_FREE = frozenset({FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.TAGS, FieldKind.MULTI_CHOICE})


def parse(text: str, field: ImportField, reading: Reading = NO_READING) -> str | None:
    """The canonical text of a cell, None if it is blank; raises `Bad`."""
    if field.kind not in _FREE and len(text.strip()) > LONGEST_ENTRY:
        # A megabyte of digits would keep the patterns below busy for minutes.
        raise Bad("too_long", length=len(text), limit=LONGEST_ENTRY)
    is_marked = text.lstrip().startswith("'")  # our own export says so that this is a text
    text = _clean(text, keeps_lines=field.kind in {FieldKind.LONG_TEXT, FieldKind.TAGS})
    if field.kind not in {FieldKind.TEXT, FieldKind.LONG_TEXT}:
        text = text.removeprefix("'")  # how spreadsheets mark a number or a date as text
    if not text or (field.kind not in _TEXTS and text.lower() in BLANKS):
        return None
    if text.upper() in SPREADSHEET_ERRORS:
        raise Bad("formula_error")
    if text[0] in "=＝" and len(text) > 1 and not is_marked:
        raise Bad("formula")
    return _PARSERS[field.kind](text, field, reading)


def _clean(text: str, keeps_lines: bool) -> str:
    if "\0" in text:
        raise Bad("nul")
    if "\ufffd" in text:
        raise Bad("undecodable")
    text = normal_form("NFC", INVISIBLE.sub("", text))
    if not keeps_lines:
        text = " ".join(text.split()) if any(c.isspace() and c != " " for c in text) else text
    text = "".join(c for c in text if c >= " " or c in "\n\t") if not text.isprintable() else text
    text = text.strip()
    if quoted := QUOTED_FORMULA.match(text):
        text = quoted[1].strip()
    return PROTECTED.sub("", text)


def _text(text: str, field: ImportField, reading: Reading) -> str:
    if len(text) > field.max_length:
        raise Bad("too_long", length=len(text), limit=field.max_length)
    return text


def _code(text: str, field: ImportField, reading: Reading) -> str:
    text = _text(normal_form("NFKC", text).strip(), field, reading)
    if SCIENTIFIC.match(text):
        raise Bad("digits_lost", text=text)
    return text


# ---- numbers ----

CURRENCIES = {
    "¥": "CNY", "RMB": "CNY", "CNY": "CNY", "元": "CNY", "圆": "CNY", "人民币": "CNY", "人民幣": "CNY",
    "US$": "USD", "USD": "USD", "$": "USD", "美元": "USD", "€": "EUR", "EUR": "EUR", "欧元": "EUR",
    "£": "GBP", "GBP": "GBP", "英镑": "GBP", "HK$": "HKD", "HKD": "HKD", "港元": "HKD", "港币": "HKD",
    "JPY": "JPY", "日元": "JPY", "₩": "KRW", "KRW": "KRW", "NT$": "TWD", "TWD": "TWD", "SGD": "SGD",
    "S$": "SGD", "AUD": "AUD", "A$": "AUD", "CAD": "CAD", "C$": "CAD", "₹": "INR", "INR": "INR", "CHF": "CHF",
}  # fmt: skip
_MARKS = sorted(CURRENCIES, key=len, reverse=True)
# What a mark can also mean: $ is written for many currencies, ¥ for two.
AMBIGUOUS = {"$": {"USD", "HKD", "TWD", "SGD", "AUD", "CAD"}, "¥": {"CNY", "JPY"}}
UNITS = {"亿": Decimal(10**8), "億": Decimal(10**8), "万": Decimal(10**4), "萬": Decimal(10**4),
         "千": Decimal(1000), "K": Decimal(1000), "M": Decimal(10**6)}  # fmt: skip
PLAIN = re.compile(r"\d+(\.\d*)?|\.\d+")
GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")
POWER = re.compile(r"\d+(\.\d+)?E[+-]?\d{1,2}", re.IGNORECASE)


def number(text: str, currency: str = "") -> Decimal:
    """`￥1,234.50`, `(120)`, `120-`, `１２０`, `1.5万` as a number; raises `Bad`."""
    original = text
    text = normal_form("NFKC", text).replace("−", "-").replace("－", "-").replace("'", "")
    text = re.sub(r"\s", " ", text).strip()
    negative = False
    if match := re.fullmatch(r"\((.*)\)", text):
        text, negative = match[1].strip(), True
    text, sign = _without_sign(text)
    text, mark = _without_mark(text)
    text, factor = _without_unit(text)
    if not mark:
        text, mark = _without_mark(text)
    text, inner_sign = _without_sign(text)
    if (negative or sign) and inner_sign:
        raise Bad("not_a_number")
    if mark and currency and currency not in AMBIGUOUS.get(mark, {CURRENCIES[mark]}):
        raise Bad("other_currency", currency=CURRENCIES[mark], own=currency)
    amount = _digits(text) * factor
    if abs(amount) >= LIMIT:
        if SCIENTIFIC.match(original):
            raise Bad("digits_lost", text=original)
        raise Bad("too_large", limit="10,000,000,000,000")
    return -amount if negative or "-" in (sign, inner_sign) else amount


def _without_sign(text: str) -> tuple[str, str]:
    if text[:1] in {"-", "+"}:
        return text[1:].strip(), text[0]
    if text.endswith("-"):
        return text[:-1].strip(), "-"
    return text, ""


def _without_mark(text: str) -> tuple[str, str]:
    upper = text.upper()
    for mark in _MARKS:
        if upper.startswith(mark):
            return text[len(mark) :].strip(), mark
        if upper.endswith(mark):
            return text[: -len(mark)].strip(), mark
    return text, ""


def _without_unit(text: str) -> tuple[str, Decimal]:
    if text and text[-1].upper() in UNITS and len(text) > 1:
        return text[:-1].strip(), UNITS[text[-1].upper()]
    return text, Decimal(1)


def _digits(text: str) -> Decimal:
    if PLAIN.fullmatch(text):
        return Decimal(text)
    if GROUPED.fullmatch(text):
        return Decimal(text.replace(",", ""))
    if POWER.fullmatch(text):
        return Decimal(text)
    if re.fullmatch(r"\d{1,3}([. ]\d{3})*,\d+|\d+,\d{1,2}|\d{1,3}(\.\d{3}){2,}", text):
        raise Bad("decimal_comma")
    if re.fullmatch(r"\d{1,3}( \d{3})+(\.\d+)?", text):
        return Decimal(text.replace(" ", ""))
    raise Bad("not_a_number")


def _rounded(amount: Decimal, places: int) -> str:
    try:
        return format(amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) + 0, "f")
    except InvalidOperation as error:
        raise Bad("not_a_number") from error


def _money(text: str, field: ImportField, reading: Reading) -> str:
    amount = number(text, reading.currency) * reading.factor
    return _checked(amount, field)


def _quantity(text: str, field: ImportField, reading: Reading) -> str:
    return _checked(number(text) * reading.factor, field)


def _checked(amount: Decimal, field: ImportField) -> str:
    if field.at_least_zero and amount < 0:
        raise Bad("negative")
    if abs(amount) >= LIMIT:
        raise Bad("too_large", limit="10,000,000,000,000")
    return _rounded(amount, field.places)


def _integer(text: str, field: ImportField, reading: Reading) -> str:
    amount = number(re.sub(r"\s*(天|日|days?|个|人)$", "", text)) * reading.factor
    if amount != amount.to_integral_value():
        raise Bad("not_whole")
    if amount < 0 and field.at_least_zero:
        raise Bad("negative")
    if abs(amount) > field.largest:
        raise Bad("too_large", limit=f"{field.largest:,}")
    return str(int(amount))


def _share(text: str, field: ImportField, reading: Reading) -> str:
    text = normal_form("NFKC", text)
    if text.endswith("%"):
        return str((number(text[:-1]) / 100).normalize())
    return str(number(text))


# ---- dates ----

MONTH_NAMES = [
    ("jan", "january"), ("feb", "february"), ("mar", "march"), ("apr", "april"), ("may",), ("jun", "june"),
    ("jul", "july"), ("aug", "august"), ("sep", "sept", "september"), ("oct", "october"), ("nov", "november"),
    ("dec", "december"),
]  # fmt: skip
MONTHS = {name: number for number, names in enumerate(MONTH_NAMES, start=1) for name in names}
_TIME = (
    r"(?:[T\s]+\s*(?:上午|下午|AM|PM)?\s*\d{1,2}[:时]\d{1,2}(?:[:分]\d{1,2}(?:\.\d+)?秒?)?"
    r"\s*(?:AM|PM)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
)
YEAR_FIRST = re.compile(
    r"(\d{4})\s*([-/.年])\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?" + _TIME, re.IGNORECASE
)
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
YEAR_LAST = re.compile(r"(\d{1,2})\s*([-/.])\s*(\d{1,2})\s*[-/.]\s*(\d{4})" + _TIME, re.IGNORECASE)
NAMED_MONTH = re.compile(r"(\d{1,2})[\s-]+([A-Za-z]{3,9})\.?,?[\s-]+(\d{4})" + _TIME, re.IGNORECASE)
MONTH_NAMED_FIRST = re.compile(
    r"([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})" + _TIME, re.IGNORECASE
)
TWO_DIGITS = re.compile(
    r"\d{1,2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*[日号]?" + _TIME + r"|\d{6}"
)
SERIAL = re.compile(r"(\d{5})(\.\d+)?")
SERIAL_START = date(1899, 12, 30)


def _date(text: str, field: ImportField, reading: Reading) -> str:
    day = _day(normal_form("NFKC", text).strip(), reading)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Bad("date_out_of_range", first=FIRST_DAY.isoformat(), last=LAST_DAY.isoformat())
    if field.not_after_today and reading.today is not None and day > reading.today:
        raise Bad("in_future")
    return day.isoformat()


def _day(text: str, reading: Reading) -> date:
    if match := YEAR_FIRST.fullmatch(text):
        return _existing(match[1], match[3], match[4])
    if match := COMPACT.fullmatch(text):
        return _existing(*match.groups())
    if match := YEAR_LAST.fullmatch(text):
        return _year_last(match, reading)
    if (match := NAMED_MONTH.fullmatch(text)) and match[2].lower() in MONTHS:
        return _existing(match[3], MONTHS[match[2].lower()], match[1])
    if (match := MONTH_NAMED_FIRST.fullmatch(text)) and match[1].lower() in MONTHS:
        return _existing(match[3], MONTHS[match[1].lower()], match[2])
    if TWO_DIGITS.fullmatch(text):
        raise Bad("two_digit_year")
    if (match := SERIAL.fullmatch(text)) and int(match[1]) >= 10_000:
        return SERIAL_START + timedelta(days=int(match[1]))
    raise Bad("not_a_date")


def _year_last(match: re.Match[str], reading: Reading) -> date:
    first, second = int(match[1]), int(match[3])
    day_first = reading.day_first
    if match[2] == ".":  # 31.01.2025 is written only where the day comes first
        day_first = True
    elif first > 12 or second > 12:
        day_first = first > 12
    elif first == second:
        day_first = True
    if day_first is None:
        raise Bad("day_or_month")
    return _existing(match[4], *((second, first) if day_first else (first, second)))


def _existing(year: str | int, month: str | int, day: str | int) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise Bad("no_such_date") from error


def day_comes_first(texts: list[str]) -> bool | None:
    """Whether 03/04/2025 means 3 April in a column, by its cells that leave no doubt; else None."""
    votes = set()
    for text in texts:
        match = YEAR_LAST.fullmatch(normal_form("NFKC", text).strip())
        if match and match[2] != ".":
            first, second = int(match[1]), int(match[3])
            if first > 12 >= second:
                votes.add(True)
            elif second > 12 >= first:
                votes.add(False)
    return votes.pop() if len(votes) == 1 else None


# ---- words ----

YES = frozenset(
    {"是", "y", "yes", "true", "t", "1", "√", "✓", "有", "对", "在售", "启用", "on", "x"}
)
NO = frozenset({"否", "n", "no", "false", "f", "0", "×", "✗", "没有", "错", "停售", "停用", "off"})


def _boolean(text: str, field: ImportField, reading: Reading) -> str:
    word = normal_form("NFKC", text).lower()
    if word in YES:
        return "t"
    if word in NO:
        return "f"
    raise Bad("not_yes_or_no")


def _choice(text: str, field: ImportField, reading: Reading) -> str:
    word = plain_word(text)
    for said, meant in reading.words.items():
        if plain_word(said) == word:
            return meant
    for key, label in field.choices:
        if word in {plain_word(key), plain_word(str(label))}:
            return key
    if word in field.words:
        return field.words[word]
    choices = ", ".join(str(label) for _, label in field.choices)
    raise Bad("unknown_choice", text=text[:40], choices=choices)


def _choices(text: str, field: ImportField, reading: Reading) -> str:
    """Several entries in one cell, as keys between commas in the order of the declaration."""
    said = [part for part in re.split(r"[;；、,，|\n]", text) if part.strip()]
    keys = {_choice(part, field, reading) for part in said}
    return ",".join(key for key, _label in field.choices if key in keys)


def _tags(text: str, field: ImportField, reading: Reading) -> str:
    """Tags in one cell, as the export writes them; each once, between commas, which no tag contains."""
    said = re.split(r"[,;\n]", normal_form("NFKC", _text(text, field, reading)))
    tags = {
        name.casefold(): name for name in reversed([tagging.clean(part) for part in said]) if name
    }
    if too_long := next((name for name in tags.values() if len(name) > tagging.LONGEST), ""):
        raise Bad("too_long", length=len(too_long), limit=tagging.LONGEST)
    if len(tags) > tagging.MOST_ON_A_RECORD:
        raise Bad("too_many_tags", count=len(tags), limit=tagging.MOST_ON_A_RECORD)
    return ",".join(reversed(tags.values()))


# ---- phone, mail, tax numbers ----

_SEVERAL = re.compile(r"\d{7,}\s*[,;/、；，|]\s*\+?\d{7,}")
EMAIL = re.compile(
    r"[^@\s,;<>()\[\]\"]{1,64}@(?:[^@\s,;<>()\[\]\".]{1,63}\.)+[^@\s,;<>()\[\]\".\d]{2,63}"
)


def _phone(text: str, field: ImportField, reading: Reading) -> str:
    text = normal_form("NFKC", text).strip()
    if SCIENTIFIC.match(text):
        raise Bad("digits_lost", text=text)
    if _SEVERAL.search(text):
        raise Bad("several_phones")
    text, extension = _without_extension(text)
    if not re.fullmatch(r"\+?[\d\s().\-/]+", text):
        raise Bad("not_a_phone")
    digits = re.sub(r"\D", "", text)
    if text.startswith("+86") or re.match(r"0086", digits):
        digits = re.sub(r"^(0086|86)", "", digits)
        text = digits
    elif len(digits) == 13 and digits.startswith("861"):
        digits = digits[2:]
    if text.startswith("+") or (digits.startswith("00") and len(digits) > 10):
        digits = digits.removeprefix("00")
        if not 7 <= len(digits) <= 15:
            raise Bad("phone_length", digits=len(digits))
        return _text(f"+{digits}{extension}", field, reading)
    if not _is_domestic(digits, has_area="-" in text or "(" in text):
        raise Bad("phone_length", digits=len(digits))
    return _text(_grouped(digits) + extension, field, reading)


def _without_extension(text: str) -> tuple[str, str]:
    match = re.fullmatch(r"(.*\d)\s*(?:转|轉|ext\.?|x|#|分机)\s*(\d{1,6})", text, re.IGNORECASE)
    if not match:
        match = re.fullmatch(r"(0\d{2,3}-\d{7,8})-(\d{1,6})", text)
    return (match[1], f"-{match[2]}") if match else (text, "")


def _is_domestic(digits: str, has_area: bool) -> bool:
    if re.fullmatch(r"1[3-9]\d{9}", digits):
        return True
    if re.fullmatch(r"0(10|2\d)\d{8}|0[3-9]\d{2}\d{7,8}", digits):
        return True
    if re.fullmatch(r"[48]00\d{7}", digits):
        return True
    # A number without area code: short, and neither the start of a mobile number nor of an area code.
    return not has_area and re.fullmatch(r"[2-9]\d{6,7}", digits) is not None


def _grouped(digits: str) -> str:
    if match := re.fullmatch(r"(0(?:10|2\d)|0[3-9]\d{2})(\d{7,8})", digits):
        return f"{match[1]}-{match[2]}"
    return digits


def _email(text: str, field: ImportField, reading: Reading) -> str:
    text = normal_form("NFKC", text).strip().removeprefix("mailto:")
    if not EMAIL.fullmatch(text) or ".." in text:
        raise Bad("not_an_email")
    return _text(text, field, reading)


CREDIT_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def _tax_id(text: str, field: ImportField, reading: Reading) -> str:
    """A unified social credit code with the check character of GB 32100-2015."""
    code = re.sub(r"[\s\-]", "", normal_form("NFKC", text)).upper()
    if SCIENTIFIC.match(code):
        raise Bad("digits_lost", text=code)
    if len(code) != 18:
        raise Bad("credit_code_length", digits=len(code))
    if any(c not in CREDIT_CODE for c in code) or credit_code_check(code[:17]) != code[17]:
        raise Bad("credit_code_check")
    return code


def credit_code_check(first_17: str) -> str:
    """The 18th character of a unified social credit code."""
    total = sum(CREDIT_CODE.index(c) * pow(3, i, 31) for i, c in enumerate(first_17))
    return CREDIT_CODE[-total % 31]


Parser = Callable[[str, ImportField, Reading], str]
_TEXTS = frozenset(
    {FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.CODE, FieldKind.PERSON, FieldKind.LINK}
)
_PARSERS: dict[FieldKind, Parser] = {
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _text,
    FieldKind.URL: _text,
    FieldKind.PERSON: _text,
    FieldKind.LINK: _text,
    FieldKind.CODE: _code,
    FieldKind.PHONE: _phone,
    FieldKind.EMAIL: _email,
    FieldKind.TAX_ID: _tax_id,
    FieldKind.INTEGER: _integer,
    FieldKind.QUANTITY: _quantity,
    FieldKind.MONEY: _money,
    FieldKind.SHARE: _share,
    FieldKind.DATE: _date,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.CHOICE: _choice,
    FieldKind.MULTI_CHOICE: _choices,
    FieldKind.TAGS: _tags,
}
