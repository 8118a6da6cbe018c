"""What an entry of a field can be found by.

Namespaces keep sorts of lexemes apart: a plain word or code, `~` pinyin from a syllable on, `^` initials from
a syllable on, `=` a whole name, `<` how a name begins. Words contain none of these marks, nor `!` and `:`,
with which field groups and scopes begin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b

from kezhi.records import FieldKind
from kezhi.workbench.searching.spelling import TAIL, Reading, normal, readings, runs

K = FieldKind
LONGEST_WORD = 40
LONGEST_PINYIN = 12  # of a lexeme; what is typed beyond it is compared with the name itself
LONGEST_INITIALS = 8
LONGEST_NAME = 300
LONGEST_PERSON = 4  # characters of a person's name
LONGEST_TEXT = 6_000
MOST_LEXEMES = 1_500
SHORTEST_PHONE_PART = 4
BANDS = 16  # names that begin alike lie in as many lists, of which a glance reads a few
BEGIN_LETTERS, BEGIN_HANZI = (2, 4), (1, 2)
PHONE_BREAK = re.compile(r"[/,;、；，转]|ext|\s{2,}")
MAIL_SIGNS = re.compile(r"[^\w@.+-]")

NAMES = frozenset({K.TEXT})
TEXTS = frozenset({K.LONG_TEXT})
CODES = frozenset({K.CODE, K.TAX_ID})
FINDABLE = NAMES | TEXTS | CODES | {K.PHONE, K.EMAIL, K.URL}


def lexemes(kind: FieldKind, entry: str) -> set[str]:
    """Every lexeme of an entry in a field of that kind; none for kinds that aren't words."""
    if kind in NAMES:
        return name_lexemes(entry)
    if kind in CODES:
        return code_lexemes(entry)
    if kind is K.PHONE:
        return phone_lexemes(entry)
    if kind is K.EMAIL:
        return mail_lexemes(entry)
    if kind is K.URL:
        return host_lexemes(entry)
    return text_lexemes(entry) if kind in TEXTS else set()


def name_lexemes(entry: str) -> set[str]:
    """Characters, their pairs, words; pinyin by syllable, by two, and from each on; initials from each on."""
    found: set[str] = set()
    for run, word in runs(normal(entry[:LONGEST_NAME])):
        if word:
            found.add(word[:LONGEST_WORD])
            continue
        found.update(pairs(run))
        starts = core(run)
        found.update(run[:starts])
        for reading in readings(run):
            _add_reading(found, reading, starts)
    return found


def core(run: str) -> int:
    """How many characters stand before the company's form."""
    tail = TAIL.search(run)
    return tail.start() if tail and tail.start() else len(run)


def _add_reading(found: set[str], reading: Reading, starts: int) -> None:
    spoken, initials = "".join(reading), "".join(s[:1] for s in reading)
    if LONGEST_PERSON >= len(reading) > 1:
        found.add(f"~{reading[0]}{initials[1:]}")  # `zengxx`: the surname in full
    at = 0
    for place in range(min(starts, len(reading))):
        found.add(f"~{spoken[at : at + LONGEST_PINYIN]}")
        found.add(f"~{reading[place]}")
        found.add(f"~{''.join(reading[place : place + 2])}")
        if place + 1 < len(initials):
            found.add(f"^{initials[place : place + LONGEST_INITIALS]}")
        at += len(reading[place])


def pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def text_lexemes(entry: str) -> set[str]:
    """Of a long text: pairs of characters and words, no readings."""
    found: set[str] = set()
    for run, word in runs(normal(entry[:LONGEST_TEXT])):
        if word:
            found.add(word[:LONGEST_WORD])
        else:
            found.update(pairs(run))
        if len(found) > MOST_LEXEMES:
            break
    return found


def code_lexemes(entry: str) -> set[str]:
    """`SO-20250131-01` is found by its whole, and from each of its parts on; a number also without zeros."""
    cut = runs(normal(entry[:LONGEST_NAME]))[:12]
    parts = [run or word for run, word in cut]
    found = {"".join(parts[at:])[:LONGEST_WORD] for at in range(len(parts))}
    found.update(pair for run, _word in cut if run for pair in pairs(run))
    if parts and parts[-1].isdigit() and (number := parts[-1].lstrip("0")):
        found.add(number[:LONGEST_WORD])
    return found


def phone_lexemes(entry: str) -> set[str]:
    """From each digit on, so that a prefix of these finds any part of the number."""
    found: set[str] = set()
    for number in numbers(entry):
        found.update(
            number[at:] for at in range(max(1, len(number) - SHORTEST_PHONE_PART + 1)) if number
        )
    return found


def numbers(entry: str) -> list[str]:
    """The numbers of a phone field, without the country code of China."""
    parts = PHONE_BREAK.split(normal(entry[:120]))
    return [number for part in parts if (number := domestic(digits(part)))][:4]


def digits(text: str) -> str:
    return "".join(c for c in text if c in "0123456789")[:20]


def domestic(number: str) -> str:
    """Without the country code of China."""
    for code in ("0086", "86"):
        if number.startswith(code) and len(number) == len(code) + 11:
            return number[len(code) :]
    return number


def mail_lexemes(entry: str) -> set[str]:
    """The whole address, the mailbox and its parts, the host and its name."""
    address = mail(entry)
    mailbox, at, host = address.rpartition("@")
    if not at:
        return {part for part in re.split(r"[.+\-_]", address) if part} | {address} - {""}
    found = {address[:120], host[:80], mailbox[:80]}
    found.update(part for part in re.split(r"[.+\-_]", mailbox) if len(part) > 1)
    found.add(host.split(".")[0])
    return found - {""}


def mail(entry: str) -> str:
    return MAIL_SIGNS.sub("", normal(entry[:254].strip()))


def host_lexemes(entry: str) -> set[str]:
    host = re.sub(r"^[a-z]+://", "", normal(entry[:500].strip())).split("/")[0]
    host = MAIL_SIGNS.sub("", host.removeprefix("www."))
    return {host[:80], host.split(".")[0][:LONGEST_WORD]} - {""}


def keys(entry: str) -> str:
    """The ways to type a name in full, a line each between line ends: as it is, in pinyin, by initials."""
    parts = runs(normal(entry[:LONGEST_NAME]))
    written = "".join(run or word for run, word in parts)
    lines = [written, *_spoken(parts)]
    return "\n" + "\n".join(dict.fromkeys(line[:250] for line in lines if line)) + "\n"


def _spoken(parts: Iterable[tuple[str, str]]) -> list[str]:
    """Pinyin and initials of the whole; only the first run is read in more than one way."""
    spoken: list[str] = [""]
    initials: list[str] = [""]
    for run, word in parts:
        if word:
            ways, firsts = [word], [word]
        else:
            read = readings(run) if spoken == [""] else readings(run)[:1]
            ways = ["".join(reading) for reading in read]
            firsts = ["".join(s[:1] for s in reading[: core(run)]) for reading in read]
        spoken = [before + way for before in spoken for way in ways][:4]
        initials = [before + first for before in initials for first in firsts][:4]
    return [*spoken, *initials]


def title_lexemes(ways: str, kind: str, number: int) -> set[str]:
    """Of a record's name: each way to type it as a whole, and how each begins.

    The latter also apart by kind and in the band of the record's number: where very many begin so, a band of
    each kind is a fair sample.
    """
    found: set[str] = set()
    for line in ways.split("\n"):
        if line:
            found.add(whole_lexeme(line))
            for begin in begins(line):
                found |= {begin_lexeme(begin), band_lexeme(begin, kind, number % BANDS)}
    return found


def whole_lexeme(line: str) -> str:
    return f"={blake2b(line.encode(), digest_size=6).hexdigest()}"


def begin_lexeme(begin: str) -> str:
    return f"<{begin}"


def band_lexeme(begin: str, kind: str, band: int) -> str:
    return f"<{_mark_of(kind)}{begin}#{band:x}"


@cache
def _mark_of(kind: str) -> str:
    return blake2b(kind.encode(), digest_size=1).hexdigest()


def begins(line: str) -> list[str]:
    """The beginnings by which a line is kept, the longest last: letters say less than hanzi."""
    found = []
    for length in sorted({*BEGIN_LETTERS, *BEGIN_HANZI}):
        begin = line[:length]
        if len(begin) == length and length in (BEGIN_LETTERS if begin.isascii() else BEGIN_HANZI):
            found.append(begin)
    return found
