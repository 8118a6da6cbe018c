"""How sure the category of a Kano feature is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kezhi.value.surveys import KANO


@dataclass(frozen=True, slots=True)
class Category:
    """The commonest category, the next one, and whether they can be told apart.

    `strength` is the share by which the first leads (Lee & Newcomb 1997: from 0.06 on it counts), `total`
    the share of those to whom the feature matters, (M + O + A) / n. `is_clear` by Fong (1996): a lead of
    1.65 standard errors at least, that is 90 %.
    """

    first: str
    second: str
    strength: float
    total: float
    is_clear: bool
    respondents: int


def category_of(counts: Sequence[int]) -> Category:
    """From counts in the order of `KANO`; ties go to the first of must-be, one-dimensional, attractive,
    indifferent (Berger et al. 1993).

    >>> found = category_of([10, 40, 12, 8, 1, 0])
    >>> found.first, found.second, found.is_clear
    ('one_dimensional', 'attractive', True)
    """
    if len(counts) != len(KANO) or min(counts) < 0 or sum(counts) == 0:
        raise ValueError("count the respondents of each of the six categories")
    order = sorted(range(len(KANO)), key=lambda k: (-counts[k], k))
    n, a, b = sum(counts), counts[order[0]], counts[order[1]]
    least = 1.65 * ((a + b) * (2 * n - a - b) / (2 * n)) ** 0.5
    return Category(
        KANO[order[0]],
        KANO[order[1]],
        (a - b) / n,
        sum(counts[:3]) / n,
        a - b >= max(least, 1),
        n,
    )
