"""The builder of filters: rows, groups and related records; each step is a form that needs no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.core.actor import Actor
from kezhi.records import Collection, Field, Kind, registry
from kezhi.records.fields import Label
from kezhi.web.records.access import asking, of_kind
from kezhi.web.records.filter_draft import (
    DEEPEST,
    ROOT,
    Branch,
    Relation,
    Row,
    conditions_of,
    of_conditions,
    of_form,
    walk,
)
from kezhi.web.records.filter_form import Controls
from kezhi.web.records.listing import counted
from kezhi.web.records.lists import opened
from kezhi.web.requests import PersonRequest
from kezhi.workbench.counting import count
from kezhi.workbench.filtering import Filter, filterable, operators
from kezhi.workbench.filtering.comparing import OPERATOR_LABELS
from kezhi.workbench.filtering.relating import COMPARISONS, addable, collections_of

MODES: dict[str, Label] = {
    "all": pgettext_lazy("filter group", "all of these"),
    "any": pgettext_lazy("filter group", "any of these"),
    "none": pgettext_lazy("filter group", "none of these"),
    "not_all": pgettext_lazy("filter group", "not all of these"),
}
MEASURES: dict[str, Label] = {
    "has": pgettext_lazy("filter", "there are some"),
    "hasnt": pgettext_lazy("filter", "there are none"),
    "count": pgettext_lazy("filter", "their number is"),
    "sum": pgettext_lazy("filter", "their sum is"),
}


@dataclass(frozen=True)
class RowShown:
    """A row as the page draws it; `control` names the operand's control."""

    place: str
    row: Row
    field: Field | None
    fields: Sequence[Field]
    operators: Sequence[tuple[str, str]]
    op: str
    control: str
    options: Sequence[tuple[str, Label]]
    problem: str = ""
    sort: str = "row"


@dataclass(frozen=True)
class GroupShown:
    place: str
    mode: str
    parts: Sequence[Any]
    may_group: bool
    may_relate: bool
    sort: str = "group"


@dataclass(frozen=True)
class RelationShown:
    place: str
    relation: Relation
    collections: Sequence[Collection]
    addable: Sequence[Field]
    where: GroupShown | None
    sort: str = "relation"


class Builder:
    """The draft drawn for one person: what each part may choose from."""

    def __init__(self, request: PersonRequest, kind: Kind, whole: Branch) -> None:
        self.request, self.kind, self.whole = request, kind, whole
        self.controls = Controls(request.actor)

    @property
    def actor(self) -> Actor:
        return self.request.actor

    def shown(self) -> GroupShown:
        return self._group(self.kind, ROOT, self.whole)

    def _group(self, kind: Kind, place: str, branch: Branch) -> GroupShown:
        # A related record's own conditions are one level, and the whole has as many as a filter may have.
        is_deep = place.count("_") >= DEEPEST - 2
        parts = [
            self._part(kind, f"{place}_{number}", part)
            for number, part in enumerate(branch.parts, start=1)
        ]
        may_relate = not is_deep and bool(collections_of(kind, self.actor))
        return GroupShown(place, branch.mode, parts, not is_deep, may_relate)

    def _part(self, kind: Kind, place: str, part: Row | Branch | Relation) -> Any:
        if isinstance(part, Branch):
            return self._group(kind, place, part)
        if isinstance(part, Relation):
            return self._relation(kind, place, part)
        return self._row(kind, place, part)

    def _row(self, kind: Kind, place: str, row: Row) -> RowShown:
        fields = filterable(kind, self.actor)
        field = next((each for each in fields if each.name == row.field), None)
        known = operators(field) if field is not None else []
        op = row.op if row.op in dict(known) else (known[0][0] if known else "")
        control, options = self.controls.of(field, op) if field is not None else ("", [])
        return RowShown(place, row, field, fields, known, op, control, options)

    def _relation(self, kind: Kind, place: str, relation: Relation) -> RelationShown:
        collections = collections_of(kind, self.actor)
        chosen = next((each for each in collections if each.name == relation.collection), None)
        if chosen is None:
            return RelationShown(place, relation, collections, (), None)
        other = registry[chosen.kind].seen_by(self.actor)
        where = self._group(other, place, relation.where)
        return RelationShown(place, relation, collections, addable(other), where)


@require_http_methods(["GET", "POST"])
@of_kind
def build(request: PersonRequest, kind: Kind) -> HttpResponse:
    """The builder of the list in the address; POST takes a step (`do`), or applies the filter."""
    listing = opened(request, kind)
    if request.method == "GET":
        whole = of_conditions(listing.query.shape.conditions)
        if not whole.parts:
            whole.parts.append(Row(is_new=True))
    else:
        whole = of_form(request.POST)
        _settle(kind, whole, request.actor)
        if "apply" in request.POST:
            return HttpResponseRedirect(listing.query.only(conditions_of(whole)).url())
    about = {
        "kind": kind,
        "query": listing.query,
        "builder": Builder(request, kind, whole).shown(),
        "modes": MODES,
        "measures": MEASURES,
        "comparisons": [(op, str(OPERATOR_LABELS[op])) for op in COMPARISONS],
        **_matches(request, kind, whole, listing.query.shape.text),
    }
    is_fragment = request.htmx and not request.htmx.boosted
    template = "records/_filter_builder.html" if is_fragment else "records/filters.html"
    return render(request, template, about)


@require_POST
@of_kind
def matches(request: PersonRequest, kind: Kind) -> HttpResponse:
    """How many records the draft finds, while it is being typed."""
    listing = opened(request, kind)
    whole = of_form(request.POST)
    _settle(kind, whole, request.actor)
    about = _matches(request, kind, whole, listing.query.shape.text)
    return render(request, "records/_filter_matches.html", {"kind": kind, **about})


def _matches(request: PersonRequest, kind: Kind, whole: Branch, text: str) -> dict[str, Any]:
    """The count up to the cap, or what is wrong with the draft."""
    conditions = conditions_of(whole)
    drafted = Filter.of(kind, asking(request), conditions=conditions, text=text)
    if drafted.problems:
        return {"found": "", "problems": drafted.problems}
    rows = drafted.apply(kind.visible_to(request.actor))
    return {"found": counted(count(rows)), "problems": ()}


def _settle(kind: Kind, whole: Branch, actor: Actor) -> None:
    """A row whose field was just chosen compares as its field does first."""
    kinds = {ROOT: kind}
    for place, part in walk(whole):
        here = kinds[place.rpartition("_")[0]]
        kinds[place] = here
        if isinstance(part, Relation):
            chosen = next(
                (each for each in collections_of(here, actor) if each.name == part.collection), None
            )
            kinds[place] = registry[chosen.kind].seen_by(actor) if chosen else here
        elif isinstance(part, Row):
            field = next(
                (each for each in filterable(here, actor) if each.name == part.field), None
            )
            known = [op for op, _label in operators(field)] if field is not None else []
            if part.op not in known:
                part.op = known[0] if known else ""
