"""Responses counted and summed by the database: in one pass by month, tier, region, industry, employee.

What a response is about belongs to other apps: they say which products that was (`ABOUT_PRODUCTS`).
"""

# ruff: noqa: S608  # the parts of queries are the code's own; what varies goes as a parameter
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

from kezhi.customers.reaching import home_zone
from kezhi.satisfaction.analysing.figures import (
    DETRACTS,
    LEAST_OF_GROUP,
    LEVEL,
    PROMOTES,
    SATISFIED,
    Bar,
    GroupReading,
    Month,
    Reading,
)
from kezhi.satisfaction.models import Survey
from kezhi.value.satisfaction.means import difference_of_means, mean_of
from kezhi.value.satisfaction.recommending import difference_of_scores, score_interval
from kezhi.value.satisfaction.shares import Difference, difference_of_shares, share

YEAR = timedelta(days=365)
MOST_GROUPS = 40
DIMENSIONS = ("tier", "region", "industry", "employee", "product")
ABOUT_PRODUCTS: dict[str, str] = {}
"""Kind of record → a query of `product_id` for one response `r` (its `about_id`, `customer_id`): which
products a response about such a record speaks of."""

RESPONSES = """
    SELECT r.id, r.customer_id, r.answered_on, r.score, r.agent_id, r.about_kind,
           r.about_id, n.number AS recommends
    FROM satisfaction_surveyresponse r
    LEFT JOIN LATERAL (
      SELECT p.number FROM satisfaction_surveyreply p
      JOIN satisfaction_surveyquestion q ON q.id = p.question_id AND q.sort = 'nps'
      WHERE p.response_id = r.id AND %(is_nps)s ORDER BY q.position LIMIT 1) n ON true
    WHERE r.survey_id = %(survey)s AND r.answered_on > %(since)s AND r.answered_on <= %(until)s"""
SUMS = f"""
    count(*), count(score), coalesce(sum(score), 0)::float8, coalesce(sum(score * score), 0)::float8,
    count(*) FILTER (WHERE score >= {SATISFIED}), count(recommends),
    count(*) FILTER (WHERE recommends >= {PROMOTES}), count(*) FILTER (WHERE recommends <= {DETRACTS})"""
GROUPED = f"""
    WITH r AS ({RESPONSES})
    SELECT grouping(month, tier, region, industry, agent_id, tenth, recommends), month, tier, region, industry,
           agent_id, tenth, recommends::int, {SUMS}, count(DISTINCT customer_id)
    FROM (
      SELECT r.*, date_trunc('month', answered_on::timestamp)::date AS month, s.tier, c.region, c.industry,
             least(floor(r.score / 10), 9)::int AS tenth
      FROM r LEFT JOIN customers_customer c ON c.id = r.customer_id
      LEFT JOIN customers_standing s ON s.customer_id = r.customer_id) t
    GROUP BY GROUPING SETS ((), (month), (tier), (region), (industry), (agent_id), (tenth), (recommends))"""
BY_PRODUCT = """
    WITH r AS ({responses})
    SELECT p.product_id, {sums} FROM r CROSS JOIN LATERAL ({products}) p
    WHERE p.product_id IS NOT NULL GROUP BY p.product_id ORDER BY count(*) DESC LIMIT {most}"""
ASKED = """
    SELECT count(*),
           count(*) FILTER (WHERE state = 'answered')
    FROM satisfaction_surveyinvitation
    WHERE survey_id = %(survey)s AND sent_at >= (%(since)s::date + 1)::timestamp AT TIME ZONE %(zone)s
      AND sent_at < (%(until)s::date + 1)::timestamp AT TIME ZONE %(zone)s"""


@dataclass(frozen=True, slots=True)
class Sums:
    """What a group of responses adds up to."""

    count: int
    scored: int
    total: float
    squares: float
    content: int
    asked_to_recommend: int
    promoters: int
    detractors: int

    def less(self, other: Sums) -> Sums:
        """All but the others, who are among them."""
        return Sums(
            self.count - other.count,
            self.scored - other.scored,
            self.total - other.total,
            self.squares - other.squares,
            self.content - other.content,
            self.asked_to_recommend - other.asked_to_recommend,
            self.promoters - other.promoters,
            self.detractors - other.detractors,
        )


NOTHING = Sums(0, 0, 0.0, 0.0, 0, 0, 0, 0)


def reading(instrument: str, sums: Sums) -> Reading:
    """The score of a survey of this kind, with its interval."""
    if instrument == Survey.Instrument.NPS and sums.asked_to_recommend:
        p, d, n = sums.promoters, sums.detractors, sums.asked_to_recommend
        low, high = score_interval(p, d, n, level=LEVEL)
        return Reading(n, 100 * (p - d) / n, low, high)
    if not sums.scored:
        return Reading(sums.count)
    if instrument == Survey.Instrument.CSAT:
        part = share(sums.content, sums.scored, level=LEVEL)
        return Reading(sums.scored, 100 * part.share, 100 * part.low, 100 * part.high)
    found = mean_of(sums.scored, sums.total, sums.squares, level=LEVEL, scale=(0, 100))
    return Reading(sums.scored, found.mean, found.low, found.high)


def difference(instrument: str, one: Sums, other: Sums) -> Difference | None:
    """By how much the score of `one` is above that of `other`; None with too few to say."""
    if instrument == Survey.Instrument.NPS and min(
        one.asked_to_recommend, other.asked_to_recommend
    ):
        first, second = (
            (each.promoters, each.detractors, each.asked_to_recommend) for each in (one, other)
        )
        return difference_of_scores(first, second, level=LEVEL)
    if min(one.scored, other.scored) < 2:
        return None
    if instrument == Survey.Instrument.CSAT:
        parts = [share(each.content, each.scored, level=LEVEL) for each in (one, other)]
        found = difference_of_shares(*parts)
        return Difference(100 * found.difference, 100 * found.low, 100 * found.high)
    means = [
        mean_of(s.scored, s.total, s.squares, level=LEVEL, scale=(0, 100)) for s in (one, other)
    ]
    return difference_of_means(*means, level=LEVEL)


@dataclass(frozen=True, slots=True)
class Counted:
    """The sums of a span, whole and by month, tenth, answer and group."""

    whole: Sums
    customers: int
    months: dict[date, Sums]
    tenths: dict[int, int]
    answers: dict[int, int]
    groups: dict[str, dict[str, Sums]]


# The bits of grouping(), a column that isn't grouped by counts as 1: month tier region industry agent …
_COLUMNS = ("month", "tier", "region", "industry", "employee", "tenth", "answer")
_WHOLE = 2 ** len(_COLUMNS) - 1
_SETS = {_WHOLE - (1 << (len(_COLUMNS) - 1 - k)): name for k, name in enumerate(_COLUMNS)}


def counted(survey: Survey, since: date, until: date) -> Counted:
    """The responses after `since` until `until`."""
    parameters = _parameters(survey, since, until)
    whole, customers = NOTHING, 0
    months: dict[date, Sums] = {}
    tenths: dict[int, int] = {}
    answers: dict[int, int] = {}
    groups: dict[str, dict[str, Sums]] = {name: {} for name in DIMENSIONS}
    with connection.cursor() as cursor:
        cursor.execute(GROUPED, parameters)
        for row in cursor.fetchall():
            own = Sums(*row[8:16])
            if row[0] == _WHOLE:
                whole, customers = own, row[16]
                continue
            name = _SETS[row[0]]
            key = row[1 + _COLUMNS.index(name)]
            if key is None or key == "":
                continue
            if name == "month":
                months[key] = own
            elif name == "tenth":
                tenths[key] = own.scored
            elif name == "answer":
                answers[key] = own.asked_to_recommend
            else:
                groups[name][str(key)] = own
    groups["product"] = _by_product(parameters)
    return Counted(whole, customers, months, tenths, answers, groups)


def _parameters(survey: Survey, since: date, until: date) -> dict[str, Any]:
    is_nps = survey.instrument == Survey.Instrument.NPS
    days = {"since": since, "until": until, "zone": str(home_zone())}
    return {"survey": survey.pk, "is_nps": is_nps} | days


def _by_product(parameters: dict[str, Any]) -> dict[str, Sums]:
    if not ABOUT_PRODUCTS:
        return {}
    parts = [
        f"SELECT product_id FROM ({query}) q_{place} WHERE r.about_kind = '{kind}'"
        for place, (kind, query) in enumerate(sorted(ABOUT_PRODUCTS.items()))
    ]
    query = BY_PRODUCT.format(
        responses=RESPONSES, sums=SUMS, products=" UNION ALL ".join(parts), most=MOST_GROUPS
    )
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return {str(product): Sums(*sums) for product, *sums in cursor.fetchall()}


def asked_and_answered(survey: Survey, since: date, until: date) -> tuple[int, int]:
    """How many were asked by a letter of their own, and how many of them answered."""
    with connection.cursor() as cursor:
        cursor.execute(ASKED, _parameters(survey, since, until))
        asked, answered = cursor.fetchone()
    return int(asked), int(answered)


def months_of(instrument: str, found: Counted) -> tuple[Month, ...]:
    return tuple(
        Month(first_on, reading(instrument, sums))
        for first_on, sums in sorted(found.months.items())
    )


def bars_of(instrument: str, found: Counted) -> tuple[Bar, ...]:
    """Of a recommendation each answer, of other scores each tenth."""
    if instrument == Survey.Instrument.NPS and found.answers:
        return tuple(Bar(k, k, found.answers.get(k, 0)) for k in range(11))
    if not found.tenths:
        return ()
    return tuple(Bar(10 * k, 10 * k + 10, found.tenths.get(k, 0)) for k in range(10))


def groups_of(
    survey: Survey, found: Counted, labels: dict[str, dict[str, str]], least: int
) -> tuple[dict[str, tuple[GroupReading, ...]], dict[str, int]]:
    """The groups of each dimension, the largest first, and how many are too small to be shown at all."""
    shown: dict[str, tuple[GroupReading, ...]] = {}
    hidden: dict[str, int] = {}
    for name in DIMENSIONS:
        own = sorted(found.groups[name].items(), key=lambda entry: -entry[1].count)
        kept = [(key, sums) for key, sums in own if sums.count >= least]
        hidden[name] = len(own) - len(kept[:MOST_GROUPS])
        shown[name] = tuple(
            GroupReading(
                key,
                labels.get(name, {}).get(key, key),
                reading(survey.instrument, sums),
                is_clear=_stands_out(survey.instrument, sums, found.whole),
            )
            for key, sums in kept[:MOST_GROUPS]
        )
    return shown, hidden


def _stands_out(instrument: str, sums: Sums, whole: Sums) -> bool:
    if sums.count < LEAST_OF_GROUP or whole.count - sums.count < LEAST_OF_GROUP:
        return False
    apart = difference(instrument, sums, whole.less(sums))
    return apart is not None and apart.is_clear


def keys_of(found: Sequence[Counted], name: str) -> set[int]:
    """The numbers of the employees or products that are named."""
    return {int(key) for each in found for key in each.groups[name]}
