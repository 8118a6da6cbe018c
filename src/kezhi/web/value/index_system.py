"""The index system in force, its drafts and its earlier versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight import figures
from kezhi.insight.indexing import comparing, drafting, shaping
from kezhi.insight.indexing.shaping import Plain
from kezhi.insight.models import IndexDraft, ValueSettings
from kezhi.insight.ruling import current_settings
from kezhi.web.requests import PersonRequest, must_may, must_see, typed
from kezhi.web.value import index_trees

SHOWN_VERSIONS = 30
LOOKED_THROUGH = 300
SHOWN_DRAFTS = 30


@dataclass(frozen=True, slots=True)
class Version:
    """A published index system: the rules that brought it, and where it was drafted, if anywhere."""

    number: int
    settings: ValueSettings
    draft: IndexDraft | None
    is_current: bool


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest) -> HttpResponse:
    """GET: the index system in force. POST title, base: a draft of it, or of an earlier version."""
    may_come(request)
    if request.method == "POST":
        return _begin(request)
    return _page(request)


def may_come(request: PersonRequest) -> None:
    """403 for whose role doesn't read the index system, or the value of customers."""
    must_may(request, "read", "index_draft")
    must_see(request, "customer", "value")


def _begin(request: PersonRequest) -> HttpResponse:
    must_may(request, "create", "index_draft")
    key = typed(request, "base", 18)
    base = get_object_or_404(ValueSettings, pk=int(key)) if key.isdecimal() else None
    try:
        draft = drafting.begin_draft(
            typed(request, "title", 80), actor=request.actor, on=request.today, base=base
        )
    except drafting.InvalidIndex as invalid:
        return _page(request, errors=invalid.errors, status=422)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _page(request, refusal=str(refusal), status=409)
    return redirect("index-draft", draft.pk)


def _page(
    request: PersonRequest,
    *,
    errors: dict[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    basis = figures.basis()
    current = current_settings()
    tree = current.rules["tree"]
    held = held_weights(basis, tree)
    shown = index_trees.table(tree, measured=measured(basis), weights=held)
    listed = versions()
    about: dict[str, Any] = {
        "table": shown,
        "finding": index_trees.summary(shown),
        "version": listed[0] if listed else None,
        "versions": listed,
        "drafts": _drafts(),
        "measures_now": basis is not None and held is not None,
        "basis": basis,
        "may_edit": request.actor.may("create", "index_draft"),
        "may_read_rules": request.actor.may("read", "value_settings"),
        "errors": errors or {},
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "value/index/index.html", about, status=status)


@require_safe
def version(request: PersonRequest, pk: int) -> HttpResponse:
    """A published version; beside it what changed since, index by index."""
    may_come(request)
    settings: ValueSettings = get_object_or_404(ValueSettings, pk=pk)
    listed = versions()
    shown = next((each for each in listed if each.settings.pk == pk), None)
    tree, current = settings.rules["tree"], current_settings()
    basis = figures.basis()
    weights = index_trees.data_weights(tree, basis)
    about = {
        "settings": settings,
        "version": shown,
        "table": index_trees.table(tree, measured=measured(basis), weights=weights),
        "is_current": shaping.same(tree, current.rules["tree"]),
        "differences": differences(tree, current.rules["tree"], measured(basis)),
        "may_edit": request.actor.may("create", "index_draft"),
    }
    return render(request, "value/index/version.html", about)


def versions() -> list[Version]:
    """The published versions whose index system is another than that before, newest first."""
    current_settings()
    rows = list(
        ValueSettings.objects.select_related("published_by").order_by("-pk")[:LOOKED_THROUGH]
    )
    changed = [
        row
        for place, row in enumerate(rows)
        if place + 1 == len(rows) or row.rules.get("tree") != rows[place + 1].rules.get("tree")
    ]
    drafts = {
        draft.published_as_id: draft
        for draft in IndexDraft.objects.filter(published_as__in=changed).select_related(
            "decided_by", "submitted_by"
        )
    }
    return [
        Version(len(changed) - place, row, drafts.get(row.pk), place == 0)
        for place, row in enumerate(changed[:SHOWN_VERSIONS])
    ]


def _drafts() -> list[IndexDraft]:
    return list(IndexDraft.objects.open().select_related("begun_by").order_by("-pk")[:SHOWN_DRAFTS])


def measured(basis: figures.Basis | None) -> frozenset[str] | None:
    """The measures that there are data for; None before the first run."""
    return None if basis is None else comparing.known_measures(basis.run)


def held_weights(basis: figures.Basis | None, tree: Plain) -> index_trees.Weights | None:
    """The weights that the last run went by, if it went by this tree."""
    held = comparing.held_tree(basis.run) if basis is not None else None
    if held is None or not shaping.same(tree, shaping.plain(held.tree)):
        return None
    return comparing.shares_of(held)


@dataclass(frozen=True, slots=True)
class Difference:
    """An index whose place or weight differs between two trees; None where it isn't there."""

    label: Any
    before: float | None
    after: float | None


def differences(
    before: Plain, after: Plain, known: frozenset[str] | None = None
) -> list[Difference]:
    """The indices whose share in the score differs, as far as hands and judgements tell.

    `known`: the measures that there are data for.
    """
    first, second = _shares(before, known), _shares(after, known)
    return [
        Difference(label, first.get(key), second.get(key))
        for key, label in _labels(before, after).items()
        if (key in first) != (key in second)
        or abs((first.get(key) or 0.0) - (second.get(key) or 0.0)) >= 0.0005
    ]


def _shares(tree: Plain, known: frozenset[str] | None) -> dict[tuple[bool, str], float | None]:
    found = index_trees.table(tree, measured=known)
    nodes = [node for _path, node in shaping.walk(tree)]
    return {
        (row.is_group, str(node["name"])): row.share
        for row, node in zip(found.rows, nodes, strict=True)
    }


def _labels(*trees: Plain) -> dict[tuple[bool, str], Any]:
    return {
        (shaping.is_group(node), str(node["name"])): index_trees.label_of(node)
        for tree in reversed(trees)
        for _path, node in shaping.walk(tree)
    }
