"""`kezhi mcp`: an assistant on this machine reads and writes by a token."""

from __future__ import annotations

import os
from pathlib import Path

import click

from kezhi.cli.launch.company import company_at_hand
from kezhi.cli.launch.language import gettext as _
from kezhi.cli.launch.trouble import CannotStart

TOKEN = "KEZHI_TOKEN"  # noqa: S105  # the name of a setting


@click.command(
    "mcp",
    help=_("Serve an assistant over standard input and output (MCP), by the token in KEZHI_TOKEN."),
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("The company's data folder; the default is DATABASE_URL or the folder of `serve`."),
)
def mcp(data: Path | None) -> None:
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise CannotStart(_("KEZHI_TOKEN holds no token. Make one under Settings, Integrations."))
    with company_at_hand(data):
        from kezhi.api.mcp.stdio import serve

        serve(token)
