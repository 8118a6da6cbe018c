"""How numbers, money, dates and spans of time read on screen, in both languages.

Every filter gives safe HTML, or plain text with `plain=True` (for attributes, `gettext` arguments and
files). What is not known reads "—" and is spoken as "no data". The language is the active translation's;
currency, today and time zone are those of the request, set by the middleware with `reading_for`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any, TypeAlias

from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from markupsafe import Markup, escape

Amount: TypeAlias = int | float | Decimal

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
# The sign stands before the figure; a currency without one of its own is written by its code.
SIGNS = {
    "zh": {"CNY": "¥"},
    "en": {
        "CNY": "¥",
        "USD": "US$",
        "EUR": "€",
        "GBP": "£",
        "HKD": "HK$",
        "TWD": "NT$",
        "SGD": "S$",
        "AUD": "A$",
        "CAD": "C$",
        "JPY": "JP¥",
        "KRW": "₩",
        "INR": "₹",
    },
}
WITHOUT_CENTS = {"JPY", "KRW", "VND", "CLP", "ISK", "XAF", "XOF"}
# A unit is used until its figure would reach the step to the next one.
UNITS = {"zh": (10_000, ("万", "亿")), "en": (1_000, ("K", "M", "B"))}
IN_FULL_BELOW = 10_000
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a figure needs to know about the company to be written down."""

    currency: str
    zone: tzinfo
    today: date


_reading: ContextVar[Reading | None] = ContextVar("reading", default=None)
_language: ContextVar[str] = ContextVar("language", default="")


@contextmanager
def reading_for(*, currency: str, zone: tzinfo, today: date) -> Iterator[None]:
    """Within the block, figures are written in this currency and days counted from this one."""
    token = _reading.set(Reading(currency, zone, today))
    try:
        yield
    finally:
        _reading.reset(token)


def reading() -> Reading:
    known = _reading.get()
    return known or Reading("CNY", UTC, timezone.now().date())


@contextmanager
def in_one_language() -> Iterator[None]:
    """Within the block the language stays: a page of figures asks for it once, not five hundred times."""
    token = _language.set(_active_language())
    try:
        yield
    finally:
        _language.reset(token)


def language() -> str:
    """`zh` or `en`, as the page is read."""
    return _language.get() or _active_language()


def _active_language() -> str:
    return "zh" if (get_language() or "").startswith("zh") else "en"


def none(*, plain: bool = False) -> str:
    """What stands where nothing is known."""
    if plain:
        return "—"
    return Markup('<span aria-hidden="true">—</span><span class="vh">{}</span>').format(
        _("no data")
    )


def number(value: Amount | None, digits: int | None = None, *, plain: bool = False) -> str:
    """Short: 9,999, 1.2 万, 3,210 万 (zh) or 12.3K, 32.1M (en). With `digits`: in full, so many decimals."""
    amount = _decimal(value)
    if amount is None:
        return none(plain=plain)
    text, unit = (_fixed(amount, digits), "") if digits is not None else _short(amount)
    return _joined(_signed(amount, text), unit, plain=plain)


def quantity(value: Amount | None, digits: int = 0, *, plain: bool = False) -> str:
    """An amount of something in full, with at most so many decimals: 200, 4.6, 1,250.75."""
    amount = _decimal(value)
    if amount is None:
        return none(plain=plain)
    return _joined(_signed(amount, _without_zeros(_fixed(amount, digits))), "", plain=plain)


def money(
    value: Amount | None,
    currency: str | None = None,
    *,
    exact: bool = False,
    plain: bool = False,
) -> str:
    """¥486 万 or ¥4.86M; exact ¥38,640.00; a foreign currency by its code in Chinese: USD 12,400."""
    amount = _decimal(value)
    if amount is None:
        return none(plain=plain)
    code = currency or reading().currency
    if exact:
        text, unit = _fixed(amount, 0 if code in WITHOUT_CENTS else 2), ""
    else:
        text, unit = _short(amount)
    return _joined(_signed(amount, _currency_sign(code) + text), unit, plain=plain)


def money_column(value: Amount | None, digits: int = 1, *, plain: bool = False) -> str:
    """The figure alone in the table's unit (万 or K), so that a column lines up; see `money_unit`."""
    amount = _decimal(value)
    if amount is None:
        return none(plain=plain)
    is_chinese = language() == "zh"
    scaled = amount / (10_000 if is_chinese else 1_000)
    shown = digits if is_chinese else max(0, digits - 1)
    return _joined(_signed(scaled, _fixed(scaled, shown)), "", plain=plain)


def money_unit(currency: str | None = None) -> str:
    """The unit that stands in a table's heading: 万元 or ¥K."""
    code = currency or reading().currency
    if language() == "zh":
        return "万元" if code == "CNY" else f"万 {code}"
    return f"{_currency_sign(code).strip()}K"


def percent(value: Amount | None, digits: int = 0, *, plain: bool = False) -> str:
    """A share as per cent: 0.761 is 76%."""
    amount = _decimal(value)
    if amount is None:
        return none(plain=plain)
    return _joined(_signed(amount, _fixed(amount * 100, digits)) + "%", "", plain=plain)


def delta(
    value: Amount | None, kind: str = "percent", digits: int = 1, *, plain: bool = False
) -> str:
    """A change with its sign: kind is percent (of a share), points (percentage points), number or money."""
    amount = _decimal(value)
    if amount is None:
        return none(plain=plain)
    if kind == "money":
        text, unit = _short(amount)
        text, unit = _currency_sign(reading().currency) + text, unit
    elif kind == "points":
        text = _without_zeros(_fixed(amount * 100, digits))
        unit = "个百分点" if language() == "zh" else "pp"
        text, unit = f"{text}{NBSP}{unit}", ""
    elif kind == "percent":
        text, unit = _without_zeros(_fixed(amount * 100, digits)) + "%", ""
    else:
        text, unit = _fixed(amount, digits), ""
    is_zero = not any(digit in text for digit in "123456789")
    sign = "" if is_zero else MINUS if amount < 0 else "+"
    return _joined(sign + text, unit, plain=plain)


def probability(value: Amount | None, *, plain: bool = False) -> str:
    """0.61; what would round to certainty stays an inequality."""
    amount = _decimal(value)
    if amount is None:
        return none(plain=plain)
    if 0 < amount < Decimal("0.005"):
        text = "<0.01"
    elif Decimal("0.995") <= amount < 1:
        text = ">0.99"
    else:
        text = _fixed(amount, 2)
    return text if plain else escape(text)


def day(value: date | datetime | None, style: str = "auto", *, plain: bool = False) -> str:
    """A day: auto leaves this year out (11-20; 20 Nov), full never, long adds the weekday."""
    if value is None:
        return none(plain=plain)
    on = _local_day(value)
    text = _day_text(on, style)
    if plain:
        return text
    return _stamped(on.isoformat(), text)


def instant(value: datetime | None, style: str = "auto", *, plain: bool = False) -> str:
    """A day and the time of day, in the company's zone: 11-20 14:08; 20 Nov 14:08."""
    if value is None:
        return none(plain=plain)
    at = _local(value)
    text = f"{_day_text(at.date(), style)} {at:%H:%M}"
    if plain:
        return text
    return _stamped(at.isoformat(timespec="minutes"), text)


def clock(value: datetime | None, *, plain: bool = False) -> str:
    """The time of day alone: 14:08."""
    if value is None:
        return none(plain=plain)
    at = _local(value)
    if plain:
        return f"{at:%H:%M}"
    return _stamped(at.isoformat(timespec="minutes"), f"{at:%H:%M}")


def ago(value: date | datetime | None, *, plain: bool = False) -> str:
    """How long since: minutes and hours of an instant, days of a date; older instants as a day and time."""
    if value is None:
        return none(plain=plain)
    if not isinstance(value, datetime):
        text, stamp = _days_ago((reading().today - value).days, value), value.isoformat()
    else:
        at = _local(value)
        text = _instant_ago(at, _local(timezone.now()) - at)
        stamp = at.isoformat(timespec="minutes")
    if plain:
        return text
    return _stamped(stamp, text)


def duration(value: timedelta | float | None, *, plain: bool = False) -> str:
    """A span of seconds in its two largest units: 40 s, 3 min 12 s, 2 h 14 min."""
    if value is None:
        return none(plain=plain)
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    words = ("天", "小时", "分", "秒") if language() == "zh" else ("d", "h", "min", "s")
    if seconds < 10 and seconds != round(seconds):
        return f"{seconds:.1f}{NBSP}{words[3]}"
    left = round(seconds)
    parts = []
    for size, word in zip((86_400, 3_600, 60, 1), words, strict=True):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{NBSP}{word}")
        elif parts:
            break
    return " ".join(parts[:2]) or f"0{NBSP}{words[3]}"


def tenure(since: date | None, until: date | None = None, *, plain: bool = False) -> str:
    """Whole years and months between two days, the second being today if not given."""
    if since is None:
        return none(plain=plain)
    end = until or reading().today
    months = (end.year - since.year) * 12 + end.month - since.month - (end.day < since.day)
    years, rest = divmod(max(0, months), 12)
    parts = []
    if years:
        parts.append(ngettext("%(count)d year", "%(count)d years", years) % {"count": years})
    if rest or not years:
        parts.append(ngettext("%(count)d month", "%(count)d months", rest) % {"count": rest})
    return " ".join(parts)


def days(value: Amount | None, *, plain: bool = False) -> str:
    """A count of days with its word."""
    amount = _decimal(value)
    if amount is None:
        return none(plain=plain)
    count = int(amount.to_integral_value(ROUND_HALF_UP))
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}


def period(start: date, end: date, *, plain: bool = False) -> str:
    """A range of days: 11-01 ～ 11-30."""
    join = " ～ " if language() == "zh" else " – "
    return f"{_day_text(start, 'auto')}{join}{_day_text(end, 'auto')}"


FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "quantity": quantity,
    "money": money,
    "money_column": money_column,
    "percent": percent,
    "delta": delta,
    "probability": probability,
    "date": day,
    "datetime": instant,
    "clock": clock,
    "ago": ago,
    "duration": duration,
    "tenure": tenure,
    "days": days,
}


def _decimal(value: Amount | None) -> Decimal | None:
    """As a decimal; None for nothing and for what is not a finite number."""
    if value is None:
        return None
    amount = value if isinstance(value, Decimal) else Decimal(str(value))
    return amount if amount.is_finite() else None


@cache
def _quantum(digits: int) -> Decimal:
    return Decimal(1).scaleb(-digits)


def _rounded(amount: Decimal, digits: int) -> Decimal:
    return amount.quantize(_quantum(digits), ROUND_HALF_UP)


def _fixed(amount: Decimal, digits: int) -> str:
    """The size without sign, grouped, half away from zero."""
    return f"{_rounded(abs(amount), digits):,}"


def _short(amount: Decimal) -> tuple[str, str]:
    """Three significant digits and the unit; whole numbers below ten thousand in full."""
    size = abs(amount)
    shown = _significant(size)
    if shown < IN_FULL_BELOW:
        return _trimmed(shown), ""
    step, units = UNITS[language()]
    for unit in units[:-1]:
        size /= step
        shown = _significant(size)
        if shown < step:
            return _trimmed(shown), unit
    return _trimmed(_significant(size / step)), units[-1]


def _significant(size: Decimal) -> Decimal:
    return _rounded(size, 2 if size < 10 else 1 if size < 100 else 0)


def _trimmed(size: Decimal) -> str:
    return _without_zeros(f"{size:,}")


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _signed(amount: Decimal, text: str) -> str:
    """With a true minus, unless the figure rounded to nought."""
    return MINUS + text if amount < 0 and any(digit in text for digit in "123456789") else text


def _currency_sign(code: str) -> str:
    return SIGNS[language()].get(code, f"{code} ")


def _stamped(stamp: str, text: str) -> Markup:
    """Days and times are digits and our own words: nothing in them needs escaping."""
    return Markup(f'<time datetime="{stamp}">{text}</time>')  # noqa: S704


def _joined(text: str, unit: str, *, plain: bool) -> str:
    if not unit:
        return text if plain else escape(text)
    # Not by Markup.format, which takes ten times as long: a list writes a hundred of these.
    gap = "" if language() == "en" else NBSP if plain else "&nbsp;"
    if plain:
        return f"{text}{gap}{unit}"
    return Markup(f"{escape(text)}{gap}<small>{unit}</small>")  # noqa: S704 - units are ours


def _local(value: datetime) -> datetime:
    aware = value if timezone.is_aware(value) else value.replace(tzinfo=UTC)
    return aware.astimezone(reading().zone)


def _local_day(value: date | datetime) -> date:
    return _local(value).date() if isinstance(value, datetime) else value


def _day_text(on: date, style: str) -> str:
    this_year = on.year == reading().today.year and style != "full"
    if language() == "zh":
        if style == "long":
            year = "" if this_year else f"{on.year} 年 "
            return f"{year}{on.month} 月 {on.day} 日 周{WEEKDAYS['zh'][on.weekday()]}"
        return f"{on:%m-%d}" if this_year else f"{on:%Y-%m-%d}"
    text = f"{on.day} {MONTHS[on.month - 1]}" + ("" if this_year else f" {on.year}")
    return f"{WEEKDAYS['en'][on.weekday()]} {text}" if style == "long" else text


def _days_ago(count: int, on: date) -> str:
    if count == 0:
        return _("today")
    if count == 1:
        return _("yesterday")
    if count == -1:
        return _("tomorrow")
    if count < 0:
        return _day_text(on, "auto")
    return ngettext("%(count)d day ago", "%(count)d days ago", count) % {"count": count}


def _instant_ago(at: datetime, elapsed: timedelta) -> str:
    seconds = elapsed.total_seconds()
    if seconds < 60:
        return _("just now")
    if seconds < 3_600:
        count = int(seconds // 60)
        return ngettext("%(count)d min ago", "%(count)d min ago", count) % {"count": count}
    if seconds < 86_400:
        count = int(seconds // 3_600)
        return ngettext("%(count)d h ago", "%(count)d h ago", count) % {"count": count}
    return f"{_day_text(at.date(), 'auto')} {at:%H:%M}"
