"""Which comparisons stand with which kind of field, and how they read."""

from __future__ import annotations

from django.utils.translation import gettext_lazy, pgettext_lazy

from kezhi.core.actor import Actor
from kezhi.records import Field, FieldKind, Kind
from kezhi.records.fields import Label
from kezhi.workbench.filtering.questions import Question, questions_of

K = FieldKind

TEXT = ("contains", "eq", "ne", "in", "empty", "filled")
NUMBER = ("gte", "lte", "gt", "lt", "eq", "ne", "empty", "filled")
_DAY = ("within", "before", "after", "gte", "lte", "eq", "empty", "filled")
_CHOICE = ("in", "eq", "ne", "empty", "filled")
_SEVERAL = ("any", "all", "none", "empty", "filled")
OPERATORS: dict[FieldKind, tuple[str, ...]] = {
    **dict.fromkeys((K.TEXT, K.LONG_TEXT, K.CODE, K.PHONE, K.EMAIL, K.URL, K.TAX_ID), TEXT),
    **{kind: NUMBER for kind in FieldKind if kind.is_number},
    K.DATE: _DAY,
    K.MOMENT: _DAY,
    K.BOOLEAN: ("eq",),
    K.CHOICE: _CHOICE,
    K.MULTI_CHOICE: _SEVERAL,
    K.TAGS: _SEVERAL,
    K.TIER: _CHOICE,
    K.PERSON: _CHOICE,
    K.LINK: ("in", "contains", "eq", "ne", "empty", "filled"),
}
# How an operator reads in a form, and in a chip between the field and the operand.
OPERATOR_LABELS: dict[str, Label] = {
    "eq": pgettext_lazy("filter", "is"),
    "ne": pgettext_lazy("filter", "is not"),
    "in": pgettext_lazy("filter", "is one of"),
    "any": pgettext_lazy("filter", "has any of"),
    "all": pgettext_lazy("filter", "has all of"),
    "none": pgettext_lazy("filter", "has none of"),
    "contains": pgettext_lazy("filter", "contains"),
    "lt": pgettext_lazy("filter", "less than"),
    "lte": pgettext_lazy("filter", "at most"),
    "gt": pgettext_lazy("filter", "more than"),
    "gte": pgettext_lazy("filter", "at least"),
    "before": pgettext_lazy("filter", "before"),
    "after": pgettext_lazy("filter", "after"),
    "within": pgettext_lazy("filter", "within"),
    "empty": pgettext_lazy("filter", "is empty"),
    "filled": pgettext_lazy("filter", "is filled in"),
}
DAY_OPERATOR_LABELS: dict[str, Label] = {
    "gte": pgettext_lazy("filter of days", "on or after"),
    "lte": pgettext_lazy("filter of days", "on or before"),
    "eq": pgettext_lazy("filter of days", "on"),
}
SIGNS: dict[str, Label] = {
    "eq": "",
    "in": "",
    "any": "",
    "all": pgettext_lazy("filter", "has all of"),
    "none": pgettext_lazy("filter", "has none of"),
    "within": "",
    "ne": "≠",
    "lt": "<",
    "lte": "≤",
    "gt": ">",
    "gte": "≥",
    "contains": pgettext_lazy("filter", "contains"),
    "before": pgettext_lazy("filter", "before"),
    "after": pgettext_lazy("filter", "after"),
}
WITHOUT_OPERAND = frozenset({"empty", "filled"})
# Whose operand is a list of entries.
SEVERAL = frozenset({"in", "any", "all", "none"})
SPANS: dict[str, Label] = {
    "today": gettext_lazy("today"),
    "yesterday": gettext_lazy("yesterday"),
    "tomorrow": gettext_lazy("tomorrow"),
    "this_week": gettext_lazy("this week"),
    "this_month": gettext_lazy("this month"),
    "last_month": gettext_lazy("last month"),
    "this_quarter": gettext_lazy("this quarter"),
    "this_year": gettext_lazy("this year"),
    "last_year": gettext_lazy("last year"),
    "7d": gettext_lazy("the last 7 days"),
    "30d": gettext_lazy("the last 30 days"),
    "90d": gettext_lazy("the last 90 days"),
    "12m": gettext_lazy("the last 12 months"),
    "next_7d": gettext_lazy("the next 7 days"),
    "next_30d": gettext_lazy("the next 30 days"),
    "next_90d": gettext_lazy("the next 90 days"),
}


def operators(field: Field) -> list[tuple[str, str]]:
    """The operators that may stand with a field, each with its words."""
    special = DAY_OPERATOR_LABELS if field.kind in (K.DATE, K.MOMENT) else {}
    return [(op, str(special.get(op, OPERATOR_LABELS[op]))) for op in comparisons(field)]


def comparisons(field: Field) -> tuple[str, ...]:
    return field.comparisons if isinstance(field, Question) else OPERATORS[field.kind]


def operator_label(field: Field, op: str) -> str:
    return dict(operators(field))[op]


def filterable(kind: Kind, actor: Actor | None = None) -> list[Field]:
    """The fields and questions that a list is filtered by; with an actor, those that they may ask."""
    return [
        *(field for field in kind.fields if field.is_filterable),
        *questions_of(kind, actor),
    ]


def holds_text(field: Field) -> bool:
    """Whether nothing can stand there as an empty text, too."""
    return field.kind in (K.CHOICE, K.TIER) or OPERATORS[field.kind] is TEXT
