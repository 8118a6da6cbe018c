"""`kezhi value whatif`, `payback` and `costs`: what keeping, winning and serving customers does."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_output import duration, gives_rows, hand_over, refuse
from kezhi.cli.value_transactions import day_of, of_transactions, read, summarise

MOST_REASONS = 1000
"""Of so many customers who destroy most `costs` says why."""


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
@click.option(
    "--horizon",
    default="36m",
    show_default=True,
    callback=duration,
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
        "What customers cost to serve, who destroys value, and why.\n\n"
        "FILE has a row per order line. ACTIVITIES has the columns customer, date, kind, quantity; "
        "RATES kind and rate; TOTALS kind, amount, first, last and rule (revenue, orders, lines, "
        "weight, equal): every total lands to the cent. because tells which costs of an unprofitable "
        "customer are how much higher than those of similar ones, for the thousand worst."
    )
)
@of_transactions
@click.option("--goods", metavar="A", help=_("Column of the cost of the goods."))
@click.option(
    "--margin",
    type=click.FloatRange(-1, 1),
    default=0.30,
    show_default=True,
    help=_("Gross margin as a share of the amount."),
)
@click.option("--order", "order_", metavar="O", help=_("Column of the order."))
@click.option("--weight", metavar="W", help=_("Column of the weight."))
@click.option("--activities", type=click.Path(path_type=Path), help=_("File of activities."))
@click.option("--rates", type=click.Path(path_type=Path), help=_("File of rates."))
@click.option("--totals", type=click.Path(path_type=Path), help=_("File of totals."))
@gives_rows
def costs(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    goods: str | None,
    margin: float,
    order_: str | None,
    weight: str | None,
    activities: Path | None,
    rates: Path | None,
    totals: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    import numpy as np
    import pyarrow as pa

    from kezhi.value.costs.activities import Activity, Bought, Total, serving_costs
    from kezhi.value.costs.causes import loss_of
    from kezhi.value.costs.whales import whales
    from kezhi.value.reading import EPOCH
    from kezhi.value.realised import Lines, realised
    from kezhi.value.tables import FileTable, codes_of

    if amount is None:
        raise click.UsageError(_("name the column of the amount with --amount"))
    if (activities is None) != (rates is None):
        raise click.UsageError(_("--activities and --rates belong together"))
    current = file
    try:
        lines = FileTable.read(file, [customer, date_, amount, goods, order_, weight])
        texts = [lines.texts(customer)]
        done: FileTable | None = None
        if activities is not None:
            current = activities
            done = FileTable.read(activities, ["customer", "date", "kind", "quantity"])
            texts.append(done.texts("customer"))
        ids, codes = codes_of(*texts)
        current = file
        days = lines.days(date_).astype(np.int32)
        amounts = lines.amounts(amount)
        as_of = int(days.max(initial=0)) if until is None else (until.date() - EPOCH).days
        bought = Bought(
            codes[0],
            days,
            amounts,
            None if order_ is None else codes_of(lines.texts(order_))[1][0].astype(np.int64),
            None if weight is None else lines.amounts(weight),
        )
        line_costs = None if goods is None else lines.amounts_or_unknown(goods)
        current = rates or file
        known_rates = [] if rates is None else _rates(FileTable.read(rates, ["kind", "rate"]))
        current = totals or file
        shared = [] if totals is None else _totals(totals)
        serving = serving_costs(
            codes[1] if done is not None else [],
            done.days("date") if done is not None else [],
            done.texts("kind").to_pylist() if done is not None else [],
            done.amounts("quantity") if done is not None else [],
            rates=[Activity(kind, rate) for kind, rate in known_rates],
            totals=[Total(**total) for total in shared],
            bought=bought,
            customers=len(ids),
        )
        past = realised(
            Lines(codes[0], days, amounts),
            line_costs,
            None,
            serving.lines,
            customers=len(ids),
            as_of=as_of,
            margin_rate=margin,
        )
    except ValueError as error:
        raise refuse(current, error) from error
    for kind, count in serving.unknown.items():
        said = _("note: %(count)s activities of kind %(kind)s have no rate and are left out")
        click.echo(said % {"count": count, "kind": kind}, err=True)
    curve = whales(past.value)
    if curve.peak is not None:
        said = _(
            "note: %(profitable)s customers make %(peak)s of the profit, %(unprofitable)s destroy "
            "%(destroyed)s"
        )
        click.echo(
            said
            % {
                "profitable": curve.profitable,
                "peak": f"{curve.peak:.0%}",
                "unprofitable": curve.unprofitable,
                "destroyed": f"{-curve.destroyed:.2f}",
            },
            err=True,
        )
    within = serving.lines.days <= as_of
    by_kind = {
        name: np.bincount(
            serving.lines.codes[within & (serving.kind == k)],
            serving.lines.amounts[within & (serving.kind == k)],
            minlength=len(ids),
        )
        for k, name in enumerate(serving.kinds)
    }
    components = {"cost_of_goods": past.cost_of_goods, **by_kind}
    because = [""] * len(ids)
    for k in curve.destroyers[:MOST_REASONS].tolist():
        loss = loss_of(int(k), past.revenue, components)
        because[k] = "; ".join(
            f"{cause.component} +{cause.excess:.2f}" for cause in loss.causes
        ) or "; ".join(f"{name} {spent:.2f}" for name, spent in loss.largest)
    order = np.argsort(-past.value, kind="stable")
    table = pa.table(
        {
            "customer": ids,
            "revenue": pa.array(past.revenue),
            "cost_of_goods": pa.array(past.cost_of_goods),
            **{f"cost_{name}": pa.array(cost) for name, cost in by_kind.items()},
            "realised_value": pa.array(past.value),
            "is_estimate": pa.array(past.is_estimate),
            "because": pa.array(because, pa.string()),
        }
    )
    hand_over(table.take(pa.array(order)), out, as_json)


def _rates(table: Any) -> list[tuple[str, float]]:
    return list(zip(table.texts("kind").to_pylist(), table.amounts("rate").tolist(), strict=True))


def _totals(path: Path) -> list[dict[str, Any]]:
    from kezhi.value.tables import FileTable

    table = FileTable.read(path, ["kind", "amount", "first", "last", "rule"])
    columns = (
        table.texts("kind").to_pylist(),
        table.amounts("amount").tolist(),
        table.days("first").tolist(),
        table.days("last").tolist(),
        table.texts("rule").to_pylist(),
    )
    names = ("kind", "amount", "first", "last", "rule")
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
