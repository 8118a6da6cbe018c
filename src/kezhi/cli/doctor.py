"""`kezhi doctor`: is everything well, and if not, what to do."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from kezhi.cli.backup import data_option
from kezhi.cli.launch import language
from kezhi.cli.launch.company import database_at_hand
from kezhi.cli.launch.language import gettext as _

MARKS = {"good": "✓", "warning": "!", "bad": "✗"}
CODES = {"good": 0, "warning": 0, "bad": 1}


@click.command(
    "doctor",
    help=_("Look whether everything is well, and say what to do. Exit code 1 if something is bad."),
)
@data_option
@click.option("--json", "as_json", is_flag=True, help=_("For programs."))
@click.option("--only", multiple=True, help=_("Only this check. May be repeated."))
@click.option("--strict", is_flag=True, help=_("Exit code 1 for warnings, too."))
def doctor(data: Path | None, as_json: bool, only: tuple[str, ...], strict: bool) -> None:
    with database_at_hand(data):
        from django.utils import translation

        from kezhi.operations import checking

        unknown = set(only) - set(checking.names())
        if unknown:
            raise click.BadParameter(
                _("There is no check “%(name)s”. Known are: %(names)s")
                % {"name": min(unknown), "names": ", ".join(checking.names())}
            )
        with translation.override("zh-hans" if language.chosen() == "zh" else "en"):
            findings = checking.look(at=datetime.now(UTC), only=only)
        worst = checking.worst(findings)
    if as_json:
        said = {"health": worst, "findings": [asdict(each) for each in findings]}
        click.echo(json.dumps(said, ensure_ascii=False, indent=1, default=str))
    else:
        for each in findings:
            click.echo(f"{MARKS[each.health]} {each.title}: {each.says}")
            if each.remedy:
                click.echo(f"    → {each.remedy}")
    if CODES[worst] or (strict and worst != "good"):
        raise SystemExit(1)
