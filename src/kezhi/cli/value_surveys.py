"""`kezhi value survey …`: what answers say."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_answers import (
    intervals,
    of_answers,
    ours_of,
    outcomes_of,
    plan_of,
    read_answers,
    told,
)
from kezhi.cli.value_index import named_numbers
from kezhi.cli.value_output import hand_over, print_plain, refuse

if TYPE_CHECKING:
    from kezhi.value.delivered import Delivered


@click.group(
    help=_(
        "What surveys say: satisfaction, recommendation, service quality, features, drivers, "
        "delivered value.\n\n"
        "FILE has a row per answer with the columns respondent, customer, item, answer and date; "
        "the latest answer to an item counts."
    )
)
def survey() -> None:
    """Subcommands that take FILE, a long table of answers."""


@survey.command(help=_("Satisfaction index 0-100 (ACSI formula) with its interval."))
@of_answers
@click.option(
    "--item",
    multiple=True,
    required=True,
    metavar="Q",
    help=_("Item, or item=weight; repeatable."),
)
@click.option("--low", type=float, default=1.0, show_default=True, help=_("Lowest answer."))
@click.option("--high", type=float, default=10.0, show_default=True, help=_("Highest answer."))
@intervals
def satisfaction(
    file: Path,
    about: str | None,
    as_json: bool,
    item: tuple[str, ...],
    low: float,
    high: float,
    level: float,
    seed: int,
) -> None:
    from kezhi.value.surveys import satisfaction_index

    weights = named_numbers(tuple(q if "=" in q else f"{q}=1" for q in item), "--item")
    answers = ours_of(file, read_answers(file, about), tuple(weights))
    found = told(
        file,
        lambda: satisfaction_index(
            answers, list(weights.values()), low=low, high=high, level=level, seed=seed
        ),
    )
    print_plain(found, as_json)


@survey.command(help=_("Net promoter score of one item answered 0-10, with its variance."))
@of_answers
@click.option("--item", required=True, metavar="Q", help=_("The item."))
@click.option(
    "--level",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.80,
    show_default=True,
    help=_("Coverage of the interval."),
)
def nps(file: Path, about: str | None, as_json: bool, item: str, level: float) -> None:
    from kezhi.value.plain import to_plain
    from kezhi.value.satisfaction.recommending import score_interval
    from kezhi.value.surveys import net_promoter_score

    answers = ours_of(file, read_answers(file, about), (item,))
    found = told(file, lambda: net_promoter_score(answers, level=level))
    up, down = (round(n * found.respondents / 100) for n in (found.promoters, found.detractors))
    edges = score_interval(up, down, found.respondents, level=level)
    print_plain({**to_plain(found), "score_low": edges[0], "score_high": edges[1]}, as_json)


@survey.command(
    help=_(
        "SERVQUAL: perception less expectation by dimension.\n\n"
        "--pair reliability=E1:P1 names the items of expectation and perception."
    )
)
@of_answers
@click.option(
    "--pair",
    multiple=True,
    required=True,
    metavar="D=E:P",
    help=_("Dimension and its two items; repeatable."),
)
@click.option(
    "--weight", multiple=True, metavar="D=W", help=_("Weight of a dimension; repeatable.")
)
def servqual(
    file: Path, about: str | None, as_json: bool, pair: tuple[str, ...], weight: tuple[str, ...]
) -> None:
    from kezhi.value.surveys import servqual as gaps

    parts = [_pair(one) for one in pair]
    answers = read_answers(file, about)
    expected = ours_of(file, answers, tuple(first for _name, first, _second in parts))
    seen = ours_of(file, answers, tuple(second for _name, _first, second in parts))
    weights = named_numbers(weight, "--weight") if weight else None
    names = [name for name, _first, _second in parts]
    print_plain(told(file, lambda: gaps(expected, seen, names, weights)), as_json)


@survey.command(
    help=_(
        "Kano: what features are to customers, Better and Worse.\n\n"
        "--pair delivery=F1:D1 names the items asked with and without the feature, answered 1 (I "
        "like it) to 5 (I dislike it)."
    )
)
@of_answers
@click.option(
    "--pair",
    multiple=True,
    required=True,
    metavar="F=Q:Q",
    help=_("Feature and its two items; repeatable."),
)
def kano(file: Path, about: str | None, as_json: bool, pair: tuple[str, ...]) -> None:
    from kezhi.value.satisfaction.features import category_of
    from kezhi.value.surveys import KANO
    from kezhi.value.surveys import kano as category

    answers = read_answers(file, about)
    found = {}
    for one in pair:
        name, first, second = _pair(one)
        both = ours_of(file, answers, (first, second))
        feature = told(file, partial(category, both[:, 0], both[:, 1]))
        told_apart = category_of(feature.counts)
        found[name] = {
            "category": feature.category,
            "second": told_apart.second,
            "strength": told_apart.strength,
            "is_clear": told_apart.is_clear,
            "better": feature.better,
            "worse": feature.worse,
            "respondents": feature.respondents,
            "counts": dict(zip(KANO, feature.counts, strict=True)),
        }
    print_plain(found, as_json)


def _pair(given: str) -> tuple[str, str, str]:
    name, equals, items = given.partition("=")
    first, colon, second = items.partition(":")
    if not (name and equals and first and colon and second):
        said = _("--pair %(given)s: write name=item:item")
        raise click.UsageError(said % {"given": given})
    return name, first, second


@survey.command(
    help=_(
        "What drives an answer: standardised regression, Shapley (LMG) and Johnson's relative "
        "weights, which share out R²."
    )
)
@of_answers
@click.option("--outcome", required=True, metavar="Q", help=_("The item that is explained."))
@click.option(
    "--item", multiple=True, required=True, metavar="Q", help=_("Item that explains; repeatable.")
)
def drivers(
    file: Path, about: str | None, as_json: bool, outcome: str, item: tuple[str, ...]
) -> None:
    from kezhi.value.drivers import drivers as importance

    columns = ours_of(file, read_answers(file, about), (*item, outcome))
    found = told(file, lambda: importance(columns[:, :-1], columns[:, -1], item))
    print_plain(
        {
            "r_squared": found.r_squared,
            "adjusted_r_squared": found.adjusted_r_squared,
            "respondents": found.respondents,
            "drivers": {
                one.name: {
                    "correlation": one.correlation,
                    "beta": one.beta,
                    "standard_error": one.standard_error,
                    "shapley": one.shapley,
                    "johnson": one.johnson,
                }
                for one in found.drivers
            },
        },
        as_json,
    )


@survey.command(
    help=_(
        "Delivered value: benefits less costs, by customer, supplier or respondent, and the value map."
    )
)
@of_answers
@click.option(
    "--map",
    "map_",
    required=True,
    type=click.Path(path_type=Path),
    help=_("JSON: items with attribute and scale, weights, wage."),
)
@click.option(
    "--facts",
    type=click.Path(path_type=Path),
    help=_("What isn't asked but known: customer, item, answer (prices paid, hours waited)."),
)
@click.option(
    "--by",
    type=click.Choice(["customer", "about", "respondent"]),
    default="customer",
    show_default=True,
    help=_("Whose means."),
)
@click.option(
    "--price",
    multiple=True,
    metavar="S=P",
    help=_("Price of a supplier for the value map, us=P for ourselves; repeatable."),
)
@intervals
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help=_("CSV or Parquet file to write.")
)
def delivered(
    file: Path,
    about: str | None,
    as_json: bool,
    map_: Path,
    facts: Path | None,
    by: str,
    price: tuple[str, ...],
    level: float,
    seed: int,
    out: Path | None,
) -> None:
    import pyarrow as pa

    from kezhi.value.delivered import ATTRIBUTES, by_group, value_map
    from kezhi.value.survey_answers import US

    found = _delivered(file, about, map_, facts)
    if price:
        prices = named_numbers(price, "--price")
        prices = {US if name == "us" else name: one for name, one in prices.items()}
        points = told(file, lambda: value_map(found, prices))
        print_plain(
            {
                one.about or "us": {
                    "benefits": one.benefits,
                    "price": one.price,
                    "relative_benefits": one.relative_benefits,
                    "relative_price": one.relative_price,
                    "ratio": one.ratio,
                    "per_price": one.per_price,
                    "respondents": one.respondents,
                }
                for one in points
            },
            as_json,
        )
        return
    groups = {"customer": found.customers, "about": found.about, "respondent": found.respondents}
    means = by_group(found, groups[by], level=level, seed=seed)
    columns: dict[str, Any] = {by: [one.group for one in means]}
    for place, name in enumerate(ATTRIBUTES):
        columns[name] = [one.attributes[place] for one in means]
    for name in ("benefits", "costs", "value", "low", "high", "value_in_money", "surplus"):
        columns[name] = [getattr(one, name) for one in means]
    numbers = {name: pa.array(own, pa.float64()) for name, own in list(columns.items())[1:]}
    table = pa.table(
        {by: columns[by], "respondents": [one.respondents for one in means], **numbers}
    )
    hand_over(table, out, as_json, written=_("%(count)s rows written to %(file)s"))


def _delivered(file: Path, about: str | None, map_: Path, facts: Path | None) -> Delivered:
    from kezhi.value.delivered import DeliveredSettings, delivered
    from kezhi.value.survey_answers import with_facts

    settings = plan_of(map_, DeliveredSettings)
    answers = read_answers(file, about)
    if facts is not None:
        known = _facts(facts)
        answers = told(facts, lambda: with_facts(answers, known))
    found: Delivered = told(file, lambda: delivered(answers, settings))
    return found


def _facts(file: Path) -> dict[str, dict[str, float]]:
    from kezhi.value.tables import FileTable

    try:
        table = FileTable.read(file, ["customer", "item", "answer"])
        items, customers = table.texts("item").to_pylist(), table.texts("customer").to_pylist()
        amounts = table.amounts("answer").tolist()
    except ValueError as error:
        raise refuse(file, error) from error
    found: dict[str, dict[str, float]] = {}
    for item, customer, amount in zip(items, customers, amounts, strict=True):
        if customer in found.setdefault(item, {}):
            said = _("%(file)s: %(item)s of %(customer)s stands there twice")
            names = {"file": file, "item": item, "customer": customer}
            raise click.ClickException(said % names)
        found[item][customer] = amount
    return found


@survey.command(
    help=_(
        "What one point more of each attribute is worth, through customers who buy again.\n\n"
        "--outcomes is a table with the columns customer, bought (1 or 0) and stake: whether the "
        "customer bought in the period after, and what that brings."
    )
)
@of_answers
@click.option(
    "--map",
    "map_",
    required=True,
    type=click.Path(path_type=Path),
    help=_("JSON: items with attribute and scale, weights, wage."),
)
@click.option(
    "--facts",
    type=click.Path(path_type=Path),
    help=_("What isn't asked but known: customer, item, answer (prices paid, hours waited)."),
)
@click.option(
    "--outcomes",
    required=True,
    type=click.Path(path_type=Path),
    help=_("Table of who bought again."),
)
@click.option(
    "--points",
    type=click.FloatRange(0, 100, min_open=True),
    default=1.0,
    show_default=True,
    help=_("How much the attribute is raised."),
)
@intervals
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help=_("CSV or Parquet file to write.")
)
def worth(
    file: Path,
    about: str | None,
    as_json: bool,
    map_: Path,
    facts: Path | None,
    outcomes: Path,
    points: float,
    level: float,
    seed: int,
    out: Path | None,
) -> None:
    import pyarrow as pa

    from kezhi.value.delivered import worth_of_points

    found = _delivered(file, about, map_, facts)
    bought, stakes = outcomes_of(outcomes, list(found.customers), stake=True)
    rows = told(
        file,
        lambda: worth_of_points(found, bought, stakes, points=points, level=level, seed=seed),
    )
    names = ("attribute", "points", "index", "p_change", "money", "low", "high")
    table = pa.table({name: [getattr(one, name) for one in rows] for name in names})
    hand_over(table, out, as_json, written=_("%(count)s rows written to %(file)s"))
