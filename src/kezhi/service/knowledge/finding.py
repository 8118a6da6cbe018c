"""Articles found by what somebody typed: those that match best, and among them those that help most."""

# ruff: noqa: S608  # tables and columns are the code's own names; what was typed goes as a parameter
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from kezhi.core.actor import Actor
from kezhi.service.knowledge import tokens
from kezhi.service.models import Article

MOST_OF_A_TERM = 1_500  # a term of more texts says little: it is looked at so far only
MOST_FOUND = 200
TITLE_COUNTS = 2.0
HELP_COUNTS = 0.6
COVERED = 0.5  # of what was typed, by weight, for a search
SUGGESTED = 0.3  # for a suggestion, where somebody writes a whole letter
EXCERPT = 110
UNKNOWN = 1.5
LEAST_TEXTS = 200  # of fewer, how rare a term is says nothing


@dataclass(frozen=True)
class Hit:
    """An article that was found, in the language in which it is shown."""

    article_id: int
    code: str
    language: str
    title: str
    excerpt: str
    audience: int
    helped: int
    not_helped: int
    score: float


@dataclass(frozen=True)
class Found:
    hits: tuple[Hit, ...] = ()
    total: int = 0
    is_capped: bool = False


def audience_of(actor: Actor) -> Article.Audience | None:
    """A colleague reads everything if the role does; None when it doesn't."""
    return Article.Audience.INTERNAL if actor.may("read", "article") else None


def search(
    typed: str,
    audience: int,
    *,
    language: str,
    topics: Sequence[int] | None = None,
    most: int = 20,
    skip: int = 0,
) -> Found:
    """What readers of that audience find, in their language where the article has it.

    `topics` narrows to some topics; without words it is everything in them, the most helpful first.
    """
    wanted = tokens.terms(typed)
    if not wanted:
        return _browse(audience, language, topics, most, skip) if not typed.strip() else Found()
    return _ranked(wanted, audience, language, topics, most, skip, COVERED)


def suggest(
    text: str, audience: Actor | int | None, limit: int = 5, *, language: str = "zh"
) -> tuple[Hit, ...]:
    """Articles for somebody who writes: of a subject and a letter, the few that may answer it.

    `audience` is a colleague or one of `Article.Audience`. Short or empty text has none.
    """
    reach = audience if isinstance(audience, int) or audience is None else audience_of(audience)
    wanted = tokens.terms(text, is_sentence=True)
    if reach is None or not wanted or len(text.strip()) < 2:
        return ()
    return _ranked(wanted, int(reach), language, None, limit, 0, SUGGESTED).hits


def _ranked(
    wanted: Sequence[tokens.Term],
    audience: int,
    language: str,
    topics: Sequence[int] | None,
    most: int,
    skip: int,
    least: float,
) -> Found:
    """The rarer a term, the more it counts; in the title it counts threefold.

    Terms of very many texts are asked of the best of the others only; where there are none but such, of the
    texts that hold all of them. Letters that no text has in one run count by their syllables, of which fewer
    are enough.
    """
    reach = _Reach(audience, tuple(topics) if topics is not None else None)
    asked = wanted
    wanted, places = _places(wanted, reach)
    if wanted != asked:
        least = min(least, SUGGESTED)
    frequent = {at for at, ids in places.items() if len(ids) > MOST_OF_A_TERM}
    rare = {at: ids for at, ids in places.items() if at not in frequent}
    if not any(ids for at, ids in rare.items() if wanted[at].finds):
        together = " & ".join(
            f"({wanted[at].query()})" for at in sorted(frequent) if wanted[at].finds
        )
        if not together:
            return Found()
        every = reach.look_up([together])[0]
        return _shown(dict.fromkeys(every[:MOST_FOUND], 1.0), language, most, skip, len(every))
    weights = _weights({at: len(ids) for at, ids in places.items()})
    weights = {at: weight * wanted[at].counts for at, weight in weights.items()}
    covered: dict[int, float] = {}
    for at, ids in rare.items():
        for each in ids:
            covered[each] = covered.get(each, 0.0) + weights[at]
    best = sorted(covered, key=lambda each: (-covered[each], each))[:MOST_FOUND]
    marked = [(at, wanted[at].query(tokens.TITLE), TITLE_COUNTS) for at in places]
    marked += [(at, wanted[at].query(), 1.0) for at in frequent]
    scores = {each: covered[each] for each in best}
    for at, ids, counts in _asked(best, marked):
        for each in ids:
            scores[each] += weights[at] * counts
            covered[each] += weights[at] if at in frequent and counts == 1.0 else 0.0
    whole = sum(weights.values())
    kept = {each: scores[each] for each in best if covered[each] >= least * whole}
    number = len(kept) if len(kept) < MOST_FOUND else len(covered)
    return _shown(kept, language, most, skip, number)


def _places(
    wanted: Sequence[tokens.Term], reach: _Reach
) -> tuple[Sequence[tokens.Term], dict[int, list[int]]]:
    """The terms that count and the texts that hold each; the parts of those that none holds."""
    terms: Sequence[tokens.Term] = wanted
    found = reach.look_up([each.query() for each in terms])
    missing = [at for at in range(len(terms)) if terms[at].parts and not found[at]]
    syllables = {part.text: part for at in missing for part in terms[at].parts}
    parts = sorted(syllables.values(), key=lambda part: -part.counts)[: tokens.MOST_TERMS]
    if parts:
        held = reach.look_up([each.query() for each in parts])
        kept = [at for at in range(len(terms)) if at not in missing]
        found = dict(
            enumerate([*(found[at] for at in kept), *(held[at] for at in range(len(parts)))])
        )
        terms = [*(terms[at] for at in kept), *parts]
    return terms, found


def _weights(often: dict[int, int]) -> dict[int, float]:
    """What nobody ever wrote can't be found, but its absence makes the rest less certain."""
    every = _texts()
    return {
        at: math.log(1 + (max(every - number, 0) + 0.5) / (number + 0.5)) if number else UNKNOWN
        for at, number in often.items()
    }


@dataclass(frozen=True)
class _Reach:
    """Which texts may be found."""

    audience: int
    topics: tuple[int, ...] | None

    def look_up(self, queries: Sequence[str]) -> dict[int, list[int]]:
        """The texts that meet each query: one statement, a look-up in the index for each."""
        within, more = "", list[Any]()
        if self.topics is not None:
            within = (
                " AND t.article_id IN (SELECT id FROM service_article WHERE topic_id = ANY(%s))"
            )
            more = [list(self.topics)]
        looks, params = [], list[Any]()
        for at, query in enumerate(queries):
            looks.append(
                f"(SELECT {at}, array(SELECT t.id FROM service_articletext t WHERE t.tokens @@"
                f" %s::tsquery AND t.audience >= %s{within} LIMIT {MOST_OF_A_TERM + 1}))"
            )
            params += [query, self.audience, *more]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_seqscan = off"
            )
            cursor.execute(" UNION ALL ".join(looks), params)
            return {int(at): list(ids) for at, ids in cursor.fetchall()}


def _asked(
    texts: Sequence[int], marked: Sequence[tuple[int, str, float]]
) -> list[tuple[int, list[int], float]]:
    """Which of these texts meet each of the queries."""
    if not texts:
        return []
    columns = ", ".join("array_agg(id) FILTER (WHERE tokens @@ %s::tsquery)" for _each in marked)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM service_articletext WHERE id = ANY(%s)",
            [*(query for _at, query, _counts in marked), list(texts)],
        )
        row = cursor.fetchone()
    return [(at, ids or [], counts) for (at, _query, counts), ids in zip(marked, row, strict=True)]


def _texts() -> int:
    """About how many texts there are: the planner's count, which costs nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'service_articletext'::regclass"
        )
        return max(int(cursor.fetchone()[0]), LEAST_TEXTS)


def _shown(scores: dict[int, float], language: str, most: int, skip: int, number: int) -> Found:
    """One hit per article, in the reader's language where the article has it."""
    if not scores:
        return Found()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.id, t.article_id, t.helpfulness FROM service_articletext t WHERE t.id = ANY(%s)",
            [list(scores)],
        )
        by_article: dict[int, float] = {}
        for pk, article, helpfulness in cursor.fetchall():
            ranked = scores[pk] * (1 + HELP_COUNTS * (float(helpfulness) - 0.5))
            by_article[article] = max(by_article.get(article, 0.0), ranked)
    order = sorted(by_article, key=lambda each: (-by_article[each], each))
    hits = hits_of(order[skip : skip + most], language, by_article)
    is_capped = number > MOST_FOUND
    return Found(tuple(hits), MOST_FOUND if is_capped else len(order), is_capped)


def hits_of(articles: Sequence[int], language: str, scores: dict[int, float]) -> list[Hit]:
    """These articles as they are shown, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT DISTINCT ON (t.article_id) t.article_id, a.code, t.language, t.title,
                  left(t.body, {EXCERPT * 4}), t.audience, a.helped, a.not_helped
                FROM service_articletext t JOIN service_article a ON a.id = t.article_id
                WHERE t.article_id = ANY(%s) ORDER BY t.article_id, t.language <> %s, t.language""",
            [list(articles), language[:2]],
        )
        rows = {row[0]: row for row in cursor.fetchall()}
    return [_hit(rows[each], scores.get(each, 0.0)) for each in articles if each in rows]


def _hit(row: tuple[Any, ...], score: float) -> Hit:
    pk, code, language, title, body, audience, helped, not_helped = row
    words = " ".join(tokens.plain(str(body)).split())
    excerpt = words[:EXCERPT] + ("…" if len(words) > EXCERPT else "")
    return Hit(pk, code, language, title, excerpt, audience, helped, not_helped, score)


def _browse(
    audience: int, language: str, topics: Sequence[int] | None, most: int, skip: int
) -> Found:
    """Everything of an audience in some topics, what helps most first."""
    rows = Article.objects.filter(live__isnull=False, live__audience__gte=audience)
    if topics is not None:
        rows = rows.filter(topic__in=topics)
    number = rows[: MOST_FOUND + 1].count()
    ordered = rows.order_by("-views", "pk").values_list("pk", flat=True)[skip : skip + most]
    hits = hits_of(list(ordered), language, {})
    return Found(tuple(hits), min(number, MOST_FOUND), number > MOST_FOUND)
