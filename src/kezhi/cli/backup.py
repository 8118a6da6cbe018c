"""`kezhi backup`: the database and the files, encrypted; made, looked at, tried."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from kezhi.cli.launch.company import database_at_hand, settle
from kezhi.cli.launch.language import gettext as _
from kezhi.cli.launch.trouble import CannotStart

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("The company's data folder; the default is DATABASE_URL or the folder of `serve`."),
)
shelf_option = click.option(
    "--to",
    "shelf",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("The folder of backups; the default is KEZHI_BACKUPS, else backups in the data folder."),
)
key_option = click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=_("The key file that `kezhi backup key` made."),
)


@click.group(
    "backup",
    invoke_without_command=True,
    help=_("Make encrypted backups, and see that they are whole. Alone: make one now."),
)
@click.pass_context
def backup(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        context.invoke(make)


@contextmanager
def told() -> Iterator[None]:
    """What is wrong with a backup, as a sentence in the language of the terminal."""
    from kezhi.operations.backups.trouble import BackupTrouble

    try:
        yield
    except BackupTrouble as trouble:
        sentence = _(trouble.message)
        raise CannotStart(sentence % trouble.details if trouble.details else sentence) from trouble


@backup.command(
    "key",
    help=_("Make a key. Keep the file away from this machine: without it no backup can be read."),
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--passphrase", is_flag=True, help=_("Ask for a passphrase that closes the key file.")
)
@data_option
def key(file: Path, passphrase: bool, data: Path | None) -> None:
    from kezhi.operations.backups.keys import make_key

    phrase = (
        click.prompt(_("Passphrase"), hide_input=True, confirmation_prompt=True)
        if passphrase
        else ""
    )
    settle(data)
    with told():
        from django.conf import settings

        public = make_key(file.expanduser().absolute(), phrase)
        place = Path(settings.DATA) / "backup.key"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(public + "\n")
    click.echo(_("Key: %(file)s. Keep it, and a copy, away from this machine.") % {"file": file})
    click.echo(_("Public half, which backups are made with: %(key)s") % {"key": public})
    click.echo(_("It lies in %(place)s; KEZHI_BACKUP_KEY says it elsewhere.") % {"place": place})


@backup.command("make", help=_("Make a backup now, then clear away those that are too old."))
@data_option
@shelf_option
@click.option("--public-key", "public", help=_("The public half of the key: age1…"))
@click.option(
    "--elsewhere",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("A second folder, on another disk or a mounted share (KEZHI_BACKUPS_ELSEWHERE)."),
)
@click.option("--keep-all", is_flag=True, help=_("Clear nothing away."))
def make(
    data: Path | None = None,
    shelf: Path | None = None,
    public: str | None = None,
    elsewhere: Path | None = None,
    keep_all: bool = False,
) -> None:
    began = time.monotonic()
    with database_at_hand(data), told():
        from django.conf import settings

        from kezhi.operations.backups import keeping
        from kezhi.operations.backups.making import make_backup
        from kezhi.operations.backups.source import source

        public = public or settings.BACKUP_KEY
        if not public:
            raise CannotStart(
                _("Backups are encrypted, and there is no key yet: kezhi backup key FILE.")
            )
        place = (shelf or settings.BACKUPS).expanduser().absolute()
        made = make_backup(source(), place, public, at=datetime.now(UTC), tell=_tell)
        _wipe()
        cover = keeping.verify(made)
        copy = elsewhere or settings.BACKUPS_ELSEWHERE
        if copy:
            copied = keeping.copy_elsewhere(made, Path(copy).expanduser().absolute())
            click.echo(_("Copied to %(folder)s") % {"folder": copied})
        gone = [] if keep_all else keeping.tidy(place)
        if copy and not keep_all:
            gone += keeping.tidy(Path(copy).expanduser().absolute())
        keeping.check_newest(place, at=datetime.now(UTC))
    click.echo(
        _("%(folder)s: %(size)s MB in %(seconds).1f s; whole.")
        % {
            "folder": made,
            "size": f"{cover.size / 1e6:,.1f}",
            "seconds": time.monotonic() - began,
        }
    )
    if gone:
        click.echo(_("%(count)s older ones cleared away.") % {"count": len(gone)})


@backup.command("list", help=_("Which backups there are, the newest first."))
@data_option
@shelf_option
def list_(data: Path | None, shelf: Path | None) -> None:
    from kezhi.operations.backups import keeping

    place = _shelf(data, shelf)
    for each in keeping.backups(place):
        click.echo(
            f"{each.name}  {each.cover.at:%Y-%m-%d %H:%M} UTC  "
            f"{each.cover.size / 1e6:>10,.1f} MB  Kezhi {each.cover.kezhi}"
        )
    with told():
        if trouble := keeping.alarm(place, at=datetime.now(UTC)):
            raise trouble


@backup.command(
    "verify", help=_("See that a backup is whole: the newest, or the one that is named.")
)
@click.argument(
    "folder", required=False, type=click.Path(path_type=Path, file_okay=False, exists=True)
)
@data_option
@shelf_option
@key_option
def verify(
    folder: Path | None, data: Path | None, shelf: Path | None, key_file: Path | None
) -> None:
    from kezhi.operations.backups import keeping

    with told():
        chosen = folder or _newest(_shelf(data, shelf))
        keeping.verify(chosen, read(key_file) if key_file else None)
    if key_file:
        click.echo(_("%(folder)s is whole, and the key opens it.") % {"folder": chosen})
    else:
        click.echo(
            _("%(folder)s is whole. With --key, what is inside is read, too.") % {"folder": chosen}
        )


@backup.command(
    "drill", help=_("Restore a backup into a database of its own, compare it, and throw it away.")
)
@click.argument(
    "folder", required=False, type=click.Path(path_type=Path, file_okay=False, exists=True)
)
@data_option
@shelf_option
@key_option
def drill(
    folder: Path | None, data: Path | None, shelf: Path | None, key_file: Path | None
) -> None:
    from kezhi.cli.launch.postgres import THROW_AWAY, EmbeddedPostgres
    from kezhi.operations.backups import restoring

    if key_file is None:
        raise CannotStart(_("A drill needs the key: --key FILE."))
    began = time.monotonic()
    with told(), tempfile.TemporaryDirectory(prefix="kezhi-drill-") as name:
        chosen = restoring.opened(folder or _newest(_shelf(data, shelf)), read(key_file))
        with EmbeddedPostgres(Path(name) / "data", THROW_AWAY) as addresses:
            restoring.restore_database(chosen, addresses.owner, Path(name), tell=_tell)
            restoring.restore_files(chosen, Path(name) / "uploads")
        _wipe()
        rows = sum(int(rows) for rows, _digest in chosen.manifest.tables.values())
    click.echo(
        _("%(folder)s came back: %(tables)s tables with %(rows)s rows and %(files)s files, "
          "each with its digest, in %(seconds).1f s.")
        % {
            "folder": chosen.folder,
            "tables": len(chosen.manifest.tables),
            "rows": f"{rows:,}",
            "files": f"{len(chosen.manifest.files):,}",
            "seconds": time.monotonic() - began,
        }
    )  # fmt: skip


def read(key_file: Path) -> Any:
    """The key, asked for its passphrase if it has one."""
    from kezhi.operations.backups.keys import is_closed, read_key

    phrase = click.prompt(_("Passphrase"), hide_input=True) if is_closed(key_file) else ""
    return read_key(key_file, phrase)


def _shelf(data: Path | None, shelf: Path | None) -> Path:
    if shelf is None:
        settle(data)
        from django.conf import settings

        shelf = settings.BACKUPS
    return shelf.expanduser().absolute()


def _newest(shelf: Path) -> Path:
    from kezhi.operations.backups import keeping

    found = keeping.backups(shelf)
    if not found:
        raise CannotStart(_("There is no backup in %(folder)s.") % {"folder": shelf})
    return found[0].path


def _tell(what: str, size: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{what} {size / 1e6:,.0f} MB", err=True, nl=False)


def _wipe() -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)
