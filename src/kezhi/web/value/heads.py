"""What the pages of measured figures have in common: whose customers, who may do what, what is under way."""

from __future__ import annotations

from typing import Any

from kezhi.core.actor import Actor
from kezhi.insight import figures
from kezhi.insight.models import ValueRun
from kezhi.web.value.dashboard import scope_words


def page_head(actor: Actor, basis: figures.Basis | None) -> dict[str, Any]:
    """What such a page is given first; a run under way is told only where nothing is measured yet."""
    return {
        "basis": basis,
        "scope": scope_words(actor),
        "finding": "",
        "may_edit": actor.may("edit", "value_settings"),
        "may_measure": actor.may("measure", "value_run"),
        "under_way": ValueRun.objects.under_way() if basis is None else None,
    }
