"""A small company that trades: sixty customers, two and a half years of orders, the same every time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from cast import TODAY


def trade(one, other):
    """Every third customer is `other`'s, the rest `one`'s; the first three never bought."""
    from kezhi.customers.models import Customer, Standing
    from kezhi.ledger.models import CostEntry, Order, OrderLine

    rng = np.random.default_rng(7)
    customers = Customer.objects.bulk_create(
        Customer(
            code=f"C-{number:03d}",
            name=f"客户{number}",
            name_key=f"ke hu {number:03d}",
            owner=other if number % 3 == 0 else one,
            team_id=(other if number % 3 == 0 else one).team_id,
            department_id=(other if number % 3 == 0 else one).department_id,
        )
        for number in range(60)
    )
    Standing.objects.bulk_create(
        Standing(
            customer=customer,
            owner_id=customer.owner_id,
            team_id=customer.team_id,
            department_id=customer.department_id,
        )
        for customer in customers
    )
    orders = [
        Order(
            number=f"O-{customer.code}-{step}",
            customer=customer,
            ordered_on=day,
            currency="CNY",
            amount=amount,
            lines_count=1,
            owner_id=customer.owner_id,
            team_id=customer.team_id,
            department_id=customer.department_id,
        )
        for customer in customers[3:]
        for step, (day, amount) in enumerate(_purchases(rng))
    ]
    Order.objects.bulk_create(orders)
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            line_key="1",
            customer_id=order.customer_id,
            ordered_on=order.ordered_on,
            quantity=1,
            amount=order.amount,
            cost=order.amount * Decimal("0.60") if number % 2 else None,
        )
        for number, order in enumerate(orders, start=1)
    )
    CostEntry.objects.bulk_create(
        CostEntry(
            customer=customer,
            activity=CostEntry.Activity.VISIT,
            incurred_on=TODAY - timedelta(days=30),
            amount=100,
            entry_key=customer.code,
        )
        for customer in customers[3:10]
    )
    return customers


def _purchases(rng) -> list[tuple[date, Decimal]]:
    found = []
    day = int(rng.integers(0, 800))
    usual = float(rng.lognormal(7, 0.8))
    while day < 900:
        amount = Decimal(f"{usual * rng.lognormal(0, 0.3):.2f}")
        found.append((TODAY - timedelta(days=900 - day), amount))
        if rng.random() < 0.12:
            break
        day += 1 + int(rng.exponential(45))
    return found


COMPANY = """
import django
django.setup()
from cast import TODAY
from kezhi.accounts.models import Company, User
from kezhi.core.actor import SYSTEM
from kezhi.insight.measuring import start_value_run
from trading import trade

Company.objects.create(name="远航供应链", time_zone="Asia/Shanghai")
trade(*(User.objects.create(login=login, name=login) for login in ("liwei", "chenjing")))
"""


@contextmanager
def trading_company(name: str, data: Path, then: str = "") -> Iterator[tuple[Any, dict[str, str]]]:
    """The company in a database of its own, which other processes see: a connection, their environment."""
    import psycopg

    admin = os.environ["KEZHI_TEST_ADMIN_URL"]
    # Each worker of a parallel run has its own.
    place = f"kezhi_{name}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {place} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {place} TEMPLATE kezhi_template")
        url = f"{admin.rpartition('/')[0]}/{place}"
        environment = os.environ | {
            "DATABASE_URL": url,
            "KEZHI_DATA": str(data),
            "KEZHI_SECRET_KEY": "only-for-tests",
            "DJANGO_SETTINGS_MODULE": "kezhi.settings",
            "PYTHONPATH": str(Path(__file__).parent),
        }
        subprocess.run([sys.executable, "-c", COMPANY + then], env=environment, check=True)
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection, environment
        server.execute(f"DROP DATABASE IF EXISTS {place} WITH (FORCE)")
