"""What an article is found by: the lexemes of the product's search, and those of its title apart.

A lexeme of the title stands twice, the second time behind `@`, so that one look-up in the index knows what
the title says. Nothing of a text is parsed by the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from kezhi.workbench.searching.documents import quoted
from kezhi.workbench.searching.lexemes import (
    LONGEST_INITIALS,
    LONGEST_PINYIN,
    LONGEST_WORD,
    name_lexemes,
    pairs,
    text_lexemes,
)
from kezhi.workbench.searching.spelling import (
    Reading,
    normal,
    runs,
    shortest_cuts,
    syllables,
)

TITLE = "@"
MOST_TERMS = 24
SYLLABLE_COUNTS = 0.25  # of a syllable alone, beside two that stand together
FEW_SYLLABLES = 4  # of more, two by two say enough
LONGEST_TYPED = 2_000
# Characters that hold sentences together: a pair with one of them says little about the matter.
FILLERS = frozenset(
    "的了吗呢么吧啊呀和与及或在是有就也都还我你您他她它们这那个不没会能可以要想请问为什怎"
)
# fmt: off
STOP_WORDS = frozenset(
    {
        "a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "cannot", "could", "do",
        "does", "don", "for", "from", "had", "has", "have", "how", "i", "if", "in", "is", "it",
        "its", "me", "my", "no", "not", "of", "on", "or", "our", "please", "s", "so", "t", "that",
        "the", "their", "there", "they", "this", "to", "was", "we", "what", "when", "where",
        "which", "who", "why", "will", "with", "would", "you", "your"
    }
)
# fmt: on
# None of them looks past the next bracket or line: a text of nothing else is read in time, too.
IMAGE = re.compile(r"!\[([^\[\]]*)\]\([^()]*\)")
LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
EMPHASIS = re.compile(r"[*_`~]+")
MARKS = re.compile(r"[#>|]+|-{3,}|^[^\S\n]*[-+]\s+|^[^\S\n]*\d+[.)]\s+", re.MULTILINE)


Form = tuple[tuple[str, bool], ...]
"""Lexemes that stand together; with True, everything that begins so."""


@dataclass(frozen=True)
class Term:
    """One thing that was asked for; each of `forms` stands for it. The last word may be unfinished.

    `parts` stand for it where no text has it whole: the syllables of pinyin, two by two, and of few one by one
    (those count less, and find nothing by themselves); initials in two runs.
    """

    text: str
    forms: tuple[Form, ...]
    parts: tuple[Term, ...] = ()
    counts: float = 1.0

    @property
    def finds(self) -> bool:
        return self.counts == 1.0

    def query(self, mark: str = "") -> str:
        """As PostgreSQL reads a tsquery; with a mark, only of titles."""
        return " | ".join(
            " & ".join(
                f"{quoted(mark + lexeme)}{':*' if is_open else ''}" for lexeme, is_open in form
            )
            for form in self.forms
        )


def vector(title: str, body: str, keywords: str = "") -> str:
    """The tokens of an article's words in one language, as PostgreSQL reads a tsvector."""
    named = name_lexemes(title) | _words(keywords)
    tokens = text_lexemes(plain(body)) | named | {TITLE + each for each in named}
    return " ".join(quoted(each) for each in tokens)


def _words(keywords: str) -> set[str]:
    found: set[str] = set()
    for each in re.split(r"[,，、;；\n]+", keywords):
        found |= name_lexemes(each)
    return found


def plain(body: str) -> str:
    """The words of a text without its marks."""
    without = LINK.sub(r"\1", IMAGE.sub(r"\1", body))
    return EMPHASIS.sub("", MARKS.sub(" ", without))


def terms(typed: str, *, is_sentence: bool = False) -> tuple[Term, ...]:
    """What somebody asks for. Of a sentence or letter, the pairs and words that say something."""
    return _terms(typed[:LONGEST_TYPED], is_sentence)


@lru_cache(maxsize=2048)
def _terms(typed: str, is_sentence: bool) -> tuple[Term, ...]:
    found: dict[str, Term] = {}
    cut = runs(normal(typed))
    for place, (run, word) in enumerate(cut):
        for term in _of_run(run) if run else _of_word(word, place == len(cut) - 1, is_sentence):
            found.setdefault(term.text, term)
    every = list(found.values())
    telling = [each for each in every if _says_something(each.text)]
    return tuple((telling or every)[:MOST_TERMS])


def _of_run(run: str) -> Iterable[Term]:
    for pair in pairs(run):
        yield Term(pair, (((pair, len(pair) == 1),),))


def _of_word(word: str, is_last: bool, is_sentence: bool) -> Iterable[Term]:
    """A word, begun or whole; pinyin and initials where nobody wrote a sentence."""
    word = word[:LONGEST_WORD]
    forms: list[Form] = [((word, (is_last and len(word) > 1) or len(word) > 3),)]
    parts: tuple[Term, ...] = ()
    if not is_sentence and word.isascii() and word.isalpha() and len(word) > 1:
        readings = shortest_cuts(word) if len(word) > 2 or word in syllables() else ()
        forms += dict.fromkeys(_chain(reading) for reading in readings)
        if not readings or len(word) <= LONGEST_INITIALS:
            forms.append(_initials(word))
        parts = _parts(readings) if readings else _two_runs(word)
    yield Term(word, tuple(forms), parts)


def _chain(reading: Reading) -> Form:
    """A run of syllables. Lexemes end after `LONGEST_PINYIN` letters: what is longer is a chain of them."""
    word, starts = "".join(reading), [0, *accumulate(map(len, reading))]
    links, at = [0], 0
    while at + LONGEST_PINYIN < len(word):
        reached = [each for each in starts if at < each <= at + LONGEST_PINYIN]
        ending = [each for each in reached if each + LONGEST_PINYIN >= len(word)]
        at = ending[0] if ending else reached[-1]
        links.append(at)
    return tuple((f"~{word[each : each + LONGEST_PINYIN]}", True) for each in links)


def _initials(word: str) -> Form:
    """As `_chain`, of first letters, each of which begins a lexeme."""
    last = max(len(word) - LONGEST_INITIALS, 0)
    links = [*range(0, last, LONGEST_INITIALS), last]
    return tuple((f"^{word[each : each + LONGEST_INITIALS]}", True) for each in links)


def _parts(readings: Sequence[Reading]) -> tuple[Term, ...]:
    """The syllables two by two, and of few one by one, of all ways to cut; the last may be begun only."""
    found: dict[str, Term] = {}
    number = len(readings[0]) if readings else 0
    for length, counts in ((2, 1.0), (1, SYLLABLE_COUNTS)):
        if number < 2 or (length == 1 and number > FEW_SYLLABLES):
            continue
        for place in range(number - length + 1):
            is_open = place + length == number
            spoken = dict.fromkeys("".join(each[place : place + length]) for each in readings)
            forms = tuple(((f"~{each}", is_open),) for each in spoken if len(each) > 1)
            if forms:
                name = "~" + "/".join(spoken)
                found.setdefault(name, Term(name, forms, counts=counts))
    return tuple(found.values())[:MOST_TERMS]


def _two_runs(word: str) -> tuple[Term, ...]:
    """First letters of two runs of a title, which a number or a word parts."""
    places = range(2, len(word) - 1)
    forms = tuple(_initials(word[:place]) + _initials(word[place:]) for place in places)
    return (Term(f"^{word}", forms),) if forms else ()


def _says_something(text: str) -> bool:
    if text.isascii():
        return text not in STOP_WORDS
    return FILLERS.isdisjoint(text)
