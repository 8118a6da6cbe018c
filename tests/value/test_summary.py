from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kezhi.value.compute import local
from kezhi.value.reading import Unreadable
from kezhi.value.summary import summarise

NAMES = {"customer": "who", "date": "day", "amount": "paid"}


def orders(*rows):
    who, day, paid = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "who": pa.array(who, pa.string()),
            "day": pa.array(day, pa.string()),
            "paid": pa.array(paid, pa.float64()),
        }
    )


def test_cdnow_is_summed_up_as_published(calibration, whole):
    assert len(calibration.customer) == 2357
    assert calibration.repeats.sum() == 2457
    assert (calibration.repeats == 0).sum() == 1411
    assert calibration.age.min() == 27.0
    assert calibration.age.max() == pytest.approx(272 / 7)
    assert (whole.occasions - calibration.occasions).sum() == 1882
    assert (calibration.paid_repeats > 0).sum() == 946


def test_one_day_is_one_occasion_and_returns_count_as_money_only():
    found = summarise(
        orders(
            ("A", "2025-01-01", 10.0),
            ("A", "2025-01-08", 20.0),
            ("A", "2025-01-08", 30.0),
            ("A", "2025-01-10", -5.0),
            ("A", "2025-01-15", 0.0),
            ("B", "2025-01-03", -7.5),
        ),
        **NAMES,
        unit="week",
        until=date(2025, 1, 29),
    )
    assert found.occasions.tolist() == [3, 0]
    assert found.repeats.tolist() == [2, 0]
    assert found.recency[0] == 2.0
    assert found.age[0] == 4.0
    assert found.mean_spend[0] == 50.0  # the first is left out, the free sample isn't paid
    assert found.total.tolist() == [55.0, -7.5]
    assert found.returns.tolist() == [5.0, 7.5]
    table = found.table()
    assert table.column("first_on").to_pylist() == [date(2025, 1, 1), None]
    assert table.column("age").to_pylist() == [4.0, None]


@pytest.mark.parametrize(
    ("unit", "age"), [("day", 365), ("week", 365 / 7), ("month", 365 / 30.4375)]
)
def test_units_are_exact(unit, age):
    found = summarise(
        orders(("A", "2024-01-01", 1.0)), **NAMES, unit=unit, until=date(2024, 12, 31)
    )
    assert found.age[0] == pytest.approx(age, rel=1e-15)


def test_later_rows_are_left_out_and_their_customers_too():
    found = summarise(
        orders(("A", "2025-01-01", 1.0), ("B", "2025-03-01", 1.0)),
        **NAMES,
        until=date(2025, 2, 1),
    )
    assert found.customer.to_pylist() == ["A"]


def test_money_is_exact():
    found = summarise(orders(*[("A", "2025-01-01", 0.1)] * 1000), **NAMES)
    assert found.total[0] == 100.0


def test_amounts_too_large_to_be_exact_are_refused():
    with pytest.raises(Unreadable, match="not exact"):
        summarise(orders(("A", "2025-01-01", 1e18)), **NAMES)


@pytest.mark.parametrize("rows", [0, 1])
def test_empty_and_one_row_tables(rows):
    found = summarise(orders(*[("A", "2025-01-01", 3.0)] * rows), **NAMES)
    assert found.table().num_rows == rows
    assert found.age.tolist() == [0.0] * rows


def test_without_amounts_money_is_not_known():
    found = summarise(orders(("A", "2025-01-01", 3.0)), customer="who", date="day").table()
    assert found.column("total").to_pylist() == [None]
    assert found.column("mean_spend").to_pylist() == [None]


def test_every_kind_of_table_gives_the_same(tmp_path):
    table = orders(("7", "2025-01-01", 1.5), ("7", "2025-02-01", 2.5), ("3", "2025-01-09", 4.0))
    parquet, text = tmp_path / "o.parquet", tmp_path / "o.csv"
    pq.write_table(table, parquet)
    text.write_text("who,day,paid\n7,2025-01-01,1.5\n7,2025/2/1,2.5\n3,20250109,4\n")
    expected = [None, 2.5]
    for source in (table, table.to_pandas(), pl.from_arrow(table), parquet, str(parquet), text):
        found = summarise(source, **NAMES).table()
        assert found.column("mean_spend").to_pylist() == expected
        assert [str(one) for one in found.column("customer").to_pylist()] == ["3", "7"]


def test_dates_of_every_type_are_read():
    days = pd.to_datetime(["2025-01-01 09:00", "2025-01-03 23:59"])
    for column in (days, days.date, days.tz_localize("Asia/Shanghai"), [20250101, 20250103]):
        frame = pd.DataFrame({"who": [1, 1], "day": column, "paid": [1.0, 2.0]})
        found = summarise(frame, **NAMES)
        assert found.recency.tolist() == [2.0]


def test_decimals_are_read():
    table = orders(("A", "2025-01-01", 1.25)).set_column(
        2, "paid", pa.array([1.25]).cast(pa.decimal128(12, 2))
    )
    assert summarise(table, **NAMES).total.tolist() == [1.25]


def test_the_compiled_kernel_gives_what_numpy_gives(monkeypatch):
    rng = np.random.default_rng(2)
    rows, customers = 60_000, 900
    # One customer with thousands of lines, some with none, days in no order.
    codes = np.where(rng.random(rows) < 0.2, 5, rng.integers(0, customers - 9, rows))
    codes = codes.astype(np.int32)
    days = rng.integers(18_000, 19_000, rows).astype(np.int32)
    amounts = np.round(rng.normal(20, 15, rows), 2)
    plain = local.find_occasions(codes, days, amounts, customers, 18_800)
    bare = local.find_occasions(codes, days, None, customers, 18_800)
    monkeypatch.setattr(local, "MANY_ROWS", 0)
    for one, other in (
        (plain, local.find_occasions(codes, days, amounts, customers, 18_800)),
        (bare, local.find_occasions(codes, days, None, customers, 18_800)),
    ):
        for name in one.__slots__:
            assert np.array_equal(getattr(one, name), getattr(other, name)), name


@pytest.mark.parametrize("in_order", [True, False])
def test_a_large_file_gives_what_a_small_one_gives(tmp_path, monkeypatch, in_order):
    rng = np.random.default_rng(3)
    rows = 30_000
    day = rng.integers(19_000, 19_900, rows).astype(np.int32)
    columns = {
        "who": rng.choice(np.delete(np.arange(500), [7, 8]), rows) + 1001,
        "day": pa.array(np.sort(day) if in_order else day, pa.date32()),
        "paid": np.round(rng.normal(20, 15, rows), 2) * (rng.random(rows) > 0.05),
    }
    # One who only returns, one who comes after the last day that counts.
    columns["who"][:2], columns["paid"][0], columns["paid"][1] = 7001, -5.0, -6.0
    columns["who"][-1] = 7002
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=9_000)
    until = date(1970, 1, 1) + timedelta(days=19_850 if in_order else 19_899)
    plain = [summarise(path, **NAMES, until=last).table() for last in (None, until)]
    bare = summarise(path, customer="who", date="day").table()
    monkeypatch.setattr(local, "MANY_ROWS", 0)
    assert [summarise(path, **NAMES, until=last).table() for last in (None, until)] == plain
    assert summarise(path, customer="who", date="day").table() == bare


@pytest.mark.parametrize(
    ("name", "cells", "fault"),
    [
        ("paid", [1.0, None, 2.0], "the amount is missing"),
        ("paid", [1.0, float("nan"), 2.0], "no amount"),
        ("who", [1, None, 2], "the customer is missing"),
    ],
)
def test_a_large_file_with_a_fault_names_its_row(tmp_path, monkeypatch, name, cells, fault):
    monkeypatch.setattr(local, "MANY_ROWS", 0)
    days = pa.array([19_000, 19_001, 19_002], pa.int32()).cast(pa.date32())
    columns = {"who": [1, 1, 2], "day": days, "paid": [1.0, 2.0, 3.0], name: cells}
    pq.write_table(pa.table(columns), tmp_path / "log.parquet")
    with pytest.raises(Unreadable, match=f"row 2, column '{name}'.*{fault}"):
        summarise(tmp_path / "log.parquet", **NAMES)
