"""What is said of a program's webhooks in the description."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kezhi.api.schema_parts import ref
from kezhi.api.webhooks import MOST, MOST_CHOSEN, OF_REPLAY, TOLD_STATES, choices
from kezhi.core.actor import Actor
from kezhi.messaging.models import Webhook

TEXT, NUMBER, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
MOMENT = {"type": "string", "format": "date-time"}
MAYBE_MOMENT = {"type": ["string", "null"], "format": "date-time"}
MAYBE_TEXT = {"type": ["string", "null"]}


def webhook_schemas(actor: Actor) -> dict[str, Any]:
    told_of = {
        "type": "array",
        "items": {"type": "string", "enum": sorted(choices(actor))},
        "minItems": 1,
        "description": _("The deeds of which it tells"),
    }
    names = {"type": "array", "items": TEXT, "maxItems": MOST_CHOSEN}
    sent = {
        "name": {"type": "string", "minLength": 1, "maxLength": 80, "pattern": r"\S"},
        "url": {"type": "string", "format": "uri", "pattern": "^https://", "maxLength": 500},
        "deeds": told_of,
        "fields": {
            "type": "object",
            "additionalProperties": names,
            "description": _("By kind of record, the fields that a message carries"),
        },
    }
    return {
        "Webhook": _webhook(),
        "WebhookSetUp": {
            "allOf": [
                ref("Webhook"),
                {
                    "type": "object",
                    "properties": {
                        "secret": {"type": "string", "description": _("Shown once, in this answer")}
                    },
                },
            ]
        },
        "Webhooks": _of({"items": {"type": "array", "items": ref("Webhook")}}),
        "webhook_new": _of(sent, ["name", "url", "deeds"]),
        "webhook_change": _of(sent, []),
        "webhook_replay": _replay(),
        "Replayed": _of({"messages": NUMBER}),
        "Delivery": _delivery(),
        "Deliveries": _of(
            {
                "items": {"type": "array", "items": ref("Delivery")},
                "next": {
                    "type": ["integer", "null"],
                    "description": _("Send it as before, for the page after this one"),
                },
            }
        ),
    }


def delivery_parameters() -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": MOST}
    before = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
    return [
        {"name": "state", "in": "query", "schema": {"type": "string", "enum": TOLD_STATES}},
        {"name": "before", "in": "query", "schema": before},
        {"name": "limit", "in": "query", "schema": limit},
    ]


def _of(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    """Answers carry all their members; what is sent, those that are demanded and none that isn't known."""
    if required is None:
        return {"type": "object", "properties": properties, "required": list(properties)}
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _webhook() -> dict[str, Any]:
    return _of(
        {
            "id": NUMBER,
            "name": TEXT,
            "url": TEXT,
            "deeds": {"type": "array", "items": TEXT},
            "fields": {"type": "object"},
            "state": {"type": "string", "enum": list(Webhook.State.values)},
            "paused_because": {"enum": [*Webhook.Pause.values, None]},
            "paused_at": MAYBE_MOMENT,
            "is_retrying": {
                **FLAG,
                "description": _("A message failed and waits for its next try"),
            },
            "failing_since": MAYBE_MOMENT,
            "delivered_at": MAYBE_MOMENT,
            "created_at": MOMENT,
            "version": NUMBER,
        }
    )


def _replay() -> dict[str, Any]:
    ids = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
    chosen = {"type": "array", "items": ids, "minItems": 1, "maxItems": MOST_CHOSEN}
    properties = dict(zip(OF_REPLAY, (chosen, MOMENT, MOMENT), strict=True))
    return {**_of(properties, []), "minProperties": 1}


def _delivery() -> dict[str, Any]:
    tried = _of({"at": MOMENT, "status": NUMBER, "ms": NUMBER})
    return _of(
        {
            "id": NUMBER,
            "message": {"type": "string", "description": _("The message’s own id (webhook-id)")},
            "type": TEXT,
            "kind": MAYBE_TEXT,
            "record": {"type": ["integer", "null"]},
            "happened_at": MOMENT,
            "state": TEXT,
            "attempts": NUMBER,
            "next_at": MAYBE_MOMENT,
            "ended_at": MAYBE_MOMENT,
            "tries": {"type": "array", "items": tried},
            "answer": {"type": "string", "description": _("What the receiver answered last")},
        }
    )
