"""Complaints as a measure of the index system: how many within 12 months, those found unjustified left out.

The fewer the better: a leaf that reads it is a cost. Before the company notes any complaint nothing is
measured, and the leaf's weight goes to its siblings.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from kezhi.insight import fed_from_above
from kezhi.insight.copying import copied

Array = np.ndarray[Any, Any]

MEASURE = "complaints"
COMPLAINTS = """
    SELECT customer_id, count(*)::int FROM service_complaint
    WHERE customer_id IS NOT NULL AND voided_at IS NULL AND verdict <> 'unjustified'
      AND opened_at < DATE '{day}' + 1 AND opened_at >= DATE '{day}' - 364
    GROUP BY customer_id ORDER BY customer_id
"""


def complaints_of(customers: Array, day: date) -> Array | None:
    """The number of each of these customers, 0 for who never complained."""
    rows = copied(COMPLAINTS.format(day=day.isoformat()), ("i8", "i4"))
    if not len(rows["f0"]):
        return None
    found = np.zeros(len(customers))
    place = np.minimum(np.searchsorted(customers, rows["f0"]), max(len(customers) - 1, 0))
    known = customers[place] == rows["f0"] if len(customers) else np.zeros(0, dtype=bool)
    found[place[known]] = rows["f1"][known]
    return found


def register() -> None:
    """Called once, when the apps are ready."""
    fed_from_above.feed(
        MEASURE, _("Complaints, 12 months"), complaints_of, unit="count", kind="complaint"
    )
