"""What came of an import, and what to do next."""

from __future__ import annotations

from typing import Any

from kezhi.accounts.models import User
from kezhi.dataio.models import BatchState, ImportBatch
from kezhi.dataio.registry import loader_of
from kezhi.insight.models import ValueRun
from kezhi.ledger.models import Order
from kezhi.web.dataio.causes import causes
from kezhi.web.requests import PersonRequest


def about(request: PersonRequest, batch: ImportBatch) -> dict[str, Any]:
    """What the page of a finished import shows."""
    actor = request.actor
    is_done = batch.state == BatchState.DONE
    return {
        "person": User.objects.filter(pk=batch.actor_id).first(),
        "link": loader_of(batch.kind).link(batch),
        "causes": causes(batch) if is_done else [],
        "may_download": batch.problems_path.is_file() and batch.path.is_file(),
        "has_orders": is_done and Order.objects.visible_to(actor).exists(),
        "is_measured": ValueRun.objects.latest_published() is not None,
        "may_measure": actor.may("measure", "value_run"),
        "may_import_orders": actor.may("import", "order"),
    }
