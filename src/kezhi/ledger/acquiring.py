"""Costs of winning customers: entered, corrected, deleted."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.ledger.models import AcquisitionCost

KIND = "acquisition_cost"
FIELDS = frozenset({"source", "campaign", "begins_on", "ends_on", "amount", "remark"})


@audited("acquisition_cost.entered")
def enter_acquisition_cost(fields: dict[str, Any], *, actor: Actor, on: date) -> AcquisitionCost:
    """What was spent on a source over a time."""
    if not actor.may("create", KIND):
        raise NotAllowed(_("Your role doesn't enter costs of winning customers."))
    cost = AcquisitionCost(entry_key=uuid.uuid4().hex)
    _put(cost, fields)
    _check(cost)
    cost.save()
    return cost


@audited("acquisition_cost.edited")
def edit_acquisition_cost(
    cost: AcquisitionCost,
    changes: dict[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
) -> AcquisitionCost:
    cost = claim(cost, actor=actor, action="edit", version=version)
    note(fields=sorted(changes))
    _put(cost, changes)
    _check(cost)
    cost.version += 1
    cost.save()
    return cost


@audited("acquisition_cost.deleted")
def delete_acquisition_cost(cost: AcquisitionCost, *, actor: Actor, on: date) -> None:
    claim(cost, actor=actor, action="delete").delete()


def _put(cost: AcquisitionCost, fields: dict[str, Any]) -> None:
    for name in FIELDS & fields.keys():
        setattr(cost, name, fields[name] if fields[name] is not None else "")


def _check(cost: AcquisitionCost) -> None:
    if cost.ends_on < cost.begins_on:
        raise Refused(_("The time ends before it begins: change one of the two days."))
