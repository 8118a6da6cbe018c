"""`kezhi import KIND FILE`: a file into a company, in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click

from kezhi.cli.launch import language
from kezhi.cli.launch.company import company_at_hand
from kezhi.cli.launch.language import gettext as _

# Spelt out: the arguments are read before the apps that register the kinds are loaded.
KINDS = {
    "customers": "customer",
    "contacts": "contact",
    "addresses": "address",
    "identifiers": "identifier",
    "relations": "relation",
    "important-dates": "important_date",
    "needs": "need",
    "success-plans": "success_plan",
    "promises": "promise",
    "consents": "consent",
    "products": "product",
    "orders": "order",
    "contracts": "contract",
    "costs": "cost",
    "acquisition-costs": "acquisition_cost",
    "survey-questions": "survey_item",
    "survey-answers": "survey_answer",
    "survey-responses": "survey_response",
    "articles": "article",
    "complaints": "complaint",
}
DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";"}
IMPORTED, REFUSED, USAGE, SOME_SKIPPED, CANCELLED = 0, 1, 2, 3, 130
SHOWN_CAUSES = 12


@dataclass(frozen=True)
class Wish:
    """What the command line asks for."""

    kind: str
    file: Path
    choices: dict[str, Any]
    mapping: dict[str, str]
    create_missing: bool | None
    all_or_nothing: bool
    is_dry: bool
    errors: Path | None
    login: str


def _pairs(_context: object, _option: object, given: tuple[str, ...]) -> dict[str, str]:
    """`列=field`; an empty field leaves the column out."""
    pairs = {}
    for text in given:
        heading, mark, name = text.rpartition("=")
        if not mark or not heading.strip():
            raise click.BadParameter(_("%(text)s isn't COLUMN=FIELD.") % {"text": text})
        pairs[heading.strip()] = name.strip()
    return pairs


@click.command(
    "import",
    help=_(
        "Import customers, what belongs to them (contacts, addresses, identifiers, relations,"
        " important dates, needs, promises), products, orders or costs to serve from a CSV or Excel"
        " file. The same file twice changes nothing."
    ),
    epilog=_(
        "Ends with 0 when every row is in, 3 when some were skipped, 1 when nothing could be"
        " imported, 2 on wrong usage."
    ),
)
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("The company's data folder; the default is DATABASE_URL or the folder of `serve`."),
)
@click.option("--dry-run", is_flag=True, help=_("Check every row and write nothing."))
@click.option(
    "--map",
    "mapping",
    multiple=True,
    callback=_pairs,
    metavar=_("COLUMN=FIELD"),
    help=_("What a column means; `COLUMN=` leaves it out. May be repeated."),
)
@click.option(
    "--create-missing/--no-create-missing",
    default=None,
    help=_("Create customers and products that orders name and that don't exist yet."),
)
@click.option("--all-or-nothing", is_flag=True, help=_("Import only when no row has errors."))
@click.option(
    "--errors",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="OUT",
    help=_("Write the rows with errors to this file (.csv or .xlsx), to correct and import."),
)
@click.option("--as", "login", default="", metavar="LOGIN", help=_("Import as this person."))
@click.option("--sheet", default="", help=_("The sheet of a workbook."))
@click.option(
    "--encoding", default="", help=_("utf-8, gb18030, utf-16-le …; the default is found out.")
)
@click.option(
    "--delimiter",
    type=click.Choice(list(DELIMITERS)),
    help=_("What separates the cells; the default is found out."),
)
def import_(
    kind: str,
    file: Path,
    data: Path | None,
    dry_run: bool,
    mapping: dict[str, str],
    create_missing: bool | None,
    all_or_nothing: bool,
    errors: Path | None,
    login: str,
    sheet: str,
    encoding: str,
    delimiter: str | None,
) -> None:
    choices = {
        "sheet": sheet,
        "encoding": encoding.lower(),
        "delimiter": DELIMITERS.get(delimiter or "", ""),
    }
    wish = Wish(
        KINDS[kind],
        file.absolute(),
        {name: choice for name, choice in choices.items() if choice},
        mapping,
        create_missing,
        all_or_nothing,
        dry_run,
        errors.absolute() if errors else None,
        login,
    )
    with company_at_hand(data):
        from django.utils import translation

        with translation.override("zh-hans" if language.chosen() == "zh" else "en"):
            code = _carry_out(wish)
    if code:
        raise SystemExit(code)


def _carry_out(wish: Wish) -> int:
    from kezhi.core.refusal import Refused
    from kezhi.dataio.importing import cancel_import

    batch: Any = None
    actor: Any = None
    try:
        actor, today = _actor(wish.login)
        batch = _uploaded(wish, actor, today)
        return _imported(batch, wish, actor, today)
    except Refused as refusal:
        _say(str(refusal))
        if batch is not None:
            batch.refresh_from_db()
            _write_errors(batch, wish.errors)
        code = REFUSED
    except KeyboardInterrupt:
        _say(_("Cancelled; nothing was imported."))
        code = CANCELLED
    if batch is not None:
        cancel_import(batch, actor=actor)
    return code


def _actor(login: str) -> tuple[Any, date]:
    from kezhi.accounts.models import Company, User
    from kezhi.core.actor import SYSTEM
    from kezhi.core.refusal import Refused

    company = Company.current()
    if company is None:
        raise Refused(_("There is no company yet: open the address of `serve` and set it up."))
    if not login:
        return SYSTEM, company.today()
    person = User.objects.filter(login__iexact=login, is_active=True).first()
    if person is None:
        raise Refused(_("Nobody signs in as %(login)s.") % {"login": login})
    return person, company.today()


def _uploaded(wish: Wish, actor: Any, today: date) -> Any:
    """The file taken in and matched as guessed, as last time, and as `--map` says."""
    from kezhi.dataio.problems import FileRefused
    from kezhi.dataio.uploading import match_columns, upload

    with wish.file.open("rb") as source:
        blocks = iter(lambda: source.read(1 << 20), b"")
        batch = upload(
            wish.kind, wish.file.name, blocks, actor=actor, on=today, choices=wish.choices
        )
    batch.refresh_from_db()
    headings = batch.facts["headings"]
    mapping = [{"field": entry["field"]} for entry in batch.mapping]
    for heading, name in wish.mapping.items():
        if heading not in headings:
            columns = ", ".join(heading for heading in headings if heading)
            raise FileRefused("no_such_column", column=heading, columns=columns)
        for entry in mapping:
            # The column named now is meant, not the one that was guessed for the field.
            entry["field"] = "" if name and entry["field"] == name else entry["field"]
        mapping[headings.index(heading)]["field"] = name
    options = {"skip_bad": not wish.all_or_nothing}
    if wish.create_missing is not None:
        options["create_missing"] = wish.create_missing
    match_columns(batch, mapping, options, actor=actor)
    return batch


def _imported(batch: Any, wish: Wish, actor: Any, today: date) -> int:
    from django.utils import timezone

    from kezhi.dataio import importing

    _tell_mapping(batch)
    work = importing.check if wish.is_dry else importing.import_rows
    work(batch, actor=actor, on=today, at=timezone.now(), progress=_progress)
    _say("")
    _report(batch, wish.is_dry)
    _write_errors(batch, wish.errors)
    if wish.is_dry:
        importing.cancel_import(batch, actor=actor)
    if batch.bad and not batch.good:
        return REFUSED
    return SOME_SKIPPED if batch.bad else IMPORTED


def _progress(done: int, total: int, message: str = "") -> None:
    """One line on a terminal, rewritten; in a file one line per stage would be noise."""
    if sys.stderr.isatty():
        share = f"{min(1.0, done / total):4.0%} " if total else ""
        click.echo(f"\r\033[K{share}{done:,} {message}", err=True, nl=False)


def _say(text: str) -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)
    if text:
        click.echo(_("Kezhi: %(reason)s") % {"reason": text}, err=True)


def _tell_mapping(batch: Any) -> None:
    from kezhi.dataio.registry import loader_of

    labels = {field.name: str(field.label) for field in loader_of(batch.kind).fields()}
    for heading, entry in zip(batch.facts["headings"], batch.mapping, strict=True):
        meaning = labels[entry["field"]] if entry["field"] else _("left out")
        click.echo(f"  {heading or '—'} → {meaning}", err=True)


def _report(batch: Any, is_dry: bool) -> None:
    figures = {
        "rows": f"{batch.total:,}",
        "created": f"{batch.created:,}",
        "updated": f"{batch.updated:,}",
        "unchanged": f"{batch.unchanged:,}",
        "bad": f"{batch.bad:,}",
    }
    text = (
        _(
            "%(rows)s rows: %(created)s would be new, %(updated)s changed, "
            "%(unchanged)s there already, %(bad)s with errors."
        )
        if is_dry
        else _(
            "%(rows)s rows: %(created)s new, %(updated)s changed, %(unchanged)s there already, "
            "%(bad)s skipped."
        )
    )
    click.echo(text % figures)
    counts = {name: f"{count:,}" for name, count in batch.details.items()}
    if "orders" in counts and any(batch.details.values()):
        text = _("New: %(orders)s orders, %(customers)s customers, %(products)s products.")
        click.echo(text % counts)
    if batch.details.get("likely"):
        text = _(
            "%(likely)s rows look like another row or a customer who is there: %(likely_updated)s "
            "brought that one up to date, %(left_out)s were left out, %(held)s held back."
        )
        click.echo(text % counts)
    for line in _causes(batch):
        click.echo(line, err=True)


def _causes(batch: Any) -> Iterator[str]:
    from kezhi.dataio.correcting import worded
    from kezhi.dataio.problems import explain

    headings = batch.facts["headings"]
    for cause in batch.causes[:SHOWN_CAUSES]:
        column = cause["column"]
        params = worded(batch, column, cause["code"], cause["params"])
        message, remedy = explain(cause["code"], params)
        where = f"{headings[column]}: " if 0 <= column < len(headings) else ""
        rows = ", ".join(str(row) for row in cause["rows"])
        more = " …" if cause["count"] > len(cause["rows"]) else ""
        yield _("%(count)s × %(where)s%(message)s %(remedy)s (row %(rows)s)") % {
            "count": f"{cause['count']:,}",
            "where": where,
            "message": message,
            "remedy": remedy,
            "rows": f"{rows}{more}",
        }


def _write_errors(batch: Any, out: Path | None) -> None:
    """The rows to correct; without any, no file is written."""
    from kezhi.dataio.correcting import as_csv, as_workbook, bad_rows

    if out is None or not batch.problems_path.is_file():
        return
    rows = bad_rows(batch)
    if out.suffix.lower() == ".xlsx":
        as_workbook(rows, out)
    else:
        with out.open("wb") as file:
            file.writelines(as_csv(rows))
    click.echo(_("Rows to correct: %(file)s") % {"file": out}, err=True)
