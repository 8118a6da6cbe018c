"""Further `kezhi value survey …` commands (how sure a figure is), and `kezhi value service-level`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_answers import intervals, of_answers, ours_of, read_answers, told
from kezhi.cli.value_output import print_plain, refuse
from kezhi.cli.value_surveys import survey

__all__ = ["service_level", "survey"]

_level = click.option(
    "--level",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.80,
    show_default=True,
    help=_("Coverage of the interval."),
)
_item = click.option("--item", required=True, metavar="Q", help=_("The item."))
_items = click.option(
    "--item", multiple=True, required=True, metavar="Q", help=_("Item; repeatable.")
)


def _known(answers: Any, item: str) -> Any:
    import numpy as np

    column = answers.ravel()
    column = column[np.isfinite(column)]
    if not len(column):
        raise ValueError(_("nobody answered %(item)s") % {"item": item})
    return column


@survey.command(help=_("CSAT: share of answers at or above a point, with Wilson's interval."))
@of_answers
@_item
@click.option(
    "--from", "from_", type=float, default=4.0, show_default=True, help=_("Satisfied from here on.")
)
@_level
def csat(
    file: Path, about: str | None, as_json: bool, item: str, from_: float, level: float
) -> None:
    from kezhi.value.satisfaction.shares import share

    answers = ours_of(file, read_answers(file, about), (item,))
    column = told(file, lambda: _known(answers, item))
    print_plain(share(int((column >= from_).sum()), len(column), level=level), as_json)


@survey.command(help=_("Mean of an item (effort, a score) with Student's interval."))
@of_answers
@_item
@_level
def mean(file: Path, about: str | None, as_json: bool, item: str, level: float) -> None:
    from kezhi.value.satisfaction.means import mean_of

    answers = ours_of(file, read_answers(file, about), (item,))
    column = told(file, lambda: _known(answers, item))
    found = mean_of(len(column), float(column.sum()), float((column**2).sum()), level=level)
    print_plain(found, as_json)


@survey.command(help=_("Cronbach's alpha: how far some items measure one and the same."))
@of_answers
@_items
def alpha(file: Path, about: str | None, as_json: bool, item: tuple[str, ...]) -> None:
    from kezhi.value.satisfaction.means import cronbach_alpha

    answers = ours_of(file, read_answers(file, about), item)
    print_plain({"alpha": told(file, lambda: cronbach_alpha(answers))}, as_json)


@survey.command(help=_("Trend of an item by month: Sen's slope and Mann-Kendall's test."))
@of_answers
@_item
@_level
def trend(file: Path, about: str | None, as_json: bool, item: str, level: float) -> None:
    import numpy as np

    from kezhi.value.satisfaction.trends import LEAST, trend_of
    from kezhi.value.survey_answers import US

    answers = read_answers(file, about)
    column = ours_of(file, answers, (item,)).ravel()
    ours = np.array([name == US for name in answers.about])
    months = answers.dates[ours].astype("datetime64[M]").astype(np.int64)
    known = np.isfinite(column)
    places = np.unique(months[known])
    means = [float(column[known & (months == one)].mean()) for one in places]
    found = trend_of(means, places.tolist(), level=level)
    if found is None:
        said = _("%(file)s: a trend needs answers of %(num)s months at least")
        raise click.ClickException(said % {"file": file, "num": LEAST})
    print_plain(found, as_json)


@survey.command(
    help=_("Importance and performance: drivers of an outcome and where to put effort.")
)
@of_answers
@click.option("--outcome", required=True, metavar="Q", help=_("The item that is to be explained."))
@_items
@click.option("--low", type=float, default=1.0, show_default=True, help=_("Lowest answer."))
@click.option("--high", type=float, default=10.0, show_default=True, help=_("Highest answer."))
def priorities(
    file: Path,
    about: str | None,
    as_json: bool,
    outcome: str,
    item: tuple[str, ...],
    low: float,
    high: float,
) -> None:
    import numpy as np

    from kezhi.value.drivers import drivers
    from kezhi.value.satisfaction.priorities import priorities as placed

    answers = read_answers(file, about)
    columns, target = ours_of(file, answers, item), ours_of(file, answers, (outcome,)).ravel()
    found = told(file, lambda: drivers(columns, target, list(item)))
    performance = (np.nanmean(columns, axis=0) - low) / (high - low) * 100
    importance = [one.johnson for one in found.drivers]
    print_plain(placed(item, importance, performance.tolist()), as_json)


@click.command(
    name="service-level",
    help=_(
        "The service level at which contribution less the cost of service is highest.\n\n"
        "FILE has a row per customer: the level it got (hours to the first answer, share of promises "
        "kept), its contribution before the cost of service, and that cost."
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--service", required=True, metavar="COLUMN", help=_("Column of the level."))
@click.option(
    "--contribution",
    default="contribution",
    show_default=True,
    metavar="COLUMN",
    help=_("Column of the contribution."),
)
@click.option(
    "--cost",
    default="cost",
    show_default=True,
    metavar="COLUMN",
    help=_("Column of the cost of service."),
)
@click.option(
    "--group",
    metavar="COLUMN",
    help=_("Column of tier or segment: compared within it only."),
)
@click.option(
    "--draws",
    type=click.IntRange(20),
    default=400,
    show_default=True,
    help=_("Samples of the bootstrap."),
)
@intervals
@click.option("--json", "as_json", is_flag=True, help=_("Print the result as JSON."))
def service_level(
    file: Path,
    service: str,
    contribution: str,
    cost: str,
    group: str | None,
    draws: int,
    level: float,
    seed: int,
    as_json: bool,
) -> None:
    from kezhi.value.service_level import service_level as best
    from kezhi.value.tables import FileTable

    try:
        table = FileTable.read(file, [service, contribution, cost, group])
        got, brought, served = (table.amounts(name) for name in (service, contribution, cost))
        groups = table.texts(group).to_pylist() if group else None
        found = best(got, brought, served, groups, level=level, draws=draws, seed=seed)
    except ValueError as error:
        raise refuse(file, error) from error
    print_plain(found, as_json)
