"""`kezhi search rebuild`: the documents of the search, all anew."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kezhi.cli.launch.company import company_at_hand
from kezhi.cli.launch.language import gettext as _


@click.group("search", help=_("Look after what is searched."))
def search() -> None:
    """The commands below it."""


@search.command(
    "rebuild",
    help=_("Write everything anew by which records are found. The search goes on meanwhile."),
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("The company's data folder; the default is DATABASE_URL or the folder of `serve`."),
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    help=_("Only this kind of record, such as customer. May be repeated."),
)
def rebuild(data: Path | None, kinds: tuple[str, ...]) -> None:
    with company_at_hand(data):
        from kezhi.workbench.searching import filling
        from kezhi.workbench.searching.subjects import subjects

        known = [each.name for each in subjects()]
        for kind in kinds:
            if kind not in known:
                raise click.BadParameter(
                    _("There is no kind of record “%(kind)s” to search. Known are: %(kinds)s")
                    % {"kind": kind, "kinds": ", ".join(known)}
                )
        made = filling.rebuild(kinds, _tell)
    _wipe()
    for kind, count in made.items():
        click.echo(
            _("%(kind)s: %(count)s records can be found.") % {"kind": kind, "count": f"{count:,}"}
        )


def _tell(done: int, total: int, message: str = "") -> None:
    """One line on a terminal, rewritten; in a file one line per step would be noise."""
    if sys.stderr.isatty():
        at = _("%(done)s of %(total)s") % {"done": f"{done:,}", "total": f"{total:,}"}
        click.echo(f"\r\033[K{done / max(total, 1):4.0%} {at}", err=True, nl=False)


def _wipe() -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)
