"""`kezhi value season`: in which months or weeks customers buy more."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_output import gives_rows, hand_over, refuse, tells_units
from kezhi.cli.value_transactions import day_of, of_transactions, read, summarise


@click.command(
    help=_(
        "In which months or weeks of the year customers buy more, from all repeat purchases.\n\n"
        "A row per month (or week: the 52nd runs until the end of the year) with its index: 1.2 is "
        "20 % more than on average over the year. Indices are drawn towards 1 by how sure they are; it "
        "takes two whole years."
    )
)
@of_transactions
@click.option(
    "--by",
    type=click.Choice(["month", "week"]),
    default="month",
    show_default=True,
    help=_("Parts of the year."),
)
@gives_rows
@tells_units
def season(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    by: str,
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from kezhi.value.by_season import seasons_of
    from kezhi.value.reading import EPOCH

    found = summarise(file, read(file, customer, date_, amount), unit, day_of(until))
    told = seasons_of(found, unit, (found.until - EPOCH).days, "week" if by == "week" else "month")
    if told.season is None:
        raise refuse(file, ValueError(told.lacking or ""))
    own = told.season
    columns = {
        by: pa.array(range(1, len(own.factors) + 1)),
        "index": pa.array(own.factors),
        "standard_error": pa.array(own.standard_errors),
        "years": pa.array([own.years] * len(own.factors)),
    }
    units = {by: f"{by} of the year", "index": "ratio", "standard_error": "ratio", "years": "years"}
    written = _("%(count)s rows written to %(file)s")
    hand_over(pa.table(columns), out, as_json, written=written, units=units)
