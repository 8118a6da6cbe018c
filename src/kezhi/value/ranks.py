"""Places in an order. (The same in SciPy comes with a module whose import takes a second.)"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def ranks(of: ArrayLike) -> NDArray[np.float64]:
    """The place of each from the smallest, 1; equals share the mean of their places.

    >>> ranks([10, 30, 20, 30]).tolist()
    [1.0, 3.5, 2.0, 3.5]
    """
    _smallest_first, place, equals = np.unique(of, return_inverse=True, return_counts=True)
    shared: NDArray[np.float64] = np.cumsum(equals) - (equals - 1) / 2
    return shared[place]
