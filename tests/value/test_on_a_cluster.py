"""One suite for both engines: what is measured on a cluster is what is measured in one process."""

from dataclasses import fields, replace
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clusters import AS_OF, a_company, alike
from kezhi.value.measure import COLUMNS, Facts, Previous, RunFacts, Settings, measure
from kezhi.value.reading import Unreadable

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def facts():
    return a_company()


@pytest.fixture(scope="module")
def here(facts):
    return measure(facts, as_of=AS_OF)


@pytest.fixture(scope="module")
def there(facts, engine):
    return measure(facts, as_of=AS_OF, engine=engine)


@pytest.mark.parametrize("column", COLUMNS)
def test_each_measure_is_the_same_on_the_cluster(here, there, column):
    assert there.customers.schema == here.customers.schema
    alike(there.customers[column].to_pylist(), here.customers[column].to_pylist(), column)


@pytest.mark.parametrize("part", [field.name for field in fields(RunFacts)])
def test_the_run_tells_the_same_of_itself(here, there, part):
    alike(getattr(there.run, part), getattr(here.run, part), part)


def test_nothing_differs_in_the_last_digit(here, there):
    """Each customer's lines are added in their order, wherever they lie."""
    for column in COLUMNS:
        mine, yours = (found.customers[column].to_pylist() for found in (here, there))
        assert repr(mine) == repr(yours), column


def test_growth_is_measured_at_all_on_both(here, there):
    """Else its columns would be alike by being empty."""
    for found in (here, there):
        for column in ("growth_value", "growth_low", "wallet", "wallet_gap", "win_probability"):
            assert found.customers[column].null_count < found.customers.num_rows / 2, column
        assert found.run.growth["winning"] is not None
        assert set(found.run.growth["by_basis"]) == {
            basis for basis, count in found.run.growth["by_basis"].items() if count
        }
        assert found.run.matrix["across"] == "current_value"


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
        replace(facts, lines=folder),
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


def test_a_run_that_is_stopped_stops_the_cluster_and_the_next_one_goes_on(facts, here, engine):
    class NotWanted(Exception):
        pass

    def stop(stage, _share):
        stages.append(stage)
        if len(stages) == 2:
            raise NotWanted

    stages = []
    with pytest.raises(NotWanted):
        measure(facts, as_of=AS_OF, engine=engine, progress=stop)
    assert stages == ["summary", "summary"]  # while the cluster was at work
    found = measure(facts, as_of=AS_OF, engine=engine)
    alike(found.run.totals, here.run.totals)
