"""CDNOW: the published sample, read by path from the wheel `lifetimes`, which isn't imported."""

from datetime import date
from importlib.metadata import files
from pathlib import Path

import pyarrow as pa
import pytest

from kezhi.value.summary import Summary, summarise

CALIBRATION_END = date(1997, 9, 30)


def cdnow_file() -> Path:
    """Lines of: customer in the master file, customer in the sample, date, discs, dollars."""
    listed = next(one for one in files("lifetimes") or () if one.name == "CDNOW_sample.txt")
    return Path(str(listed.locate()))


@pytest.fixture(scope="session")
def cdnow() -> pa.Table:
    rows = [line.split() for line in cdnow_file().read_text().splitlines()]
    return pa.table(
        {
            "customer": [row[0] for row in rows],
            "day": [row[2] for row in rows],
            "amount": [float(row[4]) for row in rows],
        }
    )


@pytest.fixture(scope="session")
def cdnow_csv(cdnow, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("cdnow") / "cdnow.csv"
    lines = (",".join(map(str, row.values())) for row in cdnow.to_pylist())
    path.write_text("customer,day,amount\n" + "\n".join(lines) + "\n")
    return path


def weekly(table: pa.Table, until: date | None) -> Summary:
    return summarise(
        table, customer="customer", date="day", amount="amount", unit="week", until=until
    )


@pytest.fixture(scope="session")
def calibration(cdnow) -> Summary:
    return weekly(cdnow, CALIBRATION_END)


@pytest.fixture(scope="session")
def whole(cdnow) -> Summary:
    return weekly(cdnow, None)
