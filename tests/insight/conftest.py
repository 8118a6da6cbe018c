"""A small company that trades, and how it is measured."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from cast import TODAY
from trading import trade


@pytest.fixture(autouse=True)
def _own_data_folder(settings, tmp_path):
    settings.DATA = tmp_path


@pytest.fixture
def trading(company, li_wei, chen_jing):
    """Every third customer is Chen Jing's, the others Li Wei's; some never bought."""
    return trade(li_wei, chen_jing)


@pytest.fixture
def measure():
    """`measure(on)`: a run from beginning to publication, without past months unless asked."""
    from kezhi.core.actor import SYSTEM
    from kezhi.insight.measuring import begin_value_run, run_value

    def whole_run(on: date = TODAY, backfill_months: int | None = 0):
        begun = begin_value_run(actor=SYSTEM, on=TODAY, as_of=on, backfill_months=backfill_months)
        return run_value(begun.pk)

    return whole_run


@pytest.fixture
def as_if_on():
    """`as_if_on(day)`: a run of an earlier day with what the latest run measured of those who had bought by
    then: much cheaper than measuring again."""
    from kezhi.insight.models import Snapshot, ValueRun

    def copied(day: date) -> ValueRun:
        run = ValueRun.objects.latest_published()
        rows = list(Snapshot.objects.filter(run=run, first_on__lte=day))
        run.pk, run.as_of = None, day
        run.save(force_insert=True)
        for row in rows:
            row.pk, row.run, row.as_of = None, run, day
            row.potential_value = row.continuation_value = row.continuation_value * 9 / 10
        Snapshot.objects.bulk_create(rows)
        return run

    return copied


@pytest.fixture
def of_three_years(trading):
    """Most customers bought once in each of the last three years, too."""
    from kezhi.ledger.models import Order, OrderLine

    rng = np.random.default_rng(3)
    for customer in trading[3:50]:
        for days, amount in zip((850, 480, 60), rng.lognormal(7, 0.6, 3), strict=True):
            day, money = TODAY - timedelta(days=days), Decimal(f"{amount:.2f}")
            order = Order.objects.create(
                number=f"Y-{customer.code}-{days}", customer=customer, ordered_on=day, currency="CNY",
                amount=money, lines_count=1, **customer.place,
            )  # fmt: skip
            OrderLine.objects.create(
                order=order, line_key="1", customer_id=customer.pk, ordered_on=day, amount=money,
                quantity=1,
            )  # fmt: skip
    return trading


@pytest.fixture
def told_apart(of_three_years):
    """Every other customer is a restaurant, the others are shops."""
    from kezhi.customers.models import Customer

    customers = list(Customer.objects.order_by("pk"))
    for place, customer in enumerate(customers):
        customer.industry = "餐饮" if place % 2 else "零售"
    Customer.objects.bulk_update(customers, ["industry"])
    return customers
