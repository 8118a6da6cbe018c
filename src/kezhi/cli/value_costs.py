"""`kezhi value costs` and `payments`: what customers cost to serve, and what late payment costs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_output import gives_rows, hand_over, refuse, takes_margin
from kezhi.cli.value_transactions import of_transactions

MOST_REASONS = 1000
"""Of so many customers who destroy most `costs` says why."""


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
@takes_margin
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


@click.command(
    help=_(
        "What late payment costs: days late × capital rate, per customer.\n\n"
        "FILE has a row per invoice; what isn't paid has no date in the column of --paid."
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--customer", required=True, metavar="C", help=_("Column of the customer."))
@click.option("--due", required=True, metavar="D", help=_("Column of the day due."))
@click.option("--paid", required=True, metavar="D", help=_("Column of the day paid."))
@click.option("--amount", required=True, metavar="A", help=_("Column of the amount."))
@click.option(
    "--on",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help=_("Day on which what is open is counted."),
)
@click.option(
    "--capital-rate",
    type=click.FloatRange(0),
    default=0.08,
    show_default=True,
    help=_("Cost of capital per year, as a fraction."),
)
@gives_rows
def payments(
    file: Path,
    customer: str,
    due: str,
    paid: str,
    amount: str,
    on: datetime,
    capital_rate: float,
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from kezhi.value.costs.payment import payment_behaviour
    from kezhi.value.reading import EPOCH
    from kezhi.value.summary import nullable
    from kezhi.value.tables import FileTable, codes_of

    try:
        table = FileTable.read(file, [customer, due, paid, amount])
        ids, (codes,) = codes_of(table.texts(customer))
        found = payment_behaviour(
            codes,
            table.days(due),
            table.days_or_unknown(paid),
            table.amounts(amount),
            capital_rate=capital_rate,
            as_of=(on.date() - EPOCH).days,
            customers=len(ids),
        )
    except ValueError as error:
        raise refuse(file, error) from error
    hand_over(
        pa.table(
            {
                "customer": ids,
                "cost": pa.array(found.cost),
                "mean_days_late": nullable(found.mean_days_late),
                "share_on_time": nullable(found.share_on_time),
                "overdue": pa.array(found.overdue),
            }
        ),
        out,
        as_json,
    )
