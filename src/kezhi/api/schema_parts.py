"""The parts of the description that are the same for every kind and every actor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kezhi.api.problems import KNOWN
from kezhi.api.uploading import FORM, PART, RAW
from kezhi.customers.models.standing import Tier
from kezhi.insight.explaining import FIGURES
from kezhi.workbench.attaching import MOST_BYTES


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def spoken(schema: Any) -> Any:
    """A schema with its sentences in the language that is active."""
    if isinstance(schema, Mapping):
        return {name: spoken(part) for name, part in schema.items()}
    if isinstance(schema, list):
        return [spoken(part) for part in schema]
    return str(schema) if isinstance(schema, Promise) else schema


def plain_schemas() -> dict[str, Any]:
    text, number = {"type": "string"}, {"type": ["number", "null"]}
    maybe = {"type": ["string", "null"]}
    day = {"type": ["string", "null"], "format": "date"}
    policy = {
        "type": ["object", "null"],
        "properties": {
            "tier": text,
            "owner_level": text,
            "care_days": {"type": "integer"},
            "response_hours": {"type": "integer"},
            "discount_limit": text,
            "channels": {"type": "array", "items": text},
            "meaning": text,
        },
    }
    moment = {
        "type": ["object", "null"],
        "properties": {"p_alive": number, "p_purchase_12m": number, "continuation": number},
    }
    return {
        "Reference": {
            "description": _("A record by its id, or by the key that other systems know"),
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {
                    "type": "object",
                    "properties": {
                        "id": {"type": "integer", "minimum": 0},
                        "key": {"type": "string", "minLength": 1, "maxLength": 200},
                    },
                    "minProperties": 1,
                },
            ],
        },
        "Problem": {
            "type": "object",
            "properties": {
                "type": text,
                "title": text,
                "status": {"type": "integer"},
                "detail": text,
                "errors": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"pointer": text, "detail": text},
                        "required": ["pointer", "detail"],
                    },
                },
            },
            "required": ["type", "title", "status"],
        },
        "File": _file(),
        "Files": {
            "type": "object",
            "properties": {"items": {"type": "array", "items": ref("File")}},
            "required": ["items"],
        },
        "Results": {
            "type": "object",
            "properties": {
                "results": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "status": {"type": "integer"},
                            "id": {"type": "integer"},
                            "version": {"type": "integer"},
                            "problem": ref("Problem"),
                        },
                        "required": ["status"],
                    },
                }
            },
            "required": ["results"],
        },
        "Me": {
            "type": "object",
            "properties": {
                name: {"type": "object"}
                for name in (
                    "integration",
                    "acts_for",
                    "company",
                    "permissions",
                    "field_groups",
                    "limits",
                )
            },
            "required": ["integration", "acts_for", "permissions", "limits"],
        },
        "Changes": {
            "type": "object",
            "properties": {
                "kind": text,
                "ids": {"type": "array", "items": {"type": "integer"}},
                "next": {"type": ["integer", "null"]},
            },
            "required": ["kind", "ids", "next"],
        },
        "Tiers": {
            "type": "object",
            "properties": {
                "items": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "tier": {"type": "string", "enum": list(Tier.values)},
                            "name": text,
                            "policy": policy,
                        },
                    },
                }
            },
            "required": ["items"],
        },
        "Standing": {
            "type": "object",
            "properties": {
                "customer": {"type": "object"},
                "measured_on": day,
                "tier": maybe,
                "policy": policy,
            },
            "required": ["customer", "measured_on"],
        },
        "Explanation": {
            "type": "object",
            "properties": {
                "figure": {"type": "string", "enum": list(FIGURES)},
                "entry": {"type": ["string", "number", "null"]},
                "as_of": day,
                "orders_from": day,
                "orders_until": day,
                "now": moment,
                "after_an_order_today": moment,
                "after_further_silence": moment,
            },
            "required": ["figure", "entry", "as_of"],
        },
    }


def _file() -> dict[str, Any]:
    text, number = {"type": "string"}, {"type": "integer"}
    properties: dict[str, Any] = {
        "id": number,
        "name": text,
        "media_type": {**text, "description": _("What its first bytes say it is")},
        "size": {**number, "description": _("Bytes")},
        "sha256": text,
        "created_at": {**text, "format": "date-time"},
        "created_by": {
            "type": ["object", "null"],
            "properties": {"id": number, "name": text},
        },
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def file_sent() -> dict[str, Any]:
    """A file as a part of a form, or as the body itself."""
    about = _("The file, at most %(limit)d MB") % {"limit": MOST_BYTES >> 20}
    part = {"type": "string", "contentMediaType": RAW, "description": about}
    form = {
        "type": "object",
        "properties": {PART: part},
        "required": [PART],
        "additionalProperties": False,
    }
    return {"required": True, "content": {FORM: {"schema": form}, RAW: {}}}


def parameters() -> dict[str, Any]:
    def query(name: str, schema: dict[str, Any], said: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "in": "query", "schema": schema, "description": said, **more}

    def header(name: str, schema: dict[str, Any], said: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "in": "header", "schema": schema, "description": said, **more}

    etag = {"type": "string", "maxLength": 40}
    return {
        "id": {
            "name": "id",
            "in": "path",
            "required": True,
            "description": _("The id, or key: and the key that other systems know"),
            "schema": {"type": "string", "pattern": r"^(\d{1,18}|key:[^/\x00]{1,200})$"},
            "example": "7",
        },
        "figure": {
            "name": "figure",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "enum": list(FIGURES)},
        },
        "file": {
            "name": "file",
            "in": "path",
            "required": True,
            "description": _("The id of a file on the record"),
            "schema": {"type": "string", "pattern": r"^\d{1,18}$"},
            "example": "7",
        },
        "w": query(
            "w",
            {"type": "array", "items": {"type": "string", "maxLength": 8000}, "maxItems": 20},
            _(
                "A condition as in the addresses of the lists: tier.in.S,A, or a tree as JSON; repeatable"
            ),
            example=["tier.in.S,A"],
        ),
        "view": query(
            "view",
            {"type": "string", "maxLength": 40},
            _("A view that comes with the kind, or the number of a saved one"),
        ),
        "q": query("q", {"type": "string", "maxLength": 200}, _("Search")),
        "limit": query(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
            _("Rows of a page"),
        ),
        "cursor": query(
            "cursor", {"type": "string", "maxLength": 2000}, _("Where the page before ended")
        ),
        "count": query(
            "count", {"type": "boolean", "default": False}, _("Count them, up to 10,000")
        ),
        "Content-Disposition": header(
            "Content-Disposition",
            {"type": "string", "maxLength": 1000},
            _("The file’s name, where the file is the body itself"),
            example='attachment; filename="contract.pdf"',
        ),
        "Idempotency-Key": header(
            "Idempotency-Key",
            {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
            _("The same key and request again: done once, answered alike"),
        ),
        "If-Match": header(
            "If-Match", etag, _("The ETag that was seen: whoever was slower gets 412")
        ),
        "If-Match-demanded": header(
            "If-Match", etag, _("The ETag that was seen, or *"), required=True, example="*"
        ),
    }


def headers() -> dict[str, Any]:
    return {
        "RateLimit-Limit": {"schema": {"type": "integer"}, "description": _("Requests at once")},
        "RateLimit-Remaining": {"schema": {"type": "integer"}, "description": _("Requests left")},
        "RateLimit-Reset": {
            "schema": {"type": "integer"},
            "description": _("Seconds until the next"),
        },
        "ETag": {"schema": {"type": "string"}, "description": _("The record’s version")},
        "Retry-After": {"schema": {"type": "integer"}, "description": _("Seconds to wait")},
    }


def responses() -> dict[str, Any]:
    titles: dict[str, list[str]] = {}
    for status, title in KNOWN.values():
        titles.setdefault(str(status), []).append(str(title))
    content = {"application/problem+json": {"schema": ref("Problem")}}
    return {
        status: {"description": " · ".join(said), "content": content}
        for status, said in sorted(titles.items())
    }
