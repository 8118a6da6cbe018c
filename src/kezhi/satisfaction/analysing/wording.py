"""Words of comments by how many say them, with the mean score of those who do.

Chinese has no blanks between words and no word list is at hand: of pieces of two to eight characters that
stand in several comments, those count that aren't merely a part of a longer one said as often.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from kezhi.core.normal_form import normal_form
from kezhi.satisfaction.analysing.figures import Word
from kezhi.satisfaction.models import Survey, SurveyResponse

NEWEST = 5_000
LEAST = 3
SHOWN = 30
LONGEST = 8
_RUN = re.compile(r"[\u4e00-\u9fff]+|[a-z][a-z'-]{2,}")
_IDLE = frozenset(
    "的了是我你他她它们在有和与就都也很还又被把给让这那哪么吗呢吧啊要会能可为以及而但到着过对不没个些"
)
_IDLE_TEXT = """
    the and for with was were are but not you our your have has had they them their this that from very been
    just also all can could would will there what when which who how too its it's than then about did does don't
    we're i'm out get got any more some one his her she him
"""
_IDLE_WORDS = frozenset(_IDLE_TEXT.split())


def words_of(comments: Iterable[tuple[str, float | None]]) -> tuple[Word, ...]:
    """The commonest words of comments with their scores, the commonest first.

    >>> [(one.word, one.count) for one in words_of([("发货太慢", 20.0), ("发货慢", 30.0), ("发货快", 90.0)])]
    [('发货', 3)]
    """
    said: dict[str, int] = defaultdict(int)
    total: dict[str, float] = defaultdict(float)
    scored: dict[str, int] = defaultdict(int)
    for text, score in comments:
        for piece in _pieces(text):
            said[piece] += 1
            if score is not None:
                total[piece] += score
                scored[piece] += 1
    often = {piece: count for piece, count in said.items() if count >= LEAST}
    kept = [piece for piece in often if not _is_part(piece, often)]
    kept.sort(key=lambda piece: (-often[piece], piece))
    return tuple(
        Word(piece, often[piece], total[piece] / scored[piece] if scored[piece] else None)
        for piece in kept[:SHOWN]
    )


def _pieces(text: str) -> set[str]:
    found: set[str] = set()
    for run in _RUN.findall(normal_form("NFKC", text).lower()):
        if run[0].isascii():
            if run not in _IDLE_WORDS:
                found.add(run)
            continue
        for size in range(2, LONGEST + 1):
            found.update(
                run[start : start + size]
                for start in range(len(run) - size + 1)
                if run[start] not in _IDLE and run[start + size - 1] not in _IDLE
            )
    return found


def _is_part(piece: str, often: dict[str, int]) -> bool:
    """Whether a longer piece is said nearly as often, so that this one says nothing by itself."""
    return any(
        piece in other and len(other) > len(piece) and often[other] >= 0.8 * often[piece]
        for other in often
    )


def words_in(survey: Survey, since: date, until: date) -> tuple[tuple[Word, ...], int]:
    """The words of a survey's newest comments, and how many comments there are."""
    rows = SurveyResponse.objects.filter(
        survey=survey, answered_on__gt=since, answered_on__lte=until
    ).exclude(comment="")
    newest = rows.order_by("-answered_on", "-id").values_list("comment", "score")[:NEWEST]
    told = [(text, None if score is None else float(score)) for text, score in newest]
    return words_of(told), rows.count() if len(told) == NEWEST else len(told)
