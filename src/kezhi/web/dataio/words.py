"""How the facts of a file are called on screen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

ENCODING_LABELS: dict[str, str | Promise] = {
    "utf-8": "UTF-8",
    "gb18030": _("GB18030 / GBK (Chinese Windows)"),
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "big5": _("Big5 (traditional Chinese)"),
    "cp1252": _("Windows-1252 (Western Europe)"),
}
DELIMITER_LABELS: dict[str, str | Promise] = {
    "comma": _("Comma"),
    "tab": pgettext_lazy("delimiter", "Tab"),
    "semicolon": _("Semicolon"),
}
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon"}
FACTOR_LABELS: dict[str, str | Promise] = {
    "1": _("as it stands"),
    "1000": _("in thousands"),
    "10000": pgettext_lazy("unit", "in ten thousands (万)"),
    "1000000": _("in millions"),
    "100000000": pgettext_lazy("unit", "in hundred millions (亿)"),
    "0.01": _("in cents"),
}


def choices(labels: Mapping[str, str | Promise]) -> list[tuple[str, str]]:
    """As a select takes them, in the reader's language."""
    return [(key, str(label)) for key, label in labels.items()]


def factor_key(factor: str) -> str:
    """The factor as the select knows it: `10000.0` and `1E+4` are `10000`."""
    try:
        number = Decimal(factor)
    except InvalidOperation:
        return "1"
    return next((key for key in FACTOR_LABELS if Decimal(key) == number), "1")


DAYS = {"": None, "day": True, "month": False}
DAY_LABELS: dict[str, str | Promise] = {
    "": _("order of day and month: found out"),
    "day": _("the day comes first"),
    "month": _("the month comes first"),
}


def days_key(day_first: bool | None) -> str:
    return {None: "", True: "day", False: "month"}[day_first]
