"""Orders with their lines: what an ERP or a shop tells us, by its own number."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered, pointer
from kezhi.api.entries import Fields, Problems, Wrong, decimal, must_be_right
from kezhi.api.problems import Problem
from kezhi.api.records import done, etag, expected_version, full, visible
from kezhi.api.taking import take
from kezhi.api.writing import named
from kezhi.core.actor import Access, Actor
from kezhi.ledger.models import Order, OrderLine
from kezhi.ledger.pushing import MOST_LINES, Line, tell_order
from kezhi.records import Kind, registry

NUMBER = re.compile(r"\S(.{0,58}\S)?")
FIELDS = (
    "customer",
    "ordered_on",
    "due_on",
    "paid_on",
    "promised_on",
    "delivered_on",
    "channel",
    "remark",
)
OF_LINE = ("line", "product", "quantity", "unit_price", "amount", "cost")
LARGEST = Decimal(10) ** 13


def writable(kind: Kind) -> tuple[str, ...]:
    """The fields of an order that can be told; `kind` as the actor may know it."""
    own = [each.name for each in kind.fields if each.is_custom and each.is_editable]
    named_ = (*FIELDS, *own)
    return tuple(n for n in named_ if n in kind and kind.field(n).access is Access.EDIT)


def show(call: Call) -> HttpResponse:
    """The order with its lines."""
    kind = call.kind("order")
    order = visible(call, kind)
    content = full(call, kind, order) | {"lines": lines_of(call, order)}
    take(1, call)
    return answered(content, headers=etag(order))


def create(call: Call) -> HttpResponse:
    body = dict(call.object())
    number = number_of(body.pop("number", None))
    return _tell(call, number, body, must_be_new=True)


def put(call: Call) -> HttpResponse:
    """By `key:NUMBER`: created, or made as told. By id: an order that is there."""
    reference, body = call.parts["id"], dict(call.object())
    if reference.startswith("key:"):
        number = number_of(reference.removeprefix("key:"))
    else:
        number = visible(call, call.kind("order")).number
    if number_of(body.pop("number", number)) != number:
        raise Problem("invalid", errors=[("/number", _("Another number than in the address."))])
    return _tell(call, number, body)


def _tell(
    call: Call, number: str, body: dict[str, Any], *, must_be_new: bool = False
) -> HttpResponse:
    kind = call.kind("order")
    was = Order.objects.filter(number=number).values_list("version", flat=True).first()
    order = tell(call, number, body, must_be_new=must_be_new, version=expected_version(call))
    content = full(call, kind, order) | {"lines": lines_of(call, order)}
    headers = etag(order) | ({"Location": f"/api/v1/orders/{order.pk}"} if was is None else {})
    return answered(content, 201 if was is None else 200, headers)


def tell(
    call: Call,
    number: str,
    body: dict[str, Any],
    *,
    fields: Fields | None = None,
    must_be_new: bool = False,
    version: int | None = None,
    at: str = "",
) -> Order:
    """One order; `fields` is kept by a bulk, so that customers and products are looked up once."""
    if not (call.actor.may("create", "order") or call.actor.may("edit", "order")):
        call.must_may("create", "order")
    fields = fields or reader(call)
    told = dict(body)
    lines = told.pop("lines", None)
    is_known = Order.objects.filter(number=number).exists()
    if is_known and not must_be_new:
        call.must_may("edit", "order")
        if not Order.objects.visible_to(call.actor).filter(number=number).exists():
            raise Problem("refused", _("This number is taken."))
    else:
        call.must_may("create", "order")
    if version is not None and not is_known:
        raise Problem("changed-meanwhile", _("Somebody changed it since. Read it again."))
    entries, wrong = fields.read(told, is_new=False, at=at)
    read: list[Line] | None = None
    if lines is not None:
        read, of_lines = _lines(fields, lines, f"{at}/lines")
        wrong += of_lines
    elif not is_known:
        wrong.append((f"{at}/lines", _("Fill this in.")))
    if not is_known:
        wrong += [
            (f"{at}/{name}", _("Fill this in."))
            for name in ("customer", "ordered_on")
            if entries.get(name) is None and not any(p == f"{at}/{name}" for p, _said in wrong)
        ]
    must_be_right(wrong)
    return done(
        lambda: tell_order(
            number,
            entries,
            read,
            actor=call.actor,
            on=call.today,
            version=version,
            must_be_new=must_be_new,
        )
    )


def reader(call: Call) -> Fields:
    kind = call.kind("order")
    return Fields(call, kind, writable(kind))


def number_of(sent: Any, at: str = "/number") -> str:
    if not isinstance(sent, str) or not NUMBER.fullmatch(sent) or not sent.isprintable():
        raise Problem(
            "invalid", errors=[(at, _("An order number is a text of 1 to 60 characters."))]
        )
    return sent


def _lines(fields: Fields, sent: Any, at: str) -> tuple[list[Line], Problems]:
    if not isinstance(sent, list) or not 0 < len(sent) <= MOST_LINES:
        return [], [(at, _("An order has 1 to %(most)d lines.") % {"most": MOST_LINES})]
    lines: list[Line] = []
    wrong: Problems = []
    for place, row in enumerate(sent):
        where = f"{at}/{place}"
        if not isinstance(row, dict):
            wrong.append((where, _("Send an object of fields.")))
            continue
        unknown = [name for name in row if name not in OF_LINE]
        wrong += [
            (f"{where}/{pointer(name)}", _("There is no such field to write here."))
            for name in unknown
        ]
        try:
            lines.append(_line(fields, row, str(place + 1)))
        except Wrong as reason:
            wrong.append((where, str(reason)))
    return lines, wrong


def _line(fields: Fields, row: dict[str, Any], place: str) -> Line:
    name = row.get("line", place)
    name = str(name) if isinstance(name, int) and not isinstance(name, bool) else name
    if not isinstance(name, str) or not 0 < len(name) <= 60 or not name.isprintable():
        raise Wrong(_("A line number is a text of 1 to 60 characters."))
    product = row.get("product")
    quantity, price = _number(row, "quantity", 4), _number(row, "unit_price", 8)
    amount = _number(row, "amount", 2)
    if amount is None and quantity is not None and price is not None:
        amount = (quantity * price).quantize(Decimal("0.01"))
    if amount is None or abs(amount) >= LARGEST:
        raise Wrong(_("A line needs its amount, or quantity and unit_price."))
    return Line(
        name=name,
        amount=amount,
        quantity=quantity,
        product=None if product is None else fields.linked("product", product),
        cost=_number(row, "cost", 2),
    )


def _number(row: dict[str, Any], name: str, places: int) -> Decimal | None:
    sent = row.get(name)
    if sent is None:
        return None
    number = decimal(sent)
    if abs(number) >= LARGEST:
        raise Wrong(_("This number is too large."))
    return number.quantize(Decimal(1).scaleb(-places))


def lines_of(call: Call, order: Order) -> list[dict[str, Any]]:
    """The lines; what the goods cost only where the actor sees it."""
    actor: Actor = call.actor
    rows = OrderLine.objects.filter(order=order).select_related("product").order_by("pk")
    sees_costs = actor.sees("order", "money")
    product = registry.declared("product")
    found = []
    for row in rows[:MOST_LINES]:
        line = {
            "line": row.line_key.removeprefix("#"),
            "product": named(row.product, product) if row.product else None,
            "quantity": number_text(row.quantity),
            "amount": number_text(row.amount),
        }
        if sees_costs:
            line["cost"] = number_text(row.cost)
        found.append(line)
    return found


def number_text(number: Decimal | None) -> str | None:
    return None if number is None else format(number, "f")
