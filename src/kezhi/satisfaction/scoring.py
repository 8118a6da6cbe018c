"""The score of a response: 0 to 100, from the answers on scales and what they count for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from kezhi.satisfaction.models import SurveyQuestion

HUNDRED = Decimal(100)
CENT = Decimal("0.01")


def share_of(question: SurveyQuestion, number: Decimal) -> Decimal:
    """Where on its scale an answer lies, from 0 to 1; turned round where a high answer means little."""
    share = (number - question.low) / Decimal(question.high - question.low)
    return 1 - share if question.is_reversed else share


def score_of(
    replies: Iterable[tuple[SurveyQuestion, Decimal]], dimension_weights: Mapping[str, float]
) -> Decimal | None:
    """The weighted mean of what was answered, by dimension first where dimensions have weights.

    A dimension that nobody answered doesn't count; without any answer that counts there is no score.
    """
    shares: dict[str, list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for question, number in replies:
        counts = question.is_scale and question.sort != SurveyQuestion.Sort.EXPECTATION
        if counts and question.weight > 0:
            dimension = question.dimension if dimension_weights else ""
            shares[dimension].append((question.weight, share_of(question, number)))
    parts = [
        (
            Decimal(str(dimension_weights.get(name, 0))) if dimension_weights else Decimal(1),
            _mean(rows),
        )
        for name, rows in shares.items()
    ]
    total = sum((weight for weight, _share in parts), Decimal(0))
    if not total:
        return None
    score = sum((weight * share for weight, share in parts), Decimal(0)) / total
    return (score * HUNDRED).quantize(CENT)


def _mean(rows: list[tuple[Decimal, Decimal]]) -> Decimal:
    return sum((w * share for w, share in rows), Decimal(0)) / sum(
        (w for w, _s in rows), Decimal(0)
    )
