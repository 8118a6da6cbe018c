"""The value matrix: its cells, their strategies, and who moves when a border is drawn elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Standing
from kezhi.insight import figures, naming
from kezhi.insight.models import ValueRun
from kezhi.insight.ruling import InvalidRules, current_settings, publish_value_settings
from kezhi.insight.strategies import CellStrategy, strategies_in_force
from kezhi.value.matrix import MatrixSettings, Split
from kezhi.value.plain import from_plain, to_plain
from kezhi.web import numbers
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest, must_may, must_see
from kezhi.web.value import findings
from kezhi.web.value.dashboard import SAMPLE, scope_words
from kezhi.web.value.matrix_borders import (
    NAMES,
    Asked,
    list_of,
    measure_label,
    shown,
    splits_of,
)
from kezhi.web.value.source import is_stale, source

ORDER = ("nurture", "grow", "self_service", "keep")
"""As they lie in the picture: what they may still bring up, what they bring now across."""
RADIUS = 2.4
NAMED = 10


@dataclass(frozen=True, slots=True)
class Sum:
    """Customers and what stands across and up of them, with the list of them."""

    customers: int
    now: float
    ahead: float
    href: str


@dataclass(frozen=True, slots=True)
class CellShown:
    """A cell after the borders were drawn, what stood in it `before`, and by the third measure."""

    cell: str
    label: str
    after: Sum
    before: Sum
    strategy: CellStrategy
    levels: tuple[tuple[bool, Sum], ...]


@dataclass(frozen=True, slots=True)
class Move:
    """Who goes from one cell to another."""

    before: str
    after: str
    moved: Sum


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?across=&across-by=share|figure&up=&up-by=&measure=&third=&level=&level-by=`; 422 with what is wrong
    in them."""
    _must_see(request)
    rules = _rules(basis) if (basis := figures.basis()) else MatrixSettings()
    return _page(request, basis, Asked.read(request.GET, rules))


@require_POST
def save(request: PersonRequest) -> HttpResponse:
    """Publish the rules of value with these borders."""
    _must_see(request)
    must_may(request, "edit", "value_settings")
    basis = figures.basis()
    saved = current_settings()
    asked = Asked.read(request.POST, _settings(saved.rules))
    reason = request.POST.get("reason", "").replace("\0", "").strip()
    if asked.errors:
        return _page(request, basis, asked, reason=reason)
    try:
        publish_value_settings(
            {**saved.rules, "matrix": to_plain(_as_shown(asked.settings, basis))},
            actor=request.actor,
            on=request.today,
            reason=reason,
            nightly_hour=saved.nightly_hour,
        )
    except InvalidRules as invalid:
        asked.errors["reason"] = invalid.errors.get("reason", str(invalid))
        return _page(request, basis, asked, reason=reason)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _page(request, basis, asked, reason=reason, refusal=str(refusal), status=409)
    messages.success(request, _("Saved. The next run places customers by these borders."))
    return redirect("value-matrix")


def _must_see(request: PersonRequest) -> None:
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")


def _settings(rules: dict[str, Any]) -> MatrixSettings:
    return from_plain(MatrixSettings, rules.get("matrix") or {})


def _as_shown(settings: MatrixSettings, basis: figures.Basis | None) -> MatrixSettings:
    """A border in money is one of the measure that the page shows, also while the one chosen isn't measured."""
    if basis is None or settings.potential.by == "share":
        return settings
    drawn = figures.borders_of_run(basis)
    return settings if settings.up in drawn.ups else replace(settings, up=drawn.up)


def _rules(basis: figures.Basis) -> MatrixSettings:
    """The borders that the run went by."""
    return _settings(basis.run.value_settings.rules)


def _page(
    request: PersonRequest,
    basis: figures.Basis | None,
    asked: Asked,
    *,
    reason: str = "",
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    actor = request.actor
    may_edit = actor.may("edit", "value_settings")
    about: dict[str, Any] = {
        "basis": basis,
        "scope": scope_words(actor),
        "asked": asked,
        "reason": reason,
        "refusal": refusal,
        "may_edit": may_edit,
        "may_measure": actor.may("measure", "value_run"),
        "under_way": ValueRun.objects.under_way(),
    }
    if basis is not None:
        about |= _matrix(request, basis, asked)
    is_part = request.htmx and request.htmx.target == "matrix"
    answer = render(
        request,
        "value/matrix/_matrix.html" if is_part else "value/matrix/index.html",
        about,
        status=422 if asked.errors else status,
    )
    if is_part and not asked.errors:
        answer["HX-Push-Url"] = asked.query
    return answer


def _matrix(request: PersonRequest, basis: figures.Basis, asked: Asked) -> dict[str, Any]:
    actor = request.actor
    ruled = _rules(basis)
    measured = figures.thirds_measured(actor, basis).names
    third = asked.settings.third if asked.settings.third in measured else ""
    drawn = figures.borders_of_run(basis)
    up = asked.settings.up if asked.settings.up in drawn.ups else drawn.up
    is_other = up != drawn.up
    grid = figures.grid(actor, basis, third, up if is_other else "")
    before = _drawn(grid, drawn, third, Split() if asked.errors else asked.settings.potential)
    after = before if asked.errors else _borders(grid, asked.settings, ruled, before)
    parts = figures.parts(grid, before, after)
    picture = figures.matrix(actor, basis, sample=SAMPLE)
    strategies = strategies_in_force()
    moved = [part for part in parts if not part.stays]
    saved = _settings(current_settings().rules)
    return {
        "grid": grid,
        "across": measure_label(grid.across.measure),
        "up": measure_label(up),
        "measure": up,
        "up_options": [(name, measure_label(name)) for name in drawn.ups],
        "up_of_run": measure_label(drawn.up) if is_other else "",
        "third": third,
        "third_label": measure_label(third) if third else "",
        "third_options": [(name, measure_label(name)) for name in measured],
        "axes": _axes(grid, before, after, asked),
        "cells": [
            _cell(
                name,
                grid,
                parts,
                before,
                after,
                strategies,
                picture.cell(name) if is_other else None,
            )
            for name in ORDER
        ],
        "moves": _moves(grid, parts, before, after),
        "moved": sum(part.customers for part in moved),
        "movers": figures.movers(actor, grid, before, after, NAMED) if moved else [],
        "placed_in": lambda sides: naming.quadrant_label(figures.quadrant_of(sides)),
        "points": _points(grid, picture, after),
        "finding": _finding(moved, up) if moved else "" if is_other else findings.matrix(picture),
        "is_tried": is_other or before != after,
        "may_save": actor.may("edit", "value_settings")
        and not asked.errors
        and _differs(asked.settings, saved),
        "waits": Asked.of(saved).query if _differs(saved, ruled) else "",
        "has_strategies": any(each.for_level(True) for each in strategies.values()),
        "source": source(basis.run),
        "is_stale": is_stale(basis.run),
    }


def _differs(one: MatrixSettings, other: MatrixSettings) -> bool:
    """Whether two settings draw the matrix differently; the border of a third that isn't there counts not."""

    def drawn(settings: MatrixSettings) -> tuple[object, ...]:
        splits = splits_of(settings)
        third = (settings.third, splits[2]) if settings.third else None
        return (*splits[:2], settings.up, third)

    return drawn(one) != drawn(other)


def _drawn(grid: figures.Grid, drawn: figures.Drawn, third: str, asked: Split) -> figures.Borders:
    """The borders of the run; a third measure that it didn't take is split at its median, another one up
    as it is `asked`: there nobody stood in the run."""
    return figures.Borders(
        grid.across.border(drawn.current),
        grid.up.border(drawn.potential if grid.up.measure == drawn.up else asked),
        grid.third.border(drawn.level if third == drawn.third else Split()) if grid.third else None,
    )


def _borders(
    grid: figures.Grid, wanted: MatrixSettings, ruled: MatrixSettings, drawn: figures.Borders
) -> figures.Borders:
    """The borders asked for; one that the rules of the run have stays where the run drew it."""
    found = []
    for place, axis in enumerate(grid.axes):
        split = splits_of(wanted)[place]
        same = split == splits_of(ruled)[place] and (place < 2 or wanted.third == ruled.third)
        found.append(drawn.each[place] if same else axis.border(split))
    return figures.Borders(*found)


def _axes(
    grid: figures.Grid, before: figures.Borders, after: figures.Borders, asked: Asked
) -> list[dict[str, Any]]:
    """What picture and form need of each axis; places in per cent of the customers below."""
    labels = [measure_label(axis.measure) for axis in grid.axes]
    return [
        {
            "name": name,
            "label": labels[place],
            "before": round(100 * axis.below(before.each[place]), 2),
            "after": round(100 * axis.below(after.each[place]), 2),
            "slider": f"{round(200 * axis.below(after.each[place])) / 2:g}",
            "border": shown(axis.measure, after.each[place]),
            "was": shown(axis.measure, before.each[place]),
            "is_moved": before.each[place] != after.each[place],
            "unit": "" if axis is grid.third else numbers.reading().currency,
        }
        for place, (name, axis) in enumerate(zip(NAMES, grid.axes, strict=False))
    ]


def _sum(parts: list[figures.Part], href: str) -> Sum:
    return Sum(
        sum(part.customers for part in parts),
        sum(part.now for part in parts),
        sum(part.ahead for part in parts),
        href,
    )


def _cell(
    name: str,
    grid: figures.Grid,
    parts: tuple[figures.Part, ...],
    before: figures.Borders,
    after: figures.Borders,
    strategies: dict[str, CellStrategy],
    of_run: figures.MatrixCell | None,
) -> CellShown:
    """`of_run`: the cell as the run filled it, where another measure stood up."""
    sides = (name in ("grow", "keep"), name in ("grow", "nurture"))
    inside = [part for part in parts if part.after[:2] == sides]
    levels = []
    for is_high in (True, False) if grid.third else ():
        of_level = [part for part in inside if part.after[2] == is_high]
        levels.append((is_high, _sum(of_level, list_of(grid, (after, (*sides, is_high))))))
    now = _sum(inside, list_of(grid, (after, sides)))
    then = _sum(
        [part for part in parts if part.before[:2] == sides], list_of(grid, (before, sides))
    )
    if of_run is not None:
        then = replace(now, customers=of_run.customers)
    return CellShown(
        cell=name,
        label=str(naming.quadrant_label(name)),
        after=now,
        before=then,
        strategy=strategies[name],
        levels=tuple(levels),
    )


def _moves(
    grid: figures.Grid,
    parts: tuple[figures.Part, ...],
    before: figures.Borders,
    after: figures.Borders,
) -> list[Move]:
    """From cell to cell, most customers first."""
    found = [
        Move(
            _place(part.before),
            _place(part.after),
            _sum([part], list_of(grid, (before, part.before), (after, part.after))),
        )
        for part in parts
        if not part.stays
    ]
    return sorted(found, key=lambda move: -move.moved.customers)


def _place(sides: tuple[bool, ...]) -> str:
    """A cell by name, with the level where there is a third measure."""
    label = str(naming.quadrant_label(figures.quadrant_of(sides)))
    if len(sides) < 3:
        return label
    level = _("high") if sides[2] else _("low")
    return _("%(cell)s, %(level)s") % {"cell": label, "level": level}


def _points(
    grid: figures.Grid, picture: figures.Matrix, after: figures.Borders
) -> list[dict[str, Any]]:
    levels: dict[int, float] = {}
    ahead = {point.customer_id: point.ahead for point in picture.points}
    if grid.third:
        levels = _figures_of(picture, grid.third.measure)
    if grid.up.measure != picture.up:
        ahead = _figures_of(picture, grid.up.measure)
    largest = max(ahead.values(), default=0.0) or 1.0
    return [
        {
            "pk": point.customer_id,
            "name": point.name,
            "tier": point.tier or "none",
            "x": round(100 * grid.across.position(point.now), 2),
            "y": round(100 - 100 * grid.up.position(ahead[point.customer_id]), 2),
            "r": round(
                RADIUS * (0.4 + 0.6 * max(0.0, ahead[point.customer_id] / largest) ** 0.5), 2
            ),
            "is_hollow": after.third is not None
            and levels.get(point.customer_id, 0.0) < after.third,
        }
        for point in reversed(picture.points)
        if point.customer_id in ahead and (not grid.third or point.customer_id in levels)
    ]


def _figures_of(picture: figures.Matrix, measure: str) -> dict[int, float]:
    """A measure of the customers in the picture, without those who have none."""
    rows = Standing.objects.filter(pk__in=[point.customer_id for point in picture.points])
    return {
        pk: float(figure) for pk, figure in rows.values_list("pk", measure) if figure is not None
    }


def _finding(moved: list[figures.Part], up: str) -> Any:
    count = sum(part.customers for part in moved)
    sentence = (
        ngettext(
            "%(count)s customer changes the cell, %(amount)s of growth potential with it",
            "%(count)s customers change the cell, %(amount)s of growth potential with them",
            count,
        )
        if up == "growth_value"
        else ngettext(
            "%(count)s customer changes the cell, %(amount)s of potential value with it",
            "%(count)s customers change the cell, %(amount)s of potential value with them",
            count,
        )
    )
    return told(
        sentence,
        count=numbers.number(count, 0),
        amount=numbers.money(sum(part.ahead for part in moved)),
    )
