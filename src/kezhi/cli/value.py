"""`kezhi value`: the engine on files, without a database.

Nothing here imports Django, and heavy libraries are imported by the command that needs them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kezhi.cli.launch.language import gettext as _

if TYPE_CHECKING:
    import pyarrow as pa

    from kezhi.value.reading import Transactions
    from kezhi.value.summary import Summary

ELSEWHERE = {"run": ("kezhi.cli.insight", "run")}
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


Command = Callable[..., Any]


def _of_file(command: Command) -> Command:
    """The argument and options that every subcommand takes."""
    for option in reversed(
        (
            click.argument("file", type=click.Path(path_type=Path)),
            click.option(
                "--customer", required=True, metavar="C", help=_("Column of the customer.")
            ),
            click.option(
                "--date", "date_", required=True, metavar="D", help=_("Column of the date.")
            ),
            click.option("--amount", metavar="A", help=_("Column of the amount.")),
            click.option(
                "--unit",
                type=click.Choice(["day", "week", "month"]),
                default="week",
                show_default=True,
                help=_("Unit of recency, age and the models; a week is days ÷ 7."),
            ),
            click.option(
                "--until",
                type=click.DateTime(["%Y-%m-%d"]),
                help=_("Last day that counts.  [default: the last one in the file]"),
            ),
        )
    ):
        command = option(command)
    return command


def _refuse(file: Path, error: Exception) -> click.ClickException:
    said = str(error)
    return click.ClickException(said if said.startswith(str(file)) else f"{file}: {said}")


def _day(until: datetime | None) -> date | None:
    return None if until is None else until.date()


def _read(file: Path, customer: str, date_: str, amount: str | None) -> Transactions:
    from kezhi.value.reading import Columns, Unreadable, read_transactions

    try:
        return read_transactions(file, Columns(customer, date_, amount))
    except Unreadable as error:
        raise _refuse(file, error) from error


def _summarise(file: Path, rows: Transactions, unit: str, until: date | None) -> Summary:
    from kezhi.value.reading import Unreadable
    from kezhi.value.summary import summary_of

    try:
        return summary_of(rows, unit=unit, until=until)
    except Unreadable as error:
        raise _refuse(file, error) from error


def _write(table: pa.Table, out: Path) -> None:
    """As CSV or Parquet by the ending; the file is there whole or not at all."""
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    ending = out.suffix.lower()
    if ending not in (".csv", ".parquet", ".pq"):
        raise click.ClickException(
            _("%(file)s: write to a file that ends in .csv or .parquet") % {"file": out}
        )
    draft = out.with_name(f".{out.name}.part")
    try:
        if ending == ".csv":
            pacsv.write_csv(table, draft, pacsv.WriteOptions(quoting_style="needed"))
        else:
            pq.write_table(table, draft)
        draft.replace(out)
    except OSError as error:
        draft.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        said = _("%(file)s: can't be written: %(reason)s") % {"file": out, "reason": reason}
        raise click.ClickException(said) from error


def _print(plain: Any, as_json: bool) -> None:
    from kezhi.value.plain import to_plain

    plain = to_plain(plain)
    if as_json:
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2))
        return
    for line in _lines(plain):
        click.echo(line)


def _lines(plain: dict[str, Any], indent: str = "") -> list[str]:
    lines: list[str] = []
    for key, entry in plain.items():
        if isinstance(entry, dict):
            lines += [f"{indent}{key}", *_lines(entry, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {_shown(entry)}")
    return lines


def _shown(entry: Any) -> str:
    if entry is None:
        return "-"
    if isinstance(entry, float):
        return f"{entry:.6g}"
    if isinstance(entry, list):
        return ", ".join(_shown(one) for one in entry) or "-"
    return str(entry)


@value.command(
    help=_("A row per customer: first and last purchase, occasions, recency, age, spend, total.")
)
@_of_file
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help=_("CSV or Parquet file to write.")
)
@click.option("--json", "as_json", is_flag=True, help=_("Print the rows as JSON."))
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
    rows = _read(file, customer, date_, amount)
    _hand_over(_summarise(file, rows, unit, _day(until)).table(), out, as_json)


def _hand_over(table: pa.Table, out: Path | None, as_json: bool) -> None:
    if out is not None:
        _write(table, out)
    if as_json:
        _print(table.to_pylist(), True)
    elif out is None:
        import pyarrow as pa
        import pyarrow.csv as pacsv

        text = pa.BufferOutputStream()
        pacsv.write_csv(table, text, pacsv.WriteOptions(quoting_style="needed"))
        click.echo(text.getvalue().to_pybytes(), nl=False)
    else:
        click.echo(
            _("%(count)s customers written to %(file)s") % {"count": table.num_rows, "file": out}
        )


@value.command(
    help=_(
        "Fit a model and print its parameters with standard errors.\n\n"
        "`warnings` names what is unusual: a weak_penalty for few customers, no_dropout, "
        "no_heterogeneity, a flat likelihood."
    )
)
@click.argument("model", type=click.Choice(["bg-nbd", "mbg-nbd", "gamma-gamma"]))
@_of_file
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
    from kezhi.value.potential.choose import FITS
    from kezhi.value.potential.fitting import CannotFit

    if model == "gamma-gamma" and amount is None:
        raise click.UsageError(
            _("gamma-gamma is a model of spending: name the column with --amount")
        )
    found = _summarise(file, _read(file, customer, date_, amount), unit, _day(until))
    bought = found.bought
    try:
        if model == "gamma-gamma":
            fitted: Any = gamma_gamma.fit(found.paid_repeats, found.mean_spend)
        else:
            fitted = FITS[model](found.repeats[bought], found.recency[bought], found.age[bought])
    except CannotFit as error:
        said = _("%(file)s: %(model)s can't be fitted: %(reason)s")
        raise click.ClickException(
            said % {"file": file, "model": model, "reason": error}
        ) from error
    diagnostics = fitted.diagnostics
    _print(
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


def _duration(
    ctx: click.Context, param: click.Parameter, text: str
) -> float:  # in days; checked while the options are parsed
    from kezhi.value.durations import Duration

    try:
        days = Duration.parse(text).days
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if not 0 < days < math.inf:
        raise click.BadParameter(_("%(text)s must be longer than nothing") % {"text": text})
    return days


@value.command(
    help=_(
        "Value, score and tier of every customer.\n\n"
        "The summary's columns, and what customers will probably bring; potential_low and "
        "potential_high are the interval of the expected value at 80 %."
    )
)
@_of_file
@click.option(
    "--horizon",
    default="36m",
    show_default=True,
    callback=_duration,
    help=_("How far to look ahead: 90d, 39w, 36m, 3y."),
)
@click.option(
    "--annual-rate",
    type=click.FloatRange(-1, min_open=True),
    default=0.10,
    show_default=True,
    help=_("Discount rate per year, as a fraction."),
)
@click.option(
    "--margin",
    type=click.FloatRange(-1, 1),
    default=0.30,
    show_default=True,
    help=_("Gross margin as a share of the amount."),
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help=_("CSV or Parquet file to write.")
)
@click.option("--json", "as_json", is_flag=True, help=_("Print the rows as JSON."))
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
    out: Path | None,
    as_json: bool,
) -> None:
    from kezhi.value.durations import DAYS
    from kezhi.value.measure import Settings
    from kezhi.value.reading import Unreadable
    from kezhi.value.scoring import score_transactions

    rows = _read(file, customer, date_, amount)
    settings = Settings(
        unit=unit,  # type: ignore[arg-type]
        horizon_months=horizon / DAYS["month"],
        annual_rate=annual_rate,
        margin_rate=margin,
    )
    try:
        scored = score_transactions(rows, settings, until=_day(until))
    except Unreadable as error:
        raise _refuse(file, error) from error
    for warning in scored.warnings:
        detail = ", ".join(f"{key} {_shown(entry)}" for key, entry in warning["detail"].items())
        noted = _("note: %(key)s") % {"key": warning["key"]}
        click.echo(noted + (f" ({detail})" if detail else ""), err=True)
    _hand_over(scored.table, out, as_json)


@value.command(help=_("Judge the models on a hold-out and say which one is chosen, and why."))
@_of_file
@click.option(
    "--holdout",
    default="39w",
    show_default=True,
    callback=_duration,
    help=_("Length of the end of the history that is held out."),
)
@click.option("--json", "as_json", is_flag=True, help=_("Print the result as JSON."))
def evaluate(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    holdout: float,
    as_json: bool,
) -> None:
    from kezhi.value.durations import days_in
    from kezhi.value.potential.choose import evaluate as judge
    from kezhi.value.reading import Unreadable
    from kezhi.value.scoring import calibration_and_holdout

    rows = _read(file, customer, date_, amount)
    whole = round(holdout)
    try:
        early, later = calibration_and_holdout(rows, unit, holdout_days=whole, until=_day(until))
    except Unreadable as error:
        raise _refuse(file, error) from error
    if not len(later):
        said = _(
            "%(file)s: nobody had bought before the hold-out of %(days)s days began; %(remedy)s"
        )
        remedy = (
            _("choose a shorter --holdout") if len(rows.days) else _("there are no transactions")
        )
        raise click.ClickException(said % {"file": file, "days": whole, "remedy": remedy})
    found = judge(
        early.repeats[early.bought],
        early.recency[early.bought],
        early.age[early.bought],
        later,
        whole / days_in(unit),
    )
    _print(
        {
            "models": found.models,
            "chosen": found.chosen,
            "chosen_because": found.chosen_because,
            "for_p_alive": found.for_p_alive,
            "customers": found.customers,
            "failed": found.failed,
        },
        as_json,
    )
