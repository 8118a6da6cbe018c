"""Growth potential is the same wherever the order lines are summed."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from kezhi.value.choosing import days_asked
from kezhi.value.compute import partitions
from kezhi.value.compute.engine import silent
from kezhi.value.facts import Facts
from kezhi.value.measure import measure
from kezhi.value.reading import EPOCH

AS_OF = date(2025, 6, 30)
OF_GROWTH = (
    "growth_value",
    "growth_low",
    "growth_high",
    "wallet",
    "wallet_gap",
    "win_probability",
    "wallet_basis",
    "potential_value",
)


class InParts:
    """Each half of the customers is summed for itself, as the workers of a cluster do."""

    def open(self, facts, plan, alive=silent):
        first = (pc.min(facts.lines["day"]).as_py() - EPOCH).days
        work = partitions.Work(plan, days_asked(first, plan), first)
        halves = [
            facts.lines.filter(pc.equal(pc.bit_wise_and(facts.lines["customer"], 1), odd))
            for odd in (0, 1)
        ]
        empty = pa.table({"customer": pa.array([], pa.int64()), "day": pa.array([], pa.date32()),
                          "amount": pa.array([], pa.float64())})  # fmt: skip
        told = pa.concat_tables([partitions.figures(half, empty, work) for half in halves])
        return partitions.gathered(told, work, np.zeros(0, np.int64), otherwise=facts)


@pytest.fixture(scope="module")
def facts():
    rng = np.random.default_rng(4)
    customers = np.repeat(np.arange(1, 121), 25)
    spend = np.where(customers % 3 == 0, 400.0, 150.0) * rng.lognormal(0, 0.6, len(customers))
    days = [AS_OF - timedelta(days=int(back)) for back in rng.integers(0, 1100, len(customers))]
    lines = pa.table({"customer": customers, "day": pa.array(days, pa.date32()), "amount": spend})
    ids = np.arange(1, 121)
    prospects = pa.table(
        {
            "customer": ids,
            "industry": pa.array(["inn" if k % 3 == 0 else "shop" for k in ids]),
            "stated": pa.array([90_000.0 if k == 7 else None for k in ids]),
        }
    )
    return Facts(lines, prospects=prospects)


def test_growth_is_the_same_in_parts(facts):
    here, there = (measure(facts, as_of=AS_OF, **engine) for engine in ({}, {"engine": InParts()}))
    assert here.run.growth["customers"] == 120
    for name in OF_GROWTH:
        mine, yours = (each.customers[name].to_pylist() for each in (here, there))
        assert mine == yours, name
    assert there.run.growth == here.run.growth
    assert here.run.totals["potential_value"] == pytest.approx(
        here.run.totals["continuation_value"] + here.run.totals["growth_value"]
    )
