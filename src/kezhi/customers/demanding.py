"""What customers ask for, by product and by product category: how often, who, whether it grows, and why.

Needs that name a product are counted by the database; of thousands it is kept (`kezhi.workbench.analysing`), as
counts and numbers of records. Names and reasons are read for the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, F, Min, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.core.actor import Actor
from kezhi.core.progress import Progress
from kezhi.customers.models import Need
from kezhi.customers.models.standing import Tier
from kezhi.customers.reaching import home_day
from kezhi.value.plain import from_plain, to_plain
from kezhi.workbench import analysing as kept
from kezhi.workbench.analysing import Analysis

NAME = "demand"
MOST = 100
TREND = timedelta(days=90)
PRODUCTS, CATEGORIES = "product", "category"
KEYS = {PRODUCTS: "product_id", CATEGORIES: "product__category_id"}

# What the customers are worth together who ask for each, every customer once.
WORTH = """
    SELECT d.key, sum(s.potential_value)::float8
    FROM (SELECT DISTINCT key, customer_id FROM ({asking}) n) d
    JOIN customers_standing s ON s.customer_id = d.customer_id
    WHERE s.potential_value IS NOT NULL GROUP BY d.key"""


@dataclass(frozen=True, slots=True)
class Line:
    """What is asked of a product or category (`key`, None for products without category).

    `recent` needs are of the last 90 days, `before` of the 90 before them. `customers` are counted once each,
    and so is their `value`; `tiers` are needs by the tier of who asks. `due_on` is the next reply, `why_of`
    the last need that says why.
    """

    key: int | None
    needs: int
    customers: int
    quantity: float | None
    unanswered: int
    declined: int
    due_on: date | None
    recent: int
    before: int
    value: float | None = None
    why_of: int | None = None
    tiers: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lines:
    """The most asked for first, `MOST` at most."""

    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """`lines` is None while nobody has counted; see `kept.Found` for when it was."""

    lines: tuple[Line, ...] | None
    state: kept.Found


def read(actor: Actor, at: datetime, by: str, category: int | None = None) -> Demand:
    """What the needs say that the actor may see, by `PRODUCTS` (of a category) or `CATEGORIES`."""
    part = by if category is None else f"in.{category}"
    found = kept.look(NAME, actor, at, part)
    if found.counted_at is None:
        return Demand(None, found)
    return Demand(from_plain(Lines, found.figures or {}).lines, found)


def _naming_a_product(rows: Any, at: datetime) -> Any:
    return rows.filter(product__isnull=False)


def _count(rows: Any, at: datetime, progress: Progress) -> dict[str, dict[str, Any]]:
    """Products, categories, and the products of each category."""
    today = home_day(at)
    progress(0, 100, _("Counting needs by product"))
    products = _lines(rows, PRODUCTS, today)
    progress(60, 100, _("Counting needs by category"))
    categories = [line for line, _category in _lines(rows, CATEGORIES, today)]
    within: dict[int, list[Line]] = {}
    for line, category in products:
        if category is not None:
            within.setdefault(category, []).append(line)
    parts: dict[str, Iterable[Line]] = {
        PRODUCTS: [line for line, _category in products],
        CATEGORIES: categories,
        **{f"in.{category}": lines for category, lines in within.items()},
    }
    return {part: to_plain(Lines(tuple(lines)[:MOST])) for part, lines in parts.items()}


def _lines(rows: Any, by: str, today: date) -> list[tuple[Line, int | None]]:
    """The lines with the category of each, the most asked for first."""
    key = KEYS[by]
    recent = Q(raised_on__gt=today - TREND)
    before = Q(raised_on__gt=today - 2 * TREND, raised_on__lte=today - TREND)
    is_open = Q(state__in=Need.OPEN_STATES)
    tiers = {
        f"of_{tier}": Count("pk", filter=Q(customer__standing__tier=tier)) for tier in Tier.values
    }
    counted = (
        rows.order_by()
        .values(key=F(key), category=F(KEYS[CATEGORIES]))
        .annotate(
            needs=Count("pk"),
            customers=Count("customer_id", distinct=True),
            asked=Sum("quantity"),
            unanswered=Count("pk", filter=is_open),
            declined=Count("pk", filter=Q(state=Need.State.DECLINED)),
            due_on=Min("reply_due_on", filter=is_open),
            recent=Count("pk", filter=recent),
            before=Count("pk", filter=before),
            **tiers,
        )
        .order_by("-needs", "key")
    )
    worth, whys = _worth(rows, key), _whys(rows, key)
    found = []
    for row in counted.iterator():
        of_tiers = {tier: row.pop(f"of_{tier}") for tier in Tier.values}
        category, asked = row.pop("category"), row.pop("asked")
        # Pieces and tonnes of different products have no sum.
        quantity = float(asked) if asked is not None and by == PRODUCTS else None
        more: dict[str, Any] = {"value": worth.get(row["key"]), "why_of": whys.get(row["key"])}
        own = {tier: count for tier, count in of_tiers.items() if count}
        found.append((Line(**row, **more, quantity=quantity, tiers=own), category))
    return found


def _worth(rows: Any, key: str) -> dict[int | None, float]:
    asking, given = rows.order_by().values("customer_id", key=F(key)).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(WORTH.format(asking=asking), given)
        return dict(cursor.fetchall())


def _whys(rows: Any, key: str) -> dict[int | None, int]:
    """The last need of each that has a reason."""
    said = rows.exclude(why="").order_by(key, "-raised_on", "-pk").distinct(key)
    return dict(said.values_list(key, "pk"))


def register() -> None:
    """Called once, when the apps are ready."""
    kept.declare(
        Analysis(
            NAME,
            gettext_lazy("Demand by product"),
            lambda actor: Need.objects.visible_to(actor),
            _naming_a_product,
            _count,
        )
    )
