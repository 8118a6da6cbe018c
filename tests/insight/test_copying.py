from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from django.db import DataError, connection, transaction

from kezhi.insight import copying
from kezhi.insight.copying import copied, copy_into

pytestmark = pytest.mark.django_db


def test_numbers_come_out_of_the_database_as_columns():
    found = copied("SELECT n, n::int FROM generate_series(1::bigint, 3000) n", ("i8", "i4"))
    assert found["f0"].tolist() == found["f1"].tolist() == list(range(1, 3001))
    assert len(copied("SELECT 1::bigint WHERE false", ("i8",))["f0"]) == 0


@pytest.mark.parametrize("broken_at", [1, 2000])
def test_a_fault_on_the_way_leaves_the_connection_whole(broken_at):
    query = f"SELECT (1 / (n - {broken_at}))::bigint FROM generate_series(1, 3000) n"
    with pytest.raises(DataError), transaction.atomic():
        copied(query, ("i8",))
    with connection.cursor() as cursor:
        cursor.execute("SELECT 7")
        assert cursor.fetchone() == (7,)


ROWS = pa.table(
    {
        "number": pa.array([1, -2, None, 2**62]),
        "small": pa.array([7, -7, None, 0], pa.int16()),
        "whole": pa.array([-(2**31), 2**31 - 1, None, 5]),
        "money": pa.array([0.0, -0.01, None, 9_876_543_210.98]),
        "share": pa.array([0.1, float("nan"), None, -1e300]),
        "is_so": pa.array([True, False, None, True]),
        "day": pa.array([date(1999, 12, 31), date(2026, 11, 22), None, date(1970, 1, 1)]),
        "word": pa.array(["", '茶, "a"', None, "line\nline"]),
        "parts": pa.array([[0.25, None, -3.5], [], None, [1.0]], pa.list_(pa.float64())),
    }
)
TABLE = """
    CREATE TEMP TABLE copied_rows (number bigint, small smallint, whole integer, money numeric(18, 2),
        share double precision, is_so boolean, day date, word varchar(12), parts double precision[])
"""


@pytest.mark.parametrize("least", [0, 10**9])
def test_rows_come_back_as_they_went_in_text_or_binary(least, monkeypatch):
    monkeypatch.setattr(copying, "MANY_ROWS", least)
    monkeypatch.setattr("kezhi.insight.binary_rows.BATCH", 3)
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        copy_into("copied_rows", ROWS)
        copy_into("copied_rows", ROWS.slice(1, 2))
        cursor.execute("SELECT * FROM copied_rows")
        found = cursor.fetchall()
    assert len(found) == 6
    for position, row in enumerate([*ROWS.to_pylist(), *ROWS.slice(1, 2).to_pylist()]):
        for (name, given), came in zip(row.items(), found[position], strict=True):
            if name == "money" and given is not None:
                assert came == round(Decimal(given), 2)
            elif given == given:
                assert came == given
            else:
                assert came != came


def test_amounts_without_exact_cents_go_as_text(monkeypatch):
    monkeypatch.setattr(copying, "MANY_ROWS", 0)
    rows = pa.table({"money": pa.array([9.5e15, 1.0])})
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        copy_into("copied_rows", rows)
        cursor.execute("SELECT money FROM copied_rows")
        assert [row[0] for row in cursor.fetchall()] == [Decimal("9.5e15"), 1]
