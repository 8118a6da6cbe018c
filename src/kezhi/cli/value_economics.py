"""`kezhi value whatif`, `payback`, `tenure`, `concentration`: what keeping customers does."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_output import (
    gives_rows,
    hand_over,
    refuse,
    takes_annual_rate,
    takes_horizon,
    takes_margin,
)
from kezhi.cli.value_transactions import day_of, of_transactions, read, summarise


@click.command(
    help=_(
        "What if fewer customers left: profit by percentage points of churn, from the fitted model.\n\n"
        "A row per point from 1 to 10; low … high is the interval at 80 % by draws of the "
        "parameters. Money over the horizon, discounted."
    )
)
@of_transactions
@click.option(
    "--model",
    type=click.Choice(["bg-nbd", "mbg-nbd"]),
    default="mbg-nbd",
    show_default=True,
    help=_("The purchase model to fit."),
)
@takes_horizon
@takes_annual_rate
@takes_margin
@click.option(
    "--draws",
    type=click.IntRange(0, 1000),
    default=60,
    show_default=True,
    help=_("Draws of the parameters behind the interval."),
)
@gives_rows
def whatif(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    model: str,
    horizon: float,
    annual_rate: float,
    margin: float,
    draws: int,
    out: Path | None,
    as_json: bool,
) -> None:
    import numpy as np
    import pyarrow as pa

    from kezhi.value.durations import DAYS
    from kezhi.value.economics.what_if import LITERATURE_5_POINTS, churn_what_if
    from kezhi.value.potential import bg_nbd, mbg_nbd
    from kezhi.value.potential.continuation import Horizon

    if amount is None:
        raise click.UsageError(_("name the column of the amount with --amount"))
    found = summarise(file, read(file, customer, date_, amount), unit, day_of(until))
    bought = found.bought
    x, t_x, T = found.repeats[bought].astype(float), found.recency[bought], found.age[bought]
    mean = np.divide(
        found.total[bought], found.occasions[bought], out=np.zeros(len(x)), where=x >= 0
    )
    try:
        fitted: Any = (bg_nbd if model == "bg-nbd" else mbg_nbd).fit(x, t_x, T)
        effect = churn_what_if(
            fitted.model,
            x,
            t_x,
            T,
            margin * mean,
            Horizon.of_months(horizon / DAYS["month"], unit, annual_rate),
            rng=np.random.default_rng(20_260_101),
            diagnostics=fitted.diagnostics,
            draws=draws,
        )
    except ValueError as error:
        raise refuse(file, error) from error
    said = _(
        "note: %(alive)s probable customers, churn %(churn)s a year, profit %(profit)s; the literature "
        "says %(low)s to %(high)s for five points"
    )
    click.echo(
        said
        % {
            "alive": f"{effect.customers_alive:.0f}",
            "churn": f"{effect.churn:.1%}",
            "profit": f"{effect.profit:.2f}",
            "low": f"{LITERATURE_5_POINTS[0]:.0%}",
            "high": f"{LITERATURE_5_POINTS[1]:.0%}",
        },
        err=True,
    )
    names = ("points", "churn", "profit", "change", "low", "high", "relative")
    columns = {
        name: pa.array([getattr(one, name) for one in effect.effects], pa.float64())
        for name in names
    }
    hand_over(pa.table(columns), out, as_json, written=_("%(count)s rows written to %(file)s"))


@click.command(
    help=_(
        "When each source of customers has paid back what winning them cost.\n\n"
        "FILE has a row per transaction with its contribution as amount; the customer's source is "
        "that of the first row. COSTS has the columns source and cost."
    )
)
@of_transactions
@click.option("--source", required=True, metavar="S", help=_("Column of the source."))
@click.option(
    "--costs",
    "costs_file",
    required=True,
    type=click.Path(path_type=Path),
    help=_("File with the columns source and cost."),
)
@gives_rows
def payback(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    source: str,
    costs_file: Path,
    out: Path | None,
    as_json: bool,
) -> None:
    import numpy as np
    import pyarrow as pa

    from kezhi.value.economics.payback import payback_by_source
    from kezhi.value.reading import EPOCH
    from kezhi.value.realised import Lines
    from kezhi.value.tables import FileTable

    if amount is None:
        raise click.UsageError(_("name the column of the amount with --amount"))
    rows = read(file, customer, date_, amount)
    found = summarise(file, rows, unit, day_of(until))
    as_of = (found.until - EPOCH).days
    assert rows.amounts is not None
    try:
        named = FileTable.read(file, [source]).texts(source).to_pylist()
    except ValueError as error:
        raise refuse(file, error) from error
    try:
        spent = FileTable.read(costs_file, ["source", "cost"])
        costs: dict[str, float] = {}
        for name, cost in zip(
            spent.texts("source").to_pylist(), spent.amounts("cost").tolist(), strict=True
        ):
            costs[name] = costs.get(name, 0.0) + cost
    except ValueError as error:
        raise refuse(costs_file, error) from error
    earliest = np.lexsort((np.arange(len(rows.days)), rows.days, rows.codes))
    _codes, first = np.unique(rows.codes[earliest], return_index=True)
    sources = [named[k] for k in earliest[first].tolist()]
    first_day = np.where(found.bought, found.first_day, as_of + 1).astype(np.int32)
    paid = payback_by_source(
        sources, first_day, Lines(rows.codes, rows.days, rows.amounts), costs, as_of=as_of
    )
    table = pa.table(
        {
            "source": [one.source for one in paid],
            "customers": [one.customers for one in paid],
            "cost": [one.cost for one in paid],
            "cost_per_customer": pa.array(
                [one.cost_per_customer if one.customers else None for one in paid], pa.float64()
            ),
            "months_to_payback": pa.array([one.months for one in paid], pa.float64()),
            "returned": pa.array([one.returned for one in paid], pa.float64()),
            "months_seen": [len(one.gathered) for one in paid],
        }
    )
    hand_over(table, out, as_json, written=_("%(count)s rows written to %(file)s"))


@click.command(
    help=_(
        "Profit per customer by year of tenure, split in six.\n\n"
        "FILE has a row per transaction with its margin before discounts as amount. Only customers "
        "seen through the whole year count, against their own first year."
    )
)
@of_transactions
@click.option("--discount", metavar="A", help=_("Column of the discount given."))
@click.option("--serving", metavar="A", help=_("Column of the cost to serve."))
@click.option(
    "--referral", metavar="A", help=_("Column of what referrals of the customer brought.")
)
@click.option(
    "--acquisition-cost",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help=_("What winning a customer costs."),
)
@gives_rows
def tenure(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    discount: str | None,
    serving: str | None,
    referral: str | None,
    acquisition_cost: float,
    out: Path | None,
    as_json: bool,
) -> None:
    import numpy as np
    import pyarrow as pa

    from kezhi.value.economics.tenure import profit_by_tenure
    from kezhi.value.reading import EPOCH
    from kezhi.value.realised import Lines
    from kezhi.value.tables import FileTable

    if amount is None:
        raise click.UsageError(_("name the column of the amount with --amount"))
    rows = read(file, customer, date_, amount)
    found = summarise(file, rows, unit, day_of(until))
    as_of = (found.until - EPOCH).days
    assert rows.amounts is not None
    try:
        further = FileTable.read(file, [amount, discount, serving, referral])
        parts = [
            None
            if name is None
            else Lines(rows.codes, rows.days, np.nan_to_num(further.amounts_or_unknown(name)))
            for name in (discount, serving, referral)
        ]
    except ValueError as error:
        raise refuse(file, error) from error
    years = profit_by_tenure(
        np.where(found.bought, found.first_day, as_of + 1).astype(np.int32),
        Lines(rows.codes, rows.days, rows.amounts),
        discounts=parts[0],
        serving=parts[1],
        referrals=parts[2],
        acquisition_cost=acquisition_cost,
        as_of=as_of,
    )
    names = (
        "year",
        "customers",
        "base",
        "growth",
        "lower_cost",
        "smaller_discounts",
        "referrals",
        "saved_acquisition",
        "profit",
        "against_new",
    )
    table = pa.table({name: [getattr(year, name) for year in years] for name in names})
    hand_over(table, out, as_json, written=_("%(count)s rows written to %(file)s"))


@click.command(
    help=_(
        "How concentrated value is, year by year until the last day.\n\n"
        "Gini, HHI and shares over the customers with any transaction in the year; peak above 1 is "
        "what unprofitable customers destroy."
    )
)
@of_transactions
@click.option(
    "--years", type=click.IntRange(1, 50), default=5, show_default=True, help=_("How many years.")
)
@gives_rows
def concentration(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    years: int,
    out: Path | None,
    as_json: bool,
) -> None:
    import numpy as np
    import pyarrow as pa

    from kezhi.value.over_time.periods import concentration_over_time
    from kezhi.value.reading import EPOCH
    from kezhi.value.summary import dates

    if amount is None:
        raise click.UsageError(_("name the column of the amount with --amount"))
    rows = read(file, customer, date_, amount)
    as_of = (summarise(file, rows, unit, day_of(until)).until - EPOCH).days
    assert rows.amounts is not None
    ends = [as_of - 365 * back for back in range(years - 1, -1, -1)]
    found = [
        one
        for one in concentration_over_time(
            rows.codes, rows.days, rows.amounts, customers=len(rows.customers), ends=ends
        )
        if one.customers
    ]
    names = ("customers", "total", "gini", "hhi", "top_tenth", "largest", "peak")
    table = pa.table(
        {
            "until": dates(np.array([one.day for one in found], dtype=np.int32)),
            **{name: [getattr(one, name) for one in found] for name in names},
        }
    )
    hand_over(table, out, as_json, written=_("%(count)s rows written to %(file)s"))
