"""What the text of a filter's operand means: a number with its unit, a day, a span of days."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from kezhi.core.normal_form import normal_form

LONGEST = 200
UNITS = {
    "万": Decimal(10_000),
    "亿": Decimal(100_000_000),
    "K": Decimal(1_000),
    "M": Decimal(1_000_000),
    "B": Decimal(1_000_000_000),
    "%": Decimal("0.01"),
}
NUMBER = re.compile(r"(-?)[¥$€£]?((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)\s*([万亿KMB%]?)元?")
SHIFT = re.compile(r"([+-]?)(\d{1,5})([dwmy])")
NEXT = re.compile(r"next_(\d{1,5})([dwmy])")
LIMIT = Decimal(10) ** 13
FIRST, LAST = date(1900, 1, 1), date(2199, 12, 31)


class Unusable(ValueError):
    """The operand can't be used; says what would do, in the reader's language."""


def text(operand: str) -> str:
    """A text to look for; raises when there is none or it isn't text."""
    cleaned = normal_form("NFC", operand).strip()
    if not cleaned:
        raise Unusable(_("Type what to look for."))
    if len(cleaned) > LONGEST or not is_one_line(cleaned):
        raise Unusable(_("This isn’t text that can be looked for."))
    return cleaned


def is_one_line(text: str) -> bool:
    """Whether a text has no control signs; joiners inside emoji, right-to-left marks, wide spaces may stay."""
    return not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)


def number(operand: str) -> Decimal:
    """`1.5万`, `2亿`, `12,000`, `60%`, `1.2M` as a number."""
    written = normal_form("NFKC", operand).strip().replace("−", "-").upper()
    match = NUMBER.fullmatch(written) if len(written) <= LONGEST else None
    if match is None:
        raise Unusable(_("Write a number, such as 1500, 1.5万 or 20%."))
    sign, digits, unit = match.groups()
    amount = Decimal(digits.replace(",", "")) * UNITS.get(unit, Decimal(1))
    if amount >= LIMIT:
        raise Unusable(_("This number is too large."))
    return round(-amount if sign else amount, 6)


def day(operand: str, on: date) -> date:
    """`2026-11-20`, `today`, `yesterday`, `tomorrow`, `-30d` (30 days ago), `30d` (in 30 days)."""
    word = operand.strip().lower()
    near = {"today": 0, "yesterday": -1, "tomorrow": 1}
    if word in near:
        return on + timedelta(days=near[word])
    if match := SHIFT.fullmatch(word):
        return _shifted(on, int(match[2]) * (-1 if match[1] == "-" else 1), match[3])
    try:
        written = date.fromisoformat(word)
    except ValueError:
        raise Unusable(_("Write a day, such as 2026-11-20, today or -30d.")) from None
    return _known(written)


def span(operand: str, on: date) -> tuple[date, date]:
    """The first and the last day of a span.

    `30d` and `-30d` reach from 30 days ago to today, `+30d` and `next_30d` from today 30 days on;
    `this_month`, `last_month`, `this_week`, `this_quarter`, `this_year`, `last_year`; `2026-01-01..2026-03-31`.
    """
    word = operand.strip().lower()
    if ".." in word:
        first, last = (day(part, on) for part in word.split("..", 1))
        if first > last:
            raise Unusable(_("The first day is after the last."))
        return first, last
    if match := NEXT.fullmatch(word):
        return on, _shifted(on, int(match[1]), match[2])
    if match := SHIFT.fullmatch(word):
        if match[1] == "+":
            return on, _shifted(on, int(match[2]), match[3])
        return _shifted(on, -int(match[2]), match[3]), on
    named = _named_span(word, on)
    if named is None:
        at = day(word, on)
        return at, at
    return named


def _named_span(word: str, on: date) -> tuple[date, date] | None:
    month = on.replace(day=1)
    quarter = on.replace(month=(on.month - 1) // 3 * 3 + 1, day=1)
    year = on.replace(month=1, day=1)
    if word == "this_week":
        monday = on - timedelta(days=on.weekday())
        return monday, monday + timedelta(days=6)
    starts = {"this_month": (month, 1), "this_quarter": (quarter, 3), "this_year": (year, 12)}
    if word in starts:
        start, months = starts[word]
        return start, _plus_months(start, months) - timedelta(days=1)
    if word == "last_month":
        return _plus_months(month, -1), month - timedelta(days=1)
    if word == "last_year":
        return year.replace(year=year.year - 1), year - timedelta(days=1)
    return None


def _shifted(on: date, count: int, unit: str) -> date:
    try:
        if unit in "dw":
            return _known(on + timedelta(days=count * (7 if unit == "w" else 1)))
        return _known(_plus_months(on, count * (12 if unit == "y" else 1)))
    except (OverflowError, ValueError):
        raise Unusable(_("This day is too far away.")) from None


def _known(at: date) -> date:
    if not FIRST <= at <= LAST:
        raise Unusable(_("This day is too far away."))
    return at


def _plus_months(on: date, count: int) -> date:
    """The same day so many months on; the month's last day where there is no such day."""
    months = on.year * 12 + on.month - 1 + count
    first = date(months // 12, months % 12 + 1, 1)
    after = date((months + 1) // 12, (months + 1) % 12 + 1, 1)
    return min(first + timedelta(days=on.day - 1), after - timedelta(days=1))
