"""What is kept of a survey: all figures of its pages, plain enough for JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kezhi.value.drivers import Drivers
from kezhi.value.satisfaction.features import Category
from kezhi.value.satisfaction.priorities import Priorities
from kezhi.value.satisfaction.shares import Difference, Share
from kezhi.value.satisfaction.trends import Trend

LEVEL = 0.95
LEAST = 30
"""Responses below which nothing is said of drivers, and"""
LEAST_OF_GROUP = 10
"""those below which a group stands in grey."""
LEAST_SHOWN = 5
"""Of an anonymous survey a smaller group isn't shown at all."""
SATISFIED, DISSATISFIED = 75, 50
"""From 75 of 100 on (four of five points) a response is content, below 50 discontent."""
PROMOTES, DETRACTS = 9, 6


@dataclass(frozen=True, slots=True)
class Reading:
    """The score of some responses with its interval; None where nothing was to be scored.

    In points of -100 … 100 for a survey of recommendation, in per cent of the content for CSAT, else the
    mean of 0 … 100.
    """

    count: int
    score: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class GroupReading:
    """`key` is how lists are filtered by it, `label` what is shown. `is_clear`: it differs clearly from all
    other responses together."""

    key: str
    label: str
    reading: Reading
    is_clear: bool = False


@dataclass(frozen=True, slots=True)
class Month:
    first_on: date
    reading: Reading


@dataclass(frozen=True, slots=True)
class Bar:
    """How many responses fell on an answer or a tenth of the scale."""

    low: int
    high: int
    count: int


@dataclass(frozen=True, slots=True)
class QuestionReading:
    """A question on a scale: its mean on 0 … 100 (turned round where it is reversed)."""

    code: str
    sort: str
    dimension: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Gap:
    """Perception less expectation of a dimension, in points of 100, with its interval and weight."""

    dimension: str
    expectation: float
    perception: float
    gap: float
    low: float | None
    high: float | None
    weight: float
    count: int


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of Kano's survey, by the code of the question "if it is there"."""

    code: str
    counts: tuple[int, ...]
    category: Category
    better: float | None
    worse: float | None


@dataclass(frozen=True, slots=True)
class Word:
    """How many comments say a word, and the mean score of those who do."""

    word: str
    count: int
    score: float | None


@dataclass(frozen=True, slots=True)
class SurveyFigures:
    """All that is said of one survey for the year until the study.

    `change` is against the year before. `why_no_drivers` says in a word why there are none: `outcome` (no
    question of satisfaction or recommendation), `questions` (nothing else is asked), `few` or `same`.
    """

    survey: int
    instrument: str
    is_anonymous: bool
    responses: int
    customers: int
    asked: int
    answered: int
    overall: Reading
    content: Share | None
    before: Reading
    change: Difference | None
    months: tuple[Month, ...]
    trend: Trend | None
    bars: tuple[Bar, ...]
    groups: dict[str, tuple[GroupReading, ...]]
    hidden: dict[str, int]
    questions: tuple[QuestionReading, ...]
    alpha: float | None
    drivers: Drivers | None
    outcome: str
    priorities: Priorities | None
    why_no_drivers: str
    gaps: tuple[Gap, ...]
    weighted_gap: float | None
    features: tuple[Feature, ...]
    words: tuple[Word, ...]
    comments: int
