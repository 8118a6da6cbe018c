"""What the groups of a dimension are called, and by which filters a list finds the records of one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezhi.accounts.models import User
from kezhi.records import FieldKind
from kezhi.workbench import operands
from kezhi.workbench.customizing import linking
from kezhi.workbench.filtering import Asking, Question
from kezhi.workbench.filtering.meaning import MOST_CHOICES
from kezhi.workbench.filtering.ownership import MODELS, named
from kezhi.workbench.models import Tag
from kezhi.workbench.operands import Unusable
from kezhi.workbench.reporting.computing import Group
from kezhi.workbench.reporting.dimensions import Dimension, following

K = FieldKind


@dataclass(frozen=True)
class Bucket:
    """A group with its words. `conditions` are the filters that find its records; None: none do."""

    group: Group
    label: str
    conditions: tuple[str, ...] | None = ()

    @property
    def is_others(self) -> bool:
        return self.group.is_others


def buckets(
    dimension: Dimension, groups: Sequence[Group], asking: Asking, beyond: int = 0
) -> list[Bucket]:
    """The groups in their order, named for this actor, each with its filters."""
    names = _names(dimension, [g.entry for g in groups if g.entry is not None], asking)
    shown = [group for group in groups if not group.is_others and not group.is_unseen]
    return [_bucket(dimension, group, names, shown, beyond) for group in groups]


def _bucket(
    dimension: Dimension, group: Group, names: dict[Any, str], shown: list[Group], beyond: int
) -> Bucket:
    if group.is_others:
        label = _("Earlier") if dimension.is_time else _("Others")
        counted = _("%(others)s (%(count)s)") % {"others": label, "count": f"{beyond:,}"}
        return Bucket(group, counted, _others(dimension, group, shown))
    if group.is_unseen:
        return Bucket(group, _("Not yours to see"), None)
    if group.entry is None:
        return Bucket(group, _("Nothing entered"), _nothing(dimension))
    return Bucket(group, names.get(group.entry, "—"), conditions_of(dimension, group.entry))


def _names(dimension: Dimension, keys: list[Any], asking: Asking) -> dict[Any, str]:
    kind, field = dimension.field.kind, dimension.field
    if dimension.is_time:
        return {key: day_label(key, dimension.grain) for key in keys}
    if dimension.edges:
        return {key: _band(dimension, key) for key in keys}
    if isinstance(field, Question) and field.name in MODELS:
        return dict(named(field.name, keys))
    if kind is K.PERSON:
        return dict(User.objects.filter(pk__in=keys).values_list("pk", "name"))
    if kind is K.LINK:
        found = linking.named(field.link, set(keys), asking.actor)
        return {key: str(record) for key, record in found.items()}
    if kind is K.TAGS:
        tags = Tag.objects.visible_to(asking.actor).filter(pk__in=keys)
        return {str(pk): name for pk, name in tags.values_list("pk", "name")}
    if kind is K.BOOLEAN:
        return {1: _("yes"), 0: _("no")}
    if kind is K.TIER:
        return {key: str(key) for key in keys}
    labels = {key: str(label) for key, label in field.choices}
    return {key: labels.get(key, str(key)) for key in keys}


def day_label(first: date, grain: str) -> str:
    if grain == "year":
        return f"{first:%Y}"
    if grain == "quarter":
        about = {"year": first.year, "quarter": (first.month + 2) // 3}
        return pgettext("quarter of a year", "Q%(quarter)d %(year)d") % about
    if grain == "month":
        return f"{first:%Y-%m}"
    if grain == "week":
        year, week, _weekday = first.isocalendar()
        return pgettext("week of a year", "%(year)d week %(week)d") % {"year": year, "week": week}
    return first.isoformat()


def _band(dimension: Dimension, at: int) -> str:
    edges = dimension.edges
    is_share = dimension.field.kind in (K.SHARE, K.PROBABILITY)

    def shown(edge: Decimal) -> str:
        return f"{edge * 100:.0f}%" if is_share else f"{edge.normalize():,f}"

    if at == 0:
        return pgettext("band of numbers", "below %(edge)s") % {"edge": shown(edges[0])}
    if at == len(edges):
        return pgettext("band of numbers", "%(edge)s and more") % {"edge": shown(edges[-1])}
    about = {"from": shown(edges[at - 1]), "to": shown(edges[at])}
    return pgettext("band of numbers", "%(from)s to below %(to)s") % about


def conditions_of(dimension: Dimension, entry: Any) -> tuple[str, ...] | None:
    """The filters that find the records of one group."""
    name, kind = dimension.name, dimension.field.kind
    if dimension.is_time:
        last = following(entry, dimension.grain) - timedelta(days=1)
        return (f"{name}.within.{entry.isoformat()}..{last.isoformat()}",)
    if dimension.edges:
        return _within_band(dimension, entry)
    if kind is K.BOOLEAN:
        return (f"{name}.eq.{'yes' if entry else 'no'}",)
    operand = _operand(entry)
    if operand is None:
        return None
    return (f"{name}.{'any' if dimension.is_several else 'in'}.{operand}",)


def _within_band(dimension: Dimension, at: int) -> tuple[str, ...]:
    edges, name = dimension.edges, dimension.name
    low = (f"{name}.gte.{edges[at - 1]}",) if at else ()
    return (*low, f"{name}.lt.{edges[at]}") if at < len(edges) else low


def _operand(entry: Any) -> str | None:
    """The entry as a filter takes it; None for a text that no filter could say."""
    if not isinstance(entry, str):
        return str(entry)
    try:
        is_same = operands.text(entry) == entry and "\\" not in entry
    except Unusable:
        is_same = False
    return entry.replace(",", "\\,") if is_same else None


def _nothing(dimension: Dimension) -> tuple[str, ...] | None:
    """No entry, or nothing at the way's end that could have one."""
    if dimension.field.kind is K.BOOLEAN:
        return None
    return (_any([f"{link}.empty" for link in _links(dimension)] + [f"{dimension.name}.empty"]),)


def _links(dimension: Dimension) -> list[str]:
    """The links along the way that may be missing."""
    found, steps, model = [], [], dimension.way.start.model
    for hop in dimension.way.hops:
        steps.append(hop.link.name)
        column: Any = model._meta.get_field(hop.link.path.split("__")[0])
        if column.null:
            found.append(":".join(steps))
        model = hop.kind.model
    return found


def _others(dimension: Dimension, group: Group, shown: list[Group]) -> tuple[str, ...] | None:
    """Everything that isn't one of the groups shown."""
    name = dimension.name
    if group.is_unseen or dimension.is_several or len(shown) > MOST_CHOICES:
        return None
    if dimension.is_time:
        first = min((g.entry for g in shown if g.entry is not None), default=None)
        return (f"{name}.before.{first.isoformat()}",) if first else None
    if dimension.edges or dimension.field.kind is K.BOOLEAN:
        return None
    said = [_operand(g.entry) for g in shown if g.entry is not None]
    if any(operand is None for operand in said):
        return None
    others: list[Any] = [f"{name}.filled"]
    if said:
        operand = ",".join(each for each in said if each is not None)
        others.append({"not": f"{name}.in.{operand}"})
    rest = _json({"all": others}) if len(others) > 1 else others[0]
    if any(g.entry is None for g in shown):
        return (rest,)
    return (
        _any([_parsed(rest), *(f"{link}.empty" for link in _links(dimension)), f"{name}.empty"]),
    )


def _any(conditions: Sequence[Any]) -> str:
    if len(conditions) == 1 and isinstance(conditions[0], str):
        return conditions[0]
    return _json({"any": list(conditions)})


def _parsed(condition: str) -> Any:
    return json.loads(condition) if condition.startswith("{") else condition


def _json(said: Any) -> str:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
