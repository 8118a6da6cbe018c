"""Whether constructs measure what they should: reliability and validity of a PLS path model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kezhi.value.path_design import PathDesign

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of one construct; with a single indicator all are 1 (nothing can be said).

    `alpha` (standardised, Cronbach 1951), `rho_c` composite reliability (Jöreskog 1971), `rho_a`
    (Dijkstra & Henseler 2015), `ave` average variance extracted (Fornell & Larcker 1981).
    """

    construct: str
    indicators: int
    alpha: float
    rho_c: float
    rho_a: float
    ave: float

    @property
    def is_reliable(self) -> bool:
        """By the usual rules: reliability of .70 and AVE of .50 at least."""
        return min(self.rho_c, self.rho_a) >= 0.70 and self.ave >= 0.50


@dataclass(frozen=True, slots=True)
class Discrimination:
    """Of two constructs: the heterotrait-monotrait ratio of correlations (Henseler, Ringle &
    Sarstedt 2015; absolute correlations); at .90 and more they can't be told apart. None where a
    construct's own indicators have nothing in common."""

    one: str
    other: str
    htmt: float | None


@dataclass(frozen=True, slots=True)
class Quality:
    """Reliability by construct, discrimination by pair of constructs."""

    reliability: tuple[Reliability, ...]
    discrimination: tuple[Discrimination, ...]


def quality(
    design: PathDesign,
    correlations: Sequence[Sequence[float]],
    weights: Sequence[float],
    loadings: Sequence[float],
) -> Quality:
    """Figures from the correlations of the indicators and the fitted weights and loadings."""
    matrix, blocks = np.array(correlations), design.blocks()
    own_weights, own_loadings = np.array(weights), np.array(loadings)
    return Quality(
        tuple(
            _reliability(
                construct.name, matrix[block, block], own_weights[block], own_loadings[block]
            )
            for construct, block in zip(design.constructs, blocks, strict=True)
        ),
        tuple(
            Discrimination(
                design.names[i], design.names[j], _htmt(np.abs(matrix), blocks[i], blocks[j])
            )
            for i in range(len(blocks))
            for j in range(i + 1, len(blocks))
        ),
    )


def _reliability(name: str, among: Vector, weights: Vector, loadings: Vector) -> Reliability:
    count = len(weights)
    if count == 1:
        return Reliability(name, 1, 1.0, 1.0, 1.0, 1.0)
    alpha = count / (count - 1) * (1 - count / float(among.sum()))
    common = float(loadings.sum()) ** 2
    rho_c = common / (common + float((1 - loadings**2).sum()))
    outer = np.outer(weights, weights)
    apart = ~np.eye(count, dtype=np.bool_)
    square = float(weights @ weights)
    rho_a = square**2 * float((outer * among)[apart].sum()) / float((outer * outer)[apart].sum())
    return Reliability(name, count, alpha, rho_c, rho_a, float((loadings**2).mean()))


def _htmt(matrix: Vector, one: slice, other: slice) -> float | None:
    between = float(matrix[one, other].mean())
    within = _monotrait(matrix[one, one]) * _monotrait(matrix[other, other])
    return between / within**0.5 if within > 0 else None


def _monotrait(among: Vector) -> float:
    count = len(among)
    if count == 1:
        return 1.0
    return float((among.sum() - count) / (count * (count - 1)))
