"""What the commands about surveys have in common: answers, plans and outcomes from files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_output import refuse

if TYPE_CHECKING:
    from kezhi.value.survey_answers import Answers

Command = Callable[..., Any]


def of_answers(command: Command) -> Command:
    """The argument and options that every subcommand takes."""
    for option in reversed(
        (
            click.argument("file", type=click.Path(path_type=Path)),
            click.option(
                "--about", metavar="S", help=_("Column of the supplier judged; empty: ourselves.")
            ),
            click.option("--json", "as_json", is_flag=True, help=_("Print the result as JSON.")),
        )
    ):
        command = option(command)
    return command


def intervals(command: Command) -> Command:
    for option in reversed(
        (
            click.option(
                "--level",
                type=click.FloatRange(0, 1, min_open=True, max_open=True),
                default=0.80,
                show_default=True,
                help=_("Coverage of the interval."),
            ),
            click.option(
                "--seed", type=int, default=1, show_default=True, help=_("Seed of the draws.")
            ),
        )
    ):
        command = option(command)
    return command


def read_answers(file: Path, about: str | None) -> Answers:
    from kezhi.value.reading import Unreadable, read_columns
    from kezhi.value.survey_answers import COLUMNS, answers_of

    try:
        table, fault = read_columns(file, [*COLUMNS, *([about] if about else [])])
        if about and about != "about":
            table = table.append_column("about", table[about])
        return answers_of(table, fault)
    except Unreadable as error:
        raise refuse(file, error) from error


def ours_of(file: Path, answers: Answers, items: tuple[str, ...]) -> Any:
    """The answers about ourselves; other suppliers are compared elsewhere."""
    from kezhi.value.survey_answers import US

    try:
        columns = answers.of(*items)
    except ValueError as error:
        raise refuse(file, error) from error
    return columns[[place for place, name in enumerate(answers.about) if name == US]]


def told(file: Path, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ValueError as error:
        raise refuse(file, error) from error


def plan_of(file: Path, kind: Any) -> Any:
    """A dataclass from a JSON file."""
    from kezhi.value.plain import from_plain

    try:
        return from_plain(kind, json.loads(file.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise refuse(file, ValueError(error.strerror or str(error))) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise refuse(file, error) from error


def outcomes_of(file: Path, customers: list[str], stake: bool) -> tuple[Any, Any]:
    """Whether each customer bought in the period after, and what buying again brings."""
    import numpy as np

    from kezhi.value.tables import FileTable

    try:
        table = FileTable.read(file, ["customer", "bought", *(["stake"] if stake else [])])
        names = table.texts("customer").to_pylist()
        bought = table.amounts("bought")
        stakes = table.amounts("stake") if stake else np.ones(len(bought))
        if not np.isin(bought, [0, 1]).all():
            raise ValueError("bought is 1 for who bought again, else 0")
    except ValueError as error:
        raise refuse(file, error) from error
    known = dict(zip(names, zip(bought.tolist(), stakes.tolist(), strict=True), strict=True))
    unknown = (float("nan"), float("nan"))
    rows = np.array([known.get(customer, unknown) for customer in customers])
    return rows.reshape(-1, 2)[:, 0], rows.reshape(-1, 2)[:, 1]
