"""The rows of a list put together by a choice, a person or a time: each group with its count and totals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kezhi.core.refusal import Refused
from kezhi.records import Field, FieldKind
from kezhi.web.records.access import asking
from kezhi.web.reports.pictures import exact, short
from kezhi.workbench.filtering.related import Way
from kezhi.workbench.operands import Unusable
from kezhi.workbench.reporting.computing import compute
from kezhi.workbench.reporting.dimensions import DAYS, GRAINS, dimension, usable
from kezhi.workbench.reporting.groups import Bucket, buckets
from kezhi.workbench.reporting.measures import Measure

if TYPE_CHECKING:
    from kezhi.web.records.listing import Listing

K = FieldKind
MOST_GROUPS = 50
# What a list is grouped by; a text such as the industry, too, but not what tells records apart.
KINDS = (K.CHOICE, K.MULTI_CHOICE, K.TAGS, K.TIER, K.PERSON, K.BOOLEAN, K.LINK, K.TEXT, *DAYS)
TIMES = ("month", "quarter", "year")


@dataclass(frozen=True)
class Section:
    """One group: where it opens or closes, and what its rows add up to."""

    label: str
    count: int
    totals: list[tuple[str, str]]
    href: str
    is_open: bool


@dataclass(frozen=True)
class Grouping:
    """`conditions` are the filters of the group that is open; None when all are closed."""

    label: str = ""
    sections: tuple[Section, ...] = ()
    open: str = ""
    conditions: tuple[str, ...] | None = None
    counts_several: bool = False
    problem: str = ""


def groups_for(listing: Listing) -> list[tuple[str, str]]:
    """The groupings to choose from: key and words."""
    found: list[tuple[str, str]] = []
    for way in usable(listing.kind, asking(listing.request)):
        if way.hops or way.field.kind not in KINDS or way.field.name == listing.kind.title:
            continue
        found += _choices(way)
    return found


def _choices(way: Way) -> list[tuple[str, str]]:
    if way.field.kind not in DAYS:
        return [(way.name, way.label)]
    return [(f"{way.name}.{grain}", f"{way.label} {GRAINS[grain]}") for grain in TIMES]


def grouping_of(listing: Listing) -> Grouping:
    """Two questions whatever the number of rows: the groups, and what they are called."""
    asked = asking(listing.request)
    try:
        by = dimension(listing.kind, listing.query.shape.group, asked)
    except Unusable as reason:
        return Grouping(problem=str(reason))
    totals = [each.field for each in listing.columns if each.field.total]
    measures = [Measure("count"), *(_measure(listing, each) for each in totals)]
    try:
        figures = compute(listing.matches(), measures, [by], asked, MOST_GROUPS)
    except Refused as refusal:
        return Grouping(problem=str(refusal))
    known = buckets(by, figures.groups[0], asked, figures.beyond[0] if figures.beyond else 0)
    wanted = listing.request.GET.get("open", "")[:400]
    opened = next((each for each in known if _key(each) == wanted), None) if wanted else None
    sections = tuple(
        Section(
            each.label,
            figures.count_at(each.group),
            _totals(totals, measures, figures.cells.get((each.group,), ())),
            _href(listing, each, each is opened),
            each is opened,
        )
        for each in known
    )
    return Grouping(
        by.label,
        sections,
        wanted if opened else "",
        opened.conditions if opened else None,
        by.is_several,
    )


def _measure(listing: Listing, field: Field) -> Measure:
    return Measure("avg" if field.total == "avg" else "sum", Way(listing.kind, (), field))


def _totals(
    fields: list[Field], measures: list[Measure], figures: tuple[Any, ...]
) -> list[tuple[str, str]]:
    """Sums to the cent where the column has cents."""
    return [
        (str(field.label), (exact if field.decimals else short)(measure, figure))
        for field, measure, figure in zip(fields, measures[1:], figures[1:], strict=False)
        if figure is not None
    ]


def _key(bucket: Bucket) -> str:
    """What the address calls the group."""
    group = bucket.group
    if group.is_others:
        return "~others"
    return "~nothing" if group.entry is None else f"={group.entry}"


def _href(listing: Listing, bucket: Bucket, is_open: bool) -> str:
    if bucket.conditions is None:
        return ""
    return listing.query.url() if is_open else listing.query.url(open=_key(bucket))
