"""What customers get from us and what it costs them, from their answers: by customer, segment and supplier.

The engine's `delivered`, `by_group`, `value_map` and `worth_of_points` do the arithmetic. The figures of the
whole company are kept with the study; fewer answers than `LEAST` give none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Literal

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from kezhi.core.progress import Progress
from kezhi.customers.models import Customer
from kezhi.insight.answers import Asked, bought_afterwards, counted, read_answers
from kezhi.insight.models import CustomerReading, DeliveredRules, Snapshot, Study, ValueRun
from kezhi.satisfaction.models import SurveyItem
from kezhi.value.delivered import (
    ATTRIBUTES,
    BENEFITS,
    EQUAL,
    Delivered,
    DeliveredSettings,
    GroupMean,
    Item,
    MapPoint,
    Worth,
    by_group,
    delivered,
    value_map,
    worth_of_points,
)
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.survey_answers import US, Answers, with_facts

Vector = NDArray[np.float64]

LEAST = 10
"""Respondents below which nothing is said about the company, and"""
LEAST_OF_GROUP = 5
"""those below which nothing is said about a segment or a competitor."""
DIMENSIONS = ("tier", "industry", "region")
MOST_GROUPS = 12
CHUNK = 400

_UNITS: dict[str, Literal["money", "hours"] | None] = {
    SurveyItem.Unit.SCALE: None,
    SurveyItem.Unit.MONEY: "money",
    SurveyItem.Unit.HOURS: "hours",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of delivered value, 0 to 100: ours and, where they were judged, the competitors' mean.

    `lead` is how far we are ahead (more of a benefit, less of a cost), by the questions that were asked
    about them, too.
    """

    attribute: str
    ours: float
    others: float | None
    lead: float | None
    weight: float
    questions: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a study says of the whole company.

    `ours` is None with too few respondents. `worth` is of a point more of each benefit and a point less of
    each cost: in money when `has_stakes`, else in buyers, and in the index alone where `why_no_worth` says
    in a word why (`early`, `same`). `why_no_map` says why there is no map (`no_competitor`, `no_price`).
    """

    respondents: int
    customers: int
    first_on: date | None
    last_on: date | None
    is_enough: bool
    ours: GroupMean | None
    parts: tuple[Part, ...]
    suppliers: tuple[GroupMean, ...]
    points: tuple[MapPoint, ...]
    why_no_map: str
    worth: tuple[Worth, ...]
    has_stakes: bool
    buyers: int
    why_no_worth: str
    segments: dict[str, tuple[GroupMean, ...]]
    small_segments: dict[str, int]


def rules_in_force() -> tuple[dict[str, float], float | None]:
    """The weights by attribute, and what an hour costs if the company said so; equal weights by default."""
    rules = DeliveredRules.objects.current()
    if rules is None:
        return dict(EQUAL), None
    return dict(rules.weights), None if rules.wage is None else float(rules.wage)


def settings_of(asked: Asked, counted_items: Sequence[SurveyItem]) -> DeliveredSettings:
    """The item map of the questions answered, with the weights and the wage in force."""
    weights, wage = rules_in_force()
    items = [
        Item(
            each.code,
            each.factor,
            float(each.low),
            float(each.high),
            each.is_reversed,
            _UNITS[each.unit],
        )
        for each in (*asked.items, *counted_items)
        if each.unit != SurveyItem.Unit.HOURS or wage is not None
    ]
    return DeliveredSettings(tuple(items), weights, wage)


def study_delivered(study: Study, progress: Progress) -> tuple[Figures, Iterator[CustomerReading]]:
    """The figures, and what single customers said; the caller keeps both."""
    progress(0, 500, _("Reading the answers"))
    asked = read_answers(ATTRIBUTES, study.as_of)
    if asked is None:
        return _nothing(), iter(())
    own = [each for each in _counted_items() if each.code not in asked.answers.items]
    customers = set(asked.answers.customers)
    facts = {each.code: counted(each, customers, study.as_of) for each in own}
    answers = with_facts(asked.answers, facts) if facts else asked.answers
    settings = settings_of(asked, own)
    progress(100, 500, _("Working out delivered value"))
    found = delivered(answers, settings)
    ours = _of_us(found)
    is_ours = np.array([about == US for about in found.about])
    enough = len(ours.value) >= LEAST and bool(np.isfinite(ours.value).any())
    figures = replace(
        _nothing(),
        respondents=len(ours.value),
        customers=len(set(ours.customers)),
        first_on=_day(answers, min),
        last_on=_day(answers, max),
        is_enough=enough,
    )
    if enough:
        figures = _whole(figures, found, ours, asked)
        progress(200, 500, _("Comparing segments"))
        figures = _by_segment(figures, ours, study)
        progress(300, 500, _("What one point more is worth"))
        days = answers.dates[is_ours].astype(object).tolist()
        figures = _worth(figures, ours, days, study)
    return figures, _readings(study, ours, progress)


def _nothing() -> Figures:
    return Figures(0, 0, None, None, False, None, (), (), (), "few", (), False, 0, "few", {}, {})


def _counted_items() -> list[SurveyItem]:
    """Hours count for nothing until the company says what one costs."""
    rows = SurveyItem.objects.filter(is_active=True, source__in=SurveyItem.COUNTED)
    if rules_in_force()[1] is None:
        rows = rows.exclude(unit=SurveyItem.Unit.HOURS)
    return list(rows.order_by("code"))


def _day(answers: Answers, choose: Any) -> date | None:
    day: date | None = choose(answers.dates).astype(object) if len(answers.dates) else None
    return day


def _rows(found: Delivered, own: NDArray[np.bool_]) -> Delivered:
    """Some rows of it."""
    places = np.flatnonzero(own)
    changes: dict[str, Any] = {}
    for each in fields(found):
        column = getattr(found, each.name)
        if isinstance(column, tuple):
            changes[each.name] = tuple(column[place] for place in places)
        elif isinstance(column, np.ndarray):
            changes[each.name] = column[places]
    return replace(found, **changes)


def _of_us(found: Delivered) -> Delivered:
    return _rows(found, np.array([about == US for about in found.about]))


def _whole(figures: Figures, found: Delivered, ours: Delivered, asked: Asked) -> Figures:
    comparable = _comparable(asked, found.settings)
    judged = [
        each
        for each in by_group(comparable, comparable.about)
        if each.respondents >= LEAST_OF_GROUP
    ]
    mine = by_group(ours, ours.about)[0]
    points, why = _map(comparable, [each.group for each in judged])
    return replace(
        figures,
        ours=mine,
        parts=tuple(_parts(mine, judged, ours)),
        suppliers=tuple(each for each in judged if each.value is not None),
        points=points,
        why_no_map=why,
    )


def _comparable(asked: Asked, settings: DeliveredSettings) -> Delivered:
    """By the questions that were asked about competitors, too; by all when nobody was judged but us."""
    answers = asked.answers
    rivals = np.array([about != US for about in answers.about], dtype=np.bool_)
    known: list[bool] = np.any(np.isfinite(answers.answers[rivals]), axis=0).tolist()
    both = {code for code, own in zip(answers.items, known, strict=True) if own}
    items = tuple(
        item
        for item in settings.items
        if item.item in answers.items and (item.item in both or not rivals.any())
    )
    return delivered(answers, replace(settings, items=items))


def _parts(mine: GroupMean, judged: Sequence[GroupMean], ours: Delivered) -> Iterator[Part]:
    same = next((each for each in judged if each.group == US), None)
    rivals = [each for each in judged if each.group != US]
    for place, name in enumerate(ATTRIBUTES):
        own = mine.attributes[place]
        if own is None:
            continue
        theirs = [
            (mean, each.respondents)
            for each in rivals
            for mean in [each.attributes[place]]
            if mean is not None
        ]
        total = sum(count for _mean, count in theirs)
        others = sum(mean * count for mean, count in theirs) / total if total else None
        asked = same.attributes[place] if same else None
        gap = None if others is None or asked is None else asked - others
        yield Part(
            attribute=name,
            ours=own,
            others=others,
            lead=gap if gap is None or side_of(name) == "benefit" else -gap,
            weight=ours.settings.weights.get(name, 0.0),
            questions=sum(1 for item in ours.settings.items if item.attribute == name),
        )


def _map(found: Delivered, known: Sequence[str]) -> tuple[tuple[MapPoint, ...], str]:
    """Suppliers by benefits and the price that respondents named; why not, when it can't be drawn."""
    labels, paid = np.array(found.about), found.money[:, ATTRIBUTES.index("money")]
    prices = {}
    for name in known:
        own = paid[labels == name]
        own = own[np.isfinite(own)]
        if len(own) >= LEAST_OF_GROUP and own.mean() > 0:
            prices[name] = float(own.mean())
    if US not in prices or len(prices) < 2:
        return (), "no_competitor" if len(known) < 2 else "no_price"
    try:
        return value_map(found, prices), ""
    except ValueError:  # no benefit of both was asked
        return (), "no_price"


def _by_segment(figures: Figures, ours: Delivered, study: Study) -> Figures:
    ids = [int(customer) for customer in ours.customers]
    rows = Customer.objects.filter(pk__in=set(ids))
    about = {
        pk: dict(zip(DIMENSIONS, labels, strict=True))
        for pk, *labels in rows.values_list("pk", "standing__tier", "industry", "region")
    }
    segments: dict[str, tuple[GroupMean, ...]] = {}
    small: dict[str, int] = {}
    for dimension in DIMENSIONS:
        labels = [(about.get(pk) or {}).get(dimension) or "" for pk in ids]
        count = {label: labels.count(label) for label in set(labels)}
        large = sorted((label for label in count if label and count[label] >= LEAST_OF_GROUP),
                       key=lambda label: -count[label])[:MOST_GROUPS]  # fmt: skip
        known = np.array([label in large for label in labels])
        means = (
            by_group(_rows(ours, known), [label for label in labels if label in large])
            if known.any()
            else ()
        )
        segments[dimension] = means
        small[dimension] = sum(1 for label in count if label and label not in large)
    return replace(figures, segments=segments, small_segments=small)


def _worth(figures: Figures, ours: Delivered, days: Sequence[date], study: Study) -> Figures:
    bought = bought_afterwards(ours.customers, days, study.as_of)
    stakes = _stakes(ours.customers)
    buyers = int(np.nansum(bought))
    has_stakes = stakes is not None and bool(np.isfinite(stakes).any())
    try:
        worth = _better(ours, bought, stakes if has_stakes else None)
        return replace(figures, worth=worth, has_stakes=has_stakes, buyers=buyers, why_no_worth="")
    except (CannotFit, ValueError):
        asked = int(np.isfinite(bought).sum())
        why = "early" if asked < LEAST else "same"
        return replace(figures, worth=_better(ours), buyers=buyers, why_no_worth=why)


def _better(
    ours: Delivered, bought: Vector | None = None, stakes: Vector | None = None
) -> tuple[Worth, ...]:
    """A point more of each benefit, a point less of each cost."""
    return tuple(
        one
        for points, side in ((1.0, "benefit"), (-1.0, "cost"))
        for one in worth_of_points(ours, bought, stakes, points=points)
        if side_of(one.attribute) == side
    )


def _stakes(customers: Sequence[str]) -> Vector | None:
    """What a customer's purchases of half a year bring, shared among those who answered for it."""
    run = ValueRun.objects.latest_published()
    if run is None:
        return None
    ids = {int(one) for one in customers}
    rows = Snapshot.objects.filter(run=run, customer_id__in=ids, contribution_12m__isnull=False)
    known = {str(pk): float(amount) / 2 for pk, amount in
             rows.values_list("customer_id", "contribution_12m")}  # fmt: skip
    count: dict[str, int] = {}
    for one in customers:
        count[one] = count.get(one, 0) + 1
    return np.array([known.get(one, np.nan) / count[one] for one in customers])


def _readings(study: Study, ours: Delivered, progress: Progress) -> Iterator[CustomerReading]:
    """One for each customer, by chunks: an interval takes a thousand draws."""
    labels = np.array(ours.customers)
    order = np.argsort(labels, kind="stable")
    names, first = np.unique(labels[order], return_index=True)
    edges = [*first.tolist(), len(order)]
    for start in range(0, len(names), CHUNK):
        share = start / max(len(names), 1)
        progress(400 + round(100 * share), 500, _("Working out each customer"))
        own = np.zeros(len(labels), dtype=np.bool_)
        own[order[edges[start] : edges[min(start + CHUNK, len(names))]]] = True
        part = _rows(ours, own)
        for mean in by_group(part, part.customers):
            if mean.value is None:
                continue
            yield CustomerReading(
                study=study,
                customer_id=int(mean.group),
                respondents=mean.respondents,
                score=mean.value,
                low=mean.low,
                high=mean.high,
                figures={
                    "attributes": list(mean.attributes),
                    "benefits": mean.benefits,
                    "costs": mean.costs,
                    "value_in_money": mean.value_in_money,
                    "surplus": mean.surplus,
                },
            )


def side_of(attribute: str) -> str:
    """`benefit` or `cost`."""
    return "benefit" if attribute in BENEFITS else "cost"
