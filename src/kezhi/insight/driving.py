"""What makes customers come back: the retention model, from their answers and what they bought afterwards.

Perceived value explains satisfaction; both and switching cost explain the intention to buy again. The
engine's PLS path model does the arithmetic (`kezhi.value.paths`), a logistic regression links the intention to
the purchase of the half year after the answer (`kezhi.value.repurchase`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from kezhi.core.progress import Progress
from kezhi.insight.answers import Asked, bought_afterwards, read_answers
from kezhi.insight.models import CustomerReading, Study
from kezhi.satisfaction.models import SurveyItem
from kezhi.satisfaction.questioning import CONSTRUCTS
from kezhi.value import repurchase
from kezhi.value.path_quality import Discrimination, Reliability
from kezhi.value.paths import (
    RETENTION,
    Coefficient,
    Construct,
    PathDesign,
    PathModel,
    bootstrap,
    foresight,
)
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.survey_answers import US

Vector = NDArray[np.float64]

LEAST = 30
"""Respondents with an answer to every question below which nothing is said."""
NEEDED = ("perceived_value", "satisfaction", "intention")
DRAWS = 500
LEVEL = 0.95
OUTCOME = "intention"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the intention goes with buying again: P(buys) in the middle of the lowest third of the intention
    and of the highest."""

    respondents: int
    bought: float
    slope: float
    standard_error: float
    p_low: float
    p_high: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The retention model of the whole company.

    `why_not` says in a word why there is none: `few`, `questions` (with `missing` constructs) or `same`
    (a reason in words in `reason`). `effects` are total effects on the intention, the strongest first.
    """

    respondents: int
    customers: int
    left_out: int
    first_on: date | None
    last_on: date | None
    why_not: str
    missing: tuple[str, ...]
    reason: str
    paths: tuple[Coefficient, ...]
    effects: tuple[Coefficient, ...]
    r_squared: dict[str, float]
    r_squared_low: dict[str, float]
    r_squared_high: dict[str, float]
    reliability: tuple[Reliability, ...]
    discrimination: tuple[Discrimination, ...]
    means: dict[str, float]
    weakest: dict[str, str]
    q_squared: float | None
    draws: int
    failed: int
    behaviour: Behaviour | None


def study_drivers(study: Study, progress: Progress) -> tuple[Figures, Iterator[CustomerReading]]:
    """The figures, and a prediction for every customer who answered; the caller keeps both."""
    progress(0, DRAWS, _("Reading the answers"))
    asked = read_answers(CONSTRUCTS, study.as_of)
    if asked is None:
        return replace(_nothing(), missing=NEEDED, why_not="questions"), iter(())
    ours = np.array([about == US for about in asked.answers.about], dtype=np.bool_)
    design = _design(asked)
    missing = tuple(name for name in NEEDED if design is None or name not in design.names)
    figures = replace(
        _nothing(),
        respondents=int(ours.sum()),
        customers=len({c for c, own in zip(asked.answers.customers, ours, strict=True) if own}),
        first_on=_edge(asked.answers.dates[ours], min),
        last_on=_edge(asked.answers.dates[ours], max),
    )
    if design is None or missing:
        return replace(figures, missing=missing, why_not="questions"), iter(())
    answers, low, high = _turned(asked, design, ours)
    complete = int(np.isfinite(answers).all(axis=1).sum())
    if complete < LEAST:
        return replace(figures, left_out=len(answers) - complete), iter(())
    try:
        model, drawn = bootstrap(
            answers,
            design,
            draws=DRAWS,
            level=LEVEL,
            told=lambda done: progress(done, DRAWS, _("Drawing respondents anew")),
        )
    except CannotFit as error:
        return replace(figures, why_not="same", reason=str(error)), iter(())
    customers = [c for c, own in zip(asked.answers.customers, ours, strict=True) if own]
    days = asked.answers.dates[ours].astype(object).tolist()
    index = model.index_scores(answers, low, high)
    bought = bought_afterwards(customers, days, study.as_of)
    link = _link(index[:, model.design.names.index(OUTCOME)], bought)
    behaviour = _behaviour(link, index[:, model.design.names.index(OUTCOME)])
    figures = replace(
        figures,
        why_not="",
        respondents=model.respondents,
        left_out=model.left_out,
        paths=drawn.coefficients,
        effects=tuple(
            sorted(
                (one for one in drawn.total_effects if one.effect == OUTCOME),
                key=lambda one: -abs(one.coefficient),
            )
        ),
        r_squared=dict(model.r_squared),
        r_squared_low={name: edges[0] for name, edges in drawn.r_squared.items()},
        r_squared_high={name: edges[1] for name, edges in drawn.r_squared.items()},
        reliability=model.quality().reliability,
        discrimination=model.quality().discrimination,
        means={name: float(np.nanmean(index[:, place])) for place, name in enumerate(design.names)},
        weakest=_weakest(model),
        q_squared=_foreseen(answers, design),
        draws=drawn.draws,
        failed=drawn.failed,
        behaviour=behaviour,
    )
    return figures, _readings(study, model, (answers, low, high), customers, link)


def _nothing() -> Figures:
    return Figures(
        *(0, 0, 0, None, None, "few", (), "", (), (), {}, {}, {}, (), (), {}, {}, None, 0, 0, None)
    )


def _edge(dates: NDArray[np.datetime64], choose: Any) -> date | None:
    day: date | None = choose(dates).astype(object) if len(dates) else None
    return day


def _design(asked: Asked) -> PathDesign | None:
    """The constructs that were asked, with the paths between them."""
    blocks = {
        name: tuple(each.code for each in asked.items if each.factor == name)
        for name in RETENTION.names
    }
    asked_names = [name for name in RETENTION.names if blocks[name]]
    paths = tuple(
        path for path in RETENTION.paths if path.cause in asked_names and path.effect in asked_names
    )
    linked = {end for path in paths for end in (path.cause, path.effect)}
    names = [name for name in asked_names if name in linked]
    if not paths:
        return None
    return PathDesign(tuple(Construct(name, blocks[name]) for name in names), paths)


def _turned(
    asked: Asked, design: PathDesign, ours: NDArray[np.bool_]
) -> tuple[Vector, Vector, Vector]:
    """The answers about ourselves, reversed questions turned round, with each question's scale."""
    known: dict[str, SurveyItem] = {each.code: each for each in asked.items}
    answers = asked.answers.of(*design.indicators)[ours]
    low = np.array([float(known[code].low) for code in design.indicators])
    high = np.array([float(known[code].high) for code in design.indicators])
    reversed_ = np.array([known[code].is_reversed for code in design.indicators])
    return np.where(reversed_, low + high - answers, answers), low, high


def _weakest(model: PathModel) -> dict[str, str]:
    """The question of each construct that tells least of it, where one falls below the usual .70."""
    found = {}
    for construct, block in zip(model.design.constructs, model.design.blocks(), strict=True):
        loadings = model.loadings[block]
        place = int(np.argmin(loadings))
        if loadings[place] < 0.70 and len(loadings) > 1:
            found[construct.name] = construct.indicators[place]
    return found


def _foreseen(answers: Vector, design: PathDesign) -> float | None:
    """How much better than the mean answer the model foretells respondents it doesn't know."""
    with suppress(CannotFit, ValueError):
        told = foresight(answers, design).q_squared
        own = next(one for one in design.constructs if one.name == OUTCOME).indicators
        return float(np.mean([told[name] for name in own]))
    return None


def _link(intention: Vector, bought: Vector) -> repurchase.Repurchase | None:
    known = np.isfinite(intention) & np.isfinite(bought)
    if known.sum() < LEAST:
        return None
    try:
        return repurchase.fit(intention[known], bought[known], ("intention",))
    except CannotFit:
        return None


def _behaviour(link: repurchase.Repurchase | None, intention: Vector) -> Behaviour | None:
    if link is None:
        return None
    low, high = np.nanquantile(intention, [1 / 6, 5 / 6])
    p_low, p_high = link.p([low, high]).tolist()
    return Behaviour(
        respondents=link.respondents,
        bought=link.base_rate,
        slope=link.slopes[0],
        standard_error=link.standard_errors[1],
        p_low=p_low,
        p_high=p_high,
    )


def _readings(
    study: Study,
    model: PathModel,
    scaled: tuple[Vector, Vector, Vector],
    customers: Sequence[str],
    link: repurchase.Repurchase | None,
) -> Iterator[CustomerReading]:
    """Per customer the means of its respondents: what they answered, and what the model expects of them."""
    answers, low, high = scaled
    names = model.design.names
    own = model.index_scores(answers, low, high)
    expected = model.index_scores(np.clip(model.predict_answers(answers), low, high), low, high)
    outcome = names.index(OUTCOME)
    chance = link.p(expected[:, outcome]) if link is not None else np.full(len(own), np.nan)
    labels = np.array(customers)
    order = np.argsort(labels, kind="stable")
    ids, first = np.unique(labels[order], return_index=True)
    for customer, rows in zip(ids.tolist(), np.split(order, first[1:]), strict=True):
        score = _mean(expected[rows, outcome])
        if score is None:
            continue
        yield CustomerReading(
            study=study,
            customer_id=int(customer),
            respondents=len(rows),
            score=score,
            probability=_mean(chance[rows]),
            figures={name: _mean(own[rows, place]) for place, name in enumerate(names)},
        )


def _mean(column: Vector) -> float | None:
    known = column[np.isfinite(column)]
    return float(known.mean()) if len(known) else None
