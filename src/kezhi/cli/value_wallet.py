"""`kezhi value wallet`: growth potential from transactions and a file about the customers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_about import prospects_in
from kezhi.cli.value_output import (
    gives_rows,
    hand_over,
    refuse,
    takes_annual_rate,
    takes_horizon,
    takes_margin,
    tells_units,
)
from kezhi.cli.value_transactions import day_of, of_transactions, read, summarise


@click.command(
    help=_(
        "Growth potential: what customers could add, by what customers alike spend.\n\n"
        "ABOUT has a row per customer: its column of the customer is named as in FILE, and --by names the "
        "columns that tell customers alike. wallet and gap are money a year; growth, low … high are money "
        "over the horizon, discounted; probability is the share of such gaps that closed within a year."
    )
)
@of_transactions
@click.option(
    "--about",
    required=True,
    type=click.Path(path_type=Path),
    help=_("File with a row per customer."),
)
@click.option(
    "--by",
    multiple=True,
    required=True,
    metavar="A",
    help=_("Column that tells customers alike, such as industry or region; may be given again."),
)
@click.option(
    "--stated",
    metavar="S",
    help=_("Column of what the customer says it buys a year from everybody."),
)
@click.option(
    "--quantile",
    type=click.FloatRange(0.5, 0.99),
    default=0.8,
    show_default=True,
    help=_("What this share of the customers alike don't exceed is within reach."),
)
@takes_horizon
@takes_annual_rate
@takes_margin
@gives_rows
@tells_units
def wallet(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    about: Path,
    by: tuple[str, ...],
    stated: str | None,
    quantile: float,
    horizon: float,
    annual_rate: float,
    margin: float,
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from kezhi.value.durations import DAYS
    from kezhi.value.measure import Settings, measure
    from kezhi.value.scoring import facts_of

    if amount is None:
        raise click.UsageError(_("name the column of the amount with --amount"))
    rows = read(file, customer, date_, amount)
    as_of = summarise(file, rows, unit, day_of(until)).until
    names = pa.array(rows.customers).cast(pa.string())
    try:
        found = measure(
            facts_of(rows, prospects=prospects_in(about, customer, by, stated, rows)),
            Settings(
                unit=unit,  # type: ignore[arg-type]
                horizon_months=horizon / DAYS["month"],
                annual_rate=annual_rate,
                margin_rate=margin,
                frontier_quantile=quantile,
            ),
            as_of=as_of,
        )
    except ValueError as error:
        raise refuse(about, error) from error
    growth = found.run.growth or {}
    if growth.get("lacking"):
        click.echo(_("note: %(reason)s") % {"reason": _lacking(growth["lacking"])}, err=True)
    else:
        said = _(
            "note: %(won)s of %(customers)s gaps of a year ago have closed; a year later the frontier lay "
            "above %(below)s of the customers"
        )
        winning = growth["winning"]
        shown = {"won": winning["won"], "customers": winning["customers"]}
        click.echo(said % {**shown, "below": f"{growth['below_later']:.0%}"}, err=True)
    measured = found.customers
    table = pa.table(
        {
            "customer": names.take(measured["customer"].combine_chunks()),
            "spent_12m": measured["revenue_12m"],
            "wallet": measured["wallet"],
            "gap": measured["wallet_gap"],
            "probability": measured["win_probability"],
            "basis": measured["wallet_basis"],
            "growth": measured["growth_value"],
            "low": measured["growth_low"],
            "high": measured["growth_high"],
        }
    )
    hand_over(table, out, as_json, units=UNITS)


UNITS = {
    "customer": "text",
    "spent_12m": "money",
    "wallet": "money per year",
    "gap": "money per year",
    "probability": "probability",
    "basis": "text",
    "growth": "money",
    "low": "money",
    "high": "money",
}


def _lacking(key: str) -> str:
    return {
        "few": _("too few customers with a whole year of spend; a frontier takes 20"),
        "attributes": _("no attribute tells the customers apart"),
        "history": _("how often gaps close takes two whole years of transactions"),
    }[key]
