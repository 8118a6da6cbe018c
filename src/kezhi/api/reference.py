"""The API's description for people: as far as the reader's own rights reach, drawn from the same schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kezhi.accounts.models import User
from kezhi.api.operations import operations
from kezhi.api.schema import described

DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Member:
    """A parameter, or a member of what is sent or answered."""

    name: str
    kind: str
    about: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation, ready to be shown."""

    name: str
    method: str
    path: str
    summary: str
    parameters: tuple[Member, ...]
    sent: tuple[Member, ...]
    answered: tuple[Member, ...]
    statuses: tuple[tuple[str, str], ...]


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """One area open at a time: `?of=customer`; without one the list of them."""
    actor = cast(User, request.actor)  # type: ignore[attr-defined] # set for every signed-in request
    whole = described(actor, operations())
    labels = {tag["name"]: tag["description"] for tag in whole["tags"]}
    of = request.GET.get("of", "")
    about = {
        "areas": list(labels.items()),
        "of": of if of in labels else "",
        "label": labels.get(of, ""),
        "entries": _entries(whole, of if of in labels else ""),
    }
    return render(request, "api/reference.html", about)


def _entries(whole: dict[str, Any], area: str) -> list[Entry]:
    found = []
    for path, methods in whole["paths"].items():
        for method, told in methods.items():
            if (told.get("tags") or [""])[0] == area:
                found.append(_entry(whole, path, method, told))
    return found


def _entry(whole: dict[str, Any], path: str, method: str, told: dict[str, Any]) -> Entry:
    good = next(status for status in told["responses"] if status.startswith("2"))
    return Entry(
        name=told["operationId"],
        method=method.upper(),
        path=f"/api/v1{path}",
        summary=told["summary"],
        parameters=tuple(_parameter(_found(whole, each)) for each in told.get("parameters", ())),
        sent=_members(whole, told.get("requestBody", {})),
        answered=_members(whole, told["responses"][good]),
        statuses=tuple(
            (status, _found(whole, answer)["description"])
            for status, answer in told["responses"].items()
        ),
    )


def _parameter(told: dict[str, Any]) -> Member:
    kind = _kind(told["schema"])
    return Member(told["name"], kind, told.get("description", ""), told.get("required", False))


def _members(whole: dict[str, Any], body: dict[str, Any]) -> tuple[Member, ...]:
    content = body.get("content", {})
    form = content.get("application/json") or content.get("multipart/form-data", {})
    schema = _found(whole, form.get("schema", {}))
    if "allOf" in schema:
        schema = _found(whole, schema["allOf"][0])
    if "items" in schema.get("properties", {}):
        # Of a page or a list, what one of its items holds.
        inner = _found(whole, schema["properties"]["items"].get("items", {}))
        schema = inner if "properties" in inner else schema
    required = set(schema.get("required", ()))
    return tuple(
        Member(name, _kind(_found(whole, part)), _about(part), name in required)
        for name, part in schema.get("properties", {}).items()
    )


def _about(part: dict[str, Any]) -> str:
    return str(part.get("title") or part.get("description") or "")


def _found(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    for _step in range(DEEPEST):
        if "$ref" not in part:
            break
        found: Any = whole
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def _kind(part: dict[str, Any]) -> str:
    """As short as it can be said: string, integer, date, one of S, A, B …"""
    if "enum" in part:
        return " | ".join(str(key) for key in part["enum"] if key is not None)
    if "format" in part:
        return str(part["format"])
    if "$ref" in part:
        return str(part["$ref"].rpartition("/")[2])
    kinds = part.get("type")
    if kinds is None:
        among = [_kind(each) for each in (*part.get("anyOf", ()), *part.get("oneOf", ()))]
        return " | ".join(dict.fromkeys(each for each in among if each and each != "null"))
    names = [kinds] if isinstance(kinds, str) else [name for name in kinds if name != "null"]
    return " | ".join(names)
