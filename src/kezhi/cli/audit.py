"""`kezhi audit`: seal what was recorded, and check that nobody changed it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kezhi.cli.launch.company import company_at_hand
from kezhi.cli.launch.language import gettext as _

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("The company's data folder; the default is DATABASE_URL or the folder of `serve`."),
)


@click.group("audit", help=_("Seal the audit log, and check that nobody changed it."))
def audit() -> None:
    pass


@audit.command(
    "seal", help=_("Chain what was recorded since the last seal; prints the chain's head.")
)
@data_option
def seal(data: Path | None) -> None:
    with company_at_hand(data):
        from kezhi.audit import sealing
        from kezhi.audit.models import Seal

        made = sealing.seal()
        head = Seal.objects.order_by("-until_tx").values_list("digest", flat=True).first() or ""
        click.echo(
            _("%(count)s new seals. Head of the chain: %(head)s") % {"count": made, "head": head}
        )


@audit.command(
    "verify", help=_("Compare every sealed row with the chain; exit code 1 if one differs.")
)
@data_option
@click.option(
    "--head", default="", help=_("A digest that was written down elsewhere: it must occur.")
)
def verify(data: Path | None, head: str) -> None:
    with company_at_hand(data):
        from kezhi.audit import sealing

        verdict = sealing.verify(head, _tell)
        if sys.stderr.isatty():
            click.echo("\r\033[K", err=True, nl=False)
        if verdict.is_sound:
            click.echo(
                _("Sound: %(rows)s rows in %(seals)s seals. Head of the chain: %(head)s")
                % {"rows": f"{verdict.rows:,}", "seals": f"{verdict.seals:,}", "head": verdict.head}
            )
            return
        click.echo(_told(verdict), err=True)
    raise SystemExit(1)


def _told(verdict: object) -> str:
    from kezhi.audit.sealing import Verdict

    assert isinstance(verdict, Verdict)
    if verdict.reason == "head":
        return _("Kezhi: the given head doesn't occur: the chain was cut off and begun anew.")
    assert verdict.broken is not None
    at = f"{verdict.broken.at:%Y-%m-%d %H:%M:%S}"
    if verdict.reason == "rows":
        return _("Kezhi: rows were removed or added in what was sealed at %(at)s (UTC).") % {
            "at": at
        }
    return _("Kezhi: a row was changed in what was sealed at %(at)s (UTC).") % {"at": at}


def _tell(done: int, total: int, message: str = "") -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{done / max(total, 1):4.0%}", err=True, nl=False)
