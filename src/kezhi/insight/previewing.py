"""How many customers each tier would hold by other rules, from the scores of the last run."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from django.db import connection

from kezhi.customers.models.standing import Tier
from kezhi.insight.models import ValueRun
from kezhi.value.plain import from_plain
from kezhi.value.tiers import TierSettings, assign_tiers

# One statement, taken out in bulk: a million rows in half a second.
SCORES = """
    COPY (SELECT score, current_value FROM insight_snapshot
          WHERE run_id = {run} AND score IS NOT NULL ORDER BY customer_id)
    TO STDOUT (FORMAT CSV)
"""


def preview_tiers(tiers: Mapping[str, Any]) -> dict[str, int] | None:
    """Customers by tier if these rules had placed them at the last run, nobody held back at a border.

    None before the first run. Raises ValueError for rules that don't hold together.
    """
    settings = from_plain(TierSettings, dict(tiers))
    run = ValueRun.objects.latest_published()
    if run is None:
        return None
    score, worth = _scores(run)
    tiering = assign_tiers(score, settings, tie_break=worth, worth=worth)
    counts = np.bincount(tiering.tier[tiering.tier >= 0], minlength=len(settings.names))
    return {tier: int(counts[settings.names.index(tier)]) for tier in Tier.values}


def _scores(run: ValueRun) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    out = BytesIO()
    with (
        connection.cursor() as cursor,
        cursor.copy(SCORES.format(run=int(run.pk))) as copy,
    ):
        for block in copy:
            out.write(block)
    if not out.tell():
        return np.array([]), np.array([])
    names = ["score", "worth"]
    table = pacsv.read_csv(
        pa.BufferReader(out.getvalue()),
        read_options=pacsv.ReadOptions(column_names=names),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.float64()), null_values=[""]
        ),
    )
    score, worth = (table[name].to_numpy() for name in names)
    return score, worth
