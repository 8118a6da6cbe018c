"""What a message says. It is made when it is sent, of what the integration may see at that moment."""

from __future__ import annotations

import json
from copy import copy
from typing import Any

from django.db import models

from kezhi.accounts.models import Integration, User
from kezhi.audit.models import Change, Entry
from kezhi.core.actor import Actor, Scope
from kezhi.messaging.models import Delivery, Webhook
from kezhi.messaging.webhooks.batches import BATCHES
from kezhi.messaging.webhooks.listening import PING
from kezhi.records import Kind, registry
from kezhi.records.holding import held


class Withheld(Exception):
    """The integration may not see what the message is about."""


def acting_for(integration: Integration) -> User:
    """The owner, cut down to what the integration was given."""
    owner: User = copy(integration.owner)  # the owner themselves stay who they are
    owner.program = integration.program
    return owner


def message_id(delivery: Delivery) -> str:
    return f"msg_{delivery.event_key.hex}"


def message(webhook: Webhook, delivery: Delivery, actor: Actor) -> dict[str, Any]:
    """The message as JSON. Raises `Withheld`."""
    entry = Entry.objects.filter(key=delivery.event_key).first()
    data: dict[str, Any] = {"kind": delivery.kind, "id": delivery.object_id}
    if delivery.deed == PING:
        data = {"webhook": webhook.name}
    elif delivery.kind:
        data |= _of_record(webhook, delivery, actor)
    elif batch := BATCHES.get(delivery.deed):
        data = batch.told(entry, actor) if entry is not None else {}
        data["changes"] = f"/api/v1/event-changes?event={delivery.event_key}"
    if entry is not None and entry.detail.get("by_integration") == webhook.integration_id:
        data["is_own"] = True  # the receiver's own doing comes back to it
    return {"type": delivery.deed, "timestamp": delivery.happened_at.isoformat(), "data": data}


def _of_record(webhook: Webhook, delivery: Delivery, actor: Actor) -> dict[str, Any]:
    kind = registry[delivery.kind].seen_by(actor)
    if not actor.may("read", kind.name):
        raise Withheld
    changes = list(
        Change.objects.filter(
            deed_key=str(delivery.event_key),
            table_name=kind.model._meta.db_table,
            row_id=delivery.object_id,
        )
    )
    rows: Any = kind.visible_to(actor).select_related(*kind.select_related)
    record = rows.filter(pk=delivery.object_id).first()
    if record is None:
        return _of_one_that_is_gone(kind, delivery, changes, actor)
    sent = [name for name in webhook.fields.get(kind.name, ()) if name in kind]
    changed = {name for change in changes for name in _changed(kind, change)}
    return {
        "url": kind.url_of(record),
        "changed": sorted(changed & set(sent)),
        "record": {name: plain(held(record, kind.field(name))) for name in sent},
    }


def _of_one_that_is_gone(
    kind: Kind, delivery: Delivery, changes: list[Change], actor: Actor
) -> dict[str, Any]:
    """That a record was deleted is told to whom it was visible before."""
    if kind.model._default_manager.filter(pk=delivery.object_id).exists():
        raise Withheld
    was = next((change.before for change in changes if change.operation == "delete"), None)
    if was is None:
        was = (
            Change.objects.filter(
                table_name=kind.model._meta.db_table,
                row_id=delivery.object_id,
                operation="delete",
            )
            .values_list("before", flat=True)
            .last()
        )
    if not _reached(actor, kind, was or {}):
        raise Withheld
    return {"is_deleted": True}


def _reached(actor: Actor, kind: Kind, was: dict[str, Any]) -> bool:
    """Whether a row was within the actor's scope, by the owner, team and department that it had."""
    scope = actor.scope("read", kind.name)
    if scope is Scope.ALL:
        return True
    owner = was.get("owner_id", was.get("assignee_id"))
    if scope > Scope.NONE and owner is not None and owner in actor.own_ids:
        return True
    if scope is Scope.DEPARTMENT:
        return was.get("department_id") in actor.department_ids
    team = was.get("team_id")
    return scope is Scope.TEAM and team is not None and team == actor.team_id


def _changed(kind: Kind, change: Change) -> set[str]:
    """The fields whose column a change touched, own ones of the company included."""
    before, after = change.before or {}, change.after or {}
    own_before, own_after = before.get("custom") or {}, after.get("custom") or {}
    own = {
        name for name in {*own_before, *own_after} if own_before.get(name) != own_after.get(name)
    }
    columns = {column.removesuffix("_id") for column in {*before, *after}}
    return {
        field.name
        for field in kind.fields
        if (field.name in own if field.is_custom else field.path.split("__")[0] in columns)
    }


def plain(entry: Any) -> Any:
    """As JSON: days and moments in ISO 8601, numbers of money as text, records by id and title."""
    if entry is None or isinstance(entry, (bool, int, float, str)):
        return entry
    if isinstance(entry, models.Model):
        return {"id": entry.pk, "title": str(entry)}
    if hasattr(entry, "isoformat"):
        return entry.isoformat()
    if isinstance(entry, dict):
        return {str(key): plain(each) for key, each in entry.items()}
    if isinstance(entry, (list, tuple, set, frozenset)):
        return [plain(each) for each in entry]
    return str(entry)


def as_text(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def without_entries(body: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a message: which fields of the record it held, not what stood in them."""
    data = dict(body["data"])
    if "record" in data:
        data["record"] = sorted(data["record"])
    return {**body, "data": data}
