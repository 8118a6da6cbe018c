"""Judgements in pairs: one person's matrix, everybody's together, and how far they contradict themselves."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight.indexing import shaping
from kezhi.insight.indexing.shaping import Plain
from kezhi.insight.models import IndexDraft, IndexJudgement, ValueSettings
from kezhi.value.index import ahp

Pairs = Mapping[tuple[str, str], float]
Matrix = tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a matrix says. `found` is None where too few pairs are judged to say anything."""

    matrix: Matrix
    found: ahp.Priorities | None
    missing: int

    @property
    def is_good(self) -> bool:
        return self.found is not None and self.found.is_consistent


@audited("index_draft.judged")
def judge(
    draft: IndexDraft, path: str, pairs: Pairs, *, actor: Actor, on: date
) -> IndexJudgement | None:
    """One's own judgement of the indices below `path`; without any pair it is taken back.

    A pair is one index, another, and how many times as important the first is (1/9 to 9). Contradictions may
    be saved: they are told on the page, and keep the draft from being published.
    """
    row: IndexDraft = claim(draft, actor=actor, action="create")
    if not row.is_draft:
        raise Refused(_("Only a draft can be changed, and this isn't one any more."))
    if not isinstance(actor, User):
        raise NotAllowed(_("Only a person judges."))
    try:
        group = shaping.at(row.tree, path)
    except (LookupError, ValueError) as error:
        raise Refused(_("This index isn't in the draft any more.")) from error
    names = names_below(group)
    kept = [
        [one, other, round(grade, 6)]
        for (one, other), grade in pairs.items()
        if one in names and other in names and one != other and 1 / 9.5 < grade < 9.5
    ]
    mine = IndexJudgement.objects.filter(draft=row, parent=parent_name(group), person=actor)
    row.version += 1
    row.save(update_fields=["version"])
    note(group=parent_name(group), pairs=len(kept))
    if not kept:
        mine.delete()
        return None
    judgement, _made = mine.update_or_create(
        defaults={"pairs": kept, "judged_on": on},
        create_defaults={
            "draft": row,
            "parent": parent_name(group),
            "person": actor,
            "pairs": kept,
            "judged_on": on,
        },
    )
    return judgement


def names_below(group: Plain) -> list[str]:
    return [str(child["name"]) for child in shaping.children(group)]


def parent_name(group: Plain) -> str:
    """What judgements go by: the group's name, empty for the whole tree."""
    return str(group.get("name", ""))


def pairs_of(judgement: IndexJudgement) -> dict[tuple[str, str], float]:
    return {(one, other): float(grade) for one, other, grade in judgement.pairs}


def matrix_of(names: Sequence[str], pairs: Pairs) -> Matrix:
    """The square matrix over `names`; None where a pair wasn't judged."""
    rows: list[list[float | None]] = [
        [1.0 if i == j else None for j in range(len(names))] for i in range(len(names))
    ]
    place = {name: number for number, name in enumerate(names)}
    for (one, other), grade in pairs.items():
        if one in place and other in place and one != other:
            rows[place[one]][place[other]] = grade
            rows[place[other]][place[one]] = 1 / grade
    return tuple(tuple(row) for row in rows)


def judged(matrices: Sequence[Matrix]) -> Judged | None:
    """What the matrices say together, each judgement by its geometric mean; None without any."""
    if not matrices:
        return None
    matrix = ahp.together(matrices)
    missing = sum(one is None for row in matrix for one in row) // 2
    try:
        found = ahp.priorities(matrix)
    except ValueError:
        found = None
    return Judged(matrix, found, missing)


def with_judgements(tree: Plain, judgements: Iterable[IndexJudgement]) -> Plain:
    """The tree of a draft with everybody's matrices where weights come from judgements."""
    whole = copy.deepcopy(tree)
    rows = list(judgements)
    for _path, group in shaping.groups(whole):
        weighting = group.get("weighting") or {}
        if weighting.get("method") not in ("ahp", "combined"):
            continue
        names = names_below(group)
        own = [row for row in rows if row.parent == parent_name(group)]
        matrices = [matrix_of(names, pairs_of(row)) for row in own]
        if len(names) == 1:
            matrices = [((1.0,),)]
        group["weighting"] = {**weighting, "judgements": matrices}
    return whole


def take_over(draft: IndexDraft, base: ValueSettings, *, on: date) -> None:
    """The judgements that the base was published with: by whom, if a draft of it tells."""
    earlier = IndexDraft.objects.filter(published_as=base).first()
    if earlier is not None:
        rows = [
            IndexJudgement(
                draft=draft,
                parent=row.parent,
                person_id=row.person_id,
                pairs=row.pairs,
                judged_on=row.judged_on,
            )
            for row in earlier.judgements.order_by("pk")
        ]
        IndexJudgement.objects.bulk_create(rows)
        return
    for _path, group in shaping.groups(base.rules["tree"]):
        names = names_below(group)
        for matrix in (group.get("weighting") or {}).get("judgements") or ():
            pairs = [
                [names[i], names[j], matrix[i][j]]
                for i in range(len(names))
                for j in range(i + 1, len(names))
                if matrix[i][j] is not None
            ]
            IndexJudgement.objects.create(
                draft=draft, parent=parent_name(group), person=None, pairs=pairs, judged_on=on
            )


def rename(draft: IndexDraft, tree: Plain, path: str, before: str, after: str) -> None:
    """Judgements go on under the new name of an index."""
    if before == after:
        return
    node = shaping.at(tree, path)
    above = shaping.at(tree, shaping.parent_of(path)[0])
    for row in draft.judgements.filter(parent=parent_name(above)):
        row.pairs = [
            [after if one == before else one, after if other == before else other, grade]
            for one, other, grade in row.pairs
        ]
        row.save(update_fields=["pairs"])
    if shaping.is_group(node):
        draft.judgements.filter(parent=before).update(parent=after)


def forget_gone(draft: IndexDraft) -> None:
    """Judgements of groups that are no more, and pairs of indices that went elsewhere."""
    known = {
        parent_name(group): set(names_below(group)) for _path, group in shaping.groups(draft.tree)
    }
    for row in draft.judgements.all():
        names = known.get(row.parent, set())
        kept = [pair for pair in row.pairs if pair[0] in names and pair[1] in names]
        if not kept:
            row.delete()
        elif len(kept) < len(row.pairs):
            row.pairs = kept
            row.save(update_fields=["pairs"])
