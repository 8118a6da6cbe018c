"""`kezhi value run`: measure a company's customers at once, in this process."""

from __future__ import annotations

import json
import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from kezhi.cli.launch import language
from kezhi.cli.launch.company import company_at_hand
from kezhi.cli.launch.language import gettext as _

CANCELLED = 130


@click.command("run", help=_("Measure what every customer of a company is worth."))
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("The company's data folder; the default is DATABASE_URL or the folder of `serve`."),
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help=_("Measure with the facts until this day; the default is today."),
)
@click.option(
    "--backfill",
    type=click.IntRange(0, 120),
    metavar=_("MONTHS"),
    help=_("Measure so many past month ends first; the default is 12 the first time, then none."),
)
@click.option(
    "--engine",
    metavar=_("ADDRESS"),
    help=_("local, or spark://HOST:PORT; the default is KEZHI_ENGINE."),
)
@click.option("--json", "as_json", is_flag=True, help=_("Print the run as JSON."))
def run(
    data: Path | None,
    as_of: datetime | None,
    backfill: int | None,
    engine: str | None,
    as_json: bool,
) -> None:
    if engine is not None:
        os.environ["KEZHI_ENGINE"] = engine
    with company_at_hand(data):
        from django.utils import translation

        with translation.override("zh-hans" if language.chosen() == "zh" else "en"):
            code = _measure(as_of.date() if as_of else None, backfill, as_json)
    if code:
        raise SystemExit(code)


def _measure(as_of: date | None, backfill: int | None, as_json: bool) -> int:
    from kezhi.accounts.models import Company
    from kezhi.core.actor import SYSTEM
    from kezhi.core.refusal import Refused
    from kezhi.insight.measuring import begin_value_run, discard_value_run, run_value

    company = Company.current()
    today = company.today() if company else date.today()
    begun: Any = None
    try:
        begun = begin_value_run(actor=SYSTEM, on=today, as_of=as_of, backfill_months=backfill)
        done = run_value(begun.pk, _tell)
    except Refused as refusal:
        _say(str(refusal))
        return 1
    except KeyboardInterrupt:
        if begun is not None:
            discard_value_run(begun, actor=SYSTEM)
        _say(_("Cancelled; nothing was published."))
        return CANCELLED
    _say("")
    _print(done, as_json)
    return 0


def _tell(done: int, total: int, message: str = "") -> None:
    """One line on a terminal, rewritten; in a file one line per stage would be noise."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{done / max(total, 1):4.0%} {message}", err=True, nl=False)


def _say(text: str) -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)
    if text:
        click.echo(_("Kezhi: %(reason)s") % {"reason": text}, err=True)


def _print(done: Any, as_json: bool) -> None:
    from kezhi.insight.naming import model_label, warning_text

    totals = done.summary["totals"]
    facts = {
        "run": done.pk,
        "as_of": done.as_of.isoformat(),
        "customers": done.customers,
        "lines": done.lines,
        "model": done.chosen_model,
        "seconds": done.seconds,
        "data_version": done.data_version,
        "backfilled": done.backfilled.count(),
        "totals": totals,
        "tiers": done.summary["tiers"]["customers"],
        "warnings": done.warnings,
    }
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    click.echo(
        _(
            "%(as_of)s: %(customers)s customers measured from %(lines)s order lines in %(seconds)s s."
        )
        % {**facts, "lines": f"{done.lines:,}", "customers": f"{done.customers:,}"}
    )
    click.echo(
        _("Potential value %(potential)s, realised value %(realised)s; model: %(model)s.")
        % {
            "potential": f"{totals['potential_value']:,.0f}",
            "realised": f"{totals['realised_value']:,.0f}",
            "model": model_label(done.chosen_model),
        }
    )
    for warning in done.warnings:
        click.echo(f"- {warning_text(warning)}")
