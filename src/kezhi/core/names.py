"""Keys that put Chinese and Latin names into one order: by pinyin, letters and digits."""

from functools import lru_cache

from pypinyin import Style, lazy_pinyin


@lru_cache(maxsize=65536)
def _syllable(character: str) -> str:
    return "".join(lazy_pinyin(character, style=Style.NORMAL, errors="default"))


def name_key(name: str) -> str:
    """The sort key of a name: `安徽茶业` → `an hui cha ye`, lower case, at most 200 characters.

    Character by character, so that a million names cost a million cached look-ups.
    """
    parts: list[str] = []
    latin = ""
    for character in name.strip():
        if character.isascii():
            latin += character.lower()
            continue
        if latin:
            parts.append(latin)
            latin = ""
        parts.append(_syllable(character))
    if latin:
        parts.append(latin)
    return " ".join(" ".join(parts).split())[:200]
