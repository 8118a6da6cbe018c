"""Records to choose from while somebody types a part of a name."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kezhi.core.ids import record_ids
from kezhi.records import Kind
from kezhi.web.records.access import asking, of_kind
from kezhi.web.records.cells import title_of
from kezhi.web.requests import PersonRequest
from kezhi.workbench import searching
from kezhi.workbench.filtering import Filter, aliased

MOST = 8
Option = tuple[int, str, str]


@require_safe
@of_kind
def show(request: PersonRequest, kind: Kind) -> HttpResponse:
    """Radio buttons (checkboxes with `several`) under the `name` of the asking form, the chosen ones first."""
    name = request.GET.get("name", "")
    if not name.isidentifier():
        name = kind.name
    chosen = [pk for part in request.GET.getlist(name) for pk in part.split(",")]
    chosen += request.GET.get("chosen", "").split(",")
    typed = next((str(v) for key, v in request.GET.items() if key.endswith("_search")), "")
    about = {
        "name": name,
        "rows": options(request, kind, typed, chosen),
        "chosen": chosen,
        "several": "several" in request.GET,
        "typed": typed.strip(),
    }
    return render(request, "records/_option_rows.html", about)


def options(request: PersonRequest, kind: Kind, typed: str, chosen: list[str]) -> list[Option]:
    """The chosen records and the best finds, of those that the actor may see.

    Before anything is typed only a handful is offered, if there are no more than that.
    """
    rows = kind.visible_to(request.actor)
    keys = record_ids(chosen)[:50]
    kept = list(rows.filter(pk__in=keys)) if keys else []
    most = MOST + 1 + len(keys)
    more = [row for row in _found(request, kind, rows, typed, most) if row.pk not in keys]
    if len(more) > MOST:
        more = more[:MOST] if typed.strip() else []
    return [(row.pk, title_of(kind, row), _note(kind, row)) for row in [*kept, *more]]


def _found(request: PersonRequest, kind: Kind, rows: Any, typed: str, most: int) -> list[Any]:
    """The best finds, or before anything is typed the first by name."""
    if typed.strip():
        best = searching.best(kind, typed, by=request.actor, most=most)
        if best is not None:
            found = rows.in_bulk(best)
            return [found[pk] for pk in best if pk in found]
        rows = Filter.of(kind, asking(request), text=typed).apply(rows)
    title = kind.field(kind.title)
    return list(aliased(rows, title).order_by(title.sort_path or title.path, "pk")[:most])


def exactly(request: PersonRequest, kind: Kind, typed: str) -> list[Any]:
    """The records that are called or coded exactly so, at most three."""
    title = kind.field(kind.title)
    same = Q(**{f"{title.path}__iexact": typed})
    if "code" in kind:
        same |= Q(code__iexact=typed)
    return list(aliased(kind.visible_to(request.actor), title).filter(same)[:3])


def _note(kind: Kind, row: Any) -> str:
    return str(getattr(row, "code", "") or "")
