"""`kezhi restore`: a company out of a backup, in an empty data folder or an empty database."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kezhi.cli.backup import key_option, read, told
from kezhi.cli.launch.app import close_connections, set_up_django
from kezhi.cli.launch.database import alone, reach, role_of
from kezhi.cli.launch.folder import OWN, DataFolder, default_folder
from kezhi.cli.launch.language import gettext as _
from kezhi.cli.launch.postgres import EmbeddedPostgres
from kezhi.cli.launch.stages import Stages
from kezhi.cli.launch.trouble import CannotStart

if TYPE_CHECKING:
    from kezhi.operations.backups.restoring import Opened


@dataclass(frozen=True)
class Target:
    """Where the company goes: its database by role, and its data folder."""

    owner: str
    application: str
    data: Path


@click.command("restore", help=_("Make a company out of a backup again."))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@key_option
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("The data folder to restore into; the default is DATABASE_URL, else that of `serve`."),
)
@click.option(
    "--replace",
    is_flag=True,
    help=_("Delete what the database holds, and put the files that are there aside."),
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=os.cpu_count() or 1, help=_("How many at a time.")
)
def restore(
    folder: Path, key_file: Path | None, data: Path | None, replace: bool, jobs: int
) -> None:
    if key_file is None:
        raise CannotStart(_("A restore needs the key: --key FILE."))
    stages, began = Stages(), time.monotonic()
    with told():
        from kezhi.operations.backups import restoring

        with stages.stage(_("Checking the backup")):
            backup = restoring.opened(folder.absolute(), read(key_file))
        known = os.environ.get("KEZHI_SECRET_KEY")
        if known and known != backup.manifest.secret_key:
            raise CannotStart(
                _(
                    "KEZHI_SECRET_KEY is not the secret key of the backup: unset it for the restore, "
                    "which brings its own."
                )
            )
        with _target(data) as target:
            _carry_out(backup, target, stages, replace, jobs, is_key_given=bool(known))
    stages.say(
        _("Restored as it was at %(at)s UTC, in %(minutes).1f minutes.")
        % {
            "at": f"{backup.cover.at:%Y-%m-%d %H:%M:%S}",
            "minutes": (time.monotonic() - began) / 60,
        }
    )
    stages.say(
        _(
            "Everybody signs in again; queued jobs were dropped. Look at what was revoked since then: "
            "keys of programs, people who have left."
        )
    )


@contextmanager
def _target(data: Path | None) -> Iterator[Target]:
    url = os.environ.get("DATABASE_URL")
    if data is None and url:
        reach(url).close()
        place = Path(os.environ.get("KEZHI_DATA") or default_folder(OWN))
        yield Target(os.environ.get("DATABASE_MIGRATE_URL") or url, url, place)
        return
    named = data or (Path(os.environ["KEZHI_DATA"]) if os.environ.get("KEZHI_DATA") else None)
    folder = DataFolder((named or default_folder(OWN)).expanduser().absolute())
    is_known = (folder.path / "kezhi.json").is_file()
    folder.hold(folder.kind if is_known else OWN)
    try:
        with EmbeddedPostgres(folder.path) as addresses:
            yield Target(addresses.owner, addresses.application, folder.path)
            close_connections()
    finally:
        folder.release()


def _carry_out(
    backup: Opened, target: Target, stages: Stages, replace: bool, jobs: int, *, is_key_given: bool
) -> None:
    from kezhi.operations.backups import restoring

    os.environ.update(
        KEZHI_SECRET_KEY=backup.manifest.secret_key,
        KEZHI_DATA=str(target.data),
        DATABASE_URL=target.owner,
    )
    set_up_django()
    from django.conf import settings
    from django.core.management import call_command
    from django.db.migrations.loader import MigrationLoader

    known = MigrationLoader(None).disk_migrations
    restoring.refuse_newer(backup, {f"{app}.{name}" for app, name in known})
    target.data.mkdir(parents=True, exist_ok=True, mode=0o700)

    def tell(what: str, size: int) -> None:
        stages.progress(f"{what} {size / 1e6:,.0f} MB" if size else what)

    with stages.stage(_("Database")):
        restoring.restore_database(
            backup, target.owner, target.data, is_replacing=replace, jobs=jobs, tell=tell
        )
    with stages.stage(_("Files")):
        aside = restoring.restore_files(backup, Path(settings.MEDIA_ROOT), is_replacing=replace)
    if aside:
        stages.say(_("The files that were there are in %(folder)s.") % {"folder": aside})
    if not is_key_given:
        _write_key(target.data / "secret.key", backup.manifest.secret_key)
    with stages.stage(_("Migrations")), alone(target.owner):
        from kezhi.core.database import grant_application_role

        call_command("migrate", interactive=False, verbosity=0)
        if role_of(target.application) != role_of(target.owner):
            grant_application_role(role_of(target.application))
    with stages.stage(_("What happened since the backup")):
        restoring.put_right(backup, at=datetime.now(UTC), tell=tell)


def _write_key(path: Path, key: str) -> None:
    making = path.with_name(f".{path.name}.new")
    making.unlink(missing_ok=True)
    making.touch(mode=0o600)
    making.write_text(key)
    making.replace(path)
