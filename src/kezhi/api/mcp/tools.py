"""What an assistant may do: read and search, and, where it was given that, write down what happened.

Every tool is a call of the API's operations: the same permissions, masks, quotas and traces. Names and
descriptions are for models and stand in English, as the names of fields do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from kezhi.api.calling import Call
from kezhi.api.operations import by_name
from kezhi.api.problems import Problem
from kezhi.api.taking import take
from kezhi.api.writing import Writer
from kezhi.audit.recording import record
from kezhi.core.actor import Actor
from kezhi.customers.models import FollowUp, Interaction
from kezhi.insight.explaining import FIGURES
from kezhi.records import Kind, registry
from kezhi.workbench.filtering.comparing import operators
from kezhi.workbench.searching import find

MOST_FOUND = 20
MOST_LISTED = 50
MOST_OF_TIMELINE = 20
LONGEST_ENTRY = 2_000
LONGEST_ANSWER = 60_000

Schema = dict[str, Any]
Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Tool:
    """`needs` is the permission (action, kind) without which it isn't offered; `writes` says that it changes
    something."""

    name: str
    title: str
    description: str
    does: Callable[[Call, Arguments], Any]
    properties: Callable[[Actor], dict[str, Schema]]
    required: tuple[str, ...] = ()
    needs: tuple[str, str] | None = None
    writes: bool = False

    def is_open_to(self, actor: Actor) -> bool:
        return self.needs is None or actor.may(*self.needs)

    def schema(self, actor: Actor) -> Schema:
        return {
            "type": "object",
            "properties": self.properties(actor),
            "required": list(self.required),
            "additionalProperties": False,
        }


def offered(actor: Actor) -> list[Tool]:
    return [tool for tool in TOOLS if tool.is_open_to(actor) and readable(actor)]


def call_tool(call: Call, name: str, arguments: Arguments) -> Any:
    """What the tool answers, bounded in size. Raises `Problem`; leaves a row in the audit log."""
    tool = next((each for each in offered(call.actor) if each.name == name), None)
    if tool is None:
        raise Problem("not-found", _("There is no such tool, or this token may not use it."))
    known = tool.properties(call.actor)
    unknown = [each for each in arguments if each not in known]
    missing = [each for each in tool.required if arguments.get(each) in (None, "")]
    if unknown or missing:
        errors = [(f"/{each[:80]}", _("There is no such member here.")) for each in unknown]
        errors += [(f"/{each}", _("Fill this in.")) for each in missing]
        raise Problem("invalid", errors=errors)
    record("assistant.asked", actor=call.actor, tool=name, kind=_word(arguments, "kind"))
    return bounded(tool.does(call, arguments))


def bounded(content: Any) -> Any:
    """Long texts are cut; an answer that is too long in all is refused with what to do."""
    cut = _cut(content)
    if len(json.dumps(cut, ensure_ascii=False)) > LONGEST_ANSWER:
        raise Problem("too-large", _("The answer is too long: ask for fewer records or fields."))
    return cut


def _cut(content: Any) -> Any:
    if isinstance(content, str) and len(content) > LONGEST_ENTRY:
        return content[:LONGEST_ENTRY] + "…"
    if isinstance(content, dict):
        return {key: _cut(each) for key, each in content.items()}
    if isinstance(content, list):
        return [_cut(each) for each in content]
    return content


# ---- reading ----


def readable(actor: Actor) -> list[str]:
    return [kind.name for kind in registry if actor.may("read", kind.name)]


def _search(call: Call, arguments: Arguments) -> Any:
    text = _text(arguments, "text", 200)
    kinds = [_kind(call, arguments).name] if arguments.get("kind") else readable(call.actor)
    most = _number(arguments, "limit", 5, MOST_FOUND)
    found = find(text, by=call.actor, kinds=kinds, most=most)
    groups = []
    for group in found.groups:
        kind = call.kind(group.kind.name)
        ids = [place.pk for place in group.places]
        rows = kind.visible_to(call.actor).select_related(*kind.select_related).filter(pk__in=ids)
        names = [name for name in dict.fromkeys((kind.title, *kind.subtitle)) if name in kind]
        records = sorted(rows, key=lambda row: ids.index(row.pk))
        groups.append(
            {
                "kind": kind.name,
                "found": group.count,
                "records": _written(call, kind, records, names),
            }
        )
        take(len(records), call)
    return {"groups": groups, "there_are_more": found.is_capped}


def _describe(call: Call, arguments: Arguments) -> Any:
    if not arguments.get("kind"):
        return {
            "kinds": [
                {"kind": name, "label": str(registry[name].label_plural)}
                for name in readable(call.actor)
            ]
        }
    kind = _kind(call, arguments)
    fields = []
    for each in kind.fields:
        told: dict[str, Any] = {
            "name": each.name,
            "label": str(each.label),
            "type": each.kind.value,
        }
        if each.choices:
            told["choices"] = {key: str(label) for key, label in each.choices}
        if each.is_filterable:
            told["operators"] = [name for name, _label in operators(each)]
        if each.is_sortable:
            told["sortable"] = True
        fields.append(told)
    views = {view.name: str(view.label) for view in kind.views}
    return {"kind": kind.name, "label": str(kind.label), "fields": fields, "views": views}


def _list(call: Call, arguments: Arguments) -> Any:
    kind = _kind(call, arguments)
    query: dict[str, Any] = {"limit": str(_number(arguments, "limit", 20, MOST_LISTED))}
    filters = arguments.get("filters") or []
    if not isinstance(filters, list) or not all(isinstance(each, str) for each in filters):
        raise Problem("invalid", errors=[("/filters", _("Send a list of texts."))])
    if filters:
        query["w"] = filters
    for name, parameter in (
        ("text", "q"),
        ("sort", "sort"),
        ("cursor", "cursor"),
        ("view", "view"),
    ):
        if arguments.get(name):
            query[parameter] = _text(arguments, name, 500)
    if fields := arguments.get("fields"):
        if not isinstance(fields, list) or not all(isinstance(each, str) for each in fields):
            raise Problem("invalid", errors=[("/fields", _("Send a list of texts."))])
        query["fields"] = ",".join(fields)
    return _asked(call, f"{kind.name}_list", query=query)


def _get(call: Call, arguments: Arguments) -> Any:
    kind = _kind(call, arguments)
    reference = _reference(arguments)
    content: dict[str, Any] = {"record": _asked(call, f"{kind.name}_get", parts={"id": reference})}
    if kind.name == "customer":
        content |= _around(call, content["record"]["id"])
    return content


def _around(call: Call, customer: int) -> dict[str, Any]:
    """The latest lines of a customer's timeline and what is to be done, as far as the actor sees them."""
    found: dict[str, Any] = {}
    about: tuple[tuple[str, str, Any], ...] = (
        ("timeline", "interaction", Interaction.objects.order_by("-at", "-pk")),
        (
            "open_follow_ups",
            "follow_up",
            FollowUp.objects.filter(done_at=None).order_by("due_on", "pk"),
        ),
    )
    for name, kind_name, ordered in about:
        if not call.actor.may("read", kind_name):
            continue
        kind = call.kind(kind_name)
        rows = kind.visible_to(call.actor).select_related(*kind.select_related)
        mine = rows.filter(
            customer_id=customer, pk__in=ordered.filter(customer_id=customer).values("pk")
        )
        records = list(mine.order_by(*ordered.query.order_by)[:MOST_OF_TIMELINE])
        found[name] = _written(call, kind, records, [each.name for each in kind.fields])
        take(len(records), call)
    return found


def _explain(call: Call, arguments: Arguments) -> Any:
    figure = _text(arguments, "figure", 60)
    parts = {"id": _reference(arguments, "customer"), "figure": figure}
    return _asked(call, "customer_explanation", parts=parts)


def _day(call: Call, arguments: Arguments) -> Any:
    """What the owner of the token has to do today, with what is late."""
    kind = call.kind("follow_up")
    rows = kind.visible_to(call.actor).select_related(*kind.select_related)
    due = rows.filter(assignee_id__in=call.actor.own_ids, done_at=None, due_on__lte=call.today)
    records = list(due.order_by("due_on", "pk")[:MOST_LISTED])
    take(len(records), call)
    names = [each.name for each in kind.fields]
    return {"today": call.today.isoformat(), "follow_ups": _written(call, kind, records, names)}


# ---- writing ----


def _log(call: Call, arguments: Arguments) -> Any:
    body = {
        "customer": _link(arguments),
        "channel": arguments["channel"],
        "text": arguments["text"],
    }
    if arguments.get("at"):
        body["at"] = arguments["at"]
    return _asked(call, "interaction_create", body=body)


def _plan(call: Call, arguments: Arguments) -> Any:
    body = {
        "customer": _link(arguments),
        "subject": arguments["subject"],
        "due_on": arguments["due_on"],
        **({"despite": arguments["despite"]} if arguments.get("despite") else {}),
    }
    return _asked(call, "follow_up_create", body=body)


# ---- parts ----


def _asked(
    call: Call,
    operation: str,
    *,
    parts: dict[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
) -> Any:
    """What the API's operation answers to the same actor."""
    request = HttpRequest()
    request.method = "GET" if body is None else "POST"
    request.META = call.request.META
    request.GET = QueryDict(urlencode(query or {}, doseq=True))
    if body is not None:
        request.content_type = "application/json"
        request._body = json.dumps(body).encode()  # type: ignore[attr-defined]
    found = by_name(operation)
    if not found.is_open_to(call.actor):
        raise Problem("forbidden", _("This integration, or its owner, isn’t permitted this."))
    response = found.handler(replace(call, request=request, parts=parts or {}))
    assert isinstance(response, HttpResponse)  # tools fetch no files
    return json.loads(response.content)


def _written(call: Call, kind: Kind, records: list[Any], names: list[str]) -> list[dict[str, Any]]:
    writer = Writer(kind, [kind.field(name) for name in names])
    writer.attach(records, call)
    return [writer.write(row) for row in records]


def _kind(call: Call, arguments: Arguments) -> Kind:
    name = _word(arguments, "kind")
    if name not in registry:
        raise Problem("invalid", errors=[("/kind", _("There is no such kind of record."))])
    return call.kind(name)


def _word(arguments: Arguments, name: str) -> str:
    said = arguments.get(name)
    return said[:60] if isinstance(said, str) else ""


def _text(arguments: Arguments, name: str, longest: int) -> str:
    said = arguments.get(name)
    if not isinstance(said, str) or not said.strip() or len(said) > longest or "\0" in said:
        raise Problem("invalid", errors=[(f"/{name}", _("Send a text."))])
    return said.strip()


def _number(arguments: Arguments, name: str, usual: int, most: int) -> int:
    said = arguments.get(name)
    if said is None:
        return usual
    if isinstance(said, bool) or not isinstance(said, int) or not 1 <= said <= most:
        said_most = _("limit is a number from 1 to %(most)d.") % {"most": most}
        raise Problem("invalid", errors=[(f"/{name}", said_most)])
    return said


def _reference(arguments: Arguments, name: str = "id") -> str:
    said = arguments.get(name)
    if isinstance(said, int) and not isinstance(said, bool):
        return str(said)
    return _text(arguments, name, 200)


def _link(arguments: Arguments) -> Any:
    """A customer by number, or by its own key as `key:C-00042`."""
    said = _reference(arguments, "customer")
    return {"key": said.removeprefix("key:")} if said.startswith("key:") else int_of(said)


def int_of(text: str) -> Any:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else text


TEXT: Schema = {"type": "string"}
ID: Schema = {
    "type": ["integer", "string"],
    "description": "Its id, or key:… with the code that other systems know",
}


def _kinds(actor: Actor) -> Schema:
    return {"type": "string", "enum": readable(actor)}


def _limit(usual: int, most: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most, "default": usual}


TOOLS: tuple[Tool, ...] = (
    Tool(
        "search",
        "Search",
        "Find records by words, names (Chinese, pinyin or initials), phone numbers or codes.",
        _search,
        lambda actor: {"text": TEXT, "kind": _kinds(actor), "limit": _limit(5, MOST_FOUND)},
        ("text",),
    ),
    Tool(
        "describe",
        "Describe kinds of records",
        "Without kind: which kinds of records there are. With kind: its fields, their types, choices "
        "and filter operators, and its ready-made views.",
        _describe,
        lambda actor: {"kind": _kinds(actor)},
    ),
    Tool(
        "list_records",
        "List records",
        "A page of records. Each filter is a text field.operator.operand as told by describe, such as "
        "tier.in.S,A or due_on.before.today; go on with cursor.",
        _list,
        lambda actor: {
            "kind": _kinds(actor),
            "filters": {"type": "array", "items": TEXT},
            "text": TEXT,
            "view": TEXT,
            "sort": {"type": "string", "description": "A sortable field; with - from the top"},
            "fields": {"type": "array", "items": TEXT},
            "limit": _limit(20, MOST_LISTED),
            "cursor": TEXT,
        },
        ("kind",),
    ),
    Tool(
        "get_record",
        "Read a record",
        "All fields of one record. Of a customer also its value (tier, score, risk), the latest lines of its "
        "timeline and its open follow-ups.",
        _get,
        lambda actor: {"kind": _kinds(actor), "id": ID},
        ("kind", "id"),
    ),
    Tool(
        "explain_value",
        "Explain a customer's value",
        "How one figure of a customer's value came about: from which orders and costs, by which "
        "model, and what an order today or further silence would change.",
        _explain,
        lambda _actor: {
            "customer": ID,
            "figure": {"type": "string", "enum": sorted(FIGURES)},
        },
        ("customer", "figure"),
        needs=("read", "customer"),
    ),
    Tool(
        "my_day",
        "Work of today",
        "The follow-ups that the owner of the token has to do today, with those that are late.",
        _day,
        lambda _actor: {},
        needs=("read", "follow_up"),
    ),
    Tool(
        "log_interaction",
        "Log an interaction",
        "Write a call, visit, message or note on a customer's timeline. Only what the person asked you to "
        "write; colleagues read it.",
        _log,
        lambda _actor: {
            "customer": ID,
            "channel": {"type": "string", "enum": list(Interaction.Channel.values)},
            "text": {"type": "string", "maxLength": 10_000},
            "at": {
                "type": "string",
                "format": "date-time",
                "description": "When it was; now if left out",
            },
        },
        ("customer", "channel", "text"),
        needs=("create", "interaction"),
        writes=True,
    ),
    Tool(
        "plan_follow_up",
        "Plan a follow-up",
        "Plan something to do with a customer by a day, for the owner of the token.",
        _plan,
        lambda _actor: {
            "customer": ID,
            "subject": {"type": "string", "maxLength": 200},
            "due_on": {"type": "string", "format": "date"},
            "despite": {
                "type": "string",
                "maxLength": 300,
                "description": "Why now, where a complaint or fault of the customer is open",
            },
        },
        ("customer", "subject", "due_on"),
        needs=("create", "follow_up"),
        writes=True,
    ),
)
