"""Figures over very many customers are worked out once a run for those who see the whole company.

What a page costs must not grow with the number of customers. The kept figures are those of the run: a
customer created since then is counted with the next one.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

from kezhi.core.actor import Actor, Scope
from kezhi.insight.figures.basis import Basis
from kezhi.insight.models import KeptFigure
from kezhi.value.plain import from_plain, to_plain

P = ParamSpec("P")
R = TypeVar("R")

MANY = 20_000


def kept(
    function: Callable[Concatenate[Actor, Basis, P], R],
) -> Callable[Concatenate[Actor, Basis, P], R]:
    """Keep what the figure is for the whole company, by its options, until the next run."""

    @functools.wraps(function)
    def figure(actor: Actor, basis: Basis, /, *args: P.args, **options: P.kwargs) -> R:
        sees_all = actor.scope("read", "customer") is Scope.ALL
        if basis.run.customers < MANY or not sees_all:
            return function(actor, basis, *args, **options)
        bound = inspect.signature(function).bind(actor, basis, *args, **options)
        key = _key(function.__name__, basis, bound)
        found = stored(basis, key, get_type_hints(function)["return"])
        return (
            found
            if found is not None
            else store(basis, key, function(actor, basis, *args, **options))
        )

    return figure


def stored(basis: Basis, key: str, kind: Any) -> Any:
    """The figure of this kind that the run keeps; None when it has none."""
    kept_figures = KeptFigure.objects.filter(run=basis.run, key=key)
    for plain in kept_figures.values_list("figure", flat=True):
        # Kept by another version, whose figure has other parts: it is worked out anew.
        with contextlib.suppress(TypeError, ValueError):
            return _built(kind, plain)
    return None


def store(basis: Basis, key: str, figure: R) -> R:
    """Keep a figure until the next run."""
    KeptFigure.objects.bulk_create(
        [KeptFigure(run=basis.run, key=key, figure=to_plain(figure))],
        update_conflicts=True,
        unique_fields=["run", "key"],
        update_fields=["figure"],
    )
    return figure


def _key(name: str, basis: Basis, bound: inspect.BoundArguments) -> str:
    bound.apply_defaults()
    options = [f"{option}={given}" for option, given in list(bound.arguments.items())[2:]]
    others = [run.pk if run else 0 for run in (basis.compared, basis.year_ago)]
    return "|".join([name, *map(str, others), *options])[:200]


def _built(kind: Any, plain: Any) -> Any:
    if get_origin(kind) is tuple:
        return tuple(from_plain(get_args(kind)[0], each) for each in plain)
    return from_plain(kind, plain)
