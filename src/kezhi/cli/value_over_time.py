"""`kezhi value bridge`, `cohorts`, `rhythm`, `survival`, `winback`, `equity`: as time goes by."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_output import (
    duration,
    gives_rows,
    hand_over,
    print_plain,
    refuse,
    takes_annual_rate,
)
from kezhi.cli.value_transactions import day_of, of_transactions, read, summarise

PERCENT_80 = 0.8


@click.command(
    help=_(
        "Why the customers are worth more or less: the bridge between two snapshots.\n\n"
        "BEFORE and AFTER have a row per customer. Start, parts and change of the model add up to "
        "the end, to the cent."
    )
)
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--customer", required=True, metavar="C", help=_("Column of the customer."))
@click.option("--value", "value_", required=True, metavar="V", help=_("Column of the value."))
@click.option(
    "--former-model",
    metavar="V",
    help=_("Column of AFTER with the value by the former model and settings."),
)
@click.option("--by-customer", is_flag=True, help=_("A row per customer instead."))
@gives_rows
def bridge(
    before: Path,
    after: Path,
    customer: str,
    value_: str,
    former_model: str | None,
    by_customer: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from kezhi.value.over_time.bridge import PARTS, Snapshot, value_bridge
    from kezhi.value.tables import FileTable, codes_of

    file = before
    try:
        old = FileTable.read(before, [customer, value_])
        names, values = old.texts(customer), old.amounts_or_unknown(value_)
        file = after
        new = FileTable.read(after, [customer, value_, former_model])
        ids, (was, is_) = codes_of(names, new.texts(customer))
        earlier = Snapshot(was, values)
        former = None if former_model is None else new.amounts_or_unknown(former_model)
        later = Snapshot(is_, new.amounts_or_unknown(value_), by_former_model=former)
        found = value_bridge(earlier, later)
    except ValueError as error:
        raise refuse(file, error) from error
    if by_customer:
        table = pa.table(
            {
                "customer": ids,
                "part": pa.array([PARTS[k] for k in found.part.tolist()], pa.string()),
                "change": pa.array(found.change),
                "model_change": pa.array(found.model_changes),
            }
        )
        hand_over(table, out, as_json)
        return
    rows: list[tuple[str, int | None, float]] = [("start", len(old), found.start)]
    rows += [(step.part, step.customers, step.change) for step in found.steps]
    rows += [("model_change", None, found.model_change), ("end", len(new), found.end)]
    table = pa.table(
        {
            "part": [row[0] for row in rows],
            "customers": pa.array([row[1] for row in rows], pa.int64()),
            "value": [row[2] for row in rows],
        }
    )
    hand_over(table, out, as_json, written=_("%(count)s rows written to %(file)s"))


@click.command(
    help=_(
        "What customers brought by the month of their first purchase.\n\n"
        "A row per cohort and month since; value_per_customer is gathered since the first month."
    )
)
@of_transactions
@gives_rows
def cohorts(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from kezhi.value.over_time.periods import cohort_value
    from kezhi.value.reading import EPOCH

    if amount is None:
        raise click.UsageError(_("name the column of the amount with --amount"))
    rows = read(file, customer, date_, amount)
    found = summarise(file, rows, unit, day_of(until))
    as_of = (found.until - EPOCH).days
    assert rows.amounts is not None
    first = found.first_day.copy()
    first[~found.bought] = as_of + 1
    columns: dict[str, list[Any]] = {
        name: [] for name in ("first_month", "customers", "month", "value", "value_per_customer")
    }
    for cohort in cohort_value(rows.codes, rows.days, rows.amounts, first, as_of=as_of):
        for month, (value, gathered) in enumerate(zip(cohort.value, cohort.gathered, strict=True)):
            for name, entry in zip(
                columns, (cohort.month, cohort.size, month, value, gathered), strict=True
            ):
                columns[name].append(entry)
    hand_over(pa.table(columns), out, as_json, written=_("%(count)s rows written to %(file)s"))


@click.command(
    help=_(
        "When each customer buys next: own intervals, shrunk to everybody's.\n\n"
        "low_on … high_on is the interval at 80 %; overdue is the probability that the purchase "
        "should have come by now."
    )
)
@of_transactions
@gives_rows
def rhythm(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    out: Path | None,
    as_json: bool,
) -> None:
    import numpy as np
    import pyarrow as pa

    from kezhi.value.lifetime.rhythm import fit_rhythm, next_purchase
    from kezhi.value.potential.fitting import CannotFit
    from kezhi.value.reading import EPOCH
    from kezhi.value.summary import dates, nullable

    rows = read(file, customer, date_, amount)
    found = summarise(file, rows, unit, day_of(until))
    as_of = (found.until - EPOCH).days
    bought = rows.days <= as_of
    if rows.amounts is not None:
        bought &= rows.amounts >= 0
    codes, days = rows.codes[bought], rows.days[bought]
    many = len(rows.customers)
    try:
        everybody = fit_rhythm(codes, days, customers=many)
    except CannotFit as error:
        raise refuse(file, error) from error
    own = next_purchase(everybody, codes, days, customers=many, as_of=as_of, level=PERCENT_80)
    latest = float(np.datetime64("2199-12-31", "D").astype(int))

    def day(when: Any) -> pa.Array:
        known = np.isfinite(when) & (when <= latest)
        return dates(np.where(known, np.ceil(np.where(known, when, 0)), 0), known)

    hand_over(
        pa.table(
            {
                "customer": rows.customers,
                "usual_days": nullable(own.usual_days),
                "own_weight": nullable(own.weight),
                "low_on": day(own.low),
                "expected_on": day(own.expected_on),
                "high_on": day(own.high),
                "overdue": nullable(own.overdue),
            }
        ),
        out,
        as_json,
    )


@click.command(
    help=_(
        "How long customers stay: survival by Kaplan and Meier, with Greenwood's errors.\n\n"
        "Where nobody gives notice, who hasn't bought for longer than --silent counts as lost on "
        "the last purchase. Times are days."
    )
)
@of_transactions
@click.option(
    "--silent",
    default="12m",
    show_default=True,
    callback=duration,
    help=_("Silence after which a customer counts as lost."),
)
@gives_rows
def survival(
    file: Path,
    customer: str,
    date_: str,
    amount: str | None,
    unit: str,
    until: datetime | None,
    silent: float,
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from kezhi.value.lifetime.survival import kaplan_meier, lifetimes_by_silence
    from kezhi.value.reading import EPOCH

    found = summarise(file, read(file, customer, date_, amount), unit, day_of(until))
    bought = found.bought
    days, lost = lifetimes_by_silence(
        found.first_day[bought],
        found.last_day[bought],
        as_of=(found.until - EPOCH).days,
        silent_days=silent,
    )
    curve = kaplan_meier(days, lost, level=PERCENT_80)
    said = _(
        "note: %(lost)s of %(customers)s customers count as lost; half are left after %(days)s"
    )
    half = "–" if curve.median is None else _("%(days)s days") % {"days": f"{curve.median:.0f}"}
    click.echo(said % {"lost": int(lost.sum()), "customers": len(days), "days": half}, err=True)
    hand_over(
        pa.table(
            {
                "days": pa.array(curve.times),
                "at_risk": pa.array(curve.at_risk),
                "lost": pa.array(curve.lost),
                "survival": pa.array(curve.survival),
                "standard_error": pa.array(curve.standard_error),
                "low": pa.array(curve.low),
                "high": pa.array(curve.high),
            }
        ),
        out,
        as_json,
        written=_("%(count)s rows written to %(file)s"),
    )


@click.command(
    help=_(
        "Whom to win back: second lifetime value × recoverability, minus the costs.\n\n"
        "FILE has a row per lost customer. Known causes: price, service, quality, competitor, "
        "forgotten, relocated, need_gone, insolvent."
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--customer", required=True, metavar="C", help=_("Column of the customer."))
@click.option(
    "--second-value", required=True, metavar="V", help=_("Column of the second lifetime value.")
)
@click.option("--cause", required=True, metavar="K", help=_("Column of the cause of the loss."))
@click.option("--lost-on", required=True, metavar="D", help=_("Column of the day of the loss."))
@click.option(
    "--on",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help=_("Day of the attempt."),
)
@click.option(
    "--cost-of-attempt",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help=_("What an attempt costs."),
)
@click.option(
    "--cost-if-accepted",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help=_("What the offer costs once it is taken."),
)
@click.option(
    "--recoverability",
    multiple=True,
    metavar="CAUSE=P",
    help=_("Probability for a cause; may be given several times."),
)
@gives_rows
def winback(
    file: Path,
    customer: str,
    second_value: str,
    cause: str,
    lost_on: str,
    on: datetime,
    cost_of_attempt: float,
    cost_if_accepted: float,
    recoverability: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from kezhi.value.lifetime.win_back import (
        REASONS,
        RECOVERABILITY,
        WinBackSettings,
        win_back,
    )
    from kezhi.value.reading import EPOCH
    from kezhi.value.summary import nullable
    from kezhi.value.tables import FileTable

    chances = dict(RECOVERABILITY)
    for entry in recoverability:
        name, _equals, share = entry.partition("=")
        try:
            chances[name] = float(share)
        except ValueError as error:
            said = _("%(entry)s: write it like price=0.3") % {"entry": entry}
            raise click.UsageError(said) from error
    try:
        table = FileTable.read(file, [customer, second_value, cause, lost_on])
        found = win_back(
            table.amounts(second_value),
            table.texts(cause).to_pylist(),
            (on.date() - EPOCH).days - table.days(lost_on),
            settings=WinBackSettings(
                recoverability=chances,
                cost_of_attempt=cost_of_attempt,
                cost_if_accepted=cost_if_accepted,
            ),
        )
        names = table.texts(customer)
    except ValueError as error:
        raise refuse(file, error) from error
    if found.unknown_causes:
        said = _("note: causes without a recoverability of their own: %(causes)s")
        click.echo(said % {"causes": ", ".join(found.unknown_causes)}, err=True)
    table_out = pa.table(
        {
            "customer": names,
            "probability": pa.array(found.probability),
            "second_value": pa.array(found.second_value),
            "gain": pa.array(found.gain),
            "break_even": nullable(found.break_even),
            "win_back": pa.array(found.is_worth_it),
            "reason": pa.array([REASONS[k] for k in found.reason.tolist()], pa.string()),
        }
    )
    hand_over(table_out.take(pa.array(found.order)), out, as_json)


@click.command(
    help=_(
        "Customer equity: the value of present customers, and with those expected to be won.\n\n"
        "FILE has a row per customer."
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--value", "value_", required=True, metavar="V", help=_("Column of the value."))
@click.option(
    "--won-per-month",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help=_("Customers expected to be won a month."),
)
@click.option(
    "--value-of-new", type=float, default=0.0, show_default=True, help=_("What a new one is worth.")
)
@click.option(
    "--acquisition-cost",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help=_("What winning a customer costs."),
)
@click.option(
    "--months",
    type=click.IntRange(0, 600),
    default=36,
    show_default=True,
    help=_("Months for which customers are won."),
)
@takes_annual_rate
@click.option("--json", "as_json", is_flag=True, help=_("Print the result as JSON."))
def equity(
    file: Path,
    value_: str,
    won_per_month: float,
    value_of_new: float,
    acquisition_cost: float,
    months: int,
    annual_rate: float,
    as_json: bool,
) -> None:
    from kezhi.value.over_time.equity import Acquisition, customer_equity
    from kezhi.value.tables import FileTable

    try:
        values = FileTable.read(file, [value_]).amounts_or_unknown(value_)
    except ValueError as error:
        raise refuse(file, error) from error
    won = Acquisition(won_per_month, acquisition_cost, value_of_new, months)
    found = customer_equity(values, acquisition=won, annual_rate=annual_rate)
    print_plain(
        {
            "customers": found.customers,
            "equity": found.static,
            "expected_customers": found.new,
            "expected_value": found.acquired,
            "equity_with_acquisition": found.with_acquisition,
        },
        as_json,
    )
