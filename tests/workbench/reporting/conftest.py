"""A small company whose figures can be reckoned by hand: orders of two salespeople, with lines and gaps."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from types import SimpleNamespace

import pytest
from django.utils import translation

from cast import TODAY
from kezhi.catalog.models import Category, Product
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Standing
from kezhi.ledger.models import CostEntry, Order, OrderLine
from kezhi.workbench.models import Tag, Tagging

INDUSTRIES = ("食品", "Food, drink & more", "", "物流", "a\\b")
CHANNELS = ("电商", "经销", "", "直营, 线下")


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def books(li_wei, chen_jing):
    """60 orders of 12 customers, with 1 to 3 lines; some customers without tier, owner or industry."""
    chance = Random(20261122)
    categories = [Category.objects.create(name=name) for name in ("茶", "米")]
    products = [
        Product.objects.create(
            code=f"P{n}", name=f"产品{n}", category=categories[n % 2] if n < 3 else None
        )
        for n in range(4)
    ]
    tags = [Tag.objects.create(name=name) for name in ("重点", "展会", "老客户")]
    customers = []
    for n in range(12):
        customer = create_customer(
            {
                "name": f"客户{n:02d}",
                "industry": INDUSTRIES[n % 5],
                "city": ("合肥", "上海")[n % 2],
            },
            actor=li_wei if n < 8 else chen_jing,
            on=TODAY,
        )
        Standing.objects.filter(customer=customer).update(
            tier=("S", "A", "", "D")[n % 4], p_alive=None if n == 3 else n / 10, score=n * 8
        )
        for tag in tags[: n % 3]:
            Tagging.objects.create(tag=tag, kind="customer", object_id=customer.pk)
        customers.append(customer)
    for n in range(60):
        customer = chance.choice(customers)
        day = TODAY - timedelta(days=chance.randrange(700))
        order = Order.objects.create(
            number=f"SO-{n:03d}", customer=customer, ordered_on=day, channel=CHANNELS[n % 4],
            currency="CNY", lines_count=n % 3 + 1, **customer.place,
        )  # fmt: skip
        for line in range(n % 3 + 1):
            OrderLine.objects.create(
                order=order, customer=customer, ordered_on=day, line_key=f"{n}.{line}",
                product=None if n % 7 == 0 else chance.choice(products),
                quantity=Decimal(chance.randrange(1, 50)),
                amount=Decimal(chance.randrange(-20_000, 900_000)) / 100,
                cost=None if n % 5 == 0 else Decimal(chance.randrange(1, 400_000)) / 100,
            )  # fmt: skip
        order.amount = sum(each.amount for each in order.lines.all())
        order.save()
    for n, customer in enumerate(customers):
        CostEntry.objects.create(
            customer=customer, activity="visit", incurred_on=date(2026, 1, n + 1),
            amount=Decimal(n) + Decimal("0.01"), entry_key=f"k{n}", **customer.place,
        )  # fmt: skip
    return SimpleNamespace(customers=customers, products=products, tags=tags)
