"""One field as JSON Schema: as it is answered, and as it may be sent."""

from __future__ import annotations

from typing import Any

from django.db import models

from kezhi.api.writing import own_column
from kezhi.records import Field, FieldKind, Kind

K = FieldKind
DECIMAL = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
NUMBER_SENT = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,8})?$"}]
}
LINKED = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "key": {"type": ["string", "null"]},
        "name": {"type": "string"},
    },
    "required": ["id", "name"],
}
REFERENCE = {"$ref": "#/components/schemas/Reference"}


def answer_field(kind: Kind, each: Field) -> dict[str, Any]:
    """What stands there: null for nothing, and a text for what is masked."""
    plain = {"type": "string"} if each.is_masked else _answered(kind, each)
    return {"title": str(each.label), **_or_null(plain)}


def _answered(kind: Kind, each: Field) -> dict[str, Any]:
    if each.kind in (K.LINK, K.PERSON):
        return dict(LINKED)
    if each.kind is K.TAGS:
        return {"type": "array", "items": {"type": "string"}}
    if each.kind is K.MULTI_CHOICE:
        return {"type": "array", "items": {"type": "string", "enum": _keys(each)}}
    if each.kind in (K.CHOICE, K.TIER):
        return {"type": "string", "enum": _keys(each)} if each.choices else {"type": "string"}
    if each.kind is K.BOOLEAN:
        return {"type": "boolean"}
    if each.kind is K.DATE:
        return {"type": "string", "format": "date"}
    if each.kind is K.MOMENT:
        return {"type": "string", "format": "date-time"}
    if each.kind is K.INTEGER:
        return {"type": "integer"}
    if each.is_number:
        is_float = isinstance(own_column(kind, each), models.FloatField)
        # Through a relation or of the company's own it may be either.
        is_known = own_column(kind, each) is not None
        return (
            {"type": "number"}
            if is_float
            else dict(DECIMAL)
            if is_known
            else {"type": ["string", "number"]}
        )
    return {"type": "string"}


def sent_field(kind: Kind, each: Field) -> dict[str, Any]:
    """What may be sent; null takes the entry away."""
    told: dict[str, Any] = {"title": str(each.label)}
    if each.help:
        told["description"] = str(each.help)
    if each.kind is K.BOOLEAN:
        return told | {"type": "boolean"}
    if each.kind in (K.MULTI_CHOICE, K.TAGS):
        items: dict[str, Any] = {"type": "string", "maxLength": 60}
        if each.kind is K.MULTI_CHOICE:
            items = {"type": "string", "enum": _keys(each)}
        return told | {"type": ["array", "null"], "items": items, "maxItems": 50}
    return told | _or_null(_sent(each))


def _sent(each: Field) -> dict[str, Any]:
    if each.kind in (K.LINK, K.PERSON):
        return dict(REFERENCE)
    if each.kind is K.CHOICE:
        return {"type": "string", "enum": _keys(each)}
    if each.kind is K.DATE:
        return {"type": "string", "format": "date"}
    if each.kind is K.MOMENT:
        return {"type": "string", "format": "date-time"}
    if each.kind is K.INTEGER:
        return {"type": "integer"}
    if each.is_number:
        return dict(NUMBER_SENT)
    return {"type": "string", "maxLength": each.max_length}


def _or_null(plain: dict[str, Any]) -> dict[str, Any]:
    if "enum" in plain:
        return {**plain, "type": [plain["type"], "null"], "enum": [*plain["enum"], None]}
    if "type" in plain and isinstance(plain["type"], str):
        return {**plain, "type": [plain["type"], "null"]}
    if "type" in plain:
        return {**plain, "type": [*plain["type"], "null"]}
    return {"anyOf": [plain, {"type": "null"}]}


def _keys(each: Field) -> list[str]:
    return [key for key, _label in each.choices]


def line_answered() -> dict[str, Any]:
    maybe = _or_null(dict(DECIMAL))
    return {
        "type": "object",
        "properties": {
            "line": {"type": "string"},
            "product": _or_null(dict(LINKED)),
            "quantity": maybe,
            "amount": dict(DECIMAL),
            "cost": maybe,
        },
        "required": ["line", "amount"],
    }


def line_sent() -> dict[str, Any]:
    number = _or_null(dict(NUMBER_SENT))
    return {
        "type": "object",
        "properties": {
            "line": {
                "anyOf": [
                    {"type": "string", "minLength": 1, "maxLength": 60},
                    {"type": "integer", "minimum": 0},
                ]
            },
            "product": _or_null(dict(REFERENCE)),
            "quantity": number,
            "unit_price": number,
            "amount": number,
            "cost": number,
        },
        "additionalProperties": False,
    }
