"""What complaints of a year say together: where they come from, how fast they are settled, what was kept.

All of it is counted by the database over one year of complaints that the actor may see. Of thousands it is kept
(`kezhi.workbench.analysing`), as counts and numbers of records; their names are read for the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import exp
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.catalog.models import Product
from kezhi.core.actor import Actor
from kezhi.core.progress import Progress
from kezhi.customers.models import Customer
from kezhi.customers.reaching import home_day, home_zone
from kezhi.service.models import Complaint, ComplaintCause
from kezhi.value.plain import from_plain, to_plain
from kezhi.value.satisfaction.shares import Share, share
from kezhi.workbench import analysing as kept
from kezhi.workbench.analysing import Analysis

NAME = "complaints"
YEAR, WEEK = timedelta(days=365), timedelta(days=7)
MOST = 10
LATE = 1.5
"""Whoever buys within so many of their usual intervals has come back within their rhythm."""
SURE = 0.01
LEAST_SURGE = 3
HOURS = (4, 24, 72)


@dataclass(frozen=True, slots=True)
class Part:
    """Complaints that have something in common: `key` for a filter, `given` what was given for them.
    `label` is empty until `named` reads it."""

    key: str
    count: int
    given: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Of complaints first answered within `hours` (None: later), how many customers came back."""

    hours: int | None
    share: Share


@dataclass(frozen=True, slots=True)
class Surge:
    """More complaints within seven days than chance explains: `usual` is the week's mean of the year before,
    `p` the probability of so many by chance."""

    by: str
    key: str
    count: int
    usual: float
    p: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class StepTime:
    """Days from the complaint's arrival until a step was done: the half was faster than `median`."""

    step: str
    median: float
    ninth: float
    count: int


@dataclass(frozen=True, slots=True)
class Worth:
    """`kept`: value at risk of those who bought again; `given` what all cost; `told` how many can be told."""

    kept: float
    given: float
    told: int

    @property
    def net(self) -> float:
        return self.kept - self.given


@dataclass(frozen=True, slots=True)
class Month:
    """The complaints that came in within a month."""

    first_on: date
    count: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All that a year of complaints says."""

    total: int
    open: int
    categories: tuple[Part, ...]
    causes: tuple[Part, ...]
    products: tuple[Part, ...]
    carriers: tuple[Part, ...]
    tiers: tuple[Part, ...]
    months: tuple[Month, ...]
    times: tuple[StepTime, ...]
    recovery: tuple[Recovery, ...]
    worth: Worth
    surges: tuple[Surge, ...]


def of_a_year(actor: Actor, at: datetime) -> Any:
    """The complaints of the year until then that the actor may see, without those that were none."""
    return _of_a_year(Complaint.objects.visible_to(actor), at)


def _of_a_year(rows: Any, at: datetime) -> Any:
    return rows.counted().filter(opened_at__gt=at - YEAR, opened_at__lte=at)


def figures_of(rows: Any, at: datetime, progress: Progress) -> Figures:
    """Everything that the page shows, counted from complaints of a year until that moment."""
    progress(0, 100, _("Counting complaints"))
    on = home_day(at)
    by_tier = _parts(rows.exclude(customer__standing__tier=""), "customer__standing__tier")
    parts = {
        "total": rows.count(),
        "open": rows.open().count(),
        "categories": _parts(rows.exclude(category=""), "category"),
        "causes": _parts(rows.filter(cause__isnull=False), "cause_id"),
        "products": _parts(rows.filter(product__isnull=False), "product_id"),
        "carriers": _parts(rows.filter(carrier__isnull=False), "carrier_id"),
        "tiers": tuple(sorted(by_tier, key=lambda part: "SABCD".find(part.key))),
        "months": by_month(rows),
        "worth": worth(rows),
        "surges": tuple(_surges(rows, at)),
    }
    progress(40, 100, _("Looking how long each step took"))
    times = tuple(step_times(rows))
    progress(70, 100, _("Looking who bought again"))
    return Figures(**parts, times=times, recovery=tuple(recovery(rows, on)))


def named(figures: Figures) -> Figures:
    """With the names of causes, products and carriers, in the reader's language: three queries."""
    categories = {str(key): str(label) for key, label in Complaint.Category.choices}
    causes, products, carriers = (
        {str(pk): str(each) for pk, each in model.objects.in_bulk(list(ids)).items()}
        for model, ids in (
            (ComplaintCause, _numbers(figures.causes, figures.surges, "cause")),
            (Product, _numbers(figures.products, figures.surges, "product")),
            (Customer, _numbers(figures.carriers, (), "")),
        )
    )
    of_surges = {"cause": causes, "product": products}
    return replace(
        figures,
        categories=_with_names(figures.categories, categories),
        causes=_with_names(figures.causes, causes),
        products=_with_names(figures.products, products),
        carriers=_with_names(figures.carriers, carriers),
        surges=tuple(
            replace(each, label=of_surges[each.by][each.key])
            for each in figures.surges
            if each.key in of_surges[each.by]
        ),
    )


def _numbers(parts: tuple[Part, ...], surges: tuple[Surge, ...], by: str) -> set[int]:
    of_surges = {int(each.key) for each in surges if each.by == by}
    return {int(each.key) for each in parts} | of_surges


def _with_names(parts: tuple[Part, ...], names: Mapping[str, str]) -> tuple[Part, ...]:
    """What was deleted since then is left out."""
    return tuple(replace(each, label=names[each.key]) for each in parts if each.key in names)


def _parts(rows: Any, column: str) -> tuple[Part, ...]:
    counted = rows.order_by().values(column).annotate(n=Count("pk"), given=Sum("compensated"))
    return tuple(
        Part(str(row[column]), row["n"], float(row["given"] or 0))
        for row in counted.order_by("-n", column)[:MOST]
        if row[column] is not None
    )


def by_month(rows: Any) -> tuple[Month, ...]:
    month = TruncMonth("opened_at", tzinfo=home_zone())
    counted = rows.order_by().annotate(month=month).values("month").annotate(n=Count("pk"))
    return tuple(Month(row["month"].date(), row["n"]) for row in counted.order_by("month"))


# Each complaint's first time is found by hashing, not by sorting ten steps of each.
_STEP_TIMES = """
    SELECT step, percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY days), count(*)
    FROM (
        SELECT s.step, greatest(date_part('epoch', min(s.at) - c.opened_at), 0) / 86400 AS days
        FROM ({mine}) c JOIN service_complaintstep s ON s.complaint_id = c.id AND NOT s.is_back
        GROUP BY c.id, c.opened_at, s.step
    ) timed GROUP BY step
"""


def step_times(rows: Any) -> list[StepTime]:
    """How long it takes until each step is done for the first time."""
    mine, given = rows.order_by().values("id", "opened_at").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_STEP_TIMES.format(mine=mine), given)
        found = {
            row[0]: StepTime(row[0], float(row[1][0]), float(row[1][1]), row[2]) for row in cursor
        }
    return [found[str(step)] for step in Complaint.Step if str(step) in found]


# Whose time to come back is over: 1.5 usual intervals after the complaint was settled, or who came earlier.
_RECOVERY = """
    SELECT CASE {buckets} ELSE -1 END AS bucket, count(*), count(*) FILTER (WHERE came)
    FROM (
        SELECT extract(epoch FROM t.first_answered_at - c.opened_at) / 3600 AS hours,
               EXISTS (SELECT 1 FROM ledger_order o
                       WHERE o.customer_id = c.customer_id AND o.amount > 0
                         AND o.ordered_on > c.settled_on
                         AND o.ordered_on <= c.settled_on + s.usual::int) AS came
        FROM (SELECT mine.*, (settled_at AT TIME ZONE %s)::date AS settled_on FROM ({mine}) mine) c
        JOIN service_ticket t ON t.id = c.ticket_id
        JOIN (SELECT customer_id, ceil({late} * (last_order_on - first_order_on)::float8
                                       / (occasions - 1)) AS usual
              FROM customers_standing WHERE occasions > 1) s ON s.customer_id = c.customer_id
        WHERE c.settled_on + s.usual::int <= %s
    ) over_now GROUP BY 1
"""


def recovery(rows: Any, on: date) -> list[Recovery]:
    """Who bought again within their rhythm after it was settled, by how fast they were first answered."""
    columns = rows.order_by().values("pk", "customer_id", "ticket_id", "settled_at", "opened_at")
    mine, given = columns.query.sql_with_params()
    buckets = " ".join(f"WHEN hours <= {hours} THEN {hours}" for hours in HOURS)
    with connection.cursor() as cursor:
        query = _RECOVERY.format(buckets=buckets, mine=mine, late=LATE)
        cursor.execute(query, [str(home_zone()), *given, on])
        found = {bucket: (count, came) for bucket, count, came in cursor.fetchall()}
    return [
        Recovery(hours if hours > 0 else None, share(found[hours][1], found[hours][0]))
        for hours in (*HOURS, -1)
        if hours in found
    ]


def worth(rows: Any) -> Worth:
    """What complaints kept minus what they cost. A customer who bought again kept what was at risk; an
    estimate, because nobody knows who would have stayed anyway."""
    reviewed = rows.filter(at_risk__isnull=False, has_recurred__isnull=False)
    found = rows.aggregate(given=Sum("compensated"))
    back = reviewed.aggregate(
        kept=Sum("at_risk", filter=Q(bought_again_on__isnull=False)), told=Count("pk")
    )
    return Worth(float(back["kept"] or 0), float(found["given"] or 0), back["told"])


def _surges(rows: Any, at: datetime) -> list[Surge]:
    """Products and causes of which more was complained within seven days than chance explains."""
    found: list[Surge] = []
    for by in ("product", "cause"):
        column = f"{by}_id"
        week = rows.filter(opened_at__gt=at - WEEK, **{f"{by}__isnull": False})
        now = week.order_by().values(column).annotate(n=Count("pk")).filter(n__gte=LEAST_SURGE)
        counts = {row[column]: row["n"] for row in now.order_by("-n")[:MOST]}
        if not counts:
            continue
        earlier = rows.filter(opened_at__lte=at - WEEK, **{f"{column}__in": counts})
        before = dict(earlier.order_by().values_list(column).annotate(n=Count("pk")))
        for key, count in counts.items():
            # Half a complaint a year where there was none: what never happened isn't impossible.
            usual = max(before.get(key, 0), 0.5) / ((YEAR - WEEK) / WEEK)
            p = chance_of(count, usual)
            if p < SURE / len(counts):
                found.append(Surge(by, str(key), count, usual, p))
    return sorted(found, key=lambda each: each.p)


def chance_of(count: int, usual: float) -> float:
    """The probability of at least so many events where `usual` are expected (Poisson).

    >>> round(chance_of(3, 1.0), 4)
    0.0803
    """
    term, below = exp(-usual), 0.0
    for k in range(count):
        below += term
        term *= usual / (k + 1)
    return max(0.0, 1.0 - below)


@dataclass(frozen=True, slots=True)
class Read:
    """What the page shows: `figures` None while nobody has counted, and when they were (see `kept.Found`)."""

    figures: Figures | None
    state: kept.Found


def read(actor: Actor, at: datetime) -> Read:
    """The year of those complaints that the actor may see."""
    found = kept.look(NAME, actor, at)
    figures = from_plain(Figures, found.figures) if found.figures is not None else None
    return Read(named(figures) if figures is not None else None, found)


def register() -> None:
    """Called once, when the apps are ready."""
    kept.declare(
        Analysis(
            NAME,
            gettext_lazy("Analysis of complaints"),
            lambda actor: Complaint.objects.visible_to(actor),
            _of_a_year,
            lambda rows, at, progress: {"": to_plain(figures_of(rows, at, progress))},
        )
    )
