"""One filter for every list of records: page, export, saved view, and whatever asks later.

Conditions are text from an address or a saved view and are never trusted: field, operator and operand are
looked up in the declaration, and what isn't allowed there is a problem with a sentence, never a query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from kezhi.accounts.models import User
from kezhi.core.actor import Actor
from kezhi.records import Condition, Field, FieldKind, Kind, registry
from kezhi.records.fields import Label
from kezhi.workbench import operands
from kezhi.workbench.operands import Unusable
from kezhi.workbench.sorting import Order

K = FieldKind
MOST_CONDITIONS = 20
MOST_CHOICES = 50
MOST_WORDS = 6

_TEXT = ("contains", "eq", "ne", "in", "empty", "filled")
_NUMBER = ("gte", "lte", "gt", "lt", "eq", "ne", "empty", "filled")
_DAY = ("within", "before", "after", "gte", "lte", "eq", "empty", "filled")
_CHOICE = ("in", "eq", "ne", "empty", "filled")
OPERATORS: dict[FieldKind, tuple[str, ...]] = {
    **dict.fromkeys((K.TEXT, K.LONG_TEXT, K.CODE, K.PHONE, K.EMAIL, K.URL, K.TAX_ID), _TEXT),
    **{kind: _NUMBER for kind in FieldKind if kind.is_number},
    K.DATE: _DAY,
    K.MOMENT: _DAY,
    K.BOOLEAN: ("eq",),
    K.CHOICE: _CHOICE,
    K.TIER: _CHOICE,
    K.PERSON: _CHOICE,
    K.LINK: ("in", "contains", "eq", "ne", "empty", "filled"),
}
# How an operator reads in a form, and in a chip between the field and the operand.
OPERATOR_LABELS: dict[str, Label] = {
    "eq": pgettext_lazy("filter", "is"),
    "ne": pgettext_lazy("filter", "is not"),
    "in": pgettext_lazy("filter", "is one of"),
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


@dataclass(frozen=True)
class Asking:
    """Who asks, on which day, in which time zone: what relative days and scopes are counted from."""

    actor: Actor
    on: date
    zone: tzinfo


@dataclass(frozen=True)
class Criterion:
    """A condition after the check: its meaning for the database and in words, or the problem with it."""

    source: str
    label: str
    sign: str = ""
    shown: str = ""
    predicate: Q | None = None
    problem: str = ""
    condition: Condition | None = None

    @property
    def is_valid(self) -> bool:
        return not self.problem


def operators(field: Field) -> list[tuple[str, str]]:
    """The operators that may stand with a field, each with its words."""
    special = DAY_OPERATOR_LABELS if field.kind in (K.DATE, K.MOMENT) else {}
    return [(op, str(special.get(op, OPERATOR_LABELS[op]))) for op in OPERATORS[field.kind]]


def filterable(kind: Kind) -> list[Field]:
    return [field for field in kind.fields if field.is_filterable]


def check(kind: Kind, source: str, asking: Asking) -> Criterion:
    """The criterion of one condition as it stands in an address; never raises."""
    try:
        condition = Condition.parse(source)
    except ValueError:
        return Criterion(source, _shortened(source), problem=_("This filter isn’t complete."))
    field = kind.field(condition.field) if condition.field in kind else None
    if field is None or not field.is_filterable:
        problem = _("This list can’t be filtered by “%(field)s”.")
        name = str(field.label) if field is not None else _shortened(condition.field)
        return Criterion(source, name, problem=problem % {"field": name})
    if condition.op not in OPERATORS[field.kind]:
        problem = _("“%(field)s” doesn’t know this kind of comparison.") % {"field": field.label}
        return Criterion(source, str(field.label), problem=problem, condition=condition)
    try:
        predicate, shown = _meaning(kind, field, condition, asking)
    except Unusable as reason:
        return Criterion(
            source,
            str(field.label),
            str(SIGNS.get(condition.op, "")),
            _shortened(condition.operand),
            problem=f"{field.label}{_(': ')}{reason}",
            condition=condition,
        )
    sign = str(SIGNS.get(condition.op, ""))
    return Criterion(source, str(field.label), sign, shown, predicate, condition=condition)


@dataclass(frozen=True)
class Filter:
    """A checked filter with its order; `apply` it to what the actor may see."""

    kind: Kind
    criteria: tuple[Criterion, ...] = ()
    text: str = ""
    order: Order | None = None
    problems: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        kind: Kind,
        asking: Asking,
        *,
        conditions: Iterable[str | Condition] = (),
        text: str = "",
        sort: str = "",
    ) -> Filter:
        sources = [str(condition) for condition in conditions]
        criteria = tuple(check(kind, source, asking) for source in sources[:MOST_CONDITIONS])
        problems = [criterion.problem for criterion in criteria if criterion.problem]
        if len(sources) > MOST_CONDITIONS:
            problems.append(
                _("At most %(count)d filters work together.") % {"count": MOST_CONDITIONS}
            )
        try:
            text = operands.text(text) if text.strip() else ""
        except Unusable as reason:
            text = ""
            problems.append(f"{_('Search')}{_(': ')}{reason}")
        order = None
        try:
            order = Order.of(kind, sort or kind.default_sort)
        except Unusable as reason:
            problems.append(str(reason))
        return cls(kind, criteria, text, order, tuple(problems))

    def apply(self, queryset: QuerySet[Any], *, leaving_out: int | None = None) -> QuerySet[Any]:
        """The rows that meet every condition; none at all while there is a problem."""
        if self.problems:
            return queryset.none()
        for place, criterion in enumerate(self.criteria):
            if place != leaving_out and criterion.predicate is not None:
                queryset = queryset.filter(criterion.predicate)
        if self.text:
            queryset = queryset.filter(_found(self.kind, self.text))
        return queryset

    @property
    def is_empty(self) -> bool:
        return not self.criteria and not self.text


def _found(kind: Kind, text: str) -> Q:
    """Every word must occur somewhere among the searchable fields."""
    paths = [_search_path(field) for field in kind.fields if field.is_searchable]
    if not paths:
        return Q()
    words = text.split()[:MOST_WORDS]
    return reduce(
        and_,
        (reduce(or_, (Q(**{f"{path}__icontains": word}) for path in paths)) for word in words),
    )


def _search_path(field: Field) -> str:
    if field.kind is K.LINK:
        linked = registry[field.link]
        return f"{field.path}__{linked.field(linked.title).path}"
    return field.path


def _shortened(text: str) -> str:
    line = "".join(c if c.isprintable() else "·" for c in text)
    return line if len(line) <= 40 else f"{line[:39]}…"


# ---- what a condition means, by kind of field ----

Meaning = tuple[Q, str]


def _meaning(kind: Kind, field: Field, condition: Condition, asking: Asking) -> Meaning:
    if condition.op in WITHOUT_OPERAND:
        nothing = Q(**{f"{field.path}__isnull": True})
        if _holds_text(field):
            nothing |= Q(**{field.path: ""})
        is_empty = condition.op == "empty"
        return nothing if is_empty else ~nothing, str(OPERATOR_LABELS[condition.op])
    reader = _READERS.get(field.kind, _number if field.is_number else _text)
    return reader(field, condition, asking)


def _holds_text(field: Field) -> bool:
    return field.kind in (K.CHOICE, K.TIER) or OPERATORS[field.kind] is _TEXT


def _text(field: Field, condition: Condition, asking: Asking) -> Meaning:
    if condition.op == "in":
        wanted = [operands.text(part) for part in _parts(condition.operand)]
        return Q(**{f"{field.path}__in": wanted}), _enumerated(wanted)
    text = operands.text(condition.operand)
    if condition.op == "contains":
        return Q(**{f"{field.path}__icontains": text}), text
    same = Q(**{f"{field.path}__iexact": text})
    return (~same if condition.op == "ne" else same), text


def _number(field: Field, condition: Condition, asking: Asking) -> Meaning:
    amount = operands.number(condition.operand)
    if field.kind is K.INTEGER and amount != amount.to_integral_value():
        raise Unusable(_("Write a whole number."))
    if field.kind is K.INTEGER and abs(amount) > 2**31 - 1:
        raise Unusable(_("This number is too large."))
    shown = condition.operand.strip()  # as it was typed: that is how the reader thinks of it
    if condition.op == "ne":
        return ~Q(**{field.path: amount}), shown
    lookup = field.path if condition.op == "eq" else f"{field.path}__{condition.op}"
    return Q(**{lookup: amount}), shown


def _day(field: Field, condition: Condition, asking: Asking) -> Meaning:
    operand = condition.operand.strip().lower()
    if condition.op == "within":
        first, last = operands.span(operand, asking.on)
        return _between(field, first, last, asking.zone), _span_shown(operand)
    at = operands.day(operand, asking.on)
    shown = _day_shown(operand, at)
    if condition.op == "eq":
        return _between(field, at, at, asking.zone), shown
    start: date | datetime = _start(field, at, asking.zone)
    after: date | datetime = _start(field, at + timedelta(days=1), asking.zone)
    lookup, bound = {
        "before": ("lt", start),
        "gte": ("gte", start),
        "after": ("gte", after),
        "lte": ("lt", after),
    }[condition.op]
    return Q(**{f"{field.path}__{lookup}": bound}), shown


def _start(field: Field, at: date, zone: tzinfo) -> date | datetime:
    return at if field.kind is K.DATE else datetime.combine(at, time.min, zone)


def _between(field: Field, first: date, last: date, zone: tzinfo) -> Q:
    beyond = _start(field, last + timedelta(days=1), zone)
    return Q(**{f"{field.path}__gte": _start(field, first, zone), f"{field.path}__lt": beyond})


def _span_shown(operand: str) -> str:
    if operand in SPANS:
        return str(SPANS[operand])
    if operand.removeprefix("-") in SPANS:
        return str(SPANS[operand.removeprefix("-")])
    if match := operands.NEXT.fullmatch(operand.replace("+", "next_")):
        return _("the next %(count)s %(unit)s") % _counted(match[1], match[2])
    if match := operands.SHIFT.fullmatch(operand):
        return _("the last %(count)s %(unit)s") % _counted(match[2], match[3])
    return operand.replace("..", " ～ ")


def _day_shown(operand: str, at: date) -> str:
    return str(SPANS[operand]) if operand in SPANS and operand.isalpha() else at.isoformat()


def _counted(count: str, unit: str) -> dict[str, str]:
    units = {"d": _("days"), "w": _("weeks"), "m": _("months"), "y": _("years")}
    return {"count": count, "unit": units[unit]}


def _boolean(field: Field, condition: Condition, asking: Asking) -> Meaning:
    word = condition.operand.strip().lower()
    if word not in ("yes", "no"):
        raise Unusable(_("Choose yes or no."))
    return Q(**{field.path: word == "yes"}), _("yes") if word == "yes" else _("no")


def _choice(field: Field, condition: Condition, asking: Asking) -> Meaning:
    labels = dict(field.choices)
    wanted = _parts(condition.operand) if condition.op == "in" else [condition.operand.strip()]
    if any(key not in labels for key in wanted):
        raise Unusable(_("Choose one of the entries."))
    names = wanted if field.kind is K.TIER else [str(labels[key]) for key in wanted]
    return _one_of(field.path, wanted, condition.op), _enumerated(names)


def _person(field: Field, condition: Condition, asking: Asking) -> Meaning:
    named = _parts(condition.operand) if condition.op == "in" else [condition.operand.strip()]
    keys = [asking.actor.pk if part == "me" else _key(part) for part in named]
    names = dict(User.objects.filter(pk__in=keys).values_list("pk", "name"))
    if any(key not in names for key in keys):
        raise Unusable(_("Choose a colleague."))
    shown = [_("me") if part == "me" else names[key] for part, key in zip(named, keys, strict=True)]
    return _one_of(field.path, keys, condition.op), _enumerated(shown)


def _link(field: Field, condition: Condition, asking: Asking) -> Meaning:
    linked = registry[field.link]
    if condition.op == "contains":
        text = operands.text(condition.operand)
        return Q(**{f"{_search_path(field)}__icontains": text}), text
    named = _parts(condition.operand) if condition.op == "in" else [condition.operand.strip()]
    keys = [_key(part) for part in named]
    titles = {row.pk: str(row) for row in linked.visible_to(asking.actor).filter(pk__in=keys)}
    if any(key not in titles for key in keys):
        # A record that the actor may not see and one that isn't there must look the same.
        raise Unusable(_("What it was set to doesn’t exist, or you can’t see it."))
    return _one_of(field.path, keys, condition.op), _enumerated([titles[key] for key in keys])


def _one_of(path: str, keys: Sequence[object], op: str) -> Q:
    same = Q(**{f"{path}__in": list(keys)})
    return ~same if op == "ne" else same


def _parts(operand: str) -> list[str]:
    parts = [part.strip() for part in operand.split(",") if part.strip()]
    if not parts:
        raise Unusable(_("Choose at least one."))
    if len(parts) > MOST_CHOICES:
        raise Unusable(_("At most %(count)d can be chosen.") % {"count": MOST_CHOICES})
    return parts


def _key(part: str) -> int:
    if not (part.isascii() and part.isdigit() and len(part) < 19):
        raise Unusable(_("Choose one of the entries."))
    return int(part)


def _enumerated(names: Sequence[str]) -> str:
    return pgettext("between the entries of a list", ", ").join(names)


_READERS: dict[FieldKind, Callable[[Field, Condition, Asking], Meaning]] = {
    K.DATE: _day,
    K.MOMENT: _day,
    K.BOOLEAN: _boolean,
    K.CHOICE: _choice,
    K.TIER: _choice,
    K.PERSON: _person,
    K.LINK: _link,
}
