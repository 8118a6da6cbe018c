"""`kezhi value`: the engine on files, without a database.

Nothing here imports Django, and heavy libraries are imported by the command that needs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_about import prospects_in, segments_in, takes_prospects
from kezhi.cli.value_output import (
    duration,
    gives_rows,
    hand_over,
    print_plain,
    refuse,
    shown,
    takes_annual_rate,
    takes_horizon,
    takes_margin,
    takes_season,
    tells_units,
)
from kezhi.cli.value_transactions import day_of, of_transactions, read, summarise

ELSEWHERE = {
    "run": ("kezhi.cli.insight", "run"),
    "network": ("kezhi.cli.value_influence", "network"),
    "referrals": ("kezhi.cli.value_influence", "referrals"),
    "rules": ("kezhi.cli.value_offers", "rules"),
    "offers": ("kezhi.cli.value_offers", "offers"),
    "bridge": ("kezhi.cli.value_over_time", "bridge"),
    "cohorts": ("kezhi.cli.value_over_time", "cohorts"),
    "rhythm": ("kezhi.cli.value_over_time", "rhythm"),
    "survival": ("kezhi.cli.value_over_time", "survival"),
    "winback": ("kezhi.cli.value_over_time", "winback"),
    "whatif": ("kezhi.cli.value_economics", "whatif"),
    "payback": ("kezhi.cli.value_economics", "payback"),
    "costs": ("kezhi.cli.value_costs", "costs"),
    "payments": ("kezhi.cli.value_costs", "payments"),
    "tenure": ("kezhi.cli.value_economics", "tenure"),
    "sequences": ("kezhi.cli.value_offers", "sequences"),
    "information": ("kezhi.cli.value_influence", "information"),
    "concentration": ("kezhi.cli.value_economics", "concentration"),
    "lookalikes": ("kezhi.cli.value_offers", "lookalikes"),
    "equity": ("kezhi.cli.value_over_time", "equity"),
    "weigh": ("kezhi.cli.value_index", "weigh"),
    "index": ("kezhi.cli.value_tree", "index"),
    "rank": ("kezhi.cli.value_index", "rank"),
    "growth": ("kezhi.cli.value_index", "growth"),
    "wallet": ("kezhi.cli.value_wallet", "wallet"),
    "matrix": ("kezhi.cli.value_matrix", "matrix"),
    "rfm": ("kezhi.cli.value_matrix", "rfm"),
    "survey": ("kezhi.cli.value_satisfaction", "survey"),
    "service-level": ("kezhi.cli.value_satisfaction", "service_level"),
    "paths": ("kezhi.cli.value_paths", "paths"),
    "periods": ("kezhi.cli.value_periods", "periods"),
    "season": ("kezhi.cli.value_season", "season"),
    "contracts": ("kezhi.cli.value_periods", "contracts"),
}
"""Subcommands that live in another module, imported when they are called: name → (module, object).
One whose module isn't there is no command."""


class _Group(click.Group):
    """A group whose subcommands in `ELSEWHERE` are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(name for name in ELSEWHERE if _there(name))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in ELSEWHERE and _there(cmd_name):
            module, name = ELSEWHERE[cmd_name]
            command: click.Command = getattr(import_module(module), name)
            return command
        return super().get_command(ctx, cmd_name)


def _there(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(ELSEWHERE[name][0]) is not None


@click.group(
    cls=_Group,
    help=_(
        "What customers are worth: summaries, models and scores of transactions in a file.\n\n"
        "FILE is CSV (UTF-8, UTF-16 or GB18030; comma, tab or semicolon) or Parquet, one "
        "transaction a row. Dates are year-month-day; amounts are plain decimals, returns negative."
    ),
)
def value() -> None:
    """Subcommands that take FILE and the columns of customer, date and amount."""


PURCHASE_MODELS = ("bg-nbd", "mbg-nbd", "pareto-nbd", "ggom-nbd", "nbd", "mbg-cnbd-k")
MODELS = (*PURCHASE_MODELS, "gamma-gamma")
"""What `fit` fits; said here so that asking for help loads no model."""


@value.command(
    help=_("A row per customer: first and last purchase, occasions, recency, age, spend, total.")
)
@of_transactions
@gives_rows
@tells_units
def summary(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    out: Path | None,
    as_json: bool,
) -> None:
    from kezhi.value.units import units_of

    rows = read(file, customer, date_, amount)
    table = summarise(file, rows, unit, day_of(until)).table()
    hand_over(table, out, as_json, units=units_of(table.column_names, unit))


@value.command(
    help=_(
        "Fit a model and print its parameters with standard errors.\n\n"
        "`warnings` names what is unusual: a weak_penalty for few customers, no_dropout, "
        "no_heterogeneity, a flat likelihood."
    )
)
@click.argument("model", type=click.Choice(MODELS))
@of_transactions
@click.option("--json", "as_json", is_flag=True, help=_("Print the result as JSON."))
def fit(
    model: str,
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    as_json: bool,
) -> None:
    from kezhi.value.potential import gamma_gamma
    from kezhi.value.potential.choose import fit_named
    from kezhi.value.potential.fitting import CannotFit

    if model == "gamma-gamma" and amount is None:
        raise click.UsageError(
            _("gamma-gamma is a model of spending: name the column with --amount")
        )
    found = summarise(file, read(file, customer, date_, amount), unit, day_of(until))
    bought = found.bought
    try:
        if model == "gamma-gamma":
            fitted: Any = gamma_gamma.fit(found.paid_repeats, found.mean_spend)
        else:
            fitted = fit_named(
                model,
                found.repeats[bought],
                found.recency[bought],
                found.age[bought],
                log_intervals=found.log_intervals,
            )
    except CannotFit as error:
        said = _("%(file)s: %(model)s can't be fitted: %(reason)s")
        raise click.ClickException(
            said % {"file": file, "model": model, "reason": error}
        ) from error
    diagnostics = fitted.diagnostics
    print_plain(
        {
            "model": model,
            "parameters": fitted.model.parameters,
            "standard_errors": diagnostics.standard_errors,
            "log_likelihood": diagnostics.log_likelihood,
            "converged": diagnostics.converged,
            "customers": diagnostics.customers,
            "unit": unit,
            "warnings": [
                *(["weak_penalty"] if diagnostics.penalty > 0 else []),
                *diagnostics.degenerate,
            ],
        },
        as_json,
    )


@value.command(
    help=_(
        "Value, score and tier of every customer.\n\n"
        "The summary's columns, and what customers will probably bring; potential_low and "
        "potential_high are the interval of the expected value at 80 %. dert counts purchases without end, "
        "discounted; value_without_end is what they bring.\n\n"
        "--all gives every figure: mean_low and mean_high are the interval of the expected value, outcome_low "
        "and outcome_high of what may really come. --units tells what columns are counted in."
    )
)
@of_transactions
@takes_horizon
@takes_annual_rate
@takes_margin
@takes_season
@click.option(
    "--model",
    type=click.Choice(["auto", *PURCHASE_MODELS, "naive"]),
    default="auto",
    show_default=True,
    help=_("What foretells purchases; auto: chosen on a hold-out."),
)
@click.option(
    "--segment",
    metavar="S",
    help=_(
        "Column of the customer's segment, in ABOUT or else in FILE: large ones get a contest of their own."
    ),
)
@takes_prospects
@click.option(
    "--all", "whole", is_flag=True, help=_("Every column, those of the index tree included.")
)
@gives_rows
@tells_units
def score(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    horizon: float,
    annual_rate: float,
    margin: float,
    season: str | None,
    model: str,
    segment: str | None,
    about: Path | None,
    by: tuple[str, ...],
    stated: str | None,
    whole: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    from kezhi.value.durations import DAYS
    from kezhi.value.measure import Settings
    from kezhi.value.reading import Unreadable
    from kezhi.value.scoring import score_transactions
    from kezhi.value.units import units_of

    rows = read(file, customer, date_, amount)
    settings = Settings(
        unit=unit,  # type: ignore[arg-type]
        horizon_months=horizon / DAYS["month"],
        annual_rate=annual_rate,
        margin_rate=margin,
        season=season,  # type: ignore[arg-type]
        model=model,  # type: ignore[arg-type]
        segment_by=segment or "",
    )
    try:
        segments = segments_in(about or file, customer, segment, rows)
        prospects = prospects_in(about, customer, by, stated, rows)
    except ValueError as error:
        raise refuse(about or file, error) from error
    try:
        scored = score_transactions(
            rows,
            settings,
            until=day_of(until),
            segments=segments,
            prospects=prospects,
            whole=whole,
        )
    except Unreadable as error:
        raise refuse(file, error) from error
    tell_warnings(scored.warnings)
    hand_over(scored.table, out, as_json, units=units_of(scored.table.column_names, unit))


def tell_warnings(warnings: Iterable[Mapping[str, Any]]) -> None:
    """What a reader must know, each as a note."""
    for warning in warnings:
        detail = ", ".join(f"{key} {shown(entry)}" for key, entry in warning["detail"].items())
        noted = _("note: %(key)s") % {"key": warning["key"]}
        click.echo(noted + (f" ({detail})" if detail else ""), err=True)


@value.command(help=_("Judge the models on a hold-out and say which one is chosen, and why."))
@of_transactions
@click.option(
    "--holdout",
    default="39w",
    show_default=True,
    callback=duration,
    help=_("Length of the end of the history that is held out."),
)
@takes_season
@click.option("--json", "as_json", is_flag=True, help=_("Print the result as JSON."))
def evaluate(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    holdout: float,
    season: str | None,
    as_json: bool,
) -> None:
    from kezhi.value.reading import Unreadable
    from kezhi.value.scoring import judge_on_holdout

    rows = read(file, customer, date_, amount)
    whole = round(holdout)
    try:
        found = judge_on_holdout(
            rows,
            unit,
            holdout_days=whole,
            until=day_of(until),
            season=season,  # type: ignore[arg-type]
        )
    except Unreadable as error:
        raise refuse(file, error) from error
    if found is None:
        said = _(
            "%(file)s: nobody had bought before the hold-out of %(days)s days began; %(remedy)s"
        )
        remedy = (
            _("choose a shorter --holdout") if len(rows.days) else _("there are no transactions")
        )
        raise click.ClickException(said % {"file": file, "days": whole, "remedy": remedy})
    print_plain(
        {
            "models": found.models,
            "chosen": found.chosen,
            "chosen_because": found.chosen_because,
            "for_p_alive": found.for_p_alive,
            "customers": found.customers,
            "failed": found.failed,
            "rhythm": found.rhythm,
        },
        as_json,
    )
