import pytest
from django.db import DataError, connection, transaction

from kezhi.insight.copying import copied

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
