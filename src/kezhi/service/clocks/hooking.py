"""The clocks hear of tickets."""

from __future__ import annotations

from kezhi.messaging.webhooks.listening import ABOUT
from kezhi.service.clocks import holding, keeping
from kezhi.service.tickets import hooks


def register() -> None:
    """Called once, when service is ready."""
    hooks.ON_OPENED += [keeping.opened, holding.follow]
    hooks.ON_ANSWERED.append(keeping.answered)
    hooks.ON_RECEIVED.append(keeping.received)
    hooks.ON_STATE += [keeping.state_set, holding.state_set]
    hooks.ON_STATE_BACK.append(keeping.state_taken_back)
    hooks.ON_SNOOZED.append(keeping.snoozed)
    hooks.ON_MERGED.append(keeping.merged)
    hooks.ON_PARTED.append(keeping.parted)
    hooks.ON_CHANGED.append(keeping.changed)
    hooks.ON_ASSIGNED += [keeping.assigned, holding.follow]
    ABOUT["clock.attended"] = "ticket"
