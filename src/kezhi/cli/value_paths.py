"""`kezhi value paths`: what explains satisfaction, intention and buying again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_answers import (
    intervals,
    of_answers,
    ours_of,
    outcomes_of,
    plan_of,
    read_answers,
    told,
)
from kezhi.cli.value_output import print_plain

if TYPE_CHECKING:
    from kezhi.value.paths import PathModel
    from kezhi.value.repurchase import Repurchase


@click.command(
    help=_(
        "PLS path model: what explains satisfaction and the intention to buy again.\n\n"
        "FILE has a row per answer as in survey. Without --design the retention model: value_1-3, "
        "switching_1-3, satisfaction_1-3, intention_1-3."
    )
)
@of_answers
@click.option(
    "--design",
    type=click.Path(path_type=Path),
    help=_("JSON: constructs with their indicators (items), and paths."),
)
@click.option(
    "--draws",
    type=click.IntRange(0),
    default=500,
    show_default=True,
    help=_("Samples of the bootstrap; 0: no intervals."),
)
@click.option(
    "--outcomes",
    type=click.Path(path_type=Path),
    help=_("Table of who bought again: customer, bought; links the last constructs to behaviour."),
)
@intervals
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help=_("CSV or Parquet file for the scores of every respondent."),
)
def paths(
    file: Path,
    about: str | None,
    as_json: bool,
    design: Path | None,
    draws: int,
    outcomes: Path | None,
    level: float,
    seed: int,
    out: Path | None,
) -> None:
    from kezhi.value.paths import RETENTION, PathDesign, bootstrap, fit, foresight
    from kezhi.value.survey_answers import US

    plan = RETENTION if design is None else plan_of(design, PathDesign)
    answers = read_answers(file, about)
    columns = ours_of(file, answers, plan.indicators)
    if draws:
        model, drawn = told(
            file, lambda: bootstrap(columns, plan, draws=draws, level=level, seed=seed)
        )
    else:
        model, drawn = told(file, lambda: fit(columns, plan)), None
    ours = [place for place, name in enumerate(answers.about) if name == US]
    who = {
        "respondent": [answers.respondents[place] for place in ours],
        "customer": [answers.customers[place] for place in ours],
    }
    link = None if outcomes is None else _linked(model, columns, who["customer"], outcomes)
    if out is not None:
        _write_scores(who, columns, model, link, out)
    report = _report(model, drawn)
    seen = told(file, lambda: foresight(columns, plan, seed=seed))
    report["q_squared"] = dict(seen.q_squared)
    if link is not None:
        report["repurchase"] = {
            "intercept": link.intercept,
            "slopes": dict(zip(link.names, link.slopes, strict=True)),
            "standard_errors": dict(zip(link.names, link.standard_errors[1:], strict=True)),
            "base_rate": link.base_rate,
            "respondents": link.respondents,
            "warnings": ["weak_penalty"] if link.penalty > 0 else [],
        }
    print_plain(report, as_json)


def _last(model: PathModel) -> list[int]:
    """The constructs that nothing follows from: of the retention model, intention."""
    causes = {path.cause for path in model.design.paths}
    return [k for k, name in enumerate(model.design.names) if name not in causes]


def _linked(model: PathModel, columns: Any, customers: list[str], outcomes: Path) -> Repurchase:
    from kezhi.value.repurchase import fit

    bought, _stake = outcomes_of(outcomes, customers, stake=False)
    last = _last(model)
    names = tuple(model.design.names[k] for k in last)
    found: Repurchase = told(outcomes, lambda: fit(model.scores(columns)[:, last], bought, names))
    return found


def _write_scores(
    who: dict[str, list[str]], columns: Any, model: PathModel, link: Repurchase | None, out: Path
) -> None:
    import pyarrow as pa

    from kezhi.cli.value_output import write_table

    scores, predicted = model.scores(columns), model.predict(columns)
    table: dict[str, Any] = dict(who)
    for place, name in enumerate(model.design.names):
        table[name] = pa.array(scores[:, place], from_pandas=True)
        if model.design.causes(name):
            table[f"{name}_predicted"] = pa.array(predicted[:, place], from_pandas=True)
    if link is not None:
        table["p_repurchase"] = pa.array(link.p(scores[:, _last(model)]), from_pandas=True)
    write_table(pa.table(table), out)


def _report(model: Any, drawn: Any) -> dict[str, Any]:
    def of(one: Any) -> dict[str, Any]:
        names = ["coefficient", "vif"] if drawn is None else [*_DRAWN, "vif"]
        return {name: getattr(one, name) for name in names if getattr(one, name) is not None}

    quality = model.quality()
    names = model.design.indicators
    report: dict[str, Any] = {
        "respondents": model.respondents,
        "left_out": model.left_out,
        "rounds": model.rounds,
        "r_squared": dict(model.r_squared),
        "paths": {f"{one.cause} > {one.effect}": of(one) for one in (drawn or model).coefficients},
        "loadings": dict(zip(names, model.loadings, strict=True)),
        "reliability": {
            one.construct: {
                "alpha": one.alpha,
                "rho_c": one.rho_c,
                "rho_a": one.rho_a,
                "ave": one.ave,
            }
            for one in quality.reliability
        },
        "htmt": {f"{one.one} : {one.other}": one.htmt for one in quality.discrimination},
    }
    if drawn is not None:
        report["total_effects"] = {
            f"{one.cause} > {one.effect}": of(one) for one in drawn.total_effects
        }
        report["draws"], report["failed_draws"] = drawn.draws, drawn.failed
    return report


_DRAWN = ("coefficient", "standard_error", "low", "high", "t")
