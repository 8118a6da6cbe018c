"""What a file tells of customers beside their transactions: segments, and what growth potential is told by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_output import Command

if TYPE_CHECKING:
    import pyarrow as pa

    from kezhi.value.reading import Transactions


def takes_prospects(command: Command) -> Command:
    """The options by which growth potential is measured, if they are given."""
    for option in reversed(
        (
            click.option(
                "--about",
                type=click.Path(path_type=Path),
                help=_(
                    "File with a row per customer; its column of the customer is named as in FILE."
                ),
            ),
            click.option(
                "--by",
                multiple=True,
                metavar="A",
                help=_("Column of ABOUT that tells customers alike; growth is measured by it."),
            ),
            click.option(
                "--stated",
                metavar="B",
                help=_("Column of ABOUT of what the customer says it buys a year from everybody."),
            ),
        )
    ):
        command = option(command)
    return command


def prospects_in(
    about: Path | None,
    customer: str,
    by: tuple[str, ...],
    stated: str | None,
    rows: Transactions,
) -> pa.Table | None:
    """What tells growth potential, for the customers of the transactions; None where nothing is named.

    Raises ValueError for what can't be read.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from kezhi.value.tables import FileTable

    if not by and stated is None:
        return None
    if about is None:
        raise click.UsageError(_("--by and --stated name columns of --about"))
    told = FileTable.read(about, [customer, *by, stated])
    columns = {"customer": _places(told, customer, rows)}
    for name in by:
        columns[f"by {name}"] = told.columns.column(name).cast(pa.string())
    if stated is not None:
        columns["stated"] = pa.chunked_array([told.amounts_or_unknown(stated)])
    prospects = pa.table(columns)
    return prospects.filter(pc.is_valid(prospects["customer"]))


def segments_in(
    file: Path, customer: str, segment: str | None, rows: Transactions
) -> pa.Table | None:
    """The segment of each customer, None where no column is named; who stands in two is refused with a
    ValueError."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from kezhi.value.tables import FileTable

    if segment is None:
        return None
    told = FileTable.read(file, [customer, segment])
    words = pc.utf8_trim_whitespace(told.columns.column(segment).cast(pa.string()))
    pairs = pa.table({"customer": _places(told, customer, rows), "segment": words})
    is_told = pc.and_(pc.is_valid(pairs["customer"]), pc.not_equal(pairs["segment"], ""))
    pairs = pairs.filter(is_told).group_by(["customer", "segment"]).aggregate([])
    counted = pc.value_counts(pairs["customer"])
    twice = counted.filter(pc.greater(counted.field("counts"), 1)).field("values")
    if len(twice):
        named = rows.customers[twice[0].as_py()].as_py()
        said = _("column '%(column)s': %(customer)s stands in two segments; a customer has one")
        raise ValueError(said % {"column": segment, "customer": named})
    return pairs


def _places(told: object, customer: str, rows: Transactions) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    names = pa.array(rows.customers).cast(pa.string())
    return pc.index_in(told.texts(customer), value_set=names).cast(pa.int64())  # type: ignore[attr-defined]
