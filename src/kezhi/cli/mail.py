"""`kezhi mail`: look after the files of mail."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from kezhi.cli.audit import data_option
from kezhi.cli.launch.company import company_at_hand
from kezhi.cli.launch.language import gettext as _


@click.group("mail", help=_("Look after the files of mail."))
def mail() -> None:
    pass


@mail.command("sweep", help=_("Clear away files of mail that no letter points at any more."))
@data_option
@click.option("--dry-run", is_flag=True, help=_("Only tell which."))
def sweep(data: Path | None, dry_run: bool) -> None:
    with company_at_hand(data):
        from kezhi.core.actor import SYSTEM
        from kezhi.messaging.sweeping import loose_files, sweep_mail_files

        at = datetime.now(UTC)
        if not dry_run:
            count = sweep_mail_files(actor=SYSTEM, at=at)
            click.echo(_("%(count)s files cleared away.") % {"count": f"{count:,}"})
            return
        count = size = 0
        for path in loose_files(at):
            count, size = count + 1, size + path.stat().st_size
            click.echo(f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d}  {path}")
        click.echo(
            _("%(count)s files (%(size)s MB) would be cleared away.")
            % {"count": f"{count:,}", "size": f"{size / 1024 / 1024:,.1f}"}
        )
