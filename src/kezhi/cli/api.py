"""`kezhi api schema`: the description of the API as a file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from kezhi.cli.launch.company import company_at_hand
from kezhi.cli.launch.language import gettext as _


@click.group("api", help=_("What other programs need to work with Kezhi."))
def api() -> None:
    """The commands below it."""


@api.command("schema", help=_("Write the OpenAPI description of every operation."))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help=_("The file to write; without one it is printed."),
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=_(
        "With the fields of the company in this data folder; else those that every company has."
    ),
)
def schema(output: Path | None, data: Path | None) -> None:
    with _at_hand(data):
        from django.utils import translation

        from kezhi.api.operations import operations
        from kezhi.api.schema import described
        from kezhi.core.actor import SYSTEM

        with translation.override("en"):
            told = described(SYSTEM, operations())
    text = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    click.echo(
        _("%(count)s operations are described in %(file)s.")
        % {"count": sum(len(path) for path in told["paths"].values()), "file": output},
        err=True,
    )


@contextmanager
def _at_hand(data: Path | None) -> Iterator[None]:
    """The company's own fields need its database; what every company has needs none."""
    if data is not None:
        with company_at_hand(data):
            yield
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezhi.settings")
    import django

    django.setup()
    yield
