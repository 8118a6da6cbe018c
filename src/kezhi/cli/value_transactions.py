"""The argument and options of commands that take a file of transactions, and how it is read."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_output import Command, refuse

if TYPE_CHECKING:
    from kezhi.value.reading import Transactions
    from kezhi.value.summary import Summary


def of_transactions(command: Command) -> Command:
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


def day_of(until: datetime | None) -> date | None:
    return None if until is None else until.date()


def read(file: Path, customer: str, date_: str, amount: str | None) -> Transactions:
    from kezhi.value.reading import Columns, Unreadable, read_transactions

    try:
        return read_transactions(file, Columns(customer, date_, amount))
    except Unreadable as error:
        raise refuse(file, error) from error


def summarise(file: Path, rows: Transactions, unit: str, until: date | None) -> Summary:
    from kezhi.value.reading import Unreadable
    from kezhi.value.summary import summary_of

    try:
        return summary_of(rows, unit=unit, until=until)
    except Unreadable as error:
        raise refuse(file, error) from error
