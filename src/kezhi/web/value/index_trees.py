"""An index system as rows of a table: its levels, how each group is weighed, and what each index weighs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kezhi.insight import figures
from kezhi.insight.indexing import comparing, shaping
from kezhi.insight.indexing.approving import lacking
from kezhi.insight.indexing.judging import Judged, judged
from kezhi.insight.indexing.shaping import Plain
from kezhi.insight.naming import Label, index_label, measures
from kezhi.web import numbers

Weights = Mapping[str, Sequence[float]]

METHODS: dict[str, Label] = {
    "fixed": pgettext_lazy("index", "By hand"),
    "ahp": gettext_lazy("Judged in pairs (AHP)"),
    "entropy": gettext_lazy("By entropy"),
    "critic": gettext_lazy("By CRITIC"),
    "merec": gettext_lazy("By MEREC"),
    "combined": gettext_lazy("Judgement and data combined"),
}
DIRECTIONS: dict[str, Label] = {
    "benefit": gettext_lazy("More is better"),
    "cost": gettext_lazy("Less is better"),
    "target": gettext_lazy("The nearer to a target the better"),
}
NORMALISATIONS: dict[str, Label] = {
    "bounds": gettext_lazy("From the lowest to the highest, but for 1 % at each end"),
    "z": gettext_lazy("Three standard deviations to either side of the mean"),
}
AGGREGATIONS: dict[str, Label] = {
    "sum": gettext_lazy("Weighted sum"),
    "topsis": gettext_lazy("TOPSIS: closeness to the best there is"),
}
SCALES: dict[str, Label] = {
    "vector": gettext_lazy("Measures divided by their length"),
    "bounds": gettext_lazy("As the indices are normalised"),
}
BY_DATA = ("entropy", "critic", "merec", "combined")
WHOLE = pgettext_lazy("index system", "Score")


@dataclass(frozen=True, slots=True)
class TreeRow:
    """An index in the order of the tree. `weight` is its share among its siblings; `share` what
    it really has in the score, after indices without data gave theirs away."""

    path: str
    label: Label
    level: int
    is_group: bool
    measure: Label
    direction: Label
    method: Label
    aggregation: str
    weight: float | None
    share: float | None
    is_measured: bool
    judged: Judged | None
    problems: tuple[str, ...]
    may_rise: bool = False
    may_fall: bool = False


@dataclass(frozen=True, slots=True)
class TreeTable:
    """The rows, and what concerns the whole: how the groups at the top are weighed and put together."""

    rows: tuple[TreeRow, ...]
    method: Label
    aggregation: str
    judged: Judged | None
    problems: tuple[str, ...]
    is_open: bool
    """Some weights come from data and aren't worked out yet."""

    @property
    def leaves(self) -> int:
        return sum(not row.is_group for row in self.rows)


def table(
    tree: Plain, *, measured: frozenset[str] | None = None, weights: Weights | None = None
) -> TreeTable:
    """`tree` with its judgements. `measured`: the measures that have data, None: not known."""
    known: dict[str, Sequence[float] | None] = {**weights_of(tree), **(weights or {})}
    wrong: dict[str, list[str]] = {}
    for path, sentence in lacking(tree):
        wrong.setdefault(path, []).append(sentence)
    shares = _effective(tree, known, measured)
    rows = []
    for path, node in shaping.walk(tree):
        parent, place = shaping.parent_of(path)
        own = known.get(parent)
        weight = own[place] if own is not None and place < len(own) else None
        group = shaping.is_group(node)
        siblings = shaping.at(tree, parent)
        ones = [shaping.is_group(child) for child in shaping.children(siblings)]
        rows.append(
            TreeRow(
                path=path,
                label=label_of(node),
                level=shaping.depth(path),
                is_group=group,
                measure="" if group else measures().get(str(node["measure"]), ""),
                direction="" if group else DIRECTIONS.get(node.get("direction", "benefit"), ""),
                method=method_of(node) if group else "",
                aggregation=str(node.get("aggregation", "sum")),
                weight=weight,
                share=shares.get(path),
                is_measured=group or measured is None or node.get("measure") in measured,
                judged=judged_in(node) if group else None,
                problems=tuple(wrong.get(path, ())),
                may_rise=place > 0 and ones[place - 1] == group,
                may_fall=place + 1 < len(ones) and ones[place + 1] == group,
            )
        )
    return TreeTable(
        rows=tuple(rows),
        method=method_of(tree),
        aggregation=str(tree.get("aggregation", "sum")),
        judged=judged_in(tree),
        problems=tuple(wrong.get("", ())),
        is_open=any(known.get(path) is None for path, _node in shaping.groups(tree)),
    )


def _effective(
    tree: Plain, known: Mapping[str, Sequence[float] | None], measured: frozenset[str] | None
) -> dict[str, float]:
    """What each index really weighs in the score: those without data give their weight to their siblings."""

    def has_data(node: Plain) -> bool:
        if shaping.is_group(node):
            return any(has_data(child) for child in shaping.children(node))
        return measured is None or node["measure"] in measured

    shares = {"": 1.0}
    for path, group in shaping.groups(tree):
        own = known.get(path)
        if path not in shares or own is None:
            continue
        below = shaping.children(group)
        counted = [one if has_data(child) else 0.0 for one, child in zip(own, below, strict=False)]
        total = sum(counted)
        for place, (one, child) in enumerate(zip(counted, below, strict=False)):
            if total > 0 and has_data(child):
                shares[shaping.below(path, place)] = shares[path] * one / total
    return shares


def weights_of(tree: Plain) -> dict[str, tuple[float, ...] | None]:
    """Shares of the children of every group as far as hands and judgements tell; None: only the data do."""
    found: dict[str, tuple[float, ...] | None] = {}
    for path, group in shaping.groups(tree):
        method = (group.get("weighting") or {}).get("method", "fixed")
        below = shaping.children(group)
        if method == "fixed":
            typed = [float(child.get("weight") or 0.0) for child in below]
            total = sum(typed)
            found[path] = tuple(one / total if total > 0 else 0.0 for one in typed)
        elif method == "ahp":
            whole = judged_in(group)
            found[path] = whole.found.weights if whole is not None and whole.found else None
        else:
            found[path] = None
    return found


def data_weights(tree: Plain, basis: figures.Basis | None) -> Weights:
    """What the customers of the last run make the weights; empty where it isn't needed, or not known yet."""
    needed = any(
        (group.get("weighting") or {}).get("method") in BY_DATA
        for _path, group in shaping.groups(tree)
    )
    if basis is None or not needed or lacking(tree):
        return {}
    whole = shaping.built(tree)
    if basis.run.customers < figures.MANY:
        return comparing.weights_now(whole, basis.run)
    held = comparing.held_tree(basis.run)
    if held is None:
        return {}
    kept = comparing.kept_comparison(basis, held.tree, whole)
    return kept.weights if kept is not None else {}


def judged_in(group: Plain) -> Judged | None:
    """Everybody's judgements of the indices of a group together; None where they don't count."""
    weighting = group.get("weighting") or {}
    if weighting.get("method") not in ("ahp", "combined"):
        return None
    size = len(shaping.children(group))
    matrices = [
        tuple(tuple(row) for row in matrix)
        for matrix in weighting.get("judgements") or ()
        if len(matrix) == size
    ]
    return judged(matrices) if size > 1 else None


def method_of(group: Plain) -> Label:
    return METHODS.get((group.get("weighting") or {}).get("method", "fixed"), "")


def label_of(node: Plain) -> Label:
    """An index by its name; the whole tree is the score."""
    return index_label(str(node["name"])) if "name" in node else WHOLE


def group_options(tree: Plain, moved: str) -> list[tuple[str, str]]:
    """The groups that the index at `moved` could go into, by path, with how deep they lie."""
    node = shaping.at(tree, moved)
    parent = shaping.parent_of(moved)[0]
    return [
        (path or "top", "– " * max(shaping.depth(path) - 1, 0) + str(label_of(group)))
        for path, group in shaping.groups(tree)
        if path != parent
        and path != moved
        and not path.startswith(f"{moved}.")
        and shaping.has_room(path, node)
    ]


def options(words: Mapping[str, Label]) -> list[tuple[str, str]]:
    return [(key, str(label)) for key, label in words.items()]


def measure_options() -> list[tuple[str, str]]:
    return options(measures())


def summary(found: TreeTable) -> str:
    """What weighs most, in a sentence; empty where it isn't known yet."""
    tops = [row for row in found.rows if row.level == 1 and row.share is not None]
    if not tops:
        return ""
    first = max(tops, key=lambda row: row.share or 0.0)
    return _("%(index)s weighs most: %(share)s of the score") % {
        "index": first.label,
        "share": numbers.percent(first.share, plain=True),
    }
