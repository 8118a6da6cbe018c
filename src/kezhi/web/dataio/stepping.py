"""Where one stands: the steps of an import, and those of a company's first day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezhi.core.actor import Actor
from kezhi.insight.models import ValueRun
from kezhi.ledger.models import Order

Step = Literal["upload", "check", "import", "result"]
Steps = list[dict[str, str]]


def wizard(current: Step) -> Steps:
    """The steps of one import."""
    return _steps(
        [
            ("upload", pgettext("wizard", "Upload")),
            ("check", _("Match and check")),
            ("import", pgettext("wizard", "Import")),
            ("result", pgettext("wizard", "Result")),
        ],
        current,
    )


def first_day(actor: Actor) -> Steps:
    """From the founding to the first measured value; empty once something has been measured."""
    if ValueRun.objects.latest_published() is not None:
        return []
    has_orders = Order.objects.visible_to(actor).exists()
    return _steps(
        [
            ("company", _("Company and owner")),
            ("file", _("Import a file")),
            ("measure", _("Measure value")),
        ],
        "measure" if has_orders else "file",
    )


def _steps(labelled: Sequence[tuple[str, str]], current: str) -> Steps:
    at = [name for name, _label in labelled].index(current)
    return [
        {"label": label, "state": "done" if i < at else "current" if i == at else "todo"}
        for i, (_name, label) in enumerate(labelled)
    ]
