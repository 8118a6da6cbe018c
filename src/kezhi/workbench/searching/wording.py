"""What somebody typed, as terms that all must be found, each in one of several forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from kezhi.records import Field, FieldKind
from kezhi.workbench.searching.documents import quoted
from kezhi.workbench.searching.lexemes import (
    CODES,
    LONGEST_INITIALS,
    LONGEST_PINYIN,
    LONGEST_WORD,
    SHORTEST_PHONE_PART,
    TEXTS,
    band_lexeme,
    begin_lexeme,
    begins,
    core,
    digits,
    domestic,
    mail,
    pairs,
    whole_lexeme,
)
from kezhi.workbench.searching.spelling import completions, cuts, is_tail, normal, runs, syllables

K = FieldKind
LONGEST_TYPED = 200
MOST_TERMS = 8
MOST_PAIRS = 40
MOST_WAYS = 12
PHONE_LIKE = re.compile(r"\+?[\d\s()\-]{7,30}")
NEVER = "'x:never'"

# What a group of fields holds decides which forms can be in it.
WORDS, PROSE, CODE, PHONE, MAIL = "words", "prose", "code", "phone", "mail"
Lexeme = tuple[str, bool]  # and whether longer ones that begin so count, too
Form = tuple[Lexeme, ...]
Groups = Mapping[str, frozenset[str]]


def content_of(each: Field) -> str:
    if each.kind in CODES:
        return CODE
    if each.kind in TEXTS:
        return PROSE  # no readings
    if each.kind is K.PHONE:
        return PHONE
    return MAIL if each.kind in (K.EMAIL, K.URL) else WORDS


@dataclass(frozen=True)
class Term:
    """A part of what was typed: `forms` by content, any of which will do, or else all `parts`.

    `quick` are forms that let more through, which the index answers sooner: its rows are asked for `forms`.
    """

    text: str
    forms: Mapping[str, tuple[Form, ...]] = field(default_factory=dict)
    quick: Mapping[str, tuple[Form, ...]] = field(default_factory=dict)
    exact: Mapping[str, tuple[Form, ...]] = field(default_factory=dict)
    parts: tuple[Term, ...] = ()
    is_code: bool = False  # digits, a code or an address: an exact hit is meant

    def query(self, groups: Groups, *, is_exact: bool = False) -> str:
        """As PostgreSQL reads a tsquery, among the groups that may be asked."""
        ways = [
            _conjunction(form, group)
            for group, contents in groups.items()
            for content in contents
            for form in (self.exact if is_exact else self.forms).get(content, ())
        ]
        if self.parts:
            each = [part.query(groups, is_exact=is_exact) for part in self.parts]
            ways.append(f"({' & '.join(each)})")
        return f"({' | '.join(dict.fromkeys(ways))})" if ways else NEVER

    def is_in(self, lexemes: set[str], content: str) -> bool:
        """Whether these lexemes of a field's entry meet the term or a part of it."""
        return any(
            all(_has(lexemes, lexeme, is_begin) for lexeme, is_begin in form)
            for form in self.forms.get(content, ())
        ) or any(part.is_in(lexemes, content) for part in self.parts)


@dataclass(frozen=True)
class Wording:
    """A search text after reading: `whole` is all of it without signs, as names are compared with it."""

    terms: tuple[Term, ...]
    whole: str
    words: str = ""  # as typed, cut to what is read

    @property
    def is_empty(self) -> bool:
        return not self.terms

    @property
    def is_code(self) -> bool:
        return bool(self.terms) and all(term.is_code for term in self.terms)

    @property
    def is_narrow(self) -> bool:
        """Whether a guess by single words says nothing: a code, or a word that few names hold."""
        return self.is_code or any(len(term.text) > LONGEST_PINYIN for term in self.terms)

    @property
    def is_broad(self) -> bool:
        """Whether exact hits should be looked for first: letters may begin a great many words."""
        return any(term.text.isascii() and not term.is_code for term in self.terms)

    def as_name(self) -> Wording:
        """All of it as the whole name of a record, in whatever way the name may be typed."""
        return self._in_names([whole_lexeme(self.whole)])

    def as_beginning(self) -> Wording | None:
        """The beginning of a name; None where that says nothing."""
        begin = self._begin
        return self._in_names([begin_lexeme(begin)]) if begin else None

    def as_beginning_of(self, kind: str, bands: int) -> Wording:
        """The beginning of a name of that kind, in so many bands."""
        return self._in_names([band_lexeme(self._begin, kind, band) for band in range(bands)])

    @property
    def _begin(self) -> str:
        if len(self.terms) != 1 or self.is_code:
            return ""
        return next(reversed(begins(self.whole)), "")

    def for_index(self) -> Wording:
        """What lets more through, but is found soon: without what every second company is called, where more
        is known of its name, and syllables instead of all names that begin so."""
        return replace(self, terms=tuple(map(_for_index, self.terms)))

    def _in_names(self, any_of: list[str]) -> Wording:
        forms = {WORDS: tuple(_form(lexeme) for lexeme in any_of)}
        return Wording((Term("", forms, exact=forms),), self.whole)

    def query(self, groups: Groups, *, is_exact: bool = False) -> list[str]:
        return [term.query(groups, is_exact=is_exact) for term in self.terms]


def read(text: str) -> Wording:
    """Never fails and never takes long, whatever was typed."""
    typed = " ".join(text[:LONGEST_TYPED].replace("\0", " ").split())
    plain = normal(typed)[:LONGEST_TYPED]
    whole = "".join(run or word for run, word in runs(plain))
    if PHONE_LIKE.fullmatch(plain.strip()) and len(digits(plain)) >= 7:
        return Wording((_number(domestic(digits(plain))),), whole, typed)
    terms: list[Term] = []
    for word in plain.split():
        terms += _terms(word)
    return Wording(tuple(_distinct(terms)[:MOST_TERMS]), whole, typed)


def _distinct(terms: Iterable[Term]) -> list[Term]:
    return list({term.text: term for term in terms}.values())


def _terms(word: str) -> list[Term]:
    found = runs(word)
    if not found:
        return []
    if "@" in word:
        return [_address(word)]
    if len(found) == 1:
        return [_simple(*found[0])]
    if any(run for run, _word in found):
        return [_simple(*each) for each in found]  # `张伟138`: name and number are different fields
    return [_mixed(word, [each for _run, each in found])]


def _simple(run: str, word: str) -> Term:
    if run:
        return _ideographs(run)
    if word.isdigit() and word.isascii():
        return _number(word)
    return _letters(word) if word.isascii() and word.isalpha() else _code(word)


def _ideographs(run: str) -> Term:
    form = tuple((pair, False) for pair in pairs(run)[:MOST_PAIRS])
    forms = {WORDS: (form,), PROSE: (form,), CODE: (form,)}
    return Term(run, forms, exact=forms)


def _for_index(term: Term) -> Term:
    if term.quick:
        return replace(term, forms=term.quick, quick={})
    known = 0 if term.text.isascii() else core(term.text)
    return _ideographs(term.text[:known]) if 2 <= known < len(term.text) else term


def _letters(word: str) -> Term:
    word = word[:LONGEST_WORD]
    pinyin, initials = f"~{word[:LONGEST_PINYIN]}", f"^{word}"
    plain = _form(word)
    exact_words = [plain, _form(pinyin)]
    if len(word) <= LONGEST_INITIALS:
        exact_words.append(_form(initials))
    exact = {WORDS: tuple(exact_words), PROSE: (plain,), CODE: (plain,), MAIL: (plain,)}
    if len(word) == 1:
        return Term(word, {**exact, WORDS: (plain, _form(pinyin))}, exact=exact)
    begin = _form(word, True)
    others = [begin, *([_form(initials, True)] if len(word) <= LONGEST_INITIALS else [])]
    forms = {
        WORDS: (*others, *_spoken(word)),
        PROSE: (begin,),
        CODE: (begin,),
        MAIL: (begin,),
    }
    said = _syllables(word)
    quick = {**forms, WORDS: (*others, *said)} if said else {}
    return Term(word, forms, quick, exact)


def _spoken(word: str) -> list[Form]:
    """Syllables that begin so are a handful of lexemes, cheaper than all names that begin so."""
    begun = completions(word)
    if not begun:
        return [_form(f"~{word[:LONGEST_PINYIN]}", True)]
    forms = [_form(f"~{syllable}") for syllable in begun]
    if any(word[:at] in syllables() and word[at:] in syllables() for at in range(1, len(word))):
        forms.append(_form(f"~{word}", True))  # `xian` is 先, and 西安
    return forms


def _syllables(word: str) -> list[Form]:
    """The pairs of syllables of a word in each way to cut it; none where it runs into 有限公司."""
    ways = cuts(word)
    if any(is_tail("".join(way[at:])) for way in ways for at in range(len(way))):
        return []
    said = dict.fromkeys(
        tuple(map("".join, pairwise(each))) for way in ways for each in _completed(way)
    )
    if not 0 < len(said) <= MOST_WAYS:
        return []
    # A surname with initials, `xiena` for 谢 N A, has a lexeme of its own.
    said |= dict.fromkeys((each,) for each in (*completions(word), word[:LONGEST_PINYIN]))
    return [tuple((f"~{pair}", False) for pair in pairs) for pairs in said]


def _completed(way: tuple[str, ...]) -> list[tuple[str, ...]]:
    """With each syllable that the last may become; a mere beginning says little after two whole ones."""
    *whole, last = way
    if len(whole) > 1 and last not in syllables():
        return [tuple(whole)]
    return [(*whole, each) for each in completions(last)]


def _number(number: str) -> Term:
    number = number[:LONGEST_WORD]
    forms = _begins(number, WORDS, PROSE, CODE, MAIL)
    exact = _begins(number, WORDS, PROSE, CODE, MAIL, is_begin=False)
    if len(number) >= SHORTEST_PHONE_PART:
        forms |= _begins(domestic(number), PHONE)
        exact |= _begins(domestic(number), PHONE, is_begin=False)
    return Term(number, forms, exact=exact, is_code=True)


def _code(word: str) -> Term:
    word = word[:LONGEST_WORD]
    return Term(
        word,
        _begins(word, WORDS, PROSE, CODE, MAIL),
        exact=_begins(word, WORDS, PROSE, CODE, MAIL, is_begin=False),
        is_code=True,
    )


def _mixed(word: str, parts: list[str]) -> Term:
    """`SO-2025-01`, `acme.cn`, `key-account`: one code, a host, or several words."""
    joined, host = "".join(parts)[:LONGEST_WORD], mail(word)
    forms = {**_begins(joined, CODE), **_begins(host, MAIL)}
    exact = {
        **_begins(joined, CODE, is_begin=False),
        **_begins(host, MAIL, is_begin=False),
    }
    each = tuple(_distinct(_simple("", part) for part in parts[:MOST_TERMS]))
    is_code = any(c.isdigit() for c in joined)
    return Term(word, forms, exact=exact, parts=each, is_code=is_code)


def _address(word: str) -> Term:
    address = mail(word).lstrip("@")
    exact = _begins(address, MAIL, is_begin=False)
    return Term(word, _begins(address, MAIL), exact=exact, is_code=True)


def _begins(lexeme: str, *contents: str, is_begin: bool = True) -> dict[str, tuple[Form, ...]]:
    return {content: (_form(lexeme, is_begin),) for content in contents}


def _form(lexeme: str, is_begin: bool = False) -> Form:
    return ((lexeme, is_begin),)


def _conjunction(form: Form, group: str) -> str:
    mark = "" if group == "general" else f"{group}!"
    lexemes = [f"{quoted(mark + lexeme)}{':*' if begin else ''}" for lexeme, begin in form]
    return lexemes[0] if len(lexemes) == 1 else f"({' & '.join(lexemes)})"


def _has(lexemes: set[str], lexeme: str, is_begin: bool) -> bool:
    if not is_begin:
        return lexeme in lexemes
    return any(each.startswith(lexeme) for each in lexemes)
