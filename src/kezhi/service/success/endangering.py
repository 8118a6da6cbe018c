"""Success plans as a reason of risk, and as a measure of the index system.

A customer whose goal isn't reached with us has less reason to stay: a plan that falls behind, or whose day has
passed, stands among the reasons on every list of customers at risk.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kezhi.insight import fed_from_above
from kezhi.insight.copying import copied
from kezhi.insight.figures import risk
from kezhi.insight.figures.risk import Behind
from kezhi.service.models import SuccessPlan

Array = np.ndarray[Any, Any]

State = SuccessPlan.State
MEASURE = "success_health"
# As each plan was judged last; it counts only on the days on which it ran.
HEALTH = """
    SELECT customer_id, (avg(health) * 100)::int FROM service_successplan
    WHERE health IS NOT NULL AND begun_on <= DATE '{day}' AND (ended_on IS NULL OR ended_on > DATE '{day}')
    GROUP BY customer_id ORDER BY customer_id
"""


def goals_behind(customer_ids: Sequence[int], on: date) -> dict[int, Behind]:
    """The worst running plan of each of these customers that falls behind or is past its day; one query."""
    late = Q(state__in=(State.AT_RISK, State.OFF_TRACK)) | Q(reach_by__lt=on)
    rows = SuccessPlan.objects.running().filter(late, customer_id__in=customer_ids)
    told = rows.order_by("-health", "-pk").values_list("customer_id", "state", "health", "reach_by")
    found: dict[int, Behind] = {}
    for customer, state, health, due_on in told:
        own = Behind(health, due_on, state == State.OFF_TRACK)
        known = found.get(customer)
        if known is None or own.is_off_track >= known.is_off_track:
            found[customer] = own
    return found


def health_of(customers: Array, day: date) -> Array | None:
    """The mean health of the plans of each of these customers, 0 to 100; who has none has no measure."""
    rows = copied(HEALTH.format(day=day.isoformat()), ("i8", "i4"))
    if not len(rows["f0"]):
        return None
    found = np.full(len(customers), np.nan)
    place = np.minimum(np.searchsorted(customers, rows["f0"]), max(len(customers) - 1, 0))
    known = customers[place] == rows["f0"] if len(customers) else np.zeros(0, dtype=bool)
    found[place[known]] = rows["f1"][known] / 100.0
    return found


def register() -> None:
    """Called once, when the apps are ready."""
    risk.goals_behind.append(goals_behind)
    label = _("Health of success plans")
    fed_from_above.feed(MEASURE, label, health_of, unit="points", kind="success_plan")
