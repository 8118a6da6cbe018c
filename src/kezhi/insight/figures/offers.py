"""What to offer whom, what goes together, who resembles the best: of the last search, for whom one sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from kezhi.catalog.models import Product
from kezhi.core.actor import Actor, Scope
from kezhi.insight.figures.basis import number
from kezhi.insight.models import LookAlike, Offer, OfferAnswer, OfferRun, ProductRule


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A product to offer a customer, what to expect of it, and why."""

    customer_id: int
    name: str
    tier: str
    owner_name: str
    product_id: int
    product: str
    because: str
    probability: float
    contribution: float
    expected: float
    lift: float
    together: int


@dataclass(frozen=True, slots=True)
class Offered:
    """A product that is offered to some, and what to expect of it."""

    product_id: int
    product: str
    expected: float
    count: int


@dataclass(frozen=True, slots=True)
class Pairing:
    """Who buys `given` also buys `then`: `count` of `of` did, `lift` times as often as others."""

    given: tuple[str, ...]
    then: str
    then_id: int
    count: int
    of: int
    support: float
    confidence: float
    lift: float


@dataclass(frozen=True, slots=True)
class Similar:
    """A customer who resembles the best ones; `reasons` are features of `insight.resembling`."""

    customer_id: int
    name: str
    tier: str
    owner_name: str
    similarity: float
    reasons: tuple[str, ...]
    potential_value: float | None


@dataclass(frozen=True, slots=True)
class Answered:
    """An offer that somebody planned or rejected."""

    customer_id: int
    name: str
    product_id: int
    product: str
    state: str
    state_label: str
    reason: str
    remark: str
    expected: float | None
    answered_on: date
    answered_by: str
    is_done: bool


def offer_run() -> OfferRun | None:
    """The search whose findings are read."""
    return OfferRun.objects.current()


def suggestions(
    actor: Actor, run: OfferRun, product_id: int | None = None, limit: int = 50, offset: int = 0
) -> list[Suggestion]:
    """The offers with the most money to expect, of all products or one."""
    rows = _open(actor, run)
    if product_id is not None:
        rows = rows.filter(product=product_id)
    rows = rows.order_by("-expected", "id")[offset : offset + limit]
    return [_suggestion(row) for row in rows]


def open_offers(
    actor: Actor,
    run: OfferRun,
    *,
    customer_id: int | None = None,
    product_id: int | None = None,
    after: int | None = None,
) -> QuerySet[Offer]:
    """The same as rows, of one customer or product, beyond one of them; none where it isn’t of this search."""
    rows = _open(actor, run)
    if customer_id is not None:
        rows = rows.filter(customer=customer_id)
    if product_id is not None:
        rows = rows.filter(product=product_id)
    if after is not None:
        last = _made(actor, run).filter(pk=after).first()
        if last is None:
            return Offer.objects.none()
        rows = rows.filter(Q(expected__lt=last.expected) | Q(expected=last.expected, pk__gt=after))
    found: QuerySet[Offer] = rows.order_by("-expected", "id")
    return found


def offered(actor: Actor, run: OfferRun) -> list[Offered]:
    """Money to expect of the open offers by product, the most first.

    For who sees all customers from what the search added up, less what has been answered since.
    """
    if actor.scope("read", "customer") is Scope.ALL:
        found = {int(pk): (money, count) for pk, money, count in run.figures.get("by_product", [])}
        for pk, money, count in _by_product(_made(actor, run).filter(Exists(_answers()))):
            before = found.get(pk, (0.0, 0))
            found[pk] = (before[0] - money, before[1] - count)
    else:
        found = {pk: (money, count) for pk, money, count in _by_product(_open(actor, run))}
    names = dict(Product.objects.filter(pk__in=found).values_list("pk", "name"))
    rows = [
        Offered(pk, names[pk], money, count)
        for pk, (money, count) in found.items()
        if count > 0 and pk in names
    ]
    return sorted(rows, key=lambda row: (-row.expected, row.product_id))


def _by_product(rows: Any) -> list[tuple[int, float, int]]:
    found = rows.order_by().values_list("product_id").annotate(Sum("expected"), Count("pk"))
    return [(pk, float(money or 0), count) for pk, money, count in found]


def offers_of(actor: Actor, customer_id: int) -> list[Suggestion]:
    """What to offer one customer; empty where nothing is, or the actor may not know what it is worth."""
    if not actor.sees("customer", "value"):
        return []
    newest = OfferRun.objects.filter(state=OfferRun.State.DONE).order_by("-id").values("id")[:1]
    rows = _open(actor, newest).filter(customer=customer_id).order_by("-expected", "id")
    return [_suggestion(row) for row in rows[:3]]


def answered_offers(actor: Actor, limit: int = 50, offset: int = 0) -> list[Answered]:
    """What people made of offers, the latest first."""
    rows = OfferAnswer.objects.visible_to(actor).select_related(
        "customer", "product", "answered_by", "follow_up"
    )
    return [
        Answered(
            customer_id=row.customer_id,
            name=row.customer.name,
            product_id=row.product_id,
            product=row.product.name,
            state=row.state,
            state_label=row.get_state_display(),
            reason=row.get_reason_display() if row.reason else "",
            remark=row.remark,
            expected=number(row.expected),
            answered_on=row.answered_on,
            answered_by=row.answered_by.name if row.answered_by else "",
            is_done=bool(row.follow_up and row.follow_up.is_done),
        )
        for row in rows.order_by("-answered_on", "-id")[offset : offset + limit]
    ]


def pairings(run: OfferRun, sort: str, product_id: int | None = None) -> list[Pairing]:
    """Rules of one sort, the strongest first; with a product: those that name it."""
    rows = list(ProductRule.objects.filter(offer_run=run, sort=sort).order_by("-lift", "id"))
    if product_id is not None:
        rows = [row for row in rows if product_id in (*row.given, row.then)]
    ids = {pk for row in rows for pk in (*row.given, row.then)}
    names = dict(Product.objects.filter(pk__in=ids).values_list("pk", "name"))
    return [
        Pairing(
            given=tuple(names[pk] for pk in row.given),
            then=names[row.then],
            then_id=row.then,
            count=row.count,
            of=row.of,
            support=row.support,
            confidence=row.confidence,
            lift=row.lift,
        )
        for row in rows
        if all(pk in names for pk in (*row.given, row.then))
    ]


def similar(actor: Actor, run: OfferRun, limit: int = 50, offset: int = 0) -> list[Similar]:
    """Who resembles the best customers, the nearest first."""
    rows = LookAlike.objects.visible_to(actor).filter(offer_run=run)
    rows = rows.select_related("customer__owner", "customer__standing")
    return [
        Similar(
            customer_id=row.customer_id,
            name=row.customer.name,
            tier=row.customer.standing.tier,
            owner_name=row.customer.owner.name if row.customer.owner else "",
            similarity=row.similarity,
            reasons=tuple(row.reasons),
            potential_value=number(row.customer.standing.potential_value),
        )
        for row in rows.order_by("-similarity", "id")[offset : offset + limit]
    ]


def similar_ids(actor: Actor, run: OfferRun, most: int) -> Iterable[int]:
    """The same as numbers of customers: for a segment."""
    rows = LookAlike.objects.visible_to(actor).filter(offer_run=run)
    return list(rows.order_by("-similarity", "id").values_list("customer_id", flat=True)[:most])


def _answers() -> Any:
    return OfferAnswer.objects.filter(customer=OuterRef("customer"), product=OuterRef("product"))


def _made(actor: Actor, run: Any) -> Any:
    runs = [run] if isinstance(run, OfferRun) else run
    return Offer.objects.visible_to(actor).filter(offer_run__in=runs)


def _open(actor: Actor, run: Any) -> Any:
    """Not answered yet, with what a line says."""
    related = ("customer__owner", "customer__standing", "product", "because")
    return _made(actor, run).filter(~Exists(_answers())).select_related(*related)


def _suggestion(row: Offer) -> Suggestion:
    customer = row.customer
    return Suggestion(
        customer_id=row.customer_id,
        name=customer.name,
        tier=customer.standing.tier,
        owner_name=customer.owner.name if customer.owner else "",
        product_id=row.product_id,
        product=row.product.name,
        because=row.because.name if row.because else "",
        probability=row.probability,
        contribution=float(row.contribution),
        expected=float(row.expected),
        lift=row.lift,
        together=row.together,
    )
