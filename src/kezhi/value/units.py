"""What the columns of results are counted in: one table for the library, the commands and their files.

`money` is in the currency of the amounts that went in; `time` in the unit of the models (day, week, month).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS = {
    "text": (
        "customer tier tier_pending loyalty lifecycle segment quadrant before wallet_basis rfm"
    ),
    "date": "first_on last_on cohort_on expected_next_on",
    "time": "recency age",
    "months": "tenure_months",
    "days": "mean_interval_days",
    "purchases": "occasions repeats expected_purchases dert",
    "money": (
        "total returns cost_of_goods cost_to_serve revenue_12m contribution_12m realised_value "
        "continuation_value mean_low mean_high outcome_low outcome_high current_value growth_value "
        "growth_low growth_high growth_offers potential_value potential_low potential_high value_at_risk "
        "value_without_end"
    ),
    "money per purchase": "mean_spend expected_spend",
    "money per year": "wallet wallet_gap",
    "probability": "p_alive p_purchase_12m win_probability",
    "share": "return_rate margin_rate",
    "yes or no": "realised_is_estimate",
    "points, 0 to 100": "score loyalty_index influence_index combined",
    "points, 0 to 1": "leaves",
    "points, -1 to 1": "trend_of_spend",
    "ratio": "overdue_ratio",
    "bin, 1 is lowest": "recency_score frequency_score monetary_score",
}

UNITS: dict[str, str] = {name: unit for unit, names in _COLUMNS.items() for name in names.split()}
"""Column → what it is counted in."""


def unit_of(column: str, time: str = "") -> str:
    """What a column is counted in, empty where the table doesn't tell; `time` is the unit of the models.

    >>> unit_of("dert"), unit_of("age", "week"), unit_of("leaf.tenure"), unit_of("colour")
    ('purchases', 'week', 'points, 0 to 1', '')
    """
    if column.startswith("leaf."):
        return UNITS["leaves"]
    unit = UNITS.get(column, "")
    return time if unit == "time" and time else unit


def is_money(column: str) -> bool:
    """Whether a column is counted in money."""
    return unit_of(column).startswith("money")


def units_of(columns: Iterable[str], time: str = "") -> dict[str, str]:
    """What each of the columns is counted in.

    >>> units_of(["customer", "recency"], "day")
    {'customer': 'text', 'recency': 'day'}
    """
    return {name: unit_of(name, time) for name in columns}


def with_units(table: pa.Table, units: Mapping[str, str]) -> pa.Table:
    """The table with the unit of each column in the metadata of its field, which Arrow and Parquet keep.

    >>> import pyarrow as pa
    >>> table = pa.table({"total": [1.0], "age": [2.0]})
    >>> with_units(table, units_of(table.column_names, "week")).schema.field("age").metadata
    {b'unit': b'week'}
    """
    import pyarrow as pa

    fields = []
    for field in table.schema:
        unit = units.get(field.name, "")
        told = {**(field.metadata or {}), b"unit": unit.encode()} if unit else field.metadata
        fields.append(field.with_metadata(told))
    return table.cast(pa.schema(fields, table.schema.metadata))
