"""Schemas put together from smaller ones, for what is of no kind of record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kezhi.api.leafing import MOST

TEXT, WHOLE, YES = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
MOMENT = {"type": "string", "format": "date-time"}
DAY = {"type": "string", "format": "date"}
LIMIT = {
    "name": "limit",
    "in": "query",
    "schema": {"type": "integer", "minimum": 1, "maximum": MOST},
}
AFTER = {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0}}
LEAF = [AFTER, LIMIT]


def asked(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter of the address."""
    return {"name": name, "in": "query", "schema": schema}


def maybe(schema: dict[str, Any]) -> dict[str, Any]:
    """As it is, or null."""
    if "enum" in schema:
        return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}


def one_of(keys: Iterable[Any]) -> dict[str, Any]:
    return {"type": "string", "enum": [str(key) for key in keys]}


def an_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def items(each: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = an_object(items={"type": "array", "items": each}, **more)
    return {**found, "required": ["items"]}


def page(each: dict[str, Any], **more: Any) -> dict[str, Any]:
    return items(each, next=maybe(WHOLE), **more)


NAMED = an_object(id=WHOLE, key=maybe(TEXT), name=TEXT)
WHO = maybe(an_object(id=WHOLE, name=TEXT))
