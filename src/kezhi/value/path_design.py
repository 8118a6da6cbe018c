"""Constructs, their indicators, and the paths between them: what a PLS path model is fitted to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Construct:
    """A construct and the indicators (columns of answers) that it is seen by."""

    name: str
    indicators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """`cause` explains `effect`."""

    cause: str
    effect: str


@dataclass(frozen=True, slots=True)
class PathDesign:
    """Constructs and the paths between them, which may not run in a circle.

    >>> RETENTION.causes("intention")
    ('satisfaction', 'perceived_value', 'switching_cost')
    """

    constructs: tuple[Construct, ...]
    paths: tuple[Path, ...]

    def __post_init__(self) -> None:
        names, asked = self.names, self.indicators
        if len(set(names)) != len(names) or len(set(asked)) != len(asked):
            raise ValueError("a construct or an indicator stands twice in the design")
        for construct in self.constructs:
            if not construct.indicators:
                raise ValueError(f"{construct.name} has no indicator")
        ends = [(path.cause, path.effect) for path in self.paths]
        for name in (name for pair in ends for name in pair):
            if name not in names:
                raise ValueError(f"a path names {name!r}, which is no construct")
        if len(set(ends)) != len(ends) or not ends:
            raise ValueError("a design has paths, each of them once")
        lonely = [name for name in names if all(name not in pair for pair in ends)]
        if lonely:
            raise ValueError(f"no path leads to or from {lonely[0]}")
        self.order()

    @property
    def names(self) -> tuple[str, ...]:
        """The constructs in order."""
        return tuple(construct.name for construct in self.constructs)

    @property
    def indicators(self) -> tuple[str, ...]:
        """The columns in order: construct by construct."""
        return tuple(name for construct in self.constructs for name in construct.indicators)

    def causes(self, effect: str) -> tuple[str, ...]:
        """What explains a construct, in the order of the paths."""
        return tuple(path.cause for path in self.paths if path.effect == effect)

    def order(self) -> tuple[str, ...]:
        """The constructs, causes before effects; ValueError where paths run in a circle."""
        done: list[str] = []
        while len(done) < len(self.constructs):
            ready = [n for n in self.names if n not in done and set(self.causes(n)) <= set(done)]
            if not ready:
                raise ValueError("the paths run in a circle: nothing comes first")
            done += ready
        return tuple(done)

    def blocks(self) -> tuple[slice, ...]:
        """The columns of each construct."""
        found, first = [], 0
        for construct in self.constructs:
            found.append(slice(first, first + len(construct.indicators)))
            first += len(construct.indicators)
        return tuple(found)


RETENTION = PathDesign(
    constructs=(
        Construct("perceived_value", ("value_1", "value_2", "value_3")),
        Construct("switching_cost", ("switching_1", "switching_2", "switching_3")),
        Construct("satisfaction", ("satisfaction_1", "satisfaction_2", "satisfaction_3")),
        Construct("intention", ("intention_1", "intention_2", "intention_3")),
    ),
    paths=(
        Path("perceived_value", "satisfaction"),
        Path("satisfaction", "intention"),
        Path("perceived_value", "intention"),
        Path("switching_cost", "intention"),
    ),
)
"""The retention model 客户保持模型: 感知价值 → 满意; 满意、感知价值、转移成本 → 重复购买意图."""
