"""Where one stands: the steps of an import, and those of a company's first day."""

from __future__ import annotations

from typing import Literal

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezhi.core.actor import Actor
from kezhi.insight.models import ValueRun
from kezhi.ledger.models import Order

Step = Literal["upload", "check", "import", "result"]
Shown = list[dict[str, str]]


def wizard(current: Step) -> Shown:
    """The steps of one import."""
    return _steps(
        [
            ("upload", pgettext("import", "Upload"), ""),
            ("check", _("Match and check"), ""),
            ("import", pgettext("import", "Import"), ""),
            ("result", pgettext("import", "Result"), ""),
        ],
        current,
    )


def first_day(actor: Actor) -> Shown | None:
    """From the founding to the first measured value; None once something has been measured."""
    if ValueRun.objects.latest_published() is not None:
        return None
    has_orders = Order.objects.visible_to(actor).exists()
    return _steps(
        [
            ("company", _("Company and owner"), ""),
            ("file", _("Import a file"), reverse("import-new")),
            ("measure", _("Measure value"), ""),
        ],
        "measure" if has_orders else "file",
    )


def _steps(labelled: list[tuple[str, str, str]], current: str) -> Shown:
    names = [name for name, _label, _href in labelled]
    at = names.index(current)
    states = ["done" if i < at else "current" if i == at else "todo" for i in range(len(names))]
    return [
        {"label": label, "state": state, "href": href}
        for (_name, label, href), state in zip(labelled, states, strict=True)
    ]
