"""The language of who writes, as far as their words tell it."""

from __future__ import annotations

import re

CHINESE, ENGLISH = "zh-hans", "en"
HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003134f]")
LATIN = re.compile(r"[A-Za-z]{2,}")
LOOKED_AT = 2000


def language_of(text: str, otherwise: str = CHINESE) -> str:
    """Chinese where Chinese is written, even beside foreign names; else English; without words `otherwise`."""
    head = text[:LOOKED_AT]
    han, latin = len(HAN.findall(head)), len(LATIN.findall(head))
    if han and han * 4 >= latin:
        return CHINESE
    return ENGLISH if latin else otherwise
