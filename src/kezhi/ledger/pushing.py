"""Orders that another system keeps and tells us: whole, by its own number, as often as it likes.

The order is then as it was last told: lines that are missing go, others are added or put right. Told once more
without a difference, nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from kezhi.accounts.models import Company
from kezhi.audit.recording import audited, note
from kezhi.catalog.models import Product
from kezhi.core.actor import Access, Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.customers.models import Customer
from kezhi.ledger.models import Order, OrderLine
from kezhi.workbench.customizing.entering import changed, put

MOST_LINES = 1_000
LOCK = 0x6B7A6F  # the first half of the key under which an order's number is locked


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was told; `name` is its number in the order, a return has a negative amount."""

    name: str
    amount: Decimal
    quantity: Decimal | None = None
    product: Product | None = None
    cost: Decimal | None = None

    @property
    def key(self) -> str:
        return f"#{self.name}"


@audited("order.told")
def tell_order(
    number: str,
    fields: Mapping[str, Any],
    lines: Sequence[Line] | None,
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
    must_be_new: bool = False,
) -> Order:
    """Create the order of that number, or make it as told; `lines` None leaves the lines as they are.

    `fields`: customer, ordered_on, due_on, paid_on, promised_on, delivered_on, channel, remark and
    custom fields; the first two and lines must be there when the order is new. The audit row says what
    became of it (`outcome`).
    """
    _lock(number)
    order = Order.objects.filter(number=number).first()
    if order is not None and must_be_new:
        raise Refused(_("There is an order %(number)s already.") % {"number": number})
    if lines is not None:
        _check(lines, actor)
    if order is None:
        return _create(number, fields, lines, actor)
    order = claim(order, actor=actor, action="edit", version=version)
    if "customer" in fields and fields["customer"].pk != order.customer_id:
        raise Refused(
            _("The order %(number)s is another customer’s. An order stays with its customer.")
            % {"number": number}
        )
    changes = changed("order", order, {k: v for k, v in fields.items() if k != "customer"})
    put("order", order, changes, actor)
    _check_days(order)
    is_other = _replace(order, lines) if lines is not None else False
    if "ordered_on" in changes:
        OrderLine.objects.filter(order=order).update(ordered_on=order.ordered_on)
    outcome = "updated" if changes or is_other else "unchanged"
    if outcome == "updated":
        order.version += 1
        order.save()
    note(outcome=outcome, fields=sorted(changes))
    return order


def _create(
    number: str, fields: Mapping[str, Any], lines: Sequence[Line] | None, actor: Actor
) -> Order:
    customer: Customer | None = fields.get("customer")
    if customer is None or fields.get("ordered_on") is None or not lines:
        raise Refused(_("A new order needs its customer, its day and its lines."))
    if not may_reach(actor, "create", "order", customer):
        raise NotAllowed(_("Your role doesn’t enter orders of this customer."))
    company = Company.current()
    order = Order(number=number, currency=company.currency if company else "CNY", **customer.place)
    put("order", order, fields, actor)
    _check_days(order)
    order.amount, order.lines_count = sum(line.amount for line in lines), len(lines)
    order.save()
    OrderLine.objects.bulk_create(_row(order, line) for line in lines)
    note(outcome="created", lines=len(lines))
    return order


def _replace(order: Order, lines: Sequence[Line]) -> bool:
    """Make the lines as told; whether anything differed."""
    present = {row.line_key: row for row in OrderLine.objects.filter(order=order)}
    wanted = {line.key: line for line in lines}
    gone = [row.pk for key, row in present.items() if key not in wanted]
    added = [_row(order, line) for key, line in wanted.items() if key not in present]
    other = []
    for key, line in wanted.items():
        row = present.get(key)
        if row is not None and not _is_same(row, line):
            row.amount, row.quantity, row.cost = line.amount, line.quantity, line.cost
            row.product = line.product
            other.append(row)
    OrderLine.objects.filter(pk__in=gone).delete()
    OrderLine.objects.bulk_create(added)
    OrderLine.objects.bulk_update(other, ["amount", "quantity", "cost", "product"])
    order.amount, order.lines_count = sum(line.amount for line in lines), len(lines)
    note(lines_added=len(added), lines_changed=len(other), lines_removed=len(gone))
    return bool(gone or added or other)


def _is_same(row: OrderLine, line: Line) -> bool:
    return (row.amount, row.quantity, row.cost, row.product_id) == (
        line.amount,
        line.quantity,
        line.cost,
        line.product.pk if line.product else None,
    )


def _row(order: Order, line: Line) -> OrderLine:
    return OrderLine(
        order=order,
        line_key=line.key,
        customer_id=order.customer_id,
        product=line.product,
        ordered_on=order.ordered_on,
        quantity=line.quantity,
        amount=line.amount,
        cost=line.cost,
    )


def _check(lines: Sequence[Line], actor: Actor) -> None:
    if not 0 < len(lines) <= MOST_LINES:
        raise Refused(_("An order has 1 to %(most)d lines.") % {"most": MOST_LINES})
    if len({line.key for line in lines}) < len(lines):
        raise Refused(_("Two lines have the same number."))
    has_costs = any(line.cost is not None for line in lines)
    if has_costs and actor.access("order", "money") is not Access.EDIT:
        raise NotAllowed(_("Your role doesn’t enter the cost of goods."))
    products = sorted({line.product.pk for line in lines if line.product is not None})
    if products and _held(products) < len(products):
        raise Refused(_("One of the products doesn’t exist any more."))


def _held(products: list[int]) -> int:
    """The database doesn't check the lines' products: nobody may delete one before the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM catalog_product WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE",
            [products],
        )
        return len(cursor.fetchall())


def _check_days(order: Order) -> None:
    days = (order.due_on, order.paid_on, order.promised_on, order.delivered_on)
    if any(day is not None and day < order.ordered_on for day in days):
        raise Refused(_("An order isn’t due, paid or delivered before it was placed."))


def _lock(number: str) -> None:
    """Told twice at once, the order is still created once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, number])
