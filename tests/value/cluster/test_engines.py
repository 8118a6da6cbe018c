"""One suite for both engines: what is measured on a cluster is what is measured in one process."""

import threading
import time
from dataclasses import fields
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kezhi.value.compute.cluster import SparkEngine
from kezhi.value.datasets.simulated import simulate
from kezhi.value.measure import COLUMNS, Facts, Previous, RunFacts, Settings, measure
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.reading import Unreadable

AS_OF = date(2025, 6, 30)
EXACT = 1e-9


def a_company() -> Facts:
    """Returns, free samples, unknown costs, costs to serve, facts to come, customers who never bought."""
    rng = np.random.default_rng(11)
    bought = simulate(
        MBGNBD(1.1, 8.0, 0.6, 3.0),
        GammaGamma(6.25, 3.74, 15.44),
        customers=900,
        first=date(2022, 7, 1),
        joining_days=900,
        until=AS_OF,
        rng=rng,
    )
    lines = bought.table()
    n = lines.num_rows
    amounts = np.where(rng.random(n) < 0.04, -bought.amount, bought.amount)
    amounts[rng.random(n) < 0.01] = 0.0
    lines = pa.table(
        {
            "customer": lines["customer"],
            "day": lines["day"],
            "amount": amounts,
            "cost": pa.array(amounts * 0.613, mask=bought.customer % 7 == 0),
            "margin_rate": pa.array(np.full(n, 0.37), mask=bought.customer % 5 > 0),
        }
    )
    to_come = pa.table(
        [[3, 2000], [date(2025, 9, 1)] * 2, [10.0, 12.0], [None] * 2, [None] * 2],
        schema=lines.schema,
    )
    who = rng.integers(0, 950, 700)
    days = np.datetime64("2023-01-01") + rng.integers(0, 900, 700)
    return Facts(
        lines=pa.concat_tables([lines.take(rng.permutation(n)), to_come]),
        costs=pa.table(
            {
                "customer": who,
                "day": pa.array(days.astype("datetime64[D]")),
                "amount": np.round(rng.gamma(2.0, 3.0, 700), 3),
                "kind": ["visit"] * 700,
            }
        ),
        customers=pa.array(np.arange(1100)),
        measures=pa.table({"customer": np.arange(0, 900, 3), "satisfaction": rng.random(300)}),
        segments=pa.table(
            {
                "customer": np.arange(900),
                "segment": ["retail" if k % 2 else "trade" for k in range(900)],
            }
        ),
    )


@pytest.fixture(scope="module")
def facts():
    return a_company()


@pytest.fixture(scope="module")
def here(facts):
    return measure(facts, as_of=AS_OF)


@pytest.fixture(scope="module")
def engine(cluster):
    with SparkEngine(cluster.master, cluster.shared, at_least=6) as found:
        yield found


@pytest.fixture(scope="module")
def there(facts, engine):
    return measure(facts, as_of=AS_OF, engine=engine)


def alike(one, other, where=""):
    """Equal, numbers to 1e-9 of their size."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            alike(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), where
        for k, (mine, yours) in enumerate(zip(one, other, strict=True)):
            alike(mine, yours, f"{where}[{k}]")
    elif isinstance(one, float) and isinstance(other, float):
        assert one == pytest.approx(other, rel=EXACT, abs=EXACT, nan_ok=True), where
    else:
        assert one == other, where


@pytest.mark.parametrize("column", COLUMNS)
def test_each_measure_is_the_same_on_the_cluster(here, there, column):
    assert there.customers.schema == here.customers.schema
    alike(there.customers[column].to_pylist(), here.customers[column].to_pylist(), column)


@pytest.mark.parametrize("part", [field.name for field in fields(RunFacts)])
def test_the_run_tells_the_same_of_itself(here, there, part):
    alike(getattr(there.run, part), getattr(here.run, part), part)


def test_the_published_tree_is_the_same(here, there):
    assert there.tree == here.tree


def test_other_rules_and_the_tiers_before_hold_on_the_cluster_too(facts, here, engine):
    rules = Settings(
        unit="day",
        compound_rate=0.08,
        annual_rate=0.12,
        holdout_months=9,
        season="month",
        margin_rate=0.2,
        model="mbg-nbd",
    )
    before = Previous(here.customers.select(["customer", "tier", "tier_pending"]), here.tree)
    day = date(2025, 3, 31)
    local = measure(facts, rules, as_of=day, previous=before)
    far = measure(facts, rules, as_of=day, previous=before, engine=engine)
    for column in COLUMNS:
        alike(far.customers[column].to_pylist(), local.customers[column].to_pylist(), column)


def test_lines_in_files_are_read_by_the_workers_alone(facts, here, engine, cluster):
    folder = cluster.shared / "订单 lines"
    folder.mkdir()
    half = facts.lines.num_rows // 2
    pq.write_table(facts.lines.slice(0, half), folder / "a 一月+%20#.parquet", row_group_size=500)
    pq.write_table(facts.lines.slice(half), folder / "b 二月.parquet")
    found = measure(
        Facts(folder, facts.costs, facts.customers, facts.measures, facts.segments),
        as_of=AS_OF,
        engine=engine,
    )
    for column in COLUMNS:
        alike(found.customers[column].to_pylist(), here.customers[column].to_pylist(), column)


@pytest.mark.parametrize("lines", [0, 1])
def test_hardly_any_facts_are_no_error(engine, lines):
    table = pa.table(
        {
            "customer": pa.array([7][:lines], pa.int64()),
            "day": pa.array([date(2025, 1, 3)][:lines], pa.date32()),
            "amount": pa.array([5.0][:lines], pa.float64()),
        }
    )
    few = Facts(table, customers=pa.array([5, 7, 9]))
    far, local = measure(few, as_of=AS_OF, engine=engine), measure(few, as_of=AS_OF)
    alike(far.run.as_json(), local.run.as_json())
    for column in COLUMNS:
        alike(far.customers[column].to_pylist(), local.customers[column].to_pylist(), column)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"amount": [1.0, float("nan")]}, r"'amount': 1 rows"),
        ({"amount": [1.0, None]}, r"'amount': 1 rows"),
        ({"day": [date(2025, 1, 1), date(205, 1, 1)]}, r"1900 to 2199"),
        ({"customer": [1, None]}, r"'customer': 1 rows"),
        ({"customer": ["A", "B"]}, r"no number of a customer"),
    ],
)
def test_unsound_lines_are_refused_with_their_column(engine, changed, said):
    sound = {"customer": [1, 2], "day": [date(2025, 1, 1)] * 2, "amount": [1.0, 2.0]}
    with pytest.raises(Unreadable, match=said):
        measure(Facts(pa.table({**sound, **changed})), as_of=AS_OF, engine=engine)


def test_a_worker_that_is_killed_in_the_middle_changes_nothing(facts, here, cluster):
    """The killed one had finished partitions and was at work on another."""

    def kill_when_at_work():
        until = time.monotonic() + 60
        while time.monotonic() < until and not stopped.is_set():
            if any(cluster.shared.glob("value-run-*/figures-1/_temporary/*/task_*")):
                cluster.kill_worker()
                killed.set()
                return
            stopped.wait(0.005)

    killed, stopped = threading.Event(), threading.Event()
    with SparkEngine(cluster.master, cluster.shared, at_least=60) as engine:
        watching = threading.Thread(target=kill_when_at_work)
        watching.start()
        try:
            found = measure(facts, as_of=AS_OF, engine=engine)
        finally:
            stopped.set()
            watching.join()
    assert killed.is_set()
    for column in COLUMNS:
        alike(found.customers[column].to_pylist(), here.customers[column].to_pylist(), column)


def test_nothing_is_left_in_the_shared_folder(cluster, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    with SparkEngine(cluster.master, shared) as engine:
        measure(
            Facts(pa.table({"customer": [1], "day": [AS_OF], "amount": [1.0]})),
            as_of=AS_OF,
            engine=engine,
        )
    assert list(shared.iterdir()) == []
