"""What a company's name is made of: place, brand, trade, legal form; and what is left when two are compared.

`安徽省合肥市安茗茶葉（集團）有限公司`, `合肥安茗茶叶有限责任公司` and `安茗茶叶(合肥)公司`
have one core, 安茗茶叶, and one place, 合肥. Names are folded first: full width to half,
traditional characters to simplified ones, capitals to small letters.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import opencc

from kezhi.core.names import name_key

REFERENCE = Path(__file__).parent / "reference"
LEAST_CORE = 2
LONG_BRAND = 4
HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003134f]")
BRACKETED = re.compile(r"[(（\[【〔〈<]([^()（）\[\]【】〔〕〈〉<>]{1,40})[)）\]】〕〉>]")
PLACE_TAIL = (
    "壮族自治区",
    "维吾尔自治区",
    "回族自治区",
    "特别行政区",
    "自治区",
    "省",
    "市",
    "地区",
)
NATION = ("中华人民共和国", "中国")


def reference(name: str) -> list[dict[str, str]]:
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


_FORMS = reference("legal_forms")
_PLACES = {row["name"]: row["province"] for row in reference("places")}
_LONGEST_PLACE = max(map(len, _PLACES))


def _ending(words: list[str]) -> re.Pattern[str]:
    longest_first = sorted(map(re.escape, words), key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(longest_first)})$")


_HAN_FORM = _ending([row["form"] for row in _FORMS if row["script"] == "han"])
_LATIN_FORMS = frozenset(row["form"] for row in _FORMS if row["script"] == "latin")
_TRADE = _ending([row["word"] for row in reference("trades")])
_BRANCH = re.compile(r"(?:有限|股份|责任)?公司.{1,12}(?:分公司|办事处|分店|分行|支行)$")


class _Folding(dict[int, str]):
    """A translation table that works out each character once, when it first comes along."""

    def __init__(self) -> None:
        super().__init__()
        self._simplify = opencc.OpenCC("t2s").convert

    def __missing__(self, code: int) -> str:
        plain = unicodedata.normalize("NFKD", chr(code)).casefold()
        kept = (
            c for c in plain if not unicodedata.combining(c) and unicodedata.category(c) != "Cf"
        )
        whole = unicodedata.normalize("NFKC", "".join(kept))
        simple = self._simplify(whole) if whole >= "\u3400" else whole
        self[code] = "".join(c if c.isalnum() else " " for c in simple)
        return self[code]


_FOLDING = _Folding()


def folded(text: str) -> str:
    """Half width, small letters, simplified characters; whatever is no letter or digit becomes a space."""
    return " ".join(text.translate(_FOLDING).split())


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart. `core` is brand and trade; `units` are what one hears: syllables or words."""

    full: str
    core: str
    brand: str
    place: str
    is_han: bool
    is_branch: bool
    sound: str  # the units of the core joined by points

    @property
    def units(self) -> list[str]:
        return self.sound.split(".")

    @property
    def province(self) -> str:
        return _PLACES.get(self.place, "")

    @property
    def is_long(self) -> bool:
        """Whether the brand is long enough to be recognised with one character wrong."""
        return sum(not c.isdigit() for c in self.brand) >= LONG_BRAND


@lru_cache(maxsize=20_000)
def taken_apart(name: str) -> Name:
    """The parts of a name."""
    place, text = _out_of_brackets(name)
    plain = folded(text)
    if HAN.search(plain):
        return _han(plain.replace(" ", ""), place)
    return _latin(plain)


def _out_of_brackets(name: str) -> tuple[str, str]:
    """The place that stands in brackets, and the name without it and without 集团 and the like."""
    found = ""
    kept, at = [], 0
    for match in BRACKETED.finditer(name):
        kept.append(name[at : match.start()])
        at = match.end()
        inside = folded(match[1]).replace(" ", "")
        place, rest = _leading_place(inside)
        if place and not rest:
            found = found or place
        elif inside not in NATION and _HAN_FORM.sub("", inside):
            kept.append(match[1] if HAN.search(inside) else f" {match[1]} ")
    kept.append(name[at:])
    return found, "".join(kept)


def _leading_place(text: str) -> tuple[str, str]:
    """The nearest place with which the text begins, and what follows: 安徽省合肥市安茗 → 合肥, 安茗."""
    place = ""
    for nation in NATION:
        text = text.removeprefix(nation) or text
    for _step in ("province", "city"):
        for length in range(min(_LONGEST_PLACE, len(text)), 1, -1):
            if text[:length] in _PLACES:
                place, text = text[:length], text[length:]
                break
        else:
            break
        for tail in PLACE_TAIL:
            if text.startswith(tail):
                text = text[len(tail) :]
                break
    return place, text


def _han(plain: str, place: str) -> Name:
    is_branch = bool(_BRANCH.search(plain))
    core = plain if is_branch else _without(_HAN_FORM, plain)
    leading, rest = _leading_place(core)
    if len(rest) >= LEAST_CORE:
        place, core = place or leading, rest
    brand = _without(_TRADE, core)
    return Name(plain, core, brand, place, True, is_branch, name_key(core).replace(" ", "."))


def _without(ending: re.Pattern[str], text: str) -> str:
    """Cut off the endings one after the other, as long as something to tell it by remains."""
    while (shorter := ending.sub("", text)) != text and len(shorter) >= LEAST_CORE:
        text = shorter
    return text


def _latin(plain: str) -> Name:
    words = plain.split()
    own = [word for word in _joined_initials(words) if word not in _LATIN_FORMS] or words
    core = " ".join(own)
    return Name(plain, core, own[0] if own else "", "", False, False, ".".join(own))


def _joined_initials(words: list[str]) -> list[str]:
    """`g m b h` and `l l c` are words that somebody wrote with points."""
    joined: list[str] = []
    run = ""
    for word in words:
        if len(word) == 1 and word.isalpha():
            run += word
            continue
        if run:
            joined.append(run)
            run = ""
        joined.append(word)
    return [*joined, run] if run else joined
