"""Drafts of the index system: begun from a published version, changed index by index, discarded.

A change takes the `version` of the draft that its author saw, so that nobody overwrites a colleague unseen.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight.indexing import checking, judging, shaping
from kezhi.insight.indexing.shaping import Plain
from kezhi.insight.models import IndexDraft, IndexJudgement, ValueSettings
from kezhi.insight.naming import index_label
from kezhi.insight.ruling import current_settings

MOST_OPEN = 20
MOST_INDICES = 120


class InvalidIndex(Refused):
    """`errors` says what to correct: field → sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Change:
    """What is wanted of one index; fields that don't belong to its kind are not read."""

    name: str
    weight: float | None = None
    measure: str = ""
    direction: str = "benefit"
    target: float | None = None
    normalisation: str = "bounds"
    aggregation: str = "sum"
    scale: str = "vector"


@audited("index_draft.begun")
def begin_draft(
    title: str, *, actor: Actor, on: date, base: ValueSettings | None = None
) -> IndexDraft:
    """A draft of the index system of `base` (default: the rules in force), its judgements with it."""
    if not actor.may("create", "index_draft"):
        raise NotAllowed(_("Your role doesn't change the index system."))
    if not title.strip():
        raise InvalidIndex({"title": _("Give the draft a title.")})
    if IndexDraft.objects.open().count() >= MOST_OPEN:
        raise Refused(_("There are many drafts already. Discard one that nobody needs."))
    base = base or current_settings()
    tree = shaping.without_judgements(base.rules["tree"])
    draft: IndexDraft = IndexDraft.objects.create(
        title=title.strip()[:80], tree=tree, base=base, begun_on=on, begun_by=person(actor)
    )
    judging.take_over(draft, base, on=on)
    return draft


@audited("index_draft.changed")
def rename_draft(draft: IndexDraft, title: str, *, actor: Actor, on: date) -> IndexDraft:
    draft = _claim(draft, actor=actor)
    if not title.strip():
        raise InvalidIndex({"title": _("Give the draft a title.")})
    draft.title = title.strip()[:80]
    draft.save(update_fields=["title"])
    return draft


@audited("index_draft.changed")
def add_index(
    draft: IndexDraft, path: str, wanted: Change, *, actor: Actor, on: date, version: int
) -> str:
    """An index that measures, or with no measure a group, below the group at `path`; returns its path."""
    draft = _claim(draft, actor=actor, version=version)
    tree = copy.deepcopy(draft.tree)
    node: Plain = {"name": "", "weight": 0.0}
    if wanted.measure:
        node["measure"] = wanted.measure
    else:
        node |= {"leaves": [], "branches": []}
    parent = _at(tree, path)
    if not shaping.is_group(parent) or not shaping.has_room(path, node):
        raise Refused(_("There is no room for it here: an index system has four levels."))
    if sum(1 for _each in shaping.walk(tree)) >= MOST_INDICES:
        raise Refused(_("An index system has at most %(most)s indices.") % {"most": MOST_INDICES})
    own = shaping.add(tree, path, node)
    _apply(tree, own, wanted)
    _keep(draft, tree, actor=actor)
    note(added=wanted.name)
    return own


@audited("index_draft.changed")
def edit_index(
    draft: IndexDraft, path: str, wanted: Change, *, actor: Actor, on: date, version: int
) -> None:
    """Another name, measure, direction, normalisation, weight; for a group how it is put together."""
    draft = _claim(draft, actor=actor, version=version)
    tree = copy.deepcopy(draft.tree)
    before = dict(_at(tree, path))
    _apply(tree, path, wanted)
    if path:
        judging.rename(draft, tree, path, str(before["name"]), str(shaping.at(tree, path)["name"]))
    _keep(draft, tree, actor=actor)
    note(index=wanted.name)


@audited("index_draft.changed")
def move_index(
    draft: IndexDraft, path: str, step: int, *, actor: Actor, on: date, version: int
) -> str:
    """One place up (−1) or down (1) among its siblings; returns where it stands now."""
    draft = _claim(draft, actor=actor, version=version)
    tree = copy.deepcopy(draft.tree)
    _at(tree, path)
    now = shaping.shift(tree, path, 1 if step > 0 else -1) if path else path
    _keep(draft, tree, actor=actor)
    return now


@audited("index_draft.changed")
def put_index(
    draft: IndexDraft, path: str, into: str, *, actor: Actor, on: date, version: int
) -> None:
    """Into another group, last of its indices."""
    draft = _claim(draft, actor=actor, version=version)
    tree = copy.deepcopy(draft.tree)
    node, group = _at(tree, path), _at(tree, into)
    if not path or into == path or into.startswith(f"{path}."):
        raise Refused(_("A group can't be put into itself."))
    if not shaping.is_group(group) or not shaping.has_room(into, node):
        raise Refused(_("There is no room for it here: an index system has four levels."))
    if into == shaping.parent_of(path)[0]:
        return
    # Added first: taking it out may move the group to another path.
    shaping.add(tree, into, dict(node))
    shaping.take(tree, path)
    _keep(draft, tree, actor=actor)
    note(index=node["name"])


@audited("index_draft.changed")
def remove_index(draft: IndexDraft, path: str, *, actor: Actor, on: date, version: int) -> None:
    """The index and all below it."""
    draft = _claim(draft, actor=actor, version=version)
    tree = copy.deepcopy(draft.tree)
    if not path:
        raise Refused(_("The index system itself can't be removed. Discard the draft instead."))
    _at(tree, path)
    gone = shaping.take(tree, path)
    _keep(draft, tree, actor=actor)
    note(removed=gone["name"])


@audited("index_draft.changed")
def weigh_children(
    draft: IndexDraft,
    path: str,
    weighting: dict[str, Any],
    weights: list[float | None],
    *,
    actor: Actor,
    on: date,
    version: int,
) -> None:
    """How the indices below `path` are weighed, and by hand how much each weighs (None: as it is).

    `weighting` has method, data and theta, as `kezhi.value.index.shape.Weighting`.
    """
    draft = _claim(draft, actor=actor, version=version)
    tree = copy.deepcopy(draft.tree)
    group = _at(tree, path)
    group["weighting"] = {
        key: weighting[key] for key in ("method", "data", "theta") if key in weighting
    }
    for child, weight in zip(shaping.children(group), weights, strict=False):
        if weight is not None:
            child["weight"] = weight
    # Who hasn't judged yet is told on the page; everything else must be right.
    wrong = [
        sentence
        for where, sentence in checking.check_tree(tree)
        if (where == path or (where and shaping.parent_of(where)[0] == path))
        and not _is_unjudged(group)
    ]
    if wrong:
        raise InvalidIndex({"weights": wrong[0]})
    _keep(draft, tree, actor=actor)
    note(group=group.get("name", ""), method=weighting["method"])


@audited("index_draft.discarded")
def discard_draft(draft: IndexDraft, *, actor: Actor, on: date) -> IndexDraft:
    """By whoever may change drafts; what was approved is called off by who may approve."""
    row: IndexDraft = claim(draft, actor=actor, action="create")
    if not row.is_open:
        raise Refused(_("This has been decided already."))
    if row.is_approved and not actor.may("edit", "index_draft"):
        raise NotAllowed(_("Your role doesn't approve the index system."))
    row.state, row.decided_on, row.decided_by = IndexDraft.State.DISCARDED, on, person(actor)
    row.save(update_fields=["state", "decided_on", "decided_by"])
    return row


# ---- steps ----


def _claim(draft: IndexDraft, *, actor: Actor, version: int | None = None) -> IndexDraft:
    """The draft, locked, if the actor may change it and nobody changed it since `version`."""
    row: IndexDraft = claim(draft, actor=actor, action="create", version=version)
    if not row.is_draft:
        raise Refused(_("Only a draft can be changed, and this isn't one any more."))
    return row


def _at(tree: Plain, path: str) -> Plain:
    try:
        return shaping.at(tree, path)
    except (LookupError, ValueError) as error:
        raise Refused(_("This index isn't in the draft any more.")) from error


def _is_unjudged(group: Plain) -> bool:
    return group["weighting"]["method"] == "ahp"


def _apply(tree: Plain, path: str, wanted: Change) -> None:
    """Write the fields into the index. Raises `InvalidIndex` by field."""
    node = shaping.at(tree, path)
    if path:
        name = " ".join(wanted.name.split())
        if name == str(index_label(node["name"])):  # the label of a name that Kezhi gave
            name = node["name"]
        node["name"] = name
        if wanted.weight is not None:
            node["weight"] = wanted.weight
    if shaping.is_group(node):
        node["aggregation"], node["scale"] = wanted.aggregation, wanted.scale
    else:
        node |= {
            "measure": wanted.measure,
            "direction": wanted.direction,
            "target": wanted.target if wanted.direction == "target" else None,
            "normalisation": wanted.normalisation,
        }
    errors = {field: sentence for field, sentence in _wrong(tree, path, node) if sentence}
    if errors:
        raise InvalidIndex(errors)


def _wrong(tree: Plain, path: str, node: Plain) -> Iterator[tuple[str, str]]:
    """What is wrong with this index itself, by the field that says so."""
    if path:
        yield "name", checking.check_name(tree, path)
        good = checking.is_weight(node.get("weight"))
        yield "weight", "" if good else _("A weight is 0 or more.")
    if shaping.is_group(node):
        yield "aggregation", checking.check_aggregation(node)
    else:
        yield "measure", checking.check_measure(node)
        yield "direction", checking.check_direction(node)
        yield "target", checking.check_target(node)
        yield "normalisation", checking.check_normalisation(node)


def _keep(draft: IndexDraft, tree: Plain, *, actor: Actor) -> None:
    draft.tree = tree
    draft.version += 1
    draft.save(update_fields=["tree", "version"])
    judging.forget_gone(draft)


def judgements_of(draft: IndexDraft) -> list[IndexJudgement]:
    """Everybody's, in the order in which they began."""
    return list(draft.judgements.select_related("person").order_by("pk"))
