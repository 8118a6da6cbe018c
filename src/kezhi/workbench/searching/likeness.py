"""When nothing holds what was typed: what is written nearly so, or sounds so.

A wrong choice of the input method keeps the pinyin (张维 for 张伟); accents of speech mix zh and z, ng and n,
l and n; fingers slip by one letter. Candidates come from the same guarded look-up; rapidfuzz ranks them.
"""

# ruff: noqa: S608  # tables and columns are the code's own names; what was typed goes as a parameter
from __future__ import annotations

from dataclasses import replace
from string import ascii_lowercase

from django.db import connection
from rapidfuzz import fuzz

from kezhi.core.actor import Actor
from kezhi.workbench.searching.documents import TABLE
from kezhi.workbench.searching.finding import Place
from kezhi.workbench.searching.lexemes import LONGEST_PINYIN, NAMES, pairs
from kezhi.workbench.searching.reach import Reach
from kezhi.workbench.searching.spelling import readings
from kezhi.workbench.searching.subjects import subjects
from kezhi.workbench.searching.wording import WORDS, Form, Term, Wording, read

MIXED_UP = (
    ("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"),
    ("l", "n"), ("r", "l"), ("f", "h"), ("hui", "fei"), ("huang", "wang"),
)  # fmt: skip
CANDIDATES = 600
SHORTEST, LONGEST = 3, 24
LIKE_ENOUGH = 72
MOST_SAID = 24


def similar(text: str, *, by: Actor, most: int = 5) -> list[Place]:
    """Records whose name is nearly what was typed, the most alike first; none for codes and numbers."""
    wording = read(text)
    if wording.is_empty or _letters(wording) < SHORTEST or len(wording.whole) > LONGEST:
        return []
    if any(term.is_code for term in wording.terms):
        return []
    named = [each for each in subjects() if each.title is not None and each.title.kind in NAMES]
    reach = Reach.of(by, named)
    if not reach.clauses:
        return []
    near = Wording(tuple(_loosened(term) for term in wording.terms), wording.whole)
    sql = (
        f"SELECT kind, object_id, keys FROM {TABLE} WHERE tokens @@ %s::tsquery LIMIT {CANDIDATES}"
    )
    arms, params = [f"({sql})"], [reach.query(near)]
    if reach.shared:
        arms.append(f"({sql.replace('WHERE', 'WHERE customer_id = ANY(%s) AND')})")
        params += [list(reach.shared), reach.query(near, is_shared=True)]  # type: ignore[list-item]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH m AS MATERIALIZED ({' UNION ALL '.join(arms)}) SELECT * FROM m", params
        )
        rows = cursor.fetchall()
    meant = [wording.whole, *_spoken(wording)]
    scored = {(kind, pk): _likeness(meant, keys) for kind, pk, keys in rows}
    order = sorted(scored, key=lambda found: (-scored[found], found))
    return [Place(kind, pk, 2) for kind, pk in order if scored[kind, pk] >= LIKE_ENOUGH][:most]


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


def _loosened(term: Term) -> Term:
    forms = _of_hanzi(term.text) if not term.text.isascii() else _of_letters(term.text)
    return replace(term, forms={WORDS: tuple(dict.fromkeys(forms))}, parts=())


def _of_hanzi(run: str) -> list[Form]:
    """What sounds alike, and whatever shares two neighbouring characters."""
    forms: list[Form] = []
    for reading in readings(run):
        spoken = "".join(reading)
        forms += [_begin(said) for said in [spoken, *_mixed_up(spoken)]]
    if len(run) > 2:
        forms += [((pair, False),) for pair in pairs(run)]
    return forms


def _of_letters(word: str) -> list[Form]:
    forms = [_begin(said) for said in _mixed_up(word)]
    if len(word) <= LONGEST_PINYIN:
        slips = _slips(word)
        forms += [((f"~{slip}", False),) for slip in slips] + [((slip, False),) for slip in slips]
    if len(word) >= 6:
        forms.append(_begin(word[: len(word) // 2 + 1]))
    return forms


def _begin(spoken: str) -> Form:
    return ((f"~{spoken[:LONGEST_PINYIN]}", True),)


def _mixed_up(spoken: str) -> list[str]:
    """The same with one pair of sounds exchanged, everywhere or in one place."""
    said: list[str] = []
    for one, other in MIXED_UP:
        for sound, heard in ((one, other), (other, one)):
            at = spoken.find(sound)
            while at >= 0 and len(said) < 4 * MOST_SAID:
                said.append(spoken[:at] + heard + spoken[at + len(sound) :])
                at = spoken.find(sound, at + 1)
            said.append(spoken.replace(sound, heard))
    return [each for each in dict.fromkeys(said) if each != spoken][:MOST_SAID]


def _slips(word: str) -> list[str]:
    """All words that are one slip of a finger away: left out, doubled, changed, exchanged."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    found = {a + b[1:] for a, b in cuts if b}
    found |= {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    found |= {a + c + b[1:] for a, b in cuts if b for c in ascii_lowercase}
    found |= {a + c + b for a, b in cuts for c in ascii_lowercase}
    return sorted(found - {word})
