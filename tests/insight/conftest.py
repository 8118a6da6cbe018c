"""A small company that trades: sixty customers, two and a half years of orders, the same every time."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from cast import TODAY


@pytest.fixture(autouse=True)
def _own_data_folder(settings, tmp_path):
    settings.DATA = tmp_path


@pytest.fixture
def trading(company, li_wei, chen_jing):
    """Every third customer is Chen Jing's, the others Li Wei's; some never bought."""
    from kezhi.customers.models import Customer, Standing
    from kezhi.ledger.models import CostEntry, Order, OrderLine

    rng = np.random.default_rng(7)
    customers = Customer.objects.bulk_create(
        Customer(
            code=f"C-{number:03d}",
            name=f"客户{number}",
            name_key=f"ke hu {number:03d}",
            owner=chen_jing if number % 3 == 0 else li_wei,
            team_id=(chen_jing if number % 3 == 0 else li_wei).team_id,
            department_id=(chen_jing if number % 3 == 0 else li_wei).department_id,
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
            cost=order.amount * Decimal("0.60") if order.pk % 2 else None,
        )
        for order in orders
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


@pytest.fixture
def measure():
    """`measure(on)`: a run from beginning to publication, without past months unless asked."""
    from kezhi.core.actor import SYSTEM
    from kezhi.insight.measuring import begin_value_run, run_value

    def whole_run(on: date = TODAY, backfill_months: int | None = 0):
        begun = begin_value_run(actor=SYSTEM, on=TODAY, as_of=on, backfill_months=backfill_months)
        return run_value(begun.pk)

    return whole_run
