"""What a condition means for the database and in words, by the kind of its field."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from functools import reduce
from operator import and_
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezhi.accounts.models import User
from kezhi.core.actor import Actor, Scope
from kezhi.core.ids import record_id
from kezhi.records import Condition, Field, FieldKind, Kind, registry
from kezhi.workbench import operands
from kezhi.workbench.filtering.comparing import (
    OPERATOR_LABELS,
    SPANS,
    WITHOUT_OPERAND,
    holds_text,
)
from kezhi.workbench.models import Tag, Tagging
from kezhi.workbench.operands import Unusable

K = FieldKind
MOST_CHOICES = 50
DEEPEST_KEPT = 5
COMMA = re.compile(r"(?<!\\),")  # a comma within an entry is written after a backslash
MOST_KEPT = 200


@dataclass(frozen=True)
class Asking:
    """Who asks, on which day, in which time zone: what relative days and scopes are counted from.

    `within` are the kept filters (segments) inside which is asked now: none may contain itself. `spent`
    counts the conditions of all of them together; `memo` keeps what was looked up on the way.
    """

    actor: Actor
    on: date
    zone: tzinfo
    within: tuple[int, ...] = ()
    spent: list[int] = field(default_factory=lambda: [0], compare=False)
    memo: dict[str, Any] = field(default_factory=dict, compare=False)

    def inside(self, kept: int, conditions: int) -> Asking:
        """The same question inside a kept filter; raises when it contains itself or asks without end."""
        self.spent[0] += conditions
        if kept in self.within or len(self.within) >= DEEPEST_KEPT or self.spent[0] > MOST_KEPT:
            raise Unusable(_("The segments contain each other too often to be read."))
        return replace(self, within=(*self.within, kept))


@dataclass(frozen=True)
class Meant:
    """A condition that was allowed, on its way to the database."""

    kind: Kind
    field: Field
    condition: Condition
    asking: Asking

    @property
    def path(self) -> str:
        return self.field.path

    @property
    def op(self) -> str:
        return self.condition.op

    @property
    def operand(self) -> str:
        return self.condition.operand.strip()

    def parts(self) -> list[str]:
        """The entries that the operand lists, one where the operator takes only one."""
        return _parts(self.operand) if self.op == "in" else [self.operand]


Meaning = tuple[Q, str]


def meaning(kind: Kind, field: Field, condition: Condition, asking: Asking) -> Meaning:
    """The predicate and the operand in words; raises `Unusable` with a sentence for the reader.

    A predicate on a field with an `expression` needs the queryset `aliased`.
    """
    meant = Meant(kind, field, condition, asking)
    reader = _READERS.get(field.kind, _number if field.is_number else _text)
    if condition.op in WITHOUT_OPERAND:
        nothing = _nothing(meant)
        is_empty = condition.op == "empty"
        return nothing if is_empty else ~nothing, str(OPERATOR_LABELS[condition.op])
    predicate, shown = reader(meant)
    return predicate, shown


def aliased(queryset: QuerySet[Any], *fields: Field) -> QuerySet[Any]:
    """The rows with the fields that have no column of their own under their paths."""
    own = {field.path: field.expression for field in fields if field.expression is not None}
    return queryset.alias(**own) if own else queryset


def search_path(field: Field) -> str:
    if field.kind is K.LINK:
        linked = registry[field.link]
        return f"{field.path}__{linked.field(linked.title).path}"
    return field.path


def enumerated(names: Sequence[str]) -> str:
    return pgettext("between the entries of a list", ", ").join(names)


def _is(meant: Meant, lookup: str, entry: Any) -> Q:
    """Whether the field compares so.

    Django guards a negated column against NULL, but not an expression: without the second part,
    "not red" would miss the rows that have no colour.
    """
    here = Q(**{f"{meant.path}__{lookup}": entry})
    if meant.field.expression is None:
        return here
    return here & Q(**{f"{meant.path}__isnull": False})


def _nothing(meant: Meant) -> Q:
    if meant.field.kind is K.TAGS:
        return ~Q(Exists(_taggings(meant)))
    nothing = Q(**{f"{meant.path}__isnull": True})
    if meant.field.kind is K.MULTI_CHOICE:
        nothing |= _is(meant, "exact", [])
    elif holds_text(meant.field):
        nothing |= _is(meant, "exact", "")
    return nothing


def _text(meant: Meant) -> Meaning:
    if meant.op == "in":
        wanted = [operands.text(part) for part in _parts(meant.operand)]
        return _is(meant, "in", wanted), enumerated(wanted)
    text = operands.text(meant.operand)
    if meant.op == "contains":
        return _is(meant, "icontains", text), text
    same = _is(meant, "iexact", text)
    return (~same if meant.op == "ne" else same), text


def _number(meant: Meant) -> Meaning:
    amount = operands.number(meant.operand)
    if meant.field.kind is K.INTEGER and amount != amount.to_integral_value():
        raise Unusable(_("Write a whole number."))
    if meant.field.kind is K.INTEGER and abs(amount) > 2**31 - 1:
        raise Unusable(_("This number is too large."))
    shown = meant.operand  # as it was typed: that is how the reader thinks of it
    if meant.op == "ne":
        return ~_is(meant, "exact", amount), shown
    return _is(meant, "exact" if meant.op == "eq" else meant.op, amount), shown


def _day(meant: Meant) -> Meaning:
    operand, asking = meant.operand.lower(), meant.asking
    if meant.op == "within":
        first, last = operands.span(operand, asking.on)
        return _between(meant, first, last), _span_shown(operand)
    at = operands.day(operand, asking.on)
    shown = _day_shown(operand, at)
    if meant.op == "eq":
        return _between(meant, at, at), shown
    start, after = _start(meant, at), _start(meant, at + timedelta(days=1))
    lookup, bound = {
        "before": ("lt", start),
        "gte": ("gte", start),
        "after": ("gte", after),
        "lte": ("lt", after),
    }[meant.op]
    return _is(meant, lookup, bound), shown


def _start(meant: Meant, at: date) -> date | datetime:
    if meant.field.kind is K.DATE:
        return at
    return datetime.combine(at, time.min, meant.asking.zone)


def _between(meant: Meant, first: date, last: date) -> Q:
    beyond = _start(meant, last + timedelta(days=1))
    return _is(meant, "gte", _start(meant, first)) & _is(meant, "lt", beyond)


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


def _boolean(meant: Meant) -> Meaning:
    word = meant.operand.lower()
    if word not in ("yes", "no"):
        raise Unusable(_("Choose yes or no."))
    return _is(meant, "exact", word == "yes"), _("yes") if word == "yes" else _("no")


def _choice(meant: Meant) -> Meaning:
    wanted = meant.parts()
    return _one_of(meant, wanted), enumerated(_choice_names(meant.field, wanted))


def _choice_names(field: Field, wanted: Sequence[str]) -> list[str]:
    labels = dict(field.choices)
    if any(key not in labels for key in wanted):
        raise Unusable(_("Choose one of the entries."))
    return list(wanted) if field.kind is K.TIER else [str(labels[key]) for key in wanted]


def _several(meant: Meant) -> Meaning:
    wanted = _parts(meant.operand)
    shown = enumerated(_choice_names(meant.field, wanted))
    if meant.op == "all":
        return _is(meant, "contains", wanted) & _unusual(meant, wanted), shown
    some = _is(meant, "overlap" if _is_array(meant) else "has_any_keys", wanted)
    return (~some if meant.op == "none" else some & _unusual(meant, wanted)), shown


def _unusual(meant: Meant, wanted: Sequence[str]) -> Q:
    """That rows with these entries aren't as most rows are, where that follows: said, so that an index
    of the few (parties who supply) serves among a million."""
    if meant.field.expression is not None or not _is_array(meant):
        return Q()
    column: Any = meant.kind.model._meta.get_field(meant.path)
    usual = column.get_default() or []
    told = set(wanted) - set(usual) if meant.op == "all" else not set(wanted) & set(usual)
    return ~Q(**{meant.path: usual}) if usual and told else Q()


def _is_array(meant: Meant) -> bool:
    """Whether the entries stand in an array column; those of a custom field stand in a JSON array."""
    try:
        if meant.field.expression is not None:
            column = meant.field.expression.output_field
        else:
            column = meant.kind.model._meta.get_field(meant.path)
    except (AttributeError, FieldDoesNotExist):
        return False
    return isinstance(column, ArrayField)


def _tags(meant: Meant) -> Meaning:
    keys = [_key(part) for part in _parts(meant.operand)]
    tags = Tag.objects.visible_to(meant.asking.actor).filter(pk__in=keys)
    names = dict(tags.values_list("pk", "name"))
    if any(key not in names for key in keys):
        raise Unusable(_("Choose one of the tags."))
    shown = enumerated([names[key] for key in keys])
    if meant.op == "all":
        each = (Q(Exists(_taggings(meant).filter(tag_id=key))) for key in dict.fromkeys(keys))
        return reduce(and_, each), shown
    some = Q(Exists(_taggings(meant).filter(tag_id__in=keys)))
    return (~some if meant.op == "none" else some), shown


def _taggings(meant: Meant) -> QuerySet[Tagging]:
    return Tagging.objects.filter(kind=meant.kind.name, object_id=OuterRef("pk"))


def _person(meant: Meant) -> Meaning:
    named = meant.parts()
    keys = [meant.asking.actor.pk if part == "me" else _key(part) for part in named]
    names = dict(User.objects.filter(pk__in=keys).values_list("pk", "name"))
    if any(key not in names for key in keys):
        raise Unusable(_("Choose a colleague."))
    shown = [_("me") if part == "me" else names[key] for part, key in zip(named, keys, strict=True)]
    return _one_of(meant, keys), enumerated(shown)


def _link(meant: Meant) -> Meaning:
    actor, field = meant.asking.actor, meant.field
    linked = registry[field.link]
    if meant.op == "contains":
        text = operands.text(meant.operand)
        if field.expression is None and actor.scope("read", linked.name) is Scope.ALL:
            return Q(**{f"{search_path(field)}__icontains": text}), text
        # By the name of a record that the actor may not see, nothing is found.
        title = linked.field(linked.title).path
        known = linked.visible_to(actor).filter(**{f"{title}__icontains": text})
        return _is(meant, "in", known.values("pk")), text
    keys = [_key(part) for part in meant.parts()]
    titles = {row.pk: str(row) for row in linked.visible_to(actor).filter(pk__in=keys)}
    if any(key not in titles for key in keys):
        # A record that the actor may not see and one that isn't there must look the same.
        raise Unusable(_("What it was set to doesn’t exist, or you can’t see it."))
    return _one_of(meant, keys), enumerated([titles[key] for key in keys])


def _one_of(meant: Meant, keys: Sequence[object]) -> Q:
    same = _is(meant, "in", list(keys))
    return ~same if meant.op == "ne" else same


def _parts(operand: str) -> list[str]:
    parts = [part.replace("\\,", ",").strip() for part in COMMA.split(operand)]
    parts = [part for part in parts if part]
    if not parts:
        raise Unusable(_("Choose at least one."))
    if len(parts) > MOST_CHOICES:
        raise Unusable(_("At most %(count)d can be chosen.") % {"count": MOST_CHOICES})
    return parts


def _key(part: str) -> int:
    key = record_id(part)
    if key is None:
        raise Unusable(_("Choose one of the entries."))
    return key


_READERS: dict[FieldKind, Callable[[Meant], Meaning]] = {
    K.DATE: _day,
    K.MOMENT: _day,
    K.BOOLEAN: _boolean,
    K.CHOICE: _choice,
    K.MULTI_CHOICE: _several,
    K.TAGS: _tags,
    K.TIER: _choice,
    K.PERSON: _person,
    K.LINK: _link,
}
