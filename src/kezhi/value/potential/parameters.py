"""What models have in common that consist of positive parameters and nothing else."""

from __future__ import annotations

from typing import ClassVar

import numpy as np


class PositiveParameters:
    """Refuses parameters that aren't positive and finite; `names` are those that are estimated.

    >>> from kezhi.value.potential.bg_nbd import BGNBD
    >>> BGNBD(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259).parameters
    {'r': 0.2426, 'alpha': 4.4136, 'a': 0.7929, 'b': 2.4259}
    """

    __slots__ = ()

    names: ClassVar[tuple[str, ...]]

    def __post_init__(self) -> None:
        for parameter in self.names:
            if not 0 < getattr(self, parameter) < np.inf:
                raise ValueError(f"{parameter} is {getattr(self, parameter)}: it must be positive")

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in self.names}
