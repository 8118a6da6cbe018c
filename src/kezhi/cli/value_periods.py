"""`kezhi value periods`, `contracts`: customers who can buy once a period, or renew a contract."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_output import gives_rows, hand_over, refuse, takes_annual_rate
from kezhi.cli.value_transactions import day_of, read

if TYPE_CHECKING:
    from kezhi.value.potential.contract_fit import Renewals


def _told(model: Any, diagnostics: Any) -> None:
    """The fit in a line beside the rows."""
    parameters = ", ".join(
        f"{name} {own:.4f} ± {diagnostics.standard_errors[name]:.4f}"
        for name, own in model.parameters.items()
    )
    said = _("note: %(model)s of %(customers)s customers: %(parameters)s; log-likelihood %(fit)s")
    keys = [*(["weak_penalty"] if diagnostics.penalty else []), *diagnostics.degenerate]
    click.echo(
        said
        % {
            "model": model.name,
            "customers": diagnostics.customers,
            "parameters": parameters,
            "fit": f"{diagnostics.log_likelihood:.4f}",
        }
        + (f" ({', '.join(keys)})" if keys else ""),
        err=True,
    )


@click.command(
    help=_(
        "Customers who buy at most once a period: who is still one, and what is to come (BG/BB).\n\n"
        "Counts in how many whole calendar periods after the first purchase there was another: for "
        "donations, memberships, fairs, monthly boxes. A row per customer: repeats, last_period, "
        "periods, p_alive, p_purchase and expected_purchases of the periods ahead, and dert: all "
        "purchases to come, discounted."
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--customer", required=True, metavar="C", help=_("Column of the customer."))
@click.option("--date", "date_", required=True, metavar="D", help=_("Column of the date."))
@click.option(
    "--every",
    type=click.Choice(["week", "month", "quarter", "year"]),
    default="month",
    show_default=True,
    help=_("Length of a period."),
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help=_("Last day that counts.  [default: the last one in the file]"),
)
@click.option(
    "--ahead",
    type=click.IntRange(1, 1200),
    default=12,
    show_default=True,
    help=_("How many periods to look ahead."),
)
@takes_annual_rate
@gives_rows
def periods(
    file: Path,
    customer: str,
    date_: str,
    every: str,
    until: datetime | None,
    ahead: int,
    annual_rate: float,
    out: Path | None,
    as_json: bool,
) -> None:
    import numpy as np
    import pyarrow as pa

    from kezhi.value.potential import bg_bb_fit
    from kezhi.value.potential.alike import once_each
    from kezhi.value.potential.periods import PERIODS_PER_YEAR, by_period
    from kezhi.value.reading import EPOCH

    rows = read(file, customer, date_, None)
    day = day_of(until)
    last = int(rows.days.max(initial=0)) if day is None else (day - EPOCH).days
    try:
        found = by_period(rows.codes, rows.days, len(rows.customers), until=last, every=every)
        mine = found.bought
        fitted = bg_bb_fit.fit(found.x[mine], found.t_x[mine], found.n[mine])
    except ValueError as error:
        raise refuse(file, error) from error
    _told(fitted.model, fitted.diagnostics)
    (x, t_x, n), shape, index = once_each(found.x[mine], found.t_x[mine], found.n[mine])
    model = fitted.model
    discounted = (
        model.dert(x, t_x, n, annual_rate=annual_rate, periods_per_year=PERIODS_PER_YEAR[every])
        if annual_rate > 0
        else np.full(len(x), np.nan)
    )
    figures = {
        "p_alive": model.p_alive(x, t_x, n),
        "p_purchase": model.p_purchase(x, t_x, n, ahead),
        "expected_purchases": model.expected_purchases(x, t_x, n, ahead),
        "dert": discounted,
    }
    columns = {
        "customer": rows.customers.filter(pa.array(mine)),
        "repeats": pa.array(found.x[mine]),
        "last_period": pa.array(found.t_x[mine]),
        "periods": pa.array(found.n[mine]),
        **{
            name: pa.array(own[index].reshape(shape), from_pandas=True)
            for name, own in figures.items()
        },
    }
    hand_over(pa.table(columns), out, as_json)


@click.command(
    help=_(
        "Contracts: who renews, and what the rest of a contract's life is worth (sBG, BdW).\n\n"
        "FILE has a row per cohort and count: how many were there after 0, 1, 2, … renewals; "
        "cohorts may be seen for different lengths. A row per renewal until --ahead: "
        "actual_retention, retention, survival, and derl: the discounted rest of the life in "
        "periods just before that renewal; with --price also residual_value, in money."
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Choice(["sbg", "bdw"]),
    default="sbg",
    show_default=True,
    help=_("bdw lets the own probability to leave change with time."),
)
@click.option("--cohort", metavar="C", help=_("Column of the cohort; without it there is one."))
@click.option(
    "--renewal", default="renewal", show_default=True, help=_("Column of the renewal: 0, 1, 2, …")
)
@click.option("--count", default="count", show_default=True, help=_("Column of the count."))
@click.option(
    "--periods-per-year",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help=_("How often a contract is renewed in a year: 12 for monthly ones."),
)
@click.option(
    "--ahead",
    type=click.IntRange(1, 1200),
    default=12,
    show_default=True,
    help=_("Up to which renewal."),
)
@click.option("--price", type=float, help=_("Contribution of one period of a contract."))
@takes_annual_rate
@gives_rows
def contracts(
    file: Path,
    model: str,
    cohort: str | None,
    renewal: str,
    count: str,
    periods_per_year: float,
    ahead: int,
    price: float | None,
    annual_rate: float,
    out: Path | None,
    as_json: bool,
) -> None:
    import numpy as np
    import pyarrow as pa

    from kezhi.value.potential.contract_fit import fit_bdw, fit_sbg

    if annual_rate <= 0:
        raise click.UsageError(_("a life without end needs an --annual-rate above 0"))
    try:
        data = _renewals(file, cohort, renewal, count)
        fitted: Any = (fit_sbg if model == "sbg" else fit_bdw)(data)
    except ValueError as error:
        raise refuse(file, error) from error
    _told(fitted.model, fitted.diagnostics)
    times = np.arange(1, ahead + 1)
    actual = np.full(ahead, np.nan)
    reached = data.reached
    seen = reached > 0
    kept = np.divide(reached - data.ended, reached, out=np.full(len(reached), np.nan), where=seen)
    actual[: min(ahead, len(kept))] = kept[:ahead]
    left = fitted.model.derl(times - 1, annual_rate, periods_per_year=periods_per_year)
    columns = {
        "renewal": pa.array(times),
        "actual_retention": pa.array(actual, from_pandas=True),
        "retention": pa.array(fitted.model.retention(times)),
        "survival": pa.array(fitted.model.survival(times)),
        "derl": pa.array(left),
    }
    if price is not None:
        columns["residual_value"] = pa.array(left * price)
    hand_over(pa.table(columns), out, as_json, written=_("%(count)s rows written to %(file)s"))


def _renewals(file: Path, cohort: str | None, renewal: str, count: str) -> Renewals:
    from kezhi.value.potential.contract_fit import Renewals
    from kezhi.value.tables import FileTable

    table = FileTable.read(file, [cohort, renewal, count])
    times, counts = table.amounts(renewal), table.amounts(count)
    names = ["" for _row in times] if cohort is None else table.texts(cohort).to_pylist()
    rows: dict[str, dict[float, float]] = {}
    for name, time, own in zip(names, times.tolist(), counts.tolist(), strict=True):
        if time in rows.setdefault(name, {}):
            raise ValueError(
                _("%(file)s: renewal %(renewal)s of %(cohort)s is there twice")
                % {"file": file, "renewal": f"{time:g}", "cohort": name or _("the cohort")}
            )
        rows[name][time] = own
    for name, own_row in rows.items():
        if sorted(own_row) != list(range(len(own_row))):
            raise ValueError(
                _("%(file)s: the renewals of %(cohort)s must be 0, 1, 2, … without a gap")
                % {"file": file, "cohort": name or _("the cohort")}
            )
    return Renewals.of_cohorts([[own[k] for k in sorted(own)] for own in rows.values()])
