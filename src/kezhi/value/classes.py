"""Classes of customers by ordered rules: the loyalty class and the stage of the life cycle.

Rules are plain data that a company edits: the first rule whose conditions all hold gives the class.
A condition on a measure that is unknown for the customer doesn't hold, except `is unknown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Operator = Literal["<", "<=", ">", ">=", "==", "!=", "is known", "is unknown"]


@dataclass(frozen=True, slots=True)
class Condition:
    """`measure operator bound`, for example `p_alive < 0.2`."""

    measure: str
    operator: Operator
    bound: float | None = None

    def __post_init__(self) -> None:
        if self.operator not in Operator.__args__:  # type: ignore[attr-defined]
            raise ValueError(f"{self.operator!r} is no comparison")
        if self.bound is None and not self.operator.startswith("is "):
            raise ValueError(f"{self.measure} {self.operator} needs a bound")


@dataclass(frozen=True, slots=True)
class Rule:
    """Who meets all conditions is of this class. Two rules of one class mean either."""

    of_class: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class ClassSettings:
    """Classes in natural order, rules in the order of asking, and the class of the rest."""

    classes: tuple[str, ...]
    rules: tuple[Rule, ...]
    rest: str

    def __post_init__(self) -> None:
        for name in (*(rule.of_class for rule in self.rules), self.rest):
            if name not in self.classes:
                raise ValueError(f"{name!r} is none of the classes {', '.join(self.classes)}")

    @property
    def measures(self) -> frozenset[str]:
        """The measures that the rules ask for."""
        return frozenset(c.measure for rule in self.rules for c in rule.conditions)


LOYALTY = ClassSettings(
    classes=("potential", "new", "regular", "old", "loyal"),
    rules=(
        Rule("potential", (Condition("occasions", "<", 1),)),
        Rule(
            "loyal",
            (
                Condition("tenure_months", ">=", 12),
                Condition("occasions", ">=", 6),
                Condition("p_purchase_12m", ">=", 0.8),
            ),
        ),
        Rule("old", (Condition("tenure_months", ">=", 24), Condition("occasions", ">=", 2))),
        Rule("new", (Condition("tenure_months", "<", 6), Condition("occasions", "<=", 2))),
        Rule("new", (Condition("occasions", "<=", 1),)),
    ),
    rest="regular",
)
"""潜在 potential, 新 new, 常 regular, 老 old, 忠诚 loyal."""

LIFECYCLE = ClassSettings(
    classes=("exploration", "build_up", "stable", "decline", "lost"),
    rules=(
        Rule("exploration", (Condition("occasions", "<", 1),)),
        Rule("lost", (Condition("p_purchase_12m", "<", 0.1),)),
        Rule("lost", (Condition("p_alive", "<", 0.1),)),
        Rule("decline", (Condition("repeats", ">=", 2), Condition("overdue_ratio", ">", 3))),
        Rule("decline", (Condition("repeats", ">=", 1), Condition("p_alive", "<", 0.4))),
        Rule("decline", (Condition("repeats", ">=", 3), Condition("trend_of_spend", "<", -0.5))),
        Rule("exploration", (Condition("repeats", "<", 1),)),
        Rule("build_up", (Condition("tenure_months", "<", 12),)),
        Rule("build_up", (Condition("repeats", "<", 3),)),
    ),
    rest="stable",
)
"""考察 exploration, 形成 build-up, 稳定 stable, 退化 decline, 流失 lost."""


def classify(
    measures: Mapping[str, NDArray[np.float64]], settings: ClassSettings
) -> NDArray[np.int8]:
    """The class of each customer as a position in `settings.classes`.

    >>> few = {"occasions": np.array([0.0, 1.0]), "tenure_months": np.array([np.nan, 30.0]),
    ...        "p_purchase_12m": np.array([np.nan, 0.1])}
    >>> [LOYALTY.classes[k] for k in classify(few, LOYALTY)]
    ['potential', 'new']
    """
    missing = sorted(settings.measures - set(measures))
    if missing:
        raise ValueError(
            f"a rule asks for {missing[0]!r}; known measures: {', '.join(sorted(measures))}"
        )
    customers = len(next(iter(measures.values()))) if measures else 0
    found = np.full(customers, settings.classes.index(settings.rest), dtype=np.int8)
    for rule in reversed(settings.rules):  # the first rule that holds is written last
        holds = np.ones(customers, dtype=np.bool_)
        for condition in rule.conditions:
            holds &= _holds(np.asarray(measures[condition.measure], dtype=np.float64), condition)
        found[holds] = settings.classes.index(rule.of_class)
    return found


def _holds(measure: NDArray[np.float64], condition: Condition) -> NDArray[np.bool_]:
    known = ~np.isnan(measure)
    if condition.operator == "is known":
        return known
    if condition.operator == "is unknown":
        return ~known
    compare = {
        "<": np.less,
        "<=": np.less_equal,
        ">": np.greater,
        ">=": np.greater_equal,
        "==": np.equal,
        "!=": np.not_equal,
    }[condition.operator]
    assert condition.bound is not None
    return np.asarray(known & compare(measure, condition.bound), dtype=np.bool_)
