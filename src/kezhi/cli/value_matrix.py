"""`kezhi value matrix` and `rfm`: customers in cells, from transactions alone."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_about import prospects_in, takes_prospects
from kezhi.cli.value_output import (
    gives_rows,
    hand_over,
    refuse,
    shown,
    takes_annual_rate,
    takes_horizon,
    takes_margin,
    tells_units,
)
from kezhi.cli.value_transactions import day_of, of_transactions, read, summarise

if TYPE_CHECKING:
    from kezhi.value.matrix import Split

UPS = {"potential": "potential_value", "growth": "growth_value"}
"""What may stand up, as it is asked for; said here so that asking for help loads no library."""


def border(ctx: click.Context, param: click.Parameter, text: str | None) -> Split | None:
    """`70%` is a share of the customers, `5000` an amount."""
    from kezhi.value.matrix import Split

    if text is None:
        return None
    try:
        if text.endswith("%"):
            return Split("share", float(text[:-1]) / 100)
        return Split("figure", float(text))
    except ValueError as error:
        said = _("%(text)s: write an amount such as 5000, or a share of the customers such as 70%%")
        raise click.BadParameter(said % {"text": text}) from error


@click.command(
    help=_(
        "The cell of each customer in the value matrix: grow, keep, nurture or self_service.\n\n"
        "Across stands the contribution of 12 months, up potential value; where --about and --by measure "
        "growth, current value and growth potential. Borders are medians unless they are given; who stands "
        "elsewhere by the given ones has another cell in the column before."
    )
)
@of_transactions
@takes_horizon
@takes_annual_rate
@takes_margin
@takes_prospects
@click.option(
    "--up",
    type=click.Choice(list(UPS)),
    default="growth",
    show_default=True,
    help=_("What stands up, where growth is measured."),
)
@click.option(
    "--across-at",
    callback=border,
    metavar="BORDER",
    help=_("Border of the axis across: an amount (5000) or a share (70%)."),
)
@click.option(
    "--up-at",
    callback=border,
    metavar="BORDER",
    help=_("Border of the axis up: an amount (5000) or a share (70%)."),
)
@click.option("--movers", is_flag=True, help=_("Only customers who change the cell."))
@gives_rows
@tells_units
def matrix(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    horizon: float,
    annual_rate: float,
    margin: float,
    about: Path | None,
    by: tuple[str, ...],
    stated: str | None,
    up: str,
    across_at: Split | None,
    up_at: Split | None,
    movers: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    from kezhi.value.durations import DAYS
    from kezhi.value.matrix import QUADRANTS, MatrixSettings, Split
    from kezhi.value.measure import Settings, measure
    from kezhi.value.scoring import facts_of
    from kezhi.value.units import units_of

    if amount is None:
        raise click.UsageError(_("name the column of the amount with --amount"))
    rows = read(file, customer, date_, amount)
    as_of = summarise(file, rows, unit, day_of(until)).until
    try:
        found = measure(
            facts_of(rows, prospects=prospects_in(about, customer, by, stated, rows)),
            Settings(
                unit=unit,  # type: ignore[arg-type]
                horizon_months=horizon / DAYS["month"],
                annual_rate=annual_rate,
                margin_rate=margin,
                matrix=MatrixSettings(up=UPS[up]),
            ),
            as_of=as_of,
        )
    except ValueError as error:
        raise refuse(about or file, error) from error
    drawn = found.run.matrix
    told = found.customers
    asked = MatrixSettings(across_at or Split(), up_at or Split(), up=drawn["up"])
    measures = ("contribution_12m", "current_value", "potential_value", "growth_value")
    placing = asked.place({name: told[name].to_numpy().copy() for name in measures})
    cells = placing.matrix.quadrant
    columns: dict[str, Any] = {
        "customer": rows.customers.take(told["customer"].combine_chunks()),
        placing.across: told[placing.across],
        placing.up: told[placing.up],
        "quadrant": pa.array(QUADRANTS).take(pa.array(cells, mask=cells < 0)),
        "before": told["quadrant"],
    }
    table = pa.table(columns)
    moved = table.filter(pc.not_equal(table["quadrant"], table["before"]))
    counts = {name: int((cells == place).sum()) for place, name in enumerate(QUADRANTS)}
    note = _(
        "note: %(across)s is high from %(current)s on, %(up)s from %(potential)s on; %(cells)s"
    )
    shown_counts = ", ".join(f"{name} {count}" for name, count in counts.items())
    borders = {
        "current": shown(placing.matrix.current_border),
        "potential": shown(placing.matrix.potential_border),
    }
    axes = {"across": placing.across, "up": placing.up}
    click.echo(note % {**axes, **borders, "cells": shown_counts}, err=True)
    if across_at or up_at:
        click.echo(_("note: %(count)s change the cell") % {"count": moved.num_rows}, err=True)
    hand_over(moved if movers else table, out, as_json, units=units_of(table.column_names, unit))


@click.command(
    help=_(
        "Recency, frequency and monetary scores of each customer, put together, and the segment they make.\n\n"
        "The customers who bought are cut into --bins of equal size, the highest is best; rfm writes the three "
        "side by side. combined weighs them to 0 to 100. Segments go by recency and frequency."
    )
)
@of_transactions
@click.option(
    "--bins",
    type=click.IntRange(2, 10),
    default=5,
    show_default=True,
    help=_("Into how many parts customers are cut."),
)
@click.option(
    "--weights",
    type=(click.FloatRange(0), click.FloatRange(0), click.FloatRange(0)),
    default=(1.0, 1.0, 1.0),
    show_default=True,
    metavar="R F M",
    help=_("What recency, frequency and money weigh in combined."),
)
@gives_rows
@tells_units
def rfm(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    bins: int,
    weights: tuple[float, float, float],
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from kezhi.value.rfm import RFMSettings, segments_of
    from kezhi.value.rfm import rfm as scores_of
    from kezhi.value.units import units_of

    if amount is None:
        raise click.UsageError(_("name the column of the amount with --amount"))
    if not sum(weights):
        raise click.UsageError(_("--weights: one of the three is above 0"))
    found = summarise(file, read(file, customer, date_, amount), unit, day_of(until))
    scores = scores_of(found.last_day, found.occasions, found.total, RFMSettings(bins, weights))
    bought, table = found.bought, found.table()
    three = (scores.recency, scores.frequency, scores.monetary)
    columns: dict[str, Any] = {
        name: table[name] for name in ("customer", "last_on", "occasions", "total")
    }
    names = ("recency_score", "frequency_score", "monetary_score")
    columns |= {name: pa.array(own, mask=~bought) for name, own in zip(names, three, strict=True)}
    joined = [
        "-".join(map(str, each)) if bins > 9 else "".join(map(str, each))
        for each in zip(*(own.tolist() for own in three), strict=True)
    ]
    columns["rfm"] = pa.array(joined, mask=~bought)
    columns["combined"] = pa.array(scores.combined, mask=~bought)
    columns["segment"] = pa.array(segments_of(scores, bins), pa.string())
    hand_over(pa.table(columns), out, as_json, units=units_of(columns, unit))
