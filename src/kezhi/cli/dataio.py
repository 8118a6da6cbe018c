"""`kezhi import`: customers, products or orders from a file, as in the browser but at once."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kezhi.cli.launch import language
from kezhi.cli.launch.company import company_at_hand
from kezhi.cli.launch.language import gettext as _

if TYPE_CHECKING:
    from kezhi.core.actor import Actor
    from kezhi.dataio.models import ImportBatch

KINDS = {"customers": "customer", "products": "product", "orders": "order"}
DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";"}
CANCELLED = 130


@click.command("import", help=_("Import customers, products or orders from a CSV or Excel file."))
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("The company's data folder; the default is DATABASE_URL or the folder of `serve`."),
)
@click.option("--database-url", help=_("The company's database, instead of a data folder."))
@click.option("--dry-run", is_flag=True, help=_("Check the file and write nothing."))
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar=_("COLUMN=FIELD"),
    help=_("Match a column to a field, or to nothing (`column=`); may be repeated."),
)
@click.option(
    "--errors",
    type=click.Path(path_type=Path, dir_okay=False),
    help=_("Write the rows with errors and their reasons to this CSV or .xlsx file."),
)
@click.option(
    "--create-missing/--no-create-missing",
    default=None,
    help=_("Create customers and products that orders mention and nobody knows (the default)."),
)
@click.option("--all-or-nothing", is_flag=True, help=_("Import nothing if any row has an error."))
@click.option("--encoding", help=_("The encoding of a text file, if it isn't recognised."))
@click.option("--delimiter", type=click.Choice(list(DELIMITERS)))
@click.option("--sheet", help=_("The sheet of a workbook; the default is the first with rows."))
@click.option(
    "--heading-row", type=click.IntRange(1, 500), help=_("The row that holds the headings.")
)
@click.option(
    "--as", "login", metavar=_("USER"), help=_("Import as this colleague (sign-in name).")
)
@click.option("--yes", "-y", is_flag=True, help=_("Don't ask before importing."))
@click.option("--json", "as_json", is_flag=True, help=_("Print the result as JSON."))
def import_(
    kind: str, file: Path, data: Path | None, database_url: str | None, **said: Any
) -> None:
    if database_url:
        os.environ["DATABASE_URL"] = database_url
    # Without a folder of the company at hand, the uploaded copy lives as long as the command.
    with tempfile.TemporaryDirectory(prefix="kezhi-import-") as spare:
        if data is None and os.environ.get("DATABASE_URL") and not os.environ.get("KEZHI_DATA"):
            os.environ["KEZHI_DATA"] = spare
        with company_at_hand(data):
            from django.utils import translation

            with translation.override("zh-hans" if language.chosen() == "zh" else "en"):
                code = _import(KINDS[kind], file, said)
    if code:
        raise SystemExit(code)


def _import(kind: str, file: Path, said: dict[str, Any]) -> int:
    from kezhi.core.refusal import Refused

    batch = None
    try:
        actor, today = _who(said["login"])
        batch = _uploaded(kind, file, said, actor, today)
        _check(batch, said, actor, today)
        if said["errors"] and batch.bad:
            _write_errors(batch, said["errors"])
        if said["dry_run"] or not batch.good or not _agreed(batch, said):
            _discard(batch, actor)
            _tell_result(batch, said, is_dry=True)
            return 0 if said["dry_run"] and not batch.bad else 1
        _run(batch, actor, today)
        _tell_result(batch, said, is_dry=False)
        return 0
    except Refused as refusal:
        _end_line()
        click.echo(_("Kezhi: %(reason)s") % {"reason": refusal}, err=True)
        _discard(batch, actor if batch else None)
        return 1
    except KeyboardInterrupt:
        _end_line()
        click.echo(_("Kezhi: Cancelled; nothing was imported."), err=True)
        _discard(batch, actor if batch else None)
        return CANCELLED


def _who(login: str | None) -> tuple[Actor, Any]:
    from django.utils import timezone

    from kezhi.accounts.models import Company, User
    from kezhi.core.actor import SYSTEM
    from kezhi.core.refusal import Refused

    company = Company.current()
    today = company.today() if company else timezone.now().date()
    if not login:
        return SYSTEM, today
    person = User.objects.active().filter(login__iexact=login).first()
    if person is None:
        raise Refused(_("Nobody signs in as %(login)s.") % {"login": login})
    return person, today


def _uploaded(kind: str, file: Path, said: dict[str, Any], actor: Actor, today: Any) -> ImportBatch:
    from kezhi.dataio.problems import FileRefused
    from kezhi.dataio.registry import loader_of
    from kezhi.dataio.sniffing import encoding_named
    from kezhi.dataio.uploading import match_columns, upload

    choices = {name: said[name] for name in ("sheet", "heading_row") if said[name]}
    if said["encoding"]:
        choices["encoding"] = encoding_named(said["encoding"])
    if said["delimiter"]:
        choices["delimiter"] = DELIMITERS[said["delimiter"]]
    with file.open("rb") as source:
        blocks = iter(lambda: source.read(1 << 20), b"")
        batch = upload(kind, file.name, blocks, actor=actor, on=today, choices=choices)
    mapping = [dict(entry) for entry in batch.mapping]
    headings = batch.facts["headings"]
    names = [field.name for field in loader_of(kind).fields()]
    for pair in said["mapping"]:
        column, _mark, field = pair.rpartition("=")
        if column not in headings:
            raise FileRefused("no_such_column", column=column, columns=", ".join(headings))
        if field and field not in names:
            raise FileRefused("no_such_field", field=field, fields=", ".join(names))
        mapping[headings.index(column)]["field"] = field
    options = {"skip_bad": not said["all_or_nothing"]}
    if said["create_missing"] is not None:
        options["create_missing"] = said["create_missing"]
    match_columns(batch, mapping, options, actor=actor)
    return batch


def _check(batch: ImportBatch, said: dict[str, Any], actor: Actor, today: Any) -> None:
    from django.utils import timezone

    from kezhi.dataio.importing import check
    from kezhi.dataio.uploading import earlier_import

    check(batch, actor=actor, on=today, at=timezone.now(), progress=_progress())
    _end_line()
    if said["as_json"]:
        return
    for heading, entry in zip(batch.facts["headings"], batch.mapping, strict=True):
        click.echo(f"  {heading or '·'} → {entry['field'] or '—'}", err=True)
    if earlier_import(batch):
        click.echo(_("This very file was imported before."), err=True)
    for line in _causes(batch):
        click.echo(line, err=True)


def _causes(batch: ImportBatch) -> Iterator[str]:
    from kezhi.dataio.correcting import worded
    from kezhi.dataio.problems import explain

    for cause in batch.causes:
        column, code = cause["column"], cause["code"]
        message, remedy = explain(code, worded(batch, column, code, cause["params"]))
        where = f"{batch.facts['headings'][column]}: " if column >= 0 else ""
        rows = ", ".join(str(row) for row in cause["rows"])
        yield _("- %(count)s × %(where)s%(message)s %(remedy)s Rows: %(rows)s") % {
            "count": f"{cause['count']:,}",
            "where": where,
            "message": message,
            "remedy": remedy,
            "rows": rows + (" …" if cause["count"] > len(cause["rows"]) else ""),
        }


def _agreed(batch: ImportBatch, said: dict[str, Any]) -> bool:
    if said["yes"] or not sys.stdin.isatty():
        return True
    question = _("%(good)s rows can be imported, %(bad)s need correction. Import?")
    return click.confirm(question % {"good": f"{batch.good:,}", "bad": f"{batch.bad:,}"}, err=True)


def _run(batch: ImportBatch, actor: Actor, today: Any) -> None:
    from django.utils import timezone

    from kezhi.dataio.importing import import_rows

    import_rows(batch, actor=actor, on=today, at=timezone.now(), progress=_progress())
    _end_line()


def _write_errors(batch: ImportBatch, out: Path) -> None:
    from kezhi.dataio.correcting import as_csv, as_workbook, bad_rows

    if out.suffix.lower() == ".xlsx":
        as_workbook(bad_rows(batch), out)
    else:
        with out.open("wb") as file:
            file.writelines(as_csv(bad_rows(batch)))
    click.echo(_("Rows with errors: %(path)s") % {"path": out}, err=True)


def _discard(batch: ImportBatch | None, actor: Actor | None) -> None:
    from kezhi.core.refusal import Refused
    from kezhi.dataio.importing import cancel_import

    if batch is not None and actor is not None:
        try:
            cancel_import(batch, actor=actor)
        except Refused:
            return


def _tell_result(batch: ImportBatch, said: dict[str, Any], *, is_dry: bool) -> None:
    facts = {
        "rows": batch.total,
        "good": batch.good,
        "bad": batch.bad,
        "created": batch.created,
        "updated": batch.updated,
        "unchanged": batch.unchanged,
        **{f"new_{name}": count for name, count in batch.details.items()},
        "imported": not is_dry,
    }
    if said["as_json"]:
        facts["problems"] = [
            {name: cause[name] for name in ("column", "code", "count", "rows")}
            for cause in batch.causes
        ]
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    words = (
        _("%(good)s of %(rows)s rows can be imported: %(created)s new, %(updated)s changed, %(unchanged)s there already. Nothing was written.")
        if is_dry
        else _("Imported %(good)s of %(rows)s rows: %(created)s new, %(updated)s changed, %(unchanged)s there already; %(bad)s left out.")
    )  # fmt: skip
    click.echo(words % {k: f"{v:,}" if isinstance(v, int) else v for k, v in facts.items()})


def _progress() -> Any:
    from kezhi.core.progress import PrintedProgress, silent

    if not sys.stderr.isatty():
        return silent
    return PrintedProgress(lambda text: click.echo(text, err=True, nl=False))


def _end_line() -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)
