"""`kezhi value weigh`, `rank` and `growth`: weights of indices, rankings, the growth matrix."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_output import gives_rows, hand_over, print_plain, refuse

METHODS = ("ahp", "entropy", "critic", "merec", "combined")


@click.command(
    help=_(
        "Weights of indices: by judgements in pairs, by data, or by both.\n\n"
        "With --by ahp each FILE is the matrix of one person: names on top and at the left, cells "
        "such as 3 or 1/3, empty where not judged. Else FILE is a table with a row per customer."
    )
)
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.option(
    "--by", type=click.Choice(METHODS), default="ahp", show_default=True, help=_("How to weigh.")
)
@click.option("--index", multiple=True, metavar="I", help=_("Column of an index; repeatable."))
@click.option(
    "--cost", multiple=True, metavar="I", help=_("Index of which less is better; repeatable.")
)
@click.option(
    "--judgements",
    multiple=True,
    type=click.Path(path_type=Path),
    help=_("Matrix of judgements for --by combined; repeatable."),
)
@click.option(
    "--theta",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help=_("Weight of the judgements in --by combined."),
)
@click.option("--json", "as_json", is_flag=True, help=_("Print the result as JSON."))
def weigh(
    files: tuple[Path, ...],
    by: str,
    index: tuple[str, ...],
    cost: tuple[str, ...],
    judgements: tuple[Path, ...],
    theta: float,
    as_json: bool,
) -> None:
    if by == "ahp":
        print_plain(_judged(files), as_json)
        return
    if len(files) > 1 or not index:
        raise click.UsageError(_("weights by data need one FILE and its indices, named by --index"))
    if by == "combined" and not judgements:
        raise click.UsageError(_("combined weights need --judgements"))
    data = _columns(files[0], index)
    found = _by_data(files[0], data, index, cost, by)
    if by == "combined":
        found = _combined(files[0], found, index, judgements, theta)
    print_plain({"by": by, "customers": len(data), **found}, as_json)


def _judged(files: tuple[Path, ...]) -> dict[str, Any]:
    from kezhi.value.index import ahp
    from kezhi.value.index.judgement_file import read_judgements

    people, ratios = [], []
    for file in files:
        try:
            people.append(read_judgements(file))
            ratios.append(ahp.priorities(people[-1][1]).consistency_ratio)
        except ValueError as error:
            raise refuse(file, error) from error
        if people[-1][0] != people[0][0]:
            said = _("%(file)s: the names are others than in %(first)s")
            raise click.ClickException(said % {"file": file, "first": files[0]})
    names = people[0][0]
    try:
        found = ahp.weigh(ahp.together([matrix for _names, matrix in people]), names=names)
    except ValueError as error:
        raise refuse(files[0], error) from error
    doubt = None
    if found.doubt is not None:
        doubt = {
            "judgement": f"{names[found.doubt.row]} : {names[found.doubt.column]}",
            "given": found.doubt.given,
            "fits": found.doubt.fits,
            "grade": found.doubt.grade,
            "consistency_ratio": found.doubt.consistency_ratio,
        }
    return {
        "by": "ahp",
        "people": len(people),
        "ratio_by_person": dict(zip(map(str, files), ratios, strict=True)),
        "weights": dict(zip(names, found.weights, strict=True)),
        "lambda_max": found.lambda_max,
        "consistency_index": found.consistency_index,
        "random_index": found.random_index,
        "consistency_ratio": found.consistency_ratio,
        "missing": found.missing,
        "most_doubtful": doubt,
    }


def _columns(file: Path, names: tuple[str, ...]) -> Any:
    import numpy as np

    from kezhi.value.tables import FileTable

    try:
        table = FileTable.read(file, list(names))
        return np.column_stack([table.amounts_or_unknown(name) for name in names])
    except ValueError as error:
        raise refuse(file, error) from error


def _by_data(
    file: Path, data: Any, names: tuple[str, ...], cost: tuple[str, ...], by: str
) -> dict[str, Any]:
    from kezhi.value.index.critic import critic_weights
    from kezhi.value.index.entropy import entropy_weights
    from kezhi.value.index.merec import merec_weights
    from kezhi.value.index.normalise import min_max

    costs = _costs(names, cost)
    try:
        if by == "critic":
            scaled = min_max(data)
            scaled[:, costs] = 1 - scaled[:, costs]
            found = critic_weights(scaled)
        elif by == "merec":
            found = merec_weights(data, costs)
        else:
            found = entropy_weights(data)
    except ValueError as error:
        raise refuse(file, error) from error
    return {"weights": dict(zip(names, found.tolist(), strict=True))}


def _combined(
    file: Path,
    found: dict[str, Any],
    names: tuple[str, ...],
    judgements: tuple[Path, ...],
    theta: float,
) -> dict[str, Any]:
    from kezhi.value.index.weighing import combine

    judged = _judged(judgements)
    if set(judged["weights"]) != set(names):
        said = _("%(file)s: judges %(judged)s, but the indices are %(names)s")
        others = {"judged": ", ".join(judged["weights"]), "names": ", ".join(names)}
        raise click.ClickException(said % {"file": judgements[0], **others})
    own = [judged["weights"][name] for name in names]
    try:
        weights = combine(own, [found["weights"][name] for name in names], theta)
    except ValueError as error:
        raise refuse(file, error) from error
    return {
        "theta": theta,
        "weights": dict(zip(names, weights.tolist(), strict=True)),
        "judged": dict(zip(names, own, strict=True)),
        "by_data": found["weights"],
        "consistency_ratio": judged["consistency_ratio"],
    }


def _costs(names: tuple[str, ...], cost: tuple[str, ...]) -> list[bool]:
    for name in cost:
        if name not in names:
            said = _("--cost names %(name)s, which is no index")
            raise click.UsageError(said % {"name": name})
    return [name in cost for name in names]


@click.command(
    help=_(
        "Rank the rows of a table by TOPSIS or a weighted sum.\n\n"
        "Indices are given with their weights: --index contribution=0.5. The normalisation can "
        "change who is first."
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", required=True, metavar="N", help=_("Column that names the row."))
@click.option(
    "--index", multiple=True, required=True, metavar="I=W", help=_("Index and weight; repeatable.")
)
@click.option(
    "--cost", multiple=True, metavar="I", help=_("Index of which less is better; repeatable.")
)
@click.option(
    "--by",
    type=click.Choice(["topsis", "sum"]),
    default="topsis",
    show_default=True,
    help=_("How to put the indices together."),
)
@click.option(
    "--normalisation",
    type=click.Choice(["vector", "min-max", "none"]),
    help=_("How to bring indices to one scale.  [default: vector; for a sum min-max]"),
)
@gives_rows
def rank(
    file: Path,
    name: str,
    index: tuple[str, ...],
    cost: tuple[str, ...],
    by: str,
    normalisation: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from kezhi.value.tables import FileTable

    weights = named_numbers(index, "--index")
    costs = _costs(tuple(weights), cost)
    try:
        labels = FileTable.read(file, [name]).texts(name)
    except ValueError as error:
        raise refuse(file, error) from error
    data = _columns(file, tuple(weights))
    try:
        columns = _ranked(data, list(weights.values()), costs, by, normalisation)
    except ValueError as error:
        raise refuse(file, error) from error
    table = pa.table({name: labels, **columns}).sort_by([("rank", "ascending")])
    hand_over(table, out, as_json, written=_("%(count)s rows written to %(file)s"))


def _ranked(
    data: Any, weights: list[float], costs: list[bool], by: str, normalisation: str | None
) -> dict[str, Any]:
    import numpy as np

    from kezhi.value.index.normalise import min_max, vector
    from kezhi.value.index.topsis import topsis
    from kezhi.value.index.weighing import simple_sum
    from kezhi.value.ranks import ranks

    if by == "topsis":
        found = topsis(data, weights, costs, normalisation=normalisation or "vector")  # type: ignore[arg-type]
        return {
            "closeness": found.closeness,
            "d_plus": found.d_plus,
            "d_minus": found.d_minus,
            "rank": found.rank,
        }
    if min(weights) < 0 or sum(weights) <= 0:
        raise ValueError("every index weighs 0 or more, and one of them more than 0")
    scaled = data
    if normalisation in (None, "min-max"):
        scaled = min_max(data)
    elif normalisation == "vector":
        scaled = vector(data)
    turned = np.where(
        costs, (1 - scaled) if normalisation in (None, "min-max") else -scaled, scaled
    )
    total = simple_sum(turned, weights)
    if np.isnan(total).any():
        raise ValueError(f"row {int(np.argmax(np.isnan(total))) + 1} has no index at all")
    return {"sum": total, "rank": ranks(-total)}


def named_numbers(given: tuple[str, ...], option: str) -> dict[str, float]:
    """`name=number` options in order, each name once."""
    found: dict[str, float] = {}
    for one in given:
        name, _equals, number = one.rpartition("=")
        try:
            figure = float(number)
        except ValueError:
            figure = float("nan")
        if not name or name in found or figure != figure:
            said = _("%(option)s %(given)s: write name=number, each name once")
            raise click.UsageError(said % {"option": option, "given": one})
        found[name] = figure
    return found


@click.command(
    help=_(
        "The growth matrix: present or new products, to present or new customers.\n\n"
        "FILE holds the order lines of the whole history; those of the period are laid out."
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--customer", required=True, metavar="C", help=_("Column of the customer."))
@click.option("--product", required=True, metavar="P", help=_("Column of the product."))
@click.option("--date", "date_", required=True, metavar="D", help=_("Column of the date."))
@click.option("--amount", required=True, metavar="A", help=_("Column of the amount."))
@click.option("--contribution", metavar="M", help=_("Column of the contribution of the line."))
@click.option(
    "--from",
    "first",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help=_("First day of the period."),
)
@click.option(
    "--until",
    "last",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help=_("Last day that counts."),
)
@click.option(
    "--customer-days",
    type=click.IntRange(1),
    default=365,
    show_default=True,
    help=_("How long a customer is new after the first purchase."),
)
@click.option(
    "--lapse-days",
    type=click.IntRange(0),
    default=730,
    show_default=True,
    help=_("Who comes back after so many days is new again; 0: never."),
)
@click.option(
    "--new-product",
    type=click.Choice(["launch", "customer"]),
    default="launch",
    show_default=True,
    help=_("A product is new since its first sale, or to a customer who hasn't bought it lately."),
)
@click.option(
    "--product-days",
    type=click.IntRange(1),
    default=365,
    show_default=True,
    help=_("How long a product is new."),
)
@click.option("--json", "as_json", is_flag=True, help=_("Print the result as JSON."))
def growth(
    file: Path,
    customer: str,
    product: str,
    date_: str,
    amount: str,
    contribution: str | None,
    first: datetime,
    last: datetime,
    customer_days: int,
    lapse_days: int,
    new_product: str,
    product_days: int,
    as_json: bool,
) -> None:
    from kezhi.value.growth_matrix import Newness, growth_matrix
    from kezhi.value.reading import EPOCH
    from kezhi.value.tables import FileTable, codes_of

    try:
        table = FileTable.read(file, [customer, product, date_, amount, contribution])
        found = growth_matrix(
            codes_of(table.texts(customer))[1][0],
            codes_of(table.texts(product))[1][0],
            table.days(date_),
            table.amounts(amount),
            None if contribution is None else table.amounts_or_unknown(contribution),
            first_day=(first.date() - EPOCH).days,
            last_day=(last.date() - EPOCH).days,
            newness=Newness(customer_days, lapse_days or None, new_product, product_days),  # type: ignore[arg-type]
        )
    except ValueError as error:
        raise refuse(file, error) from error
    if found.is_short:
        said = _("note: only %(days)s days of history before the period; what is new is overstated")
        click.echo(said % {"days": found.days_before}, err=True)
    cells = {
        one.cell: {
            "revenue": one.revenue,
            "contribution": one.contribution,
            "customers": one.customers,
            "products": one.products,
            "lines": one.lines,
        }
        for one in found.cells
    }
    print_plain({"cells": cells, "days_before": found.days_before}, as_json)
