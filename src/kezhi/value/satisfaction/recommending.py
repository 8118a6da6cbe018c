"""How sure a net promoter score is when few answered, and whether two differ."""

from __future__ import annotations

from kezhi.value.satisfaction.shares import Difference, z_of


def score_interval(
    promoters: int, detractors: int, respondents: int, *, level: float = 0.80
) -> tuple[float, float]:
    """The interval of the NPS in points by inverting the score test (Tango 1998).

    The NPS is the difference of two shares of the same respondents. Unlike score ± z · standard error,
    it keeps its coverage with ten respondents and isn't a single point when all of them agree.

    >>> low, high = score_interval(12, 2, 50, level=0.95)
    >>> round(low, 2), round(high, 2)
    (6.11, 34.47)
    """
    if respondents < 1 or min(promoters, detractors) < 0 or promoters + detractors > respondents:
        raise ValueError("promoters and detractors are counted among one respondent at least")
    score, z = (promoters - detractors) / respondents, z_of(level)

    def away(delta: float) -> float:
        """How many standard errors the score lies above a true score of `delta`."""
        b = (2 * respondents - promoters + detractors) * delta - promoters - detractors
        c = -detractors * delta * (1 - delta)
        root = max(b * b - 8 * respondents * c, 0.0) ** 0.5
        q = (root - b) / (4 * respondents)  # share of detractors that delta makes likeliest
        variance = respondents * (2 * q + delta * (1 - delta))
        apart = promoters - detractors - respondents * delta
        return apart / variance**0.5 if variance > 1e-15 else (0.0 if apart == 0 else apart * 1e9)

    low = _where(lambda delta: away(delta) - z, -1.0, score)
    high = _where(lambda delta: away(delta) + z, score, 1.0)
    return 100 * low, 100 * high


def _where(falling: object, low: float, high: float) -> float:
    """Where a falling function crosses 0, by halving."""
    assert callable(falling)
    for _round in range(60):
        middle = (low + high) / 2
        if falling(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def difference_of_scores(
    one: tuple[int, int, int], other: tuple[int, int, int], *, level: float = 0.80
) -> Difference:
    """NPS of one group less that of another in points; each is promoters, detractors, respondents.

    The intervals of both are joined as Newcombe (1998) joins those of shares.

    >>> difference_of_scores((50, 20, 100), (20, 40, 100)).is_clear
    True
    """
    first, second = (100 * (p - d) / n for p, d, n in (one, other))
    low, high = score_interval(*one, level=level)
    low_2, high_2 = score_interval(*other, level=level)
    apart = first - second
    down = ((first - low) ** 2 + (high_2 - second) ** 2) ** 0.5
    up = ((high - first) ** 2 + (second - low_2) ** 2) ** 0.5
    return Difference(apart, apart - down, apart + up)
