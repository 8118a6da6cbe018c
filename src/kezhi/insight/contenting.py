"""How content customers are and how they would recommend us, as measures of the index tree: what they answered,
the newer the heavier.

Read once for a run and weighed anew for each day that it measures. A customer who was never asked has no
measure: the leaf's weight goes to its siblings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from kezhi.insight.copying import copied
from kezhi.satisfaction.analysing.contentment import HALF_LIFE_DAYS, LOOK_BACK, opinions
from kezhi.value.reading import EPOCH

Array = np.ndarray[Any, Any]

MEASURE = "satisfaction"
RECOMMENDS = "reputation"
ANSWERED = """
    SELECT customer_id, answered_on - DATE '1970-01-01', round(score * 100)::bigint
    FROM ({opinions}) o ORDER BY 1, 2, 3
"""
# How willing a customer is to put in a word for us: the answers to questions of recommendation, 0 to 10.
RECOMMENDED = """
    SELECT r.customer_id, r.answered_on - DATE '1970-01-01', round(p.number * 1000)::bigint
    FROM satisfaction_surveyreply p JOIN satisfaction_surveyquestion q ON q.id = p.question_id
    JOIN satisfaction_surveyresponse r ON r.id = p.response_id
    WHERE q.sort = 'nps' AND p.number IS NOT NULL AND r.customer_id IS NOT NULL
      AND r.answered_on <= DATE '{until}' ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Contentment:
    """Opinions until a day, of responses and imported answers: customer, day since 1970-01-01, 0 to 100."""

    customers: Array
    days: Array
    scores: Array

    def __bool__(self) -> bool:
        return bool(len(self.customers))

    @property
    def version(self) -> str:
        """What the measure rests on as a text; empty where nobody answered."""
        if not self:
            return ""
        mixed = (self.customers * 1_000_003 + self.days) * 1_000_003 + np.round(self.scores * 100)
        return f"{len(self.customers)}:{int(mixed.astype(np.int64).view(np.uint64).sum(dtype=np.uint64)):x}"


def read_contentment(until: date) -> Contentment:
    """The opinions as the current transaction sees them."""
    which = f"{{0}}.answered_on <= DATE '{until.isoformat()}'"
    rows = copied(ANSWERED.format(opinions=opinions(which)), ("i8", "i4", "i8"))
    return Contentment(rows["f0"], rows["f1"].astype(np.int64), rows["f2"] / 100.0)


def read_recommendations(until: date) -> Contentment:
    """Answers to questions of recommendation likewise, 0 to 100."""
    rows = copied(RECOMMENDED.format(until=until.isoformat()), ("i8", "i4", "i8"))
    return Contentment(rows["f0"], rows["f1"].astype(np.int64), rows["f2"] / 100.0)


def with_opinions(
    measures: pa.Table | None, found: Contentment, day: date, customers: pa.Array, measure: str
) -> pa.Table | None:
    """Measures of the index tree with what each customer thought on that day; as they were without any."""
    today = (day - EPOCH).days
    own = (found.days <= today) & (found.days > today - LOOK_BACK.days)
    if not own.any():
        return measures
    base = customers if measures is None else measures["customer"]
    everybody = np.asarray(base.to_numpy(zero_copy_only=False), dtype=np.int64)
    place = np.minimum(np.searchsorted(everybody, found.customers[own]), len(everybody) - 1)
    known = everybody[place] == found.customers[own]
    weight = 0.5 ** ((today - found.days[own][known]) / HALF_LIFE_DAYS)
    total = np.bincount(place[known], weight * found.scores[own][known], len(everybody))
    whole = np.bincount(place[known], weight, len(everybody))
    score = np.divide(total, whole, out=np.zeros(len(everybody)), where=whole > 0)
    column = pa.array(score, mask=whole <= 0)
    if measures is None:
        return pa.table({"customer": pa.array(everybody), measure: column})
    return measures.append_column(measure, column)
