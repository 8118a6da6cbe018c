"""The API's description as OpenAPI 3.1, from the same operations and declarations that answer.

As far as an actor reaches: operations, fields and choices that they may not know aren't in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from kezhi import __version__
from kezhi.api.calling import Call
from kezhi.api.entries import Fields
from kezhi.api.orders import writable
from kezhi.api.problems import KNOWN
from kezhi.api.schema_around import AROUND_LEAVES, around_schemas
from kezhi.api.schema_fields import answer_field, line_answered, line_sent, sent_field
from kezhi.api.schema_parts import (
    file_sent,
    headers,
    parameters,
    plain_schemas,
    ref,
    responses,
    spoken,
)
from kezhi.api.schema_reports import REPORT_LEAVES, report_schemas
from kezhi.api.schema_rights import RIGHTS_LEAVES, rights_schemas
from kezhi.api.schema_service import AREAS, BESIDE, LEAVES, service_schemas
from kezhi.api.schema_value import VALUE_LEAVES, value_schemas
from kezhi.api.schema_webhooks import delivery_parameters, webhook_schemas
from kezhi.api.writes import writes_of
from kezhi.core.actor import Actor
from kezhi.records import Kind, registry

if TYPE_CHECKING:
    from kezhi.api.operations import Operation

# What any call may end with, beside what is its own.
ALWAYS = ("bad-request", "unauthorized", "forbidden", "too-many-requests", "fault", "unavailable")
BY_ANSWER = LEAVES | RIGHTS_LEAVES | AROUND_LEAVES | VALUE_LEAVES | REPORT_LEAVES
OF_LISTS = ("quota", "not-found")
OF_RECORDS = ("not-found",)
OF_WRITES = (
    *("refused", "changed-meanwhile", "too-large", "media-type"),
    *("invalid", "key-reused"),
)


def described(actor: Actor, operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole document, with those of the operations that are open to the actor."""
    operations = [each for each in operations if each.is_open_to(actor)]
    seen = {each.kind for each in operations if each.kind}
    kinds = {name: registry[name].seen_by(actor) for name in registry._kinds if name in seen}
    has_webhooks = any(each.area == "webhook" for each in operations)
    paths: dict[str, Any] = {}
    for each in operations:
        path = paths.setdefault(each.path, {})
        path[each.method.lower()] = _operation(each, kinds.get(each.kind))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kezhi API",
            "version": __version__,
            "description": _(
                "Records and deeds by the rights of the token’s owner. docs/guides/api.md tells how, and what"
                " programs can’t do."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "tags": _tags(kinds.values(), {each.area for each in operations if each.area}),
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "parameters": parameters(),
            "headers": headers(),
            "responses": responses(),
            "schemas": _schemas(kinds) | (webhook_schemas(actor) if has_webhooks else {}),
        },
    }


def _tags(kinds: Iterable[Kind], areas: Collection[str]) -> list[dict[str, str]]:
    of_kinds = [{"name": kind.name, "description": str(kind.label_plural)} for kind in kinds]
    return of_kinds + [{"name": area, "description": str(AREAS[area])} for area in sorted(areas)]


def _operation(each: Operation, kind: Kind | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": each.name,
        "summary": str(each.summary),
        "responses": _answers(each, kind),
    }
    if kind is not None or each.area:
        told["tags"] = [kind.name if kind is not None else each.area]
    if asked := _parameters_of(each, kind):
        told["parameters"] = asked
    if each.takes_file:
        told["requestBody"] = file_sent()
    elif each.body:
        told["requestBody"] = {
            "required": each.body != "action" or _demands(each),
            "content": {"application/json": {"schema": _sent(each)}},
        }
    return told


def _demands(each: Operation) -> bool:
    action = each.action
    return action is not None and any(m.is_required for m in action.members.values())


def _parameters_of(each: Operation, kind: Kind | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if each.is_on_record:
        found.append({"$ref": "#/components/parameters/id"})
    for name in ("figure", "file"):
        if f"{{{name}}}" in each.path:
            found.append({"$ref": f"#/components/parameters/{name}"})
    if each.takes_file:
        found.append({"$ref": "#/components/parameters/Content-Disposition"})
    if each.name == "event_changes":
        found += [
            {"name": "event", "in": "query", "required": True, "schema": {"type": "string"}},
            {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0}},
            {
                "name": "limit",
                "in": "query",
                "schema": {"type": "integer", "minimum": 1, "maximum": 1000},
            },
        ]
    if each.answer == "Deliveries":
        found += delivery_parameters()
    found += BY_ANSWER.get(each.answer, ()) if each.is_safe else ()
    if each.answer == "list" and kind is not None:
        found += [
            {"$ref": f"#/components/parameters/{name}"}
            for name in ("w", "view", "q", "limit", "cursor", "count")
        ]
        found.append(_sort(kind))
    has_fields = each.answer in ("list", "record") and each.name != "order_get"
    if each.is_safe and kind is not None and has_fields:
        found.append(_fields(kind))
    if not each.is_safe:
        found.append({"$ref": "#/components/parameters/Idempotency-Key"})
    if each.method in ("PATCH", "PUT") or (each.action and each.action.is_versioned):
        found.append({"$ref": "#/components/parameters/If-Match"})
    if each.demands_version:
        is_demanded = {"$ref": "#/components/parameters/If-Match-demanded"}
        found.append(is_demanded)
    return found


def _sort(kind: Kind) -> dict[str, Any]:
    names = [each.name for each in kind.fields if each.is_sortable]
    return {
        "name": "sort",
        "in": "query",
        "description": _("By one field, with - from the top"),
        "schema": {"type": "string", "enum": [*names, *(f"-{name}" for name in names)]},
    }


def _fields(kind: Kind) -> dict[str, Any]:
    names = [each.name for each in kind.fields]
    return {
        "name": "fields",
        "in": "query",
        "description": _("Only these fields, with commas between; * for all"),
        "schema": {"type": "string"},
        "example": ",".join(names[:3]),
    }


def _answers(each: Operation, kind: Kind | None) -> dict[str, Any]:
    good: dict[str, Any] = {"description": _("Done")}
    if each.answer:
        good["content"] = _content(each)
        good["headers"] = {
            name: {"$ref": f"#/components/headers/{name}"}
            for name in ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
        }
        if each.answer in ("record", "order", "Webhook", "WebhookSetUp", "Segment"):
            good["headers"]["ETag"] = {"$ref": "#/components/headers/ETag"}
    answers = {str(each.succeeds): good}
    if each.name == "order_put":
        answers["201"] = {**good, "description": _("Created")}
    codes = list(ALWAYS)
    codes += OF_LISTS if each.answer == "list" else ()
    codes += ("quota",) if each.is_safe and each.is_on_record else ()
    codes += OF_RECORDS if each.is_on_record else ()
    codes += OF_LISTS if each.name == "event_changes" else ()
    codes += OF_WRITES if not each.is_safe else ()
    codes += ("precondition-required",) if each.demands_version else ()
    codes += ("no-room",) if each.takes_file else ()
    by_status: dict[str, list[str]] = {}
    for code in codes:
        by_status.setdefault(str(KNOWN[code][0]), []).append(code)
    for status in sorted(by_status):
        answers[status] = {"$ref": f"#/components/responses/{status}"}
    return answers


def _content(each: Operation) -> dict[str, Any]:
    if each.answer == "file":
        return {"application/octet-stream": {}}
    return {"application/json": {"schema": _answered(each)}}


def _answered(each: Operation) -> dict[str, Any]:
    if each.answer == "list":
        return ref(f"{each.kind}_page")
    if each.answer == "record":
        return ref(each.kind)
    if each.answer == "order":
        return ref("order_with_lines")
    if each.answer == "results":
        return ref("Results")
    if each.answer == "OpenAPI":
        return {"type": "object"}
    return ref(each.answer)


def _sent(each: Operation) -> dict[str, Any]:
    if each.action is not None or each.members:
        members = each.action.members if each.action is not None else each.members
        return {
            "type": "object",
            "properties": {name: spoken(member.schema) for name, member in members.items()},
            "required": [name for name, member in members.items() if member.is_required],
            "additionalProperties": False,
        }
    if each.area:
        return ref(each.body)
    if each.body == "bulk":
        return ref(f"{each.kind}_bulk")
    if each.body == "order":
        return ref("order_told" if each.name == "order_put" else "order_new")
    return ref(f"{each.kind}_{each.body}")


# ---- components ----


def _schemas(kinds: dict[str, Kind]) -> dict[str, Any]:
    found = (
        plain_schemas()
        | service_schemas()
        | rights_schemas()
        | around_schemas()
        | spoken(value_schemas() | report_schemas())
    )
    for name, kind in kinds.items():
        found[name] = _record(kind)
        found[f"{name}_page"] = {
            "type": "object",
            "properties": {
                "items": {"type": "array", "items": ref(name)},
                "next": {
                    "type": ["string", "null"],
                    "description": _("The cursor of the next page"),
                },
                "count": {"type": "integer", "description": _("With count=true, up to 10,000")},
                "count_is_capped": {"type": "boolean"},
            },
            "required": ["items", "next"],
        }
        if name == "order":
            found |= _of_orders(kind)
        else:
            found |= _written(kind)
    return found


def _record(kind: Kind) -> dict[str, Any]:
    properties: dict[str, Any] = {"id": {"type": "integer"}, "version": {"type": "integer"}}
    properties |= {each.name: answer_field(kind, each) for each in kind.fields}
    properties |= BESIDE.get(kind.name, {})
    if kind.name == "order":
        properties["lines"] = {"type": "array", "items": line_answered()}
    return {
        "type": "object",
        "title": str(kind.label),
        "properties": properties,
        "required": ["id"],
    }


def _written(kind: Kind) -> dict[str, Any]:
    writes, found = writes_of(kind), {}
    fields = Fields(_NOBODY, kind, writes.names, writes.required)
    ops: list[dict[str, Any]] = []
    if writes.create is not None:
        found[f"{kind.name}_create"] = {
            "type": "object",
            "properties": {
                **{name: sent_field(kind, kind.field(name)) for name in writes.names},
                **{name: spoken(member.schema) for name, member in writes.beside.items()},
            },
            "required": [n for n in writes.names if fields.must_be_given(kind.field(n))],
            "additionalProperties": False,
        }
        ops.append(_item("create", {"fields": ref(f"{kind.name}_create")}, ["fields"]))
    if writes.edit is not None:
        found[f"{kind.name}_edit"] = {
            "type": "object",
            "properties": {name: sent_field(kind, kind.field(name)) for name in writes.changeable},
            "additionalProperties": False,
        }
        ops.append(_item("edit", {**_WHICH, "fields": ref(f"{kind.name}_edit")}, ["fields"]))
    if writes.delete is not None:
        ops.append(_item("delete", _WHICH, []))
    if ops:
        found[f"{kind.name}_bulk"] = _bulk(ops)
    return found


_WHICH: dict[str, Any] = {
    "id": {"type": "integer", "minimum": 0},
    "key": {"type": "string", "minLength": 1, "maxLength": 200},
    "version": {"type": "integer"},
}


def _item(op: str, members: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"op": {"const": op}, **members},
        "required": ["op", *required],
        "additionalProperties": False,
    }


def _bulk(ops: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"oneOf": ops}, "minItems": 1, "maxItems": 1000}
        },
        "required": ["items"],
        "additionalProperties": False,
    }


def _of_orders(kind: Kind) -> dict[str, Any]:
    fields: dict[str, Any] = {name: sent_field(kind, kind.field(name)) for name in writable(kind)}
    fields["lines"] = {
        "type": "array",
        "items": line_sent(),
        "minItems": 1,
        "maxItems": 1000,
    }
    number = {"type": "string", "minLength": 1, "maxLength": 60, "pattern": r"^\S(.*\S)?$"}
    told = {"type": "object", "properties": fields, "additionalProperties": False}
    return {
        "order_with_lines": {
            "allOf": [ref("order"), {"type": "object", "required": ["lines"]}],
        },
        "order_told": {**told, "properties": {"number": number, **fields}},
        "order_new": {
            **told,
            "properties": {"number": number, **fields},
            "required": ["number", "customer", "ordered_on", "lines"],
        },
        "order_bulk": _bulk(
            [_item("put", {"number": number, "fields": told}, ["number", "fields"])]
        ),
    }


_NOBODY: Call = None  # type: ignore[assignment] # what is asked here of `Fields` needs no call
