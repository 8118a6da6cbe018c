"""The form that adds a filter or changes one: field, comparison, operand, in steps that need no script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.records import Condition, Field, FieldKind, Kind
from kezhi.records.fields import Label
from kezhi.web.requests import PersonRequest
from kezhi.workbench.filtering import (
    SEVERAL,
    SPANS,
    WITHOUT_OPERAND,
    Question,
    filterable,
    operators,
)
from kezhi.workbench.filtering.tree import is_tree
from kezhi.workbench.list_query import ListQuery
from kezhi.workbench.models import Tag

K = FieldKind
MOST_TAGS = 200
MOST_PEOPLE = 300


@dataclass(frozen=True)
class FilterForm:
    """What the popover shows now; `control` names the operand's control."""

    fields: list[Field]
    field: Field | None
    operators: list[tuple[str, str]]
    op: str
    control: str
    options: list[tuple[str, Label]]
    operand: str
    replace: str
    is_open: bool

    @property
    def chosen(self) -> list[str]:
        return self.operand.split(",")


def form_of(request: PersonRequest, kind: Kind, query: ListQuery) -> FilterForm:
    """The form as the address asks for it: `edit=2`, or the steps `field` and `op`."""
    name, op, operand = request.GET.get("field", ""), request.GET.get("op", ""), ""
    replace, is_open = request.GET.get("replace", ""), "field" in request.GET
    edited = _edited(request.GET, query)
    if edited is not None:
        replace, condition = edited
        name, op, operand, is_open = condition.field, condition.op, condition.operand, True
    fields = filterable(kind, request.actor)
    field = next((each for each in fields if each.name == name), None)
    known = operators(field) if field else []
    if op not in dict(known):
        op = known[0][0] if known else ""
    control, options = Controls(request.actor).of(field, op) if field else ("", [])
    return FilterForm(fields, field, known, op, control, options, operand, replace, is_open)


def condition_of(data: QueryDict) -> str | None:
    """The condition that the form sends; None while it is not complete."""
    field, op = data.get("field", ""), data.get("op", "")
    if "apply" not in data or not field or not op:
        return None
    if op in WITHOUT_OPERAND:
        return str(Condition(field, op))
    parts = [part.strip() for part in data.getlist("operand") if part.strip()]
    if op == "within" and data.get("from") and data.get("to"):
        parts = [f"{data['from']}..{data['to']}"]
    return str(Condition(field, op, ",".join(parts))) if parts else None


def _edited(data: QueryDict, query: ListQuery) -> tuple[str, Condition] | None:
    at = data.get("edit", "")
    if not (at.isdecimal() and int(at[:4]) < len(query.shape.conditions)):
        return None
    if is_tree(query.shape.conditions[int(at[:4])]):
        return None  # a tree is changed in the builder
    try:
        return at, Condition.parse(query.shape.conditions[int(at[:4])])
    except ValueError:
        return None


class Controls:
    """Which control stands for an operand, and its entries; each list is fetched once for a page."""

    def __init__(self, actor: Any) -> None:
        self.actor = actor

    def of(self, field: Field, op: str) -> tuple[str, list[tuple[str, Label]]]:
        several = "several" if op in SEVERAL else "one"
        if op in WITHOUT_OPERAND:
            return "none", []
        if isinstance(field, Question):
            return several, list(field.options(self.actor)) if field.options is not None else []
        if op == "contains" or (field.kind is not K.LINK and _is_text(field)):
            return "text", []
        if field.kind in (K.CHOICE, K.TIER, K.MULTI_CHOICE):
            return several, list(field.choices)
        if field.kind is K.TAGS:
            return "several", self._tags
        if field.kind is K.PERSON:
            return several, self._people
        if field.kind is K.LINK:
            return "linked", []
        if field.kind is K.BOOLEAN:
            return "one", [("yes", _("yes")), ("no", _("no"))]
        if field.kind in (K.DATE, K.MOMENT):
            return ("span", list(SPANS.items())) if op == "within" else ("day", [])
        return "number", []

    @cached_property
    def _people(self) -> list[tuple[str, Label]]:
        people = User.objects.active().order_by("name_key").values_list("pk", "name")[:MOST_PEOPLE]
        return [("me", _("me")), *((str(pk), name) for pk, name in people if pk != self.actor.pk)]

    @cached_property
    def _tags(self) -> list[tuple[str, Label]]:
        tags = Tag.objects.visible_to(self.actor).order_by("name_key").values_list("pk", "name")
        return [(str(pk), name) for pk, name in tags[:MOST_TAGS]]


def _is_text(field: Field) -> bool:
    return field.kind in (K.TEXT, K.LONG_TEXT, K.CODE, K.PHONE, K.EMAIL, K.URL, K.TAX_ID)
