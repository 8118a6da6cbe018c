"""What is wrong with an index system, index by index, before it is published."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from kezhi.insight.indexing import shaping
from kezhi.insight.indexing.shaping import Plain
from kezhi.insight.naming import index_label, measures
from kezhi.value.index import ahp
from kezhi.value.index.shape import LEVELS

METHODS = ("fixed", "ahp", "entropy", "critic", "merec", "combined")
DATA_METHODS = ("entropy", "critic", "merec")
DIRECTIONS = ("benefit", "cost", "target")
NORMALISATIONS = ("bounds", "z")
AGGREGATIONS = ("sum", "topsis")
SCALES = ("vector", "bounds")
MOST_CHILDREN = 30
MOST_JUDGED = max(ahp.SAATY)
LONGEST_NAME = 60


def check_tree(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Path of the index (the whole tree: empty) and a sentence, in the order of the tree."""
    plain = dict(tree)
    yield from _check_names(plain)
    for path, node in [("", plain), *shaping.walk(plain)]:
        if shaping.is_group(node):
            yield from ((path, sentence) for sentence in _check_group(path, node))
        else:
            yield from ((path, sentence) for sentence in _check_leaf(node))
        if shaping.depth(path) > LEVELS:
            yield path, _("At most %(most)s levels.") % {"most": LEVELS}


def _check_names(tree: Plain) -> Iterator[tuple[str, str]]:
    for path, _node in shaping.walk(tree):
        if sentence := check_name(tree, path):
            yield path, sentence


def check_name(tree: Plain, path: str) -> str:
    """What is wrong with the name of the index at `path`; "" for a good one.

    Groups have a name of their own each, as have indices that measure; so have siblings.
    """
    node = shaping.at(tree, path)
    name = str(node.get("name", ""))
    if not name.strip() or len(name) > LONGEST_NAME:
        return _("Enter a name of at most %(most)s characters.") % {"most": LONGEST_NAME}
    kind, parent = shaping.is_group(node), shaping.parent_of(path)[0]
    for other_path, other in shaping.walk(tree):
        if other_path == path or other.get("name") != name:
            continue
        if shaping.is_group(other) == kind or shaping.parent_of(other_path)[0] == parent:
            return _("Another index has this name already.")
    return ""


def _check_leaf(leaf: Plain) -> Iterator[str]:
    for check in (check_measure, check_direction, check_target, check_normalisation):
        if sentence := check(leaf):
            yield sentence
    if not is_weight(leaf.get("weight")):
        yield _("A weight is 0 or more.")


def check_measure(leaf: Plain) -> str:
    return "" if leaf.get("measure") in measures() else _("Choose what is measured.")


def check_direction(leaf: Plain) -> str:
    known = leaf.get("direction", "benefit") in DIRECTIONS
    return "" if known else _("Choose a direction.")


def check_target(leaf: Plain) -> str:
    if leaf.get("direction") == "target" and not is_number(leaf.get("target")):
        return _("Enter the target.")
    return ""


def check_normalisation(leaf: Plain) -> str:
    known = leaf.get("normalisation", "bounds") in NORMALISATIONS
    return "" if known else _("Choose a normalisation.")


def check_aggregation(group: Plain) -> str:
    known = group.get("aggregation", "sum") in AGGREGATIONS
    known &= group.get("scale", "vector") in SCALES
    return "" if known else _("Choose how the indices are put together.")


def _check_group(path: str, group: Plain) -> Iterator[str]:
    below = shaping.children(group)
    if path and not is_weight(group.get("weight")):
        yield _("A weight is 0 or more.")
    if not below:
        yield _("This group has no index yet. Add one, or remove the group.")
        return
    if len(below) > MOST_CHILDREN:
        yield _("At most %(most)s indices in a group.") % {"most": MOST_CHILDREN}
    if sentence := check_aggregation(group):
        yield sentence
    weighting = group.get("weighting") or {}
    method = weighting.get("method", "fixed")
    if method not in METHODS or weighting.get("data", "entropy") not in DATA_METHODS:
        yield _("Choose how the weights come about.")
        return
    if method == "fixed":
        weights: list[Any] = [child.get("weight") for child in below]
        if all(is_weight(weight) for weight in weights) and sum(weights) <= 0:
            yield (
                _("At least one index needs a weight. To leave out the group, give it 0.")
                if path
                else _("At least one group of indices needs a weight.")
            )
    if method == "combined":
        theta: Any = weighting.get("theta", 0.5)
        if not is_number(theta) or not 0 <= theta <= 1:
            yield _("Enter a number from %(least)s to %(most)s.") % {"least": "0", "most": "1"}
    if method == "ahp" or (method == "combined" and weighting.get("judgements")):
        yield from _check_judgements(weighting.get("judgements") or (), below)


def _check_judgements(judgements: Any, below: list[Plain]) -> Iterator[str]:
    if len(below) > MOST_JUDGED:
        yield _(
            "At most %(most)s indices can be compared in pairs at once: make groups of them."
        ) % {"most": MOST_JUDGED}
        return
    if len(below) == 1:
        return
    if not judgements:
        yield _("Nobody has compared the indices of this group in pairs yet.")
        return
    size = len(below)
    if any(len(matrix) != size or any(len(row) != size for row in matrix) for matrix in judgements):
        yield _("The judgements don't belong to the indices of this group.")
        return
    try:
        found = ahp.priorities(ahp.together(judgements))
    except ValueError:
        yield _(
            "Some indices of this group are compared with none of the others: judge more pairs."
        )
        return
    if not found.is_consistent:
        yield contradiction(found, [str(index_label(child["name"])) for child in below])


def contradiction(found: ahp.Priorities, labels: list[str]) -> str:
    """The sentence for judgements with a consistency ratio of .10 or more, the worst one named."""
    ratio = f"{found.consistency_ratio:.3f}"
    if found.doubt is None:
        return _("The judgements contradict one another: CR = %(ratio)s, below 0.10 is needed.") % {
            "ratio": ratio
        }
    doubt = found.doubt
    return _(
        "The judgements contradict one another: CR = %(ratio)s, below 0.10 is needed. %(one)s against "
        "%(other)s is judged %(given)s; the other judgements imply %(fits)s."
    ) % {
        "ratio": ratio,
        "one": labels[doubt.row],
        "other": labels[doubt.column],
        "given": grade_words(doubt.given),
        "fits": grade_words(doubt.grade),
    }


def grade_words(grade: float) -> str:
    """A step of Saaty's scale as people write it: 3, or 1/3; between steps with a decimal.

    >>> grade_words(3.0), grade_words(1 / 3), grade_words(2.449)
    ('3', '1/3', '2.4')
    """
    big = max(grade, 1 / grade)
    words = f"{big:.0f}" if abs(big - round(big)) < 0.005 else f"{big:.1f}"
    return words if grade >= 1 or words == "1" else f"1/{words}"


def is_number(number: object) -> bool:
    return (
        isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
    )


def is_weight(weight: object) -> bool:
    return is_number(weight) and 0 <= weight <= 1e6  # type: ignore[operator]
