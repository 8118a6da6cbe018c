"""What the launcher says, in the language of the person at the terminal.

It speaks before the message catalogues are compiled, so Chinese is read from the
catalogue's source.
"""

from __future__ import annotations

import os
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

LOCALE = Path(__file__).resolve().parents[2] / "locale" / "zh_Hans"
CATALOGUE = LOCALE / "parts" / "launcher.po"
COMPILED = LOCALE / "LC_MESSAGES" / "django.mo"


def chosen() -> str:
    """`zh` or `en`: what `use` said, else the locale of the terminal."""
    named = os.environ.get("KEZHI_LANG") or ""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        named = named or os.environ.get(name, "")
    return "zh" if named.lower().startswith("zh") else "en"


def use(language: str | None) -> None:
    """Speak `zh` or `en` in this process and in those that it starts; None: as the terminal does."""
    if language:
        os.environ["KEZHI_LANG"] = language


@cache
def _chinese() -> dict[str, str]:
    from babel.messages.pofile import read_po

    if not CATALOGUE.is_file():
        return {}
    with CATALOGUE.open("rb") as source:
        return {
            message.id: message.string
            for message in read_po(source)
            if isinstance(message.id, str) and isinstance(message.string, str)
        }


@cache
def _compiled() -> NullTranslations:
    """What other commands say, once the catalogues are compiled."""
    if not COMPILED.is_file():
        return NullTranslations()
    with COMPILED.open("rb") as catalogue:
        return GNUTranslations(catalogue)


def gettext(message: str) -> str:
    if chosen() == "en":
        return message
    return _chinese().get(message) or _compiled().gettext(message)
