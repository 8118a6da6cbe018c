"""How a name may be written and typed: widths, traditional characters, accents, pinyin, initials."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import product
from pathlib import Path

from opencc import OpenCC
from pypinyin import Style, lazy_pinyin

from kezhi.core.normal_form import normal_form

Reading = tuple[str, ...]

REFERENCE = Path(__file__).resolve().parent.parent / "reference"
# Characters that are cut singly and in pairs: hanzi, kana, hangul.
IDEOGRAPHS = (
    "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
RUN = re.compile(f"([{IDEOGRAPHS}]+)|([a-z0-9]+)|((?:(?![{IDEOGRAPHS}])[^\\W_])+)")
# What every second company is called: nobody looks for it by these syllables.
TAIL = re.compile(r"(?:集团)?(?:股份有限|有限责任|股份|有限|集团)?公司$")
# Frequent characters of names whose reading depends on their neighbours: 重庆, 长沙, 银行, 厦门.
UNSTEADY = frozenset(
    "重长行厦乐都会调传藏朝参降阿单曾仇查翟解盖尉朴区大率柏便差冠角和蔚泊陂燕仔都铅台"
)
SPOKEN_TAILS = (
    "youxiangongsi",
    "youxianzerengongsi",
    "gufengongsi",
    "gufenyouxiangongsi",
    "jituangongsi",
    "jituanyouxiangongsi",
    "jituanyouxianzerengongsi",
    "jituangufengongsi",
    "jituangufenyouxiangongsi",
    "gongsi",
)
MOST_READINGS = 4
LONGEST_SYLLABLE = 6
LONGEST_CUT = 24


class _Simplified(dict[int, str]):
    """`str.translate` asks it once per character it hasn't met."""

    def __missing__(self, code: int) -> str:
        self[code] = simple = _converter().convert(chr(code))
        return simple


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


_SIMPLIFIED = _Simplified()


def normal(text: str) -> str:
    """One spelling of many: half width, lower case, simplified, without accents; no control characters."""
    if not text.isascii():
        text = normal_form("NFKC", text).translate(_SIMPLIFIED)
        if any("\u00c0" <= c <= "\u024f" or "\u1e00" <= c <= "\u1eff" for c in text):
            text = "".join(c for c in normal_form("NFD", text) if not unicodedata.combining(c))
        return normal_form("NFC", text.casefold())
    return text.lower()


def runs(text: str) -> list[tuple[str, str]]:
    """The ideographs (`安徽茶业`, "") and the words ("", `ltd`) of a normal text, in their order.

    Ideographs that only signs stand between are one run: `茶业（集团）` can be typed as `茶业集团`.
    """
    found: list[tuple[str, str]] = []
    for ideographs, ascii_word, other_word in RUN.findall(text):
        if ideographs and found and found[-1][0]:
            found[-1] = (found[-1][0] + ideographs, "")
        else:
            found.append((ideographs, ascii_word or other_word))
    return found


@lru_cache(maxsize=65536)
def syllable(character: str) -> str:
    """Without tone, `lv` for 吕; a sign that has no reading stands for itself."""
    return "".join(lazy_pinyin(character, style=Style.NORMAL, errors="default")).lower()


@cache
def surnames() -> dict[str, list[Reading]]:
    """The readings of surnames that are not read as the character usually is, the surname's first."""
    with (REFERENCE / "surnames.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["surname"]: [tuple(reading.split()) for reading in row["readings"].split("/")]
            for row in csv.DictReader(file)
        }


def readings(run: str) -> list[Reading]:
    """The syllables of a run, in each way that it may be read: 单 as a surname is `shan`, 重庆 `chong qing`."""
    plain = tuple(syllable(character) for character in run)
    found = [plain]
    if not UNSTEADY.isdisjoint(run):
        found.append(_in_context(run))
    begins = surnames().get(run[:2]) or surnames().get(run[:1])
    if begins:
        length = len(begins[0])
        found += [(*begin, *rest[length:]) for begin, rest in product(begins, found[:2])]
    if "v" in "".join(plain):
        found += [tuple(s.replace("v", "u") for s in reading) for reading in found[:2]]
    return list(dict.fromkeys(found))[:MOST_READINGS]


@lru_cache(maxsize=65536)
def _in_context(run: str) -> Reading:
    read = tuple(s.lower() for s in lazy_pinyin(run, style=Style.NORMAL))
    return read if len(read) == len(run) else tuple(syllable(c) for c in run)


@cache
def syllables() -> frozenset[str]:
    """Every syllable of Mandarin, as it is typed."""
    return frozenset((REFERENCE / "syllables.txt").read_text(encoding="utf-8").split())


@lru_cache(maxsize=4096)
def completions(typed: str) -> tuple[str, ...]:
    """The syllables that begin with what was typed, itself included when it is one."""
    return tuple(sorted(s for s in syllables() if s.startswith(typed)))


@lru_cache(maxsize=4096)
def cuts(typed: str) -> tuple[Reading, ...]:
    """The ways to cut letters into two syllables or more, of which the last may be begun only."""
    return tuple(_cuts(typed)) if len(typed) <= LONGEST_CUT else ()


def _cuts(typed: str) -> Iterator[Reading]:
    for at in range(1, min(LONGEST_SYLLABLE, len(typed) - 1) + 1):
        if typed[:at] in syllables():
            rest = typed[at:]
            if completions(rest):
                yield (typed[:at], rest)
            yield from ((typed[:at], *others) for others in cuts(rest))


@lru_cache(maxsize=4096)
def shortest_cuts(typed: str) -> tuple[Reading, ...]:
    """The ways to cut letters into the fewest syllables, `MOST_READINGS` at most; the last may be begun only.

    Unlike `cuts` it takes letters of any length, and one syllable alone.

    >>> shortest_cuts("fanganx")
    (('fan', 'gan', 'x'), ('fang', 'an', 'x'))
    """
    best: dict[int, list[Reading]] = {len(typed): [()]}
    for at in range(len(typed) - 1, -1, -1):
        found: list[Reading] = []
        for end in range(at + 1, min(at + LONGEST_SYLLABLE, len(typed)) + 1):
            part = typed[at:end]
            is_whole = bool(completions(part)) if end == len(typed) else part in syllables()
            if is_whole and end in best:
                found += [(part, *rest) for rest in best[end]]
        if found:
            fewest = min(len(each) for each in found)
            best[at] = [each for each in found if len(each) == fewest][:MOST_READINGS]
    return tuple(best.get(0, ())) if typed else ()


def is_tail(typed: str) -> bool:
    """Whether it begins what every second company is called: `youxiangongsi`."""
    return any(tail.startswith(typed) for tail in SPOKEN_TAILS)
