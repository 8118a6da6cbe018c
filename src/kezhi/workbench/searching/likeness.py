"""When nothing holds what was typed: what is written nearly so, or sounds so.

A wrong choice of the input method keeps the pinyin (张维 for 张伟); accents of speech mix zh and z, ng and n,
l and n; fingers slip by one letter. A few dozen spellings are looked up, for the index slows down with each;
rapidfuzz ranks what they bring.
"""

# ruff: noqa: S608  # tables and columns are the code's own names; what was typed goes as a parameter
from __future__ import annotations

from functools import lru_cache
from string import ascii_lowercase
from typing import Any

from rapidfuzz import fuzz

from kezhi.core.actor import Actor
from kezhi.workbench.searching.documents import TABLE, quoted
from kezhi.workbench.searching.finding import Place, reading
from kezhi.workbench.searching.lexemes import LONGEST_PINYIN, NAMES
from kezhi.workbench.searching.reach import Reach
from kezhi.workbench.searching.spelling import readings, syllables
from kezhi.workbench.searching.subjects import subjects
from kezhi.workbench.searching.wording import Wording, read

MIXED_UP = (
    ("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"),
    ("l", "n"), ("r", "l"), ("f", "h"), ("hui", "fei"), ("huang", "wang"),
)  # fmt: skip
CANDIDATES = 400
SHORTEST, LONGEST = 3, 24
LONGEST_RUN = 8  # of hanzi of which one may be wrong
LIKE_ENOUGH = 72
MOST_SPELLINGS = 40
MOST_MIXED_UP = 16


def similar(text: str, *, by: Actor, most: int = 5) -> list[Place]:
    """Records whose name is nearly what was typed, the most alike first; none for codes and numbers."""
    wording = read(text)
    if wording.is_empty or _letters(wording) < SHORTEST or len(wording.whole) > LONGEST:
        return []
    if any(term.is_code for term in wording.terms):
        return []
    named = [each for each in subjects() if each.title is not None and each.title.kind in NAMES]
    reach = Reach.of(by, [each for each in named if each.title and each.title.group == "general"])
    meant = [wording.whole, *_spoken(wording)]
    scored = {
        (kind, pk): _likeness(meant, keys)
        for spellings in _spellings(wording)
        for kind, pk, keys in _candidates(reach, spellings)
    }
    order = sorted(scored, key=lambda found: (-scored[found], found))
    return [Place(kind, pk, 2) for kind, pk in order if scored[kind, pk] >= LIKE_ENOUGH][:most]


def _candidates(reach: Reach, spellings: list[str]) -> list[tuple[str, int, str]]:
    """Records with one of the spellings that the actor may see; not all, where there are very many."""
    if not spellings or not reach.clauses:
        return []
    rows: list[tuple[str, int, str]] = []
    for clause in reach.clauses:
        if "general" not in dict(clause.groups):
            continue
        guard, params = "", list[Any]()
        if clause.marks is not None:
            marks = " | ".join(quoted(mark) for mark in clause.marks)
            guard, params = (
                " AND (tokens @@ %s::tsquery OR customer_id = ANY(%s))",
                [
                    marks,
                    list(reach.shared),
                ],
            )
        with reading() as cursor:
            cursor.execute(
                f"""WITH m AS MATERIALIZED (SELECT kind, object_id, keys FROM {TABLE}
                      WHERE tokens @@ %s::tsquery AND kind || '' = ANY(%s){guard} LIMIT {CANDIDATES})
                    SELECT kind, object_id, keys FROM m""",
                [" | ".join(spellings), list(clause.kinds), *params],
            )
            rows += cursor.fetchall()
    return rows


def _letters(wording: Wording) -> int:
    """A hanzi says as much as two letters."""
    return sum(1 if c.isascii() else 2 for c in wording.whole)


def _spoken(wording: Wording) -> list[str]:
    terms = [term.text for term in wording.terms]
    if all(text.isascii() for text in terms):
        return []
    return ["".join("".join(readings(t)[0]) if not t.isascii() else t for t in terms)]


def _likeness(meant: list[str], keys: str) -> float:
    lines = keys.strip("\n").split("\n")
    return max(
        fuzz.ratio(text, line[: len(text) + 1]) if len(line) > len(text) else fuzz.ratio(text, line)
        for text in meant
        for line in lines
    )


def _spellings(wording: Wording) -> list[list[str]]:
    """What to look up, likely spellings first; of several words the longest one decides."""
    term = max((term.text for term in wording.terms), key=len)
    if term.isascii():
        return [_slips(term), [*_mixed_up(term), *_halves(term)]]
    spoken = ["".join(reading) for reading in readings(term)]
    alike = [_begin(each) for each in spoken]
    return [[*alike, *_all_but_one(term)], [each for s in spoken[:1] for each in _mixed_up(s)]]


def _begin(spoken: str) -> str:
    return f"{quoted(f'~{spoken[:LONGEST_PINYIN]}')}:*"


def _all_but_one(run: str) -> list[str]:
    """All characters of the run but one, wherever they stand."""
    if not 2 < len(run) <= LONGEST_RUN:
        return []
    return [
        f"({' & '.join(quoted(c) for c in dict.fromkeys(run[:at] + run[at + 1 :]))})"
        for at in range(len(run))
    ]


def _halves(word: str) -> list[str]:
    """The first half may be right, or, of pinyin, all syllables but one."""
    found = [f"{quoted(word[: len(word) // 2 + 1])}:*"] if len(word) > 4 else []
    said = _syllables_but_one(word)
    return [*found, *said]


def _syllables_but_one(word: str) -> list[str]:
    """The syllables of a word but two neighbours, between which the slip may be: an, hui of `anhuichaie`."""
    heard: list[str] = []
    rest = word
    while rest:
        syllable = next((rest[:n] for n in range(6, 0, -1) if rest[:n] in syllables()), "")
        if not syllable:
            heard.append("")
            break
        heard.append(syllable)
        rest = rest[len(syllable) :]
    kept = [heard[:at] + heard[at + 2 :] for at in range(len(heard) - 1)]
    ways = [each for each in kept if len(each) > 1 and all(each)]
    return [f"({' & '.join(quoted(f'~{syllable}') for syllable in way)})" for way in ways[:6]]


def _mixed_up(spoken: str) -> list[str]:
    """The same with one pair of sounds exchanged, everywhere or in one place."""
    said: dict[str, None] = {}
    for one, other in MIXED_UP:
        for sound, heard in ((one, other), (other, one)):
            at = spoken.find(sound)
            while at >= 0 and len(said) < 2 * MOST_MIXED_UP:
                said[spoken[:at] + heard + spoken[at + len(sound) :]] = None
                at = spoken.find(sound, at + 1)
    said.pop(spoken, None)
    likely = [each for each in said if is_pinyin(each)] or list(said)
    return [_begin(each) for each in likely[:MOST_MIXED_UP]]


def _slips(word: str) -> list[str]:
    """All words one slip of a finger away that can be pinyin, or that a doubled or lost letter explains."""
    if len(word) > LONGEST_PINYIN:
        return []
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    lost = [a + b[1:] for a, b in cuts if b]
    turned = [a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1]
    doubled = [a + b[0] + b for a, b in cuts if b]
    changed = [a + c + b[1:] for a, b in cuts if b for c in ascii_lowercase]
    added = [a + c + b for a, b in cuts for c in ascii_lowercase]
    spoken = [s for s in dict.fromkeys((*turned, *lost, *added, *changed)) if is_pinyin(s)]
    plain = list(dict.fromkeys((*doubled, *lost, *turned)))
    found = [quoted(f"~{slip}") for slip in spoken if slip != word][:MOST_SPELLINGS]
    return [*found, *(quoted(slip) for slip in plain if slip != word)]


@lru_cache(maxsize=8192)
def is_pinyin(word: str) -> bool:
    """Whether a word is a row of syllables."""
    if not word:
        return True
    return any(word[:n] in syllables() and is_pinyin(word[n:]) for n in range(1, 7) if word[:n])
