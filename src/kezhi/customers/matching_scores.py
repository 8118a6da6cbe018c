"""How surely two records are one party: what speaks for it, each with its weight, and the sum of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rapidfuzz import fuzz

from kezhi.customers.matching_names import Name

THRESHOLD = 75
# The weight of a mark alone. Colleagues share a switchboard, branches a website.
WEIGHTS = {"c": 0.99, "o": 0.97, "t": 0.96, "e": 0.85, "w": 0.85, "p": 0.80, "h": 0.40}
REASONS: dict[str, str | Promise] = {
    "c": _("same unified social credit code"),
    "o": _("same organisation code"),
    "t": _("same tax number"),
    "e": _("same e-mail"),
    "w": _("same WeChat id"),
    "p": _("same phone"),
    "h": _("same website"),
    "same_name": _("same name"),
    "same_core": _("same name but for the legal form"),
    "same_sound": _("names sound the same"),
    "part": _("one name contains the other"),
    "near": _("names differ in one or two characters"),
}
LEAST_NAME = 60
NUMERALS = re.compile(r"[0-9一二三四五六七八九十]")


def name_likeness(one: Name, other: Name) -> tuple[int, str]:
    """0 to 100 with its reason. Places that contradict each other make a branch of it, or a stranger."""
    if not one.core or not other.core:
        return 0, ""
    if one.full == other.full and one.place == other.place:
        return 98, "same_name"
    if one.is_branch != other.is_branch or not _may_be_one_place(one, other):
        return 0, ""
    away = 0 if one.place == other.place else 5
    if one.core == other.core:
        return 95 - away, "same_core"
    if one.sound == other.sound:
        return 88 - away, "same_sound"
    if one.is_han != other.is_han or NUMERALS.findall(one.core) != NUMERALS.findall(other.core):
        return 0, ""  # 第一分店 and 第二分店 are two
    return _han(one, other, away) if one.is_han else _latin(one, other)


def _may_be_one_place(one: Name, other: Name) -> bool:
    if one.place == other.place or not one.place or not other.place:
        return True
    return one.province == other.province and one.province in (one.place, other.place)


def _han(one: Name, other: Name, away: int) -> tuple[int, str]:
    short, long = sorted((one, other), key=lambda name: len(name.core))
    if short.core == short.brand == long.brand:
        # 安茗 and 安茗茶叶贸易: the trade was left out.
        return (86 if len(short.core) > 2 else 80) - away, "part"
    if one.is_long and other.is_long:
        likeness = fuzz.ratio(one.core, other.core)
        brands = fuzz.ratio(one.brand, other.brand)
        if likeness >= 85 and brands >= 74:
            return int(likeness) - 8 - away, "near"
    return 0, ""


def _latin(one: Name, other: Name) -> tuple[int, str]:
    likeness = max(
        fuzz.ratio(one.core, other.core), fuzz.token_sort_ratio(one.core, other.core) - 1
    )
    if likeness >= 88 and min(len(one.core), len(other.core)) >= 6:
        return int(likeness) - 6, "near"
    short, long = sorted((one.core, other.core), key=len)
    if len(short) >= 8 and " " in short and long.startswith(f"{short} "):
        return 80, "part"
    return 0, ""


def score(reasons: Mapping[str, float]) -> int:
    """Together, as independent witnesses: each leaves its share of the doubt."""
    doubt = 1.0
    for weight in reasons.values():
        doubt *= 1 - weight
    # Organisation code and credit code are one witness.
    if "c" in reasons and "o" in reasons:
        doubt /= 1 - reasons["o"]
    return min(99, round(100 * (1 - doubt)))


def in_words(reasons: Iterable[str]) -> list[str]:
    """Strongest first, as a person reads it."""
    known = list(dict.fromkeys(reasons))
    if "c" in known and "o" in known:
        known.remove("o")
    return [str(REASONS[reason]) for reason in known if reason in REASONS]
