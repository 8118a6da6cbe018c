"""What was found, as screens show it: the record as it is now, and in which field the words are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models.functions import Left
from django.utils.translation import gettext as _

from kezhi.audit.sightings import Seen, note_sighting
from kezhi.records import Field, Kind
from kezhi.records.fields import Label
from kezhi.web.records.cells import subtitle_of, title_of
from kezhi.web.records.sightings import seen_of
from kezhi.web.requests import PersonRequest
from kezhi.workbench.holding import held
from kezhi.workbench.models import Attachment
from kezhi.workbench.searching import Found, Place
from kezhi.workbench.searching.lexemes import LONGEST_TEXT, lexemes, name_lexemes, text_lexemes
from kezhi.workbench.searching.subjects import findable
from kezhi.workbench.searching.wording import WORDS, Term, Wording, content_of

LONGEST_EXCERPT = 60
MOST_FILES, MOST_TEXTS = 500, 100  # of the records of a page
BEFORE = 12  # characters that lead up to the words in an excerpt


@dataclass(frozen=True)
class Why:
    """The field that holds the words, and the part of it around them."""

    label: Label
    before: str
    words: str
    after: str


@dataclass(frozen=True)
class Hit:
    title: str
    subtitle: str
    href: str
    tier: str | None  # None: not a customer, or not to be known
    why: Why | None


@dataclass(frozen=True)
class Section:
    """The hits of a kind. `count` is how many there are as far as was looked."""

    kind: Kind
    hits: Sequence[Hit]
    count: int = 0

    @property
    def more(self) -> int:
        return max(0, self.count - len(self.hits))


@dataclass(frozen=True)
class Files:
    """What hangs on the records of a page, by record: names, and names with texts."""

    names: Callable[[], dict[int, list[str]]]
    texts: Callable[[], dict[int, list[tuple[str, str]]]]


def sections(request: PersonRequest, found: Found) -> list[Section]:
    """The groups that were found. What vanished since the look-up is left out."""
    made = (
        Section(group.kind, hits(request, group.kind, group.places, found.wording), group.count)
        for group in found.groups
    )
    return [each for each in made if each.hits]


def hits(
    request: PersonRequest, kind: Kind, places: Iterable[Place], wording: Wording | None
) -> list[Hit]:
    """The records of one kind in the order of their places, of those that the person may see."""
    keys = [place.pk for place in places if place.kind == kind.name]
    related = {*kind.select_related, *_tier_row(kind)}
    known = kind.visible_to(request.actor).select_related(*related).in_bulk(keys)
    rows = [known[pk] for pk in keys if pk in known]
    # Asked for once, and only if no field holds the words.
    files = Files(cache(lambda: _names(kind, rows)), cache(lambda: _texts(kind, rows)))
    made: list[Hit] = []
    seen: list[Seen] = []
    for row in rows:
        field, why = _why(kind, row, wording, files)
        made.append(
            Hit(title_of(kind, row), _about(kind, row), kind.url_of(row), _tier(kind, row), why)
        )
        if field is not None:
            seen += seen_of(kind, [row], [field])
    note_sighting(seen, actor=request.actor, on=request.today, where="search")
    return made


def _tier_row(kind: Kind) -> tuple[str, ...]:
    return ("standing",) if kind.name == "customer" and "tier" in kind else ()


def _tier(kind: Kind, row: Any) -> str | None:
    if kind.name != "customer" or "tier" not in kind or kind.field("tier").is_masked:
        return None
    return str(held(row, kind.field("tier")) or "")


def _about(kind: Kind, row: Any) -> str:
    """Whose record it is, and what else tells it apart."""
    customer = getattr(row, "customer", None) if "customer" in kind else None
    parts = [str(customer) if customer is not None else "", subtitle_of(kind, row)]
    return " · ".join(part for part in parts if part)


def _names(kind: Kind, rows: Sequence[Any]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for object_id, name in _attached(kind, rows).values_list("object_id", "name")[:MOST_FILES]:
        found.setdefault(object_id, []).append(name)
    return found


def _texts(kind: Kind, rows: Sequence[Any]) -> dict[int, list[tuple[str, str]]]:
    """Names and texts of the files that could be read."""
    found: dict[int, list[tuple[str, str]]] = {}
    files = _attached(kind, rows).exclude(text="")
    text = Left("text", LONGEST_TEXT)
    for object_id, *file in files.values_list("object_id", "name", text)[:MOST_TEXTS]:
        found.setdefault(object_id, []).append((file[0], " ".join(file[1].split())))
    return found


def _attached(kind: Kind, rows: Sequence[Any]) -> Any:
    if not (kind.has_attachments and rows):
        return Attachment.objects.none()
    keys = [row.pk for row in rows]
    files = Attachment.objects.filter(kind=kind.name, object_id__in=keys, removed_at__isnull=True)
    return files.order_by("object_id", "pk")


def _why(
    kind: Kind, row: Any, wording: Wording | None, files: Files
) -> tuple[Field | None, Why | None]:
    """Where a word is that the title doesn't hold; nothing when the title says it all."""
    if wording is None:
        return None, None
    terms = list(wording.terms)
    fields = findable(kind)
    title = next((field for field in fields if field.name == kind.title), None)
    if title is not None and title_of(kind, row) == _line(row, title):
        terms = [term for term in terms if not _holds(row, title, term)]
    for term in terms:
        for field in fields:
            if _holds(row, field, term):
                return field, _excerpt(field.label, _line(row, field), wording)
        for name in files.names().get(row.pk, ()):
            if term.is_in(name_lexemes(name), WORDS):
                return None, _excerpt(_("File"), name, wording)
        for name, text in files.texts().get(row.pk, ()):
            if term.is_in(text_lexemes(text), WORDS):
                return None, _excerpt(name, text, wording)
    return None, None


def _holds(row: Any, field: Field, term: Term) -> bool:
    entry = held(row, field)
    return entry is not None and term.is_in(lexemes(field.kind, str(entry)), content_of(field))


def _line(row: Any, field: Field) -> str:
    return " ".join(str(held(row, field) or "").split())


def _excerpt(label: Label, line: str, wording: Wording) -> Why:
    """The words where they stand as typed; else the beginning, with nothing marked."""
    words = sorted(wording.words.split(), key=len, reverse=True)
    match = next((m for w in words if (m := re.search(re.escape(w), line, re.IGNORECASE))), None)
    if match is None:
        return Why(label, _cut(line), "", "")
    start = max(0, match.start() - BEFORE)
    before = ("…" if start else "") + line[start : match.start()]
    return Why(label, before, match[0], _cut(line[match.end() :]))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_EXCERPT else f"{text[: LONGEST_EXCERPT - 1]}…"


def nearly(request: PersonRequest, places: Sequence[Place], kinds: Iterable[Kind]) -> list[Section]:
    """Suggestions as sections, in their order."""
    made = (Section(kind, hits(request, kind, places, None)) for kind in kinds)
    return [each for each in made if each.hits]
